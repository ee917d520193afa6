/** Random networks: one thread and two give the same bits, everything cut however small it is. */
import fc from 'fast-check';
import { afterAll, expect, test, vi } from 'vitest';
import { Engine } from '../../src/engine/engine.js';
import { Splitter } from '../../src/engine/threads/split.js';
import { createWasmBackend } from '../../src/engine/wasm.js';
import { learns, trainedBits } from '../graph/random/properties.js';
import { networkOf, recipes } from '../graph/random/recipe.js';

const [one, two] = await Promise.all(
  [1, 2].map(async (threads) => {
    const backend = await createWasmBackend({ binary: 'simd', threads, worth: 0 });
    return new Engine(backend, {
      ...{
        backend: 'wasm',
        math: 'strict',
        turbo: false,
        threads,
        runtime: 'test',
        reason: 'test',
        numerics: 1,
      },
    });
  }),
);
afterAll(() => two.dispose());

test('of any network', () => {
  const cuts = vi.spyOn(Splitter.prototype, 'line');
  const numRuns = Math.ceil(Number(process.env.LANEGRAD_GRAPHS ?? 100) / 5);
  fc.assert(
    fc.property(recipes(true), (recipe) => {
      const model = networkOf(recipe);
      if (model && learns(model)) expect(trainedBits(two, model)).toEqual(trainedBits(one, model));
    }),
    { numRuns },
  );
  const parts = cuts.mock.results.map(({ value }) => value as number);
  expect(parts.filter((own) => own > 1).length).toBeGreaterThan(numRuns);
  vi.restoreAllMocks();
});
