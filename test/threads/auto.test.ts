/** Engines that choose their threads by measuring, which is given here. */
import { beforeEach, expect, test, vi } from 'vitest';
import { platform } from '../../src/base/platform/node.js';
import { createEngine } from '../../src/create/engine.js';
import { measureThreads } from '../../src/engine/threads/measure.js';

vi.mock('../../src/engine/threads/measure.js', () => ({ measureThreads: vi.fn() }));

const measure = vi.mocked(measureThreads);

/** Products run on each of these, and so many threads are best. */
function found(threads: number, times: readonly (readonly [number, number])[]) {
  measure.mockImplementation((_, run) => {
    for (const [count] of times) run(count);
    return { threads, times: new Map(times) };
  });
}

beforeEach(() => {
  measure.mockReset();
  vi.spyOn(platform, 'cores', 'get').mockReturnValue(2);
});

test('as many as there are cores, where these are faster', async () => {
  found(2, [
    [1, 0.2],
    [2, 0.1],
  ]);
  using engine = await createEngine();
  expect(measure).toHaveBeenCalledExactlyOnceWith(2, expect.any(Function));
  expect(engine.info).toMatchObject({ threads: 2, binary: expect.stringContaining('-threads') });
  expect(engine.info.reason).toContain('2 threads for as many cores');
  expect(engine.info.tuning!.threads).toEqual({ 1: 49.2, 2: 98.3 });
});

test('fewer where more are not: the engine is another one, and its memory untouched', async () => {
  found(1, [
    [1, 0.2],
    [2, 0.4],
  ]);
  using engine = await createEngine({ math: 'strict', tiles: 'plain' });
  expect(engine.info).toMatchObject({
    threads: 1,
    binary: 'simd',
    reason: 'strict was asked for; one thread, as 2 were not faster when it was measured',
  });
  expect(engine.info.tuning).toEqual({ tiles: 'plain', threads: { 1: 49.2, 2: 24.6 } });
  expect(new Uint32Array(engine.backend.buffer, engine.work).every((word) => word === 0)).toBe(true);
});

test('half of many', async () => {
  vi.spyOn(platform, 'cores', 'get').mockReturnValue(4);
  found(2, [
    [1, 0.2],
    [2, 0.1],
    [4, 0.1],
  ]);
  using engine = await createEngine({ math: 'strict' });
  expect(engine.info).toMatchObject({ threads: 2, binary: 'simd-threads' });
  expect(engine.info.reason).toContain('2 threads, as 4 were not faster');
});

test('those that were started stay, where fewer cannot be started', async () => {
  vi.spyOn(platform, 'cores', 'get').mockReturnValue(4);
  found(2, [
    [1, 0.2],
    [2, 0.1],
    [4, 0.1],
  ]);
  const { startThread } = platform;
  let started = 0;
  vi.spyOn(platform, 'startThread').mockImplementation((...args) => {
    if (++started > 3) throw new Error('EAGAIN');
    return startThread(...args);
  });
  using engine = await createEngine({ math: 'strict' });
  expect(engine.info.threads).toBe(4);
  vi.restoreAllMocks();
});

test('a number that was given is kept, and not measured', async () => {
  using two = await createEngine({ threads: 2 });
  using one = await createEngine({ threads: 1 });
  expect([one, two].map(({ info }) => info.threads)).toEqual([1, 2]);
  expect(two.info.tuning!.threads).toBeUndefined();
  expect(measure).not.toHaveBeenCalled();
});
