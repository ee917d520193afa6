/**
 * What predicts from one model again and again: the answers of `predict`, whatever has changed in the model,
 * and flat memory.
 */
import { beforeEach, describe, expect, test } from 'vitest';
import { DataError, EngineError, NonFiniteError, OptionError, ShapeError } from '../../src/base/errors.js';
import { createReferenceEngine } from '../../src/create/reference.js';
import { dataset } from '../../src/data/dataset.js';
import { readModelNpz, writeModelNpz } from '../../src/formats/arrays.js';
import { CompiledModel } from '../../src/nn/compile.js';
import { dense } from '../../src/nn/dense.js';
import { setParameters } from '../../src/nn/model.js';
import { batchNorm } from '../../src/nn/normalization.js';
import { sgd } from '../../src/nn/optimizers.js';
import { type Sequential, sequential } from '../../src/nn/sequential.js';
import { fit } from '../../src/train/fit.js';
import { predict, predictClasses, predictProba } from '../../src/train/predict.js';
import { createPredictor } from '../../src/train/predictor.js';
import { reals } from '../kernels/harness.js';
import { basic, engines, net, reference, strict } from './fit-setting.js';
import { clouds } from './sets.js';

const loss = 'softmaxCrossEntropy' as const;
const rows = (count: number, seed = 1) => Float32Array.from(reals(8 * count, seed, 2));

/** By an engine that has never seen the model: what is right. */
function fresh(model: Sequential, x: ArrayLike<number>): number[] {
  const compiled = new CompiledModel(strict, model, { maxRows: x.length / 8, loss: model.loss ?? loss });
  const plan = compiled.plan(x.length / 8);
  plan.inputs.write(x);
  plan.loaded();
  plan.forward();
  plan.classify();
  const result = [...plan.probabilities.read()];
  compiled.dispose();
  return result;
}

describe.each(engines)('answers ($name)', ({ engine }) => {
  test('are those of the functions, whatever the number of rows, and each row as if it were alone', () => {
    const model = net(3);
    const predictor = createPredictor(engine, model, { maxRows: 37, loss });
    const all = rows(100);
    const one = Array.from({ length: 100 }, (_, i) => [...predictor.predict(all.subarray(8 * i, 8 * i + 8))]);
    for (const count of [1, 2, 3, 5, 9, 36, 37, 38, 100, 4, 1]) {
      const x = all.subarray(0, 8 * count);
      expect([...predictor.predict(x)]).toEqual(one.slice(0, count).flat());
      expect([...predictor.predict([...x])]).toEqual(one.slice(0, count).flat());
      expect([...predict(engine, model, x, { loss })]).toEqual(one.slice(0, count).flat());
      expect([...predictor.predictProba(x)]).toEqual([...predictProba(engine, model, x, { loss })]);
      expect([...predictor.predictClasses(x)]).toEqual([...predictClasses(engine, model, x, { loss })]);
    }
    predictor.dispose();
  });

  test('of a single logit have two columns, and a class', () => {
    const model = sequential(8, [dense(1)], { seed: 2 });
    const predictor = createPredictor(engine, model, { loss: 'binaryCrossEntropy' });
    const [x] = [rows(3)];
    const ones = predictor.predict(x);
    const both = predictor.predictProba(x);
    expect([...both]).toEqual([...ones].flatMap((p) => [Math.fround(1 - p), p]));
    expect([...predictor.predictClasses(x)]).toEqual([...ones].map((p) => Number(p > 0.5)));
    predictor.dispose();
  });
});

function add(values: Float32Array, at: number, change: number): void {
  values[at] += change;
}

describe('what is seen', () => {
  const x = rows(5);
  let model: Sequential;
  beforeEach(() => {
    model = sequential(8, [dense(6, { activation: 'tanh' }), batchNorm(), dense(3)], { seed: 4 });
  });

  /**
   * Asks, changes the model, asks again: both ways of asking must give what an engine gives that sees it for
   * the first time.
   */
  async function sees(change: () => unknown) {
    const options = model.loss ? {} : { loss };
    const predictor = createPredictor(strict, model, options);
    const before = [...predictor.predict(x)];
    expect([...predict(strict, model, x, options)]).toEqual(before);
    for (let turn = 0; turn < 3; turn++) {
      await change();
      const after = fresh(model, x);
      expect(after).not.toEqual(before);
      expect([...predictor.predict(x)]).toEqual(after);
      expect([...predict(strict, model, x, model.loss ? {} : options)]).toEqual(after);
      before.splice(0, before.length, ...after);
    }
    predictor.dispose();
  }

  test('training', () => sees(() => fit(strict, model, clouds(60), { ...basic, epochs: 1 })));

  test('setParameters, and readers of files', async () => {
    const other = sequential(8, [dense(6, { activation: 'tanh' }), batchNorm(), dense(3)], { seed: 5 });
    const bytes = writeModelNpz(other);
    await sees(() => {
      for (const { values } of other.parameters) values.set(values.map((v) => v * 1.5));
      setParameters(model, new Map([...other.parameters, ...other.buffers].map((own) => [own.name, own])));
    });
    const predictor = createPredictor(strict, model, { loss });
    predictor.predict(x);
    readModelNpz(bytes, 'other.npz', model);
    expect([...predictor.predict(x)]).toEqual(fresh(model, x));
    predictor.dispose();
  });

  test('one weight that the caller writes, by an array read before or after', async () => {
    const [{ values }] = model.parameters;
    await sees(() => add(values, 3, 1));
    await sees(() => add(model.parameters[2].values, 1, -0.5));
  });

  test('an array that was read after the first call, and written much later', () => {
    const predictor = createPredictor(strict, model, { loss });
    predictor.predict(x);
    const part = model.parameters[4].values.subarray(0, 2);
    predictor.predict(x);
    predictor.predict(x);
    part[1] = 3;
    expect([...predictor.predict(x)]).toEqual(fresh(model, x));
    part[1] = Number.NaN;
    for (let turn = 0; turn < 2; turn++) {
      expect(() => predictor.predict(x)).toThrow(NonFiniteError);
      expect(() => predict(strict, model, x, { loss })).toThrow(NonFiniteError);
    }
    part[1] = 2;
    expect([...predictor.predict(x)]).toEqual(fresh(model, x));
    predictor.dispose();
  });

  test('running statistics', () => sees(() => add(model.buffers[0].values, 0, 1)));

  test('a loss of another kind, by training', async () => {
    const one = sequential(8, [dense(1)], { seed: 6 });
    const labels = [0, 1, 1, 0];
    const set = dataset({ name: 'few', inputs: rows(4), labels });
    await fit(strict, one, set, { loss: 'binaryCrossEntropy', optimizer: sgd({ learningRate: 0.1 }) });
    const predictor = createPredictor(strict, one);
    expect(predictor.predictProba(x)).toHaveLength(10);
    const targets = dataset({ name: 'numbers', inputs: rows(4), targets: [100, 300, 200, 0] });
    await fit(strict, one, targets, { loss: 'meanSquaredError', optimizer: sgd({ learningRate: 0.1 }) });
    expect([...predictor.predict(x)]).toEqual(fresh(one, x));
    expect(Math.max(...predictor.predict(x))).toBeGreaterThan(1);
    expect(() => predictor.predictProba(x)).toThrow(OptionError);
    predictor.dispose();
  });
});

