/**
 * What the build writes from the signatures of the kernels, which each operation states in src/ops (in the
 * form of src/engine/signatures.ts), and from the numbers in src/engine/constants.ts:
 *
 *   build/assembly/index.ts        the exports of every binary
 *   build/assembly/lines.ts        calls of the kernels that threads cut along one axis
 *   build/assembly/constants.ts    the numbers
 *   build/assembly/micro.ts        the micro-kernels of products, by gemm/micro.mjs
 *   build/assembly/powers.ts       the loop over powers of e, by powers.mjs
 *   src/engine/generated/kernels.ts    the type of all kernels, and their names
 *   src/engine/generated/lines.ts      how threads cut a call
 *   src/ops/generated/twins.ts         the readable twins of all kernels, of src/ops/reference
 *
 * Throws where a signature is not that of the AssemblyScript function, where there is none, or where there is
 * no twin.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { microKernels } from './gemm/micro.mjs';
import { powers } from './powers.mjs';

const CONSTANTS = 'src/engine/constants.ts';
/** Exported beside the kernels: the host calls it once for each memory. */
const SETUP = 'write_constants';

/** What this step has not written yet, and no value of the signatures needs. */
/** Arguments by which engine/threads/kernels.ts cuts; the names of others would only take room. */
const CUT_BY = new Set(['starts', 'rowStarts', 'B', 'M', 'N', 'K', 'blocks', 'from', 'to', 'geometry']);
const UNRESOLVED = /^#platform$|\/generated\//;

const ROLES = ['out', 'inout', 'in', 'saved', 'scratch'];
const ELEMENTS = ['i32', 'u32', 'u16', 'u8', 'f64'];
const NUMBERS = ['i32', 'u32', 'f32', 'f64'];

/** One signature, read. Throws where it is not of the form. */
export function parse(name, text) {
  const fail = (what) => {
    throw new Error(`signature of ${name}: ${what}`);
  };
  const [list, end = ''] = text.split(';').map((part) => part.trim());
  const args = list === '' ? [] : list.split(',').map((argument) => readArgument(argument.trim(), fail));
  const [, returns, cost, job] =
    /^(?:returns (i32|f64)|([\d.]+) ns|(job|part))?$/.exec(end) ?? fail(`"${end}" is no ending`);
  const cuts = args.filter(({ move }) => move === 'cut').length;
  if (cuts !== (cost ? 1 : 0)) fail(`${cuts} arguments are cut, expected ${cost ? 1 : 0}`);
  for (const [i, { arg, move }] of args.entries()) {
    if (move === 'rows' && !/^(ld|s\w+0$)/.test(args[i + 1]?.arg))
      fail(`no leading dimension follows ${arg}`);
  }
  return {
    name,
    args,
    returns: returns ?? 'void',
    cost: cost && Number(cost),
    job: job !== undefined,
    part: job === 'part',
  };
}

/** Its name, its type in AssemblyScript, what moves it and, of a pointer, what it points to. */
function readArgument(argument, fail) {
  const [, arg, words] = /^(\w+)(?:: ([\w ]+))?$/.exec(argument) ?? fail(`"${argument}" is no argument`);
  const [first, ...rest] = words?.split(' ') ?? ['i32'];
  if (ROLES.includes(first)) {
    const move = ['each', 'rows'].includes(rest[0]) ? rest.shift() : undefined;
    const to = rest.shift() ?? 'f32';
    if (rest.length > 0 || (to !== 'f32' && !ELEMENTS.includes(to))) fail(`"${argument}" is no pointer`);
    return { arg, type: 'usize', role: first, move, to, isScratch: first === 'scratch' };
  }
  if (rest.length > 0) fail(`"${argument}" is no argument`);
  if (['cut', 'across', 'first'].includes(first)) return { arg, type: 'i32', move: first };
  if (!NUMBERS.includes(first)) fail(`"${first}" is no kind of argument`);
  return { arg, type: first };
}

/** Where each function that AssemblyScript files export stands, and how it is declared, by its name. */
export function declarations(files) {
  const found = {};
  for (const [file, text] of Object.entries(files)) {
    for (const [, name, list, result] of text.matchAll(/^export function (\w+)\(([^)]*)\): (\w+)/gm)) {
      const args = list.replace(/\s+/g, ' ').trim().replace(/,$/, '');
      found[name] = { file, declared: `(${args}): ${result}` };
    }
  }
  return found;
}

/** Throws unless each signature is that of the function with its name. */
export function compare(signatures, declared) {
  for (const { name, args, returns } of signatures) {
    const stated = `(${args.map(({ arg, type }) => `${arg}: ${type}`).join(', ')}): ${returns}`;
    const there = declared[name]?.declared.replace('): usize', '): i32');
    if (there === undefined)
      throw new Error(`${name} has a signature in src/ops, but assembly exports no such function`);
    if (there !== stated) {
      throw new Error(
        `${name} is stated in src/ops as\n  ${stated}\nand declared in ${declared[name].file} as\n  ${there}`,
      );
    }
  }
}

