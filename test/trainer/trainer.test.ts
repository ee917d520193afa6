/**
 * A trainer on the calling thread and one behind messages: the same results, the same errors, the same
 * control.
 */
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { DataError, EngineError, NonFiniteError, OptionError, ShapeError } from '../../src/base/errors.js';
import { platform } from '../../src/base/platform/node.js';
import { createEngine } from '../../src/create/engine.js';
import { readModel, writeModel } from '../../src/formats/model.js';
import { mul } from '../../src/graph/functions.js';
import { optimizer } from '../../src/nn/chain.js';
import { dense } from '../../src/nn/dense.js';
import { defineLayer } from '../../src/nn/layer.js';
import { softmaxCrossEntropy } from '../../src/nn/losses.js';
import { batchNorm } from '../../src/nn/normalization.js';
import { adam, sgd } from '../../src/nn/optimizers.js';
import { cosineDecay } from '../../src/nn/schedules.js';
import { sequential } from '../../src/nn/sequential.js';
import { addDecayedWeights, clipByGlobalNorm, scaleByAdam } from '../../src/nn/transforms/named.js';
import type { OwnTransform } from '../../src/nn/transforms/transform.js';
import { evaluate } from '../../src/train/evaluate.js';
import { features } from '../../src/train/features.js';
import { fit } from '../../src/train/fit.js';
import { predict } from '../../src/train/predict.js';
import { createTrainer, type Progress, type Trainer, type TrainerOptions } from '../../src/trainer/index.js';
import { lion } from '../nn/lion.js';
import { basic, bits, net, strict } from '../train/fit-setting.js';
import { clouds } from '../train/sets.js';
import { ChannelWorker, useChannelWorkers } from './channel-worker.js';

useChannelWorkers();

const set = clouds(64, { bytes: true });
const validation = clouds(32, { bytes: true, seed: 5 });
const options = { ...basic, batchSize: 16, epochs: 3, validation };
const engine = { math: 'strict', threads: 1 } as const;

