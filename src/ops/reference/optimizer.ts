/** Parameter updates, one pass over flat arrays: the readable twin of assembly/optimizer.ts. */
import type { Kernels } from '../../engine/kernels.js';
import type { ReferenceMemory } from './memory.js';

export function createOptimizer(memory: ReferenceMemory): Pick<Kernels, 'sgd_step'> {
  const { shift } = memory;
  return {
    sgd_step(w, g, n, learningRate) {
      const { f } = memory;
      const rate = memory.round(learningRate);
      const p = w >>> shift;
      const q = g >>> shift;
      for (let i = 0; i < n; i++) f[p + i] -= rate * f[q + i];
    },
  };
}
