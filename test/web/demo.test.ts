/**
 * The demo page in Chromium, as a visitor has it: it trains, draws, guesses, compares, saves and loads, and
 * complains of nothing.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadMnist } from '../../src/data/mnist.js';
import { readModel } from '../../src/formats/model.js';
import { evaluate } from '../../src/train/evaluate.js';
import { launchChromium, noBrowser } from '../browser.js';
import { strict } from '../train/fit-setting.js';
import { isolated, root, startServer, type WebServer } from './server.js';

const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

let folder: string;
let server: WebServer;
let browser: Browser;
let url: string;
let plain: string;

beforeAll(async () => {
  if (noBrowser) return;
  folder = await mkdtemp(join(tmpdir(), 'lanegrad-demo-'));
  if (!existsSync(`${root}web/public/data/mnist-small.bin`)) {
    await promisify(execFile)(process.execPath, ['--import', 'tsx', 'web/make-data.ts', 'small'], {
      cwd: root,
    });
  }
  await build({
    configFile: `${root}web/vite.config.ts`,
    logLevel: 'silent',
    build: { outDir: folder, emptyOutDir: true },
  });
  server = await startServer();
  url = server.mount('demo', { from: folder, headers: isolated });
  plain = server.mount('plain', { from: folder });
  browser = await launchChromium();
}, 120_000);

afterAll(async () => {
  await browser?.close();
  await server?.close();
  if (folder) await rm(folder, { recursive: true, force: true });
});

const text = (page: Page, id: string) => page.evaluate((id) => document.getElementById(id)!.textContent!, id);
const until = (page: Page, id: string, pattern: string, timeout = 30_000) =>
  page.waitForFunction(
    ([id, pattern]) => new RegExp(pattern).test(document.getElementById(id)!.textContent!),
    [id, pattern],
    { timeout },
  );

/** Opens the page, waits until it is ready, and afterwards looks whether it complained. */
async function visit(
  address: string,
  options: BrowserContextOptions,
  look: (page: Page) => Promise<void>,
): Promise<void> {
  const page = await browser.newPage({ viewport: { width: 1200, height: 900 }, ...options });
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  await page.goto(address);
  await until(page, 'status', '^Ready');
  await look(page);
  expect(complaints).toEqual([]);
  await page.close();
}

/** Real pointer events along lines through points, which count from 0 to 1 across the pad. */
async function draw(page: Page, strokes: readonly (readonly (readonly [number, number])[])[]): Promise<void> {
  const pad = page.locator('#pad');
  await page.click('#clear');
  await pad.scrollIntoViewIfNeeded();
  const box = (await pad.boundingBox())!;
  const at = ([x, y]: readonly [number, number]) => [box.x + x * box.width, box.y + y * box.height] as const;
  for (const [first, ...others] of strokes) {
    await page.mouse.move(...at(first));
    await page.mouse.down();
    for (const point of others) await page.mouse.move(...at(point), { steps: 6 });
    await page.mouse.up();
  }
}

const circle = Array.from({ length: 25 }, (_, i) => {
  const angle = (2 * Math.PI * i) / 24;
  return [0.5 + 0.2 * Math.sin(angle), 0.5 - 0.3 * Math.cos(angle)] as const;
});

/** What a canvas of this size looks like on which nothing was drawn. */
function blank(page: Page, selector: string): Promise<string> {
  return page.locator(selector).evaluate((canvas) => {
    const { width, height } = canvas as HTMLCanvasElement;
    return Object.assign(document.createElement('canvas'), { width, height }).toDataURL();
  });
}

async function violations(page: Page): Promise<string[]> {
  await page.addScriptTag({ path: axe });
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
    };
    const { violations } = await axe.run();
    return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
  });
}

