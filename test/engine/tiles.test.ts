import { describe, expect, test } from 'vitest';
import { platform } from '../../src/base/platform/node.js';
import { createEngine, type EngineOptions } from '../../src/create/engine.js';
import { dataset } from '../../src/data/dataset.js';
import { candidates, type Tiles, tilings } from '../../src/engine/tiles.js';
import { dense } from '../../src/nn/dense.js';
import { adam } from '../../src/nn/optimizers.js';
import { sequential } from '../../src/nn/sequential.js';
import { fit } from '../../src/train/fit.js';
import { predictProba } from '../../src/train/predict.js';
import { reals } from '../kernels/harness.js';

const maths = ['strict', 'fma'] as const;

/** Weights after two epochs, and predictions with weights that are kept packed: by layers and batches that reach all tiles. */
async function train(options: EngineOptions): Promise<string[]> {
  using engine = await createEngine(options);
  const size = 150;
  const set = dataset({
    inputs: Float32Array.from(reals(size * 70, 1)),
    width: 70,
    labels: Int32Array.from({ length: size }, (_, i) => (i * 7) % 10),
  });
  const model = sequential(
    70,
    [dense(101, { activation: 'tanh' }), dense(67, { activation: 'relu' }), dense(10)],
    {
      seed: 1,
    },
  );
  await fit(engine, model, set, { loss: 'softmaxCrossEntropy', optimizer: adam(), batchSize: 64, epochs: 2 });
  // The third time the weights are found packed.
  const predicted = [1, 2, 3].map(() => predictProba(engine, model, set.inputs as Float32Array));
  return [...model.parameters.map(({ values }) => values), ...predicted].map((values) =>
    Buffer.from(Float32Array.from(values).buffer).toString('hex'),
  );
}

describe.each(maths)('%s', (math) => {
  test('each choice of tiles gives the same bits, with one thread and two', async () => {
    const usual = await train({ math, threads: 1 });
    for (const tiles of Object.keys(tilings) as Tiles[]) {
      expect(await train({ math, threads: 1, tiles }), tiles).toEqual(usual);
      expect(await train({ math, threads: 2, tiles }), `${tiles}, two threads`).toEqual(usual);
    }
  });

  test.skipIf(platform.turboUnavailable)('and with turbo code', async () => {
    const usual = await train({ math, threads: 1 });
    for (const tiles of Object.keys(tilings) as Tiles[])
      expect(await train({ math, threads: 1, turbo: true, tiles }), tiles).toEqual(usual);
  });

  test('what was tried is told, and the fastest was taken', async () => {
    using engine = await createEngine({ math, threads: 1 });
    const { tiles, measured } = engine.info.tuning!;
    const tried = candidates(math, false);
    expect(Object.keys(measured!)).toEqual([...tried]);
    const rates = tried.map((name) => measured![name]!);
    for (const rate of rates) expect(rate).toBeGreaterThan(0);
    expect(measured![tiles]).toBeGreaterThanOrEqual(Math.max(...rates) / 1.03);
  });

  test('measuring leaves memory as it was', async () => {
    using engine = await createEngine({ math, threads: 1 });
    const words = new Uint32Array(engine.backend.buffer, engine.work);
    expect(words.every((word) => word === 0)).toBe(true);
  });

  test('a choice that was given is taken unmeasured', async () => {
    using engine = await createEngine({ math, threads: 1, tiles: 'plain' });
    expect(engine.info.tuning).toEqual({ tiles: 'plain' });
  });
});

test('of turbo code there are wide tiles to choose from', () => {
  expect(candidates('strict', true)).toEqual(['wide']);
  expect(candidates('fma', true)).toEqual(['wide', 'wide-packing']);
});

test('tall tiles are tried where there are registers for them', () => {
  expect(candidates('fma', false, false)).not.toContain('tall');
  expect(candidates('fma', false, true)).toEqual([
    ...candidates('fma', false, false),
    'tall',
    'tall-packing',
  ]);
  for (const turbo of [false, true]) {
    expect(candidates('strict', turbo, true)).toEqual(candidates('strict', turbo, false));
  }
  expect(candidates('fma', false)).toEqual(candidates('fma', false, process.arch === 'arm64'));
});

test('a name that is none is refused', async () => {
  const options = { tiles: 'large' } as unknown as EngineOptions;
  await expect(createEngine(options)).rejects.toThrow(
    'option tiles: expected one of "auto", "plain", "splat"',
  );
});
