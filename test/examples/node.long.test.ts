/** The examples for Node, as a stranger runs them: one command each, in a folder of its own. They need a build. */
import { execFile } from 'node:child_process';
import { access, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { InferenceSession, Tensor } from 'onnxruntime-web';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createReferenceEngine } from '../../src/create/reference.js';
import { readOnnx } from '../../src/formats/onnx/read.js';
import { predictProba } from '../../src/train/predict.js';

const folder = fileURLToPath(new URL('../../examples/', import.meta.url));
const run = promisify(execFile);
let cwd: string;

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'lanegrad-examples-'));
});
afterAll(() => rm(cwd, { recursive: true }));

async function start(name: string, ...args: string[]): Promise<string> {
  const { stdout, stderr } = await run(process.execPath, [join(folder, name, 'main.js'), ...args], { cwd });
  expect(stderr).toBe('');
  return stdout;
}

const written = (name: string) => readFile(join(cwd, name));
const percents = (text: string) => [...text.matchAll(/([\d.]+) %/g)].map(([, number]) => Number(number));

async function probabilities(bytes: Uint8Array, input: string, values: number[][]) {
  const session = await InferenceSession.create(bytes);
  const tensor = new Tensor('float32', values.flat(), [values.length, values[0].length]);
  const results = await session.run({ [input]: tensor });
  await session.release();
  return results.probabilities.data as Float32Array;
}

test('each has a README that names the command, and stands in the list', async () => {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  const list = await readFile(join(folder, 'README.md'), 'utf8');
  const listed = [...list.matchAll(/^\| \[([\w-]+)\]\(\1\) \|/gm)].map(([, name]) => name);
  expect(listed.sort()).toEqual(names.sort());
  for (const name of names) {
    const text = await readFile(join(folder, name, 'README.md'), 'utf8');
    const [, script, argument] = /^(?:node|cd) examples\/(\S+) *(\S*)/m.exec(text)!;
    // A page is served by a script that serves all of them.
    expect(script === 'serve.js' ? argument : script.split('/')[0]).toBe(name);
    await access(join(folder, script));
  }
});

test('sentence-classifier learns, answers what it is asked, and is written', async () => {
  const told = await start(
    'sentence-classifier',
    'tickets.onnx',
    'The courier lost my parcel',
    'A wrong invoice',
  );
  expect(percents(told)[0]).toBeGreaterThan(60);
  const shares = [...told.matchAll(/: billing ([\d.]+), delivery ([\d.]+), technical ([\d.]+)/g)];
  expect(shares).toHaveLength(2);
  expect(Number(shares[0][2])).toBeGreaterThan(0.5);
  expect(Number(shares[1][1])).toBeGreaterThan(0.5);
  const file = await written('tickets.onnx');
  const { model, metadata, softmax } = readOnnx(file, 'tickets.onnx');
  expect([model.inputSize, metadata.classNames, softmax]).toEqual([
    256,
    ['billing', 'delivery', 'technical'],
    true,
  ]);
  const row = await probabilities(file, 'input', [Array.from({ length: 256 }, (_, i) => Math.sin(i))]);
  expect(row.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 5);
});

test('scikit-learn-mlp begins where scikit-learn ended, and is better with more rows', async () => {
  const told = await start('scikit-learn-mlp');
  const [before, after] = percents(told);
  // What scikit-learn itself said when it made the file.
  expect(before).toBe(85);
  expect(after).toBeGreaterThan(95);
  const flower = [5.9, 3, 4.2, 1.5];
  const shares = await probabilities(await written('runs/iris-again.onnx'), 'X', [flower]);
  expect(told).toContain(
    `${flower.join(', ')}: setosa ${shares[0].toFixed(3)}, versicolor ${shares[1].toFixed(3)}, virginica ${shares[2].toFixed(3)}`,
  );
});

test('the file of scikit-learn gives in ONNX Runtime what it gives here', async () => {
  const file = await readFile(join(folder, 'scikit-learn-mlp', 'iris.onnx'));
  const { model, metadata } = readOnnx(file, 'iris.onnx');
  expect(metadata.classNames).toEqual(['setosa', 'versicolor', 'virginica']);
  const rows = [
    [5.1, 3.5, 1.4, 0.2],
    [5.9, 3, 4.2, 1.5],
    [6.5, 3, 5.5, 2],
  ];
  const here = predictProba(createReferenceEngine(), model, rows.flat());
  expect(here[0]).toBeGreaterThan(0.9);
  const there = await probabilities(file, 'X', rows);
  for (const [i, share] of here.entries()) expect(there[i]).toBeCloseTo(share, 5);
});

test('back-to-onnx-runtime gives the same numbers twice', async () => {
  const told = await start('back-to-onnx-runtime', 'stripes.onnx');
  expect(Number(told.match(/largest difference: (\S+)/)![1])).toBeLessThan(1e-5);
  const [loss, first] = told
    .match(/loss of ([\d.]+), from ([\d.]+)/)!
    .slice(1)
    .map(Number);
  expect(loss).toBeLessThan(first / 2);
  await written('stripes.onnx');
});
