/**
 * The functions of `lanegrad`: one entry an export. Those that make parts of models, and those of data and of
 * files, stand in files of their own.
 */

import type { Engine, Network, Sequential } from '../../../src/index.js';
import * as lanegrad from '../../../src/index.js';
import type { Random } from '../random.js';
import { expectThat, type World } from '../target.js';
import { adaptingFunctions } from './adapting-functions.js';
import { convFunctions } from './conv-functions.js';
import { dataFunctions } from './data-functions.js';
import { fileFunctions } from './file-functions.js';
import { allFinite, allFiniteIn, apply, type Call } from './functions.js';
import { graphFunctions } from './graph-functions.js';
import { networkFunctions } from './network-functions.js';
import { partFunctions } from './part-functions.js';
import { briefly, classifier, labelled } from './samples.js';
import { streamFunctions } from './stream-functions.js';

const {
  adam,
  batchNorm,
  CompiledModel,
  createEngine,
  createPredictor,
  dense,
  dropout,
  evaluate,
  features,
  findLearningRate,
  fit,
  predict,
  predictClasses,
  predictProba,
  rocAuc,
  sequential,
  setParameters,
  summary,
  weightsSha256,
} = lanegrad;

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

function checkHistory(history: unknown, [, model]: readonly unknown[]): void {
  for (const { loss, validation } of (history as lanegrad.History).epochs) {
    expectThat(Number.isFinite(loss), () => `a loss of ${loss}`);
    expectThat(
      validation === undefined || Number.isFinite(validation.loss),
      () => `a validation loss of ${validation?.loss}`,
    );
  }
  allFiniteIn(model as Network);
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

export const mainFunctions: Record<string, Call> = {
  ...convFunctions,
  ...streamFunctions,
  ...dataFunctions,
  ...fileFunctions,
  ...partFunctions,
  ...graphFunctions,
  ...networkFunctions,
  ...adaptingFunctions,
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
  createEngine: {
    weight: 0.3,
    valid: (r) => [
      { backend: r.pick(['auto', 'wasm', 'reference']), math: 'auto', threads: 1, turbo: false },
    ],
    async call(...args) {
      const engine = await apply(createEngine, args);
      const { backend } = engine.info;
      engine.dispose();
      return backend;
    },
    check: (backend) =>
      expectThat(backend === 'wasm' || backend === 'reference', () => `backend ${String(backend)}`),
  },
  createPredictor: {
    weight: 3,
    valid: async (r, world) => {
      const [engine, model, inputs, options] = await asking(r, world);
      return [engine, model, { maxRows: 4, ...options }, inputs];
    },
    call(...args: readonly unknown[]) {
      const [engine, model, options, inputs] = args as [Engine, Sequential, { maxRows: number }, number[]];
      const predictor = createPredictor(engine, model, options);
      try {
        predictor.predictClasses(inputs);
        return predictor.predictProba(inputs);
      } finally {
        predictor.dispose();
      }
    },
    check: (result, [, model, , inputs], intact) => checkProbabilities(result, [0, model, inputs], intact),
  },
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
  features: {
    weight: 2,
    async valid(r, world) {
      const [engine, model, inputs] = await asking(r, world);
      return [engine, model, inputs, r.pick(['0', ['0'], ['1', '0']])];
    },
    call: features,
    check(result, [, model, inputs, names], intact) {
      const all = Array.isArray(names)
        ? Object.entries(result as object)
        : [[names as string, result] as const];
      for (const [name, values] of all) allFinite(values, name);
      if (!intact) return;
      const { inputSize, sizes } = model as Sequential;
      const rows = (inputs as number[]).length / inputSize;
      for (const [name, { length }] of all) {
        expectThat(length === rows * sizes[Number(name) + 1], () => `${length} numbers of layer ${name}`);
      }
    },
  },
  findLearningRate: {
    valid: (r, { engine }) => [
      engine,
      classifier(r),
      labelled(r),
      { loss: 'softmaxCrossEntropy', optimizer: adam(), batchSize: 4, from: 1e-5, to: 1, steps: 12, seed: 1 },
    ],
    call: (...args) => apply(findLearningRate, briefly(args, 3)),
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
    call: (...args) => apply(fit, briefly(args, 3)),
    check: checkHistory,
  },
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
  sequential: {
    weight: 3,
    valid: (r) => [
      r.between(1, 4),
      [dense(3, { activation: 'relu' }), dropout(0.5), batchNorm(), dense(2)],
      { seed: 1 },
    ],
    call: sequential,
    check: (model) => {
      allFiniteIn(model as Network);
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
  show: {
    valid: (r) => [r.float()],
    call: lanegrad.show,
    check: (text) => expectThat((text as string).length < 1000, () => 'too long'),
  },
  summary: { valid: (r) => [classifier(r)], call: summary },
  weightsSha256: {
    valid: (r) => [classifier(r)],
    call: weightsSha256,
    check: (digest) => expectThat(/^[0-9a-f]{64}$/.test(String(digest)), () => `digest ${String(digest)}`),
  },
};
