/** The example as a stranger runs it: its own server, a page in Chromium, a drawing, training, a file. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { InferenceSession, Tensor } from 'onnxruntime-web';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createReferenceEngine } from '../../src/create/reference.js';
import { readOnnx } from '../../src/formats/onnx/read.js';
import { predictProba } from '../../src/train/predict.js';
import { launchChromium, noBrowser } from '../browser.js';
import { root } from '../web/server.js';

const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
let server: ChildProcess;
let browser: Browser;
let address: string;

beforeAll(async () => {
  if (noBrowser) return;
  server = spawn(process.execPath, [`${root}examples/serve.js`, 'adapt-in-a-page', '0']);
  address = await new Promise<string>((resolve, reject) => {
    server.stdout!.once('data', (line) => resolve(String(line).trim()));
    server.once('exit', (code) => reject(new Error(`the server ended with ${code}`)));
  });
  browser = await launchChromium();
});
afterAll(async () => {
  await browser?.close();
  server?.kill();
});

async function open(options: Parameters<Browser['newPage']>[0] = {}) {
  const page = await browser.newPage(options);
  const complaints: string[] = [];
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  await page.goto(address);
  await page.waitForSelector('body[data-ready]');
  return { page, complaints };
}

async function draw(page: Page, ...strokes: (readonly [number, number])[][]) {
  await page.locator('#pad').scrollIntoViewIfNeeded();
  const { x, y, width, height } = (await page.locator('#pad').boundingBox())!;
  for (const [first, ...rest] of strokes) {
    await page.mouse.move(x + first[0] * width, y + first[1] * height);
    await page.mouse.down();
    for (const [px, py] of rest) await page.mouse.move(x + px * width, y + py * height, { steps: 4 });
    await page.mouse.up();
  }
}

const guess = (page: Page) => page.textContent('#guess');
const lightning: [number, number][] = [[0.6, 0.1], [0.3, 0.55], [0.6, 0.5], [0.35, 0.9]]; // biome-ignore format: points
const triangle: [number, number][] = [[0.5, 0.1], [0.9, 0.85], [0.1, 0.85], [0.5, 0.1]]; // biome-ignore format: points
const house: [number, number][] = [[0.2, 0.9], [0.2, 0.4], [0.5, 0.1], [0.8, 0.4], [0.8, 0.9], [0.2, 0.9]]; // biome-ignore format: points

describe.skipIf(noBrowser)('adapt-in-a-page', () => {
  test('sees what PyTorch taught it, learns a class by one drawing, and is written as ONNX', async () => {
    const { page, complaints } = await open();
    await draw(page, triangle);
    expect(await guess(page)).toBe('Most of all: triangle.');
    await page.click('#clear');
    await draw(page, lightning);
    await page.fill('#name', 'lightning');
    await page.click('#add button');
    await page.click('#train');
    // What answers meanwhile is the network as it came.
    await draw(page, triangle);
    await page.waitForSelector('#download:not([hidden])');
    expect(Number(await page.textContent('#accuracy'))).toBeGreaterThan(90);
    await page.click('#clear');
    await draw(page, house);
    expect(await guess(page)).toBe('Most of all: house.');
    await page.click('#clear');
    await draw(page, lightning);
    expect(await guess(page)).toBe('Most of all: lightning.');

    const [download] = await Promise.all([page.waitForEvent('download'), page.click('#download')]);
    const bytes = new Uint8Array(await readFile(await download.path()));
    expect(download.suggestedFilename()).toBe('drawings.onnx');
    const { model, metadata } = readOnnx(bytes, 'drawings.onnx');
    expect(metadata.classNames).toEqual(['arrow', 'house', 'heart', 'lightning']);
    const pixels = Float32Array.from({ length: 2 * 576 }, (_, i) => Math.max(0, Math.sin(i * i)));
    const session = await InferenceSession.create(bytes);
    const { probabilities } = await session.run({ image: new Tensor('float32', pixels, [2, 1, 24, 24]) });
    const expected = predictProba(createReferenceEngine(), model, pixels);
    expect(probabilities.dims).toEqual([2, 4]);
    for (const [i, value] of expected.entries()) expect(probabilities.data[i]).toBeCloseTo(value, 5);
    expect(complaints).toEqual([]);
    await page.close();
  });

  test('says what is missing, trains again with other classes, and asks for two', async () => {
    const { page, complaints } = await open();
    const problem = () => page.textContent('#problem');
    await page.click('#add button');
    expect(await problem()).toBe('Draw it first.');
    await draw(page, lightning);
    await page.click('#add button');
    expect(await problem()).toBe('What is it called?');
    await page.fill('#name', 'heart');
    await page.click('#add button');
    expect(await problem()).toBe('There is a class heart already.');
    await page.click('text=arrow ✕');
    await page.click('#train');
    await page.waitForSelector('#download:not([hidden])');
    expect(await page.locator('#bars li').count()).toBe(2);
    await page.click('text=heart ✕');
    expect(await page.isDisabled('#train')).toBe(true);
    expect(complaints).toEqual([]);
    await page.close();
  });

  test('goes by keyboard alone, on a phone, in the dark', async () => {
    const { page, complaints } = await open({
      viewport: { width: 360, height: 640 },
      colorScheme: 'dark',
      hasTouch: true,
    });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
    await page.addScriptTag({ path: axe });
    const { violations } = await page.evaluate(() =>
      (globalThis as unknown as { axe: { run(): Promise<{ violations: { id: string }[] }> } }).axe.run(),
    );
    expect(violations.map(({ id }) => id)).toEqual([]);
    await page.focus('#pad');
    for (const key of [' ', 'ArrowDown', 'ArrowDown', 'ArrowRight', 'ArrowRight', ' '])
      await page.keyboard.press(key);
    expect(await guess(page)).toMatch(/^Most of all: /);
    await page.keyboard.press('Escape');
    expect(await guess(page)).toBe('Nothing drawn yet.');
    await page.focus('#train');
    await page.keyboard.press('Enter');
    await page.waitForSelector('#download:not([hidden])');
    expect(complaints).toEqual([]);
    await page.close();
  });
});
