/** Training on images that change: the same bits whenever it goes on, and with any number of threads. */
import { afterAll, describe, expect, test } from 'vitest';
import { OptionError, ResumeError } from '../../../src/base/errors.js';
import { createEngine } from '../../../src/create/engine.js';
import { dataset } from '../../../src/data/dataset.js';
import { dense } from '../../../src/nn/dense.js';
import { binaryCrossEntropy, meanSquaredError, softmaxCrossEntropy } from '../../../src/nn/losses.js';
import { sgd } from '../../../src/nn/optimizers.js';
import { sequential } from '../../../src/nn/sequential.js';
import type { CheckpointFile } from '../../../src/train/checkpointing.js';
import { evaluate } from '../../../src/train/evaluate.js';
import { type FitOptions, fit } from '../../../src/train/fit.js';

const one = await createEngine({ math: 'strict', threads: 1 });
const two = await createEngine({ math: 'strict', threads: 2 });
afterAll(() => {
  one.dispose();
  two.dispose();
});

const SIZE = 60;
const inputs = Uint8Array.from(
  { length: SIZE * 64 },
  (_, i) => (Math.floor(i / 64) % 3 === Math.floor((i % 64) / 22) ? 200 : 0) + ((i * 31) % 50),
);
const labels = Array.from({ length: SIZE }, (_, i) => i % 3);
const train = dataset({ name: 'bars', inputs, labels, imageShape: [8, 8] });
const targets = dataset({ inputs, targets: labels.map((label) => label / 2), imageShape: [8, 8] });
const net = (outputs = 3) => sequential(64, [dense(16, { activation: 'tanh' }), dense(outputs)], { seed: 1 });
const options = {
  ...{
    loss: 'softmaxCrossEntropy',
    optimizer: sgd({ learningRate: 0.1, momentum: 0.5 }),
    batchSize: 16,
    epochs: 3,
  },
  augment: { shift: 1, flip: true, rotate: 20, contrast: 0.2, brightness: 0.1, cutout: 2, mixup: 0.3 },
} satisfies FitOptions;

async function run(extra: Partial<FitOptions> = {}, engine = one) {
  const model = net();
  const files: CheckpointFile[] = [];
  const { epochs } = await fit(engine, model, train, {
    ...options,
    checkpoint: { everySteps: 1, save: (file) => void files.push(file) },
    ...extra,
  });
  const history = epochs.map(({ loss, accuracy, validation }) => [loss, accuracy, validation?.loss]);
  return { weights: model.parameters.map(({ values }) => [...values]), history, files };
}

describe('augmented training', () => {
  test.each([true, false])('goes on from any step with the same bits (shuffle: %s)', async (shuffle) => {
    const never = await run({ shuffle, validation: train });
    // Four steps an epoch, twice in the middle of one.
    for (const step of [1, 4, 6, 11]) {
      const again = await run({ shuffle, validation: train, resume: never.files[step - 1].bytes });
      expect([again.weights, again.history]).toEqual([never.weights, never.history]);
    }
  });

  test('has the same bits with two threads', async () => {
    expect((await run({}, two)).weights).toEqual((await run()).weights);
  });

  test('differs from that without, and by the seed; what changes nothing gives the plain bits', async () => {
    const { augment: _, ...plain } = options;
    const without = await run({ augment: undefined as never });
    const model = net();
    await fit(one, model, train, plain);
    expect(without.weights).toEqual(model.parameters.map(({ values }) => [...values]));
    expect((await run({ augment: {} })).weights).toEqual(without.weights);
    expect((await run({ augment: { shift: 0, fill: 'edge' } })).weights).toEqual(without.weights);
    const changed = await run();
    expect(changed.weights).not.toEqual(without.weights);
    expect((await run({ seed: 5, shuffle: false })).weights).not.toEqual(
      (await run({ shuffle: false })).weights,
    );
  });

  test('does not go on with other changes', async () => {
    const { files } = await run();
    const refused = run({ resume: files[2].bytes, augment: { ...options.augment, shift: 2 } });
    await expect(refused).rejects.toThrow(ResumeError);
    await expect(refused).rejects.toThrow(/made with augment\.shift 1, given 2/);
    await expect(run({ resume: files[2].bytes, augment: {} })).rejects.toThrow(
      /made with augment\.shift 1, given none; augment\.flip "horizontal", given none/,
    );
  });

  test('does not go on with another loss behind mixed labels', async () => {
    const { files } = await run({ loss: softmaxCrossEntropy({ labelSmoothing: 0.1 }) });
    await expect(run({ resume: files[2].bytes })).rejects.toThrow(/loss\.labelSmoothing 0\.1, given none/);
  });

  test('learns', async () => {
    const model = net();
    await fit(one, model, train, { ...options, epochs: 60 });
    const { accuracy } = await evaluate(one, model, train);
    expect(accuracy).toBe(1);
    expect(model.loss?.config).toEqual({ kind: 'softmaxCrossEntropy' });
    expect(model.input).toEqual({ scale: 1 / 255, offset: 0 });
  });
});

