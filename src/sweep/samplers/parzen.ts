/**
 * A density over some dimensions, as a mixture of a kernel around each observation and a wide one over the whole
 * range: what the tree-structured Parzen estimator compares two of. Numbers lie in [0, 1] and have normal kernels
 * that end there; a value that stands for a part of the range has the share of the kernel on that part. Choices
 * have kernels that give most to what was observed.
 *
 * Widths of kernels: of one dimension alone, the distance to the neighbour further off (Bergstra et al.,
 * "Algorithms for hyper-parameter optimization", 2011); of several together, 0.1·n^(-1/(d+4)) of the range, of n
 * observations in d dimensions (Scott's rule). In both at least the range divided by min(100, (n + 2)^1.3): between
 * the exponents 1 of the first implementations and 2, which S. Watanabe recommends ("Tree-structured Parzen
 * estimator", 2023). Exponent and factor are the best of 1, 1.3, 2 and 0.05, 0.1, 0.2 on the functions of bench/sweep.
 */
import { ln } from '../../base/random.js';
import type { Draws } from '../draws.js';
import { exp, lnDensity, lnSumExp, normalBetween, truncatedNormal } from '../math.js';
import {
  cellOf,
  type Dimension,
  fromUnit,
  indexOf,
  type SettingValue,
  type TrialSettings,
  toUnit,
  valueAt,
} from '../space.js';

/** Observations of one dimension, kernel by kernel. The last kernel is the wide one. */
interface Axis {
  /** The logarithm of each kernel at a value, into `out`. */
  addDensities(value: SettingValue, out: Float64Array): void;
  draw(kernel: number, draws: Draws): SettingValue;
}

export class Parzen {
  readonly #dimensions: readonly Dimension[];
  readonly #axes: readonly Axis[];
  readonly #lnWeights: Float64Array;
  readonly #cumulative: Float64Array;

  /**
   * @param observed settings that have all of the dimensions, the earliest first.
   * @param weights one for each; the wide kernel's is that of the heaviest.
   */
  constructor(
    dimensions: readonly Dimension[],
    observed: readonly TrialSettings[],
    weights: readonly number[],
  ) {
    this.#dimensions = dimensions;
    const all = [...weights, 1];
    const total = all.reduce((sum, weight) => sum + weight, 0);
    this.#lnWeights = Float64Array.from(all, (weight) => ln(weight / total));
    let below = 0;
    this.#cumulative = Float64Array.from(all, (weight) => {
      below += weight / total;
      return below;
    });
    this.#axes = dimensions.map((dimension) => {
      const values = observed.map((settings) => settings[dimension.name]);
      return dimension.kind === 'choice'
        ? choiceAxis(dimension, values)
        : numericAxis(dimension, values as number[], dimensions.length);
    });
  }

  /** TrialSettings of the dimensions, by chance: a kernel, and a value of it for each of them. */
  draw(draws: Draws): TrialSettings {
    const place = draws.uniform();
    const found = this.#cumulative.findIndex((below) => place < below);
    const kernel = found < 0 ? this.#cumulative.length - 1 : found;
    return Object.fromEntries(
      this.#dimensions.map(({ name }, index) => [name, this.#axes[index].draw(kernel, draws)]),
    );
  }

  /** The logarithm of the density; where values stand for parts of the range, of the probability. */
  lnDensity(settings: TrialSettings): number {
    const sums = Float64Array.from(this.#lnWeights);
    for (const [index, { name }] of this.#dimensions.entries()) {
      this.#axes[index].addDensities(settings[name], sums);
    }
    return lnSumExp(sums);
  }
}

function choiceAxis(dimension: Dimension & { kind: 'choice' }, values: readonly SettingValue[]): Axis {
  const count = dimension.values.length;
  const observed = values.map((value) => indexOf(dimension, value));
  // What every choice has: the less, the more there are observations.
  const base = 1 / (observed.length + 1);
  const total = 1 + base * count;
  const [lnHit, lnMiss, lnEven] = [ln((1 + base) / total), ln(base / total), ln(1 / count)];
  return {
    addDensities(value, out) {
      const index = indexOf(dimension, value);
      for (let k = 0; k < observed.length; k++) out[k] += observed[k] === index ? lnHit : lnMiss;
      out[observed.length] += lnEven;
    },
    draw(kernel, draws) {
      if (kernel === observed.length) return valueAt(dimension, draws.index(count));
      const place = draws.uniform() * total;
      if (place < 1) return valueAt(dimension, observed[kernel]);
      return valueAt(dimension, Math.min(count - 1, Math.floor((place - 1) / base)));
    },
  };
}

function numericAxis(
  dimension: Exclude<Dimension, { kind: 'choice' }>,
  values: readonly number[],
  together: number,
): Axis {
  const means = [...values.map((value) => toUnit(dimension, value)), 0.5];
  const widths = together === 1 ? widthsByNeighbours(means) : widthsByCount(means.length - 1, together);
  widths[means.length - 1] = 1;
  // What of each kernel lies in the range.
  const lnInside = means.map((mean, k) => ln(normalBetween(-mean / widths[k], (1 - mean) / widths[k])));
  return {
    addDensities(value, out) {
      const cell = cellOf(dimension, value as number);
      const place = toUnit(dimension, value as number);
      for (let k = 0; k < means.length; k++) {
        const own = cell
          ? lnOrNothing(normalBetween((cell[0] - means[k]) / widths[k], (cell[1] - means[k]) / widths[k]))
          : lnDensity((place - means[k]) / widths[k]) - ln(widths[k]);
        out[k] += own - lnInside[k];
      }
    },
    draw(kernel, draws) {
      const [mean, width] = [means[kernel], widths[kernel]];
      const place = truncatedNormal(draws.uniform(), -mean / width, (1 - mean) / width);
      return fromUnit(dimension, Math.min(1, Math.max(0, mean + width * place)));
    },
  };
}

/** ln takes normal numbers only. */
function lnOrNothing(value: number): number {
  return value < 1e-300 ? -700 : ln(value);
}

function leastWidth(observations: number): number {
  return 1 / Math.min(100, exp(1.3 * ln(observations + 2)));
}

/** The distance of each to its neighbour further off, the wide kernel's middle among them. */
function widthsByNeighbours(means: readonly number[]): number[] {
  const order = means.map((_, i) => i).sort((a, b) => means[a] - means[b] || a - b);
  const least = leastWidth(means.length - 1);
  const widths = means.map(() => 1);
  for (const [at, i] of order.entries()) {
    const left = at > 0 ? means[i] - means[order[at - 1]] : 0;
    const right = at < order.length - 1 ? means[order[at + 1]] - means[i] : 0;
    widths[i] = Math.min(1, Math.max(least, left, right));
  }
  return widths;
}

function widthsByCount(observations: number, dimensions: number): number[] {
  const width = 0.1 * exp(-ln(Math.max(1, observations)) / (dimensions + 4));
  return Array.from({ length: observations + 1 }, () => Math.max(leastWidth(observations), width));
}
