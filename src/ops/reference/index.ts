/**
 * The reference backend: every kernel as plain TypeScript loops. It is the oracle of the tests, the fallback
 * where WebAssembly SIMD is missing, and the baseline of the benchmarks; not a second implementation to tune.
 *
 * In float64 mode the floating-point elements are doubles, for checking gradients. The loops are the same. V8
 * keeps one type feedback for both, so timings of one precision belong in a process that has not run the
 * other.
 */
import { type Backend, RESERVED_BYTES } from '../../engine/kernels.js';
import { createTwins } from '../generated/twins.js';
import { type Precision, ReferenceMemory } from './memory.js';

export interface ReferenceBackend extends Backend {
  readonly name: 'reference';
  readonly precision: Precision;
}

/** Always works. Precision is float32 unless told otherwise. */
export function createReferenceBackend(options?: { precision?: Precision }): ReferenceBackend {
  const precision = options?.precision ?? 'float32';
  const memory = new ReferenceMemory(precision);
  return {
    name: 'reference',
    precision,
    kernels: createTwins(memory),
    elementBytes: precision === 'float64' ? 8 : 4,
    get buffer() {
      return memory.buffer;
    },
    reserve: (bytes) => memory.reserve(bytes),
    reservedBytes: RESERVED_BYTES,
    dispose() {},
  };
}
