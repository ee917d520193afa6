/**
 * `auto` in browsers that promise less or more than they have: it tries, and takes what works. Simulated with
 * the platform of browsers in Node; WebKitGTK 2.50 is the model of the isolated page whose workers get no
 * shared memory.
 */
import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';

vi.mock('../../src/base/platform/node.js', () => import('../../src/base/platform/browser.js'));

const binary = (name: string) =>
  new Uint8Array(readFileSync(new URL(`../../build/${name}.wasm`, import.meta.url)));
const wasm = {
  simd: binary('simd'),
  fma: binary('fma'),
  'simd-threads': binary('simd-threads'),
  'fma-threads': binary('fma-threads'),
};

/** A page's worker. `post` is what happens to what it is sent. */
function stubWorker(post: (worker: StubWorker) => void) {
  const workers: StubWorker[] = [];
  vi.stubGlobal(
    'Worker',
    class extends StubWorker {
      constructor() {
        super();
        workers.push(this);
      }
      postMessage() {
        post(this);
      }
    },
  );
  return workers;
}

class StubWorker {
  ended = false;
  onmessage: (() => void) | null = null;
  onerror: ((event: { message: string; preventDefault(): void }) => void) | null = null;
  terminate() {
    this.ended = true;
  }
}

// Files share their modules: those of others have the platform of Node.
beforeAll(() => void vi.resetModules());
afterAll(() => void vi.resetModules());
beforeEach(() => {
  vi.stubGlobal('navigator', { userAgent: 'a browser', hardwareConcurrency: 4 });
  vi.stubGlobal('crossOriginIsolated', true);
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

async function create(options: object = {}) {
  const { createEngine } = await import('../../src/create/engine.js');
  return createEngine({ wasm, math: 'strict', ...options });
}

const uncloneable = () => {
  throw new DOMException('The object can not be cloned.', 'DataCloneError');
};

test('an isolated page whose workers get no shared memory has one thread, and says why', async () => {
  vi.stubGlobal('SharedArrayBuffer', undefined);
  const workers = stubWorker(uncloneable);
  const { info } = await create();
  expect(info).toMatchObject({ backend: 'wasm', binary: 'simd', threads: 1 });
  expect(info.reason).toMatch(
    /one thread: .*thread 2 of 4 could not be started: .*The object can not be cloned/,
  );
  expect(workers.map(({ ended }) => ended)).toEqual([true, true, true]);
  await expect(create({ threads: 2 })).rejects.toThrow('thread 2 of 2 could not be started: ');
  await expect(create({ threads: 2 })).rejects.toMatchObject({ name: 'ThreadError' });
});

test('no workers at all', async () => {
  vi.stubGlobal('Worker', undefined);
  expect((await create()).info).toMatchObject({ threads: 1, reason: expect.stringContaining('Worker') });
});

test('no shared memory at all', async () => {
  const { Memory } = WebAssembly;
  vi.spyOn(WebAssembly, 'Memory').mockImplementation(function memory(descriptor) {
    if (descriptor.shared) throw new RangeError('out of memory');
    return new Memory(descriptor);
  });
  const { info } = await create();
  expect(info).toMatchObject({ threads: 1, reason: expect.stringContaining('no shared memory to give') });
  vi.mocked(WebAssembly.Memory).mockImplementation(function memory() {
    throw new RangeError('out of memory');
  });
  await expect(create()).rejects.toThrow('createEngine: the runtime has no memory to give: RangeError');
});

test('as many threads as there are', async () => {
  let count = 0;
  const workers = stubWorker((worker) => {
    // The third says no, whenever it is asked.
    if (++count === 3) throw new Error('EAGAIN');
    queueMicrotask(() => worker.onmessage?.());
  });
  const engine = await create();
  expect(engine.info).toMatchObject({ threads: 3, binary: 'simd-threads' });
  expect(engine.info.reason).toContain(
    '3 threads: threads: thread 4 of 4 could not be started: Error: EAGAIN',
  );
  expect(workers.map(({ ended }) => ended)).toEqual([true, true, true, false, false]);
  engine.dispose();
  expect(workers.at(-1)!.ended).toBe(true);
});

test('a page that is not isolated does not try; one that has shared memory all the same does', async () => {
  vi.stubGlobal('crossOriginIsolated', false);
  vi.stubGlobal('SharedArrayBuffer', undefined);
  const workers = stubWorker((worker) => queueMicrotask(() => worker.onmessage?.()));
  expect((await create()).info.reason).toContain('the page is not cross-origin isolated');
  expect(workers).toEqual([]);
  vi.unstubAllGlobals();
  stubWorker((worker) => queueMicrotask(() => worker.onmessage?.()));
  const engine = await create();
  expect(engine.info).toMatchObject({
    threads: 4,
    reason: 'strict was asked for; 4 threads for as many cores',
  });
  engine.dispose();
});

test('fma that is accepted and does not start is the strict binary', async () => {
  vi.spyOn(WebAssembly, 'validate').mockReturnValue(true);
  const { compile } = WebAssembly;
  vi.spyOn(WebAssembly, 'compile').mockImplementation(async (bytes) => {
    if (bytes === wasm.fma) throw new WebAssembly.CompileError('relaxed SIMD is not implemented');
    return compile(bytes);
  });
  const { info } = await create({ math: 'auto', threads: 1 });
  expect(info).toMatchObject({ math: 'strict', binary: 'simd' });
  expect(info.reason).toMatch(
    /^fma does not start \(.*relaxed SIMD is not implemented\); one thread asked for$/,
  );
  await expect(create({ math: 'fma', threads: 1 })).rejects.toThrow('relaxed SIMD is not implemented');
});
