/**
 * Max pooling of images that lie without gaps, row by row, pixel by pixel, channels innermost: four channels
 * are a vector, and where their number is no multiple of 4 the last vector overlaps the one before. With
 * less than four channels a pixel is a part of a vector.
 *
 *   argmax, of a pixel of y:  a byte for each channel, rounded up to 4; or an i32, rounded up to 4 of these,
 *                             where the window has more than 256 pixels
 */
import { C as CHANNELS, DH, DW, end_inside, first_inside, H, KH, KW, OH, OW, PL, PT, SH, SW, W, word } from './geometry';
import { load_tail, store_tail } from './tail';

/** Pixels of a window whose places are bytes. */
// @ts-ignore: decorator
@inline const BYTE: i32 = 256;

/** The channels of a pixel, up to four; beyond them are any numbers, and nothing beyond `end` is read. */
// @ts-ignore: decorator
@inline
export function load_pixel(p: usize, count: i32, end: usize): v128 {
  return count == 4 || p + 16 <= end ? v128.load(p) : load_tail(p, count, f32x4.splat(0));
}

// @ts-ignore: decorator
@inline
export function store_pixel(p: usize, v: v128, count: i32): void {
  if (count == 4) v128.store(p, v);
  else store_tail(p, v, count);
}

/** Four places of a window, kept as bytes or as words. */
// @ts-ignore: decorator
@inline
function store_places(p: usize, v: v128, isWide: bool): void {
  if (isWide) {
    v128.store(p, v);
  } else {
    const halves = i16x8.narrow_i32x4_s(v, v);
    v128.store_lane<u32>(p, i8x16.narrow_i16x8_u(halves, halves), 0);
  }
}

// @ts-ignore: decorator
@inline
function load_places(p: usize, isWide: bool): v128 {
  if (isWide) return v128.load(p);
  return i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load_zero<u32>(p)));
}

/** Windows of 2x2 that lie side by side: what networks use nearly always. */
// @ts-ignore: decorator
@inline
function are_pairs(geometry: usize): bool {
  return word(geometry, KH) == 2 && word(geometry, KW) == 2 && word(geometry, SH) == 2 && word(geometry, SW) == 2 &&
    word(geometry, DH) == 1 && word(geometry, DW) == 1 && word(geometry, PT) == 0 && word(geometry, PL) == 0 &&
    2 * word(geometry, OH) <= word(geometry, H) && 2 * word(geometry, OW) <= word(geometry, W) &&
    word(geometry, CHANNELS) >= 4;
}

/** Whether `best` stays where `v` comes after it: NaN is larger than any number, and the first of equals stays. */
// @ts-ignore: decorator
@inline
function stays(best: v128, v: v128): v128 {
  return v128.or(f32x4.le(v, best), f32x4.ne(best, best));
}

export function max_pool_forward(
  y: usize, ldy: i32, argmax: usize, ldargmax: i32, x: usize, ldx: i32, geometry: usize, M: i32, N: i32,
): void {
  const C = word(geometry, CHANNELS);
  const end = x + ((<usize>(M - 1) * ldx + <usize>word(geometry, H) * word(geometry, W) * C) << 2);
  for (let m = 0; m < M; m++) {
    if (are_pairs(geometry)) pairs_forward(y, argmax, x, word(geometry, W), word(geometry, OH), word(geometry, OW), C);
    else windows_forward(y, argmax, x, geometry, C, end);
    y += <usize>ldy << 2;
    x += <usize>ldx << 2;
    if (argmax) argmax += <usize>ldargmax << 2;
  }
}

function pairs_forward(y: usize, argmax: usize, x: usize, W: i32, OH: i32, OW: i32, C: i32): void {
  const right = <usize>C << 2;
  const down = <usize>W * right;
  const places = <usize>((C + 3) & ~3);
  for (let oh = 0; oh < OH; oh++) {
    let p = x;
    for (let ow = 0; ow < OW; ow++) {
      let c = 0;
      for (; c <= C - 8; c += 8) eight(y + (<usize>c << 2), argmax ? argmax + c : 0, p + (<usize>c << 2), right, down);
      for (; c < C; c += 4) {
        const at = <usize>min(c, C - 4);
        const q = p + (at << 2);
        careful(
          y + (at << 2), argmax ? argmax + at : 0, v128.load(q), v128.load(q + right), v128.load(q + down),
          v128.load(q + down + right),
        );
      }
      p += 2 * right;
      y += right;
      if (argmax) argmax += places;
    }
    x += 2 * down;
  }
}

