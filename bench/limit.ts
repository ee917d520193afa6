/** The machine's own limit, measured by the same rounds as everything else. */
import { readFile } from 'node:fs/promises';
import type { Candidate } from './harness.js';

const STEPS = 20_000;

interface LimitKernels {
  multiply_add_limit(pointer: number, steps: number): void;
}

/** A register-only loop of multiply-adds, `strict` or `fma`, in floating-point operations. */
export async function limitCandidate(math: 'strict' | 'fma'): Promise<Candidate> {
  const file = math === 'fma' ? 'limit-fma.wasm' : 'limit.wasm';
  const bytes = await readFile(new URL(`../build/bench/${file}`, import.meta.url));
  const memory = new WebAssembly.Memory({ initial: 1 });
  new Float32Array(memory.buffer).fill(0.5);
  const { instance } = await WebAssembly.instantiate(bytes, { env: { memory } });
  const kernels = instance.exports as unknown as LimitKernels;
  return {
    name: `limit (${math})`,
    amount: STEPS * 12 * 4 * 2,
    run: () => kernels.multiply_add_limit(64, STEPS),
  };
}
