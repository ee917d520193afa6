/**
 * The bits of every kernel, on every binary, by any number of threads, with turbo and without: those of
 * hashes.json.
 */
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { platform } from '../../src/base/platform/node.js';
import { BINARY, REDUCTION, UNARY } from '../../src/engine/codes.js';
import { kernelNames } from '../../src/engine/generated/kernels.js';
import { numericsVersion } from '../../src/engine/numerics.js';
import { createWasmBackend, type WasmBackend, type WasmOptions } from '../../src/engine/wasm.js';
import { signatures } from './case.js';
import { goldenCases, keyOf } from './cases.js';
import { ADVICE, differences, digestOf, fuses, renewed, table } from './table.js';

platform.enableRelaxedSimd();

const engines: [name: string, options: WasmOptions][] = [
  ['strict', { binary: 'simd' }],
  ['fma', { binary: 'fma' }],
  // However small, everything is cut.
  ['strict, 3 threads', { binary: 'simd', threads: 3, worth: 0 }],
  ['fma, 2 threads', { binary: 'fma', threads: 2, worth: 0 }],
  ...(platform.turboUnavailable
    ? []
    : ([
        ['strict, turbo', { binary: 'simd', turbo: true }],
        ['fma, turbo', { binary: 'fma', turbo: true }],
      ] as [string, WasmOptions][])),
];

describe.each(engines)('%s', (_, options) => {
  let backend: WasmBackend;
  beforeAll(async () => {
    backend = await createWasmBackend(options);
  });
  afterAll(() => backend?.dispose());

  test('has the bits of the contract', () => {
    // An engine that rounds a multiply-add twice has the bits of strict arithmetic.
    const arithmetic = fuses(backend) ? options.binary : 'simd';
    expect(differences(backend, arithmetic), ADVICE).toEqual([]);
  });
});

describe('the table', () => {
  test('is that of the version', () => {
    expect(table.version, ADVICE).toBe(numericsVersion);
    expect(table.digests[numericsVersion], ADVICE).toBe(digestOf(table.hashes));
  });

  test('has every case, and no other', () => {
    const kept = Object.entries(table.hashes).flatMap(([kernel, shapes]) =>
      Object.keys(shapes).map((shape) => `${kernel}, ${shape}`),
    );
    expect(kept.sort(), '`npm run golden` writes new ones').toEqual(
      [...new Set(goldenCases.map(keyOf))].sort(),
    );
  });

  test('is not written anew where a hash has changed and the version has not', () => {
    const old = { version: 3, digests: { 3: 'digest' }, hashes: { exp: { 'one element': 'a' } } };
    const changed = { exp: { 'one element': 'b' } };
    const more = { ...old.hashes, log: { 'one element': 'c' } };
    expect(() => renewed(old, changed, 3)).toThrow(
      /a change of bits is a change of the contract[\s\S]*exp, one/,
    );
    expect(renewed(old, changed, 4)).toEqual({
      ...{ version: 4, hashes: changed },
      digests: { 3: 'digest', 4: digestOf(changed) },
    });
    expect(renewed(old, more, 3).digests).toEqual({ 3: digestOf(more) });
  });

  test('every version has a line in the list of changes', async () => {
    const changes = await readFile(new URL('../../CHANGELOG.md', import.meta.url), 'utf8');
    const unsaid = Object.keys(table.digests).filter(
      (version) => !new RegExp(`\\bnumerics\\s+version\\s+${version}\\b`, 'i').test(changes),
    );
    expect(unsaid, ADVICE).toEqual([]);
  });
});

describe('the cases', () => {
  const shapesOf = (kernel: string) =>
    goldenCases.filter((given) => given.kernel === kernel).map(({ shape }) => shape);
  const has = (kernel: string, word: RegExp) =>
    shapesOf(kernel).some((shape) => word.test(shape)) ? [] : [`${kernel} ${word}`];
  const computing = kernelNames.filter((name) => name !== 'workspace_size');

  test('go over one element, part of a vector and a tail of every kernel', () => {
    const missing = computing.flatMap((kernel) => [
      ...has(kernel, /one (element|pixel)/),
      ...has(kernel, /part of a vector|one dimension/),
      ...has(kernel, /tail|one channel/),
    ]);
    expect(missing).toEqual([]);
  });

  test('go over what threads cut, of every kernel that they cut', () => {
    const cut = computing.filter((kernel) => signatures.get(kernel as 'exp')!.isCut);
    expect(cut.flatMap((kernel) => has(kernel, /cut for threads/))).toEqual([]);
  });

  test('go over special and denormal numbers of every kernel that reads floats', () => {
    const whole = /^(gather_|expand_|random_|count_equal|copy_columns)/;
    const floats = computing.filter((kernel) => !whole.test(kernel));
    expect(floats.flatMap((kernel) => [...has(kernel, /special/), ...has(kernel, /denormal/)])).toEqual([]);
  });

  test.each([
    ['strided_unary', UNARY],
    ['strided_binary', BINARY],
    ['strided_reduce', REDUCTION],
  ] as const)('go over every function of %s', (kernel, names) => {
    const shapes = shapesOf(kernel);
    expect(names.filter((name) => !shapes.some((shape) => shape.startsWith(`${name}, `)))).toEqual([]);
  });
});
