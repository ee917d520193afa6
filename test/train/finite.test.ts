/**
 * That no function gives out NaN in silence: weights that are none, arithmetic that overflows, and
 * checkpoints that are damaged.
 */
import { describe, expect, test } from 'vitest';
import { NonFiniteError, ResumeError } from '../../src/base/errors.js';
import { dataset } from '../../src/data/dataset.js';
import { dense } from '../../src/nn/dense.js';
import { adam } from '../../src/nn/optimizers.js';
import { sequential } from '../../src/nn/sequential.js';
import { openTable } from '../../src/tables/open.js';
import { predictTable } from '../../src/tables/predict.js';
import { prepareTable } from '../../src/tables/prepare.js';
import { readCheckpoint, writeCheckpoint } from '../../src/train/checkpoint.js';
import { evaluate } from '../../src/train/evaluate.js';
import { fit } from '../../src/train/fit.js';
import { gradcheck } from '../../src/train/gradcheck.js';
import { findLearningRate } from '../../src/train/learning-rate-finder.js';
import { predict, predictClasses, predictProba } from '../../src/train/predict.js';
import { basic, bits, engines, net, strict } from './fit-setting.js';
import { clouds } from './sets.js';

const { loss } = basic;
/** Rows of small numbers, and one of those that overflow. */
const rows = (size: number, large: number) =>
  Float32Array.from({ length: 8 * size }, (_, i) => (Math.floor(i / 8) === large ? 3e38 : Math.sin(i)));
const setOf = (size: number, large: number) =>
  dataset({ name: 'large', inputs: rows(size, large), labels: new Int32Array(size), classes: 3 });
/** Bytes that are kept compressed: their first column is always 0. */
function sparse() {
  const inputs = Uint8Array.from({ length: 40 * 8 }, (_, i) => (i % 8 === 3 ? i % 256 : 0));
  return dataset({ name: 'sparse', inputs, labels: Array.from({ length: 40 }, (_, i) => i % 3) });
}
/** Its activation would bend what is too large back to 1. */
function steep() {
  const model = sequential(8, [dense(3)], { seed: 1 });
  model.parameters[0].values.fill(0.5);
  return model;
}
function withNaN(index = 0) {
  const model = net();
  model.parameters[0].values[index] = Number.NaN;
  return model;
}

describe.each(engines)('on $name', ({ engine }) => {
  test('what overflows is an error that names the row', async () => {
    const model = steep();
    for (const ask of [predict, predictProba, predictClasses]) {
      const run = () => ask(engine, model, rows(600, 431), { loss });
      expect(run).toThrow(NonFiniteError);
      expect(run).toThrow(/^predict\w*: row 431: an output is (NaN|-?Infinity)/);
      expect(() => ask(engine, model, rows(600, -1), { loss })).not.toThrow();
    }
    expect(() => predict(engine, model, rows(2, 1))).toThrow(NonFiniteError);
    const measured = evaluate(engine, model, setOf(600, 431), { loss, batchSize: 64 });
    await expect(measured).rejects.toMatchObject({ name: 'NonFiniteError', row: 431, step: 0 });
  });

  test('a loss that overflows, of outputs that do not', async () => {
    const model = sequential(1, [dense(1)]);
    model.parameters[0].values.set([1]);
    const inputs = Float32Array.of(1, 2, 1e30, 4);
    expect(predict(engine, model, inputs)[2]).toBe(Math.fround(1e30));
    const set = dataset({ name: 'far', inputs, targets: [1, 2, 3, 4] });
    const measured = evaluate(engine, model, set, { loss: 'meanSquaredError' });
    await expect(measured).rejects.toThrow(/^evaluate: row 2: the loss is Infinity/);
  });

  test('a weight that is NaN, where no input would show it', async () => {
    const said = /: 0\.weight of the model: expected finite values, given NaN at 0$/;
    const model = withNaN();
    for (const ask of [predict, predictProba, predictClasses]) {
      expect(() => ask(engine, model, new Float32Array(8), { loss })).toThrow(said);
    }
    await expect(evaluate(engine, model, sparse(), { loss })).rejects.toThrow(said);
    const before = bits(model);
    const trained = fit(engine, model, sparse(), { ...basic, epochs: 1 });
    await expect(trained).rejects.toMatchObject({ name: 'NonFiniteError', step: 0, epoch: 1 });
    expect(bits(model)).toEqual(before);
    await expect(findLearningRate(engine, model, sparse(), basic)).rejects.toThrow(said);
  });

  test('a validation that overflows ends training, and the model has the last good values', async () => {
    const model = steep();
    const before = bits(model);
    const options = { ...basic, epochs: 3, validation: setOf(300, 260), earlyStopping: { patience: 1 } };
    const run = fit(engine, model, clouds(40), options);
    await expect(run).rejects.toMatchObject({ name: 'NonFiniteError', step: 1, epoch: 1, row: 260 });
    await expect(run).rejects.toThrow(/^fit, validation: row 260 after step \d+ \(epoch 1\): an output is/);
    expect(bits(model)).toEqual(before);
  });
});

test('the first batch of a search for a learning rate', async () => {
  const run = findLearningRate(strict, steep(), setOf(20, 4), { ...basic, batchSize: 20 });
  await expect(run).rejects.toThrow(/^findLearningRate: a row of the first batch: an output is/);
});

test('gradients of a loss that is no number', () => {
  expect(() => gradcheck(withNaN())).toThrow(NonFiniteError);
});

test('the rows of a table', async () => {
  const text = Array.from({ length: 60 }, (_, i) => `${Math.sin(i)},${i % 2 ? 'a' : 'b'}`).join('\n');
  const bytes = new TextEncoder().encode(`x,kind\n${text}\n`);
  const table = await openTable(bytes, { name: 't.csv' });
  const { preparation } = await prepareTable(table, { target: 'kind' });
  const model = sequential(1, [dense(2)], { seed: 1 });
  model.parameters[0].values.fill(3e38);
  const far = await openTable(new TextEncoder().encode('x\n0\n1000\n'), { name: 'far.csv' });
  const asked = predictTable(strict, model, preparation, far).next();
  await expect(asked).rejects.toThrow(/^predictTable: row 2 \(line 3\): an output is -?(Infinity|NaN)/);
});

test.each(['average/0.weight', 'adam.m/0.weight'])(
  'a checkpoint whose %s holds NaN is not resumed from',
  async (name) => {
    const options = { ...basic, optimizer: adam({ learningRate: 0.01 }), averageDecay: 0.9, epochs: 2 };
    const saved: Uint8Array[] = [];
    const set = clouds(40);
    await fit(strict, net(), set, {
      ...options,
      batchSize: 10,
      checkpoint: { everySteps: 3, save: ({ bytes }) => void saved.push(bytes) },
    });
    const checkpoint = readCheckpoint(saved[0], 'c');
    const resumed = () =>
      fit(strict, net(), set, { ...options, batchSize: 10, resume: writeCheckpoint(checkpoint) });
    expect((await resumed()).outcome).toBe('completed');
    checkpoint.state.get(name)![5] = Number.NaN;
    await expect(resumed()).rejects.toThrow(ResumeError);
    await expect(resumed()).rejects.toThrow(`the checkpoint is damaged: "${name}" holds NaN at 5`);
  },
);
