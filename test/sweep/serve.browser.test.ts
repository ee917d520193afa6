/**
 * The page of a sweep in a real browser: it follows the sweep, keeps the reader's place, and complains of
 * nothing.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { loadUplot } from '../../src/report/node.js';
import type { DefinitionJson } from '../../src/sweep/definition.js';
import type { SweepReport } from '../../src/sweep/report/page.js';
import { SweepServer } from '../../src/sweep/serve.js';
import type { SpaceOptions } from '../../src/sweep/space.js';
import { sweep } from '../../src/sweep/sweep.js';
import type { Trial } from '../../src/sweep/trial.js';
import { launchChromium, noBrowser, visit } from '../browser.js';

const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
/** Drawings come more rarely than the rest, the slower the machine is. */
const PATIENT = { timeout: 30_000 };
const uplot = await loadUplot();
const space: SpaceOptions = {
  learningRate: { kind: 'number', low: 1e-4, high: 1, log: true },
  hidden: { kind: 'choice', values: [[100], [300], [300, 100]] },
  dropout: { kind: 'number', low: 0, high: 0.5 },
};
const definition: DefinitionJson = {
  ...{ space, directions: ['minimize'], sampler: { kind: 'random' }, seed: 1, lag: 4 },
  pruner: { kind: 'successiveHalving' },
};

async function trialsOf(count: number): Promise<readonly Trial[]> {
  const { trials } = await sweep({
    ...{ space, trials: count, sampler: 'random', pruner: 'successiveHalving' },
    objective: ({ settings, number, report }) => {
      const { learningRate, dropout } = settings as Record<string, number>;
      const floor = (Math.log10(learningRate!) + 2) ** 2 / 20 + (dropout! - 0.2) ** 2;
      if (number % 50 === 49) throw new Error('the loss is NaN');
      for (let step = 1; step <= 9; step++) if (report(step, floor + 1 / step)) break;
      return floor;
    },
  });
  return trials;
}

const reportOf = (trials: readonly Trial[], total: number, state: 'running' | 'over'): SweepReport => ({
  ...{ name: 'runs/first', createdAt: '2026-01-01T00:00:00Z', total, trials, definition },
  live: { state, secondsLeft: 90, folder: 'runs/first' },
});

async function violations(page: Page): Promise<string[]> {
  // Not as a script of the page, which its policy would forbid.
  await page.evaluate(await readFile(axe, 'utf8'));
  const found = await page.evaluate(() =>
    (globalThis as unknown as { axe: { run(): Promise<{ violations: { id: string }[] }> } }).axe.run(),
  );
  return found.violations.map(({ id }) => id);
}

test.skipIf(noBrowser)(
  'follows the sweep, and keeps what the reader has selected and where they are',
  async () => {
    const all = await trialsOf(120);
    const running = (count: number) =>
      all
        .slice(0, count)
        .map((trial, i) => (i < count - 2 ? trial : { ...trial, state: 'running' as const }));
    let now = reportOf(running(60), 120, 'running');
    const server = await SweepServer.open({ host: '127.0.0.1', port: 0, uplot, report: () => now });
    for (const [colorScheme, width] of [
      ['light', 1200],
      ['dark', 390],
    ] as const) {
      now = reportOf(running(60), 120, 'running');
      server.change();
      const isLast = width === 390;
      const { errors, requests } = await visit(server.url, { colorScheme, width }, async (page) => {
        await page.locator('#progress progress[value="58"]').waitFor();
        expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
        expect(await violations(page)).toEqual([]);
        // In the table, and what is selected there.
        const table = page.locator('#trials .scroll');
        await table.evaluate((own) => {
          own.scrollTop = 300;
        });
        await table.scrollIntoViewIfNeeded();
        await page.evaluate(() => {
          const row = document.querySelector('#trials tbody tr:nth-child(12) th')!;
          getSelection()!.selectAllChildren(row);
        });
        const selected = await page.evaluate(() => String(getSelection()));
        const marks = page.locator('#history circle');
        const before = await marks.count();

        now = reportOf(running(90), 120, 'running');
        server.change();
        await page.locator('#progress progress[value="88"]').waitFor();
        await expect.poll(() => marks.count(), PATIENT).toBeGreaterThan(before);
        expect(await page.title()).toMatch(/^88\/120/);
        expect(await table.evaluate((own) => own.scrollTop)).toBe(300);
        expect(await page.evaluate(() => String(getSelection()))).toBe(selected);
        const rows = page.locator('#trials tbody tr');
        // What is selected stays as it is until it no longer is.
        expect(await rows.count()).toBe(60);
        await page.evaluate(() => getSelection()!.removeAllRanges());
        await expect.poll(() => rows.count(), PATIENT).toBe(90);

        if (!isLast) return;
        now = reportOf(all, 120, 'over');
        await server.close();
        await page.getByText('This page stays as runs/first/sweep.html').waitFor();
        await expect.poll(() => rows.count(), PATIENT).toBe(120);
        expect(await page.locator('#lost').isVisible()).toBe(false);
        expect(await violations(page)).toEqual([]);
      });
      expect(errors).toEqual([]);
      expect(requests).toEqual([`${server.url}events`]);
    }
  },
  240_000,
);

test.skipIf(noBrowser)('draws a population, and a study that has not begun', async () => {
  const states = new Map<number, number>();
  const { trials } = await sweep({
    ...{ space, trials: 40, sampler: { kind: 'pbt', population: 5 } },
    objective: ({ number, settings, population, report }) => {
      const value = (states.get(population!.parent?.number ?? -1) ?? 9) * (1 - Number(settings.dropout));
      states.set(number, value);
      report(population!.generation + 1, value);
      return value;
    },
  });
  for (const shown of [trials, []]) {
    const server = await SweepServer.open({
      ...{ host: '127.0.0.1', port: 0, uplot },
      report: () => reportOf(shown, 40, 'running'),
    });
    const { errors } = await visit(server.url, { colorScheme: 'dark', width: 390 }, async (page) => {
      await page.locator('#progress').waitFor();
      expect(await page.locator('#population figure').count()).toBe(shown.length > 0 ? 3 : 0);
      expect(await page.locator('#population tbody tr').count()).toBe(shown.length > 0 ? 8 : 0);
      expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
      expect(await violations(page)).toEqual([]);
    });
    expect(errors).toEqual([]);
    await server.close();
  }
});

test.skipIf(noBrowser)('says so when its sweep is gone', async () => {
  const trials = await trialsOf(9);
  const server = await SweepServer.open({
    ...{ host: '127.0.0.1', port: 0, uplot },
    report: () => reportOf(trials, 20, 'running'),
  });
  const browser = await launchChromium();
  try {
    const page = await browser.newPage();
    // As when its process is killed: nothing is said.
    await page.route('**/events', (route) => route.abort('connectionreset'));
    await page.goto(server.url);
    await page.getByText('The connection to the sweep is lost').waitFor();
  } finally {
    await browser.close();
    await server.close();
  }
});
