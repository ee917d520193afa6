/** Classifiers on features that were made elsewhere. */
import { afterAll, describe, expect, test } from 'vitest';
import { DataError, OptionError, ShapeError } from '../../src/base/errors.js';
import { fillNormal } from '../../src/base/random.js';
import { createEngine } from '../../src/create/engine.js';
import { dataset } from '../../src/data/dataset.js';
import { splitDataset } from '../../src/data/rows.js';
import { readModel, writeModel } from '../../src/formats/model.js';
import { subnetwork } from '../../src/nn/subnetwork.js';
import { summary } from '../../src/nn/summary.js';
import { writeOnnx } from '../../src/tables/onnx.js';
import { evaluate } from '../../src/train/evaluate.js';
import { predict, predictClasses, predictProba } from '../../src/train/predict.js';
import { trainHead } from '../../src/train/train-head.js';
import { runOnnx, worstDifference } from '../formats/onnx/runtime.js';

const engine = await createEngine({ math: 'strict', threads: 1 });
afterAll(() => engine.dispose());

const WIDTH = 6;

/** Clouds around a point for each class, far from 0 and of unequal spread; the last feature never changes. */
function clouds(rows: number, { classes = 3, spread = 1.2, seed = 1 } = {}) {
  const noise = new Float32Array(rows * WIDTH);
  fillNormal(noise, seed, 7, 0, spread);
  const labels = Array.from({ length: rows }, (_, i) => (i * 7) % classes);
  const inputs = Float32Array.from({ length: rows * WIDTH }, (_, at) => {
    const [row, column] = [Math.floor(at / WIDTH), at % WIDTH];
    if (column === WIDTH - 1) return 5;
    const centre = 2 * Number(labels[row] === column % classes);
    return 100 * column + 10 ** (column - 2) * (centre + noise[at]);
  });
  return { inputs, labels };
}

const { inputs, labels } = clouds(400);

test('the report is what the model does on the rows that were kept apart', async () => {
  const { model, report } = await trainHead(engine, inputs, labels, { seed: 3 });
  const { train, validation } = splitDataset(dataset({ inputs, labels }), { seed: 3 });
  expect(report.rows).toEqual({ train: train.size, validation: validation!.size });
  const measured = await evaluate(engine, model, validation!);
  expect(measured.loss).toBeCloseTo(report.loss.after, 5);
  expect(measured.accuracy).toBeCloseTo(report.accuracy, 9);
  expect(report.accuracy).toBeGreaterThan(0.55);
  expect(report.accuracy).toBeLessThan(1);
  expect(report.loss.after).toBeLessThanOrEqual(report.loss.before);
  expect(report.calibrated).toBe(true);
  expect(report.classNames).toEqual(['0', '1', '2']);
  expect(report.history.outcome).toBe('stoppedEarly');
  expect(report.history.best).toMatchObject({ epoch: report.bestEpoch, restored: true });
  expect(report.epochs).toBe(report.bestEpoch + 10);
  expect(report.loss.before).toBeCloseTo(report.history.best!.value, 5);
});

test('features are normalised by the rows that were trained on', async () => {
  const { model } = await trainHead(engine, inputs, labels);
  const { train } = splitDataset(dataset({ inputs, labels }));
  const [mean, deviation] = model.buffers.map(({ values }) => [...values]);
  for (let column = 0; column < WIDTH; column++) {
    const own = Array.from({ length: train.size }, (_, row) => train.inputs[row * WIDTH + column]);
    const expected = own.reduce((sum, value) => sum + value, 0) / own.length;
    const variance = own.reduce((sum, value) => sum + (value - expected) ** 2, 0) / own.length;
    expect(mean[column]).toBeCloseTo(expected, 3);
    // One that never changes is divided by 1.
    expect(deviation[column] / (Math.sqrt(variance) || 1)).toBeCloseTo(1, 5);
  }
});

test('the temperature is part of the model', async () => {
  const { model, report } = await trainHead(engine, inputs, labels, {
    hidden: [16],
    epochs: 30,
    patience: 30,
  });
  expect(report.temperature).not.toBe(1);
  const logits = predict(engine, subnetwork(model, '2'), inputs);
  const probabilities = predictProba(engine, model, inputs);
  for (let row = 0; row < labels.length; row++) {
    const own = [...logits.subarray(3 * row, 3 * row + 3)].map((z) => Math.exp(z / report.temperature));
    const sum = own.reduce((all, one) => all + one, 0);
    for (const [i, one] of own.entries()) expect(probabilities[3 * row + i]).toBeCloseTo(one / sum, 5);
  }
  const same = readModel(writeModel(model, { classNames: [...report.classNames] }), 'head');
  expect(same.metadata.classNames).toEqual(['0', '1', '2']);
  expect(predictProba(engine, same.model, inputs)).toEqual(probabilities);
  const runtime = await runOnnx(writeOnnx(model, { softmax: true }), inputs, WIDTH);
  expect(worstDifference(runtime.values, probabilities)).toBeLessThan(1e-5);
});

test('the same seed gives the same head, bit for bit; another splits otherwise', async () => {
  const head = async (seed: number) => {
    const { model, report } = await trainHead(engine, inputs, labels, {
      seed,
      epochs: 5,
      dropout: 0.2,
      hidden: [8],
    });
    const { history, ...rest } = report;
    return JSON.stringify([writeModel(model).join(), rest]);
  };
  expect(await head(1)).toBe(await head(1));
  expect(await head(2)).not.toBe(await head(1));
});