describe('mixed answers', () => {
  const mixup = { mixup: 0.3 };

  test.each([
    ['labels', softmaxCrossEntropy()],
    ['smoothed labels', softmaxCrossEntropy({ labelSmoothing: 0.2 })],
  ])('%s have the validation loss that they have without', async (_, loss) => {
    const still = sgd({ learningRate: 1e-12 });
    const lossOf = async (augment: FitOptions['augment'] & object) => {
      const { epochs } = await fit(one, net(), train, {
        ...options,
        loss,
        optimizer: still,
        epochs: 1,
        augment,
        validation: train,
      });
      return epochs[0];
    };
    const [mixed, plain] = [await lossOf(mixup), await lossOf({})];
    expect(mixed.validation!.loss).toBeCloseTo(plain.validation!.loss, 5);
    expect(mixed.validation!.accuracy).toBe(plain.validation!.accuracy);
    expect(mixed.loss).not.toBeCloseTo(plain.loss, 5);
  });

  test('the loss of a mixed batch is that of its mixed labels', async () => {
    // The loss is linear in the answers: of a model that does not look, each row's is the mean over its mixture.
    const model = sequential(64, [dense(3, { weightInitializer: 'zeros' })]);
    model.parameters[1].values.set([2, 0, 0]);
    const pair = dataset({ inputs: inputs.slice(0, 128), labels: [0, 1], classes: 3, imageShape: [8, 8] });
    const { epochs } = await fit(one, model, pair, {
      ...{
        loss: 'softmaxCrossEntropy',
        optimizer: sgd({ learningRate: 1e-12 }),
        batchSize: 2,
        epochs: 1,
        augment: { mixup: 1 },
      },
    });
    // Both rows together have one label 0 and one label 1, however they are mixed.
    const total = Math.log(Math.exp(2) + 2);
    expect(epochs[0].loss).toBeCloseTo((total - 2 + total) / 2, 5);
  });

  test('targets and questions are mixed as numbers', async () => {
    for (const loss of [meanSquaredError(), binaryCrossEntropy()]) {
      const model = net(1);
      const { epochs } = await fit(one, model, targets, {
        ...options,
        loss,
        augment: mixup,
        epochs: 2,
        validation: targets,
      });
      expect(Number.isFinite(epochs[1].loss)).toBe(true);
      const plain = net(1);
      await fit(one, plain, targets, { ...options, loss, augment: {}, epochs: 2 });
      expect(model.parameters[0].values).not.toEqual(plain.parameters[0].values);
    }
  });

  test.each<[what: string, extra: Partial<FitOptions>, message: RegExp]>([
    ['class weights', { classWeights: 'balanced' }, /mixup does not go with class weights/],
    [
      'a loss with class weights',
      { loss: softmaxCrossEntropy({ classWeights: [1, 2, 3] }) },
      /class weights/,
    ],
    ['no options', { augment: 3 as never }, /option augment: expected an object such as/],
    [
      'an unknown one',
      { augment: { rotation: 3 } as never },
      /augment: unknown option "rotation"; expected one of shift, crop, flip, rotate/,
    ],
  ])('refuse %s', async (_, extra, message) => {
    const refused = run(extra);
    await expect(refused).rejects.toThrow(OptionError);
    await expect(refused).rejects.toThrow(message);
  });
});
