/** The functions of `lanegrad`: one entry an export, the errors and classes among them. */

import type { Dataset, Engine, Layer, Sequential } from '../../../src/index.js';
import * as lanegrad from '../../../src/index.js';
import { bytesOf, idx, npy, zip } from '../encode.js';
import type { Random } from '../random.js';
import { expectThat, type World } from '../target.js';
import { allFinite, type Call } from './functions.js';

const {
  CompiledModel,
  accuracy,
  activation,
  adagrad,
  adam,
  adamW,
  balancedClassWeights,
  batchNorm,
  binaryCrossEntropy,
  constant,
  constantRate,
  cosineDecay,
  createEngine,
  createPredictor,
  dataset,
  dense,
  denseFromPytorch,
  dropout,
  embedding,
  epochScalars,
  evaluate,
  eventFileHead,
  f1,
  findLearningRate,
  fit,
  glorotNormal,
  glorotUniform,
  heNormal,
  heUniform,
  huber,
  kFold,
  layerNorm,
  meanAbsoluteError,
  meanSquaredError,
  metricsCsv,
  metricsEvents,
  oneCycle,
  onnxDataFiles,
  precision,
  predict,
  predictClasses,
  predictProba,
  r2,
  randomNormal,
  readCheckpoint,
  readIdx,
  readModel,
  readModelNpz,
  readNpy,
  readNpz,
  readOnnx,
  readPytorch,
  readSafetensors,
  recall,
  reduceOnPlateau,
  rmsprop,
  rocAuc,
  scalarEvent,
  sequential,
  setParameters,
  sgd,
  sliceDataset,
  softmaxCrossEntropy,
  splitDataset,
  stepDecay,
  summary,
  takeRows,
  topK,
  warmUp,
  weightsSha256,
  writeCheckpoint,
  writeModel,
  writeModelNpz,
  writeNpy,
  writeNpz,
  writeOnnx,
  writePytorch,
  writeSafetensors,
  zeros,
} = lanegrad;

export const classifier = (r: Random): Sequential =>
  sequential(2, [dense(3, { activation: 'tanh' }), dense(2)], { seed: r.below(100) });

export const labelled = (r: Random): Dataset =>
  dataset({ name: 'set', inputs: r.floats(16), labels: [0, 1, 0, 1, 1, 0, 1, 0] });

/** What the classifier computes, in plain loops and doubles. */
function forward(model: Sequential, inputs: ArrayLike<number>): number[][] {
  const [w1, b1, w2, b2] = model.parameters.map(({ values }) => values);
  const product = (x: readonly number[], w: Float32Array, b: Float32Array) =>
    Array.from(b, (bias, j) => x.reduce((sum, value, i) => sum + value * w[i * b.length + j], bias));
  return Array.from({ length: inputs.length / 2 }, (_, row) => {
    const hidden = product([inputs[2 * row], inputs[2 * row + 1]], w1, b1).map(Math.tanh);
    const logits = product(hidden, w2, b2);
    const powers = logits.map((logit) => Math.exp(logit - Math.max(...logits)));
    return powers.map((power) => power / powers.reduce((a, b) => a + b));
  });
}

function checkProbabilities(result: unknown, [, model, inputs]: readonly unknown[], intact: boolean): void {
  allFinite(result);
  if (!intact) return;
  const known = forward(model as Sequential, inputs as number[]).flat();
  for (const [i, value] of (result as Float32Array).entries()) {
    expectThat(Math.abs(value - known[i]) < 1e-5, () => `probability ${i} is ${value}, expected ${known[i]}`);
  }
}

const asking = async (r: Random, { engine, reference }: World) =>
  [
    r.chance(0.5) ? engine : reference,
    classifier(r),
    r.pick([[...r.floats(8)], r.floats(8)]),
    { loss: 'softmaxCrossEntropy' },
  ] as const;

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

/** A loss, and its value at two rows. */
const loss = (make: (...args: never[]) => lanegrad.Loss, valid?: object): Call => ({
  valid: () => (valid ? [valid] : []),
  call: (...args) => make(...args).config,
  check: (config) => {
    JSON.stringify(config);
  },
});

/** A layer in a model that is run. */
const layer = (make: (...args: never[]) => Layer, ...valid: unknown[]): Call => ({
  valid: (_, { reference }) => [...valid, reference],
  async call(...args: readonly unknown[]) {
    const made = (make as (...args: readonly unknown[]) => Layer)(...args.slice(0, valid.length));
    const model = sequential(2, [made, dense(2)]);
    if (model.parameterCount > 1e5) return [];
    return predict(args[valid.length] as Engine, model, [1, 2], { loss: 'softmaxCrossEntropy' });
  },
  check: (result, _, intact) => intact && allFinite(result),
});

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

