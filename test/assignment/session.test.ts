/** The whole assignment in this thread: what is done is kept, and what was stopped goes on. */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readStudy } from '../../src/sweep/read.js';
import { resultOf } from '../../src/sweep/sweep.js';
import { openTiny, temporaryFolder, tinyPlan } from './sample.js';

/** The study of the learning rates. */
async function ratesIn(own: string): Promise<string> {
  const results = join(own, 'out', 'results');
  const [name] = (await readdir(results)).filter((entry) => entry.startsWith('learning-rates-'));
  return join(results, name);
}

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

  it('keeps them as studies, which sweeps read too', async () => {
    const own = join(folder, 'studies');
    const result = await (await openTiny(own)).experiments();
    const study = await readStudy(await ratesIn(own));
    expect(study.trials.map(({ state }) => state)).toEqual(['complete', 'complete']);
    const best = resultOf(study.trials, study).best!;
    expect(best.settings).toMatchObject({ task: { kind: 'fit', settings: { learningRate: 1, seed: 1 } } });
    const { validationLoss } = result.rates.find(({ learningRate }) => learningRate === 1)!.result!;
    expect(best.values).toEqual([validationLoss.mean]);
    expect(best.reports.map(({ step }) => step)).toEqual([1, 2]);
  });

  it('goes on behind a line that a crash cut short', async () => {
    const own = join(folder, 'cut');
    const first = await (await openTiny(own)).experiments();
    const journal = join(await ratesIn(own), 'journal.log');
    const lines = (await readFile(journal, 'utf8')).trimEnd().split('\n');
    // The second run's result is gone, and half a line is left of it.
    const last = lines.findLastIndex((line) => line.includes('"result"'));
    await writeFile(journal, `${lines.slice(0, last).join('\n')}\n${lines[last].slice(0, 99)}`);
    const again = await openTiny(own);
    expect(await again.experiments()).toEqual(first);
    expect(again.session.computed).toBe(1);
    expect(again.damaged).toEqual([]);
  });

  it('does again what is in a broken journal', async () => {
    const own = join(folder, 'broken');
    const first = await (await openTiny(own)).experiments();
    const journal = join(await ratesIn(own), 'journal.log');
    const text = await readFile(journal, 'utf8');
    await writeFile(journal, text.replace(/^.*"result".*$/m, '{'));
    const again = await openTiny(own);
    expect(await again.experiments()).toEqual(first);
    // One of the two rates is that of the batch sizes as well, which had no need to train with it again.
    expect(again.session.computed).toBe(2);
    expect(again.damaged).toEqual([journal]);
  });

  it('names a folder of an earlier version', async () => {
    const own = join(folder, 'earlier');
    await mkdir(join(own, 'out', 'results'), { recursive: true });
    await writeFile(join(own, 'out', 'results', 'fit-0123456789abcdef0123.json'), '{}');
    await expect(openTiny(own)).rejects.toThrow(/results: it has results of an earlier version, a file each/);
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
