/** The comparison of turbo code with plain code, on code that is known to be the same or not. */
import { expect, test } from 'vitest';
import { platform } from '../../src/base/platform/node.js';
import { kernelNames } from '../../src/engine/generated/kernels.js';
import { lines } from '../../src/engine/generated/lines.js';
import type { Backend, Kernels } from '../../src/engine/kernels.js';
import { sameBits } from '../../src/engine/self-check.js';
import { createWasmBackend } from '../../src/engine/wasm.js';

platform.enableRelaxedSimd();

type Call = (...args: number[]) => number;

/**
 * A backend whose kernel of one name changes the lowest bit of the first words that its first argument points
 * to.
 */
async function changed(name: string): Promise<Backend> {
  const backend = await createWasmBackend({ binary: 'simd' });
  const kernels = { ...backend.kernels };
  const right = kernels[name as keyof Kernels] as Call;
  const wrong: Call = (...args) => {
    const result = right(...args);
    const words = new Uint32Array(backend.buffer, args[0], 4);
    for (const i of words.keys()) words[i] ^= 1;
    return result;
  };
  return Object.create(backend, { kernels: { value: { ...kernels, [name]: wrong } } });
}

test('two instances of one binary compute the same bits', async () => {
  const [a, b] = await Promise.all([1, 2].map(() => createWasmBackend({ binary: 'simd' })));
  expect(sameBits(a, b)).toBe(true);
});

test('a binary that rounds otherwise does not', async () => {
  const [a, b] = await Promise.all([
    createWasmBackend({ binary: 'simd' }),
    createWasmBackend({ binary: 'fma' }),
  ]);
  expect(sameBits(a, b)).toBe(false);
});

const products = [
  ...['gemm_nn', 'gemm_nt', 'gemm_tn', 'pack_b', 'compress_rows', 'sparse_gemm', 'sparse_sgd'],
  ...['conv_pack', 'conv_forward', 'conv_pack_turned', 'conv_image_gradient', 'conv_weight_gradient'],
];

test.each([...kernelNames.slice(0, lines.length), ...products])(
  'one wrong bit of %s is noticed',
  async (name) => {
    const right = await createWasmBackend({ binary: 'simd' });
    expect(sameBits(right, await changed(name))).toBe(false);
  },
);
