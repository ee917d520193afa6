/**
 * The typed faces of losses against their formulas in float64: with gradients and without, with weights of
 * rows and without, in padded and in dense tensors; and what does not fit them.
 */
import { describe, expect, test } from 'vitest';
import { createEngine } from '../../src/create/engine.js';
import { createReferenceEngine } from '../../src/create/reference.js';
import type { DType } from '../../src/engine/tensor.js';
import { positive, rowWeights, targetLoss, weightedCrossEntropy } from '../../src/ops/losses.js';
import { reals } from '../kernels/harness.js';
import { expectClose } from '../kernels/ulp.js';

const engines = [
  { name: 'wasm strict', engine: await createEngine({ backend: 'wasm', math: 'strict' }) },
  { name: 'reference, float64', engine: createReferenceEngine({ precision: 'float64' }) },
];

const [ROWS, COLUMNS, SCALE] = [3, 4, 0.25];
const x = reals(ROWS * COLUMNS, 1, 2);
const t = reals(ROWS * COLUMNS, 2, 2);
const weights = [2, 0.5, 3];
const classWeights = [1, 2, 0.5, 4];
const labels = [2, 0, 3];
const STEP = 1e-5;

/** Each row's loss. */
type Formula = (x: ArrayLike<number>, weighted: boolean) => number[];

const each =
  (own: (x: number, t: number) => number): Formula =>
  (x, weighted) =>
    weights.map((weight, m) => {
      let sum = 0;
      for (let i = m * COLUMNS; i < (m + 1) * COLUMNS; i++) sum += own(x[i], t[i]);
      return ((weighted ? weight : 1) * sum) / COLUMNS;
    });

/** The weight of -ln p of each class in each row. */
const entropy =
  (share: (m: number, n: number) => number): Formula =>
  (x, weighted) =>
    weights.map((weight, m) => {
      const row = Array.from(classWeights, (_, n) => x[m * COLUMNS + n]);
      const total = Math.log(row.reduce((sum, v) => sum + Math.exp(v), 0));
      return (weighted ? weight : 1) * row.reduce((sum, v, n) => sum + share(m, n) * (total - v), 0);
    });

const isLabel = (m: number, n: number) => Number(n === labels[m]);

const formulas = {
  squared: each((x, t) => (x - t) ** 2),
  absolute: each((x, t) => Math.abs(x - t)),
  huber: each((x, t) => (Math.abs(x - t) > 0.5 ? 0.5 * (Math.abs(x - t) - 0.25) : (x - t) ** 2 / 2)),
  binary: each((x, t) => (1 - t) * x + (1 + 2 * t) * Math.log1p(Math.exp(-x))),
  labels: entropy(isLabel),
  'smoothed labels': entropy((m, n) => 0.75 * isLabel(m, n) + 0.25 / COLUMNS),
  'classes with weights': entropy((m, n) => (0.75 * isLabel(m, n) + 0.25 / COLUMNS) * classWeights[n]),
  probabilities: entropy((m, n) => t[m * COLUMNS + n]),
} satisfies Record<string, Formula>;
const names = Object.keys(formulas) as (keyof typeof formulas)[];

describe.each(engines)('losses ($name)', ({ name: engineName, engine }) => {
  const near = engineName.includes('float64') ? 1e-6 : 1e-5;
  const arena = engine.arena();
  const i32 = (values: number[]) => arena.tensor('i32', [values.length]).write(Int32Array.from(values));
  const line = (values: number[]) => arena.tensor('float', [values.length]).write(Float64Array.from(values));

  /** A loss on tensors of its own, with gradients or without. */
  function made(name: keyof typeof formulas, kind: 'padded' | 'tensor', withGradient: boolean) {
    const matrix = (values: ArrayLike<number>) =>
      arena[kind]('float', [ROWS, COLUMNS]).write(Float64Array.from(values));
    const own = {
      ...{ losses: line([7, 7, 7]), outputs: matrix(x), weights: line(weights) },
      dOutputs: withGradient ? matrix(t) : undefined,
    };
    const targets = matrix(t);
    const smoothing = name === 'labels' ? 0 : 0.25;
    switch (name) {
      case 'squared':
      case 'absolute':
        return { ...own, call: targetLoss({ ...own, targets, kind: name }) };
      case 'huber':
        return { ...own, call: targetLoss({ ...own, targets, kind: name, delta: 0.5 }) };
      case 'binary':
        return { ...own, call: targetLoss({ ...own, targets, kind: name, positiveWeight: 3 }) };
      case 'probabilities': {
        // Labels are not looked at.
        const call = weightedCrossEntropy({ ...own, labels: i32([99, -1, 99]), targets, smoothing });
        return { ...own, call };
      }
      default: {
        const given = name === 'classes with weights' ? line(classWeights) : undefined;
        const call = weightedCrossEntropy({ ...own, labels: i32(labels), classWeights: given, smoothing });
        return { ...own, call };
      }
    }
  }

  describe.each(['padded', 'tensor'] as const)('%s', (kind) => {
    test.each(names)('%s', (name) => {
      for (const weighted of [false, true]) {
        const expected = formulas[name](x, weighted);
        const total = (at: ArrayLike<number>) => formulas[name](at, weighted).reduce((a, b) => a + b);
        const slopes = Float64Array.from(x, (_, i) => {
          const moved = (by: number) => total(x.map((v, j) => (i === j ? v + by : v)));
          return (SCALE * (moved(STEP) - moved(-STEP))) / (2 * STEP);
        });
        const { losses, dOutputs, call } = made(name, kind, true);
        call(SCALE, weighted);
        expectClose(
          `${name}`,
          losses.read(),
          Float64Array.from(expected),
          (i) => near * (1 + Math.abs(expected[i])),
        );
        expectClose(`d ${name}`, dOutputs!.read(), slopes, () => near);
        const alone = made(name, kind, false);
        alone.call(SCALE, weighted);
        expect([...alone.losses.read()]).toEqual([...losses.read()]);
      }
    });
  });

  test('the weights of rows, of their labels, and both', () => {
    const y = line([7, 7, 7]);
    const own = { y, labels: i32(labels), weights: line(weights) };
    const read = (call: (weighted: boolean) => void, weighted: boolean) => {
      call(weighted);
      return [...y.read()];
    };
    const plain = rowWeights(own);
    expect(read(plain, false)).toEqual([1, 1, 1]);
    expect(read(plain, true)).toEqual(weights);
    const classes = rowWeights({ ...own, classWeights: line(classWeights) });
    expect(read(classes, false)).toEqual([0.5, 1, 4]);
    expect(read(classes, true)).toEqual([1, 0.5, 12]);
  });

  test('predictions of what is above 0', () => {
    const logits = arena.padded('float', [5, 2]).write([-1, 1, 0, 1, 2, -1, 1e-6, 0, -0.5, 5]);
    const predictions = i32([7, 7, 7, 7, 7]);
    positive({ predictions, x: logits })();
    expect([...predictions.read()]).toEqual([0, 0, 1, 1, 0]);
  });
});

