/** The machine's own limit, measured by the same rounds as everything else. */
import { readFile } from 'node:fs/promises';
import { platform } from '../src/base/platform/node.js';
import type { Candidate } from './harness.js';

const STEPS = 10_000;

interface LimitKernels {
  multiply_add_limit(pointer: number, steps: number): void;
  multiply_add_limit_wide(pointer: number, steps: number): void;
}

/**
 * A register-only loop of multiply-adds, in floating-point operations, for what the contender of this name
 * can do.
 */
export async function limitCandidate(contender: string): Promise<Candidate | undefined> {
  if (contender === 'reference') return undefined;
  const file = contender.startsWith('fma') ? 'limit-fma.wasm' : 'limit.wasm';
  const bytes = new Uint8Array(await readFile(new URL(`../build/bench/${file}`, import.meta.url)));
  const turbo = contender.endsWith('turbo');
  const module = await platform.compile(bytes, turbo);
  const memory = new WebAssembly.Memory({ initial: 1 });
  new Float32Array(memory.buffer).fill(0.5);
  const { exports } = await WebAssembly.instantiate(module, { env: { memory } });
  const kernels = exports as unknown as LimitKernels;
  const [chains, loop] = turbo ? [26, kernels.multiply_add_limit_wide] : [13, kernels.multiply_add_limit];
  return { name: `limit of ${contender}`, amount: STEPS * chains * 8, run: () => loop(512, STEPS) };
}
