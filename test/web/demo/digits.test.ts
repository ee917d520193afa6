/**
 * The digits of the demo page in Chromium, as a visitor has them: the network trains, guesses what is drawn,
 * is compared, saved and loaded, and the page complains of nothing.
 */
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { loadMnist } from '../../../src/data/mnist.js';
import { readModel } from '../../../src/formats/model.js';
import { evaluate } from '../../../src/train/evaluate.js';
import { noBrowser } from '../../browser.js';
import { strict } from '../../train/fit-setting.js';
import { circle, draw } from './drawing.js';
import { saved, text, until, useDemo, violations, visit } from './page.js';

const demo = useDemo();

describe.skipIf(noBrowser)('the digits of the demo page', () => {
  test('reaches 97 %, recognises drawn digits, saves and loads', {
    timeout: 240_000,
  }, async () => {
    await visit(demo, demo.url, { acceptDownloads: true }, async (page) => {
      await page.click('#train');
      await page.waitForFunction(
        () => Number(document.getElementById('accuracy')!.textContent) >= 97,
        undefined,
        { timeout: 90_000 },
      );

      // Drawn while it may still be training.
      await draw(page, [
        [
          [0.3, 0.25],
          [0.7, 0.25],
          [0.58, 0.5],
          [0.45, 0.85],
        ],
      ]);
      await until(page, 'answer', 'Looks like a 7');
      await until(page, 'train', '^Train$', 60_000);
      await draw(page, [
        [
          [0.55, 0.15],
          [0.45, 0.85],
        ],
      ]);
      await until(page, 'answer', 'Looks like a 1');
      await draw(page, [circle]);
      await until(page, 'answer', 'Looks like a 0');
      await page.click('#clear');
      await until(page, 'answer', 'Nothing drawn yet');

      expect(await page.locator('#confusion tbody tr').count()).toBe(10);
      expect(await violations(page)).toEqual([]);

      const bytes = new Uint8Array(await readFile((await saved(page, '#save')).path));
      const { model, metadata } = readModel(bytes, 'digits.safetensors');
      expect(model).toMatchObject({ sizes: [784, 256, 10] });
      expect(metadata.input).toEqual({ scale: 1 / 255, offset: 0, imageShape: [28, 28] });
      const { test } = await loadMnist();
      expect((await evaluate(strict, model, test)).accuracy).toBeGreaterThan(0.96);
      const shown = await text(page, 'accuracy');

      await page.click('#reset');
      await until(page, 'accuracy', '^–$');
      await page.setInputFiles('#file', {
        name: 'digits.safetensors',
        mimeType: 'application/octet-stream',
        buffer: Buffer.from(bytes),
      });
      await until(page, 'keep-status', '^Loaded digits.safetensors: 784-256-10');
      expect(await text(page, 'accuracy')).toBe(shown);
      await page.setInputFiles('#file', {
        name: 'broken.safetensors',
        mimeType: 'application/octet-stream',
        buffer: Buffer.from(bytes.subarray(0, 100)),
      });
      await until(page, 'keep-status', '^broken.safetensors: ');
    });
  });

  test('takes its settings from the address, pauses, resumes, stops, goes on', async () => {
    const address = `${demo.plain}?hidden=16&second=32&activation=tanh&rate=0.05&epochs=500&batch=7`;
    await visit(demo, address, { permissions: ['clipboard-read', 'clipboard-write'] }, async (page) => {
      // Without isolation it says so. A batch size that cannot be chosen is as usual.
      expect(await text(page, 'details')).toContain('not cross-origin isolated, so there is one thread');
      expect(await page.inputValue('[name=batch]')).toBe('32');
      expect(await text(page, 'parameters')).toBe('13,434');
      await page.click('#train');
      await until(page, 'epoch', '^\\d+ of 500');
      await page.click('#train');
      await until(page, 'train', '^Resume$');
      const weights = () =>
        page.evaluate(() => (document.getElementById('weights') as HTMLCanvasElement).toDataURL());
      const [seconds, picture] = [await text(page, 'seconds'), await weights()];
      await page.waitForTimeout(300);
      expect(await text(page, 'seconds')).toBe(seconds);
      expect(await weights()).toBe(picture);
      const epoch = Number.parseInt(await text(page, 'epoch'), 10);
      await page.click('#train');
      await page.waitForFunction(
        (epoch) => Number.parseInt(document.getElementById('epoch')!.textContent!, 10) > epoch,
        epoch,
      );
      await page.waitForFunction(
        (picture) => (document.getElementById('weights') as HTMLCanvasElement).toDataURL() !== picture,
        picture,
      );
      await page.click('#reset');
      await until(page, 'status', '^Stopped');
      await page.fill('[name=epochs]', '1');
      await page.click('#train');
      await until(page, 'status', '^Done');
      await page.click('#share');
      await until(page, 'keep-status', 'clipboard');
      const link = await page.evaluate(() => navigator.clipboard.readText());
      expect(new URL(link).search).toBe('');
      expect(new URL(link).hash).toBe('#digits?hidden=16&second=32&activation=tanh&rate=0.05&epochs=1');

      // A field out of range starts nothing.
      await page.fill('[name=rate]', '-1');
      await page.click('#train');
      expect(await text(page, 'train')).toBe('Train');
      expect(await text(page, 'status')).toMatch(/^Done/);
    });
  });

  test('compares the engines, the reference behind the others', async () => {
    await visit(demo, demo.url, {}, async (page) => {
      await page.click('#compare');
      await until(page, 'compare-status', '^Done.* The machine was (busy|quiet): ', 80_000);
      const speeds = await page.locator('#engines .speed').allTextContents();
      const numbers = speeds.map((speed) => Number(speed.replace(/[^0-9]/g, '')));
      expect(numbers.length).toBeGreaterThanOrEqual(3);
      expect(Math.max(...numbers)).toBeGreaterThan(2 * numbers[0]);
      expect(await page.isEnabled('#train')).toBe(true);
    });
  });

  test('works by keyboard', async () => {
    await visit(demo, demo.url, {}, async (page) => {
      await page.focus('#pad');
      await page.keyboard.press('Space');
      for (let i = 0; i < 14; i++) await page.keyboard.press('ArrowDown');
      await until(page, 'answer', 'Looks like an? \\d – but it is untrained');
      await page.keyboard.press('Escape');
      await until(page, 'answer', 'Nothing drawn yet');
      await page.focus('#sample');
      await page.keyboard.press('Enter');
      await until(page, 'answer', 'Looks like');
      await page.focus('[name=epochs]');
      await page.keyboard.press('Enter');
      await until(page, 'train', '^Pause$');
    });
  });
});
