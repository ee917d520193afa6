/**
 * The reference backend: every kernel as plain TypeScript loops. It is the oracle of the tests, the fallback where
 * WebAssembly SIMD is missing, and the baseline of the benchmarks; not a second implementation to tune.
 *
 * In float64 mode the floating-point elements are doubles, for checking gradients. The loops are the same. V8 keeps one
 * type feedback for both, so timings of one precision belong in a process that has not run the other.
 */
import { type Backend, type Kernels, RESERVED_BYTES } from '../../engine/kernels.js';
import { createActivation } from './activation.js';
import { createCompressed } from './compressed.js';
import { createEmbedding } from './embedding.js';
import { createGather } from './gather.js';
import { createGemm } from './gemm.js';
import { createLosses } from './losses.js';
import { type Precision, ReferenceMemory } from './memory.js';
import { createNorm } from './norm.js';
import { createOptimizer } from './optimizer.js';
import { createOptimizers } from './optimizers.js';
import { createRandom } from './random.js';
import { createReduce } from './reduce.js';
import { createSmooth } from './smooth.js';
import { createSoftmax } from './softmax.js';
import { createSparse } from './sparse.js';

export interface ReferenceBackend extends Backend {
  readonly name: 'reference';
  readonly precision: Precision;
}

/** Always works. Precision is float32 unless told otherwise. */
export function createReferenceBackend(options?: { precision?: Precision }): ReferenceBackend {
  const precision = options?.precision ?? 'float32';
  const memory = new ReferenceMemory(precision);
  const activation = createActivation(memory);
  const compressed = createCompressed(memory);
  const kernels: Kernels = {
    ...createGemm(memory, activation),
    ...activation.kernels,
    ...compressed,
    ...createSparse(memory, activation, compressed),
    ...createSoftmax(memory),
    ...createOptimizer(memory),
    ...createReduce(memory),
    ...createGather(memory),
    ...createRandom(memory),
    ...createSmooth(memory),
    ...createNorm(memory),
    ...createEmbedding(memory),
    ...createLosses(memory),
    ...createOptimizers(memory),
  };
  return {
    name: 'reference',
    precision,
    kernels,
    elementBytes: precision === 'float64' ? 8 : 4,
    get buffer() {
      return memory.buffer;
    },
    reserve: (bytes) => memory.reserve(bytes),
    reservedBytes: RESERVED_BYTES,
    dispose() {},
  };
}