describe('what does not fit', () => {
  const arena = createReferenceEngine().arena();
  const elsewhere = createReferenceEngine().arena();
  const f = (...shape: number[]) => arena.tensor('float', shape);
  const of = (dtype: DType, ...shape: number[]) => arena.tensor(dtype, shape);
  const own = () => ({ losses: f(3), outputs: f(3, 4), weights: f(3), labels: of('i32', 3), smoothing: 0 });
  const entropyOf = (more: Partial<Parameters<typeof weightedCrossEntropy>[0]>) => () =>
    weightedCrossEntropy({ ...own(), ...more });
  const rows = (more: Partial<Parameters<typeof rowWeights>[0]>) => () =>
    rowWeights({ y: f(3), labels: of('i32', 3), weights: f(3), ...more });

  test.each<[what: string, call: () => unknown, message: string]>([
    [
      'another engine',
      entropyOf({ losses: elsewhere.tensor('float', [3]) }),
      'tensors of two engines cannot meet',
    ],
    ['losses', entropyOf({ losses: f(4) }), 'loss: losses: expected float [3], given float [4]'],
    ['outputs', entropyOf({ outputs: f(3) }), 'loss: outputs: expected'],
    ['weights', entropyOf({ weights: f(2) }), 'loss: weights: expected float [3], given float [2]'],
    [
      'dOutputs',
      entropyOf({ dOutputs: f(3, 5) }),
      'loss: dOutputs: expected float [3, 4], given float [3, 5]',
    ],
    ['labels', entropyOf({ labels: of('i32', 4) }), 'labels: expected i32 [3], given i32 [4]'],
    ['class weights', entropyOf({ classWeights: f(3) }), 'classWeights: expected float [4], given float [3]'],
    ['probabilities', entropyOf({ targets: f(3, 3) }), 'targets: expected float [3, 4], given float [3, 3]'],
    [
      'targets',
      () => targetLoss({ ...own(), targets: f(4, 3), kind: 'squared' }),
      'targets: expected float [3, 4], given float [4, 3]',
    ],
    ['y', rows({ y: f(3, 1) }), 'rowWeights: y: expected'],
    ['labels of rows', rows({ labels: of('i32', 2) }), 'labels: expected i32 [3], given i32 [2]'],
    ['weights of rows', rows({ weights: f(2) }), 'weights: expected float [3], given float [2]'],
    ['weights of classes', rows({ classWeights: f(2, 2) }), 'classWeights: expected'],
    ['rows elsewhere', rows({ y: elsewhere.tensor('float', [3]) }), 'tensors of two engines cannot meet'],
    [
      'predictions',
      () => positive({ predictions: of('i32', 2), x: f(3, 1) }),
      'predictions: expected i32 [3]',
    ],
    ['logits', () => positive({ predictions: of('i32', 3), x: f(3) }), 'positive: x: expected'],
  ])('%s', (_, call, message) => {
    expect(call).toThrow(message);
  });

  test('labels that name no class', () => {
    const labels = of('i32', 3).write(Int32Array.of(0, 4, 1));
    const loss = weightedCrossEntropy({ ...own(), labels });
    expect(() => loss(1, false)).toThrow('label 1: expected a whole number, at least 0 and less than 4');
    const weigh = rowWeights({ y: f(3), labels, weights: f(3), classWeights: f(4) });
    expect(() => weigh(false)).toThrow('label 1: expected a whole number, at least 0 and less than 4');
    // Without weights of classes no label is looked at.
    expect(() => rowWeights({ y: f(3), labels, weights: f(3) })(false)).not.toThrow();
  });
});
