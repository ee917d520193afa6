/** Networks of any shape: threads do not change a bit of them. */
import { afterAll, describe, expect, test, vi } from 'vitest';
import { createEngine } from '../../src/create/engine.js';
import { Splitter } from '../../src/engine/threads/split.js';
import { all, train } from './examples.js';

const one = await createEngine({ math: 'strict', threads: 1 });
const three = await createEngine({ math: 'strict', threads: 3 });
afterAll(() => three.dispose());

describe.each(all)('$name', ({ example }) => {
  test('gives the same losses and weights with one thread and with three', () => {
    const cuts = vi.spyOn(Splitter.prototype, 'line');
    const products = vi.spyOn(Splitter.prototype, 'product');
    // So many rows that most calls are worth cutting.
    const threaded = train(three, example, 3001);
    const parts = [...cuts.mock.results, ...products.mock.results].map(({ value }) => value as number);
    expect(parts.reduce((most, own) => Math.max(most, own))).toBeGreaterThan(1);
    vi.restoreAllMocks();
    expect(threaded).toEqual(train(one, example, 3001));
  });
});
