/** The whole assignment in this thread: what is done is kept, and what was stopped goes on. */
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTiny, temporaryFolder, tinyPlan } from './sample.js';

let folder: string;
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the assignment', () => {
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
