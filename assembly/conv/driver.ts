/**
 * Convolutions as products whose first operand is never written down: its panels are packed from the image
 * (windows.ts), and all else is that of dense products (gemm/).
 *
 *   forward              Y [pixels, O]      = windows of X [pixels, K] · W [K, O]               K = KH·KW·C
 *   image's gradient     DX [pixels, C]     = windows of DY [pixels, K'] · turned W [K', C]     K' = KH·KW·O
 *   weight's gradient    DW [K, O]          = (windows of X)ᵀ · DY [pixels, O]
 *
 * A pixel of DX gets something of DY only through those rows and columns of W whose stride falls on it. With
 * strides of s there are s·s kinds of pixels, each with a smaller W of its own: phases. Nothing is multiplied
 * by zeros that strides would put between pixels of DY.
 *
 * Every element is one sum in ascending k, as in products, so a split over pixels or rows changes no bit.
 */
import { CHAIN_BLOCK, LONGEST_CHAIN } from '../../build/assembly/constants';
import { KC, MC, NC, PACKED_A, PACKED_B, panels_of_b, tile_columns, tile_rows, tiles, ZEROS } from '../gemm/driver';
import { pack_columns } from '../gemm/pack';
import { load_some, store_some } from '../tail';
import { depthwise, depthwise_weights } from './depthwise';
import { few_forward, has_few } from './few';
import {
  C, DH, DW, finish, GROUPS, H, KH, KW, O, OH, OW, panel_floats, PL, PT, SCATTERED, SH, SW, W, word,
} from './geometry';
import { pack_scattering, scatter_gradient } from './scatter';
import { ASIDE, clear_run, pack_places, pack_windows } from './windows';

/** Whether each channel is convolved by itself. */
function is_depthwise(geometry: usize): bool {
  const groups = word(geometry, GROUPS);
  return groups > 1 && groups == word(geometry, C) && groups == word(geometry, O);
}

/** A depthwise weight, whose taps the kernels read as they are, without gaps. */
function copy_taps(taps: usize, w: usize, ldw: i32, geometry: usize): void {
  const bytes = <usize>word(geometry, C) << 2;
  for (let k = word(geometry, KH) * word(geometry, KW); k > 0; k--) {
    memory.copy(taps, w, bytes);
    taps += bytes;
    w += <usize>ldw << 2;
  }
}

export function conv_pack(panels: usize, w: usize, ldw: i32, geometry: usize, wide: i32): void {
  if (is_depthwise(geometry)) return copy_taps(panels, w, ldw, geometry);
  const groups = word(geometry, GROUPS);
  const N = word(geometry, O) / groups;
  const K = word(geometry, KH) * word(geometry, KW) * (word(geometry, C) / groups);
  for (let g = 0; g < groups; g++) {
    panels_of_b(panels, w + (<usize>(g * N) << 2), ldw, N, K, false, wide);
    panels += <usize>panel_floats(K, N) << 2;
  }
}

export function conv_forward(
  y: usize, work: usize, x: usize, panels: usize, bias: usize, geometry: usize, from: i32, to: i32, activation: i32, wide: i32,
): void {
  const groups = word(geometry, GROUPS);
  const pitch = word(geometry, C), ldy = word(geometry, O);
  const channels = pitch / groups, N = ldy / groups;
  const taps = word(geometry, KW);
  const K = word(geometry, KH) * taps * channels;
  const long = K > LONGEST_CHAIN;
  const depth = long ? CHAIN_BLOCK : KC;
  const row = <usize>ldy << 2;
  if (is_depthwise(geometry)) {
    const width = word(geometry, OW), height = word(geometry, OH);
    depthwise(y, height * width * ldy, width * ldy, ldy, x, panels, taps * ldy, ldy, bias, from / width, to / width, height, width,
      word(geometry, SH), word(geometry, SW), -word(geometry, PT), -word(geometry, PL), word(geometry, DH), word(geometry, DW),
      word(geometry, KH), taps, word(geometry, H), word(geometry, W), pitch);
    return finish(y + (<usize>(from * ldy) << 2), 0, ldy, to - from, ldy, activation);
  }
  if (has_few(geometry)) return few_forward(y, work, x, panels, bias, geometry, from, to, activation, wide);
  clear_run(work);
  for (let g = 0; g < groups; g++) {
    for (let m = from; m < to; ) {
      const count = block_of(m, to, word(geometry, OW), pitch);
      const block = y + (<usize>(m * ldy + g * N) << 2);
      for (let k = 0; k < K; k += depth) {
        const kc = min(depth, K - k);
        pack_windows(work + PACKED_A, work, x + (<usize>(g * channels) << 2), m, count, k, kc,
          word(geometry, OH), word(geometry, OW), word(geometry, SH), word(geometry, SW), -word(geometry, PT), -word(geometry, PL),
          word(geometry, DH), word(geometry, DW), taps, word(geometry, H), word(geometry, W), pitch, channels);
        block_of_tiles(block, row, bias ? bias + (<usize>(g * N) << 2) : 0, work, panels, K, k, count, N, kc, wide,
          k > 0, long);
      }
      finish(block, 0, ldy, count, N, activation);
      m += count;
    }
    panels += <usize>panel_floats(K, N) << 2;
  }
}

