/** The demo page for its tests: built once a file, served with and without isolation, visited, looked at. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { build } from 'vite';
import { afterAll, beforeAll, expect } from 'vitest';
import { launchChromium, noBrowser } from '../../browser.js';
import { isolated, root, startServer, type WebServer } from '../server.js';

const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** Where pictures of the page are kept, to be looked at; Git ignores it. */
export const PICTURES = `${root}test/web/demo/pictures`;

export interface Demo {
  readonly folder: string;
  readonly server: WebServer;
  readonly browser: Browser;
  /** Cross-origin isolated, and not. */
  readonly url: string;
  readonly plain: string;
  close(): Promise<void>;
}

/** With a camera that shows a test picture, and that nobody has to allow. */
const FLAGS = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'];

/** The page for a test file, if there is a browser: there while its tests run. */
export function useDemo(): Demo {
  const demo = {} as Demo;
  beforeAll(async () => {
    if (!noBrowser) Object.assign(demo, await startDemo());
  });
  afterAll(() => demo.close?.());
  return demo;
}

/** The page, and a browser if there is one. */
export async function startDemo(): Promise<Demo> {
  const folder = await mkdtemp(join(tmpdir(), 'lanegrad-demo-'));
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
  const server = await startServer();
  const browser = noBrowser ? undefined : await launchChromium(FLAGS);
  return {
    folder,
    server,
    browser: browser!,
    url: server.mount('demo', { from: folder, headers: isolated }),
    plain: server.mount('plain', { from: folder }),
    async close() {
      await browser?.close();
      await server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** What stands in each part when it is ready for its visitor. */
const ready = {
  digits: ['status', '^Ready'],
  playground: ['pg-status', '^(Ready|It learns)'],
  table: ['tb-drop', 'Drop a CSV'],
  images: ['im-status', '.'],
} as const;

export type PartName = keyof typeof ready;
export const parts = Object.keys(ready) as readonly PartName[];

/** Opens the page, waits until the part is ready, and afterwards looks whether it complained. */
export async function visit(
  { browser }: Demo,
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
  const part = parts.find((name) => new URL(address).hash.startsWith(`#${name}`)) ?? 'digits';
  const [id, pattern] = ready[part];
  await until(page, id, pattern);
  await look(page);
  expect(complaints).toEqual([]);
  await page.context().close();
}

export const text = (page: Page, id: string) =>
  page.evaluate((id) => document.getElementById(id)!.textContent!, id);

export const until = (page: Page, id: string, pattern: string, timeout = 30_000) =>
  page.waitForFunction(
    ([id, pattern]) => new RegExp(pattern).test(document.getElementById(id)?.textContent ?? ''),
    [id, pattern],
    { timeout },
  );

/** A canvas as text that can be compared. */
export const drawn = (page: Page, selector: string) =>
  page.locator(selector).evaluate((canvas) => (canvas as HTMLCanvasElement).toDataURL());

export const changes = (page: Page, selector: string, before: string) =>
  page.waitForFunction(
    ([selector, before]) => document.querySelector<HTMLCanvasElement>(selector)!.toDataURL() !== before,
    [selector, before],
    { timeout: 30_000 },
  );

/** What axe finds fault with. */
export async function violations(page: Page): Promise<string[]> {
  await page.addScriptTag({ path: axe });
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
    };
    const { violations } = await axe.run();
    return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
  });
}

/** Keeps a picture of the whole page, to be looked at. */
export async function keepPicture(page: Page, name: string): Promise<void> {
  await mkdir(PICTURES, { recursive: true });
  await page.screenshot({ path: `${PICTURES}/${name}.png`, fullPage: true });
}

/** Drops files on an element, as a visitor does from a folder. */
export async function drop(
  page: Page,
  selector: string,
  files: readonly { readonly name: string; readonly bytes: Uint8Array; readonly type: string }[],
): Promise<void> {
  const plain = files.map(({ name, bytes, type }) => ({
    name,
    type,
    base64: Buffer.from(bytes).toString('base64'),
  }));
  await page.locator(selector).evaluate((element, plain) => {
    const dataTransfer = new DataTransfer();
    for (const { name, type, base64 } of plain) {
      const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
      dataTransfer.items.add(new File([bytes], name, { type }));
    }
    for (const kind of ['dragover', 'drop']) {
      element.dispatchEvent(new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer }));
    }
  }, plain);
}

/** The file that a click saves. */
export async function saved(page: Page, selector: string): Promise<{ name: string; path: string }> {
  const [download] = await Promise.all([page.waitForEvent('download'), page.click(selector)]);
  return { name: download.suggestedFilename(), path: await download.path() };
}