/** Reads the sources; says what was read, by their paths. */
export async function readSignatures(root) {
  const read = (path) => readFileSync(`${root}${path}`, 'utf8');
  const list = (folder) =>
    readdirSync(`${root}${folder}`, { recursive: true })
      .map((path) => `${folder}/${path}`.replaceAll('\\', '/'))
      .filter((path) => path.endsWith('.ts'))
      .sort();
  const assembly = Object.fromEntries(list('assembly').map((path) => [path, read(path)]));
  const ops = list('src/ops').filter(
    (path) => /^src\/ops\/[\w-]+\.ts$/.test(path) && /^export const signatures /m.test(read(path)),
  );
  const { constants, modules, loaded } = await load(root, ops);
  const operations = ops.map((file, i) => {
    const text = read(file);
    return {
      file,
      stem: file.slice('src/ops/'.length, -'.ts'.length),
      signatures: Object.entries(modules[i]).map(([name, line]) => ({
        ...parse(name, line),
        doc: comment(text, name),
      })),
    };
  });
  const inputs = [
    ...new Set([
      'assembly/signatures.mjs',
      'assembly/gemm/micro.mjs',
      'assembly/powers.mjs',
      'src/ops',
      ...Object.keys(assembly),
      ...loaded,
    ]),
  ];
  return { operations, constants, declared: declarations(assembly), inputs };
}

/** The sources, which are TypeScript, as plain values. */
async function load(root, ops) {
  const { build } = await import('esbuild');
  const names = ops.map((_, i) => `m${i}`);
  const contents = [
    ...ops.map((path, i) => `import { signatures as ${names[i]} } from './${path}';`),
    `import * as constants from './${CONSTANTS}';`,
    `export const modules = [${names.join(', ')}];`,
    'export const values = { ...constants };',
  ];
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    stdin: { contents: contents.join('\n'), resolveDir: root },
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    plugins: [
      {
        name: 'not-yet',
        setup: ({ onResolve }) =>
          onResolve({ filter: UNRESOLVED }, () => ({ external: true, sideEffects: false })),
      },
    ],
  });
  const { modules, values } = await import(
    `data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`
  );
  const loaded = Object.keys(metafile.inputs).filter((path) => path.startsWith('src/'));
  return { modules, constants: values, loaded };
}

/** The comment above a signature. */
function comment(text, name) {
  const at = text.search(new RegExp(`^  ${name}:`, 'm'));
  return / {2}\/\*\*(?:(?!\*\/)[\s\S])*\*\/\n$/.exec(text.slice(0, at))?.[0] ?? '';
}

/** Writes the files; says what it read and wrote. */
export async function writeSignatures(root) {
  const { operations, constants, declared, inputs } = await readSignatures(root);
  const all = operations.flatMap(({ signatures }) => signatures);
  const twice = all.find(({ name }, i) => all.findIndex((other) => other.name === name) !== i);
  if (twice) throw new Error(`${twice.name} has two signatures`);
  compare(all, declared);
  const files = generated(operations, constants, declared);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(`${root}${path}`), { recursive: true });
    writeFileSync(`${root}${path}`, text);
  }
  return { inputs, outputs: Object.keys(files) };
}

const NOTICE = '// Written by assembly/signatures.mjs from the signatures in src/ops.\n';