/** The largest of four pixels, and their places, in eight channels. */
// @ts-ignore: decorator
@inline
function eight(y: usize, argmax: usize, p: usize, right: usize, down: usize): void {
  const q = p + down;
  const a0 = v128.load(p), a1 = v128.load(p, 16), b0 = v128.load(p + right), b1 = v128.load(p + right, 16);
  const d0 = v128.load(q), d1 = v128.load(q, 16), e0 = v128.load(q + right), e1 = v128.load(q + right, 16);
  const sum0 = f32x4.add(f32x4.add(a0, b0), f32x4.add(d0, e0));
  const sum1 = f32x4.add(f32x4.add(a1, b1), f32x4.add(d1, e1));
  // NaN among them, or infinities of both signs.
  if (v128.any_true(v128.or(f32x4.ne(sum0, sum0), f32x4.ne(sum1, sum1)))) {
    careful(y, argmax, a0, b0, d0, e0);
    careful(y + 16, argmax ? argmax + 4 : 0, a1, b1, d1, e1);
    return;
  }
  const upper0 = f32x4.pmax(a0, b0), upper1 = f32x4.pmax(a1, b1);
  const lower0 = f32x4.pmax(d0, e0), lower1 = f32x4.pmax(d1, e1);
  v128.store(y, f32x4.pmax(upper0, lower0));
  v128.store(y, f32x4.pmax(upper1, lower1), 16);
  if (!argmax) return;
  const halves = i16x8.narrow_i32x4_s(place(a0, b0, d0, e0, upper0, lower0), place(a1, b1, d1, e1, upper1, lower1));
  v128.store_lane<u64>(argmax, i8x16.narrow_i16x8_u(halves, halves), 0);
}

/** Which of four it is. */
// @ts-ignore: decorator
@inline
function place(a: v128, b: v128, d: v128, e: v128, upper: v128, lower: v128): v128 {
  // True is -1: the row counts twice.
  const row = f32x4.lt(upper, lower);
  const column = v128.bitselect(f32x4.lt(d, e), f32x4.lt(a, b), row);
  return i32x4.neg(i32x4.add(column, i32x4.add(row, row)));
}

/** The largest of four, where some may be NaN, in four channels. */
function careful(y: usize, argmax: usize, a: v128, b: v128, d: v128, e: v128): void {
  let stay = stays(a, b);
  let best = v128.bitselect(a, b, stay);
  let place = v128.andnot(i32x4.splat(1), stay);
  stay = stays(best, d);
  best = v128.bitselect(best, d, stay);
  place = v128.bitselect(place, i32x4.splat(2), stay);
  stay = stays(best, e);
  v128.store(y, v128.bitselect(best, e, stay));
  place = v128.bitselect(place, i32x4.splat(3), stay);
  if (argmax) store_places(argmax, place, false);
}

/** Any windows: each is the pixels that it has within the image, row by row. */
function windows_forward(y: usize, argmax: usize, x: usize, geometry: usize, C: i32, end: usize): void {
  const h = word(geometry, H), w = word(geometry, W), kh = word(geometry, KH), kw = word(geometry, KW);
  const dh = word(geometry, DH), dw = word(geometry, DW);
  const isWide = kh * kw > BYTE;
  const places = <usize>(isWide ? ((C + 3) & ~3) << 2 : (C + 3) & ~3);
  const pixel = <usize>C << 2;
  const count = min(C, 4);
  for (let oh = 0; oh < word(geometry, OH); oh++) {
    const top = oh * word(geometry, SH) - word(geometry, PT);
    const firstRow = first_inside(top, dh, kh);
    const rows = end_inside(top, dh, kh, h);
    for (let ow = 0; ow < word(geometry, OW); ow++) {
      const left = ow * word(geometry, SW) - word(geometry, PL);
      const firstColumn = first_inside(left, dw, kw);
      const columns = end_inside(left, dw, kw, w);
      const first = x + <usize>((top + firstRow * dh) * w + left + firstColumn * dw) * pixel;
      for (let c = 0; c < C; c += 4) {
        const at = c + 4 > C ? max(C - 4, 0) : c;
        let best = f32x4.splat(-Infinity);
        let place = i32x4.splat(firstRow * kw + firstColumn);
        let p = first + (<usize>at << 2);
        for (let i = firstRow; i < rows; i++) {
          let q = p;
          for (let j = firstColumn; j < columns; j++) {
            const v = load_pixel(q, count, end);
            const stay = stays(best, v);
            best = v128.bitselect(best, v, stay);
            place = v128.bitselect(place, i32x4.splat(i * kw + j), stay);
            q += <usize>dw * pixel;
          }
          p += <usize>(dh * w) * pixel;
        }
        store_pixel(y + (<usize>at << 2), best, count);
        if (argmax) store_places(argmax + (isWide ? <usize>at << 2 : <usize>at), place, isWide);
      }
      y += pixel;
      if (argmax) argmax += places;
    }
  }
}

export function max_pool_backward(
  dx: usize, lddx: i32, argmax: usize, ldargmax: i32, dy: usize, lddy: i32, geometry: usize, M: i32, N: i32,
): void {
  const C = word(geometry, CHANNELS);
  const end = dy + ((<usize>(M - 1) * lddy + <usize>word(geometry, OH) * word(geometry, OW) * C) << 2);
  for (let m = 0; m < M; m++) {
    if (are_pairs(geometry)) pairs_backward(dx, argmax, dy, geometry, C);
    else windows_backward(dx, argmax, dy, geometry, C, end);
    dx += <usize>lddx << 2;
    dy += <usize>lddy << 2;
    argmax += <usize>ldargmax << 2;
  }
}

