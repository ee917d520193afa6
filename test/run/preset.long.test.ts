/**
 * What the presets promise, on the whole of MNIST. The accurate one takes a minute: asked for by PRESETS=1.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createEngine } from '../../src/create/engine.js';
import { loadMnist } from '../../src/data/mnist.js';
import { buildModel } from '../../src/run/build.js';
import { defaultRate } from '../../src/run/defaults.js';
import { presetNames, resolveSettings } from '../../src/run/presets.js';
import { run } from '../../src/run/run.js';

describe('a preset', () => {
  it.each(presetNames)('%s makes a model of MNIST', async (preset) => {
    const { model } = buildModel(await loadMnist(), resolveSettings({ source: 'mnist' }, preset));
    expect([model.inputSize, model.outputSize]).toEqual([784, 10]);
  });

  it('gives way to what is said, and its rate to another optimizer', () => {
    const accurate = resolveSettings({ source: '' }, 'accurate');
    expect(resolveSettings({ source: '', epochs: 3 }, 'accurate')).toEqual({ ...accurate, epochs: 3 });
    expect(resolveSettings({ source: '', optimizer: 'adam' }, 'accurate').learningRate).toBe(0.001);
    expect(
      resolveSettings({ source: '', optimizer: 'adam', learningRate: 0.5 }, 'accurate').learningRate,
    ).toBe(0.5);
    expect(resolveSettings({ source: '' })).toMatchObject({ hidden: [300], learningRate: 1 });
    expect(defaultRate({ activation: 'relu', momentum: 0.9 })).toBeCloseTo(0.01);
  });
});

it.skipIf(!process.env.PRESETS)(
  'accurate reaches 98.6 % of the test images',
  async () => {
    const root = await mkdtemp(join(tmpdir(), 'lanegrad-preset-'));
    const engine = await createEngine({ math: 'strict' });
    const { test } = await run(engine, await loadMnist(), resolveSettings({ source: 'mnist' }, 'accurate'), {
      out: join(root, 'run'),
      signal: new AbortController().signal,
      onTrainBegin: () => {},
      onStep: () => {},
      onEpoch: () => {},
    });
    engine.dispose();
    await rm(root, { recursive: true });
    expect(test?.accuracy).toBeGreaterThanOrEqual(0.986);
  },
  600_000,
);
