/**
 * Predicting from models with several inputs or outputs: by name, the same numbers as the graph's arithmetic
 * gives, and what is refused.
 */
import { describe, expect, test } from 'vitest';
import { DataError, EngineError, NonFiniteError, OptionError, ShapeError } from '../../src/base/errors.js';
import { dataset } from '../../src/data/dataset.js';
import { input } from '../../src/graph/leaves.js';
import { dense } from '../../src/nn/dense.js';
import type { Network } from '../../src/nn/model.js';
import { network } from '../../src/nn/network.js';
import { evaluate } from '../../src/train/evaluate.js';
import { fit } from '../../src/train/fit.js';
import { predict, predictClasses, predictProba } from '../../src/train/predict.js';
import { createPredictor } from '../../src/train/predictor.js';
import { engines, strict } from './fit-setting.js';
import { both, partsOf, severalSet, twoByTwo } from './several.js';

/** What twoByTwo gives for one row, in float64. */
function byHand(model: Network, image: readonly number[], numbers: readonly number[]) {
  const value = (name: string) => model.parameters.find((own) => own.name === name)!;
  const affine = (layer: string, x: readonly number[]) => {
    const { shape, values } = value(`${layer}.weight`);
    const bias = value(`${layer}.bias`).values;
    return Array.from({ length: shape[1] }, (_, j) =>
      x.reduce((sum, own, i) => sum + own * values[i * shape[1] + j], bias[j]),
    );
  };
  const [a, b] = [affine('dense', image), affine('dense_1', numbers)];
  const h = a.map((own, i) => Math.tanh(own + b[i]));
  const logits = affine('dense_2', h);
  const total = logits.reduce((sum, own) => sum + Math.exp(own), 0);
  return { digit: logits.map((own) => Math.exp(own) / total), price: affine('dense_3', h) };
}

const { image, numbers } = partsOf(300, 7);
const pixels = Float32Array.from(image, (byte) => byte / 255);

describe.each(engines)('by name ($name)', ({ engine }) => {
  test('each output answers as its arithmetic says, in any number of rows, floats or bytes', async () => {
    const model = twoByTwo();
    await fit(engine, model, severalSet(64), { ...both, epochs: 2 });
    const all = predict(engine, model, { numbers, image: pixels });
    expect(Object.keys(all)).toEqual(['digit', 'price']);
    for (let row = 0; row < 300; row++) {
      const expected = byHand(
        model,
        [...pixels.subarray(6 * row, 6 * row + 6)],
        [...numbers.subarray(2 * row, 2 * row + 2)],
      );
      for (let i = 0; i < 3; i++) expect(all.digit[3 * row + i]).toBeCloseTo(expected.digit[i], 5);
      expect(all.price[row]).toBeCloseTo(expected.price[0], 5);
    }
    const rows = (from: number, to: number) => ({
      image: image.subarray(6 * from, 6 * to),
      numbers: numbers.subarray(2 * from, 2 * to),
    });
    const predictor = createPredictor(engine, model, { maxRows: 7 });
    for (const [from, to] of [
      [0, 1],
      [3, 20],
      [0, 300],
    ]) {
      const part = predictor.predict(rows(from, to));
      expect(part.digit).toEqual(all.digit.slice(3 * from, 3 * to));
      expect(part.price).toEqual(all.price.slice(from, to));
    }
    const classes = predictor.predictClasses(rows(0, 300));
    expect(Object.keys(classes)).toEqual(['digit']);
    const { outputs } = await evaluate(engine, model, severalSet(300, 7));
    expect(classes.digit).toEqual(outputs!.digit.predictions);
    expect(predictClasses(engine, model, rows(0, 300))).toEqual(classes);
    expect(predictProba(engine, model, rows(0, 300))).toEqual({ digit: all.digit });
    predictor.dispose();
    expect(() => predictor.predict(rows(0, 1))).toThrow(EngineError);
  });

  test('two inputs and one output give an array; one number of yes or no gives two columns', () => {
    const [a, b] = [input([2]), input([2])];
    const yes = network({ a, b }, { p: dense(1)(a), q: dense(2)(b) }, { seed: 2 });
    const loss = { p: 'binaryCrossEntropy', q: 'meanSquaredError' } as const;
    const given = { a: numbers.subarray(0, 10), b: numbers.subarray(10, 20) };
    const { p } = predict(engine, yes, given, { loss });
    const { p: pairs, q: none } = predictProba(engine, yes, given, { loss });
    expect([...pairs]).toEqual([...p].flatMap((one) => [Math.fround(1 - one), one]));
    expect(none).toBeUndefined();
    expect([...predictClasses(engine, yes, given, { loss }).p]).toEqual(
      [...p].map((one) => Number(one > 0.5)),
    );
    const x = input([2]);
    const plain = network({ x }, dense(3)(x), { seed: 4 });
    const named = predict(engine, plain, { x: given.a });
    expect(named).toBeInstanceOf(Float32Array);
    expect(named).toEqual(predict(engine, plain, given.a));
  });

  test('a model that has not been trained gives numbers, and after training what it was trained for', async () => {
    const model = twoByTwo();
    const given = { image: pixels.subarray(0, 6), numbers: numbers.subarray(0, 2) };
    const total = (values: Float32Array) => values.reduce((sum, value) => sum + value, 0);
    const predictor = createPredictor(engine, model);
    expect(total(predictor.predict(given).digit)).not.toBeCloseTo(1, 3);
    expect(() => predictor.predictProba(given)).toThrow(/option loss is required/);
    await fit(engine, model, severalSet(16), { ...both, epochs: 1 });
    expect(total(predictor.predict(given).digit)).toBeCloseTo(1, 5);
    predictor.dispose();
  });
});

