/** Measuring and asking a model: sums that add up, results that do not depend on how they were batched. */
import { describe, expect, test } from 'vitest';
import { OptionError, ShapeError } from '../../src/base/errors.js';
import { createEngine } from '../../src/create/engine.js';
import { createReferenceEngine } from '../../src/create/reference.js';
import { dataset } from '../../src/data/dataset.js';
import { dense } from '../../src/nn/dense.js';
import { sgd } from '../../src/nn/optimizers.js';
import { sequential } from '../../src/nn/sequential.js';
import { evaluate, predict } from '../../src/train/evaluate.js';
import { fit } from '../../src/train/fit.js';
import { clouds } from './sets.js';

const loss = 'softmaxCrossEntropy' as const;
const engines = [
  { name: 'wasm strict', engine: await createEngine({ backend: 'wasm', math: 'strict' }) },
  { name: 'wasm fma', engine: await createEngine({ backend: 'wasm', math: 'fma' }) },
  { name: 'reference', engine: createReferenceEngine() },
];

/** A model that has learned a little, so that it is neither sure nor right everywhere. */
async function learned(engine: (typeof engines)[0]['engine']) {
  const model = sequential(8, [dense(12, { activation: 'sigmoid' }), dense(3)], { seed: 2 });
  const options = { loss: 'softmaxCrossEntropy', optimizer: sgd({ learningRate: 0.3 }), epochs: 2 } as const;
  await fit(engine, model, clouds(100), { ...options, batchSize: 10 });
  return model;
}

/** Softmax outputs in float64. */
function exact(model: ReturnType<typeof sequential>, row: ArrayLike<number>): number[] {
  let x = Array.from(row);
  for (const [i, layer] of model.layers.entries()) {
    const [w, b] = model.parameters.filter(({ layer: index }) => index === i);
    const units = w.shape[1];
    x = Array.from({ length: units }, (_, n) =>
      x.reduce((sum, v, k) => sum + v * w.values[k * units + n], b.values[n]),
    );
    if (layer.config.activation === 'sigmoid') x = x.map((v) => 1 / (1 + Math.exp(-v)));
  }
  const max = Math.max(...x);
  const powers = x.map((v) => Math.exp(v - max));
  const total = powers.reduce((sum, v) => sum + v);
  return powers.map((v) => v / total);
}

