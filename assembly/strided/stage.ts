/**
 * Rows whose elements lie apart, brought side by side and back: arithmetic then knows one kind of row. A
 * stage is scratch space for a part of a row of each operand.
 */
import { interleave_high, interleave_low, join_high, join_low, load_apart } from '../lanes';

/** Floats of a row that are staged at a time: four rows, and a little more, are the 4096 bytes of `work`. */
// @ts-ignore: decorator
@inline export const STAGE: i32 = 224;

/** The stage of operand i. */
// @ts-ignore: decorator
@inline
export function stage(work: usize, i: i32): usize {
  return work + (<usize>i * STAGE << 2);
}

/** y = n floats from x on, `step` bytes apart; 0 repeats one. */
export function pack_row(y: usize, x: usize, step: usize, n: i32): void {
  for (; n >= 4; n -= 4) {
    v128.store(y, load_apart(x, step));
    x += 4 * step;
    y += 16;
  }
  for (; n > 0; n--) {
    store<f32>(y, load<f32>(x));
    x += step;
    y += 4;
  }
}

/** n floats from y on, `step` bytes apart, = x. */
export function unpack_row(y: usize, step: usize, x: usize, n: i32): void {
  for (; n > 0; n--) {
    store<f32>(y, load<f32>(x));
    x += 4;
    y += step;
  }
}

/**
 * Rows of a block that is transposed: their lines stay in the first-level cache, even where they meet in a
 * few of its sets.
 */
// @ts-ignore: decorator
@inline const LINES: i32 = 64;

/** y [M, N], rows of ldy, = x whose elements lie sx0 and sx1 apart; strides count elements. */
export function copy_plane(y: usize, ldy: i32, x: usize, sx0: i32, sx1: i32, M: i32, N: i32): void {
  const down = <usize>ldy << 2;
  const step = <usize>sx1 << 2;
  let m = 0;
  if (sx0 == 1) {
    const whole = N & ~3;
    m = M & ~3;
    for (let from = 0; from < whole; from += LINES) {
      for (let i = 0; i < m; i += 4) {
        let p = x + (<usize>i << 2) + <usize>from * step;
        let q = y + <usize>i * down + (<usize>from << 2);
        for (let n = min(LINES, whole - from); n > 0; n -= 4) {
          transpose(q, down, p, step);
          p += 4 * step;
          q += 16;
        }
      }
    }
    for (let i = 0; i < m; i++) {
      const q = y + <usize>i * down + (<usize>whole << 2);
      pack_row(q, x + (<usize>i << 2) + <usize>whole * step, step, N - whole);
    }
  }
  for (; m < M; m++) pack_row(y + <usize>m * down, x + (<usize>(m * sx0) << 2), step, N);
}

/** Four rows of four floats, transposed. */
// @ts-ignore: decorator
@inline
function transpose(y: usize, ldy: usize, x: usize, ldx: usize): void {
  const a = v128.load(x), b = v128.load(x + ldx), c = v128.load(x + 2 * ldx), d = v128.load(x + 3 * ldx);
  const ab = interleave_low(a, b), cd = interleave_low(c, d);
  const AB = interleave_high(a, b), CD = interleave_high(c, d);
  v128.store(y, join_low(ab, cd));
  v128.store(y + ldy, join_high(ab, cd));
  v128.store(y + 2 * ldy, join_low(AB, CD));
  v128.store(y + 3 * ldy, join_high(AB, CD));
}
