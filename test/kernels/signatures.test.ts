/**
 * The signatures of src/ops: they are those of the kernels, and what is written from them is what it should
 * be.
 */
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compare, declarations, parse, readSignatures, writeSignatures } from '../../assembly/signatures.mjs';
import { kernelNames } from '../../src/engine/generated/kernels.js';
import { createWasmBackend } from '../../src/engine/wasm.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

test('each signature is that of the function in AssemblyScript', async () => {
  const { operations, declared } = await readSignatures(root);
  const all = operations.flatMap(({ signatures }) => signatures);
  expect(all.length).toBeGreaterThan(80);
  expect(() => compare(all, declared)).not.toThrow();
});

test('the binary exports every kernel, with as many arguments', async () => {
  const { operations } = await readSignatures(root);
  const kernels = operations.flatMap(({ signatures }) => signatures).filter(({ part }) => !part);
  expect(kernels.map(({ name }) => name).sort()).toEqual([...kernelNames].sort());
  const backend = await createWasmBackend({ binary: 'simd' });
  const exported = backend.kernels as unknown as Record<string, { length: number }>;
  for (const { name, args } of kernels) expect([name, exported[name].length]).toEqual([name, args.length]);
});

describe('where the two languages disagree', () => {
  const stated = [parse('f', 'y: out each, x: in each, n: cut, a: f32; 1 ns')];
  const agree = (source: string) => compare(stated, declarations({ 'assembly/f.ts': source }));

  test('only the same names, types and order will do', () => {
    agree('export function f(y: usize, x: usize, n: i32, a: f32): void {');
    agree('export function f(\n  y: usize, x: usize,\n  n: i32, a: f32,\n): void {');
  });

  test.each([
    ['another order', 'export function f(x: usize, y: usize, n: i32, a: f32): void {'],
    ['another name', 'export function f(y: usize, x: usize, m: i32, a: f32): void {'],
    ['another type', 'export function f(y: usize, x: usize, n: i32, a: f64): void {'],
    ['an argument more', 'export function f(y: usize, x: usize, n: i32, a: f32, b: f32): void {'],
    ['a result', 'export function f(y: usize, x: usize, n: i32, a: f32): i32 {'],
  ])('%s is an error that shows both', (_, source) => {
    expect(() => agree(source)).toThrow(/f is stated in src\/ops as[\s\S]*declared in assembly\/f.ts as/);
  });

  test('so is a function that is not there', () => {
    expect(() => agree('function f(y: usize): void {')).toThrow('assembly exports no such function');
  });
});

test.each([
  ['x: in each; 1 ns', '0 arguments are cut, expected 1'],
  ['x: in each, n: cut', '1 arguments are cut, expected 0'],
  ['x: in rows, n: cut; 1 ns', 'no leading dimension follows x'],
  ['x: into, n; job', '"into" is no kind of argument'],
  ['x: in i64', '"x: in i64" is no pointer'],
  ['x: f32 each', '"x: f32 each" is no argument'],
  ['x; 3 ms', '"3 ms" is no ending'],
])('%s is no signature', (text, message) => {
  expect(() => parse('f', text)).toThrow(`signature of f: ${message}`);
});

describe('another operation', () => {
  let folder = '';

  beforeAll(async () => {
    folder = `${await mkdtemp(join(tmpdir(), 'lanegrad-signatures-'))}/`;
    for (const part of ['assembly', 'src/base', 'src/engine', 'src/ops']) {
      await cp(`${root}${part}`, `${folder}${part}`, { recursive: true });
    }
    await mkdir(`${folder}build`);
    await writeFile(`${folder}package.json`, '{"sideEffects": false}');
    await writeFile(
      `${folder}assembly/cube.ts`,
      'export function cube(y: usize, x: usize, n: i32, factor: f32): void {}\n',
    );
    await writeFile(
      `${folder}src/ops/cube.ts`,
      `export const signatures = {
  /** y = factor · x³. */
  cube: 'y: out each, x: in each, n: cut, factor: f32; 0.2 ns',
};
`,
    );
    await writeSignatures(folder);
  });
  afterAll(() => rm(folder, { recursive: true }));

  test.each([
    ['build/assembly/index.ts', 'export { cube as k'],
    ['build/assembly/lines.ts', 'return cube(int(args, 0), int(args, 1), int(args, 2), real(args, 3));'],
    [
      'src/engine/generated/kernels.ts',
      '  /** y = factor · x³. */\n  cube(y: number, x: number, n: number, factor: number): void;',
    ],
    ['src/engine/generated/lines.ts', "['eenf', 0.2],"],
    // Scratch space, strides, and two sides that are not cut.
    ['src/engine/generated/lines.ts', "['r___sr___nww_f', 0.5],"],
    ['build/assembly/constants.ts', 'export const UNARY_LEAKY_RELU: i32 = 21;'],
    ['src/ops/generated/twins.ts', "from '../reference/cube.js';"],
  ])('is in %s', async (file, text) => {
    expect(await readFile(`${folder}${file}`, 'utf8')).toContain(text);
  });
});
