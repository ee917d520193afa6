/**
 * Softmax and cross-entropy: the readable twin of assembly/softmax.ts. Every row is shifted by its maximum,
 * so that no exponential overflows, and summed in double.
 */
import type { signatures } from '../softmax.js';
import type { Floats, ReferenceMemory, Twins } from './memory.js';

/** Shares of a row's largest that are no gradient: see the signatures. */
const NEGLIGIBLE = 2 ** -64;

export function twins(memory: ReferenceMemory): Twins<typeof signatures> {
  const { shift } = memory;
  return {
    softmax_forward(y, ldy, x, ldx, M, N) {
      const { f } = memory;
      for (let m = 0; m < M; m++) {
        const p = (x >>> shift) + m * ldx;
        const q = (y >>> shift) + m * ldy;
        const max = rowMax(f, p, N);
        const sum = expSum(f, p, N, max);
        for (let n = 0; n < N; n++) f[q + n] = Math.exp(f[p + n] - max) / sum;
      }
    },

    softmax_backward(dx, lddx, y, ldy, dy, lddy, M, N) {
      const { f } = memory;
      for (let m = 0; m < M; m++) {
        const p = (y >>> shift) + m * ldy;
        const d = (dy >>> shift) + m * lddy;
        const q = (dx >>> shift) + m * lddx;
        let dot = 0;
        for (let n = 0; n < N; n++) dot += f[d + n] * f[p + n];
        for (let n = 0; n < N; n++) f[q + n] = f[p + n] * (f[d + n] - dot);
      }
    },

    softmax_cross_entropy(losses, dx, lddx, x, ldx, labels, M, N, scale) {
      const { f, i32 } = memory;
      const s = memory.round(scale);
      for (let m = 0; m < M; m++) {
        const p = (x >>> shift) + m * ldx;
        const label = i32[(labels >>> 2) + m];
        const max = rowMax(f, p, N);
        const sum = expSum(f, p, N, max);
        f[(losses >>> shift) + m] = Math.log(sum) - (f[p + label] - max);
        if (!dx) continue;
        const q = (dx >>> shift) + m * lddx;
        for (let n = 0; n < N; n++) {
          const e = Math.exp(f[p + n] - max);
          f[q + n] = ((e < NEGLIGIBLE ? 0 : e / sum) - (n === label ? 1 : 0)) * s;
        }
      }
    },
  };
}

/** NaN is passed over: the exponential of its element brings it back. */
function rowMax(f: Floats, p: number, N: number): number {
  let max = -Infinity;
  for (let n = 0; n < N; n++) if (f[p + n] > max) max = f[p + n];
  return max;
}

function expSum(f: Floats, p: number, N: number, max: number): number {
  let sum = 0;
  for (let n = 0; n < N; n++) sum += Math.exp(f[p + n] - max);
  return sum;
}
