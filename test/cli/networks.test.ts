/** Commands on files of networks that are no lists of layers. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadIdxFolder } from '../../src/data/folder.js';
import { writeModel } from '../../src/formats/model.js';
import * as F from '../../src/graph/functions.js';
import { input } from '../../src/graph/leaves.js';
import { dense } from '../../src/nn/dense.js';
import type { Network } from '../../src/nn/model.js';
import { network } from '../../src/nn/network.js';
import { sgd } from '../../src/nn/optimizers.js';
import { loadModel } from '../../src/node.js';
import { fit } from '../../src/train/fit.js';
import { block, ownSquares, twoByTwo } from '../formats/graphs.js';
import { runModel, runOnnx, worstDifference } from '../formats/onnx/runtime.js';
import { strict } from '../train/fit-setting.js';
import { lanegrad, lastObject } from './command.js';
import { writeToy } from './toy.js';

let root: string;
let model: Network;
const at = (...parts: string[]) => join(root, ...parts);

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'lanegrad-networks-'));
  await writeToy(at('toy'));
  const x = input([64]);
  const h = block()(dense(6)(x));
  model = network(x, dense(4)(F.relu(h)), { seed: 1 });
  const { train } = await loadIdxFolder(at('toy'));
  await fit(strict, model, train, {
    ...{ loss: 'softmaxCrossEntropy', optimizer: sgd({ learningRate: 0.1 }), batchSize: 20, epochs: 5 },
  });
  const { scale, offset } = train;
  await writeFile(at('net.safetensors'), writeModel(model, { input: { scale, offset, imageShape: [8, 8] } }));
  const two = twoByTwo();
  await writeFile(at('two.safetensors'), writeModel(two));
  const own = network(x, dense(4)(x), { seed: 1 });
  (own as { loss?: unknown }).loss = ownSquares();
  await writeFile(at('own.safetensors'), writeModel(own));
});
afterAll(() => rm(root, { recursive: true }));

async function ok(...args: string[]) {
  const outcome = await lanegrad(root, args);
  expect(outcome).toMatchObject({ code: 0, stderr: '' });
  return outcome.stdout;
}

it('inspect shows layers, ends and parameters', async () => {
  const text = await ok('inspect', 'net.safetensors');
  expect(text).toMatch(/^[├─●│ ]+ block +block +6 /m);
  expect(text).toMatch(/input +input 64/);
  expect(text).toContain('block.dense.weight');
  const { model: report } = lastObject(await lanegrad(root, ['inspect', 'net.safetensors', '--json'])) as {
    model: { sizes: number[]; layers: object[] };
  };
  expect(report.sizes).toEqual([64, 6, 6, 6, 4]);
  expect(report.layers).toContainEqual({
    name: 'relu',
    kind: 'relu',
    inputSize: 6,
    outputSize: 6,
    parameters: 0,
  });
  expect(await ok('inspect', 'two.safetensors')).toMatch(/output +species 3/);
  expect(await ok('inspect', 'own.safetensors')).toMatch(/loss +own/);
});

it('export to each format', async () => {
  await ok('export', 'net.safetensors', '--to', 'onnx', '--out', 'net.onnx');
  const inputs = Float32Array.from({ length: 128 }, (_, i) => (i % 9) / 9);
  const { values } = await runOnnx(await readFile(at('net.onnx')), inputs, 64);
  expect(worstDifference(values, runModel(model, inputs))).toBeLessThan(1e-5);
  await ok('export', 'net.safetensors', '--to', 'npz', '--out', 'net.npz');
  await ok(
    'export',
    'net.safetensors',
    '--to',
    'safetensors',
    '--layout',
    'pytorch',
    '--out',
    'state.safetensors',
  );
  await ok('export', 'net.safetensors', '--to', 'safetensors', '--out', 'copy.safetensors');
  expect(await readFile(at('copy.safetensors'))).toEqual(await readFile(at('net.safetensors')));
  for (const file of ['net.npz', 'state.safetensors']) {
    await ok('import', file, '--like', 'net.safetensors', '--out', `from-${file}.safetensors`);
    const { model: back } = await loadModel(at(`from-${file}.safetensors`));
    expect(back.parameters.map(({ values: own }) => [...own])).toEqual(
      model.parameters.map(({ values: own }) => [...own]),
    );
  }
  await ok('export', 'two.safetensors', '--to', 'onnx');
});

it('evaluate, predict and gradcheck', async () => {
  const { accuracy } = lastObject(await lanegrad(root, ['evaluate', 'net.safetensors', 'toy', '--json'])) as {
    accuracy: number;
  };
  expect(accuracy).toBeGreaterThan(0.9);
  expect(await ok('predict', 'net.safetensors', 'toy', '--index', '3')).toMatch(/3 +3 /);
  expect(await ok('gradcheck', 'net.safetensors')).toContain('all gradients are right');
});

it('says clearly what it cannot do with several inputs and outputs', async () => {
  for (const command of ['evaluate', 'predict']) {
    const { code, stderr } = await lanegrad(root, [command, 'two.safetensors', 'toy']);
    expect(code).not.toBe(0);
    expect(stderr).toContain('expected one input and one output; two.safetensors has the inputs a, b');
  }
});
