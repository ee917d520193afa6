/**
 * What a checkpoint carries beside the parameters: of every optimizer, schedule, average, layer and way to
 * gather gradients.
 */
import { expect, test } from 'vitest';
import { ResumeError } from '../../src/base/errors.js';
import { dataset } from '../../src/data/dataset.js';
import { abs, mean, mul, sub } from '../../src/graph/functions.js';
import { activation } from '../../src/nn/activations.js';
import { optimizer } from '../../src/nn/chain.js';
import { dense } from '../../src/nn/dense.js';
import { dropout } from '../../src/nn/dropout.js';
import { lora } from '../../src/nn/lora.js';
import { type Loss, resolveLoss } from '../../src/nn/losses.js';
import { freeze, type Network } from '../../src/nn/model.js';
import { batchNorm, layerNorm } from '../../src/nn/normalization.js';
import { adagrad, adam, adamW, type Optimizer, rmsprop, sgd } from '../../src/nn/optimizers.js';
import { ownLoss } from '../../src/nn/own-loss.js';
import { cosineDecay, oneCycle, reduceOnPlateau, stepDecay, warmUp } from '../../src/nn/schedules.js';
import { sequential } from '../../src/nn/sequential.js';
import { scaleByRms, trace } from '../../src/nn/transforms/named.js';
import type { CheckpointFile } from '../../src/train/checkpointing.js';
import { type FitOptions, fit } from '../../src/train/fit.js';
import { lion } from '../nn/lion.js';
import { engines, net, strict } from './fit-setting.js';
import { clouds } from './sets.js';
import { severalSet, twoByTwo } from './several.js';

const train = clouds(50);
const validation = clouds(30, { seed: 2 });
const layered = () =>
  sequential(
    8,
    [
      dense(12, { bias: false }),
      batchNorm(),
      activation('gelu'),
      dropout(0.3),
      dense(9),
      layerNorm(),
      dropout(0.2),
      dense(3),
    ],
    { seed: 3 },
  );

/** Everything that a run leaves: parameters, buffers and what is written of it. */
async function run(model: Network, options: Partial<FitOptions>, engine = strict, set = train) {
  const files: CheckpointFile[] = [];
  const { epochs, steps, best } = await fit(engine, model, set, {
    loss: 'softmaxCrossEntropy',
    optimizer: adam(),
    batchSize: 8,
    epochs: 4,
    validation,
    checkpoint: { everySteps: 1, save: (file) => void files.push(file) },
    ...options,
  });
  const values = [...model.parameters, ...model.buffers].map(({ name, values: own }) => [name, [...own]]);
  const records = epochs.map(({ seconds: _s, samplesPerSecond: _r, ...record }) => record);
  return { files, result: { values, records, steps, best } };
}

/** A new optimizer each time: a plateau has a state. */
const kinds: Record<string, [() => Optimizer, Partial<FitOptions>?]> = {
  'sgd with momentum': [() => sgd({ learningRate: 0.1, momentum: 0.9, weightDecay: 1e-3 })],
  'sgd with Nesterov momentum': [() => sgd({ learningRate: 0.1, momentum: 0.9, nesterov: true })],
  adam: [() => adam({ learningRate: 0.01 })],
  adamW: [() => adamW({ learningRate: 0.01 })],
  rmsprop: [() => rmsprop({ learningRate: 0.01, momentum: 0.5, centered: true })],
  adagrad: [() => adagrad({ learningRate: 0.1, learningRateDecay: 0.01 })],
  'a chain with a transform of one’s own': [() => lion(0.01)],
  'a chain of transforms twice': [
    () => {
      const transforms = [trace({ momentum: 0.5 }), scaleByRms(), trace({ momentum: 0.9, nesterov: true })];
      return optimizer({ name: 'twice', learningRate: 0.01, transforms });
    },
  ],
  'one cycle': [() => adam({ learningRate: oneCycle({ maxLearningRate: 0.02 }) })],
  'warm-up and cosine': [
    () => sgd({ learningRate: warmUp({ steps: 5, schedule: cosineDecay({ learningRate: 0.3 }) }) }),
  ],
  plateau: [() => sgd({ learningRate: reduceOnPlateau({ learningRate: 0.1, patience: 0, threshold: 0.2 }) })],
  'moving average': [
    () => adam({ learningRate: 0.01 }),
    { averageDecay: 0.9, earlyStopping: { patience: 1, minDelta: 0.1 } },
  ],
  'accumulated gradients': [() => adam({ learningRate: 0.01 }), { accumulateBatches: 3 }],
  'clipping, penalties and weights': [
    () => sgd({ learningRate: 0.3, momentum: 0.5 }),
    { clipNorm: 0.5, clipValue: 0.1, l1: 1e-3, l2: 1e-3, classWeights: 'balanced' },
  ],
};

