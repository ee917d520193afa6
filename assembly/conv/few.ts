/**
 * Convolutions of one channel to a few outputs: the product the other way round, so that its tiles are full.
 * Their rows are outputs and their columns neighbouring pixels, which lie side by side in the image; nothing
 * but a copy of them has to be packed.
 *
 *   T [outputs, pixels] = Wᵀ [outputs, K] · (windows of X)ᵀ [K, pixels]        Y = Tᵀ
 *
 * Each element is the sum that it is in the other form.
 */
import { multiply, PACKED_A, tile_columns, tile_rows } from '../gemm/driver';
import {
  C, DH, DW, finish, GROUPS, H, KH, KW, O, OH, OW, PL, PT, SH, SW, W, word,
} from './geometry';
import { ASIDE, line_room, LINE_COUNT, LINE_FLOATS } from './windows';

/** Floats of the panels of W that there is room for. */
// @ts-ignore: decorator
@inline const ROOM: i32 = 4096;

/** Whether it is one of these. */
export function has_few(geometry: usize): bool {
  const rows = word(geometry, KH), columns = word(geometry, KW);
  return word(geometry, C) == 1 && word(geometry, GROUPS) == 1 && word(geometry, SW) == 1 && word(geometry, DW) == 1
    && word(geometry, O) <= 12 && rows <= LINE_COUNT && rows * columns <= LINE_FLOATS
    && word(geometry, OW) + columns + 16 <= LINE_FLOATS;
}

export function few_forward(
  y: usize, work: usize, x: usize, panels: usize, bias: usize, geometry: usize, from: i32, to: i32, activation: i32, wide: i32,
): void {
  const N = word(geometry, O);
  const sizeY = word(geometry, KH), sizeX = word(geometry, KW);
  const K = sizeY * sizeX;
  const height = word(geometry, H), width = word(geometry, W);
  const PH = word(geometry, OH), PW = word(geometry, OW);
  const columns = wide ? 16 : 8;
  const ld = <usize>columns << 2;
  const weights = work + PACKED_A;
  const starts = work + ASIDE;
  const b = weights + (<usize>ROOM << 2);
  turn_weights(weights, starts, panels, bias, N, K, columns, wide);
  for (let m = from; m < to; ) {
    const first = m % PW;
    const count = min(to - m, PW - first);
    const row = m / PW;
    const image = x + (<usize>(row / PH * height * width) << 2);
    const top = row % PH * word(geometry, SH) - word(geometry, PT);
    for (let ky = 0; ky < sizeY; ky++) {
      fill_line(line_room(work, ky), image, top + ky * word(geometry, DH), word(geometry, PL), PW + sizeX - 1, height, width);
    }
    for (let j = first; j < first + count; j += columns) {
      let to = b;
      for (let ky = 0; ky < sizeY; ky++) {
        let p = line_room(work, ky) + (<usize>j << 2);
        for (let kx = 0; kx < sizeX; kx++) {
          v128.store(to, v128.load(p));
          v128.store(to, v128.load(p, 16), 16);
          if (wide) {
            v128.store(to, v128.load(p, 32), 32);
            v128.store(to, v128.load(p, 48), 48);
          }
          p += 4;
          to += ld;
        }
      }
      const pixels = min(columns, first + count - j);
      let a = weights, start = starts;
      const out = y + (<usize>((m + j - first) * N) << 2);
      for (let o = 0; o < N; ) {
        const R = tile_rows(N - o);
        multiply(work, ld, start, ld, a, b, K, R, columns, 1);
        store_turned(out + (<usize>o << 2), N, work, ld, min(R, N - o), pixels);
        a += <usize>(K * R) << 2;
        start += <usize>R * ld;
        o += R;
      }
    }
    finish(y + (<usize>(m * N) << 2), 0, N, count, N, activation);
    m += count;
  }
}

/** The weights as panels of rows, outputs, from what `conv_pack` made of them; and what each row starts from. */
function turn_weights(a: usize, starts: usize, panels: usize, bias: usize, N: i32, K: i32, columns: i32, wide: i32): void {
  const NR = tile_columns(N, wide);
  for (let o = 0; o < N; ) {
    const R = tile_rows(N - o);
    for (let r = 0; r < R; r++) {
      const n = o + r;
      const inside = n < N;
      const step = n < NR ? NR : tile_columns(N - NR, wide);
      let p = panels + (<usize>(n < NR ? n : K * NR + n - NR) << 2);
      for (let k = 0; k < K; k++) {
        store<f32>(a + (<usize>(k * R + r) << 2), inside ? load<f32>(p) : 0);
        p += <usize>step << 2;
      }
      const start: f32 = bias && inside ? load<f32>(bias + (<usize>n << 2)) : 0;
      for (let j = 0; j < columns; j++) store<f32>(starts + (<usize>j << 2), start);
      starts += <usize>columns << 2;
    }
    a += <usize>(K * R) << 2;
    o += R;
  }
}

/** Row y of the image, from column -left on: n floats, and 16 that may be read but mean nothing. */
function fill_line(line: usize, image: usize, y: i32, left: i32, n: i32, height: i32, width: i32): void {
  const zero = f32x4.splat(0);
  for (let q = 0; q < n + 16; q += 4) v128.store(line + (<usize>q << 2), zero);
  if (<u32>y >= <u32>height) return;
  const row = image + (<usize>(y * width) << 2);
  const end = min(n, left + width);
  let q = left;
  for (; q + 4 <= end; q += 4) v128.store(line + (<usize>q << 2), v128.load(row + (<usize>(q - left) << 2)));
  for (; q < end; q++) store<f32>(line + (<usize>q << 2), load<f32>(row + (<usize>(q - left) << 2)));
}

/** `pixels` columns of `rows` rows of T become rows of Y, N floats apart. */
function store_turned(y: usize, N: i32, t: usize, ld: usize, rows: i32, pixels: i32): void {
  const next = <usize>N << 2;
  let p = 0;
  if (rows >= 4) {
    for (; p + 4 <= pixels; p += 4) {
      const from = t + (<usize>p << 2);
      const r0 = v128.load(from), r1 = v128.load(from + ld), r2 = v128.load(from + 2 * ld), r3 = v128.load(from + 3 * ld);
      const low01 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5), low23 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5);
      const high01 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7), high23 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
      v128.store(y, v128.shuffle<f64>(low01, low23, 0, 2));
      v128.store(y + next, v128.shuffle<f64>(low01, low23, 1, 3));
      v128.store(y + 2 * next, v128.shuffle<f64>(high01, high23, 0, 2));
      v128.store(y + 3 * next, v128.shuffle<f64>(high01, high23, 1, 3));
      for (let r = 4; r < rows; r++) {
        const v = v128.load(from + <usize>r * ld);
        const at = y + (<usize>r << 2);
        v128.store_lane<f32>(at, v, 0);
        v128.store_lane<f32>(at + next, v, 1);
        v128.store_lane<f32>(at + 2 * next, v, 2);
        v128.store_lane<f32>(at + 3 * next, v, 3);
      }
      y += 4 * next;
    }
  }
  for (; p < pixels; p++) {
    for (let r = 0; r < rows; r++) store<f32>(y + (<usize>r << 2), load<f32>(t + <usize>r * ld + (<usize>p << 2)));
    y += next;
  }
}
