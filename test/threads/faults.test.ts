/**
 * Threads that cannot start, die or fall silent: a named error on the caller's side, never a hang, and a new
 * engine works.
 */
import { Worker } from 'node:worker_threads';
import { afterEach, expect, test, vi } from 'vitest';
import { EngineError } from '../../src/base/errors.js';
import { platform } from '../../src/base/platform/node.js';
import type { ThreadEvents, ThreadSetup } from '../../src/base/platform/types.js';
import { createEngine } from '../../src/create/engine.js';
import type { Engine } from '../../src/engine/engine.js';
import { matmul } from '../../src/ops/matmul.js';

afterEach(() => vi.restoreAllMocks());

const SIDE = 256;

/** A product large enough for every thread. */
function product(engine: Engine) {
  const arena = engine.arena();
  const [c, a, b] = [0, 1, 2].map(() => arena.tensor('float', [SIDE, SIDE]).fill(1));
  return { c, run: matmul({ c, a, b }) };
}

/** Replaces the start of threads; the real one is handed on. */
function startThreads(start: (setup: ThreadSetup, events: ThreadEvents) => { end(): void }) {
  return vi.spyOn(platform, 'startThread').mockImplementation(start);
}

function rogue(mode: 'silent' | 'failed') {
  startThreads((setup, { ready }) => {
    const worker = new Worker(new URL('rogue.js', import.meta.url), {
      workerData: { ...setup, module: undefined, mode },
    });
    worker.once('message', () => ready());
    worker.unref();
    return { end: () => void worker.terminate() };
  });
}

test.each([
  ['silent', /a thread has not answered for 1 s/],
  ['failed', /thread 2 of 2 has failed/],
] as const)('a thread that claims work and is %s', async (mode, message) => {
  rogue(mode);
  const engine = await createEngine({ threads: 2, math: 'strict' });
  const { run } = product(engine);
  // The engine's own thread may be quicker than the other, and do its share: not for ever.
  const runs = () => {
    for (let i = 0; i < 10_000; i++) run();
  };
  expect(runs).toThrow(EngineError);
  // For good: the pool is gone, and says why.
  expect(run).toThrow(message);
  expect(run).toThrow(/create a new engine/);
  engine.dispose();
  vi.restoreAllMocks();

  const again = await createEngine({ threads: 2, math: 'strict' });
  const { c, run: runAgain } = product(again);
  runAgain();
  expect(c.at(SIDE * SIDE - 1)).toBe(SIDE);
  again.dispose();
});

test('a thread that never claims anything delays nothing', async () => {
  startThreads((_, { ready }) => {
    queueMicrotask(ready);
    return { end() {} };
  });
  const engine = await createEngine({ threads: 4, math: 'strict' });
  const { c, run } = product(engine);
  run();
  expect(c.at(0)).toBe(SIDE);
  engine.dispose();
});

test('a thread that ends between two calls', async () => {
  const real = platform.startThread;
  const ends: ((reason: string) => void)[] = [];
  startThreads((setup, events) => {
    ends.push(events.ended);
    return real.call(platform, setup, events);
  });
  const engine = await createEngine({ threads: 3, math: 'strict' });
  const { run } = product(engine);
  run();
  ends[1]('out of memory');
  expect(run).toThrow('thread 3 of 3 has ended: out of memory; create a new engine to go on');
  expect(run).toThrow(EngineError);
  engine.dispose();
});

test('a thread that cannot be started is an error, and with auto one thread', async () => {
  startThreads((_, { ended }) => {
    queueMicrotask(() => ended('no more threads'));
    return { end() {} };
  });
  const created = createEngine({ threads: 2 });
  await expect(created).rejects.toThrow(EngineError);
  await expect(created).rejects.toThrow('thread 2 of 2 could not be started: no more threads');
  vi.spyOn(platform, 'cores', 'get').mockReturnValue(2);
  const { info, ...engine } = await createEngine({ threads: 'auto' });
  expect(info).toMatchObject({ backend: 'wasm', threads: 1 });
  expect(info.reason).toMatch(/one thread: .*no more threads/);
  expect(engine).toBeDefined();
});

test('threads where memory cannot be shared', async () => {
  vi.spyOn(platform, 'threadsUnavailable', 'get').mockReturnValue('no shared memory here');
  await expect(createEngine({ threads: 2 })).rejects.toThrow(
    'threads are not available: no shared memory here',
  );
  const { info } = await createEngine();
  expect(info).toMatchObject({ threads: 1, binary: expect.not.stringContaining('threads') });
  expect(info.reason).toContain('one thread: no shared memory here');
});

test('what a real thread throws reaches the caller', async () => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  // An empty module has no thread_main.
  const module = new WebAssembly.Module(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
  const reason = await new Promise<string>((resolve) => {
    const setup = { module, memory, pool: 0, index: 1, work: 0, state: 4 };
    platform.startThread(setup, { ready() {}, ended: resolve });
  });
  expect(reason).toContain('is not a function');
  expect(new Int32Array(memory.buffer)[1]).toBe(2);
});
