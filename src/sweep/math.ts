/**
 * Exponentials and the normal distribution, of additions, products and divisions alone: what a sweep tries next
 * must not depend on the JavaScript engine that computes it.
 */
import { inverseNormal, ln } from '../base/random.js';
import { exp as expOfNegative } from '../nn/exact-math.js';

/** ln √(2π) */
const LN_ROOT_TAU = 0.9189385332046727;

/** The exponential of any finite x, to about 4e-16. */
export function exp(x: number): number {
  return x <= 0 ? expOfNegative(x) : 1 / expOfNegative(-x);
}

/** The logarithm of the standard normal density. */
export function lnDensity(x: number): number {
  return -0.5 * x * x - LN_ROOT_TAU;
}

/** From here on the continued fraction has converged to a double within its terms. */
const FRACTION_FROM = 3;
const FRACTION_TERMS = 100;

/**
 * The share of the standard normal distribution above x ≥ 0. Near the middle by the series φ(x)·(x + x³/3 +
 * x⁵/15 + …), further out by Laplace's continued fraction φ(x) / (x + 1/(x + 2/(x + …))).
 */
function upperTail(x: number): number {
  const density = expOfNegative(lnDensity(x));
  if (x >= FRACTION_FROM) {
    let fraction = x;
    for (let k = FRACTION_TERMS; k >= 1; k--) fraction = x + k / fraction;
    return density / fraction;
  }
  let term = x;
  let sum = x;
  for (let k = 3; term > sum * 1e-17; k += 2) {
    term *= (x * x) / k;
    sum += term;
  }
  return 0.5 - density * sum;
}

/** The share of the standard normal distribution below x. */
export function normalBelow(x: number): number {
  return x >= 0 ? 1 - upperTail(x) : upperTail(-x);
}

/** The share between a ≤ b, without the cancellation that a difference of shares below them would bring. */
export function normalBetween(a: number, b: number): number {
  if (a >= 0) return upperTail(a) - upperTail(b);
  if (b <= 0) return upperTail(-b) - upperTail(-a);
  return 1 - upperTail(b) - upperTail(-a);
}

/** The point of [a, b] below which the share u in (0, 1) of the normal distribution within [a, b] lies. */
export function truncatedNormal(u: number, a: number, b: number): number {
  const below = normalBelow(a);
  const p = below + u * normalBetween(a, b);
  // inverseNormal takes what lies between 0 and 1.
  if (!(p > 0)) return a;
  if (!(p < 1)) return b;
  return Math.min(b, Math.max(a, inverseNormal(p)));
}

/** ln Σ exp(xᵢ), for any size of the xᵢ. */
export function lnSumExp(values: ArrayLike<number>): number {
  let most = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < values.length; i++) most = Math.max(most, values[i]);
  if (most === Number.NEGATIVE_INFINITY) return most;
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += expOfNegative(values[i] - most);
  return most + ln(sum);
}
