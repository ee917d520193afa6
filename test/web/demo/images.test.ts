/** The demo page's part of one's own images in Chromium: files, folders, camera, training, guesses, models. */
import { readFile } from 'node:fs/promises';
import { encode } from 'fast-png';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { readModel } from '../../../src/formats/model.js';
import { readOnnx } from '../../../src/tables/onnx-read.js';
import { noBrowser } from '../../browser.js';
import { changes, drawn, drop, saved, text, until, useDemo, visit } from './page.js';

const demo = useDemo();

/** Pictures of 40 by 30 pixels in one colour, each a bit different. */
function pictures(name: string, count: number, [red, green, blue]: readonly number[]) {
  return Array.from({ length: count }, (_, i) => {
    const data = new Uint8Array(40 * 30 * 3);
    for (let at = 0; at < data.length; at += 3) data.set([red + i, green + ((at / 3) % 20), blue + i], at);
    return {
      name: `${name}-${i}.png`,
      bytes: encode({ width: 40, height: 30, channels: 3, data }),
      type: 'image/png',
    };
  });
}

const card = (n: number) => `#im-classes li:nth-child(${n})`;

async function train(page: Page): Promise<void> {
  await page.click('#im-go');
  await until(page, 'im-status', '^Done after', 90_000);
}

describe.skipIf(noBrowser)('the images', () => {
  test('dropped on classes, learned, asked about, kept', async () => {
    await visit(demo, `${demo.url}#images?epochs=8&filters=4`, { acceptDownloads: true }, async (page) => {
      expect(await page.isEnabled('#im-go')).toBe(false);
      await drop(page, card(1), pictures('red', 8, [200, 20, 20]));
      await page.fill(`${card(1)} input[type=text]`, 'red');
      await page.fill(`${card(2)} input[type=text]`, 'blue');
      await until(page, 'im-status', '^blue has no pictures yet');
      const broken = { name: 'broken.png', bytes: Uint8Array.of(1, 2, 3), type: 'image/png' };
      await drop(page, card(2), [...pictures('blue', 8, [20, 20, 200]), broken]);
      await until(page, 'im-error', '^Left out: broken.png: ');
      await until(page, 'im-status', '^Ready: 16 pictures of 2 classes');
      await train(page);
      const seen = await drawn(page, '#im-seen');
      await drop(page, '#im-try', pictures('another', 1, [210, 30, 30]));
      await changes(page, '#im-seen', seen);
      await until(page, 'im-answer', '^Looks like red$');
      await page.setInputFiles('#im-try-input', {
        name: 'b.png',
        mimeType: 'image/png',
        buffer: Buffer.from(pictures('b', 1, [10, 10, 190])[0].bytes),
      });
      await until(page, 'im-answer', '^Looks like blue$');

      const file = await saved(page, '[data-keep=model]');
      const { model, metadata } = readModel(new Uint8Array(await readFile(file.path)), file.name);
      expect(model.inputs).toMatchObject([{ shape: [32, 32, 3] }]);
      expect(metadata).toMatchObject({
        classNames: ['red', 'blue'],
        input: { scale: 1 / 255, offset: 0, imageShape: [32, 32, 3], fit: 'cover' },
      });
      const onnx = await saved(page, '[data-keep=onnx]');
      expect(readOnnx(new Uint8Array(await readFile(onnx.path)), onnx.name)).toBeDefined();
      expect(new URL(page.url()).hash).toBe('#images?class=red&class=blue&filters=4&epochs=8');
    });
  });

  test('drawn shapes are told apart, those too that it has never seen', async () => {
    await visit(demo, `${demo.url}#images`, {}, async (page) => {
      await page.click('#im-example');
      await until(page, 'im-status', '^Ready: 120 pictures of 3 classes');
      await train(page);
      expect(Number(await text(page, 'im-score'))).toBeGreaterThan(75);
      await until(page, 'im-answer', '^Looks like (circle|triangle|star)$');
      const seen = await drawn(page, '#im-seen');
      await page.click('#im-try-shape');
      await changes(page, '#im-seen', seen);
    });
  });

  test('the camera films a class while its button is held, and looks', async () => {
    await visit(demo, `${demo.url}#images?epochs=3&filters=4`, { permissions: ['camera'] }, async (page) => {
      const film = (n: number) => `${card(n)} button:has-text("Hold to film")`;
      expect(await page.isVisible(film(1))).toBe(false);
      await page.click('#im-camera');
      await page.waitForSelector(film(1));
      const box = (await page.locator(film(1)).boundingBox())!;
      await page.mouse.move(box.x + 10, box.y + 10);
      await page.mouse.down();
      await page.waitForFunction(
        (card) => Number.parseInt(document.querySelector(`${card} .note`)!.textContent!, 10) >= 3,
        card(1),
      );
      await page.mouse.up();
      const filmed = await page.textContent(`${card(1)} .note`);
      await page.waitForTimeout(400);
      expect(await page.textContent(`${card(1)} .note`)).toBe(filmed);
      // By keyboard as well.
      await page.focus(film(2));
      await page.keyboard.down('Space');
      await page.waitForFunction(
        (card) => Number.parseInt(document.querySelector(`${card} .note`)!.textContent!, 10) >= 3,
        card(2),
      );
      await page.keyboard.up('Space');
      await train(page);
      await until(page, 'im-answer', '^Looks like (first|second)$');
      // Nothing films where it is not to be seen.
      await page.click('nav a[href="#digits"]');
      await until(page, 'status', '^Ready');
      expect(
        await page.evaluate(() => (document.getElementById('im-video') as HTMLVideoElement).srcObject),
      ).toBeNull();
    });
  });

  test('without a camera it says so, and goes on', async () => {
    const page = await demo.browser.newPage();
    await page.addInitScript(() => {
      navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('none', 'NotFoundError'));
    });
    await page.goto(`${demo.url}#images`);
    await until(page, 'im-status', '.');
    await page.click('#im-camera');
    await until(page, 'im-error', '^There is no camera. Files work without one.$');
    await page.click('#im-example');
    await until(page, 'im-status', '^Ready: 120 pictures');
    await page.close();
  });

  test('classes come and go', async () => {
    await visit(demo, `${demo.url}#images?class=cat&class=dog`, {}, async (page) => {
      for (let i = 0; i < 6; i++) await page.click('#im-add');
      expect(await page.isEnabled('#im-add')).toBe(false);
      await page.click('[aria-label="Remove dog"]');
      expect(await page.isEnabled('#im-add')).toBe(true);
      expect(await page.locator('#im-classes li').count()).toBe(7);
      await page.fill(`${card(2)} input[type=text]`, 'cat');
      await drop(page, card(1), pictures('a', 2, [1, 2, 3]));
      await until(page, 'im-status', 'has no pictures yet');
      await drop(page, '#images', pictures('b', 1, [1, 2, 3]));
      await page.waitForFunction(
        (card) => document.querySelector(`${card} .note`)!.textContent === '1 picture',
        card(2),
      );
    });
  });
});