describe.each([
  ['the calling thread', false, 'caller'],
  ['a worker', true, 'worker'],
] as const)('on %s', (_, worker, place) => {
  let trainer: Trainer;
  const make = (more: Partial<TrainerOptions> = {}) =>
    createTrainer({ model: net(), worker, engine, ...more });
  beforeEach(async () => {
    trainer = await make();
    return () => trainer.dispose();
  });

  test('says where it is and what it has', () => {
    expect(trainer.place).toBe(place);
    expect(trainer.info).toMatchObject({ backend: 'wasm', math: 'strict', threads: 1 });
    expect(trainer.state).toBe('idle');
  });

  test('trains as fit does', async () => {
    const model = net();
    const expected = await fit(strict, model, set, options);
    const epochs: number[] = [];
    const plans: unknown[] = [];
    const training = trainer.fit(set, {
      ...options,
      onTrainBegin: (plan) => plans.push(plan),
      onEpoch: ({ epoch }) => epochs.push(epoch),
    });
    expect(trainer.state).toBe('training');
    const history = await training;
    expect(trainer.state).toBe('idle');
    expect(bits(trainer.model)).toEqual(bits(model));
    expect(history.epochs.map(({ loss, validation }) => [loss, validation])).toEqual(
      expected.epochs.map(({ loss, validation }) => [loss, validation]),
    );
    expect(plans).toEqual([{ epochs: 3, stepsPerEpoch: 4, samples: 64 }]);
    expect(epochs).toEqual([1, 2, 3]);
    const { values } = { values: predict(strict, model, validation.inputs.subarray(0, 16)) };
    expect(await trainer.predict(validation.inputs.subarray(0, 16))).toEqual(values);
    expect(await trainer.evaluate(validation)).toEqual(await evaluate(strict, model, validation));
    // On both sides the model remembers what it was trained for, and a file that the page writes says it.
    expect(trainer.model.loss?.config).toEqual({ kind: 'softmaxCrossEntropy' });
    expect(trainer.model.input).toEqual({ scale: 1 / 255, offset: 0 });
    expect(readModel(writeModel(trainer.model), 's').model.loss?.kind).toBe('softmaxCrossEntropy');
    await expect(trainer.predict(validation.inputs, { loss: 'huber' })).rejects.toThrow(OptionError);
    // And goes on from there.
    await trainer.fit(set, options);
    await fit(strict, model, set, options);
    expect(bits(trainer.model)).toEqual(bits(model));
  });

  test('tells of its progress', async () => {
    const seen: Progress[] = [];
    await trainer.fit(set, { ...options, progressInterval: 0, onProgress: (now) => seen.push(now) });
    expect(seen.map(({ step, epoch, samples }) => [step, epoch, samples])).toEqual(
      Array.from({ length: 12 }, (_, i) => [i + 1, Math.floor(i / 4) + 1, 16 * ((i % 4) + 1)]),
    );
    for (const { loss, accuracy, samplesPerSecond } of seen) {
      expect(loss).toBeGreaterThan(0);
      expect(accuracy).toBeGreaterThanOrEqual(0);
      expect(samplesPerSecond).toBeGreaterThan(0);
    }
    const few: Progress[] = [];
    await trainer.fit(set, { ...options, progressInterval: 1e6, onProgress: (now) => few.push(now) });
    expect(few).toEqual([]);
  });

  test.each(['onTrainBegin', 'onProgress', 'onEpoch'])(
    'what %s throws or rejects with ends training',
    async (name) => {
      const error = new Error('nowhere to draw');
      const sync = () => {
        throw error;
      };
      for (const hook of [sync, async () => sync()]) {
        const fitting = trainer.fit(set, { ...options, epochs: 1000, progressInterval: 0, [name]: hook });
        await expect(fitting).rejects.toBe(error);
        expect(trainer.state).toBe('idle');
      }
      expect((await trainer.fit(set, options)).outcome).toBe('completed');
    },
  );

  test('pauses between steps, answers meanwhile, resumes, stops', async () => {
    const model = net();
    let last = 0;
    const training = trainer.fit(set, {
      ...options,
      epochs: 10_000,
      progressInterval: 0,
      onProgress: ({ step }) => {
        last = step;
      },
    });
    await vi.waitFor(() => expect(last).toBeGreaterThan(2));
    await trainer.pause();
    expect(trainer.state).toBe('paused');
    const weights = await trainer.readWeights(['0.weight']);
    const at = last;
    const before = [...weights.get('0.weight')!];
    expect(before).not.toEqual([...model.parameters[0].values]);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(last).toBe(at);
    expect([...(await trainer.readWeights(['0.weight'])).get('0.weight')!]).toEqual(before);
    await trainer.download();
    expect([...trainer.model.parameters[0].values]).toEqual(before);
    // The weights of that very step.
    let steps = 0;
    const controller = new AbortController();
    await fit(strict, model, set, {
      ...options,
      epochs: 10_000,
      signal: controller.signal,
      onStep: () => void (++steps === at && controller.abort()),
    });
    expect([...model.parameters[0].values]).toEqual(before);
    const row = set.inputs.subarray(0, 8);
    expect(await trainer.predict(row)).toEqual(predict(strict, model, row));
    expect(await trainer.features(row, '0')).toEqual(features(strict, model, row, '0'));
    expect(await trainer.features(row, ['1', '0'])).toEqual(features(strict, model, row, ['1', '0']));
    expect(await trainer.evaluate(validation)).toEqual(await evaluate(strict, model, validation));

    await trainer.resume();
    await vi.waitFor(() => expect(last).toBeGreaterThan(at + 2));
    await expect(trainer.fit(set, options)).rejects.toThrow('it is training already');
    await expect(trainer.upload()).rejects.toThrow('stop training first');
    await trainer.stop();
    expect((await training).outcome).toBe('aborted');
    expect(trainer.state).toBe('idle');
    await trainer.pause();
    await trainer.resume();
    await trainer.stop();
    expect(trainer.state).toBe('idle');
  });

  test('a pause ends by stop, or by a signal', async () => {
    for (const end of ['stop', 'signal'] as const) {
      const controller = new AbortController();
      const training = trainer.fit(set, { ...options, epochs: 10_000, signal: controller.signal });
      await trainer.pause();
      if (end === 'stop') await trainer.stop();
      else controller.abort();
      expect((await training).outcome).toBe('aborted');
    }
    const aborted = await trainer.fit(set, { ...options, signal: AbortSignal.abort() });
    expect(aborted.outcome).toBe('aborted');
  });

  test('carries chains of transforms, and functions of one’s own among them', async () => {
    const transforms = [clipByGlobalNorm(1), scaleByAdam(), addDecayedWeights(0.1)];
    for (const mine of [optimizer({ name: 'mine', learningRate: 0.01, transforms }), lion(0.01)]) {
      const own = { ...options, optimizer: mine };
      const [model, twin] = [net(), net()];
      await (await make({ model })).fit(set, own);
      await fit(strict, twin, set, own);
      expect(bits(model)).toEqual(bits(twin));
    }
    const apply: OwnTransform['apply'] = ({ update }) => mul(1 / update.shape.dims[0], update);
    const sized = optimizer({ name: 'sized', learningRate: 0.01, transforms: [{ name: 'share', apply }] });
    const refused = (await make({ model: net() })).fit(set, { ...options, optimizer: sized });
    if (!worker) await refused;
    else await expect(refused).rejects.toThrow('"share": its function depends on how many parameters');
  });

  test('carries buffers, losses with options, schedules and metrics', async () => {
    const build = () => sequential(8, [dense(12), batchNorm(), dense(3)], { seed: 2 });
    const all = {
      ...options,
      loss: softmaxCrossEntropy({ labelSmoothing: 0.1 }),
      optimizer: adam({ learningRate: cosineDecay({ learningRate: 0.01 }) }),
      metrics: ['f1'],
      clipNorm: 1,
    } as const;
    const [model, twin] = [build(), build()];
    const other = await make({ model });
    const history = await other.fit(set, all);
    const expected = await fit(strict, twin, set, all);
    expect(bits(model)).toEqual(bits(twin));
    expect(model.buffers.map(({ values }) => values)).toEqual(twin.buffers.map(({ values }) => values));
    expect(history.epochs[2].validation).toEqual(expected.epochs[2].validation);
    const row = set.inputs.subarray(0, 8);
    expect(await other.predict(row, { loss: all.loss })).toEqual(predict(strict, twin, row));
    const measured = await other.evaluate(validation, { loss: all.loss, metrics: ['f1'] });
    expect(measured).toEqual(await evaluate(strict, twin, validation, { loss: all.loss, metrics: ['f1'] }));
    for (const { values } of model.buffers) values.fill(1);
    await other.upload();
    await other.download();
    expect(model.buffers[0].values.every((value) => value === 1)).toBe(true);
    other.dispose();
  });

  test('takes values that were changed outside', async () => {
    for (const { values } of trainer.model.parameters) values.fill(0);
    await trainer.upload();
    const uniform = await trainer.predict(set.inputs.subarray(0, 8), { loss: 'softmaxCrossEntropy' });
    expect([...uniform]).toEqual([1, 1, 1].map((v) => Math.fround(v / 3)));
  });

  test('what overflows comes with its row', async () => {
    const other = await make({ model: net(1, { activation: 'relu' }) });
    const asked = other.predict([...Array(8).fill(0), ...Array(8).fill(3e38)]);
    await expect(asked).rejects.toMatchObject({ name: 'NonFiniteError', row: 1 });
    other.dispose();
  });

  test('errors are what they are', async () => {
    await expect(trainer.fit(clouds(9, { width: 7 }), options)).rejects.toThrow(ShapeError);
    await expect(trainer.fit(set, { ...options, batchSize: 0 })).rejects.toThrow(
      new OptionError('fit', 'option batchSize: expected a whole number, at least 1, given 0'),
    );
    await expect(trainer.fit(set, { ...options, bachSize: 1 } as never)).rejects.toThrow(
      'did you mean "batchSize"?',
    );
    await expect(trainer.fit(set, { ...options, onStep() {} } as never)).rejects.toThrow(OptionError);
    await expect(trainer.fit(set, { ...options, onProgress: 1 } as never)).rejects.toThrow(OptionError);
    await expect(trainer.fit(set, { ...options, optimizer: 'sgd' } as never)).rejects.toThrow(OptionError);
    await expect(trainer.fit(7 as never, options)).rejects.toThrow(OptionError);
    await expect(trainer.predict([1, 2])).rejects.toThrow(ShapeError);
    await expect(trainer.predict(Array(8).fill(NaN))).rejects.toThrow(DataError);
    await expect(trainer.predict(7 as never)).rejects.toThrow(OptionError);
    await expect(trainer.features(Array(8).fill(0), '2')).rejects.toThrow('it has 0, 1');
    await expect(trainer.features([1, 2], '0')).rejects.toThrow(ShapeError);
    await expect(trainer.features(7 as never, '0')).rejects.toThrow(OptionError);
    await expect(trainer.readWeights(['2.weight'])).rejects.toThrow('no parameter "2.weight"');
    // And it still works.
    expect((await trainer.fit(set, options)).outcome).toBe('completed');
  });

  test('a loss that is not finite comes with its step, and with good values', async () => {
    const [model] = [net()];
    const wild = { ...options, optimizer: sgd({ learningRate: 1e38 }) };
    const expected = await fit(strict, model, set, wild).catch((error) => error);
    expect(expected).toBeInstanceOf(NonFiniteError);
    const error = await trainer.fit(set, wild).catch((error) => error);
    expect(error).toBeInstanceOf(NonFiniteError);
    expect([error.message, error.step, error.epoch]).toEqual([
      expected.message,
      expected.step,
      expected.epoch,
    ]);
    expect(bits(trainer.model)).toEqual(bits(model));
  });

  test('ends once', async () => {
    const training = trainer.fit(set, { ...options, epochs: 10_000 });
    const ended = expect(training).rejects.toThrow('disposed of');
    await trainer.pause();
    trainer.dispose();
    trainer[Symbol.dispose]();
    await ended;
    for (const use of [
      () => trainer.fit(set, options),
      () => trainer.predict(Array(8).fill(0)),
      () => trainer.features(Array(8).fill(0), '0'),
      () => trainer.pause(),
      () => trainer.download(),
    ]) {
      await expect(use()).rejects.toThrow(EngineError);
    }
  });

  test('bad options', async () => {
    await expect(make({ modle: 1 } as never)).rejects.toThrow('did you mean "model"?');
    await expect(make({ model: 1 as never })).rejects.toThrow(OptionError);
    await expect(make({ engine: { math: 'fast' as never } })).rejects.toThrow(OptionError);
    await expect(make({ engine: 7 as never })).rejects.toThrow(OptionError);
    await expect(createTrainer({ worker } as never)).rejects.toThrow('option model is required');
    await expect(createTrainer({ worker: 1 as never, model: net() })).rejects.toThrow(OptionError);
  });
});