describe.skipIf(noBrowser)('the demo page', () => {
  test('reaches 97 %, recognises drawn digits, saves and loads', {
    timeout: 240_000,
  }, async () => {
    await visit(url, { acceptDownloads: true }, async (page) => {
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

      const [download] = await Promise.all([page.waitForEvent('download'), page.click('#save')]);
      const bytes = new Uint8Array(await readFile(await download.path()));
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

  test('a convolutional network shows its filters and what they find, while it learns', {
    timeout: 240_000,
  }, async () => {
    const address = `${url}?network=conv&filters=4&hidden=32&rate=0.1`;
    const drawn = (page: Page, selector: string) =>
      page.locator(selector).evaluate((canvas) => (canvas as HTMLCanvasElement).toDataURL());
    const changes = (page: Page, selector: string, before: string) =>
      page.waitForFunction(
        ([selector, before]) => document.querySelector<HTMLCanvasElement>(selector)!.toDataURL() !== before,
        [selector, before],
        { timeout: 30_000 },
      );
    const [first, second] = [1, 2].map((n) => `#maps-list figure:nth-child(${n}) canvas`);
    await visit(address, { acceptDownloads: true }, async (page) => {
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

      const [download] = await Promise.all([page.waitForEvent('download'), page.click('#save')]);
      const bytes = new Uint8Array(await readFile(await download.path()));
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

  test('takes its settings from the address, pauses, resumes, stops, goes on', async () => {
    const address = `${plain}?hidden=16&second=32&activation=tanh&rate=0.05&epochs=500&batch=7`;
    await visit(address, { permissions: ['clipboard-read', 'clipboard-write'] }, async (page) => {
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
      expect(new URL(link).search).toBe('?hidden=16&second=32&activation=tanh&rate=0.05&epochs=1');

      // A field out of range starts nothing.
      await page.fill('[name=rate]', '-1');
      await page.click('#train');
      expect(await text(page, 'train')).toBe('Train');
      expect(await text(page, 'status')).toMatch(/^Done/);
    });
  });

  test('compares the engines, the reference behind the others', { timeout: 90_000 }, async () => {
    await visit(url, {}, async (page) => {
      await page.click('#compare');
      await until(page, 'compare-status', '^Done', 80_000);
      const speeds = await page.locator('#engines .speed').allTextContents();
      const numbers = speeds.map((speed) => Number(speed.replace(/[^0-9]/g, '')));
      expect(numbers.length).toBeGreaterThanOrEqual(3);
      expect(Math.max(...numbers)).toBeGreaterThan(2 * numbers[0]);
      expect(await page.isEnabled('#train')).toBe(true);
    });
  });

  describe('that cannot start says so, under a policy that allows no script within the page', () => {
    const policy =
      "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; img-src data:";
    const broken = async (change: (page: Page) => Promise<unknown>, reason: RegExp) => {
      const page = await browser.newPage();
      const address = server.mount('broken', {
        from: folder,
        headers: { 'content-security-policy': policy },
      });
      await change(page);
      await page.goto(address);
      await until(page, 'engine', '^not available$');
      expect(await text(page, 'status')).toMatch(reason);
      await page.close();
    };
    const script = /assets\/index-[^/]+\.js$/;
    const answer = (body: string) => (page: Page) =>
      page.route(script, (route) => route.fulfill({ contentType: 'text/javascript', body }));

    test('a script that fails', () =>
      broken(answer('throw new RangeError("no such locale")'), /^It cannot start: .*no such locale$/));
    test('a script that is no script', () =>
      broken(answer('<!doctype html>'), /^It cannot start: .*Unexpected token/));
    test('a script that is not there', () =>
      broken(
        (page) => page.route(script, (route) => route.abort()),
        /^It cannot start: http.*\.js cannot be loaded$/,
      ));
    test('a promise that nobody waits for', () =>
      broken(answer('await Promise.reject(new Error("gone"))'), /^It cannot start: .*gone$/));
    test('kernels that are cut off', () =>
      broken(
        (page) =>
          page.route(/\.wasm$/, async (route) => {
            const response = await route.fetch();
            await route.fulfill({ response, body: (await response.body()).subarray(0, 5000) });
          }),
        /^It cannot start: createEngine: the fma binary is broken or incomplete, in 5000 bytes/,
      ));
  });

  test('a language that Intl refuses', async () => {
    const page = await browser.newPage();
    await page.addInitScript(() =>
      Object.defineProperty(Navigator.prototype, 'language', { get: () => 'C' }),
    );
    await page.goto(plain);
    await until(page, 'status', '^Ready');
    await page.close();
  });

  test('works by keyboard', async () => {
    await visit(url, {}, async (page) => {
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

  test.each([
    ['light', ''],
    ['dark', ''],
    ['light', '?network=conv&hidden=16&rate=0.1'],
    ['dark', '?network=conv&hidden=16&rate=0.1'],
  ] as const)('fits a phone and everyone (%s, %s)', { timeout: 90_000 }, async (colorScheme, query) => {
    const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, colorScheme };
    await visit(url + query, phone, async (page) => {
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
      expect(await violations(page)).toEqual([]);
      await page.fill('[name=epochs]', '1');
      await page.tap('#train');
      await until(page, 'status', '^Done', 60_000);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
      expect(await violations(page)).toEqual([]);
    });
  });
});
