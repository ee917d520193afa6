/** Results are kept, found and repaired; what was stopped goes on; progress counts. */
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Tracker } from '../../../src/assignment/work/progress.js';
import { canonicalJson, Store } from '../../../src/assignment/work/store.js';
import { FileError } from '../../../src/base/errors.js';
import { openTiny, temporaryFolder, tinyPlan } from '../sample.js';

let folder: string;
beforeAll(async () => {
  folder = await temporaryFolder();
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

describe('a session', () => {
  it('does everything once, and nothing again', async () => {
    const first = await openTiny(folder);
    const { session } = first;
    const report = await first.all();
    expect(session.computed).toBeGreaterThan(10);
    expect(session.progress.overview()).toMatchObject({
      running: [],
      done: session.progress.overview().total,
    });
    const html = await readFile(first.reportPath, 'utf8');
    expect(html).toContain('</html>');

    const second = await openTiny(folder);
    const again = await second.all();
    expect(second.session.computed).toBe(0);
    expect({ ...again, createdAt: '' }).toEqual({ ...report, createdAt: '' });
  });

  it('goes on where it was stopped', async () => {
    const own = join(folder, 'stopped');
    const controller = new AbortController();
    let ended = 0;
    const stopped = await openTiny(own, {
      signal: controller.signal,
      onFinished: () => {
        if (++ended === 3) controller.abort();
      },
    });
    await expect(stopped.all()).rejects.toThrow(/abort/i);
    await stopped.close();
    const resumed = await openTiny(own);
    await resumed.all();
    const whole = await openTiny(join(folder, 'whole'));
    await whole.all();
    // What was at work when it was stopped may have ended as well.
    expect(resumed.session.computed).toBeLessThanOrEqual(whole.session.computed - 3);
    expect(resumed.session.computed).toBeGreaterThan(0);
    const { done, total } = resumed.session.progress.overview();
    expect(done).toBe(total);
  });

  it('does a run again whose file is broken', async () => {
    const own = join(folder, 'broken');
    await (await openTiny(own)).experiments();
    const results = join(own, 'out', 'results');
    const [name] = await readdir(results);
    await writeFile(join(results, name), '{');
    const again = await openTiny(own);
    await again.experiments();
    expect(again.session.computed).toBe(1);
    expect(again.damaged).toEqual([join(results, name)]);
  });

  it('does not use results of other settings', async () => {
    const own = join(folder, 'other');
    await (await openTiny(own)).synthetic();
    const plan = { ...tinyPlan, synthetic: { ...tinyPlan.synthetic, seed: 2 } };
    const other = await openTiny(own, { plan });
    await other.synthetic();
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
