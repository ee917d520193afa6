/**
 * The kernel ABI, seen from TypeScript: what every backend implements and the engine calls. It checks
 * nothing. Each operation states its kernels in src/ops, and src/ops/reference has the readable meaning of
 * each.
 *
 * - Order of arguments: outputs, saved for backward, inputs, sizes, scalars. Scratch space follows the
 *   outputs.
 * - A pointer is a byte offset into the engine's memory; 0 means absent. A matrix is a pointer and its
 *   leading
 *   dimension (`ld`), a 3-tensor adds a stride between its matrices. Sizes, ld and strides count elements.
 * - `B` matrices in a batch, `M` rows, `N` columns, `K` reduced. Any of them may be 0.
 * - Kernels over strides take a tensor as a pointer and its strides along the axes of lengths D0, D1, D2;
 *   stride 0 repeats an element.
 * - `tiling` and `wide` choose the tiles of products (constants.ts; 1: for re-vectorised code) and never the
 *   result.
 * - Sums over M or K of more than LONGEST_CHAIN terms are made of blocks, so that rounding does not grow with
 *   their number: "one sum in
 *   ascending k" is one chain of additions up to there, and beyond it a chain for each block of 160, added up in order (products), or
 *   for each of 64, added up in float64 (sums of columns). The reference adds in float64.
 * - Outputs do not overlap inputs unless a line says `in place`. NaN and infinities pass through as IEEE 754
 *   has it.
 */
import { IDENTITY, RELU, SIGMOID, TANH } from './constants.js';
import type { Kernels } from './generated/kernels.js';

export { LONGEST_CHAIN, RESERVED_BYTES } from './constants.js';
export type { Kernels } from './generated/kernels.js';

/** Codes of the `activation` arguments. */
export const activationCodes = { identity: IDENTITY, sigmoid: SIGMOID, tanh: TANH, relu: RELU } as const;

/** Activations that products apply at their end, and whose derivative is a function of the output. */
export type FusedActivation = keyof typeof activationCodes;

/** Activations whose derivative needs the input. */
export type SmoothActivation = 'leakyRelu' | 'gelu' | 'geluTanh' | 'silu' | 'softplus' | 'elu';

/** Activations by name; formulas as in PyTorch. */
export type Activation = FusedActivation | SmoothActivation;

/** What an engine runs on: kernels and the memory that their pointers point into. */
export interface Backend {
  readonly name: 'wasm' | 'reference';
  readonly kernels: Kernels;
  /** Bytes of a floating-point element: 4, or 8 in the reference backend's float64 mode. */
  readonly elementBytes: 4 | 8;
  /** Detached by growth: read it when used, never keep it. */
  readonly buffer: ArrayBufferLike;
  /**
   * Makes the buffer at least `bytes` long, keeping its contents. Throws EngineError when that is refused.
   */
  reserve(bytes: number): void;
  /**
   * The first bytes of the buffer that belong to the backend itself: RESERVED_BYTES, and more where there are
   * threads.
   */
  readonly reservedBytes: number;
  /** Ends what runs for the backend. Twice is fine. */
  dispose(): void;
}