test.each(Object.entries(kinds))(
  '%s: from every step it ends in the same bits',
  async (_, [make, options]) => {
    const never = await run(layered(), { ...options, optimizer: make() });
    expect(never.files.length).toBeGreaterThan(5);
    for (const { bytes, step } of never.files) {
      // A model with other values: what it begins with does not matter.
      const model = layered();
      for (const { values } of model.parameters) values.fill(0.01);
      const again = await run(model, { ...options, optimizer: make(), resume: bytes });
      expect(again.result, `from step ${step}`).toEqual(never.result);
    }
  },
);

test('what is frozen is part of what a checkpoint was made with', async () => {
  const frozen = (pattern?: string) => {
    const model = net();
    if (pattern !== undefined) freeze(model, pattern);
    return model;
  };
  // Plain SGD keeps nothing by which it could be seen.
  const options = { optimizer: sgd({ learningRate: 0.1 }) };
  const never = await run(frozen('0.*'), options);
  const [{ bytes }] = never.files;
  expect((await run(frozen('0.*'), { ...options, resume: bytes })).result).toEqual(never.result);
  for (const pattern of [undefined, '1.*', '0.weight']) {
    const refused = run(frozen(pattern), { ...options, resume: bytes });
    await expect(refused).rejects.toThrow(ResumeError);
    await expect(refused).rejects.toThrow('the checkpoint was made with model.frozen.');
  }
});

test('what was adapted goes on from every checkpoint, its frozen batch norm with it', async () => {
  const adapted = () => lora(layered(), '*.weight', { rank: 1, seed: 3 });
  const options = { optimizer: adam({ learningRate: 0.01 }) };
  const never = await run(adapted(), options);
  for (const { bytes, step } of never.files) {
    const again = await run(adapted(), { ...options, resume: bytes });
    expect(again.result, `from step ${step}`).toEqual(never.result);
  }
  const other = run(lora(layered(), '*.weight', { rank: 2 }), { ...options, resume: never.files[0].bytes });
  await expect(other).rejects.toThrow(ResumeError);
});

/** The loss |output - target|^power as a function of values, with what it is called. */
const powers = (power: number, name?: string) =>
  ownLoss(
    ({ output, target }) => {
      const distance = abs(sub(output, target));
      return mean(power === 1 ? distance : mul(distance, distance), { axis: 1 });
    },
    name === undefined ? {} : { name },
  );

test('a loss of one’s own is told from another of its name by what it computes', async () => {
  const numbers = dataset({ inputs: train.inputs, targets: Array.from(train.labels, Number) });
  const model = () => sequential(8, [dense(5, { activation: 'tanh' }), dense(1)], { seed: 3 });
  const options = { optimizer: adam({ learningRate: 0.01 }), validation: numbers };
  const go = (loss: Loss, resume?: Uint8Array) =>
    run(model(), { ...options, loss, ...(resume && { resume }) }, strict, numbers);
  const never = await go(powers(1));
  const { bytes } = never.files[3];
  // Another object, but the same function.
  expect((await go(powers(1), bytes)).result).toEqual(never.result);
  const said = async (loss: Loss) => {
    const refused = go(loss, bytes);
    await expect(refused).rejects.toThrow(ResumeError);
    return refused.catch(({ message }) => message as string);
  };
  expect(await said(powers(2))).toMatch(/made with loss of another function named "own"$/);
  expect(await said(powers(2, 'squares'))).toMatch(/made with loss\.name "own", given "squares"$/);
  expect(await said(resolveLoss('test', 'huber'))).toMatch(/loss\.kind "own", given "huber"/);
});