describe.each(engines)('evaluate ($name)', ({ engine }) => {
  test('adds up, and is what float64 says', async () => {
    const model = await learned(engine);
    const set = clouds(333, { seed: 7 });
    const result = await evaluate(engine, model, set);
    expect(result.size).toBe(333);
    expect([result.predictions.length, result.losses.length, result.confidences.length]).toEqual([
      333, 333, 333,
    ]);
    expect(result.confusion.map((row) => row.length)).toEqual([3, 3, 3]);
    expect(result.confusion.flat().reduce((sum, n) => sum + n)).toBe(333);
    const actual = [0, 1, 2].map((c) => set.labels.filter((label) => label === c).length);
    expect(result.confusion.map((row) => row.reduce((sum, n) => sum + n))).toEqual(actual);
    const right = result.confusion[0][0] + result.confusion[1][1] + result.confusion[2][2];
    expect(result.accuracy).toBe(right / 333);
    expect(right).toBeLessThan(333);
    expect(result.loss).toBeCloseTo(result.losses.reduce((sum, v) => sum + v, 0) / 333, 7);
    for (let i = 0; i < 333; i++) {
      const p = exact(model, set.inputs.subarray(8 * i, 8 * i + 8));
      const best = p.indexOf(Math.max(...p));
      expect(result.predictions[i]).toBe(best);
      expect(result.confidences[i]).toBeCloseTo(p[best], 5);
      expect(result.losses[i]).toBeCloseTo(-Math.log(p[set.labels[i]]), 5);
    }
  });

  test('confusion[actual][predicted] is the right way round', async () => {
    const model = sequential(2, [dense(3)]);
    // Always the second class.
    model.parameters[0].values.fill(0);
    model.parameters[1].values.set([0, 5, 0]);
    const set = dataset({ name: 'four', inputs: new Float32Array(8), labels: [0, 0, 1, 2] });
    const { confusion, accuracy } = await evaluate(engine, model, set, { loss });
    expect(confusion).toEqual([
      [0, 2, 0],
      [0, 1, 0],
      [0, 1, 0],
    ]);
    expect(accuracy).toBe(0.25);
  });

  test.each([
    ['floats', false],
    ['bytes, some rows sparse', true],
  ])('does not depend on the batches, %s', async (_, bytes) => {
    const model = await learned(engine);
    const set = clouds(601, { seed: 3, bytes });
    const usual = await evaluate(engine, model, set);
    for (const batchSize of [1, 7, 64, 600, 601, 5000]) {
      const { loss, ...rest } = await evaluate(engine, model, set, { batchSize });
      const { loss: expected, ...others } = usual;
      expect(rest, `${batchSize}`).toEqual(others);
      // A mean in float64 of the same float32 numbers.
      expect(Math.abs(loss / expected - 1)).toBeLessThan(1e-14);
    }
  });

  test('leaves model and memory as they were', async () => {
    const model = await learned(engine);
    const before = model.parameters.map(({ values }) => values.slice());
    const { top } = engine.heap;
    await evaluate(engine, model, clouds(50));
    expect(engine.heap.top).toBe(top);
    // What is asked last is kept ready, and takes no more at the next call.
    predict(engine, model, new Float32Array(16));
    const kept = engine.heap.top;
    predict(engine, model, new Float32Array(16));
    expect(engine.heap.top).toBe(kept);
    await evaluate(engine, model, clouds(50));
    expect(engine.heap.top).toBe(kept);
    expect(model.parameters.map(({ values }) => values)).toEqual(before);
  });

  test.each([
    [{ batchSize: 0 }, 'option batchSize: expected a whole number, at least 1, given 0'],
    [{ batchSize: Number.NaN }, 'given NaN'],
    [{ loss: 'mse' }, /option loss: expected one of "softmaxCrossEntropy", .* given "mse"/],
    [{ batch: 5 }, 'unknown option "batch"'],
  ])('refuses the options %j', async (options, message) => {
    const run = evaluate(engine, sequential(8, [dense(3)]), clouds(5), options as object);
    await expect(run).rejects.toThrow(OptionError);
    await expect(run).rejects.toThrow(message);
  });

  test('refuses a set that does not fit, and frees what it took', async () => {
    const { top } = engine.heap;
    const model = sequential(8, [dense(3)]);
    await expect(evaluate(engine, model, clouds(5, { width: 7 }), { loss })).rejects.toThrow(ShapeError);
    await expect(evaluate(engine, model, clouds(5, { width: 7 }), { loss })).rejects.toThrow(
      'evaluate: set: "clouds" has 7 numbers a sample, but the model takes 8',
    );
    await expect(evaluate(engine, model, clouds(5, { classes: 4 }), { loss })).rejects.toThrow(
      'but the model has 3 outputs',
    );
    await expect(evaluate(engine, model, undefined as never)).rejects.toThrow(OptionError);
    expect(engine.heap.top).toBe(top);
  });
});

describe.each(engines)('predict ($name)', ({ engine }) => {
  test('gives probabilities, row by row, those of evaluate', async () => {
    const model = await learned(engine);
    const set = clouds(513, { seed: 4 });
    const probabilities = predict(engine, model, set.inputs);
    expect(probabilities).toHaveLength(3 * 513);
    const { predictions, confidences } = await evaluate(engine, model, set);
    for (let i = 0; i < 513; i++) {
      const row = [...probabilities.subarray(3 * i, 3 * i + 3)];
      expect(Math.abs(row[0] + row[1] + row[2] - 1)).toBeLessThan(1e-6);
      expect(row.every((p) => p >= 0 && p <= 1)).toBe(true);
      expect(row[predictions[i]]).toBe(confidences[i]);
      const expected = exact(model, set.inputs.subarray(8 * i, 8 * i + 8));
      for (const [j, p] of row.entries()) expect(p).toBeCloseTo(expected[j], 5);
    }
  });

  test('takes plain arrays, one row, and logits of any size', async () => {
    const model = await learned(engine);
    const row = [1, 0, 0, 0, 0, 0, 0, 0];
    expect([...predict(engine, model, row)]).toEqual([...predict(engine, model, Float32Array.from(row))]);
    const [a, b] = [predict(engine, model, row), predict(engine, model, [...row, ...row.map(() => 0.3)])];
    expect([...b.subarray(0, 3)]).toEqual([...a]);
    model.parameters[3].values.set([1e30, -1e30, 0]);
    expect([...predict(engine, model, row)]).toEqual([1, 0, 0]);
  });

  test.each([0, 1, 7, 9, 17])('refuses %i numbers for rows of 8', (count) => {
    const run = () => predict(engine, sequential(8, [dense(3)]), new Float32Array(count));
    expect(run).toThrow(ShapeError);
    expect(run).toThrow(`predict: expected rows of 8 numbers, given ${count} numbers`);
  });
});
