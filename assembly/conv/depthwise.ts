/**
 * Convolutions of each channel by itself. A product would have one column for each; here neighbouring
 * channels share a vector, and four neighbouring pixels each weight that was loaded. The order of the sums is
 * that of the products. Weights are [taps, C] without gaps.
 */
import { madd } from '../lanes';
import { load_some, store_some } from '../tail';
import { C, end_inside, first_inside, KH, KW, word } from '../geometry';

/** A depthwise weight, whose taps the kernels read as they are, without gaps. */
export function copy_taps(taps: usize, w: usize, ldw: i32, geometry: usize): void {
  const bytes = <usize>word(geometry, C) << 2;
  for (let k = word(geometry, KH) * word(geometry, KW); k > 0; k--) {
    memory.copy(taps, w, bytes);
    taps += bytes;
    w += <usize>ldw << 2;
  }
}

/**
 * Rows `from` to `to` of the grids [PH, PW] of all images, from windows of x [.., H, W, C] as in windows.ts.
 * The weights begin at the window's first tap, `downW` and `acrossW` floats from one to the next, which may be
 * less than 0. Pixel (i, j) of image b goes to y + b·imageY + i·rowY + j·pixelY floats.
 */
export function depthwise(
  y: usize, imageY: i32, rowY: i32, pixelY: i32, x: usize, w: usize, downW: i32, acrossW: i32, bias: usize,
  from: i32, to: i32, PH: i32, PW: i32, strideY: i32, strideX: i32, offsetY: i32, offsetX: i32, stepY: i32, stepX: i32, TY: i32,
  TX: i32, H: i32, W: i32, C: i32,
): void {
  // Columns of the grid whose windows lie within the rows of x.
  const low = min(PW, offsetX < 0 ? (-offsetX + strideX - 1) / strideX : 0);
  const last = W - 1 - offsetX - (TX - 1) * stepX;
  const high = max(low, min(PW, last < 0 ? 0 : last / strideX + 1));
  const image = <usize>(H * W * C) << 2;
  const downX = <usize>(stepY * W * C) << 2;
  for (let r = from; r < to; r++) {
    const b = r / PH, i = r % PH;
    const top = i * strideY + offsetY;
    const y0 = first_inside(top, stepY, TY);
    const height = max(0, end_inside(top, stepY, TY, H) - y0);
    const row = x + <usize>b * image + (<usize>((top + y0 * stepY) * W * C) << 2);
    const weights = w + (<usize>(y0 * downW) << 2);
    const out = y + (<usize>(b * imageY + i * rowY) << 2);
    for (let j = 0; j < PW; ) {
      const left = j * strideX + offsetX;
      const at = out + (<usize>(j * pixelY) << 2);
      if (j >= low && j + 4 <= high) {
        four(at, <usize>pixelY << 2, row + (<usize>(left * C) << 2), downX, <usize>(stepX * C) << 2, <usize>(strideX * C) << 2,
          weights, <usize>downW << 2, <usize>acrossW << 2, bias, height, TX, C);
        j += 4;
      } else {
        const x0 = first_inside(left, stepX, TX), x1 = end_inside(left, stepX, TX, W);
        one(at, row + (<usize>((left + x0 * stepX) * C) << 2), downX, <usize>(stepX * C) << 2,
          weights + (<usize>(x0 * acrossW) << 2), <usize>downW << 2, <usize>acrossW << 2, bias, height, x1 - x0, C);
        j++;
      }
    }
  }
}

/** Four pixels whose windows lie inside; `move` bytes between their places in x. */
function four(
  y: usize, nextY: usize, x: usize, downX: usize, acrossX: usize, move: usize, w: usize, downW: usize, acrossW: usize, bias: usize,
  TY: i32, TX: i32, C: i32,
): void {
  let c = 0;
  for (; c + 8 <= C; c += 8) {
    const at = <usize>c << 2;
    let s00 = f32x4.splat(0), s01 = s00;
    if (bias) {
      s00 = v128.load(bias + at);
      s01 = v128.load(bias + at, 16);
    }
    let s10 = s00, s20 = s00, s30 = s00;
    let s11 = s01, s21 = s01, s31 = s01;
    let rowX = x + at, rowW = w + at;
    for (let ty = 0; ty < TY; ty++) {
      let p = rowX, q = rowW;
      for (let tx = 0; tx < TX; tx++) {
        const w0 = v128.load(q), w1 = v128.load(q, 16);
        s00 = madd(v128.load(p), w0, s00);
        s01 = madd(v128.load(p, 16), w1, s01);
        const p1 = p + move;
        s10 = madd(v128.load(p1), w0, s10);
        s11 = madd(v128.load(p1, 16), w1, s11);
        const p2 = p1 + move;
        s20 = madd(v128.load(p2), w0, s20);
        s21 = madd(v128.load(p2, 16), w1, s21);
        const p3 = p2 + move;
        s30 = madd(v128.load(p3), w0, s30);
        s31 = madd(v128.load(p3, 16), w1, s31);
        p += acrossX;
        q += acrossW;
      }
      rowX += downX;
      rowW += downW;
    }
    let to = y + at;
    v128.store(to, s00);
    v128.store(to, s01, 16);
    to += nextY;
    v128.store(to, s10);
    v128.store(to, s11, 16);
    to += nextY;
    v128.store(to, s20);
    v128.store(to, s21, 16);
    to += nextY;
    v128.store(to, s30);
    v128.store(to, s31, 16);
  }
  if (c == C) return;
  const at = <usize>c << 2;
  for (let i = 0; i < 4; i++) {
    one(y + at, x + at, downX, acrossX, w + at, downW, acrossW, bias ? bias + at : 0, TY, TX, C - c);
    y += nextY;
    x += move;
  }
}