describe('errors', () => {
  test('are those of the functions, under the name of the method', () => {
    const model = net();
    const predictor = createPredictor(strict, model, { loss });
    expect(() => predictor.predict([1, 2])).toThrow(ShapeError);
    expect(() => predictor.predict([1, 2])).toThrow(/^Predictor\.predict: expected rows of 8 numbers/);
    expect(() => predictor.predictClasses([1, 2, 3, 4, 5, 6, 7, Number.NaN])).toThrow(DataError);
    expect(() => predictor.predictProba(undefined as never)).toThrow(OptionError);
    const regression = createPredictor(strict, model);
    expect(() => regression.predictProba(rows(1))).toThrow(/option loss is required/);
    predictor.dispose();
    regression.dispose();
  });

  test('an overflow names the row, and leaves nothing behind', () => {
    const model = sequential(8, [dense(2), dense(3)], { seed: 1 });
    const predictor = createPredictor(strict, model, { maxRows: 5, loss });
    const [good, bad] = [rows(12), rows(12)];
    bad.fill(3e38, 8 * 7, 8 * 8);
    const expected = [...predictor.predict(good)];
    for (const ask of [() => predictor.predict(bad), () => predictor.predictClasses(bad)]) {
      expect(ask).toThrow(NonFiniteError);
      expect(ask).toThrow(/row 7/);
      // Five rows are computed at once; what the bad row left in the third of them is no part of the next
      // two.
      expect([...predictor.predict(good.subarray(0, 8))]).toEqual(expected.slice(0, 3));
      expect([...predictor.predict(good.subarray(0, 16))]).toEqual(expected.slice(0, 6));
    }
    predictor.dispose();
  });

  test('options', () => {
    const model = net();
    for (const maxRows of [0, 1.5, '3', -1]) {
      expect(() => createPredictor(strict, model, { maxRows: maxRows as number })).toThrow(OptionError);
    }
    expect(() => createPredictor(strict, model, { rows: 3 } as never)).toThrow(/rows/);
    expect(() => createPredictor(strict, {} as never)).toThrow(OptionError);
    expect(() => createPredictor({} as never, model)).toThrow(OptionError);
    expect(() => createPredictor(strict, model, { loss: 'nonsense' as never })).toThrow(OptionError);
  });

  test('after dispose', () => {
    const predictor = createPredictor(strict, net(), { loss });
    predictor.dispose();
    predictor.dispose();
    expect(predictor.disposed).toBe(true);
    expect(() => predictor.predict(rows(1))).toThrow(EngineError);
    const engine = createReferenceEngine();
    const model = net();
    const other = createPredictor(engine, model, { loss });
    predict(engine, model, rows(1), { loss });
    engine.dispose();
    expect(other.disposed).toBe(true);
    expect(() => other.predict(rows(1))).toThrow(EngineError);
    expect(() => predict(engine, model, rows(1), { loss })).toThrow(EngineError);
    other.dispose();
  });
});

describe('memory', () => {
  test('of a predictor is taken once, and given back', () => {
    const { heap } = reference;
    const model = net();
    const before = heap.top;
    const predictor = createPredictor(reference, model, { maxRows: 20, loss });
    for (let count = 1; count <= 20; count++) predictor.predict(rows(count));
    const { top } = heap;
    for (let turn = 0; turn < 300; turn++) predictor.predict(rows(1 + (turn % 45)));
    expect(heap.top).toBe(top);
    predictor.dispose();
    expect(heap.top).toBe(before);
  });

  test('of `predict` is that of the model seen last', () => {
    const engine = createReferenceEngine();
    const models = [net(1), net(2)];
    for (const count of [1, 2, 3, 300])
      for (const model of models) predict(engine, model, rows(count), { loss });
    const { top } = engine.heap;
    for (let turn = 0; turn < 40; turn++) predict(engine, models[turn % 2], rows(251), { loss });
    expect(engine.heap.top).toBe(top);
    engine.dispose();
  });
});