describe('what is refused', () => {
  const model = twoByTwo();
  const ok = { image: pixels.subarray(0, 12), numbers: numbers.subarray(0, 4) };
  test.each<[string, unknown, new (...args: never[]) => Error, RegExp]>([
    ['an array', pixels, OptionError, /by name for image, numbers/],
    ['nothing', {}, OptionError, /expected some by name, given none/],
    ['an input too few', { image: ok.image }, OptionError, /nothing for the model's input "numbers"/],
    ['an input too many', { ...ok, more: ok.image }, OptionError, /no input "more"/],
    ['other counts', { ...ok, numbers: numbers.subarray(0, 2) }, DataError, /2 rows of image, 1 of numbers/],
    [
      'no whole rows',
      { ...ok, image: pixels.subarray(0, 7) },
      ShapeError,
      /predict, image: expected rows of 6/,
    ],
    ['no numbers', { ...ok, image: 'x' }, OptionError, /predict, image: inputs: expected an array/],
    [
      'NaN',
      { ...ok, numbers: [0, 1, Number.NaN, 2] },
      DataError,
      /predict, numbers: inputs: row 1, column 0/,
    ],
    ['what overflows', { ...ok, numbers: [3e38, 3e38, -3e38, 3e38] }, NonFiniteError, /row 0/],
  ])('%s', (_, inputs, kind, message) => {
    const own = kind === NonFiniteError ? overflowing() : model;
    const ask = () => predict(strict, own, inputs as Record<string, Float32Array>);
    expect(ask).toThrow(kind);
    expect(ask).toThrow(message);
  });

  /** Its second output is the product of a large weight and the numbers. */
  function overflowing(): Network {
    const [image, numbers] = [input([6]), input([2])];
    const own = network({ image, numbers }, { digit: dense(1)(image), price: dense(1)(numbers) });
    own.parameters.at(-2)!.values.fill(1e10);
    return own;
  }

  test('a loss that the model was not trained with, classes of numbers only, bytes never trained on', async () => {
    const own = twoByTwo();
    const { image: _, ...parts } = partsOf(20);
    const set = dataset({
      inputs: { image: pixels.subarray(0, 120), numbers: parts.numbers },
      labels: { digit: parts.digits },
      targets: { price: parts.prices },
    });
    await fit(strict, own, set, { ...both, epochs: 1 });
    const loss = { digit: 'meanSquaredError', price: 'meanSquaredError' } as const;
    expect(() => predict(strict, own, ok, { loss })).toThrow(/digit: "softmaxCrossEntropy"/);
    expect(() => predict(strict, own, { ...ok, image: image.subarray(0, 12) })).toThrow(
      /predict, image.*not trained on bytes/,
    );
    expect(() => predictClasses(strict, twoByTwo(), ok, { loss })).toThrow(
      /tells classes apart, given digit of/,
    );
  });
});
