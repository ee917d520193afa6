/**
 * Functions that are made of kernels there are: a part of a row at a time, through scratch space. A copy of
 * each polynomial in place of the calls would be a third of these kernels.
 */
import { exp, log } from '../activation';
import { abs4, one4, sign4 } from '../math';
import { elu_forward, gelu_forward } from '../smooth';

/** Floats of a part; two of them are the scratch space. */
// @ts-ignore: decorator
@inline const PART: i32 = 32;

/**
 * y = eˣ - 1: of x < 0 the kernel elu knows it, and else it is -(e⁻ˣ - 1)·eˣ. n is a multiple of 4, like
 * below.
 */
export function expm1_row(y: usize, x: usize, n: i32, side: usize): void {
  const power = side + (PART << 2);
  for (; n > 0; n -= PART) {
    const count = min(n, PART), bytes = <usize>count << 2;
    for (let i: usize = 0; i < bytes; i += 16) v128.store(side + i, f32x4.neg(abs4(v128.load(x + i))));
    elu_forward(side, side, count, 1);
    exp(power, x, count);
    for (let i: usize = 0; i < bytes; i += 16) {
      const v = v128.load(x + i), e = v128.load(side + i);
      const up = f32x4.mul(f32x4.neg(e), v128.load(power + i));
      // -0 stays -0; the others have this sign already.
      v128.store(y + i, v128.or(v128.bitselect(e, up, f32x4.lt(v, f32x4.splat(0))), sign4(v)));
    }
    x += bytes;
    y += bytes;
  }
}

/** y = ln(1 + x): the logarithm of the rounded sum, times what rounding left out (Kahan). */
export function log1p_row(y: usize, x: usize, n: i32, side: usize): void {
  for (; n > 0; n -= PART) {
    const count = min(n, PART), bytes = <usize>count << 2;
    for (let i: usize = 0; i < bytes; i += 16) v128.store(side + i, f32x4.add(v128.load(x + i), one4()));
    log(side, side, count);
    for (let i: usize = 0; i < bytes; i += 16) {
      const v = v128.load(x + i);
      const d = f32x4.sub(f32x4.add(v, one4()), one4());
      const ln = f32x4.mul(v128.load(side + i), f32x4.div(v, d));
      // Nothing is left of the small ones; infinity would be divided by itself.
      const asIs = v128.or(f32x4.eq(d, f32x4.splat(0)), f32x4.eq(v, f32x4.splat(Infinity)));
      v128.store(y + i, v128.bitselect(v, ln, asIs));
    }
    x += bytes;
    y += bytes;
  }
}

/**
 * y = erf x: near 0 Taylor's series, to 2⁻²⁶ up to 0.6; beyond, 1 less two tails of the normal distribution
 * at √2 x, which gelu has.
 */
export function erf_row(y: usize, x: usize, n: i32, side: usize): void {
  const share = side + (PART << 2);
  for (; n > 0; n -= PART) {
    const count = min(n, PART), bytes = <usize>count << 2;
    for (let i: usize = 0; i < bytes; i += 16) {
      // From 16 on the tail is 0, and infinity would be multiplied by it. pmin keeps NaN.
      const size = f32x4.pmin(abs4(v128.load(x + i)), f32x4.splat(16));
      v128.store(side + i, f32x4.mul(size, f32x4.splat(-1.4142135623730951)));
    }
    gelu_forward(share, side, count);
    for (let i: usize = 0; i < bytes; i += 16) {
      const v = v128.load(x + i);
      const tail = f32x4.div(v128.load(share + i), v128.load(side + i));
      const large = v128.or(f32x4.sub(one4(), f32x4.add(tail, tail)), sign4(v));
      v128.store(y + i, v128.bitselect(erf_small4(v), large, f32x4.lt(abs4(v), f32x4.splat(0.6))));
    }
    x += bytes;
    y += bytes;
  }
}

/** 2/√π · Σ (-1)ᵏ x²ᵏ⁺¹ / (k! (2k + 1)). */
// @ts-ignore: decorator
@inline
function erf_small4(x: v128): v128 {
  const z = f32x4.mul(x, x);
  let p = f32x4.splat(-1.4925650358406252e-5);
  p = f32x4.add(f32x4.mul(p, z), f32x4.splat(1.2055332981789664e-4));
  p = f32x4.add(f32x4.mul(p, z), f32x4.splat(-8.548327023450853e-4));
  p = f32x4.add(f32x4.mul(p, z), f32x4.splat(5.223977625442188e-3));
  p = f32x4.add(f32x4.mul(p, z), f32x4.splat(-0.026866170645131252));
  p = f32x4.add(f32x4.mul(p, z), f32x4.splat(0.11283791670955126));
  p = f32x4.add(f32x4.mul(p, z), f32x4.splat(-0.37612638903183754));
  return f32x4.add(f32x4.mul(x, f32x4.mul(p, z)), f32x4.mul(x, f32x4.splat(1.1283791670955126)));
}