test('labels may be names, rows may be arrays, and a data set is taken as it is', async () => {
  const names = labels.map((label) => ['ash', 'beech', 'cedar'][label]);
  const rows = names.map((_, row) => [...inputs.subarray(row * WIDTH, (row + 1) * WIDTH)]);
  const options = { epochs: 3 };
  const { model, report } = await trainHead(engine, rows, names, options);
  expect(report.classNames).toEqual(['ash', 'beech', 'cedar']);
  const set = dataset({ inputs: rows, labels: names });
  const other = await trainHead(engine, set, options);
  expect(writeModel(other.model)).toEqual(writeModel(model));
  const classNames = ['cedar', 'ash', 'beech'];
  const reordered = await trainHead(engine, rows, names, { ...options, classNames });
  expect(reordered.report.classNames).toEqual(classNames);
});

test('bytes are scaled as data sets scale them', async () => {
  const bytes = Uint8Array.from(
    inputs,
    (value, i) => 20 * (i % WIDTH) + (value > 100 * (i % WIDTH) ? 10 : 0),
  );
  const { model, report } = await trainHead(engine, bytes, labels);
  expect(model.input).toEqual({ scale: 1 / 255, offset: 0 });
  const { validation } = splitDataset(dataset({ inputs: bytes, labels }));
  const { accuracy } = await evaluate(engine, model, validation!);
  expect(accuracy).toBeCloseTo(report.accuracy, 9);
  expect(predictClasses(engine, model, bytes).length).toBe(400);
});

test('a class of which one row would be left is trained on', async () => {
  const rare = [...labels.slice(0, 60).map((label) => label % 2), 2];
  for (const seed of [0, 1, 2, 3, 4]) {
    const { report } = await trainHead(engine, inputs.subarray(0, 61 * WIDTH), rare, { seed, epochs: 1 });
    expect(report.rows.train + report.rows.validation).toBe(61);
    expect(report.rows.validation).toBe(12);
  }
});

test('where all rows are right, the temperature is 1', async () => {
  const easy = clouds(60, { spread: 0.05 });
  const { report } = await trainHead(engine, easy.inputs, easy.labels);
  expect(report).toMatchObject({ accuracy: 1, temperature: 1, calibrated: false });
  expect(report.loss.after).toBe(report.loss.before);
});

test('hidden layers, penalties and callbacks', async () => {
  const seen: number[] = [];
  const { model, report } = await trainHead(engine, inputs, labels, {
    ...{ hidden: [9, 4], activation: 'tanh', dropout: 0.1, l2: 0.01, epochs: 2, batchSize: 32 },
    callbacks: [{ onEpoch: ({ epoch }) => void seen.push(epoch) }],
  });
  expect(seen).toEqual([1, 2]);
  expect(report.epochs).toBe(2);
  expect(summary(model).layers.map(({ kind }) => kind)).toEqual([
    ...['normalization', 'dense', 'dropout', 'dense', 'dropout', 'dense', 'temperature'],
  ]);
});

describe('refused is', () => {
  const call = (...args: unknown[]) => (trainHead as (...own: unknown[]) => Promise<unknown>)(...args);
  const targets = dataset({ inputs, targets: labels });
  const several = dataset({ inputs: { a: inputs, b: inputs }, labels });
  test.each<[string, unknown[], new (...args: never[]) => Error, RegExp]>([
    ['no engine', [{}, inputs, labels], OptionError, /^trainHead: engine/],
    ['no labels', [engine, inputs], OptionError, /labels/],
    ['fewer labels', [engine, inputs, [0, 1, 0, 1, 0, 1, 0]], ShapeError, /inputs/],
    ['unequal rows', [engine, [[1, 2], [3]], [0, 1]], ShapeError, /row/],
    ['a feature that is NaN', [engine, [[1], [Number.NaN], [3], [4]], [0, 1, 0, 1]], DataError, /NaN/],
    [
      'a set of targets',
      [engine, targets],
      OptionError,
      /^trainHead: expected classes, given "data" with targets/,
    ],
    ['a set of several inputs', [engine, several], OptionError, /with several by name/],
    [
      'names for a set',
      [engine, dataset({ inputs, labels }), { classNames: ['a', 'b', 'c'] }],
      OptionError,
      /option classNames does not go with/,
    ],
    [
      'too few rows',
      [engine, [[1], [2]], [0, 1]],
      DataError,
      /^trainHead: expected rows to train and to validate, given 2, 0\.2 of them/,
    ],
    ['no rows to validate', [engine, inputs, labels, { validation: 0 }], OptionError, /option validation/],
    ['hidden layers of 0', [engine, inputs, labels, { hidden: [0] }], OptionError, /option hidden/],
    ['no optimizer', [engine, inputs, labels, { optimizer: 'adam' }], OptionError, /option optimizer/],
    [
      'an option that there is not',
      [engine, inputs, labels, { rate: 1 }],
      OptionError,
      /unknown option "rate"/,
    ],
    ['a penalty below 0', [engine, inputs, labels, { l2: -1 }], OptionError, /option l2/],
  ])('%s', async (_, args, kind, message) => {
    await expect(call(...args)).rejects.toThrow(kind);
    await expect(call(...args)).rejects.toThrow(message);
  });
});
