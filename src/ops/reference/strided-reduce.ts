/** Sums and extremes over axes of tensors of any strides: the readable twin of assembly/strided/reduce.ts. */
import { REDUCTION } from '../../engine/codes.js';
import { LONGEST_CHAIN } from '../../engine/constants.js';
import type { signatures } from '../strided-reduce.js';
import type { ReferenceMemory, Twins } from './memory.js';

export function twins(memory: ReferenceMemory): Twins<typeof signatures> {
  const { shift } = memory;
  return {
    strided_reduce(y, sy0, sy1, x, sx0, sx1, sr0, sr1, D0, D1, R0, R1, op, accumulate) {
      const { f } = memory;
      const name = REDUCTION[op];
      const identity = name === 'sum' ? 0 : name === 'max' ? -Infinity : Infinity;
      // What is summed is rounded at every term, unless there are too many of them.
      const round = name === 'sum' && R0 * R1 <= LONGEST_CHAIN;
      for (let i = 0; i < D0; i++) {
        for (let j = 0; j < D1; j++) {
          const q = (y >>> shift) + i * sy0 + j * sy1;
          let total = accumulate ? f[q] : identity;
          for (let r = 0; r < R0; r++) {
            const p = (x >>> shift) + i * sx0 + j * sx1 + r * sr0;
            for (let s = 0; s < R1; s++) {
              const v = f[p + s * sr1];
              if (name === 'sum') total = round ? memory.round(total + v) : total + v;
              else total = name === 'max' ? Math.max(total, v) : Math.min(total, v);
            }
          }
          f[q] = total;
        }
      }
    },
  };
}
