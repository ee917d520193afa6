/** The convolution of the demo page's digits: its filters and what they find, while it learns. */
import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { loadMnist } from '../../../src/data/mnist.js';
import { readModel } from '../../../src/formats/model.js';
import { evaluate } from '../../../src/train/evaluate.js';
import { noBrowser } from '../../browser.js';
import { strict } from '../../train/fit-setting.js';
import { circle, draw } from './drawing.js';
import { changes, drawn, saved, text, until, useDemo, violations, visit } from './page.js';

const demo = useDemo();

/** What a canvas of this size looks like on which nothing was drawn. */
function blank(page: Page, selector: string): Promise<string> {
  return page.locator(selector).evaluate((canvas) => {
    const { width, height } = canvas as HTMLCanvasElement;
    return Object.assign(document.createElement('canvas'), { width, height }).toDataURL();
  });
}

describe.skipIf(noBrowser)('the digits of the demo page, by convolutions', () => {
  test('a convolutional network shows its filters and what they find, while it learns', {
    timeout: 240_000,
  }, async () => {
    const address = `${demo.url}?network=conv&filters=4&hidden=32&rate=0.1`;
    const [first, second] = [1, 2].map((n) => `#maps-list figure:nth-child(${n}) canvas`);
    await visit(demo, address, { acceptDownloads: true }, async (page) => {
      expect(await text(page, 'weights-title')).toBe('What the filters look for');
      const parameters = (25 + 1) * 4 + (9 * 4 + 1) * 8 + (49 * 8 + 1) * 32 + (32 + 1) * 10;
      expect(await text(page, 'parameters')).toBe(parameters.toLocaleString('en'));
      expect(await page.locator('#maps-list figcaption').allTextContents()).toEqual([
        'After convolution 1 4 maps, 28 × 28',
        'After convolution 2 8 maps, 14 × 14',
      ]);
      // 4 tiles of 5 pixels, each of these six wide.
      expect(await page.locator('#weights').getAttribute('width')).toBe(String(4 * 30 + 3 * 2));
      // A test image, until one draws.
      await changes(page, first, await blank(page, first));
      const untouched = [await drawn(page, '#weights'), await drawn(page, first), await drawn(page, second)];

      await page.click('#train');
      for (const [i, selector] of ['#weights', first, second].entries())
        await changes(page, selector, untouched[i]);
      // Drawn while it is trained: the maps are those of the drawing.
      await draw(page, [circle]);
      await until(page, 'answer', 'Looks like');
      await page.waitForFunction(
        () => Number(document.getElementById('accuracy')!.textContent) >= 96,
        undefined,
        {
          timeout: 120_000,
        },
      );
      await page.click('#train');
      await until(page, 'train', '^Resume$');
      await draw(page, [circle]);
      await until(page, 'answer', 'Looks like a 0');
      const circled = await drawn(page, second);
      await draw(page, [
        [
          [0.55, 0.15],
          [0.45, 0.85],
        ],
      ]);
      await changes(page, second, circled);
      expect(await violations(page)).toEqual([]);

      const bytes = new Uint8Array(await readFile((await saved(page, '#save')).path));
      const { model } = readModel(bytes, 'digits.safetensors');
      expect(model.inputs).toMatchObject([{ shape: [28, 28, 1] }]);
      const { test } = await loadMnist();
      expect((await evaluate(strict, model, test)).accuracy).toBeGreaterThan(0.95);

      // Another network in its place, and this one back again.
      await page.click('#reset');
      await until(page, 'status', '^Stopped');
      await page.selectOption('[name=network]', 'dense');
      expect([await page.inputValue('[name=hidden]'), await page.inputValue('[name=rate]')]).toEqual([
        '256',
        '0.2',
      ]);
      expect(await page.isVisible('[name=filters]')).toBe(false);
      await page.click('#reset');
      await until(page, 'parameters', '^203,530$');
      expect(await text(page, 'weights-title')).toBe('What the hidden units look for');
      expect(await page.isVisible('#maps')).toBe(false);
      await page.setInputFiles('#file', {
        name: 'digits.safetensors',
        mimeType: 'application/octet-stream',
        buffer: Buffer.from(bytes),
      });
      await until(page, 'keep-status', '^Loaded digits.safetensors: 784-4-8-32-10');
      expect(await page.isVisible('#maps')).toBe(true);
      await page.selectOption('[name=network]', 'conv');
      expect([await page.inputValue('[name=hidden]'), await page.inputValue('[name=rate]')]).toEqual([
        '64',
        '0.1',
      ]);
      expect(await page.isVisible('[name=second]')).toBe(false);
    });
  });
});
