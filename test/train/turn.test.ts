/** The turns of the event loop within training: what may be done in them, and that they change no result. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { platform } from '../../src/base/platform/node.js';
import { createEngine } from '../../src/create/engine.js';
import { evaluate } from '../../src/train/evaluate.js';
import { fit } from '../../src/train/fit.js';
import { BatchSource } from '../../src/train/source.js';
import { Turn } from '../../src/train/turn.js';
import { basic, bits, net, strict } from './fit-setting.js';
import { clouds } from './sets.js';

const settable = platform as { turnInterval: number };
const usual = platform.turnInterval;
beforeEach(() => {
  settable.turnInterval = -1;
});
afterEach(() => {
  settable.turnInterval = usual;
});

const set = clouds(64, { bytes: true });
const options = { ...basic, batchSize: 16, epochs: 2 };

test('come between steps, in which the model can be brought up to date', async () => {
  const model = net();
  const seen: number[][][] = [];
  let steps = 0;
  const history = await fit(strict, model, set, {
    ...options,
    onStep: ({ step }) => {
      steps = step;
    },
    onTurn({ download }) {
      if (steps === 0) return;
      const before = bits(model);
      download();
      if (steps % 4 !== 1) expect(bits(model)).not.toEqual(before);
      seen.push(bits(model));
    },
  });
  expect(seen.length).toBe(history.steps);
  expect(seen[seen.length - 1]).toEqual(bits(model));
});

test('are waited for, so training can pause', async () => {
  const model = net();
  let resume = () => {};
  let steps = 0;
  const paused = new Promise<void>((resolve) => {
    resume = resolve;
  });
  const training = fit(strict, model, set, {
    ...options,
    onStep: () => void steps++,
    onTurn: () => (steps === 3 ? paused : undefined),
  });
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setTimeout(resolve, 1));
  expect(steps).toBe(3);
  resume();
  expect((await training).steps).toBe(8);
});

test('an error in them ends training', async () => {
  const failing = () => Promise.reject(new Error('no more'));
  await expect(fit(strict, net(), set, { ...options, onTurn: failing })).rejects.toThrow('no more');
});

test.each([
  ['floats', clouds(3000)],
  ['dense bytes', clouds(3000, { bytes: true, width: 500 })],
  ['sparse bytes', clouds(3000, { bytes: true, width: 1000, seed: 2 })],
])('data goes into memory in turns, the same as at once (%s)', async (_, set) => {
  let turns = 0;
  const held = () => strict.heap.top;
  const before = held();
  const source = await BatchSource.open(strict, set, new Turn(() => void turns++));
  const bytes = () => Buffer.from(new Uint8Array(strict.backend.buffer, before, held() - before));
  const inTurns = bytes();
  source.dispose();
  const atOnce = new BatchSource(strict, set);
  expect(bytes().equals(inTurns)).toBe(true);
  expect(turns).toBeGreaterThan(set.inputs.length / 2 ** 20 - 1);
  atOnce.dispose();
});

test('an engine that ends during one is an error, not a trap', async () => {
  const model = net();
  const engine = await createEngine({ math: 'strict' });
  const measuring = evaluate(engine, model, set, { loss: 'softmaxCrossEntropy' });
  engine.dispose();
  await expect(measuring).rejects.toThrow('disposed of');
});
