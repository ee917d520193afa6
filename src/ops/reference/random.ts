/** Random numbers, by base/random.ts: the readable twin of assembly/random.ts. */

import { fillPermutation } from '../../base/permutation.js';
import { normalRun, uniformRun } from '../../base/random.js';
import type { signatures } from '../random.js';
import type { ReferenceMemory, Twins } from './memory.js';

export function twins(memory: ReferenceMemory): Twins<typeof signatures> {
  const { shift } = memory;
  return {
    random_uniform(y, n, seedLow, seedHigh, stream, first, low, high) {
      uniformRun(memory.f, y >>> shift, n, { seedLow, seedHigh, stream }, first, low, high);
    },
    random_normal(y, n, seedLow, seedHigh, stream, first, mean, deviation) {
      normalRun(memory.f, y >>> shift, n, { seedLow, seedHigh, stream }, first, mean, deviation);
    },
    random_permutation(y, n, seedLow, seedHigh, stream) {
      fillPermutation(memory.u32.subarray(y >>> 2, (y >>> 2) + n), { seedLow, seedHigh, stream });
    },
  };
}