/** Arguments of training by which it would run for hours, as it was asked to, made smaller. */
function briefly(args: readonly unknown[]): readonly unknown[] {
  const options = args[3];
  if (typeof options !== 'object' || options === null) return args;
  const small = Object.fromEntries(
    ['epochs', 'steps', 'accumulateBatches']
      .map((key) => [key, Reflect.get(options, key)] as const)
      .filter(([, value]) => Number.isSafeInteger(value) && value > 100)
      .map(([key]) => [key, 100]),
  );
  return Object.keys(small).length === 0 ? args : [...args.slice(0, 3), { ...options, ...small }];
}

const record = (r: Random) => ({
  epoch: 1,
  step: 3,
  learningRate: 0.1,
  loss: r.next(),
  accuracy: 0.5,
  validation: { loss: 1, accuracy: 0.5 },
  seconds: 1,
  samplesPerSecond: 100,
});

const named = { valid: (): unknown[] => ['where', 'message'] };
const made = (make: new (...args: never[]) => Error): Call => ({
  ...named,
  call: (...args) => new make(...args),
});

const npyArray = () => ({ dtype: 'float32', shape: [2], data: Float32Array.of(1, 2) });

function checkDataset(result: unknown): void {
  const {
    size,
    width,
    inputs,
    labels,
    targets,
    targetWidth = 0,
    classes,
    classNames,
    weights,
  } = result as Dataset;
  expectThat(
    inputs.length === size * width && size >= 1 && width >= 1,
    () => `${inputs.length} inputs of ${size} rows of ${width}`,
  );
  allFinite(inputs, 'inputs');
  if (targets) {
    expectThat(targets.length === size * targetWidth, () => `${targets.length} targets`);
    allFinite(targets, 'targets');
  } else {
    expectThat(
      labels.length === size && labels.every((label) => label >= 0 && label < classes),
      () => 'a label outside the classes',
    );
    expectThat(
      classNames === undefined || classNames.length === classes,
      () => 'class names of another number',
    );
  }
  if (weights)
    expectThat(weights.length === size && weights.every((w) => w >= 0 && w < Infinity), () => 'weights');
}

function checkHistory(history: unknown, [, model]: readonly unknown[]): void {
  for (const { loss, validation } of (history as lanegrad.History).epochs) {
    expectThat(Number.isFinite(loss), () => `a loss of ${loss}`);
    expectThat(
      validation === undefined || Number.isFinite(validation.loss),
      () => `a validation loss of ${validation?.loss}`,
    );
  }
  for (const { name, values } of (model as Sequential).parameters) allFinite(values, name);
}

const fitOptions = (r: Random) => ({
  loss: 'softmaxCrossEntropy',
  optimizer: adam({ learningRate: 0.01 }),
  batchSize: 4,
  epochs: 2,
  seed: 1,
  validation: labelled(r),
  metrics: ['f1'],
  earlyStopping: { patience: 1 },
  ...(r.chance(0.3) && { clipNorm: 1, l2: 0.001, accumulateBatches: 2 }),
  ...(r.chance(0.3) && { onEpoch: () => {}, onStep: () => {}, classWeights: [1, 2] }),
});

function nestedRows(r: Random): number[][] {
  return [[...r.floats(2)], [...r.floats(2)], [...r.floats(2)]];
}

