/**
 * Distances in units in the last place (ulp) of float32, measured in float64 against the exact value, and
 * bounds for arrays. It decides nothing about which bound a kernel deserves.
 */

const double = new Float64Array(1);
const halves = new Uint32Array(double.buffer);

/** The spacing of float32 at x: 2^(e - 23), and 2⁻¹⁴⁹ among the denormals. */
export function ulpAt(x: number): number {
  double[0] = x;
  const exponent = ((halves[1] >>> 20) & 0x7ff) - 1023;
  return 2 ** (Math.min(Math.max(exponent, -126), 127) - 23);
}

/**
 * |got - exact| in ulps at exact. Infinity stands for 2¹²⁸, the first value beyond float32; equal NaNs are at
 * 0.
 */
export function ulpError(got: number, exact: number): number {
  if (Number.isNaN(got) || Number.isNaN(exact)) return Object.is(got, exact) ? 0 : Infinity;
  return Math.abs(clamp(got) - clamp(exact)) / ulpAt(clamp(exact));
}

function clamp(x: number): number {
  return Math.max(-(2 ** 128), Math.min(2 ** 128, x));
}

/** Throws at the worst element whose error in ulps is above `bound`. */
export function expectWithinUlps(
  context: string,
  got: ArrayLike<number>,
  exact: ArrayLike<number>,
  bound: number,
  input: ArrayLike<number> = exact,
): void {
  let worst = bound;
  let at = -1;
  for (let i = 0; i < exact.length; i++) {
    const error = ulpError(got[i], exact[i]);
    if (error > worst) {
      worst = error;
      at = i;
    }
  }
  if (at < 0) return;
  throw new Error(
    `${context}: element ${at} (of ${input[at]}) is ${got[at]}, exact ${exact[at]}: ${worst} ulp, bound ${bound}`,
  );
}

/**
 * Throws at the first element that is further from its exact value than tolerance(i). Where the exact value
 * is NaN, or infinite as a float32, the element must be the same.
 */
export function expectClose(
  context: string,
  got: ArrayLike<number>,
  exact: ArrayLike<number>,
  tolerance: (i: number) => number,
): void {
  for (let i = 0; i < exact.length; i++) {
    const rounded = Math.fround(exact[i]);
    const fine = Number.isFinite(rounded)
      ? Math.abs(got[i] - exact[i]) <= tolerance(i)
      : Object.is(got[i], rounded);
    if (!fine) throw new Error(`${context}: element ${i} is ${got[i]}, exact ${exact[i]} ± ${tolerance(i)}`);
  }
}

/** Throws at the first element that is not the same number; NaN equals NaN, and either zero the other. */
export function expectSame(context: string, got: ArrayLike<number>, expected: ArrayLike<number>): void {
  for (let i = 0; i < expected.length; i++) {
    if (got[i] === expected[i] || (Number.isNaN(got[i]) && Number.isNaN(expected[i]))) continue;
    throw new Error(`${context}: element ${i} is ${got[i]}, expected ${expected[i]}`);
  }
}
