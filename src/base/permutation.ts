/** Orders of rows, drawn as the kernel draws them: assembly/random.ts. */
import { mulhi, philox, type RandomSource } from './random.js';

const block = new Uint32Array(4);

/**
 * target = a permutation of 0 … length - 1, by Fisher and Yates from the end; `run` (u32) tells apart several of
 * one source. The kernel's is that of run 0.
 */
export function fillPermutation(target: Uint32Array, source: RandomSource, run = 0): void {
  const n = target.length;
  for (let i = 0; i < n; i++) target[i] = i;
  let last = -1;
  for (let i = n - 1; i > 0; i--) {
    const counter = i >>> 2;
    if (counter !== last) philox(block, counter, run, source.stream, 0, source.seedLow, source.seedHigh);
    last = counter;
    const other = mulhi(i + 1, block[i & 3]);
    const kept = target[i];
    target[i] = target[other];
    target[other] = kept;
  }
}
