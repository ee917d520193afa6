/**
 * What models are made of, as functions of `lanegrad`: layers, initializers, losses, optimizers, schedules,
 * metrics; and its errors.
 */
import type { Engine, Layer } from '../../../src/index.js';
import * as lanegrad from '../../../src/index.js';
import { expectThat } from '../target.js';
import { allFinite, apply, type Call } from './functions.js';

const {
  CompiledModel,
  accuracy,
  activation,
  adagrad,
  adam,
  adamW,
  batchNorm,
  binaryCrossEntropy,
  constant,
  constantRate,
  cosineDecay,
  dense,
  dropout,
  embedding,
  f1,
  glorotNormal,
  glorotUniform,
  heNormal,
  heUniform,
  huber,
  layerNorm,
  meanAbsoluteError,
  meanSquaredError,
  normalization,
  oneCycle,
  precision,
  predict,
  r2,
  randomNormal,
  recall,
  reduceOnPlateau,
  rmsprop,
  rocAuc,
  sequential,
  sgd,
  softmaxCrossEntropy,
  stepDecay,
  topK,
  warmUp,
  zeros,
} = lanegrad;

/** An initializer, and what it fills. */
const filled =
  (make: (...args: never[]) => { fill(...args: never[]): void }): Call['call'] =>
  (...args) => {
    const made = make(...args) as unknown as {
      fill(values: Float32Array, shape: number[], seed: number, stream: number): void;
    };
    const values = new Float32Array(6);
    made.fill(values, [2, 3], 1, 0);
    return values;
  };
const initializer = (
  make: (...args: never[]) => { fill(...args: never[]): void },
  ...args: unknown[]
): Call => ({
  valid: () => args,
  call: filled(make),
  check: (values) => allFinite(values),
});

/** A schedule, and its rates; all must be numbers that can be used. */
const schedule = (
  make: (...args: never[]) => { rate(step: number, total: number): number },
  ...valid: unknown[]
): Call => ({
  valid: () => valid,
  call: (...args) => [1, 2, 5, 50, 100].map((step) => make(...args).rate(step, 100)),
  check: (rates) => {
    for (const rate of rates as number[]) expectThat(rate >= 0 && rate < Infinity, () => `a rate of ${rate}`);
  },
});

/** An optimizer, and three steps with it. */
const optimizer = (make: (...args: never[]) => lanegrad.Optimizer, valid: object): Call => ({
  valid: (_, { reference }) => [valid, reference],
  async call(...args: readonly unknown[]) {
    const made = (make as (options: unknown) => lanegrad.Optimizer)(args[0]);
    const engine = args[1] as Engine;
    if (!(Math.abs(made.learningRate) < 10)) return [];
    const model = sequential(2, [dense(2)], { seed: 1 });
    const compiled = new CompiledModel(engine, model, { maxRows: 2, optimizer: made });
    const plan = compiled.plan(2);
    plan.inputs.write([1, 2, 3, 4]);
    plan.loaded();
    plan.labels.write([0, 1]);
    for (let i = 0; i < 3; i++) {
      plan.forward(true);
      plan.loss();
      plan.step(made.learningRate);
    }
    compiled.download();
    compiled.dispose();
    return model.parameters.map(({ values }) => values);
  },
  check: (result, _, intact) => intact && allFinite(result),
});

/** A loss, and its options as a model's file has them. */
const loss = (make: (...args: never[]) => lanegrad.Loss, valid?: object): Call => ({
  valid: () => (valid ? [valid] : []),
  call: (...args) => make(...args).config,
  check: (config) => allFinite(config),
});

/** A layer in a model that is run over one row. */
const layerIn =
  (modelOf: (made: Layer) => lanegrad.Sequential) =>
  (make: (...args: never[]) => Layer, ...valid: unknown[]): Call => ({
    valid: (_, { reference }) => [...valid, reference],
    async call(...args: readonly unknown[]) {
      const model = modelOf(apply(make, args.slice(0, valid.length)));
      if (model.parameterCount > 1e5) return [];
      // Whole numbers, which an embedding wants.
      const row = Float32Array.from({ length: model.inputSize }, (_, i) => i + 1);
      return predict(args[valid.length] as Engine, model, row, { loss: 'softmaxCrossEntropy' });
    },
    check: (result, _, intact) => intact && allFinite(result),
  });

const layer = layerIn((made) => sequential(2, [made, dense(2)]));

