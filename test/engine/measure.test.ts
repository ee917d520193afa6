import { describe, expect, test } from 'vitest';
import { measureThreads } from '../../src/engine/threads/measure.js';

/** A machine on which product number `i` takes `time(threads, i)` milliseconds. */
function machine(time: (threads: number, i: number) => number) {
  let clock = 0;
  let products = 0;
  const run = (threads: number) => {
    clock += time(threads, products++);
  };
  return { run, now: () => clock, spent: () => clock };
}

function choose(all: number, time: (threads: number, i: number) => number) {
  const { run, now, spent } = machine(time);
  return { ...measureThreads(all, run, now), spent: spent() };
}

describe('how many threads', () => {
  test('all of them where they are faster, after a few milliseconds', () => {
    const { threads, times, spent } = choose(2, (count) => 0.2 / count);
    expect(threads).toBe(2);
    expect([...times.keys()]).toEqual([1, 2]);
    expect(times.get(1)).toBeCloseTo(0.2);
    expect(times.get(2)).toBeCloseTo(0.1);
    expect(spent).toBeLessThan(9);
  });

  test('one where two are slower, or faster by less than what may be noise', () => {
    expect(choose(2, (count) => 0.2 * count).threads).toBe(1);
    expect(choose(2, (count) => 0.2 / count ** 0.1).threads).toBe(1);
    expect(choose(2, (count) => 0.2 / count ** 0.2).threads).toBe(2);
  });

  test('half of many where all are no faster than these', () => {
    const shared = choose(8, (count) => 1 / Math.min(count, 4));
    expect(shared.threads).toBe(4);
    expect([...shared.times.keys()]).toEqual([1, 4, 8]);
    expect(choose(8, (count) => 1 / count).threads).toBe(8);
    expect(choose(8, () => 1).threads).toBe(1);
    expect([...choose(3, (count) => 1 / count).times.keys()]).toEqual([1, 3]);
  });

  test('what happens once does not decide', () => {
    // Two threads were held up for longer than all that is measured; then one was.
    expect(choose(2, (count, i) => (i === 9 ? 60 : 0.2 / count)).threads).toBe(2);
    expect(choose(2, (count, i) => (i === 8 ? 60 : 0.2 * count)).threads).toBe(1);
  });

  test('the first product may take long', () => {
    const { threads, spent } = choose(2, (count, i) => (i < 2 ? 5 : 0.2 / count));
    expect(threads).toBe(2);
    expect(spent).toBeLessThan(20);
  });

  test('one on a busy machine, where each wait for the other thread costs a turn of the scheduler', () => {
    const { threads, spent } = choose(2, (count, i) => (count === 2 && i % 20 === 1 ? 4 : 0.2 / count));
    expect(threads).toBe(1);
    expect(spent).toBeLessThan(60);
  });

  test('slow machines are asked no more than is needed', () => {
    let products = 0;
    const { threads } = choose(2, (count) => {
      products++;
      return 100 / count;
    });
    expect(threads).toBe(2);
    expect(products).toBe(2 + 3 * 2);
  });
});
