/** Losses beside their gradients, row by row: the readable twin of assembly/losses.ts. */
import type { signatures } from '../losses.js';
import type { ReferenceMemory, Twins } from './memory.js';

/** Shares of a row's largest that are no gradient: see the signatures. */
const NEGLIGIBLE = 2 ** -64;

interface Elementwise {
  /** Of output x and target t. */
  value(x: number, t: number, parameter: number): number;
  derivative(x: number, t: number, parameter: number): number;
}

const squared: Elementwise = { value: (x, t) => (x - t) ** 2, derivative: (x, t) => 2 * (x - t) };

const absolute: Elementwise = { value: (x, t) => Math.abs(x - t), derivative: (x, t) => Math.sign(x - t) };

const huber: Elementwise = {
  value(x, t, delta) {
    const r = Math.abs(x - t);
    return r > delta ? delta * (r - 0.5 * delta) : 0.5 * r * r;
  },
  derivative: (x, t, delta) => (Math.abs(x - t) > delta ? delta * Math.sign(x - t) : x - t),
};

const binary: Elementwise = {
  value(x, t, positiveWeight) {
    const soft = Math.max(-x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
    return (1 - t) * x + (1 + (positiveWeight - 1) * t) * soft;
  },
  derivative: (x, t, positiveWeight) => 1 - t - (1 + (positiveWeight - 1) * t) / (1 + Math.exp(x)),
};

// biome-ignore format: an argument list a line or two
export function twins(memory: ReferenceMemory): Twins<typeof signatures> {
  const { shift } = memory;
  /** Element i of an array that may be absent. */
  const at = (pointer: number, i: number, absent: number) => (pointer ? memory.f[(pointer >>> shift) + i] : absent);

  function eachRow(
    kind: Elementwise, losses: number, dx: number, lddx: number, x: number, ldx: number, t: number, ldt: number,
    weights: number, M: number, N: number, parameter: number, scale: number,
  ): void {
    const { f } = memory;
    const a = memory.round(parameter);
    for (let m = 0; m < M; m++) {
      const p = (x >>> shift) + m * ldx;
      const q = (t >>> shift) + m * ldt;
      const share = at(weights, m, 1) / N;
      let sum = 0;
      for (let n = 0; n < N; n++) sum += kind.value(f[p + n], f[q + n], a);
      f[(losses >>> shift) + m] = share * sum;
      if (!dx) continue;
      const d = (dx >>> shift) + m * lddx;
      for (let n = 0; n < N; n++) {
        f[d + n] = share * memory.round(scale) * kind.derivative(f[p + n], f[q + n], a);
      }
    }
  }

  return {
    squared_error(losses, dx, lddx, x, ldx, t, ldt, weights, M, N, scale) {
      eachRow(squared, losses, dx, lddx, x, ldx, t, ldt, weights, M, N, 0, scale);
    },
    absolute_error(losses, dx, lddx, x, ldx, t, ldt, weights, M, N, scale) {
      eachRow(absolute, losses, dx, lddx, x, ldx, t, ldt, weights, M, N, 0, scale);
    },
    huber_error(losses, dx, lddx, x, ldx, t, ldt, weights, M, N, delta, scale) {
      eachRow(huber, losses, dx, lddx, x, ldx, t, ldt, weights, M, N, delta, scale);
    },
    binary_cross_entropy(losses, dx, lddx, x, ldx, t, ldt, weights, M, N, positiveWeight, scale) {
      eachRow(binary, losses, dx, lddx, x, ldx, t, ldt, weights, M, N, positiveWeight, scale);
    },

    weighted_cross_entropy(
      losses, dx, lddx, x, ldx, labels, weights, classWeights, ldc, M, N, smoothing, scale,
    ) {
      const { f, i32 } = memory;
      const epsilon = memory.round(smoothing);
      for (let m = 0; m < M; m++) {
        const p = (x >>> shift) + m * ldx;
        const label = ldc ? 0 : i32[(labels >>> 2) + m];
        const weightOf = (n: number) => at(classWeights, m * ldc + n, 1);
        const even = ldc ? 1 : epsilon / N;
        let max = -Infinity;
        for (let n = 0; n < N; n++) if (f[p + n] > max) max = f[p + n];
        let sum = 0;
        for (let n = 0; n < N; n++) sum += Math.exp(f[p + n] - max);
        /** -ln p[n]. */
        const surprise = (n: number) => Math.log(sum) - (f[p + n] - max);
        const own = (1 - epsilon) * weightOf(label);
        let loss = own * surprise(label);
        let total = own;
        for (let n = 0; n < N && epsilon > 0; n++) {
          loss += even * weightOf(n) * surprise(n);
          total += even * weightOf(n);
        }
        const weight = at(weights, m, 1);
        f[(losses >>> shift) + m] = weight * loss;
        if (!dx) continue;
        const q = (dx >>> shift) + m * lddx;
        for (let n = 0; n < N; n++) {
          const e = Math.exp(f[p + n] - max);
          const share = e < NEGLIGIBLE ? 0 : e / sum;
          const wanted = (n === label ? own : 0) + even * weightOf(n);
          f[q + n] = weight * memory.round(scale) * (total * share - wanted);
        }
      }
    },

    row_weights(y, labels, weights, classWeights, M) {
      const { f, i32 } = memory;
      for (let m = 0; m < M; m++) {
        const ofClass = classWeights ? f[(classWeights >>> shift) + i32[(labels >>> 2) + m]] : 1;
        f[(y >>> shift) + m] = at(weights, m, 1) * ofClass;
      }
    },

    positive(y, x, ldx, M) {
      const { f, i32 } = memory;
      for (let m = 0; m < M; m++) i32[(y >>> 2) + m] = f[(x >>> shift) + m * ldx] > 0 ? 1 : 0;
    },
  };
}
