/**
 * Convolutions of one channel to at most eight outputs: the product the other way round, so that its tiles are full.
 * Their rows are outputs and their columns neighbouring pixels, which lie side by side in the image; nothing
 * but a copy of them has to be packed.
 *
 *   T [outputs, pixels] = Wᵀ [outputs, K] · (windows of X)ᵀ [K, pixels]        Y = Tᵀ
 *
 * Each element is the sum that it is in the other form.
 */
import { multiply, PACKED_A, tile_columns, tile_rows } from '../gemm/tiles';
import { finish } from './blocks';
import {
  C, DH, DW, H, KH, KW, O, OH, OW, PL, PT, SH, SW, W, word,
} from '../geometry';
import { copy_one, pack_rows, transpose_four, transpose_two } from '../gemm/pack';
import { ASIDE, clipped, line_room, LINE_COUNT, LINE_FLOATS } from './windows';

/** Floats of the panels of W that there is room for. */
// @ts-ignore: decorator
@inline const ROOM: i32 = 4096;

/** Whether it is one of these. */
export function has_few(geometry: usize): bool {
  const rows = word(geometry, KH), columns = word(geometry, KW);
  return word(geometry, C) == 1 && word(geometry, SW) == 1 && word(geometry, DW) == 1
    && word(geometry, O) <= 8 && rows <= LINE_COUNT && rows * columns <= LINE_FLOATS
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
      const left = word(geometry, PL);
      const iy = top + ky * word(geometry, DH);
      // Of columns beyond the last a few may be read, but mean nothing.
      const end = <u32>iy < <u32>height ? min(PW + sizeX - 1, left + width) : 0;
      clipped(line_room(work, ky), image + (<usize>(iy * width - left) << 2), PW + sizeX + 15, left, end);
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
        multiply(work, ld, start, ld, a, b, K, R, columns, 1, false, 1, 0, 0);
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

/**
 * The weights as panels of rows, outputs, from what `conv_pack` made of them: one panel of columns. And what
 * each row starts from.
 */
function turn_weights(a: usize, starts: usize, panels: usize, bias: usize, N: i32, K: i32, columns: i32, wide: i32): void {
  const NR = tile_columns(N, wide);
  for (let o = 0; o < N; ) {
    const R = tile_rows(N - o);
    pack_rows(a, panels + (<usize>o << 2), NR, min(R, N - o), K, R);
    for (let r = 0; r < R; r++) {
      const start: f32 = bias && o + r < N ? load<f32>(bias + (<usize>(o + r) << 2)) : 0;
      for (let j = 0; j < columns; j++) store<f32>(starts + (<usize>j << 2), start);
      starts += <usize>columns << 2;
    }
    a += <usize>(K * R) << 2;
    o += R;
  }
}

/** `pixels` columns of `rows` rows of T become rows of Y, N floats apart. */
function store_turned(y: usize, N: i32, t: usize, ld: usize, rows: i32, pixels: i32): void {
  const next = <usize>N << 2;
  if (rows >= 4) {
    transpose_four(y, next, t, t + ld, t + 2 * ld, t + 3 * ld, pixels);
    y += 16;
    t += 4 * ld;
  }
  if (rows & 2) {
    transpose_two(y, next, t, t + ld, pixels);
    y += 8;
    t += 2 * ld;
  }
  if (rows & 1) copy_one(y, next, t, pixels);
}