describe('the worker itself', () => {
  test('that fails rejects what is under way and what comes', async () => {
    const trainer = await createTrainer({ model: net(), worker: true, engine });
    const training = trainer.fit(set, { ...options, epochs: 10_000 });
    ChannelWorker.last.fail('out of memory');
    await expect(training).rejects.toThrow('the worker failed: out of memory');
    await expect(trainer.pause()).rejects.toThrow(EngineError);
    expect(ChannelWorker.last.terminated).toBe(true);
  });

  test('is ended when its engine does not come up', async () => {
    await expect(
      createTrainer({ model: net(), worker: true, engine: { wasm: 'http://127.0.0.1:1/simd.wasm' } }),
    ).rejects.toThrow('cannot be read');
    expect(ChannelWorker.last.terminated).toBe(true);
  });

  test('is needed where it is asked for', async () => {
    vi.stubGlobal('Worker', undefined);
    try {
      // As in a page that lacks it: Node has its own.
      vi.spyOn(platform, 'startWorker', 'get').mockReturnValue(undefined);
      await expect(createTrainer({ model: net(), worker: true })).rejects.toThrow('no Worker');
      const trainer = await createTrainer({ model: net(), engine });
      expect(trainer.place).toBe('caller');
    } finally {
      vi.restoreAllMocks();
      vi.stubGlobal('Worker', ChannelWorker);
    }
  });

  test('takes kernels in any form that travels', async () => {
    const { info } = await createEngine({ math: 'strict', threads: 1 });
    const url = new URL('../../build/simd.wasm', import.meta.url);
    const bytes = await import('node:fs').then(({ readFileSync }) => new Uint8Array(readFileSync(url)));
    for (const wasm of [url, url.href, bytes, new Response(bytes), { simd: async () => bytes }]) {
      const trainer = await createTrainer({ model: net(), engine: { wasm, math: 'strict' } });
      expect(trainer.info.wasmSha256).toBe(info.wasmSha256);
      trainer.dispose();
    }
  });

  test('gets large sets in pieces, and each set once', async () => {
    const large = [clouds(3000, { bytes: true, width: 500 }), clouds(3000, { width: 500 })];
    const sent = vi.spyOn(ChannelWorker.prototype, 'postMessage');
    for (const set of large) {
      const model = sequential(500, [dense(3)], { seed: 1 });
      const twin = sequential(500, [dense(3)], { seed: 1 });
      const trainer = await createTrainer({ model, worker: true, engine });
      const once = { ...basic, batchSize: 1500, epochs: 1 };
      for (let i = 0; i < 2; i++) {
        await trainer.fit(set, once);
        await fit(strict, twin, set, once);
      }
      expect(bits(model)).toEqual(bits(twin));
      trainer.dispose();
    }
    const names = sent.mock.calls.map(([message]) => (message as { name: string }).name);
    expect(names.filter((name) => name === 'openSet').length).toBe(2);
    expect(names.filter((name) => name === 'fillSet').length).toBe(4);
    sent.mockRestore();
  });

  test('is told what cannot be sent to it', async () => {
    const trainer = await createTrainer({ model: net(), worker: true, engine });
    const unknown = { ...options, onProgres() {} } as never;
    await expect(trainer.fit(set, unknown)).rejects.toThrow('an option cannot be sent to a worker');
    expect(trainer.state).toBe('idle');
  });

  test('refuses a model that cannot be rebuilt there', async () => {
    const own = defineLayer('own', {}, dense(3));
    await expect(createTrainer({ model: sequential(8, [own]), worker: true })).rejects.toThrow(OptionError);
  });
});