test('so is one of several outputs, which is named', async () => {
  const go = (power: number, resume?: Uint8Array) =>
    run(
      twoByTwo() as ReturnType<typeof net>,
      {
        loss: { digit: 'softmaxCrossEntropy', price: { loss: powers(power), weight: 0.5 } },
        validation: severalSet(20, 3),
        ...(resume && { resume }),
      },
      strict,
      severalSet(40),
    );
  const never = await go(1);
  const { bytes } = never.files[3];
  expect((await go(1, bytes)).result).toEqual(never.result);
  const refused = go(2, bytes);
  await expect(refused).rejects.toThrow(ResumeError);
  await expect(refused).rejects.toThrow(/with loss\.parts\.price\.loss of another function named "own"$/);
});

test('and so is a transform of one’s own', async () => {
  const { files } = await run(net(), { optimizer: lion(0.01) });
  const other = lion(0.01, { betas: [0.8, 0.99] });
  const refused = run(net(), { optimizer: other, resume: files[3].bytes });
  await expect(refused).rejects.toThrow(ResumeError);
  await expect(refused).rejects.toThrow(
    /with optimizer\.transforms\.0 of another function named "signOfMomentum"$/,
  );
});

test('in every engine', async () => {
  for (const { engine } of engines) {
    const never = await run(layered(), {}, engine);
    for (const { bytes } of never.files.filter((_, i) => i % 5 === 2)) {
      expect((await run(layered(), { resume: bytes }, engine)).result).toEqual(never.result);
    }
  }
});

test('of a regression with weights', async () => {
  const regression = (seed: number) => {
    const { inputs, labels } = clouds(50, { seed });
    const targets = Float32Array.from(labels, (label, i) => label + inputs[8 * i]);
    return dataset({ name: 'numbers', inputs, targets, weights: Array.from(labels, (label) => 1 + label) });
  };
  const model = () => sequential(8, [dense(12, { activation: 'silu' }), dropout(0.1), dense(1)], { seed: 3 });
  const options = {
    loss: 'huber',
    validation: regression(2),
    metrics: ['mae', 'r2'],
    earlyStopping: { monitor: 'validation.r2' },
  } as const;
  const never = await run(model(), options, strict, regression(1));
  expect(never.result.records[3]).toMatchObject({
    accuracy: Number.NaN,
    validation: { metrics: { mae: expect.any(Number), r2: expect.any(Number) } },
  });
  for (const { bytes } of never.files.filter((_, i) => i % 4 === 1)) {
    expect((await run(model(), { ...options, resume: bytes }, strict, regression(1))).result).toEqual(
      never.result,
    );
  }
});

test('more epochs are refused where the schedule reaches to the end, and no others', async () => {
  const rates = {
    constant: 0.1,
    step: stepDecay({ learningRate: 0.1, stepSize: 4 }),
    plateau: reduceOnPlateau({ learningRate: 0.1 }),
    warmUp: warmUp({ steps: 3, schedule: 0.1 }),
    cosine: cosineDecay({ learningRate: 0.1 }),
    warmCosine: warmUp({ steps: 3, schedule: cosineDecay({ learningRate: 0.1 }) }),
    oneCycle: oneCycle({ maxLearningRate: 0.1 }),
  };
  const refused: string[] = [];
  for (const [name, learningRate] of Object.entries(rates)) {
    const { files } = await run(net(), { optimizer: sgd({ learningRate }), epochs: 2 });
    await run(net(), { optimizer: sgd({ learningRate }), epochs: 3, resume: files[9].bytes }).catch(
      (error) => {
        expect(error.message).toMatch(/made with epochs 2, given 3$/);
        refused.push(name);
      },
    );
  }
  expect(refused).toEqual(['cosine', 'warmCosine', 'oneCycle']);
});