/**
 * Pixels of the block that begins with number m. Of few channels packing costs more than tiles of four rows do:
 * there a block is of one row of the grid, which has no panel that goes on in the next.
 */
// @ts-ignore: decorator
@inline
function block_of(m: i32, end: i32, PW: i32, channels: i32): i32 {
  const most = min(MC, end - m);
  return PW < 8 || channels > 4 ? most : min(most, PW - m % PW);
}

/**
 * The tiles of one block of A, of N columns: from the bias or 0 at first, later from what C holds, or, of long
 * sums, added to it.
 */
function block_of_tiles(
  c: usize, row: usize, bias: usize, work: usize, panels: usize, length: i32, first: i32, mc: i32, N: i32, kc: i32, wide: i32,
  later: bool, long: bool,
): void {
  if (later && !long) tiles(c, row, c, row, 4, work, panels, length, first, mc, N, kc, wide, 1, false);
  else if (!later && bias) tiles(c, row, bias, 0, 4, work, panels, length, first, mc, N, kc, wide, 1, false);
  else tiles(c, row, ZEROS, 0, 0, work, panels, length, first, mc, N, kc, wide, 1, later);
}

/** Which rows or columns of W meet pixels number `phase` of a stride: the first of them, and where that looks. */
function first_tap(phase: i32, stride: i32, dilation: i32, padding: i32, size: i32): i32 {
  for (let tap = 0; tap < min(size, stride); tap++) {
    if ((phase + padding - tap * dilation) % stride == 0) return tap;
  }
  return size;
}

