/** The tool itself, over the binary as it is built: what it reads, what it makes of it, and what ends. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { testNumbers } from '../kernels/harness.js';
import { Assembler, BUDGET, MARK } from './assemble.js';
import { decode, Reader, sectionOf, signed, unsigned } from './decode.js';
import { allEquivalents } from './equivalent.js';
import { familyOf, functionsOf } from './mutants.js';
import { changesOf } from './mutations.js';

const bytes = readFileSync(new URL('../../build/simd.wasm', import.meta.url));
const binary = decode(bytes);

/** All changes of the binary with their places, in order. */
const all = binary.bodies.flatMap(({ instructions }, func) =>
  instructions.flatMap((instruction, index) =>
    changesOf(binary, instruction).map((change) => ({ func, index, ...change })),
  ),
);

test('numbers are written as they are read', () => {
  const reader = (bytes: readonly number[]) => new Reader(Uint8Array.from(bytes), 0);
  const counts = [0, 1, 127, 128, 300, 2 ** 31];
  expect(counts.map((n) => unsigned(n).length)).toEqual([1, 1, 1, 2, 2, 5]);
  expect(counts.map((n) => reader(unsigned(n)).unsigned())).toEqual(counts);
  const numbers = [0n, -1n, 63n, 64n, -64n, -65n];
  expect(numbers.map(signed)).toEqual([[0], [127], [63], [0xc0, 0], [64], [0xbf, 127]]);
  expect(numbers.map((n) => reader(signed(n)).signed())).toEqual(numbers);
});

test('instructions fill their functions, and functions their section', () => {
  let end = 0;
  for (const { instructions, end: last } of binary.bodies) {
    for (const [i, { at, length }] of instructions.entries()) {
      expect(at + length).toBe(instructions[i + 1]?.at ?? last);
    }
    end = last;
  }
  expect(end).toBe(sectionOf(binary.sections, 10).end);
});

test('every function of the binary is of a family', () => {
  const functions = functionsOf(readFileSync(new URL('../../build/simd.wat', import.meta.url), 'utf8'));
  expect(functions.length).toBe(binary.bodies.length);
  expect(functions.filter((name) => familyOf(name) === undefined)).toEqual([]);
});

test('every entry of the equivalents names a line that is there', () => {
  const root = new URL('../../', import.meta.url);
  const files = ['assembly/', 'build/assembly/'].flatMap((folder) =>
    readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => `${folder}${name.replaceAll('\\', '/')}`),
  );
  const lines = files.map(
    (file) =>
      [
        file,
        readFileSync(new URL(file, root), 'utf8')
          .split('\n')
          .map((line) => line.trim()),
      ] as const,
  );
  const stale = allEquivalents.filter(({ file, line }) => {
    const anywhere = new RegExp(line.source.replaceAll('‸', ''));
    return !lines.some(([name, own]) => file.test(name) && own.some((text) => anywhere.test(text)));
  });
  expect(stale.map(({ line }) => String(line))).toEqual([]);
});

describe('mutants', () => {
  test('each differs from what it was, and there are many of most instructions', () => {
    expect(all.filter(({ before, after }) => before === after)).toEqual([]);
    expect(all.length).toBeGreaterThan(15_000);
  });

  test('are valid modules', () => {
    const assembler = new Assembler(binary);
    const next = testNumbers(7);
    for (let i = 0; i < 250; i++) {
      const mutant = all[Math.floor(next() * all.length)];
      const valid = WebAssembly.validate(assembler.module(mutant) as BufferSource);
      if (!valid) throw new Error(`${mutant.before} -> ${mutant.after} is no valid module`);
    }
  });
});

/** Instance of a module over a memory of its own. */
async function exportsOf(module: Uint8Array) {
  const memory = new WebAssembly.Memory({ initial: 2 });
  const { instance } = await WebAssembly.instantiate(module as BufferSource, { env: { memory } });
  return instance.exports as Record<string, WebAssembly.Global & ((...args: number[]) => number)>;
}

test('marks tell what ran, and the budget ends what would go on', async () => {
  const marked = new Assembler(binary, { marked: true });
  const { [BUDGET]: budget, ...exports } = await exportsOf(marked.module());
  const ran = () =>
    Array.from({ length: marked.marks }, (_, i) => exports[MARK + i].value).filter(Boolean).length;
  budget.value = 10;
  expect(ran()).toBe(0);
  // relu, of 64 floats: four turns of a loop of 16, and what follows it.
  exports.k6(4096, 8192, 64);
  expect(ran()).toBeGreaterThan(1);
  expect(ran()).toBeLessThan(20);
  expect(budget.value).toBeLessThan(10);
  expect(() => exports.k6(4096, 8192, 6400)).toThrow('unreachable');
});
