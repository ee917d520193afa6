/**
 * The documentation as a site, built as `npm run docs` builds it, which fails where a link leads nowhere: its
 * search finds every export of every entry of the package, and its pages are good on a phone, in both themes.
 */
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchChromium, noBrowser } from '../browser.js';
import { startServer, type WebServer } from '../web/server.js';
import { packageExports } from './exports.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const site = join(root, 'build', 'site');

/** Results that the box of the search shows. */
const SHOWN = 16;

beforeAll(async () => {
  // In a folder of its server, as a site stands more often than not.
  const env = { ...process.env, DOCS_BASE: '/site/' };
  const run = (...args: string[]) => promisify(execFile)(process.execPath, args, { cwd: root, env });
  await run('node_modules/typedoc/bin/typedoc');
  await run('node_modules/vitepress/bin/vitepress.js', 'build', 'docs', '--outDir', site);
}, 900_000);
afterAll(() => rmSync(site, { recursive: true, force: true }));

/** The index as the site's search reads it, with the options that it searches with. */
async function openSearch(): Promise<(words: string) => { id: string }[]> {
  const require = createRequire(join(root, 'node_modules', 'vitepress', 'package.json'));
  const { default: MiniSearch } = await import(pathToFileURL(require.resolve('minisearch')).href);
  const chunks = join(site, 'assets', 'chunks');
  const name = readdirSync(chunks).find((own) => own.startsWith('@localSearchIndex'))!;
  const { default: json } = await import(pathToFileURL(join(chunks, name)).href);
  const index = MiniSearch.loadJSON(json, {
    fields: ['title', 'titles', 'text'],
    storeFields: ['title', 'titles'],
    searchOptions: { fuzzy: 0.2, prefix: true, boost: { title: 4, text: 2, titles: 1 } },
  });
  return (words) => index.search(words);
}

test('the search finds every export', async () => {
  const names = new Set(packageExports().map(({ name }) => name));
  expect(names.size).toBeGreaterThan(300);
  const search = await openSearch();
  const lost = [...names].filter((name) => {
    const found = search(name).slice(0, SHOWN);
    return !found.some(({ id }) => id.startsWith('/site/api/') && id.includes(`/${name}.html`));
  });
  expect(lost).toEqual([]);
});

const pages = [
  'index.html',
  'tutorial.html',
  'recipes.html',
  'how-it-works.html',
  'errors.html',
  'command-line.html',
  'derivations.html',
  'guide/index.html',
  'api/lanegrad/index.html',
  'api/lanegrad/functions/dense.html',
  'examples/index.html',
  'project/contributing.html',
];
const widths = [1280, 390];

describe.skipIf(noBrowser)('pages', () => {
  let browser: Browser;
  let server: WebServer;
  beforeAll(async () => {
    browser = await launchChromium();
    server = await startServer();
    server.mount('site', { from: site });
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  test.each(['light', 'dark'] as const)('on a desk and on a phone, %s', async (colorScheme) => {
    // Colours that are on their way to others have contrasts of neither.
    const page = await browser.newPage({ colorScheme, reducedMotion: 'reduce' });
    const problems: string[] = [];
    page.on('pageerror', (error) => problems.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') problems.push(message.text());
    });
    const axe = readFileSync(join(root, 'node_modules', 'axe-core', 'axe.min.js'), 'utf8');
    for (const path of pages) {
      await page.goto(`${server.origin}/site/${path}`);
      // Some buttons have no name before the page's script has run.
      await page.waitForSelector('.VPSwitchAppearance[title^="Switch"]', { state: 'attached' });
      await page.addScriptTag({ content: axe });
      for (const width of widths) {
        await page.setViewportSize({ width, height: 844 });
        const found = await page.evaluate(LOOK);
        problems.push(...(found as string[]).map((problem) => `${path}, ${width} pixels wide: ${problem}`));
      }
    }
    await page.close();
    expect(problems).toEqual([]);
  });
});

/** In the page: what axe finds, and whether the page is wider than its window. */
const LOOK = `(async () => {
  const { violations } = await axe.run(document);
  const wide = document.documentElement.scrollWidth > document.documentElement.clientWidth;
  return [
    ...violations.map(({ id, nodes }) => id + ' at ' + nodes[0].target.join(' ')),
    ...(wide ? ['it scrolls to the side'] : []),
  ];
})()`;
