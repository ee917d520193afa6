/** The run report in a real browser: it draws, it asks for nothing, it complains of nothing. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { renderReport } from '../../src/report/index.js';
import type { NetworkReport } from '../../src/report/network.js';
import { loadUplot } from '../../src/report/node.js';
import { launchChromium, noBrowser, visit } from '../browser.js';
import { sampleReport } from './sample.js';

let folder: string;
let url: string;

const pixels = (...shape: number[]) =>
  Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => Math.sin(i * i));
const network: NetworkReport = {
  layers: [
    {
      ...{ name: '0', kind: 'conv2d', options: 'size 5, padding same', inputSize: 784, outputSize: 25088 },
      ...{ shape: [28, 28, 32], parameters: 832, buffers: 0, multiplyAdds: 627200 },
    },
  ],
  multiplyAdds: 627200,
  filters: { layer: '0', kind: 'conv2d', shape: [5, 5, 3, 32], values: pixels(5, 5, 3, 32) },
  features: {
    name: 'the first test image',
    image: { height: 28, width: 28, channels: 1, values: new Uint8Array(784).fill(99) },
    layers: [{ layer: '0', kind: 'conv2d', shape: [28, 28, 32], values: pixels(28, 28, 32) }],
  },
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lanegrad-report-'));
  const file = join(folder, 'report.html');
  await writeFile(file, renderReport(sampleReport({ network }), await loadUplot()));
  url = pathToFileURL(file).href;
});

afterAll(() => rm(folder, { recursive: true, force: true }));

test.skipIf(noBrowser)('draws its charts without a request or a complaint', async () => {
  for (const colorScheme of ['light', 'dark'] as const) {
    const { errors, requests } = await visit(url, { colorScheme }, async (page) => {
      expect(await page.locator('.uplot canvas').count()).toBe(2);
      expect(await page.locator('h1').count()).toBe(1);
      const drawn = await page
        .locator('#network img')
        .evaluateAll((all) => all.map((image) => (image as HTMLImageElement).naturalWidth));
      expect(drawn).toEqual([...new Array(32).fill(5), ...new Array(13).fill(28)]);
      const button = page.locator('#log-loss');
      await button.click();
      expect(await button.getAttribute('aria-pressed')).toBe('true');
    });
    expect(errors).toEqual([]);
    expect(requests).toEqual([]);
  }
});

test.skipIf(noBrowser)('fits a phone, and says which tables are wider', async () => {
  const told = (width: number) => {
    let found: boolean[][] = [];
    return visit(url, { width, height: 800 }, async (page) => {
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
      found = await page.locator('.scroll').evaluateAll((all) =>
        all.map((box) => {
          return [box.scrollWidth > box.clientWidth, box.previousElementSibling?.className === 'scrolls'];
        }),
      );
    }).then(() => found);
  };
  const onPhone = await told(390);
  expect(onPhone.some(([isWider]) => isWider)).toBe(true);
  for (const [isWider, isTold] of onPhone) expect(isTold).toBe(isWider);
  for (const [isWider, isTold] of await told(1200)) expect([isWider, isTold]).toEqual([false, false]);
});

test.skipIf(noBrowser)('legends have the last values until one points', async () => {
  await visit(url, { width: 1000, height: 800 }, async (page) => {
    const legend = () => page.locator('#plot-loss .u-legend').textContent();
    expect(await legend()).toBe('Epoch3Training0.3333Validation0.4167');
    await page.locator('#plot-loss').scrollIntoViewIfNeeded();
    const { x, y, width, height } = (await page.locator('#plot-loss .u-over').boundingBox())!;
    await page.mouse.move(x + width / 2, y + height / 2);
    await page.waitForFunction(() =>
      document.querySelector('#plot-loss .u-legend')!.textContent!.startsWith('Epoch2'),
    );
    expect(await legend()).toBe('Epoch2Training0.5Validation0.625');
  });
});

test.skipIf(noBrowser)('draws where Intl refuses the language of the browser', async () => {
  const browser = await launchChromium();
  try {
    const page = await browser.newPage();
    await page.addInitScript(() =>
      Object.defineProperty(Navigator.prototype, 'language', { get: () => 'C' }),
    );
    await page.goto(url);
    expect(await page.locator('.uplot canvas').count()).toBeGreaterThan(0);
  } finally {
    await browser.close();
  }
});