/** The text of each file by its path. */
function generated(operations, constants, declared) {
  const all = operations.flatMap(({ signatures }) => signatures);
  const kernels = all.filter(({ part }) => !part);
  const lines = kernels.filter(({ cost }) => cost);
  const jobs = all.filter(({ job }) => job);
  if (jobs.length >= constants.FIRST_LINE)
    throw new Error(`${jobs.length} jobs, expected less than ${constants.FIRST_LINE}`);
  const long = lines.find(({ args }) => args.length > constants.LINE_ARGUMENTS);
  if (long)
    throw new Error(
      `${long.name} has ${long.args.length} arguments, expected at most ${constants.LINE_ARGUMENTS}`,
    );
  const numbers = {
    ...Object.assign({}, ...Object.entries(constants).map(([name, value]) => numbersOf(name, value))),
    ...Object.fromEntries(jobs.map(({ name }, i) => [`JOB_${name.toUpperCase()}`, i + 1])),
  };
  const from = (names) =>
    [...new Set(names.map((name) => declared[name].file))].map((file) => {
      const here = names.filter((name) => declared[name].file === file);
      return `{ ${here.join(', ')} } from '../../${file.replace(/\.ts$/, '')}';\n`;
    });
  const call = ({ args }) =>
    args.map(({ type }, i) => `${type === 'f32' ? 'real' : 'int'}(args, ${i})`).join(', ');
  const stated = kernels.map(({ name, args, returns }) => [
    name,
    args.map(({ arg, type }) => [arg, type]),
    returns,
  ]);
  const setup = `v${createHash('sha256')
    .update(JSON.stringify([stated, constants]))
    .digest('hex')
    .slice(0, 8)}`;
  const names = [...lines, ...kernels.filter(({ cost }) => !cost)].map(({ name }) => name);
  return {
    'build/assembly/index.ts': `${NOTICE}// Names take room: see kernelNames.
${[...names, SETUP]
  .map((name) => {
    const short = name === SETUP ? setup : `k${names.indexOf(name).toString(36)}`;
    return `export { ${name} as ${short} } from '../../${declared[name].file.replace(/\.ts$/, '')}';\n`;
  })
  .join('')}`,
    'build/assembly/threads.ts': `${NOTICE}export * from './index';\nexport * from '../../assembly/threads/pool';\n`,
    'build/assembly/constants.ts': `${NOTICE}${Object.entries(numbers)
      .map(([name, value]) => `// @ts-ignore: decorator\n@inline export const ${name}: i32 = ${value};\n`)
      .join('')}`,
    'build/assembly/micro.ts': microKernels(),
    'build/assembly/powers.ts': powers(),
    'build/assembly/lines.ts': `${NOTICE}import { int, real } from '../../assembly/threads/job';
${from(lines.map(({ name }) => name))
  .map((line) => `import ${line}`)
  .join('')}
/** Calls the kernel with this number, with the arguments of a job. */
export function call_line(kernel: i32, args: usize): void {
  switch (kernel) {
${lines.map((line, i) => `    case ${constants.FIRST_LINE + i}: return ${line.name}(${call(line)});\n`).join('')}  }
}
`,
    'src/engine/generated/kernels.ts': `${NOTICE}
/** All kernels: see kernels.ts. */
export interface Kernels {
${kernels.map(({ doc, name, args, returns }) => `${doc}  ${name}(${args.map(({ arg }) => `${arg}: number`).join(', ')}): ${returns === 'void' ? 'void' : 'number'};\n`).join('')}}

/**
 * All of them. First those that threads cut along one axis, in the order of lines.ts. Number i is exported as
 * \`k\` and i in base 36.
 */
export const kernelNames: readonly string[] = '${names.join(' ')}'.split(' ');

/** The export that writes the kernels' constants; its name is that of these signatures alone. */
export const setupName = '${setup}';
`,
    'src/engine/generated/lines.ts': `${NOTICE}
/**
 * Of the kernels that are cut along one axis, in the order of \`kernelNames\`: a letter for each argument,
 * and nanoseconds.
 */
export const lines = [
${lines.map(({ args, cost }) => `  ['${args.map(letter).join('')}', ${cost}],\n`).join('')}] as const;

/**
 * Kernels that are cut otherwise, in the order of their jobs' numbers: the arguments that cutting asks for,
 * float32 marked.
 */
export const jobs = {
${jobs.map(({ name, args }) => `  ${name}: '${args.map(({ arg, type }) => (type === 'f32' ? 'f32' : CUT_BY.has(arg) ? arg : '_')).join(' ')}',\n`).join('')}} as const;
`,
    'src/ops/generated/twins.ts': `${NOTICE}
import type { Kernels } from '../../engine/kernels.js';
import type { ReferenceMemory } from '../reference/memory.js';
${operations.map(({ stem }, i) => `import { twins as twins${i} } from '../reference/${stem}.js';\n`).join('')}
/** Every kernel's readable twin. Some call others. */
export function createTwins(memory: ReferenceMemory): Kernels {
  const all = {} as Kernels;
  const made = <T>(twins: (memory: ReferenceMemory, all: Kernels) => T) => twins(memory, all);
  return Object.assign(all, {
${operations.map((_, i) => `    ...made(twins${i}),\n`).join('')}  } satisfies Kernels);
}
`,
  };
}

/** A number under its name; of a list of names, the place of each. */
function numbersOf(name, value) {
  if (typeof value === 'number') return { [name]: value };
  const upper = (word) => word.replace(/[A-Z]/g, (capital) => `_${capital}`).toUpperCase();
  return Object.fromEntries(value.map((word, i) => [`${name}_${upper(word)}`, i]));
}

/** Of an argument of a kernel that is cut along one axis: see src/engine/threads/lines.ts. */
function letter({ type, move, to, isScratch }) {
  if (move === 'cut') return 'n';
  if (move === 'across') return 'w';
  if (move === 'first') return 'o';
  if (type !== 'usize') return type === 'f32' ? 'f' : '_';
  if (isScratch && !move) return 's';
  const plain = { each: 'e', rows: 'r' }[move] ?? 'p';
  // Capitals point to whole numbers.
  return to === 'f32' ? plain : plain.toUpperCase();
}
