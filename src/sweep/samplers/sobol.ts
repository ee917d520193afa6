/**
 * Sobol's sequence: points that fill the space more evenly than chance does. In Gray code's order; scrambled, each
 * bit is turned over or not by the bits above it (A. B. Owen, "Randomly permuted (t,m,s)-nets and (t,s)-sequences",
 * 1995), which keeps the evenness and leaves no point on an edge. The first point stays (Owen, "On dropping the
 * first Sobol' point", 2020).
 */
import { OptionError } from '../../base/errors.js';
import { hash } from '../draws.js';
import { initialDirections } from './directions.js';
import { atUnit } from './random.js';
import type { Sampler, SamplerContext } from './sampler.js';

const BITS = 32;

export function sobolSampler(
  { space, seed }: SamplerContext,
  { scrambled }: { readonly scrambled: boolean },
): Sampler {
  const most = initialDirections.length + 1;
  const count = space.dimensions.length;
  if (count > most) {
    throw new OptionError('sweep', `sampler: sobol has at most ${most} settings, given ${count}`);
  }
  const directions = space.dimensions.map((_, dimension) => directionNumbers(dimension));
  const places = new Map(space.dimensions.map((dimension, index) => [dimension, index]));
  return {
    needs: () => 0,
    sample: ({ number }) =>
      space.settle((dimension) => {
        const index = places.get(dimension)!;
        const point = sobolPoint(directions[index], number);
        const unit = scrambled ? (scramble(point, seed, index) + 0.5) * 2 ** -BITS : point * 2 ** -BITS;
        return atUnit(dimension, unit);
      }),
  };
}

/** v₁ … v₃₂ of a dimension, as fractions of 2³². */
export function directionNumbers(dimension: number): Uint32Array {
  const numbers = new Uint32Array(BITS);
  if (dimension === 0) {
    for (let j = 0; j < BITS; j++) numbers[j] = 2 ** (BITS - 1 - j);
    return numbers;
  }
  const { degree, coefficients, initial } = initialDirections[dimension - 1];
  for (let j = 0; j < BITS; j++) {
    if (j < degree) {
      numbers[j] = initial[j] * 2 ** (BITS - 1 - j);
      continue;
    }
    let next = numbers[j - degree] ^ (numbers[j - degree] >>> degree);
    for (let k = 1; k < degree; k++) {
      if ((coefficients >>> (degree - 1 - k)) & 1) next ^= numbers[j - k];
    }
    numbers[j] = next >>> 0;
  }
  return numbers;
}

/** Coordinate of the point `index`, as a fraction of 2³². */
export function sobolPoint(directions: Uint32Array, index: number): number {
  let point = 0;
  let gray = (index ^ (index >>> 1)) >>> 0;
  for (let j = 0; gray !== 0; j++, gray >>>= 1) if (gray & 1) point ^= directions[j];
  return point >>> 0;
}

function scramble(point: number, seed: number, dimension: number): number {
  let result = 0;
  for (let bit = 0; bit < BITS; bit++) {
    const above = bit === 0 ? 0 : point >>> (BITS - bit);
    const own = (point >>> (BITS - 1 - bit)) & 1;
    const turned = hash(seed, above, bit, dimension) & 1;
    result = ((result << 1) | (own ^ turned)) >>> 0;
  }
  return result;
}
