/**
 * What the demo page costs its visitors: bytes, first paint, long tasks. They are written to
 * `pictures/figures.json`, to be looked at; only bytes have limits, as times depend on the machine.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { noBrowser } from '../../browser.js';
import { type PartName, PICTURES, parts, until, useDemo } from './page.js';

const demo = useDemo();
const figures: Record<string, unknown> = {};

afterAll(async () => {
  if (noBrowser) return;
  await mkdir(PICTURES, { recursive: true });
  await writeFile(`${PICTURES}/figures.json`, `${JSON.stringify(figures, null, 2)}\n`);
});

/** What a part does until it is ready and has worked a while. */
const work: Readonly<Record<PartName, readonly [hash: string, press: string, id: string, pattern: string]>> =
  {
    digits: ['#digits?epochs=1', '#train', 'status', '^Done'],
    playground: ['#playground?speed=0', '#pg-play', 'pg-epochs', '^[1-9]\\d\\d'],
    table: ['#table?example=iris', '#tb-go', 'tb-answer', '^\\w+$'],
    images: ['#images?example=shapes&epochs=3&filters=8', '#im-go', 'im-status', '^Done'],
  };

/**
 * Bytes in gzip that may be loaded before a part has done its work, without the images of MNIST: scripts of
 * page and workers, markup, styles, and one binary. What is loaded at most today and a tenth more.
 */
const limits: Readonly<Record<PartName, number>> = {
  digits: 275_000,
  playground: 130_000,
  table: 225_000,
  images: 235_000,
};
/** Likewise, before anything is drawn: markup, the style sheet, and the script that hides other parts. */
const PAINTED = 8_500;

describe.skipIf(noBrowser)('the demo page', () => {
  test.each(parts)('%s: bytes, first paint, long tasks', async (name) => {
    const [hash, press, id, pattern] = work[name];
    const page = await demo.browser.newPage();
    const loaded = new Map<string, Promise<number>>();
    const sizeOf = async (body: Promise<Buffer>) => gzipSync(await body.catch(() => Buffer.alloc(0))).length;
    page.context().on('response', (response) => {
      const { pathname, protocol } = new URL(response.url());
      if (protocol === 'http:' && !pathname.includes('/data/')) loaded.set(pathname, sizeOf(response.body()));
    });
    await page.addInitScript(() => {
      const seen: number[] = [];
      Object.assign(globalThis, { seen });
      new PerformanceObserver((list) =>
        seen.push(...list.getEntries().map(({ duration }) => duration)),
      ).observe({
        type: 'longtask',
        buffered: true,
      });
    });
    await page.goto(demo.url + hash);
    await page.waitForSelector(`${press}:not([disabled])`);
    await page.click(press);
    await until(page, id, pattern, 90_000);
    const { paint, tasks } = await page.evaluate(() => ({
      paint: performance.getEntriesByName('first-contentful-paint')[0]?.startTime,
      tasks: (globalThis as unknown as { seen: number[] }).seen,
    }));
    const sizes = new Map<string, number>();
    for (const [path, size] of loaded) sizes.set(path, await size);
    const sum = (wanted: (path: string) => boolean) =>
      [...sizes].reduce((total, [path, size]) => total + (wanted(path) ? size : 0), 0);
    const bytes = sum(() => true);
    const painted = sum((path) => /\/$|start\.js$|index-[^/]*\.css$/.test(path));
    figures[name] = {
      bytes,
      beforeFirstPaint: painted,
      files: sizes.size,
      firstContentfulPaint: paint,
      longTasks: { count: tasks.length, longest: Math.max(0, ...tasks) },
    };
    expect(bytes).toBeGreaterThan(50_000);
    expect(bytes).toBeLessThan(limits[name]);
    expect(painted).toBeLessThan(PAINTED);
    expect(paint).toBeGreaterThan(0);
    await page.close();
  });
});