const means = lanegrad.layer('means', (x) =>
  x.shape.dims.length === 1 ? x : lanegrad.mean(x, { axis: [1, 2] }),
);
const imageLayer = layerIn((made) => sequential([4, 4, 2], [made, means, dense(2)]));

/** A metric, and its value of two rows. */
const metric = (make: (...args: never[]) => lanegrad.Metric, ...valid: unknown[]): Call => ({
  valid: () => valid,
  call(...args) {
    const sum = make(...args).start(2);
    const probabilities = () => Float32Array.of(0.2, 0.8, 0.9, 0.1);
    sum.add({
      rows: 2,
      outputs: Float32Array.of(0, 1, 1, 0),
      probabilities,
      labels: Int32Array.of(1, 0),
      targets: Float32Array.of(0, 1, 1, 0),
    });
    return sum.value();
  },
  check: (value) => expectThat(value === 1, () => `of right answers it is ${value}`),
});

/** A metric of labels; with another threshold, right answers may be wrong. */
const multilabel = (make: (...args: never[]) => lanegrad.Metric, best: number, valid: object): Call => ({
  ...metric(make, valid),
  check: (value, _, intact) =>
    expectThat(intact ? value === best : Number.isFinite(value), () => `of right answers it is ${value}`),
});

const named = { valid: (): unknown[] => ['where', 'message'] };
const made = (make: new (...args: never[]) => Error): Call => ({
  ...named,
  call: (...args) => new make(...args),
});

/** A transform alone, as an optimizer. */
const transform = (make: (...args: never[]) => lanegrad.Transform, ...valid: unknown[]): Call => {
  const { call, ...rest } = optimizer(
    ((args: never[]) =>
      lanegrad.optimizer({ name: 'one', learningRate: 0.1, transforms: [make(...args)] })) as never,
    valid,
  );
  return {
    ...rest,
    valid: (_, { reference }) => [...valid, reference],
    call: (...args: readonly unknown[]) =>
      (call as (...given: unknown[]) => unknown)(args.slice(0, valid.length), args[valid.length]),
  };
};

