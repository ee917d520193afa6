/** The table of a run's options: that its entries hold together, and go where they say. */
import { expect, test } from 'vitest';
import type { Setting } from '../../src/base/settings.js';
import { trainTable } from '../../src/cli/train-options.js';
import { lossOf } from '../../src/nn/loss-config.js';
import { lossNames } from '../../src/nn/losses.js';
import { optimizerNames, optimizerOf, optimizerTakes } from '../../src/nn/optimizers.js';
import { scheduleForRun, scheduleNames, scheduleOf } from '../../src/nn/schedules.js';
import { defaultRate } from '../../src/run/defaults.js';
import { optionsTo, type RunOptionValues, runFallbacks, runOptions } from '../../src/run/options.js';
import { resolveSettings } from '../../src/run/presets.js';
import { readSettings } from '../../src/run/settings.js';
import { fit } from '../../src/train/fit.js';
import { basic, net, strict } from '../train/fit-setting.js';
import { clouds } from '../train/sets.js';

test('what an option is when nothing is said, is a value that it may have', () => {
  for (const [key, { kind, fallback }] of Object.entries<Setting>(trainTable)) {
    if (fallback !== undefined) expect(kind.read(fallback), key).toEqual(fallback);
  }
});

test('an option that goes to fit, an optimizer or a loss is one of theirs', async () => {
  const values: Partial<RunOptionValues> = {
    ...{ accumulateBatches: 2, clipNorm: 1, clipValue: 1, classWeights: 'balanced', l1: 0.1, l2: 0.1 },
    ...{ augment: { shift: 1, flip: 'horizontal' } },
    ...{ averageDecay: 0.5, momentum: 0.5, nesterov: true, weightDecay: 0.1, labelSmoothing: 0.1 },
  };
  const goes = Object.entries<Setting & { to?: string }>(runOptions).filter(([, { to }]) => to !== undefined);
  expect(Object.keys(values).sort()).toEqual(goes.map(([key]) => key).sort());
  // Rows of eight numbers as images, which can be augmented.
  const train = { ...clouds(64), imageShape: [2, 4] as const };
  await fit(strict, net(), train, { ...basic, epochs: 1, ...optionsTo('fit', values) });
  expect(
    optimizerOf({ kind: 'sgd', learningRate: 1, ...optionsTo('optimizer', values) }).config,
  ).toMatchObject({ momentum: 0.5, nesterov: true, weightDecay: 0.1 });
  expect(lossOf({ kind: 'softmaxCrossEntropy', ...optionsTo('loss', values) }).config).toMatchObject({
    labelSmoothing: 0.1,
  });
  expect(optimizerTakes('adam', 'momentum')).toBe(false);
  expect(optimizerTakes('adam', 'weightDecay')).toBe(true);
});

test('whatever stands in a registry can be named in a run', () => {
  const run = { learningRate: 0.25, stepsPerEpoch: 10, epochs: 6 };
  for (const name of scheduleNames) {
    const schedule = scheduleForRun(name, run);
    expect(schedule.config.kind).toBe(name);
    const rates = Array.from({ length: 60 }, (_, i) => schedule.rate(i + 1, 60));
    expect(Math.max(...rates)).toBeCloseTo(0.25, 2);
    expect(scheduleOf(schedule.config).config).toEqual(schedule.config);
  }
  for (const kind of optimizerNames) {
    expect(optimizerOf({ kind, learningRate: 0.5 }).kind).toBe(kind);
    expect(defaultRate({ optimizer: kind, activation: 'relu' })).toBeGreaterThan(0);
  }
  for (const kind of lossNames) expect(lossOf({ kind }).kind).toBe(kind);
  expect(() => scheduleForRun('constant', run, { x: 1 })).toThrow('expected no options');
  expect(() => optimizerOf({ kind: 'adamw', learningRate: 1 })).toThrow('did you mean "adamW"?');
});

test('settings are read back as they were written, and from files of earlier versions', () => {
  const settings = resolveSettings({
    source: 'mnist',
    loss: { kind: 'softmaxCrossEntropy', labelSmoothing: 0.1 },
    schedule: { kind: 'cosine', minimum: 1e-5 },
    accumulateBatches: 2,
    metrics: ['f1'],
    weightsFrom: 'model.safetensors',
    freeze: ['0.*', '1.bias'],
    table: { target: 'y', types: { a: 'category' }, validation: 0.2, header: false, missing: [] },
  });
  const read = (given: unknown) =>
    readSettings({ settings: JSON.parse(JSON.stringify(given)) }, 'config.json');
  expect(read(settings)).toEqual(settings);
  // As version 0.1.0 wrote them.
  const earlier = {
    ...{ shuffle: true, full: false, hidden: [8], activation: 'relu', batchSize: 16, epochs: 3, seed: 1 },
    ...{ source: 'toy', optimizer: 'sgd', schedule: 'plateau', averageDecay: 0.9, accumulateBatches: 2 },
    ...{ learningRate: 0.1, checkpoint: { everySeconds: 60, keepBest: 0 } },
  };
  expect(read(earlier)).toEqual({ ...earlier, schedule: 'reduceOnPlateau' });
  for (const key of ['learningRate', 'source', ...Object.keys(runFallbacks)]) {
    expect(() => read({ ...earlier, [key]: undefined }), key).toThrow(
      new RegExp(`^config\\.json: settings: option ${key} is required`),
    );
  }
});
