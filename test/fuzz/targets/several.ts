/**
 * Functions that take several inputs and outputs by name, on a model of two and two: forms of their arguments
 * that one input has not.
 */
import * as lanegrad from '../../../src/index.js';
import { gradcheck } from '../../../src/reference.js';
import type { Random } from '../random.js';
import { expectThat, type Target } from '../target.js';
import { allFinite, apply, type Call, callTarget } from './functions.js';
import { briefly } from './samples.js';

const { adam, createPredictor, dataset, dense, evaluate, findLearningRate, fit, input, kFold, network } =
  lanegrad;
const { predict, predictClasses, predictProba, splitDataset, takeRows } = lanegrad;

const model = (r: Random): lanegrad.Network => {
  const [a, b] = [input([2]), input([3])];
  const h = lanegrad.tanh(lanegrad.add(dense(4)(a), dense(4)(b)));
  return network({ a, b }, { kind: dense(2)(h), price: dense(1)(h) }, { seed: r.below(100) });
};

const given = (r: Random) => ({
  name: 'several',
  inputs: {
    a: r.pick([
      () => r.floats(16),
      () => ({ values: [...r.floats(16)], shape: [1, 2] }),
      () => ({ values: r.bytes(16), scale: 0.01, offset: 0.5 }),
    ])(),
    b: { values: r.floats(24), shape: [3] },
  },
  labels: {
    kind: r.pick<unknown>([
      [0, 1, 0, 1, 1, 0, 1, 0],
      { values: ['x', 'y', 'x', 'y', 'x', 'x', 'y', 'y'], classNames: ['x', 'y'] },
    ]),
  },
  targets: {
    price: r.pick<unknown>([r.floats(8), { values: [...r.floats(8)], targetWidth: 1, targetNames: ['p'] }]),
  },
  weights: r.pick<unknown>([undefined, [1, 0, 2, 1, 1, 1, 1, 1]]),
});

const set = (r: Random): lanegrad.Dataset => dataset(given(r) as lanegrad.DatasetOptions);
const loss = () => ({ kind: 'softmaxCrossEntropy', price: { loss: 'huber', weight: 0.5 } });
const rows = (r: Random) => ({ a: r.pick([r.floats(4), [...r.floats(4)]]), b: r.floats(6) });

function checkRows(result: unknown): void {
  const { size, inputsByName = {}, answersByName = {} } = result as lanegrad.Dataset;
  for (const { inputs, width } of Object.values(inputsByName)) {
    expectThat(inputs.length === size * width, () => `${inputs.length} inputs of ${size} rows of ${width}`);
    allFinite(inputs, 'inputs');
  }
  for (const { labels, targets, targetWidth, classes } of Object.values(answersByName)) {
    if (targets) expectThat(targets.length === size * targetWidth!, () => `${targets.length} targets`);
    else
      expectThat(
        labels.every((label) => label < classes),
        () => 'a label outside the classes',
      );
  }
}

function checkAll(sets: readonly unknown[]): void {
  for (const own of sets) checkRows(own);
}

const asking: Call['valid'] = (r, { engine, reference }) => [
  r.chance(0.5) ? engine : reference,
  model(r),
  rows(r),
  { loss: loss() },
];

const calls: Record<string, Call> = {
  dataset: { weight: 4, valid: (r) => [given(r)], call: dataset, check: checkRows },
  takeRows: {
    valid: (r) => [set(r), [1, 5]],
    call: takeRows,
    check: (part, _, intact) => intact && checkRows(part),
  },
  splitDataset: {
    valid: (r) => [set(r), { validation: 0.5 }],
    call: splitDataset,
    check: (parts, _, intact) => intact && checkAll(Object.values(parts as object)),
  },
  kFold: {
    valid: (r) => [set(r), { folds: 2 }],
    call: (...args) => [...apply(kFold, args)],
    check: (folds, _, intact) => intact && checkAll((folds as lanegrad.Fold[]).map(({ train }) => train)),
  },
  fit: {
    weight: 6,
    valid: (r, { engine, reference }) => [
      r.chance(0.7) ? engine : reference,
      model(r),
      set(r),
      {
        ...{ loss: loss(), optimizer: adam(), batchSize: 3, epochs: 2, validation: set(r) },
        metrics: { kind: ['f1'], price: ['mae'] },
        ...(r.chance(0.5) && { classWeights: { kind: 'balanced' } }),
        ...(r.chance(0.5) && { earlyStopping: { monitor: 'validation.price.loss' } }),
      },
    ],
    call: (...args) => apply(fit, briefly(args, 3)),
    check: (history) => {
      for (const { loss: total, outputs = {} } of (history as lanegrad.History).epochs) {
        allFinite([total, ...Object.values(outputs).map((own) => own.loss)]);
      }
    },
  },
  evaluate: {
    weight: 2,
    valid: (r, { engine }) => [engine, model(r), set(r), { loss: loss(), metrics: { price: ['mae'] } }],
    call: evaluate,
    check: (result) => allFinite((result as lanegrad.Evaluation).loss),
  },
  findLearningRate: {
    valid: (r, { engine }) => [
      ...[engine, model(r), set(r)],
      { loss: loss(), optimizer: adam(), batchSize: 4, steps: 12 },
    ],
    call: (...args) => apply(findLearningRate, briefly(args, 3)),
    check: (curve) => allFinite((curve as lanegrad.LearningRateCurve).rates),
  },
  predict: { weight: 3, valid: asking, call: predict, check: (result) => allFinite(result) },
  predictProba: { valid: asking, call: predictProba, check: (result) => allFinite(result) },
  predictClasses: { valid: asking, call: predictClasses, check: (result) => allFinite(result) },
  createPredictor: {
    valid: (r, { engine }) => [engine, model(r), { maxRows: 1, loss: loss() }, rows(r)],
    call(...args: readonly unknown[]) {
      const [engine, own, options, inputs] = args as [
        ...Required<Parameters<typeof createPredictor>>,
        unknown,
      ];
      const predictor = createPredictor(engine, own, options);
      try {
        return predictor.predict(inputs as lanegrad.InputsByName);
      } finally {
        predictor.dispose();
      }
    },
    check: (result) => allFinite(result),
  },
  gradcheck: {
    valid: (r) => [
      model(r),
      { loss: loss(), samples: 2, ...(r.chance(0.5) ? { set: set(r) } : { rows: 2 }) },
    ],
    call: gradcheck,
    check: (result, _, intact) =>
      intact && expectThat((result as { passed: boolean }).passed, () => 'right gradients did not pass'),
  },
};

export const severalTargets: readonly Target[] = Object.entries(calls).map(([name, call]) =>
  callTarget(`${name}() by name`, call),
);
