/** One model, one training at a time. */
import { expect, test } from 'vitest';
import { EngineError } from '../../src/base/errors.js';
import { evaluate } from '../../src/train/evaluate.js';
import { fit } from '../../src/train/fit.js';
import { predict } from '../../src/train/predict.js';
import { basic, bits, net, reference, strict } from './fit-setting.js';
import { clouds } from './sets.js';

const set = clouds(60);
const options = { ...basic, epochs: 2 };

test('the second call is refused, on any engine and for a copy that shares the values', async () => {
  const model = net();
  const alone = net();
  await fit(strict, alone, set, options);
  const first = fit(strict, model, set, options);
  for (const [engine, own] of [
    [strict, model],
    [reference, model],
    [strict, { ...model }],
  ] as const) {
    await expect(fit(engine, own, set, options)).rejects.toThrow(EngineError);
  }
  await expect(fit(strict, model, set, options)).rejects.toThrow(
    /^fit: the model is in training by another call/,
  );
  expect((await first).outcome).toBe('completed');
  expect(bits(model)).toEqual(bits(alone));
  // Others may be trained, and this one asked, meanwhile.
  const [training, others] = [fit(strict, model, set, options), fit(strict, net(), set, options)];
  expect(predict(strict, model, new Float32Array(8))).toHaveLength(3);
  expect((await evaluate(strict, model, set)).size).toBe(60);
  expect((await training).outcome).toBe('completed');
  await others;
});

test('however the first ends, the next may begin', async () => {
  const model = net();
  const thrower = () => {
    throw new Error('mine');
  };
  const ends = [
    { ...options, onEpoch: thrower },
    { ...options, onStep: thrower },
    { ...options, checkpoint: { save: thrower } },
    { ...options, epochs: -1 },
    { ...options, validation: clouds(5, { width: 7 }) },
    { ...options, resume: new Uint8Array(9) },
  ];
  for (const own of ends) {
    await expect(fit(strict, model, set, own)).rejects.toThrow();
    expect((await fit(strict, model, set, { ...options, signal: AbortSignal.abort() })).outcome).toBe(
      'aborted',
    );
    expect((await fit(strict, model, set, options)).outcome).toBe('completed');
  }
});
