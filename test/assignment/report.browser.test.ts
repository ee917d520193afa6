/** The page in a real Chromium: charts drawn, no console error, no network request, light, dark, narrow and printed. */
import { execFileSync } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTiny, temporaryFolder } from './experiments-sample.js';

function findChromium(): string | undefined {
  for (const name of ['chromium', 'chromium-browser', 'google-chrome']) {
    try {
      return execFileSync('which', [name], { encoding: 'utf8' }).trim();
    } catch {
      // Not under this name.
    }
  }
  return undefined;
}

const executable = findChromium();

if (!executable && process.env.CI) {
  it('needs Chromium in PATH', () => {
    throw new Error('no chromium, chromium-browser or google-chrome was found in PATH');
  });
}

describe.skipIf(!executable)('in Chromium', () => {
  let folder: string;
  let url: string;
  let browser: Browser;
  beforeAll(async () => {
    folder = await temporaryFolder();
    const tiny = await openTiny(folder);
    await tiny.all();
    url = pathToFileURL(resolve(tiny.reportPath)).href;
    browser = await chromium.launch({ executablePath: executable, args: ['--no-sandbox', '--disable-gpu'] });
  });
  afterAll(async () => {
    await browser?.close();
    await rm(folder, { recursive: true, force: true });
  });

  it.each([
    ['light', 'light', 1200],
    ['dark', 'dark', 1200],
    ['on a phone', 'light', 390],
  ] as const)('draws everything and complains of nothing: %s', async (_, colorScheme, width) => {
    const page = await browser.newPage({ colorScheme, viewport: { width, height: 900 } });
    const problems: string[] = [];
    const requests: string[] = [];
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) problems.push(message.text());
    });
    page.on('pageerror', (error) => problems.push(String(error)));
    page.on('request', (request) => {
      if (!request.url().startsWith('data:')) requests.push(request.url());
    });
    await page.goto(url);
    await page.waitForSelector('.uplot canvas');
    expect(await page.locator('.plot').count()).toBe(await page.locator('.plot canvas').count());
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    expect(overflow).toBeLessThanOrEqual(0);
    const broken = await page.evaluate(() =>
      [...document.images].filter((image) => image.naturalWidth === 0).map((image) => image.alt),
    );
    expect(broken).toEqual([]);
    await page.emulateMedia({ media: 'print' });
    expect((await page.pdf({ format: 'A4' })).length).toBeGreaterThan(10_000);
    expect(problems).toEqual([]);
    expect(requests).toEqual([url]);
    await page.close();
  });
});
