/** All mutants of the strict binary: what is changed, in which function, and from which line it comes. */
import { readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import type { Place } from './assemble.js';
import { type Binary, decode } from './decode.js';
import { changesOf } from './mutations.js';

export interface Mutant extends Place {
  readonly id: number;
  readonly family: string;
  /** As the module's text names it: file and function. */
  readonly kernel: string;
  /** Line and column from 1, of the AssemblyScript that the instruction comes from. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly text: string;
  /** The line with ‸ at the column. */
  readonly marked: string;
  readonly before: string;
  readonly after: string;
}

/** Kernels by what they are for, from the first that matches the file of a function. */
const families: readonly (readonly [string, RegExp])[] = [
  ['matmul', /^(gemm|micro)\//],
  ['convolution', /^conv\//],
  ['pooling', /^(pool|resample)\//],
  ['normalisation', /^norm(-blocks)?\//],
  ['softmax', /^softmax\//],
  ['losses', /^losses\//],
  ['optimizers', /^(optimizers?|update)\//],
  ['sparse', /^(compressed|sparse)\//],
  ['strided', /^strided\//],
  ['reductions', /^(reduce|tail)\//],
  ['random', /^(random|dropout)\//],
  ['gathering', /^(gather|embedding)\//],
  ['activations', /^(activation|powers|smooth|math)\//],
];

/** The functions of a module's text, in its order, as file and function; those of build/assembly as well. */
export function functionsOf(text: string): string[] {
  const all = [...text.matchAll(/^ \(func \$(\S+)/gm)];
  return all.map(([, name]) => name.replace(/^(build\/)?assembly\//, ''));
}

export function familyOf(kernel: string): string | undefined {
  return families.find(([, files]) => files.test(kernel))?.[0];
}

export interface Compiled {
  readonly bytes: Uint8Array;
  readonly map: string;
  readonly text: string;
}

export function mutantsOf(
  { bytes, map, text }: Compiled,
  root: string,
): { binary: Binary; mutants: Mutant[] } {
  const binary = decode(bytes);
  const lines = new SourceMap(JSON.parse(map));
  const kernels = functionsOf(text);
  if (kernels.length !== binary.bodies.length)
    throw new Error('the text has other functions than the binary');
  const sources = new Map<string, string[]>();
  const textOf = (file: string, line: number) => {
    if (!sources.has(file)) sources.set(file, readSource(`${root}${file}`));
    return sources.get(file)![line - 1] ?? '';
  };
  const mutants: Mutant[] = [];
  binary.bodies.forEach(({ instructions }, func) => {
    const kernel = kernels[func];
    const family = familyOf(kernel);
    if (family === undefined)
      throw new Error(`${kernel} is of no family: name it in test/mutants/mutants.ts`);
    // What the optimizer made itself has no line: that of the instruction before it stands for it.
    let [file, line, column] = ['', 0, 0];
    instructions.forEach((instruction, index) => {
      const entry = lines.findEntry(0, instruction.at);
      if ('originalSource' in entry && entry.originalSource) {
        [file, line, column] = [entry.originalSource, entry.originalLine + 1, entry.originalColumn + 1];
      }
      const changes = changesOf(binary, instruction);
      if (changes.length === 0) return;
      for (const { before, after, bytes } of changes) {
        const id = mutants.length;
        const whole = textOf(file, line);
        const marked = `${whole.slice(0, column - 1)}‸${whole.slice(column - 1)}`.trim();
        const where = { file, line, column, text: whole.trim(), marked };
        mutants.push({ id, family, kernel, ...where, func, index, bytes, before, after });
      }
    });
  });
  return { binary, mutants };
}

/** Of AssemblyScript's own library there is no file here. */
function readSource(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n');
  } catch {
    return [];
  }
}
