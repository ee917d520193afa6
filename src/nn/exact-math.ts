/**
 * Powers, exponentials and cosines from additions, products and divisions alone. Math.pow, Math.exp and Math.cos
 * have other last bits in other JavaScript engines; learning rates, bias corrections and what augments images must
 * not.
 */

/** base to a whole number ≥ 0, by repeated squaring. */
export function power(base: number, exponent: number): number {
  let result = 1;
  let factor = base;
  for (let left = exponent; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) result *= factor;
    factor *= factor;
  }
  return result;
}

/**
 * cos(π·x) for x in [0, 1], to about 2e-16: Taylor's series of sine around the middle, where it is shortest.
 */
export function cosPi(x: number): number {
  // cos(πx) = -sin(π(x - ½)), and sin u = 2 sin(u/2) cos(u/2) halves the argument to at most π/4.
  const half = (Math.PI * (0.5 - x)) / 2;
  const square = half * half;
  let sine = 0;
  let cosine = 0;
  for (let k = 10; k >= 0; k--) {
    cosine = 1 - (square / ((2 * k + 1) * (2 * k + 2))) * cosine;
    sine = 1 - (square / ((2 * k + 2) * (2 * k + 3))) * sine;
  }
  return 2 * half * sine * cosine;
}

/** ln 2 in two parts, the first of few bits, so that whole multiples of it are exact. */
const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;

/** The exponential of x ≤ 0, to about 2e-16: Taylor's series of what is left of x without powers of two. */
export function exp(x: number): number {
  const halvings = Math.floor(0.5 - x / Math.LN2);
  // Less than the least number that there is.
  if (!(halvings < 1075)) return 0;
  const rest = x + halvings * LN2_HIGH + halvings * LN2_LOW;
  let sum = 1;
  for (let k = 14; k >= 1; k--) sum = 1 + (rest / k) * sum;
  return sum * power(0.5, halvings);
}