/** One pixel, of the part of its window that lies inside. */
function one(
  y: usize, x: usize, downX: usize, acrossX: usize, w: usize, downW: usize, acrossW: usize, bias: usize, TY: i32, TX: i32, C: i32,
): void {
  for (let c = 0; c < C; c += 4) {
    const count = min(4, C - c);
    const at = <usize>c << 2;
    let sum = bias ? load_some(bias + at, count) : f32x4.splat(0);
    let rowX = x + at, rowW = w + at;
    for (let ty = 0; ty < TY; ty++) {
      let p = rowX, q = rowW;
      for (let tx = 0; tx < TX; tx++) {
        sum = madd(load_some(p, count), load_some(q, count), sum);
        p += acrossX;
        q += acrossW;
      }
      rowX += downX;
      rowW += downW;
    }
    store_some(y + at, sum, count);
  }
}

/**
 * The gradients of taps `from` to `to`: dw [taps, C], from x [B, H, W, C] and dy [B, PH, PW, C]. Sums of rows
 * make those of images, and these the whole, so that no chain is long. dbias [C], the sums of dy, may be absent.
 */
export function depthwise_weights(
  dw: usize, lddw: i32, dbias: usize, x: usize, dy: usize, B: i32, from: i32, to: i32, PH: i32, PW: i32,
  strideY: i32, strideX: i32, offsetY: i32, offsetX: i32, stepY: i32, stepX: i32, TX: i32, H: i32, W: i32, C: i32,
): void {
  for (let k = from; k < to; k++) memory.fill(dw + (<usize>((k - from) * lddw) << 2), 0, <usize>C << 2);
  if (dbias) memory.fill(dbias, 0, <usize>C << 2);
  const move = <usize>(strideX * C) << 2, next = <usize>C << 2;
  for (let b = 0; b < B; b++) {
    if (dbias) add_image(dbias, dy, PH, PW, C);
    for (let k = from; k < to; k++) {
      const top = offsetY + k / TX * stepY, left = offsetX + k % TX * stepX;
      const i0 = first_inside(top, strideY, PH), i1 = end_inside(top, strideY, PH, H);
      const j0 = first_inside(left, strideX, PW), j1 = end_inside(left, strideX, PW, W);
      const out = dw + (<usize>((k - from) * lddw) << 2);
      const firstX = x + (<usize>(((top + i0 * strideY) * W + left + j0 * strideX) * C) << 2);
      const firstY = dy + (<usize>((i0 * PW + j0) * C) << 2);
      const downX = <usize>(strideY * W * C) << 2, downY = <usize>(PW * C) << 2;
      let c = 0;
      for (; c + 8 <= C; c += 8) {
        const at = <usize>c << 2;
        let sum0 = f32x4.splat(0), sum1 = sum0;
        let rowX = firstX + at, rowY = firstY + at;
        for (let i = i0; i < i1; i++) {
          let s0 = f32x4.splat(0), s1 = s0;
          let p = rowX, q = rowY;
          for (let j = j0; j < j1; j++) {
            s0 = madd(v128.load(p), v128.load(q), s0);
            s1 = madd(v128.load(p, 16), v128.load(q, 16), s1);
            p += move;
            q += next;
          }
          sum0 = f32x4.add(sum0, s0);
          sum1 = f32x4.add(sum1, s1);
          rowX += downX;
          rowY += downY;
        }
        v128.store(out + at, f32x4.add(v128.load(out + at), sum0));
        v128.store(out + at, f32x4.add(v128.load(out + at, 16), sum1), 16);
      }
      for (; c < C; c += 4) {
        const at = <usize>c << 2;
        const count = min(4, C - c);
        let sum = f32x4.splat(0);
        let rowX = firstX + at, rowY = firstY + at;
        for (let i = i0; i < i1; i++) {
          let s = f32x4.splat(0);
          let p = rowX, q = rowY;
          for (let j = j0; j < j1; j++) {
            s = madd(load_some(p, count), load_some(q, count), s);
            p += move;
            q += next;
          }
          sum = f32x4.add(sum, s);
          rowX += downX;
          rowY += downY;
        }
        store_some(out + at, f32x4.add(load_some(out + at, count), sum), count);
      }
    }
    x += <usize>(H * W * C) << 2;
    dy += <usize>(PH * PW * C) << 2;
  }
}

/** sums [C] += the sums of one image [PH, PW, C], row by row. */
function add_image(sums: usize, image: usize, PH: i32, PW: i32, C: i32): void {
  const next = <usize>C << 2;
  for (let c = 0; c < C; c += 4) {
    const count = min(4, C - c);
    let p = image + (<usize>c << 2);
    let sum = f32x4.splat(0);
    for (let i = 0; i < PH; i++) {
      let s = f32x4.splat(0);
      for (let j = 0; j < PW; j++) {
        s = f32x4.add(s, load_some(p, count));
        p += next;
      }
      sum = f32x4.add(sum, s);
    }
    const to = sums + (<usize>c << 2);
    store_some(to, f32x4.add(load_some(to, count), sum), count);
  }
}
