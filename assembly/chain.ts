/**
 * How long a chain of float32 additions may get. Each addition rounds to the spacing of the sum so far, so
 * the error of a chain grows with its length: a million equal terms were off by 9e-3. A sum of up to
 * LONGEST_CHAIN terms is one chain in the order of its terms. A longer one is made of blocks: a chain each,
 * whose sums are added up in order. Which of the two it is depends on nothing but the number of terms, so the
 * bits are the same however a kernel's outputs are cut.
 *
 * LONGEST_CHAIN is a multiple of CHAIN_BLOCK, so that compressed rows, whose columns lie in blocks of 160,
 * have as many blocks as a dense product.
 */
import { LONGEST_CHAIN, SHORT_BLOCK } from '../build/assembly/constants';

/** Terms of a block, of a sum of M: all of them where one chain will do. */
// @ts-ignore: decorator
@inline
export function block_of(M: i32): i32 {
  return M > LONGEST_CHAIN ? SHORT_BLOCK : M;
}

/** total + the first two lanes of v, in float64. */
// @ts-ignore: decorator
@inline
export function add_low(total: v128, v: v128): v128 {
  return f64x2.add(total, f64x2.promote_low_f32x4(v));
}

/** total + the last two lanes of v, in float64. */
// @ts-ignore: decorator
@inline
export function add_high(total: v128, v: v128): v128 {
  return f64x2.add(total, f64x2.promote_low_f32x4(v128.shuffle<f64>(v, v, 1, 0)));
}

/** Both, rounded to four float32. What is one already, as the sum of one block is, stays as it is. */
// @ts-ignore: decorator
@inline
export function joined(low: v128, high: v128): v128 {
  return v128.shuffle<f64>(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 2);
}