function gcd(a: i32, b: i32): i32 {
  while (b) {
    const rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

export function conv_pack_turned(panels: usize, w: usize, ldw: i32, geometry: usize, wide: i32): void {
  if (is_depthwise(geometry)) return copy_taps(panels, w, ldw, geometry);
  if (word(geometry, SCATTERED)) return pack_scattering(panels, w, ldw, geometry, wide);
  const groups = word(geometry, GROUPS);
  const N = word(geometry, C) / groups, outs = word(geometry, O) / groups;
  const sizeY = word(geometry, KH), sizeX = word(geometry, KW);
  const strideY = word(geometry, SH), strideX = word(geometry, SW);
  const everyY = strideY / gcd(strideY, word(geometry, DH)), everyX = strideX / gcd(strideX, word(geometry, DW));
  for (let py = 0; py < strideY; py++) {
    for (let px = 0; px < strideX; px++) {
      const y0 = first_tap(py, strideY, word(geometry, DH), word(geometry, PT), sizeY);
      const x0 = first_tap(px, strideX, word(geometry, DW), word(geometry, PL), sizeX);
      const TY = (sizeY - y0 + everyY - 1) / everyY, TX = (sizeX - x0 + everyX - 1) / everyX;
      const K = TY * TX * outs;
      if (K == 0) continue;
      for (let g = 0; g < groups; g++) {
        // Taps in falling order, so that what they see of DY goes up.
        for (let t = 0; t < TY * TX; t++) {
          const ky = y0 + (TY - 1 - t / TX) * everyY, kx = x0 + (TX - 1 - t % TX) * everyX;
          const from = w + (<usize>((ky * sizeX + kx) * N * ldw + g * outs) << 2);
          turned_panels(panels, from, ldw, N, outs, t * outs, K, wide);
        }
        panels += <usize>panel_floats(K, N) << 2;
      }
    }
  }
}

/** Steps k to k + outs, of K, of the panels of the transpose of w [N, outs]. */
function turned_panels(panels: usize, w: usize, ldw: i32, N: i32, outs: i32, k: i32, K: i32, wide: i32): void {
  for (let n = 0; n < N; ) {
    const left = N - n;
    const NR = wide && left > 12 ? 16 : left > 4 ? 8 : 4;
    pack_columns(panels + (<usize>(K * n + k * NR) << 2), w + (<usize>(n * ldw) << 2), ldw, min(NR, left), outs, NR);
    n += NR;
  }
}

export function conv_image_gradient(
  dx: usize, work: usize, saved: usize, dy: usize, panels: usize, bias: usize, geometry: usize, from: i32, to: i32, activation: i32, wide: i32,
): void {
  if (word(geometry, SCATTERED) && !is_depthwise(geometry)) return scatter_gradient(dx, work, saved, dy, panels, bias, geometry, from, to, activation, wide);
  const groups = word(geometry, GROUPS);
  const lddx = word(geometry, C), pitch = word(geometry, O);
  const N = lddx / groups, outs = pitch / groups;
  const height = word(geometry, H), width = word(geometry, W);
  const sizeY = word(geometry, KH), sizeX = word(geometry, KW);
  const strideY = word(geometry, SH), strideX = word(geometry, SW);
  const gcdY = gcd(strideY, word(geometry, DH)), gcdX = gcd(strideX, word(geometry, DW));
  const everyY = strideY / gcdY, everyX = strideX / gcdX;
  const stepY = word(geometry, DH) / gcdY, stepX = word(geometry, DW) / gcdX;
  const phases = strideY * strideX > 1;
  const pixels = height * width;
  const alone = is_depthwise(geometry);
  clear_run(work);
  for (let py = 0; py < strideY; py++) {
    for (let px = 0; px < strideX; px++) {
      const y0 = first_tap(py, strideY, word(geometry, DH), word(geometry, PT), sizeY);
      const x0 = first_tap(px, strideX, word(geometry, DW), word(geometry, PL), sizeX);
      const TY = (sizeY - y0 + everyY - 1) / everyY, TX = (sizeX - x0 + everyX - 1) / everyX;
      const K = TY * TX * outs;
      const PH = (height - py + strideY - 1) / strideY, PW = (width - px + strideX - 1) / strideX;
      // Of the grid of this phase's pixels; with phases, parts are whole images.
      const first = phases ? from / pixels * PH * PW : from;
      const end = phases ? to / pixels * PH * PW : to;
      const offsetY = (py + word(geometry, PT) - y0 * word(geometry, DH)) / strideY - (TY - 1) * stepY;
      const offsetX = (px + word(geometry, PL) - x0 * word(geometry, DW)) / strideX - (TX - 1) * stepX;
      if (alone) {
        // Of the last tap on, downwards.
        const tap = (y0 + (TY - 1) * everyY) * sizeX + x0 + (TX - 1) * everyX;
        depthwise(dx + (<usize>((py * width + px) * lddx) << 2), pixels * lddx, strideY * width * lddx, strideX * lddx,
          dy, panels + (<usize>(tap * lddx) << 2), -everyY * sizeX * lddx, -everyX * lddx, bias, first / max(PW, 1), end / max(PW, 1),
          PH, PW, 1, 1, offsetY, offsetX, stepY, stepX, TY, TX, word(geometry, OH), word(geometry, OW), pitch);
        continue;
      }
      const long = K > LONGEST_CHAIN;
      const depth = long ? CHAIN_BLOCK : KC;
      for (let g = 0; g < groups; g++) {
        for (let n = 0; n < N; n += NC) {
          const nc = min(NC, N - n);
          const start = bias ? bias + (<usize>(g * N + n) << 2) : 0;
          for (let m = first; m < end; ) {
            const count = block_of(m, end, PW, pitch);
            const block = phases ? work + ASIDE : dx + (<usize>(m * lddx + g * N + n) << 2);
            const row = <usize>(phases ? nc : lddx) << 2;
            let k = 0;
            // Once at least: where no tap meets these pixels, they are the bias or 0.
            do {
              const kc = min(depth, K - k);
              if (kc > 0) {
                pack_windows(work + PACKED_A, work, dy + (<usize>(g * outs) << 2), m, count, k, kc, PH, PW, 1, 1, offsetY, offsetX,
                  stepY, stepX, TX, word(geometry, OH), word(geometry, OW), pitch, outs);
              }
              block_of_tiles(block, row, start, work, panels + (<usize>(n * K) << 2), K, k, count, nc, kc, wide,
                k > 0, long);
              k += depth;
            } while (k < K);
            if (phases) {
              scatter(dx + (<usize>(g * N + n) << 2), lddx, block, m, count, nc, PH, PW, py, px, strideY, strideX, height, width);
            } else {
              finish(block, saved ? saved + (<usize>(m * lddx + g * N + n) << 2) : 0, lddx, count, nc, activation);
            }
            m += count;
          }
        }
        panels += <usize>panel_floats(K, N) << 2;
      }
    }
  }
  if (!phases && !alone) return;
  const at = <usize>(from * lddx) << 2;
  finish(dx + at, saved ? saved + at : 0, lddx, to - from, lddx, activation);
}

/** Rows of a phase's grid go where its pixels are. */
function scatter(
  dx: usize, lddx: i32, from: usize, m: i32, count: i32, nc: i32, PH: i32, PW: i32, py: i32, px: i32, strideY: i32, strideX: i32,
  height: i32, width: i32,
): void {
  let i = m / PW, j = m % PW;
  let image = i / PH;
  i %= PH;
  for (; count > 0; count--) {
    const pixel = (image * height + i * strideY + py) * width + j * strideX + px;
    const to = dx + (<usize>(pixel * lddx) << 2);
    let n: usize = 0;
    for (; n + 4 <= <usize>nc; n += 4) v128.store(to + (n << 2), v128.load(from + (n << 2)));
    for (; n < <usize>nc; n++) store<f32>(to + (n << 2), load<f32>(from + (n << 2)));
    from += <usize>nc << 2;
    if (++j == PW) {
      j = 0;
      if (++i == PH) {
        i = 0;
        image++;
      }
    }
  }
}

export function conv_weight_gradient(
  dw: usize, lddw: i32, dbias: usize, work: usize, x: usize, dy: usize, geometry: usize, B: i32, from: i32, to: i32, wide: i32,
): void {
  const groups = word(geometry, GROUPS);
  const pitch = word(geometry, C), lddy = word(geometry, O);
  const channels = pitch / groups, N = lddy / groups;
  const grid = word(geometry, OH) * word(geometry, OW);
  const M = B * grid;
  const long = M > LONGEST_CHAIN;
  const depth = long ? CHAIN_BLOCK : KC;
  const row = <usize>lddw << 2;
  // Who has the first rows sums up the bias's gradient.
  if (from > 0) dbias = 0;
  if (is_depthwise(geometry)) {
    return depthwise_weights(dw + (<usize>(from * lddw) << 2), lddw, dbias, x, dy, B, from, to, word(geometry, OH), word(geometry, OW),
      word(geometry, SH), word(geometry, SW), -word(geometry, PT), -word(geometry, PL), word(geometry, DH), word(geometry, DW),
      word(geometry, KW), word(geometry, H), word(geometry, W), pitch);
  }
  for (let g = 0; g < groups; g++) {
    for (let n = 0; n < N; n += NC) {
      const nc = min(NC, N - n);
      let m = 0;
      // Once at least: without pixels the gradient is 0.
      do {
        const count = min(depth, M - m);
        panels_of_b(work + PACKED_B, dy + (<usize>(m * lddy + g * N + n) << 2), lddy, nc, count, false, wide);
        if (dbias) add_columns(dbias + (<usize>(g * N + n) << 2), work + PACKED_B, nc, count, wide, m > 0, long);
        for (let k = from; k < to; k += MC) {
          const rows = min(MC, to - k);
          let panel = work + PACKED_A;
          for (let i = 0; i < rows && count > 0; ) {
            const R = tile_rows(rows - i);
            pack_places(panel, work, x + (<usize>(g * channels) << 2), m, count, k + i, min(R, rows - i), R,
              word(geometry, OH), word(geometry, OW), word(geometry, SH), word(geometry, SW), -word(geometry, PT), -word(geometry, PL),
              word(geometry, DH), word(geometry, DW), word(geometry, KW), word(geometry, H), word(geometry, W), pitch, channels);
            panel += <usize>(count * R) << 2;
            i += R;
          }
          const c = dw + (<usize>(k * lddw + g * N + n) << 2);
          block_of_tiles(c, row, 0, work, work + PACKED_B, count, 0, rows, nc, count, wide, m > 0, long);
        }
        m += depth;
      } while (m < M);
    }
  }
}

/** Adds up the columns of panels of K steps, as a product with ones would. */
function add_columns(sums: usize, panels: usize, N: i32, K: i32, wide: i32, later: bool, long: bool): void {
  for (let n = 0; n < N; ) {
    const NR = tile_columns(N - n, wide);
    const step = <usize>NR << 2;
    for (let c = 0; c < NR && n + c < N; c += 4) {
      const to = sums + (<usize>(n + c) << 2);
      const count = min(4, N - n - c);
      const start = later ? load_some(to, count) : f32x4.splat(0);
      let sum = long ? f32x4.splat(0) : start;
      let p = panels + (<usize>c << 2);
      for (let k = 0; k < K; k++) {
        sum = f32x4.add(sum, v128.load(p));
        p += step;
      }
      store_some(to, long ? f32x4.add(start, sum) : sum, count);
    }
    panels += <usize>(K * NR) << 2;
    n += NR;
  }
}