function pairs_backward(dx: usize, argmax: usize, dy: usize, geometry: usize, C: i32): void {
  const height = word(geometry, OH), width = word(geometry, OW), w = word(geometry, W);
  const right = <usize>C << 2;
  const down = <usize>w * right;
  const places = <usize>((C + 3) & ~3);
  // The pixels of an odd width and height belong to no window.
  const odd = <usize>(w - 2 * width) * right;
  for (let oh = 0; oh < height; oh++) {
    let p = dx;
    for (let ow = 0; ow < width; ow++) {
      let c = 0;
      for (; c <= C - 8; c += 8) {
        const q = p + (<usize>c << 2);
        const g = dy + (<usize>c << 2);
        const kept = i16x8.extend_low_i8x16_u(v128.load_zero<u64>(argmax + c));
        scatter(q, v128.load(g), i32x4.extend_low_i16x8_u(kept), right, down);
        scatter(q + 16, v128.load(g, 16), i32x4.extend_high_i16x8_u(kept), right, down);
      }
      for (; c < C; c += 4) {
        const at = <usize>min(c, C - 4);
        scatter(p + (at << 2), v128.load(dy + (at << 2)), load_places(argmax + at, false), right, down);
      }
      p += 2 * right;
      dy += right;
      argmax += places;
    }
    if (odd) {
      memory.fill(p, 0, odd);
      memory.fill(p + down, 0, odd);
    }
    dx += 2 * down;
  }
  const rest = <usize>(word(geometry, H) - 2 * height) * down;
  if (rest) memory.fill(dx, 0, rest);
}

/** To one of four pixels its gradient, to the others 0. */
// @ts-ignore: decorator
@inline
function scatter(p: usize, g: v128, place: v128, right: usize, down: usize): void {
  const zero = i32x4.splat(0);
  // Adding -1: a constant would be built anew at each use.
  const less = i32x4.eq(place, place);
  v128.store(p, v128.and(g, i32x4.eq(place, zero)));
  place = i32x4.add(place, less);
  v128.store(p + right, v128.and(g, i32x4.eq(place, zero)));
  place = i32x4.add(place, less);
  v128.store(p + down, v128.and(g, i32x4.eq(place, zero)));
  place = i32x4.add(place, less);
  v128.store(p + down + right, v128.and(g, i32x4.eq(place, zero)));
}

/** Each pixel of the image adds up, in the order of the windows, what those that it is the largest of have. */
function windows_backward(dx: usize, argmax: usize, dy: usize, geometry: usize, C: i32, end: usize): void {
  const kh = word(geometry, KH), kw = word(geometry, KW), dh = word(geometry, DH), dw = word(geometry, DW);
  const sh = word(geometry, SH), sw = word(geometry, SW), width = word(geometry, OW);
  const isWide = kh * kw > BYTE;
  const places = <usize>(isWide ? ((C + 3) & ~3) << 2 : (C + 3) & ~3);
  const pixel = <usize>C << 2;
  const count = min(C, 4);
  for (let h = 0; h < word(geometry, H); h++) {
    const down = h + word(geometry, PT);
    const lastRow = min(down / sh, word(geometry, OH) - 1);
    const firstRow = first_window(down, kh, dh, sh);
    for (let w = 0; w < word(geometry, W); w++) {
      const across = w + word(geometry, PL);
      const lastColumn = min(across / sw, width - 1);
      const firstColumn = first_window(across, kw, dw, sw);
      for (let c = 0; c < C; c += 4) {
        const at = c + 4 > C ? max(C - 4, 0) : c;
        const byte = <usize>at << 2;
        let sum = f32x4.splat(0);
        for (let oh = firstRow; oh <= lastRow; oh++) {
          const i = place_of(down - oh * sh, dh);
          if (i < 0) continue;
          for (let ow = firstColumn; ow <= lastColumn; ow++) {
            const j = place_of(across - ow * sw, dw);
            if (j < 0) continue;
            const window = <usize>(oh * width + ow);
            const own = load_places(argmax + window * places + (isWide ? byte : <usize>at), isWide);
            const g = load_pixel(dy + window * pixel + byte, count, end);
            sum = f32x4.add(sum, v128.and(g, i32x4.eq(own, i32x4.splat(i * kw + j))));
          }
        }
        store_pixel(dx + byte, sum, count);
      }
      dx += pixel;
    }
  }
}

/** The first window that reaches a pixel; `at` counts from the first pixel of the first window. */
// @ts-ignore: decorator
@inline
function first_window(at: i32, size: i32, dilation: i32, stride: i32): i32 {
  const before = at - (size - 1) * dilation;
  return before > 0 ? (before + stride - 1) / stride : 0;
}

/** The number, in its window, of the pixel at this distance from the window's first; -1 between two. */
// @ts-ignore: decorator
@inline
function place_of(distance: i32, dilation: i32): i32 {
  if (dilation == 1) return distance;
  return distance % dilation == 0 ? distance / dilation : -1;
}
