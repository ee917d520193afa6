/**
 * The gradient of a convolution's image, which is its transpose: windows of DY by the turned weight.
 *
 * A pixel of DX gets something of DY only through those taps of W whose stride falls on it. With strides of s
 * there are s·s phases of pixels, each with a smaller W of its own (phases.ts). Nothing is multiplied by zeros
 * that strides would put between pixels of DY.
 */
import { CHAIN_BLOCK, LONGEST_CHAIN } from '../../build/assembly/constants';
import { KC, NC } from '../gemm/driver';
import { pack_columns } from '../gemm/pack';
import { PACKED_A, tile_columns } from '../gemm/tiles';
import { block_of, block_of_tiles, finish, panel_floats } from './blocks';
import { copy_taps, depthwise } from './depthwise';
import { C, DEPTHWISE, FORM, GROUPS, H, KW, O, OH, OW, SCATTERED, SH, SW, W, word } from '../geometry';
import { every_tap, first_tap, offset_of, pixels_of, step_of, taps_from } from './phases';
import { pack_scattering, scatter_gradient } from './scatter';
import { ASIDE, clear_run, pack_windows } from './windows';

export function conv_pack_turned(panels: usize, w: usize, ldw: i32, geometry: usize, wide: i32): void {
  const form = word(geometry, FORM);
  if (form == DEPTHWISE) return copy_taps(panels, w, ldw, geometry);
  if (form == SCATTERED) return pack_scattering(panels, w, ldw, geometry, wide);
  const groups = word(geometry, GROUPS);
  const N = word(geometry, C) / groups, outs = word(geometry, O) / groups;
  const everyY = every_tap(geometry, 0), everyX = every_tap(geometry, 1);
  for (let py = 0; py < word(geometry, SH); py++) {
    const y0 = first_tap(geometry, 0, py);
    const TY = taps_from(geometry, 0, y0);
    for (let px = 0; px < word(geometry, SW); px++) {
      const x0 = first_tap(geometry, 1, px);
      const TX = taps_from(geometry, 1, x0);
      const K = TY * TX * outs;
      if (K == 0) continue;
      for (let g = 0; g < groups; g++) {
        // Taps in falling order, so that what they see of DY goes up.
        for (let t = 0; t < TY * TX; t++) {
          const ky = y0 + (TY - 1 - t / TX) * everyY, kx = x0 + (TX - 1 - t % TX) * everyX;
          const from = w + (<usize>((ky * word(geometry, KW) + kx) * N * ldw + g * outs) << 2);
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
    const NR = tile_columns(N - n, wide);
    pack_columns(panels + (<usize>(K * n + k * NR) << 2), w + (<usize>(n * ldw) << 2), ldw, min(NR, N - n), outs, NR);
    n += NR;
  }
}

export function conv_image_gradient(
  dx: usize, work: usize, saved: usize, dy: usize, panels: usize, bias: usize, geometry: usize, from: i32, to: i32, activation: i32, wide: i32,
): void {
  const form = word(geometry, FORM);
  if (form == SCATTERED) return scatter_gradient(dx, work, saved, dy, panels, bias, geometry, from, to, activation, wide);
  const groups = word(geometry, GROUPS);
  const lddx = word(geometry, C), pitch = word(geometry, O);
  const N = lddx / groups, outs = pitch / groups;
  const height = word(geometry, H), width = word(geometry, W);
  const outHeight = word(geometry, OH), outWidth = word(geometry, OW);
  const strideY = word(geometry, SH), strideX = word(geometry, SW);
  const stepY = step_of(geometry, 0), stepX = step_of(geometry, 1);
  const phases = strideY * strideX > 1;
  const pixels = height * width;
  clear_run(work);
  for (let py = 0; py < strideY; py++) {
    const y0 = first_tap(geometry, 0, py);
    const TY = taps_from(geometry, 0, y0), PH = pixels_of(geometry, 0, py), offsetY = offset_of(geometry, 0, py, y0);
    for (let px = 0; px < strideX; px++) {
      const x0 = first_tap(geometry, 1, px);
      const TX = taps_from(geometry, 1, x0), PW = pixels_of(geometry, 1, px), offsetX = offset_of(geometry, 1, px, x0);
      const K = TY * TX * outs;
      // Of the grid of this phase's pixels; with phases, parts are whole images.
      const first = phases ? from / pixels * PH * PW : from;
      const end = phases ? to / pixels * PH * PW : to;
      if (form == DEPTHWISE) {
        // Of the last tap on, downwards.
        const everyY = every_tap(geometry, 0), everyX = every_tap(geometry, 1), size = word(geometry, KW);
        const tap = (y0 + (TY - 1) * everyY) * size + x0 + (TX - 1) * everyX;
        depthwise(dx + (<usize>((py * width + px) * lddx) << 2), pixels * lddx, strideY * width * lddx, strideX * lddx,
          dy, panels + (<usize>(tap * lddx) << 2), -everyY * size * lddx, -everyX * lddx, bias, first / max(PW, 1), end / max(PW, 1),
          PH, PW, 1, 1, offsetY, offsetX, stepY, stepX, TY, TX, outHeight, outWidth, pitch);
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
                  stepY, stepX, TX, outHeight, outWidth, pitch, outs);
              }
              block_of_tiles(block, row, start, work, panels + (<usize>(n * K) << 2), K, k, count, nc, kc, wide,
                k > 0, long);
              k += depth;
            } while (k < K);
            if (phases) {
              place_rows(dx + (<usize>(g * N + n) << 2), lddx, block, m, count, nc, PH, PW, py, px, strideY, strideX, height, width);
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
  if (!phases && form != DEPTHWISE) return;
  const at = <usize>(from * lddx) << 2;
  finish(dx + at, saved ? saved + at : 0, lddx, to - from, lddx, activation);
}

/** Rows of a phase's grid go where its pixels are. */
function place_rows(
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