export const partFunctions: Record<string, Call> = {
  DataError: made(lanegrad.DataError),
  EngineError: made(lanegrad.EngineError),
  FileError: made(lanegrad.FileError),
  FormatError: made(lanegrad.FormatError),
  KernelError: made(lanegrad.KernelError),
  LanegradError: made(lanegrad.LanegradError),
  NonFiniteError: made(lanegrad.NonFiniteError),
  OptionError: made(lanegrad.OptionError),
  ResumeError: made(lanegrad.ResumeError),
  ShapeError: made(lanegrad.ShapeError),
  ThreadError: made(lanegrad.ThreadError),
  UnsupportedError: made(lanegrad.UnsupportedError),
  accuracy: metric(accuracy),
  addDecayedWeights: transform(lanegrad.addDecayedWeights, 0.01),
  activation: layer(activation, 'leakyRelu', { negativeSlope: 0.1 }),
  adagrad: optimizer(adagrad, { learningRate: 0.1, learningRateDecay: 0.01, weightDecay: 0.01, eps: 1e-8 }),
  adam: optimizer(adam, { learningRate: 0.1, betas: [0.9, 0.99], eps: 1e-8, weightDecay: 0.01 }),
  adamW: optimizer(adamW, {
    learningRate: constantRate(0.1),
    betas: [0.9, 0.99],
    eps: 1e-8,
    weightDecay: 0.01,
  }),
  avgPool2d: imageLayer(lanegrad.avgPool2d, 3, {
    ...{ stride: [1, 2], padding: 1, dilation: 1, ceilMode: true, countIncludePad: true },
  }),
  batchNorm: layer(batchNorm, { eps: 1e-5, momentum: 0.1, affine: true }),
  binaryCrossEntropy: loss(binaryCrossEntropy, { positiveWeight: 2 }),
  clip: transform(lanegrad.clip, 0.5),
  clipByGlobalNorm: transform(lanegrad.clipByGlobalNorm, 1),
  constant: initializer(constant, 0.5),
  constantRate: schedule(constantRate, 0.1),
  cosineDecay: schedule(cosineDecay, { learningRate: 0.1, minimum: 0.01 }),
  dense: layer(dense, 3, {
    activation: 'relu',
    bias: true,
    weightInitializer: 'heNormal',
    biasInitializer: zeros(),
  }),
  dropout: imageLayer(dropout, 0.5, { channels: true }),
  embedding: layer(embedding, {
    columns: [{ column: 0, cardinality: 4, width: 2 }],
    initializer: randomNormal(1),
  }),
  f1: metric(f1, { average: 'macro' }),
  globalAvgPool: imageLayer(lanegrad.globalAvgPool),
  globalMaxPool: imageLayer(lanegrad.globalMaxPool),
  glorotNormal: initializer(glorotNormal),
  glorotUniform: initializer(glorotUniform),
  hammingLoss: multilabel(lanegrad.hammingLoss, 0, { threshold: 0.4 }),
  heNormal: initializer(heNormal),
  heUniform: initializer(heUniform),
  huber: loss(huber, { delta: 2 }),
  layerNorm: layer(layerNorm, { eps: 1e-5, affine: true }),
  maxPool2d: imageLayer(lanegrad.maxPool2d, [2, 3], {
    ...{ stride: 1, padding: [0, 1, 1, 1], dilation: [2, 1], ceilMode: false },
  }),
  meanAbsoluteError: loss(meanAbsoluteError),
  meanSquaredError: loss(meanSquaredError),
  multilabelF1: multilabel(lanegrad.multilabelF1, 1, { average: 'micro', threshold: 0.6 }),
  normalization: layer(normalization, { mean: [1], deviation: [2] }),
  oneCycle: schedule(oneCycle, {
    maxLearningRate: 0.1,
    percentStart: 0.3,
    divFactor: 25,
    finalDivFactor: 1e4,
    anneal: 'cos',
  }),
  optimizer: optimizer(lanegrad.optimizer, {
    name: 'mine',
    learningRate: 0.1,
    transforms: [
      lanegrad.scaleByAdam(),
      {
        name: 'late',
        slots: ['last'],
        apply: ({ update, slots: { last } }: lanegrad.TransformValues) => ({
          update: lanegrad.add(update, last),
          slots: { last: update },
        }),
      },
    ],
    fuse: true,
  }),
  precision: metric(precision, { average: 'macro' }),
  r2: { valid: () => [], call: (...args) => r2(...(args as [])).start(1) },
  randomNormal: initializer(randomNormal, 0.1),
  recall: metric(recall, { average: 'micro' }),
  reduceOnPlateau: schedule(reduceOnPlateau, {
    learningRate: 0.1,
    mode: 'min',
    factor: 0.5,
    patience: 1,
    threshold: 1e-4,
    thresholdMode: 'rel',
  }),
  rmsprop: optimizer(rmsprop, {
    learningRate: 0.1,
    alpha: 0.9,
    eps: 1e-8,
    weightDecay: 0.01,
    momentum: 0.5,
    centered: true,
  }),
  rocAuc: metric(rocAuc),
  scale: transform(lanegrad.scale, 2),
  scaleByAdam: transform(lanegrad.scaleByAdam, { betas: [0.9, 0.99], eps: 1e-6 }),
  scaleByRms: transform(lanegrad.scaleByRms, { alpha: 0.9, eps: 1e-6, centered: true }),
  scaleByRss: transform(lanegrad.scaleByRss, { eps: 1e-6 }),
  scaleBySchedule: transform(lanegrad.scaleBySchedule, stepDecay({ learningRate: 1, stepSize: 2 })),
  scaleBySign: transform(lanegrad.scaleBySign),
  sgd: optimizer(sgd, { learningRate: 0.1, momentum: 0.5, dampening: 0, nesterov: true, weightDecay: 0.01 }),
  softmaxCrossEntropy: loss(softmaxCrossEntropy, { labelSmoothing: 0.1, classWeights: [1, 2] }),
  stepDecay: schedule(stepDecay, { learningRate: 0.1, stepSize: 10, gamma: 0.5 }),
  subsetAccuracy: multilabel(lanegrad.subsetAccuracy, 1, { threshold: 0.3 }),
  topK: metric(topK, 1),
  trace: transform(lanegrad.trace, { momentum: 0.9, dampening: 0.1, nesterov: false }),
  upsample: imageLayer(lanegrad.upsample, { scale: [2, 3], mode: 'bilinear' }),
  warmUp: schedule(warmUp, { steps: 10, schedule: constantRate(0.1), startFactor: 0.1 }),
  zeros: initializer(zeros),
};
