/** The comparison of turbo code with plain code, on code that is known to be the same or not. */
import { beforeEach, expect, test } from 'vitest';
import { platform } from '../../src/base/platform/node.js';
import { kernelNames } from '../../src/engine/generated/kernels.js';
import { lines } from '../../src/engine/generated/lines.js';
import { type Backend, type Kernels, RESERVED_BYTES } from '../../src/engine/kernels.js';
import { sameBits } from '../../src/engine/self-check.js';
import { createWasmBackend } from '../../src/engine/wasm.js';

platform.enableRelaxedSimd();

const [right, other, fma] = await Promise.all(
  (['simd', 'simd', 'fma'] as const).map((binary) => createWasmBackend({ binary })),
);
// As new instances have it.
beforeEach(() => {
  for (const { buffer } of [right, other]) new Uint8Array(buffer, RESERVED_BYTES).fill(0);
});

type Call = (...args: number[]) => number;

/** The backend, but its kernel of one name changes the lowest bit of the first words that its first argument points to. */
function changed(backend: Backend, name: string): Backend {
  const kernels = { ...backend.kernels };
  const original = kernels[name as keyof Kernels] as Call;
  const wrong: Call = (...args) => {
    const result = original(...args);
    const words = new Uint32Array(backend.buffer, args[0], 4);
    for (const i of words.keys()) words[i] ^= 1;
    return result;
  };
  return Object.create(backend, { kernels: { value: { ...kernels, [name]: wrong } } });
}

test.each(['the first time', 'when their memory was used before'])(
  'two instances of one binary compute the same bits, %s',
  () => expect(sameBits(right, other)).toBe(true),
);

test('a binary that rounds otherwise does not', () => {
  expect(sameBits(right, fma)).toBe(false);
});

const products = [
  ...['gemm_nn', 'gemm_nt', 'gemm_tn', 'pack_b', 'compress_rows', 'sparse_gemm', 'sparse_sgd'],
  ...['conv_pack', 'conv_forward', 'conv_pack_turned', 'conv_image_gradient', 'conv_weight_gradient'],
];

test.each([...kernelNames.slice(0, lines.length), ...products])('one wrong bit of %s is noticed', (name) => {
  expect(sameBits(right, changed(other, name))).toBe(false);
});
