/** Random numbers in memory, and the order in which the rows of a data set come: see base/random.ts. */
import { checkInteger } from '../base/options.js';
import type { Signatures } from '../engine/signatures.js';
import type { Tensor } from '../engine/tensor.js';
import { type Call, checkTensor } from './check.js';

export const signatures = {
  /**
   * Philox4x32-10 (Salmon et al. 2011): element i is word i mod 4 of the block with counter (i / 4, 0,
   * stream, 0) and key (seedLow, seedHigh). y[j] is made of element first + j. Bits are the same in every
   * backend. uniform: low + (high - low) · u with u the top 24 bits times 2⁻²⁴, each operation rounded to
   * float32.
   */
  random_uniform: 'y: out, n, seedLow: u32, seedHigh: u32, stream: u32, first: f64, low: f32, high: f32',
  /** mean + deviation · Φ⁻¹((bits + ½) 2⁻³²), in float64 (Wichura 1988, AS 241), then rounded. */
  random_normal: 'y: out, n, seedLow: u32, seedHigh: u32, stream: u32, first: f64, mean: f64, deviation: f64',
  /**
   * y (u32) = a permutation of 0 … n - 1: Fisher and Yates from the end, i swaps with ⌊(i + 1) · bits_i
   * 2⁻³²⌋.
   */
  random_permutation: 'y: out u32, n, seedLow: u32, seedHigh: u32, stream: u32',
} satisfies Signatures;

/** Fills `indices` (u32) with a permutation of 0 … size - 1 that depends on seed and stream alone. */
export function permute(indices: Tensor, seed: number, stream: number): Call {
  checkTensor('permute', 'indices', indices, 'u32', [undefined]);
  checkInteger('permute', 'seed', seed, { min: 0 });
  checkInteger('permute', 'stream', stream, { min: 0, max: 0xffffffff });
  const { kernels } = indices.engine;
  const [low, high] = [seed >>> 0, Math.floor(seed / 2 ** 32)];
  return () => kernels.random_permutation(indices.pointer, indices.size, low, high, stream);
}
