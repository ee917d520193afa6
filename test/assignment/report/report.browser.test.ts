/**
 * The page in a real Chromium: charts drawn, no console error, no network request, light, dark, narrow and
 * printed.
 */
import { rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { noBrowser, visit } from '../../browser.js';
import { openTiny, temporaryFolder } from '../sample.js';

describe.skipIf(noBrowser)('in Chromium', () => {
  let folder: string;
  let url: string;
  beforeAll(async () => {
    folder = await temporaryFolder();
    const tiny = await openTiny(folder);
    await tiny.all();
    url = pathToFileURL(resolve(tiny.reportPath)).href;
  });
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  it.each([
    ['light', 'light', 1200],
    ['dark', 'dark', 1200],
    ['on a phone', 'light', 390],
  ] as const)('draws everything and complains of nothing: %s', async (_, colorScheme, width) => {
    const { errors, requests } = await visit(url, { colorScheme, width }, async (page) => {
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
    });
    expect(errors).toEqual([]);
    expect(requests).toEqual([]);
  });
});
