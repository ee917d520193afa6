/**
 * Convolutions as products whose first operand is never written down: its panels are packed from the image
 * (windows.ts), and all else is that of dense products (gemm/).
 *
 *   forward              Y [pixels, O]      = windows of X [pixels, K] · W [K, O]               K = KH·KW·C
 *   image's gradient     DX [pixels, C]     = windows of DY [pixels, K'] · turned W [K', C]     see image.ts
 *   weight's gradient    DW [K, O]          = (windows of X)ᵀ · DY [pixels, O]
 *
 * Every element is one sum in ascending k, as in products, so a split over pixels or rows changes no bit.
 */
import { CHAIN_BLOCK, LONGEST_CHAIN } from '../../build/assembly/constants';
import { KC, MC, NC, PACKED_B, panels_of_b } from '../gemm/driver';
import { PACKED_A, tile_columns, tile_rows } from '../gemm/tiles';
import { load_some, store_some } from '../tail';
import { block_of, block_of_tiles, finish, panel_floats } from './blocks';
import { copy_taps, depthwise, depthwise_weights } from './depthwise';
import { few_forward, has_few } from './few';
import {
  C, DEPTHWISE, DH, DW, FORM, GROUPS, H, KH, KW, O, OH, OW, PL, PT, SH, SW, W, word,
} from '../geometry';
import { clear_run, pack_places, pack_windows } from './windows';

export function conv_pack(panels: usize, w: usize, ldw: i32, geometry: usize, wide: i32): void {
  if (word(geometry, FORM) == DEPTHWISE) return copy_taps(panels, w, ldw, geometry);
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
  if (word(geometry, FORM) == DEPTHWISE) {
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
  if (word(geometry, FORM) == DEPTHWISE) {
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
