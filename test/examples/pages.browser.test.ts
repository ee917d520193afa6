/** The examples that are pages, opened as a stranger opens them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchChromium, noBrowser } from '../browser.js';
import { root, startServer, type WebServer } from '../web/server.js';

const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
let browser: Browser;
let server: WebServer;
let curves: ChildProcess;
let work: string;

beforeAll(async () => {
  if (noBrowser) return;
  work = await mkdtemp(join(tmpdir(), 'lanegrad-pages-'));
  server = await startServer();
  browser = await launchChromium();
});
afterAll(async () => {
  curves?.kill();
  await browser?.close();
  await server?.close();
  if (work) await rm(work, { recursive: true, force: true });
});

async function open(address: string) {
  const page = await browser.newPage({ viewport: { width: 360, height: 700 }, colorScheme: 'dark' });
  const complaints: string[] = [];
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  await page.goto(address);
  return { page, complaints };
}

async function violations(page: Awaited<ReturnType<typeof open>>['page']): Promise<string[]> {
  await page.addScriptTag({ path: axe });
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run(): Promise<{ violations: { id: string }[] }> } };
    return (await axe.run()).violations.map(({ id }) => id);
  });
}

describe.skipIf(noBrowser)('pages', () => {
  test('curve-in-a-page learns the points that one sets, in a worker', async () => {
    curves = spawn(process.execPath, [`${root}examples/serve.js`, 'curve-in-a-page', '0']);
    const address = await new Promise<string>((resolve, reject) => {
      curves.stdout!.once('data', (line) => resolve(String(line).trim()));
      curves.once('exit', (code) => reject(new Error(`the server ended with ${code}`)));
    });
    const { page, complaints } = await open(address);
    await page.waitForSelector('body[data-ready]');
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
    expect(await violations(page)).toEqual([]);
    const { x, y, width, height } = (await page.locator('canvas').boundingBox())!;
    for (const [left, top] of [
      [0.2, 0.2],
      [0.5, 0.8],
      [0.8, 0.3],
    ])
      await page.mouse.click(x + left * width, y + top * height);
    await page.waitForFunction(() => document.querySelector('#status')!.textContent!.includes('done'));
    const [, points, error] = /^(\d) points, squared error (\S+),/.exec(
      (await page.textContent('#status'))!,
    )!;
    expect(points).toBe('3');
    expect(Number(error)).toBeLessThan(1e-3);
    await page.click('#clear');
    expect(await page.textContent('#status')).toBe('No points yet.');
    expect(complaints).toEqual([]);
    await page.close();
  });

  test('vite-app is built as it is, and learns', async () => {
    const app = join(work, 'vite-app');
    await cp(`${root}examples/vite-app`, app, { recursive: true });
    await mkdir(join(app, 'node_modules'));
    await symlink(root, join(app, 'node_modules', 'lanegrad'));
    await build({ root: app, logLevel: 'error' });
    const { page, complaints } = await open(server.mount('vite', { from: join(app, 'dist') }));
    expect(await violations(page)).toEqual([]);
    await page.click('button');
    await page.waitForFunction(() => document.querySelector('pre')!.textContent!.includes('loss'));
    const text = (await page.textContent('pre'))!;
    const chances = [...text.matchAll(/: ([\d.]+) % yes/g)].map(([, share]) => Number(share));
    expect(chances.map((share) => share > 90)).toEqual([false, true, true, false]);
    expect(chances[0]).toBeLessThan(10);
    expect(complaints).toEqual([]);
    await page.close();
  });
});
