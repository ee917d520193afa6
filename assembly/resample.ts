/**
 * Images made of others pixel by pixel: rows of y are weighted sums of rows of x, and columns of columns. Such
 * are average pooling, enlarging, padding that repeats pixels, and what derives from these. Which pixels they
 * are stands in lists, as compressed rows do:
 *
 *   table (i32):  OH  OW  C  elements of an image of x
 *                 OH + OW + 1 starts, where the list of each row of y, then of each column, begins
 *                 elements of x from its first row, or column, to each that is listed
 *   weights:      one for each that is listed
 */
import { madd } from './lanes';
import { load_pixel, store_pixel } from './pool';

// @ts-ignore: decorator
@inline const STARTS: i32 = 4;

// @ts-ignore: decorator
@inline
function word(table: usize, i: i32): i32 {
  return load<i32>(table + (<usize>i << 2));
}

export function resample(
  y: usize, ldy: i32, x: usize, ldx: i32, table: usize, weights: usize, M: i32, N: i32,
): void {
  const OH = word(table, 0), OW = word(table, 1), C = word(table, 2);
  const end = x + ((<usize>(M - 1) * ldx + word(table, 3)) << 2);
  const lists = table + (<usize>(STARTS + OH + OW + 1) << 2);
  const pixel = <usize>C << 2;
  for (let m = 0; m < M; m++) {
    let q = y;
    for (let oh = 0; oh < OH; oh++) {
      const from = word(table, STARTS + oh);
      const rows = word(table, STARTS + oh + 1) - from;
      for (let ow = 0; ow < OW; ow++) {
        const begin = word(table, STARTS + OH + ow);
        const columns = word(table, STARTS + OH + ow + 1) - begin;
        const v = lists + (<usize>from << 2);
        const h = lists + (<usize>begin << 2);
        const vw = weights + (<usize>from << 2);
        const hw = weights + (<usize>begin << 2);
        if (rows == 1 && columns == 1) one(q, x, v, h, vw, hw, C, end);
        else if (rows == 2 && columns == 2) four(q, x, v, h, vw, hw, C, end);
        else many(q, x, v, h, vw, hw, rows, columns, C, end);
        q += pixel;
      }
    }
    y += <usize>ldy << 2;
    x += <usize>ldx << 2;
  }
}

/** The pixel of the row and the column that stand at two places of the lists. */
// @ts-ignore: decorator
@inline
function pixel_at(x: usize, v: usize, h: usize): usize {
  return x + (<usize>(load<i32>(v) + load<i32>(h)) << 2);
}

/** Byte offset of the vector of channel c: the last one ends with the last channel. */
// @ts-ignore: decorator
@inline
function vector_at(c: i32, C: i32): usize {
  return <usize>(c + 4 > C ? max(C - 4, 0) : c) << 2;
}

// @ts-ignore: decorator
@inline
function one(y: usize, x: usize, v: usize, h: usize, vw: usize, hw: usize, C: i32, end: usize): void {
  const p = pixel_at(x, v, h);
  const row = v128.load32_splat(vw), column = v128.load32_splat(hw);
  const count = min(C, 4);
  for (let c = 0; c < C; c += 4) {
    const at = vector_at(c, C);
    store_pixel(y + at, f32x4.mul(f32x4.mul(load_pixel(p + at, count, end), column), row), count);
  }
}

// @ts-ignore: decorator
@inline
function four(y: usize, x: usize, v: usize, h: usize, vw: usize, hw: usize, C: i32, end: usize): void {
  const p00 = pixel_at(x, v, h), p01 = pixel_at(x, v, h + 4);
  const p10 = pixel_at(x, v + 4, h), p11 = pixel_at(x, v + 4, h + 4);
  const row0 = v128.load32_splat(vw), row1 = v128.load32_splat(vw, 4);
  const column0 = v128.load32_splat(hw), column1 = v128.load32_splat(hw, 4);
  const count = min(C, 4);
  for (let c = 0; c < C; c += 4) {
    const at = vector_at(c, C);
    const upper = madd(load_pixel(p01 + at, count, end), column1, f32x4.mul(load_pixel(p00 + at, count, end), column0));
    const lower = madd(load_pixel(p11 + at, count, end), column1, f32x4.mul(load_pixel(p10 + at, count, end), column0));
    store_pixel(y + at, madd(lower, row1, f32x4.mul(upper, row0)), count);
  }
}

/** Row by row, so that a chain of additions is as long as a row or as a column. */
function many(
  y: usize, x: usize, v: usize, h: usize, vw: usize, hw: usize, rows: i32, columns: i32, C: i32, end: usize,
): void {
  const count = min(C, 4);
  for (let c = 0; c < C; c += 4) {
    const at = vector_at(c, C);
    let sum = f32x4.splat(0);
    for (let i: usize = 0; i < <usize>rows << 2; i += 4) {
      let row = f32x4.splat(0);
      for (let j: usize = 0; j < <usize>columns << 2; j += 4) {
        row = madd(load_pixel(pixel_at(x, v + i, h + j) + at, count, end), v128.load32_splat(hw + j), row);
      }
      sum = madd(row, v128.load32_splat(vw + i), sum);
    }
    store_pixel(y + at, sum, count);
  }
}
