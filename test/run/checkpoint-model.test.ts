/** The model of a checkpoint: as training would have left it at that step. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FormatError } from '../../src/base/errors.js';
import { add } from '../../src/graph/functions.js';
import { input } from '../../src/graph/leaves.js';
import { dense } from '../../src/nn/dense.js';
import { allValues, freeze, type Network } from '../../src/nn/model.js';
import { network } from '../../src/nn/network.js';
import { batchNorm } from '../../src/nn/normalization.js';
import { adam } from '../../src/nn/optimizers.js';
import { sequential } from '../../src/nn/sequential.js';
import { checkpointFolder, loadModel, saveModel } from '../../src/node.js';
import { readCheckpoint, writeCheckpoint } from '../../src/train/checkpoint.js';
import { type FitOptions, fit } from '../../src/train/fit.js';
import { strict } from '../train/fit-setting.js';
import { clouds } from '../train/sets.js';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'lanegrad-checkpoint-model-'));
});
afterEach(() => rm(root, { recursive: true }));

const values = (model: Network) => allValues(model).map((own) => [own.name, own.shape, [...own.values]]);
const layers = () => sequential(8, [dense(12, { activation: 'relu' }), batchNorm(), dense(3)], { seed: 3 });
const graph = () => {
  const x = input([8]);
  const hidden = dense(8, { activation: 'tanh' })(x);
  return network(x, dense(3)(add(x, hidden)), { seed: 3 });
};
const frozen = () => {
  const model = graph();
  freeze(model, 'dense.*');
  return model;
};
const options = (epochs: number): FitOptions => ({
  ...{ loss: 'softmaxCrossEntropy', optimizer: adam({ learningRate: 0.05 }), batchSize: 5, epochs },
  validation: clouds(10, { seed: 7 }),
});

describe('loadModel', () => {
  it.each([
    ['layers with running statistics', layers, {}],
    ['a graph', graph, {}],
    ['frozen parameters', frozen, {}],
    ['a moving average', layers, { averageDecay: 0.9 }],
  ])('takes a checkpoint, of %s', async (_, make, more) => {
    const checkpoint = checkpointFolder({ folder: root, keepLast: 9, keepBest: 1 });
    const history = await fit(strict, make(), clouds(20), { ...options(4), ...more, checkpoint });
    const names = (await readdir(root)).sort();
    expect(names).toHaveLength(5);
    for (const [epoch, name] of names.filter((own) => own.startsWith('checkpoint')).entries()) {
      const expected = make();
      await fit(strict, expected, clouds(20), { ...options(epoch + 1), ...more });
      const { model, metadata } = await loadModel(join(root, name));
      expect(values(model)).toEqual(values(expected));
      const trained = (own: Network) => own.parameters.map(({ trainable }) => trainable !== false);
      expect(trained(model)).toEqual(trained(expected));
      expect([model.loss?.kind, metadata]).toEqual(['softmaxCrossEntropy', {}]);
    }
    const losses = history.epochs.map(({ validation }) => validation!.loss);
    const best = 1 + losses.indexOf(Math.min(...losses));
    const expected = make();
    await fit(strict, expected, clouds(20), { ...options(best), ...more });
    const { model } = await loadModel(join(root, names[0]));
    expect(names[0]).toMatch(/^best/);
    expect(values(model)).toEqual(values(expected));
    // It is a model as any other.
    await saveModel(model, join(root, 'own.safetensors'));
    expect(values((await loadModel(join(root, 'own.safetensors'))).model)).toEqual(values(expected));
  });

  it('refuses one whose values are not those of its network', async () => {
    const checkpoint = checkpointFolder({ folder: root, keepBest: 0 });
    await fit(strict, layers(), clouds(20), { ...options(1), checkpoint });
    const [name] = await readdir(root);
    const path = join(root, name);
    const good = readCheckpoint(await readFile(path), path);
    const { model: network } = good.configuration;
    const parameters = (key: string, array: Float32Array) => ({
      ...good,
      parameters: new Map([...good.parameters, [key, array]]),
    });
    for (const [spoilt, message] of [
      [parameters('0.bias', new Float32Array(3)), /0\.bias: expected \[12\], given 3 values/],
      [parameters('0.bias', new Float32Array(12).fill(Number.NaN)), /0\.bias: expected finite values/],
      [{ ...good, state: new Map() }, /the values of "1\.runningMean" are missing/],
      [{ ...good, configuration: {} }, /model/],
      [{ ...good, configuration: { model: network, loss: { kind: 'none' } } }, /loss/],
    ] as const) {
      await writeFile(path, writeCheckpoint(spoilt));
      const loaded = loadModel(path);
      await expect(loaded).rejects.toThrow(FormatError);
      await expect(loaded).rejects.toThrow(message);
    }
  });
});
