/** Results are kept, found and repaired; what was stopped goes on; progress counts. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FileError } from '../../src/base/errors.js';
import { LocalExecutor } from '../../src/tasks/executor.js';
import { Tracker } from '../../src/tasks/progress.js';
import { Session, type SessionHooks, type TaskOf } from '../../src/tasks/session.js';
import { canonicalJson, Store } from '../../src/tasks/store.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lanegrad-work-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the store', () => {
  it('gives back what was put under an equal key, and nothing else', async () => {
    const store = await Store.open(join(folder, 'a', 'b'));
    await store.put('fit', { rate: 0.1, seed: 1 }, { loss: 0.5 });
    expect(await store.get('fit', { seed: 1, rate: 0.1 })).toEqual({ loss: 0.5 });
    expect(await store.get('fit', { seed: 2, rate: 0.1 })).toBeUndefined();
    expect(await store.get('speed', { seed: 1, rate: 0.1 })).toBeUndefined();
  });

  it.each([
    ['cut short', (text: string) => text.slice(0, -9)],
    ['changed', (text: string) => text.replace('0.5', '0.6')],
    ['of another key', (text: string) => text.replace('"seed":1', '"seed":9')],
    ['empty', () => ''],
    ['another thing', () => 'null'],
  ])('takes a file that is %s for none, says so and replaces it', async (_, damage) => {
    const store = await Store.open(join(folder, 'damaged'));
    const key = { seed: 1 };
    await store.put('fit', key, { loss: 0.5 });
    const [name] = await readdir(store.folder);
    const path = join(store.folder, name);
    await writeFile(path, damage(await readFile(path, 'utf8')));
    expect(await store.get('fit', key)).toBeUndefined();
    expect(store.damaged).toEqual([path]);
    await store.put('fit', key, { loss: 0.7 });
    expect(await store.get('fit', key)).toEqual({ loss: 0.7 });
  });

  it('names a folder that cannot be', async () => {
    const file = join(folder, 'file');
    await writeFile(file, '');
    await expect(Store.open(join(file, 'x'))).rejects.toThrow(FileError);
    await expect(Store.open(file)).rejects.toThrow(FileError);
  });

  it('writes keys in one order', () => {
    expect(canonicalJson({ b: [{ d: 1, c: 2 }], a: 3 })).toBe('{"a":3,"b":[{"c":2,"d":1}]}');
  });
});

interface Squares {
  square: { settings: { of: number }; result: { value: number } };
}

/** Squares numbers in this thread, and counts how often; 13 is refused. */
async function open(name: string, { identity = {}, ...hooks }: SessionHooks & { identity?: object } = {}) {
  const store = await Store.open(join(folder, name));
  const executor = new LocalExecutor<TaskOf<Squares>>(async ({ settings: { of } }, { onProgress }) => {
    if (of === 13) throw new Error('unlucky');
    onProgress?.({ what: 'steps', done: 1, total: 2 });
    return { value: of * of };
  });
  const session = new Session<Squares>(store, executor, identity, hooks);
  const square = (of: number) => session.run('squares', `square of ${of}`, 'square', { of });
  session.progress.expect('squares', 3, 1);
  return { store, session, square };
}

describe('a session', () => {
  it('does everything once, and nothing again', async () => {
    const shares: number[] = [];
    const first = await open('once', { onProgress: ({ running }) => shares.push(running.length) });
    expect(await Promise.all([3, 3, 4].map(first.square))).toEqual([
      { value: 9 },
      { value: 9 },
      { value: 16 },
    ]);
    expect(first.session).toMatchObject({ computed: 2, found: 1 });
    expect(first.session.progress.overview()).toMatchObject({ running: [], done: 3, total: 3 });
    expect(shares).toContain(1);

    const second = await open('once');
    expect(await Promise.all([3, 4].map(second.square))).toEqual([{ value: 9 }, { value: 16 }]);
    expect(second.session).toMatchObject({ computed: 0, found: 2 });
  });

  it('goes on where it was stopped', async () => {
    const controller = new AbortController();
    const stopped = await open('stopped', {
      signal: controller.signal,
      onFinished: () => controller.abort(),
    });
    expect(await stopped.square(3)).toEqual({ value: 9 });
    await expect(stopped.square(4)).rejects.toThrow(/abort/i);
    const resumed = await open('stopped');
    await Promise.all([3, 4].map(resumed.square));
    expect(resumed.session).toMatchObject({ computed: 1, found: 1 });
  });

  it('does a task again whose file is broken, and none that failed', async () => {
    const { store, square } = await open('broken');
    await square(3);
    await expect(square(13)).rejects.toThrow('unlucky');
    const [name, ...more] = await readdir(store.folder);
    expect(more).toEqual([]);
    await writeFile(join(store.folder, name), '{');
    const again = await open('broken');
    expect(await again.square(3)).toEqual({ value: 9 });
    expect(again.session.computed).toBe(1);
    expect(again.store.damaged).toEqual([join(store.folder, name)]);
  });

  it('does not use results of another identity', async () => {
    await (await open('identity', { identity: { version: 1 } })).square(3);
    const other = await open('identity', { identity: { version: 2 } });
    await other.square(3);
    expect(other.session.computed).toBe(1);
  });
});

describe('progress', () => {
  it('counts, corrects and estimates', () => {
    const tracker = new Tracker();
    tracker.expect('a', 2, 1);
    tracker.expect('b', 3, 10);
    tracker.expect('b', 1, 4);
    tracker.begin('a', 'first');
    expect(tracker.overview()).toMatchObject({ done: 0, total: 3, running: ['first'] });
    tracker.end('a', 'first');
    tracker.end('a', 'found');
    expect(tracker.overview()).toMatchObject({ done: 2, total: 3, running: [] });
  });
});
