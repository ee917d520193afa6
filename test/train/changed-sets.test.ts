/**
 * Sets that changed after `dataset` had checked them: whatever a kernel takes for a place is checked where it
 * is used.
 */
import { expect, test } from 'vitest';
import { DataError, LanegradError } from '../../src/base/errors.js';
import { type Dataset, dataset } from '../../src/data/dataset.js';
import { CompiledModel } from '../../src/nn/compile.js';
import { dense } from '../../src/nn/dense.js';
import { binaryCrossEntropy, softmaxCrossEntropy } from '../../src/nn/losses.js';
import { sequential } from '../../src/nn/sequential.js';
import { balancedClassWeights } from '../../src/train/class-weights.js';
import { evaluate } from '../../src/train/evaluate.js';
import { fit } from '../../src/train/fit.js';
import { findLearningRate } from '../../src/train/learning-rate-finder.js';
import { basic, net, strict } from './fit-setting.js';
import { clouds } from './sets.js';

const { loss } = basic;
const ways: [string, (set: Dataset) => Promise<unknown>][] = [
  ['fit', (set) => fit(strict, net(), set, { ...basic, epochs: 1 })],
  ['fit of balanced classes', (set) => fit(strict, net(), set, { ...basic, classWeights: 'balanced' })],
  ['fit, validation', (set) => fit(strict, net(), clouds(9), { ...basic, validation: set, epochs: 1 })],
  ['evaluate', (set) => evaluate(strict, net(), set, { loss, metrics: ['f1'] })],
  ['findLearningRate', (set) => findLearningRate(strict, net(), set, basic)],
];

test.each(ways)('a label that is none, in %s', async (_, run) => {
  for (const label of [3, 500, 1e9, -1]) {
    const set = { ...clouds(20), labels: new Int32Array(20) };
    set.labels[7] = label;
    const said = `label 7: expected a whole number, at least 0 and less than 3, given ${label}`;
    await expect(run(set)).rejects.toThrow(DataError);
    await expect(run(set)).rejects.toThrow(said);
  }
  const written = clouds(20);
  written.labels[19] = 9;
  await expect(run(written)).rejects.toThrow('label 19');
  await expect(run({ ...clouds(20), labels: [0, 1.5, ...new Array(18).fill(0)] as never })).rejects.toThrow(
    'label 1:',
  );
});

test.each(ways)('arrays that are not there, or too short, in %s', async (_, run) => {
  for (const change of [
    { labels: undefined },
    { labels: new Int32Array(3) },
    { size: 7 },
    { inputs: new Float32Array(8) },
  ]) {
    await expect(run({ ...clouds(20), ...change } as Dataset), Object.keys(change)[0]).rejects.toThrow(
      LanegradError,
    );
  }
});

test('inputs, targets and weights that became NaN', async () => {
  const model = sequential(8, [dense(1)], { seed: 1 });
  const { inputs } = clouds(20);
  const good = () =>
    dataset({
      name: 's',
      inputs: Float32Array.from(inputs),
      targets: new Float32Array(20),
      weights: new Float32Array(20).fill(1),
    });
  const options = { loss: 'meanSquaredError', optimizer: basic.optimizer, epochs: 1 } as const;
  for (const [key, at, said] of [
    [
      'inputs',
      83,
      /(fit, train|evaluate, set): input at row 10, column 3: expected a finite number, given NaN/,
    ],
    ['targets', 5, /target at row 5, column 0: expected a finite number, given NaN/],
    ['weights', 6, /weight 6: expected a finite number, at least 0, given NaN/],
  ] as const) {
    const set = good();
    (set[key] as Float32Array)[at] = Number.NaN;
    for (const run of [
      () => fit(strict, model, set, options),
      () => evaluate(strict, model, set, options.loss ? { loss: options.loss } : {}),
    ]) {
      await expect(run()).rejects.toThrow(DataError);
      await expect(run()).rejects.toThrow(said);
    }
  }
  expect((await fit(strict, model, good(), options)).outcome).toBe('completed');
});

test('labels that change while a set is measured are those that were measured', async () => {
  const set = clouds(60);
  const measured = evaluate(strict, net(), set, { loss });
  const expected = evaluate(strict, net(), clouds(60), { loss });
  await Promise.resolve();
  set.labels.fill(1e9);
  const result = await measured.catch((error: unknown) => error);
  // Either the set was copied before, or the change was seen.
  if (result instanceof Error) expect(result).toBeInstanceOf(DataError);
  else expect(result).toEqual(await expected);
});

test('balancedClassWeights', () => {
  expect(() => balancedClassWeights({ ...clouds(3), labels: Int32Array.of(0, 1, 5) })).toThrow(
    'balancedClassWeights: label 2: expected a whole number, at least 0 and less than 3, given 5',
  );
});

test('labels written into a plan by hand', () => {
  for (const own of [softmaxCrossEntropy(), softmaxCrossEntropy({ classWeights: [1, 2, 1] })]) {
    const compiled = new CompiledModel(strict, net(), { maxRows: 4, loss: own });
    const plan = compiled.plan(4);
    plan.forward();
    expect(Number.isFinite(plan.loss())).toBe(true);
    for (const label of [3, 1e9, -1]) {
      plan.labels.write([0, label, 0, 0]);
      expect(() => plan.loss()).toThrow(DataError);
      expect(() => plan.loss()).toThrow(
        `label 1: expected a whole number, at least 0 and less than 3, given ${label}`,
      );
    }
    plan.labels.write([0, 2, 1, 0]);
    expect(Number.isFinite(plan.loss())).toBe(true);
    compiled.dispose();
  }
  // Where labels are numbers, and no places.
  const compiled = new CompiledModel(strict, sequential(8, [dense(1)]), {
    maxRows: 1,
    loss: binaryCrossEntropy(),
  });
  const plan = compiled.plan(1);
  plan.labels.write([7]);
  plan.forward();
  expect(plan.loss()).toBeCloseTo(Math.log(2), 6);
  compiled.dispose();
});

test('a validation set whose names give the numbers of classes another meaning', async () => {
  const named = (...classNames: string[]) => ({ ...clouds(9), classNames });
  const run = (validation: Dataset) =>
    fit(strict, net(), named('a', 'b', 'c'), { ...basic, validation, epochs: 1 });
  await expect(run(named('a', 'c', 'b'))).rejects.toThrow(DataError);
  await expect(run(named('a', 'c', 'b'))).rejects.toThrow(
    'validation: class 1: expected "b", as of train, given "c"',
  );
  await expect(run(named('a', 'b', 'c'))).resolves.toMatchObject({ outcome: 'completed' });
  await expect(run(clouds(9))).resolves.toMatchObject({ outcome: 'completed' });
});
