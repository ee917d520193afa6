/** Training that begins with a network of a file: its head replaced, parts frozen, and gone on with. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { writeOnnx } from '../../src/formats/onnx/write.js';
import { add, mean, relu } from '../../src/graph/functions.js';
import { input } from '../../src/graph/leaves.js';
import { conv2d } from '../../src/nn/conv.js';
import { dense } from '../../src/nn/dense.js';
import { layer } from '../../src/nn/layer.js';
import { network } from '../../src/nn/network.js';
import { readModel } from '../../src/tables/model-file.js';
import { lanegrad, lastObject } from './command.js';
import { writeToy } from './toy.js';

let root: string;

/** A residual network over images of 8 x 8, for other classes than the data have. */
function trunk() {
  const image = input([8, 8, 1]);
  const a = conv2d(4, 3, { padding: 'same', activation: 'relu' })(image);
  const block = layer('block', (x) => relu(add(x, conv2d(4, 3, { padding: 'same' })(x))));
  return network(image, dense(7)(mean(block(a), { axis: [1, 2] })), { seed: 3 });
}

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'lanegrad-from-'));
  await writeToy(join(root, 'toy'));
  await writeFile(join(root, 'trunk.onnx'), writeOnnx(trunk()));
});
afterAll(() => rm(root, { recursive: true }));

const words = ['train', 'toy', '--from', 'trunk.onnx', '--head', 'classes'];

async function ok(...args: string[]) {
  const outcome = await lanegrad(root, args);
  expect(outcome, outcome.stderr).toMatchObject({ code: 0 });
  return outcome;
}

async function parametersOf(folder: string) {
  const { model } = readModel(await readFile(join(root, folder, 'model.safetensors')), folder);
  return { model, values: new Map(model.parameters.map(({ name, values }) => [name, values])) };
}

it('a network of ONNX gets an output for each class, and what is frozen stays', async () => {
  await ok(...words, '--freeze', 'conv2d.*', '--epochs', '2', '--out', 'run', '--json');
  const { model, values } = await parametersOf('run');
  expect(model.outputSize).toBe(4);
  const before = trunk().parameters.find(({ name }) => name === 'conv2d.weight')!;
  expect(values.get('conv2d.weight')).toEqual(before.values);
  expect(model.parameters.filter(({ trainable }) => trainable === false)).toHaveLength(2);
  // A head of one's own, in the words of layers.
  await ok(...words.slice(0, 4), '--head', 'dense 6, dropout 0.1', '--epochs', '1', '--out', 'own', '--json');
  const own = await parametersOf('own');
  expect(own.model.parameters.at(-1)?.shape).toEqual([4]);
  expect(own.values.size).toBe(values.size + 2);
});

it('goes on to the same bits when the file is gone', async () => {
  await writeFile(join(root, 'gone.onnx'), writeOnnx(trunk()));
  const each = ['--seed', '5', '--checkpoint-every', '1epoch', '--json'];
  const begun = ['train', 'toy', '--from', 'gone.onnx', '--head', 'classes', ...each];
  await ok(...begun, '--epochs', '2', '--out', 'half');
  const whole = lastObject(await ok(...begun, '--epochs', '4', '--out', 'whole'));
  await rm(join(root, 'gone.onnx'));
  const more = lastObject(await ok('train', '--resume', 'half', '--epochs', '4', '--json'));
  expect(more.weightsSha256).toBe(whole.weightsSha256);
  const { stdout } = await ok('predict', 'whole', 'toy', '--range', '0:2');
  expect(stdout).toMatch(/probability/);
});

it('ONNX files are predicted with, measured and exported as models are', async () => {
  await ok(...words, '--epochs', '1', '--out', 'files', '--json');
  await ok('export', 'files', '--to', 'onnx', '--out', 'files.onnx');
  const measured = (await ok('evaluate', 'files', 'toy')).stdout.split('\n').slice(1);
  expect((await ok('evaluate', 'files.onnx', 'toy')).stdout.split('\n').slice(1)).toEqual(measured);
  await ok('export', 'files.onnx', '--to', 'safetensors', '--out', 'again.safetensors');
  const { stdout } = await ok('predict', 'again.safetensors', 'toy', '--index', '0');
  expect(stdout).toBe((await ok('predict', 'files.onnx', 'toy', '--index', '0')).stdout);
});

it.each([
  [['train', 'toy', '--head', 'classes'], /head: expected --from besides/],
  [[...words, '--hidden', '20'], /from: expected no --hidden besides: the network is that of the file/],
  [
    ['train', 'toy', '--from', 'trunk.onnx'],
    /it has 7 outputs, but the data ask for 4; expected --head classes/,
  ],
  [[...words, '--head', 'conv 3'], /"conv 3": it takes images/],
  [['train', 'toy', '--from', 'none.onnx'], /none\.onnx: cannot be read/],
  [['train', 'toy', '--from', 'toy'], /toy.*cannot be read/],
  [[...words, '--freeze', 'blok.*'], /freeze: pattern "blok\.\*" fits none of the parameters.*block/],
])('%s is refused', async (args, message) => {
  const { code, stderr } = await lanegrad(root, [...args, '--out', 'refused']);
  expect(stderr).toMatch(message);
  expect(stderr).not.toMatch(/\n {4}at /);
  expect(code).toBeGreaterThan(0);
  await expect(readFile(join(root, 'refused', 'config.json'))).rejects.toThrow();
});

it('data of another size are refused, with what to do', async () => {
  const image = input([4, 4, 1]);
  const small = network(image, dense(4)(mean(conv2d(2, 3)(image), { axis: [1, 2] })));
  await writeFile(join(root, 'small.onnx'), writeOnnx(small));
  const { stderr } = await lanegrad(root, ['train', 'toy', '--from', 'small.onnx', '--out', 'refused']);
  expect(stderr).toMatch(
    /its input is 4x4x1, but the data have 8x8x1; pictures get this size by --image-size 4x4/,
  );
});