export const mainFunctions: Record<string, Call> = {
  CompiledModel: {
    valid: (r, { reference }) => [
      reference,
      classifier(r),
      { maxRows: 2, optimizer: adam(), loss: 'softmaxCrossEntropy', seed: 1 },
    ],
    call(...args) {
      const compiled = new CompiledModel(...(args as unknown as ConstructorParameters<typeof CompiledModel>));
      try {
        const plan = compiled.plan(1);
        plan.inputs.fill(0);
        plan.loaded();
        plan.forward();
        return plan.outputs.read();
      } finally {
        compiled.dispose();
      }
    },
  },
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
  activation: layer(activation, 'leakyRelu', { negativeSlope: 0.1 }),
  adagrad: optimizer(adagrad, { learningRate: 0.1, learningRateDecay: 0.01, weightDecay: 0.01, eps: 1e-8 }),
  adam: optimizer(adam, { learningRate: 0.1, betas: [0.9, 0.99], eps: 1e-8, weightDecay: 0.01 }),
  adamW: optimizer(adamW, {
    learningRate: constantRate(0.1),
    betas: [0.9, 0.99],
    eps: 1e-8,
    weightDecay: 0.01,
  }),
  balancedClassWeights: {
    valid: (r) => [labelled(r)],
    call: balancedClassWeights,
    check: (weights, _, intact) => {
      allFinite(weights);
      if (intact) expectThat(String(weights) === '1,1', () => `of as many of both: ${String(weights)}`);
    },
  },
  batchNorm: layer(batchNorm, { eps: 1e-5, momentum: 0.1, affine: true }),
  binaryCrossEntropy: loss(binaryCrossEntropy, { positiveWeight: 2 }),
  constant: initializer(constant, 0.5),
  constantRate: schedule(constantRate, 0.1),
  cosineDecay: schedule(cosineDecay, { learningRate: 0.1, minimum: 0.01 }),
  createPredictor: {
    weight: 2,
    valid: async (r, { engine, reference }) =>
      [
        r.chance(0.5) ? engine : reference,
        classifier(r),
        { maxRows: r.between(1, 4), loss: 'softmaxCrossEntropy' },
        r.pick([[...r.floats(8)], r.floats(8)]),
      ] as const,
    call(engine, model, options, inputs) {
      const predictor = createPredictor(engine as never, model as never, options as never);
      try {
        return predictor.predict(inputs as never);
      } finally {
        predictor.dispose();
      }
    },
    check: (result, [engine, model, , inputs], intact) =>
      checkProbabilities(result, [engine, model, inputs], intact),
  },
  createEngine: {
    weight: 0.3,
    valid: (r) => [
      { backend: r.pick(['auto', 'wasm', 'reference']), math: 'auto', threads: 1, turbo: false },
    ],
    async call(...args) {
      const engine = await createEngine(...(args as unknown as Parameters<typeof createEngine>));
      const { backend } = engine.info;
      engine.dispose();
      return backend;
    },
    check: (backend) =>
      expectThat(backend === 'wasm' || backend === 'reference', () => `backend ${String(backend)}`),
  },
  dataset: {
    weight: 6,
    valid: (r) => [
      {
        name: 'set',
        inputs: r.pick([
          () => r.floats(6),
          () => r.bytes(6),
          () => Float64Array.from(r.floats(6)),
          () => nestedRows(r),
          () => nestedRows(r).map((row) => Float32Array.from(row)),
        ])(),
        ...(r.chance(0.6)
          ? {
              labels: r.pick<unknown>([
                [0, 1, 0],
                Uint8Array.of(0, 1, 0),
                Int32Array.of(0, 1, 0),
                ['a', 'b', 'a'],
              ]),
              classNames: ['a', 'b'],
            }
          : {
              targets: r.pick<unknown>([[1, 2, 3], r.floats(3), Float64Array.of(1, 2, 3), [[1], [2], [3]]]),
              targetWidth: 1,
              targetNames: ['y'],
            }),
        weights: r.pick<unknown>([[1, 0, 2], Float32Array.of(1, 1, 1), undefined]),
        width: 2,
        imageShape: [1, 2],
      },
    ],
    call: dataset,
    check: checkDataset,
  },
  dense: layer(dense, 3, {
    activation: 'relu',
    bias: true,
    weightInitializer: 'heNormal',
    biasInitializer: zeros(),
  }),
  denseFromPytorch: {
    valid: (r) => [writePytorch(classifier(r)), 'f', { activation: 'tanh', prefix: '' }],
    call: denseFromPytorch,
  },
  dropout: layer(dropout, 0.5),
  embedding: layer(embedding, {
    columns: [{ column: 0, cardinality: 4, width: 2 }],
    initializer: randomNormal(1),
  }),
  epochScalars: { valid: (r) => [record(r)], call: epochScalars },
  evaluate: {
    weight: 3,
    valid: (r, { engine }) => [
      engine,
      classifier(r),
      labelled(r),
      { loss: 'softmaxCrossEntropy', batchSize: 3, metrics: ['f1', rocAuc()] },
    ],
    call: evaluate,
    check: (result) => {
      const { loss, accuracy: share, losses } = result as lanegrad.Evaluation;
      allFinite([loss, losses]);
      expectThat(Number.isNaN(share) || (share >= 0 && share <= 1), () => `an accuracy of ${share}`);
    },
  },
  eventFileHead: { valid: () => [1e9], call: eventFileHead },
  f1: metric(f1, { average: 'macro' }),
  findLearningRate: {
    valid: (r, { engine }) => [
      engine,
      classifier(r),
      labelled(r),
      { loss: 'softmaxCrossEntropy', optimizer: adam(), batchSize: 4, from: 1e-5, to: 1, steps: 12, seed: 1 },
    ],
    call: (...args) => findLearningRate(...(briefly(args) as unknown as Parameters<typeof findLearningRate>)),
    check: (curve) => allFinite((curve as lanegrad.LearningRateCurve).rates),
  },
  fit: {
    weight: 10,
    valid: (r, { engine, reference }) => [
      r.chance(0.7) ? engine : reference,
      classifier(r),
      labelled(r),
      fitOptions(r),
    ],
    call: (...args) => fit(...(briefly(args) as unknown as Parameters<typeof fit>)),
    check: checkHistory,
  },
  glorotNormal: initializer(glorotNormal),
  glorotUniform: initializer(glorotUniform),
  heNormal: initializer(heNormal),
  heUniform: initializer(heUniform),
  huber: loss(huber, { delta: 2 }),
  kFold: {
    valid: (r) => [labelled(r), { folds: 2, seed: 1, stratified: true }],
    call: (...args) => [...kFold(...(args as unknown as Parameters<typeof kFold>))],
    check: (folds, _, intact) => {
      const parts = folds as { train: Dataset; validation: Dataset }[];
      for (const { train, validation } of parts) {
        if (!intact) continue;
        checkDataset(train);
        checkDataset(validation);
        expectThat(train.size + validation.size === 8, () => `${train.size} and ${validation.size} of 8`);
      }
    },
  },
  layerNorm: layer(layerNorm, { eps: 1e-5, affine: true }),
  meanAbsoluteError: loss(meanAbsoluteError),
  meanSquaredError: loss(meanSquaredError),
  metricsCsv: {
    valid: (r) => [[record(r), record(r)]],
    call: metricsCsv,
    check: (text) => expectThat(typeof text === 'string', () => 'no text'),
  },
  metricsEvents: { valid: (r) => [[record(r), record(r)], 1e9], call: metricsEvents },
  onnxDataFiles: {
    valid: (r) => [writeOnnx(classifier(r)), 'f'],
    call: onnxDataFiles,
    check: (files) => expectThat(String(files) === '', () => `files ${String(files)}`),
  },
  oneCycle: schedule(oneCycle, {
    maxLearningRate: 0.1,
    percentStart: 0.3,
    divFactor: 25,
    finalDivFactor: 1e4,
    anneal: 'cos',
  }),
  precision: metric(precision, { average: 'macro' }),
  predict: { weight: 4, valid: asking, call: predict, check: checkProbabilities },
  predictClasses: {
    weight: 2,
    valid: asking,
    call: predictClasses,
    check: (result, [, model, inputs], intact) => {
      if (!intact) return;
      const known = forward(model as Sequential, inputs as number[]);
      for (const [i, [a, b]] of known.entries()) {
        expectThat(
          Math.abs(a - b) < 1e-5 || (result as Int32Array)[i] === Number(b > a),
          () => `class of row ${i}`,
        );
      }
    },
  },
  predictProba: { weight: 2, valid: asking, call: predictProba, check: checkProbabilities },
  r2: { valid: () => [], call: (...args) => r2(...(args as [])).start(1) },
  randomNormal: initializer(randomNormal, 0.1),
  readCheckpoint: { valid: () => [new Uint8Array(9), 'f'], call: refusing(readCheckpoint) },
  readIdx: { valid: () => [idx(8, [2], Uint8Array.of(1, 2)), 'f'], call: readIdx },
  readModel: { valid: (r) => [writeModel(classifier(r)), 'f'], call: readModel },
  readModelNpz: { valid: (r) => [writeModelNpz(classifier(r)), 'f', classifier(r)], call: readModelNpz },
  readNpy: { valid: () => [npy('<f4', '(2,)', bytesOf(Float32Array.of(1, 2))), 'f'], call: readNpy },
  readNpz: {
    valid: () => [zip([['a.npy', npy('|u1', '(1,)', Uint8Array.of(1))]]), 'f', 2 ** 20],
    call: readNpz,
  },
  readOnnx: { valid: (r) => [writeOnnx(classifier(r)), 'f'], call: readOnnx },
  readPytorch: {
    valid: (r) => [writePytorch(classifier(r)), 'f', classifier(r), { prefix: '', modules: ['0', '2'] }],
    call: readPytorch,
  },
  readSafetensors: { valid: (r) => [writeModel(classifier(r)), 'f'], call: readSafetensors },
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
  scalarEvent: { valid: () => [1e9, 3, { 'loss/train': 0.5 }], call: scalarEvent },
  sequential: {
    weight: 3,
    valid: (r) => [
      r.between(1, 4),
      [dense(3, { activation: 'relu' }), dropout(0.5), batchNorm(), dense(2)],
      { seed: 1 },
    ],
    call: sequential,
    check: (model) => {
      for (const { name, values } of (model as Sequential).parameters) allFinite(values, name);
    },
  },
  setParameters: {
    weight: 2,
    valid: (r) => [
      classifier(r),
      new Map(classifier(r).parameters.map(({ name, shape, values }) => [name, { shape, values }])),
    ],
    call: setParameters,
    check: (_, [model]) => {
      for (const { name, values } of (model as Sequential).parameters) {
        expectThat(values instanceof Float32Array, () => `${name} is no Float32Array`);
      }
    },
  },
  sgd: optimizer(sgd, { learningRate: 0.1, momentum: 0.5, dampening: 0, nesterov: true, weightDecay: 0.01 }),
  show: {
    valid: (r) => [r.float()],
    call: lanegrad.show,
    check: (text) => expectThat((text as string).length < 1000, () => 'too long'),
  },
  sliceDataset: {
    valid: (r) => [labelled(r), 2, 6, 'part'],
    call: sliceDataset,
    check: (set) => expectThat((set as Dataset).size >= 1, () => 'an empty set'),
  },
  softmaxCrossEntropy: loss(softmaxCrossEntropy, { labelSmoothing: 0.1, classWeights: [1, 2] }),
  splitDataset: {
    valid: (r) => [labelled(r), { validation: 0.25, test: 0.25, seed: 1, stratified: true }],
    call: splitDataset,
    check: (parts, _, intact) => {
      if (intact) for (const part of Object.values(parts as object)) checkDataset(part);
    },
  },
  stepDecay: schedule(stepDecay, { learningRate: 0.1, stepSize: 10, gamma: 0.5 }),
  summary: { valid: (r) => [classifier(r)], call: summary },
  takeRows: {
    valid: (r) => [labelled(r), [3, 0, 3], 'some'],
    call: takeRows,
    check: (set, _, intact) => intact && checkDataset(set),
  },
  topK: metric(topK, 1),
  warmUp: schedule(warmUp, { steps: 10, schedule: constantRate(0.1), startFactor: 0.1 }),
  weightsSha256: {
    valid: (r) => [classifier(r)],
    call: weightsSha256,
    check: (digest) => expectThat(/^[0-9a-f]{64}$/.test(String(digest)), () => `digest ${String(digest)}`),
  },
  writeCheckpoint: { valid: () => [{}], call: refusing(writeCheckpoint) },
  writeModel: {
    weight: 2,
    valid: (r) => [classifier(r), { classNames: ['a', 'b'], input: { scale: 1, offset: 0 } }],
    call: writeModel,
  },
  writeModelNpz: { valid: (r) => [classifier(r)], call: writeModelNpz },
  writeNpy: { weight: 2, valid: () => [npyArray()], call: writeNpy },
  writeNpz: { weight: 2, valid: () => [new Map([['a', npyArray()]])], call: writeNpz },
  writeOnnx: {
    valid: (r) => [classifier(r), { metadata: { classNames: ['a', 'b'] }, rawInputs: false }],
    call: writeOnnx,
  },
  writePytorch: { valid: (r) => [classifier(r), { prefix: 'net.' }], call: writePytorch },
  writeSafetensors: {
    weight: 2,
    valid: () => [new Map([['a', { dtype: 'F32', shape: [2], data: Float32Array.of(1, 2) }]]), { note: 'x' }],
    call: writeSafetensors,
  },
  zeros: initializer(zeros),
};

/** For a function whose arguments here are never right: an error of ours is what it should give. */
function refusing(use: (...args: never[]) => unknown): Call['call'] {
  return (...args) => {
    try {
      return use(...args);
    } catch (error) {
      if (error instanceof lanegrad.LanegradError) return undefined;
      throw error;
    }
  };
}
