/**
 * docs/extending.md: the blocks of its first half are a program that runs on the built package; files and
 * changes of its second half are made in a copy of the source, which is then built, and what was added is
 * used.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const work = join(root, 'build', 'extending');
const copy = join(work, 'copy');
const text = readFileSync(join(root, 'docs', 'extending.md'), 'utf8');
const blocks = [...text.matchAll(/^```(ts|diff)\n([\s\S]*?)^```$/gm)].map(([, kind, code]) => ({
  kind,
  code,
}));
/** Those that begin with the path of the file that they are. */
const files = blocks.flatMap(({ kind, code }) => {
  const path = kind === 'ts' ? /^\/\/ (\S+\.ts)\n/.exec(code)?.[1] : undefined;
  return path ? [{ path, code: code.slice(code.indexOf('\n') + 1) }] : [];
});
const changes = blocks.filter(({ kind }) => kind === 'diff').map(({ code }) => code);
const program = blocks
  .filter(({ kind, code }) => kind === 'ts' && !code.startsWith('// '))
  .map(({ code }) => code);

/** A command in the copy; throws with what it printed. */
function run(...args: string[]): string {
  return execFileSync(process.execPath, args, { cwd: copy, encoding: 'utf8', stdio: 'pipe' });
}

beforeAll(() => {
  rmSync(work, { recursive: true, force: true });
  for (const name of ['assembly', 'src', 'package.json', 'tsconfig.json', 'asconfig.json']) {
    cpSync(join(root, name), join(copy, name), { recursive: true });
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
});
afterAll(() => rmSync(work, { recursive: true }));

test('there is something of each kind', () => {
  expect([program.length, files.length, changes.length].every((count) => count >= 5)).toBe(true);
});

test('the program is correct TypeScript, and runs', () => {
  const source = join(work, 'program.mts');
  writeFileSync(source, program.join(''));
  const options: ts.CompilerOptions = {
    ...{
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      types: ['node'],
      lib: ['lib.es2023.d.ts', 'lib.dom.d.ts'],
    },
    ...{ target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.NodeNext },
    typeRoots: [join(root, 'node_modules', '@types')],
  };
  const problems = ts.getPreEmitDiagnostics(ts.createProgram([source], options));
  expect(problems.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '))).toEqual([]);
  const { outputText } = ts.transpileModule(program.join(''), {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
  });
  const script = join(work, 'program.mjs');
  writeFileSync(script, outputText);
  execFileSync(process.execPath, [script], { stdio: 'pipe' });
});

test('what is added to the source is built, and does what it should', () => {
  for (const { path, code } of files) {
    mkdirSync(dirname(join(copy, path)), { recursive: true });
    writeFileSync(join(copy, path), code);
  }
  for (const change of changes) {
    // Lines move: what stands around a change says where it is. This repository must not be taken for the
    // copy's.
    const env = { ...process.env, GIT_CEILING_DIRECTORIES: work };
    execFileSync('git', ['apply', '--recount', '--unidiff-zero', '-'], {
      cwd: copy,
      env,
      input: change,
      stdio: 'pipe',
    });
  }
  run('assembly/build.mjs', 'simd', 'report', 'typescript');
  writeFileSync(join(copy, 'use.mjs'), USE);
  const found = JSON.parse(run('use.mjs')) as Record<string, unknown>;
  expect(found).toEqual({
    cubes: [1, 8, -27, 64, 125],
    gradients: true,
    loss: true,
    optimizer: 'signSgd',
    layer: ['0.dense.weight', '0.dense.bias', '0.dense_1.weight', '0.dense_1.bias'],
    text: '0.weight [1, 1]: 2\n',
  });
  const help = run('dist/cli/main.js', 'train', '--help');
  expect(help).toMatch(/--dampening <share> +of the gradient, which sgd/);
  expect(help).toContain('logCosh');
  expect(run('dist/cli/main.js', 'export', '--help')).toContain('text');
}, 480_000);

/** Uses what the page adds, in the copy: on the binary that was built there and on its twin. */
const USE = `
import * as lanegrad from './dist/index.js';
import { cube } from './dist/graph/functions.js';
import { createReferenceEngine, gradcheck } from './dist/reference.js';
import { lossOf } from './dist/nn/loss-config.js';
import { optimizerOf } from './dist/nn/optimizers.js';
import { residual } from './dist/nn/residual.js';
import { writeModelText } from './dist/formats/text.js';

const { constant, createEngine, dense, input, mul, network, parameter, predict, readModel, sequential, writeModel } = lanegrad;
const engine = await createEngine({ math: 'strict', threads: 1 });
const x = input([5]);
const model = network(x, cube(mul(x, parameter('p', [5], constant(1)))));
const numbers = Float32Array.of(1, 2, -3, 4, 5);
const [cubes, twins] = [engine, createReferenceEngine()].map((one) => [
  ...predict(one, model, numbers, { loss: 'meanSquaredError' }),
]);
if (String(cubes) !== String(twins)) throw new Error(cubes + ' and ' + twins);
const saved = readModel(writeModel(model), 'f').model;
const same = predict(engine, saved, numbers, { loss: 'meanSquaredError' });
if (String([...same]) !== String(cubes)) throw new Error('other values from a file');
const engines = new Map([['strict', engine]]);
const named = lossOf({ kind: 'logCosh' });
const found = readModel(writeModel(sequential(3, [residual(4)], { seed: 1 })), 'f').model;
console.log(JSON.stringify({
  cubes,
  gradients: gradcheck(model, { loss: 'meanSquaredError', engines }).passed,
  loss: gradcheck(sequential(2, [dense(2)]), { loss: named, engines }).passed,
  optimizer: optimizerOf({ kind: 'signSgd', learningRate: 0.1 }).kind,
  layer: found.parameters.map(({ name }) => name),
  text: writeModelText(sequential(1, [dense(1, { bias: false, weightInitializer: constant(2) })])),
}));
`;
