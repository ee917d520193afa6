/**
 * Trainers of models with several inputs and outputs: by name they take and give what the functions do,
 * wherever they run.
 */
import { describe, expect, test, vi } from 'vitest';
import { DataError, OptionError, ShapeError } from '../../src/base/errors.js';
import { dataset } from '../../src/data/dataset.js';
import { readModel, writeModel } from '../../src/formats/model.js';
import { add } from '../../src/graph/functions.js';
import { input } from '../../src/graph/leaves.js';
import { dense } from '../../src/nn/dense.js';
import { network } from '../../src/nn/network.js';
import { evaluate } from '../../src/train/evaluate.js';
import { features } from '../../src/train/features.js';
import { fit } from '../../src/train/fit.js';
import { predict } from '../../src/train/predict.js';
import { createTrainer } from '../../src/trainer/index.js';
import { bits, strict } from '../train/fit-setting.js';
import { both, partsOf, severalSet, twoByTwo } from '../train/several.js';
import { ChannelWorker, useChannelWorkers } from './channel-worker.js';

useChannelWorkers();

const engine = { math: 'strict', threads: 1 } as const;
const set = severalSet(64);
const validation = severalSet(32, 5);
const options = { ...both, epochs: 3, validation, metrics: { digit: ['f1'] } } as const;
const { image, numbers } = partsOf(9, 4);

describe.each([
  ['the calling thread', false],
  ['a worker', true],
] as const)('on %s', (_, worker) => {
  test('trains, measures and predicts as the functions do', async () => {
    const [model, twin] = [twoByTwo(), twoByTwo()];
    const trainer = await createTrainer({ model, worker, engine });
    const history = await trainer.fit(set, options);
    const expected = await fit(strict, twin, set, options);
    expect(bits(model)).toEqual(bits(twin));
    expect(history.epochs.map((epoch) => [epoch.outputs, epoch.validation])).toEqual(
      expected.epochs.map((epoch) => [epoch.outputs, epoch.validation]),
    );
    expect(await trainer.evaluate(validation)).toEqual(await evaluate(strict, twin, validation));
    const pixels = Float32Array.from(image, (byte) => byte / 255);
    for (const rows of [
      { image, numbers },
      { numbers: [...numbers], image: pixels },
    ]) {
      const answers = await trainer.predict(rows);
      expect(answers).toEqual(predict(strict, twin, rows));
      expect([answers.digit.length, answers.price.length]).toEqual([27, 9]);
      expect(await trainer.features(rows, 'dense')).toEqual(features(strict, twin, rows, 'dense'));
    }
    trainer.dispose();
  });

  test('the model remembers how each input was scaled, and brings it along', async () => {
    const model = twoByTwo();
    const trainer = await createTrainer({ model, worker, engine });
    await trainer.fit(set, { ...both, epochs: 1 });
    trainer.dispose();
    expect(model.inputScales).toEqual({ image: { scale: 1 / 255, offset: 0 } });
    const read = readModel(writeModel(model), 'file').model;
    const other = await createTrainer({ model: read, worker, engine });
    expect(await other.predict({ image, numbers })).toEqual(predict(strict, model, { image, numbers }));
    other.dispose();
  });

  test('errors are what they are', async () => {
    const trainer = await createTrainer({ model: twoByTwo(), worker, engine });
    const floats = Float32Array.from(image);
    const cases = [
      [{ image: floats }, OptionError],
      [{ image: floats, numbers, more: numbers }, OptionError],
      [{}, OptionError],
      [{ image: floats, numbers: 7 as never }, OptionError],
      [{ image: floats, numbers: null as never }, OptionError],
      [{ image: floats.subarray(1), numbers }, ShapeError],
      [{ image: floats.subarray(6), numbers }, DataError],
      [{ image: floats, numbers: numbers.map(() => NaN) }, DataError],
    ] as const;
    for (const [given, kind] of cases) await expect(trainer.predict(given as never)).rejects.toThrow(kind);
    await expect(trainer.predict(floats)).rejects.toThrow(OptionError);
    trainer.dispose();
  });
});

test('large inputs go to the worker in pieces, each once, small ones whole', async () => {
  const size = 3000;
  const made = () => {
    const [wide, bytes, few] = [input([500]), input([400]), input([2])];
    const sum = add(add(dense(3)(wide), dense(3)(bytes)), dense(3)(few));
    return network({ wide, bytes, few }, sum, { seed: 1 });
  };
  const value = (i: number) => ((i * 7919) % 1000) / 1000;
  const large = dataset({
    inputs: {
      wide: Float32Array.from({ length: 500 * size }, (_, i) => value(i)),
      bytes: Uint8Array.from({ length: 400 * size }, (_, i) => 255 * value(i)),
      few: Float32Array.from({ length: 2 * size }, (_, i) => value(i)),
    },
    labels: Int32Array.from({ length: size }, (_, i) => i % 3),
  });
  const [model, twin] = [made(), made()];
  const once = { ...both, loss: 'softmaxCrossEntropy', batchSize: 1500, epochs: 1 } as const;
  const sent = vi.spyOn(ChannelWorker.prototype, 'postMessage');
  const trainer = await createTrainer({ model, worker: true, engine });
  for (let i = 0; i < 2; i++) {
    await trainer.fit(large, once);
    await fit(strict, twin, large, once);
  }
  trainer.dispose();
  expect(bits(model)).toEqual(bits(twin));
  const messages = sent.mock.calls.map(([message]) => message as { name: string; given: { input: number } });
  sent.mockRestore();
  expect(messages.filter(({ name }) => name === 'openSet').length).toBe(1);
  const pieces = messages.filter(({ name }) => name === 'fillSet');
  expect(pieces.map(({ given }) => given.input)).toEqual([0, 0, 1, 1]);
});
