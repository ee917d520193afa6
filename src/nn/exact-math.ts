/**
 * Powers and cosines from additions, products and divisions alone. Math.pow and Math.cos have other last bits
 * in other JavaScript engines; learning rates and bias corrections must not.
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
