/** Row bias, sums, largest columns and counts: the readable twin of assembly/reduce.ts. */

import { LONGEST_CHAIN } from '../../engine/kernels.js';
import type { signatures } from '../reduce.js';
import type { ReferenceMemory, Twins } from './memory.js';

export function twins(memory: ReferenceMemory): Twins<typeof signatures> {
  const { shift } = memory;
  return {
    add_bias(y, ldy, x, ldx, bias, M, N) {
      const { f } = memory;
      const b = bias >>> shift;
      for (let m = 0; m < M; m++) {
        const p = (x >>> shift) + m * ldx;
        const q = (y >>> shift) + m * ldy;
        for (let n = 0; n < N; n++) f[q + n] = f[p + n] + f[b + n];
      }
    },

    // Along the rows, in the order in which they lie; y itself holds the running sums, unless there are too
    // many terms to round each.
    column_sums(y, x, ldx, M, N, accumulate) {
      const { f } = memory;
      const q = y >>> shift;
      if (!accumulate) f.fill(0, q, q + N);
      const sums = M > LONGEST_CHAIN ? Float64Array.from(f.subarray(q, q + N)) : f.subarray(q, q + N);
      for (let m = 0; m < M; m++) {
        const p = (x >>> shift) + m * ldx;
        for (let n = 0; n < N; n++) sums[n] += f[p + n];
      }
      f.set(sums, q);
    },

    sum(x, n) {
      const { f } = memory;
      const p = x >>> shift;
      let total = 0;
      for (let i = 0; i < n; i++) total += f[p + i];
      return total;
    },

    argmax(y, x, ldx, M, N) {
      const { f, i32 } = memory;
      for (let m = 0; m < M; m++) {
        const p = (x >>> shift) + m * ldx;
        let best = -Infinity;
        let at = 0;
        // From the end, so that of equal values the first remains. A comparison with NaN is false.
        for (let n = N - 1; n >= 0; n--) {
          if (f[p + n] >= best) {
            best = f[p + n];
            at = n;
          }
        }
        i32[(y >>> 2) + m] = at;
      }
    },

    count_equal(x, y, n) {
      const { i32 } = memory;
      const p = x >>> 2;
      const q = y >>> 2;
      let count = 0;
      for (let i = 0; i < n; i++) if (i32[p + i] === i32[q + i]) count++;
      return count;
    },

    sum_squares(x, n) {
      const { f } = memory;
      const p = x >>> shift;
      let total = 0;
      for (let i = 0; i < n; i++) total += f[p + i] ** 2;
      return total;
    },

    sum_absolutes(x, n) {
      const { f } = memory;
      const p = x >>> shift;
      let total = 0;
      for (let i = 0; i < n; i++) total += Math.abs(f[p + i]);
      return total;
    },
  };
}
