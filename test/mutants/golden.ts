/** The golden hashes of test/golden as tests of the tool, one a kernel. */
import { expect, test } from 'vitest';
import { createWasmBackend } from '../../src/engine/wasm.js';
import { goldenCases } from '../golden/cases.js';
import { differences } from '../golden/table.js';

const backend = await createWasmBackend({ binary: 'simd' });
for (const name of new Set(goldenCases.map(({ kernel }) => kernel))) {
  const cases = goldenCases.filter(({ kernel }) => kernel === name);
  test(name, () => expect(differences(backend, 'simd', cases)).toEqual([]));
}
