/**
 * The demo page for everyone: all parts in both themes, on a desk and on small phones, before and after
 * training, without what axe finds fault with and without scrolling sideways. Pictures are kept in `pictures/`.
 */
import type { BrowserContextOptions, Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { noBrowser } from '../../browser.js';
import { keepPicture, until, useDemo, violations, visit } from './page.js';

const demo = useDemo();

/** What there is to see in each part, and how it comes to be: by touch on phones. */
const shows: readonly {
  readonly name: string;
  readonly hash: string;
  readonly act: (page: Page, press: (selector: string) => Promise<void>) => Promise<void>;
}[] = [
  {
    name: 'digits',
    hash: '#digits?epochs=1',
    async act(page, press) {
      await press('#train');
      await until(page, 'status', '^Done', 60_000);
      await press('#sample');
      await until(page, 'answer', 'Looks like');
    },
  },
  {
    name: 'digits-convolution',
    hash: '#digits?network=conv&hidden=16&rate=0.1&epochs=1',
    async act(page, press) {
      await press('#train');
      await until(page, 'status', '^Done', 90_000);
    },
  },
  {
    name: 'playground',
    hash: '#playground?speed=500',
    async act(page, press) {
      await press('#pg-play');
      await until(page, 'pg-right', '^(9[5-9]|100)', 60_000);
      await until(page, 'pg-time', 'µs$');
      await press('#pg-play');
      await until(page, 'pg-status', '^Paused');
    },
  },
  {
    name: 'playground-hills',
    hash: '#playground?data=hills&layers=8-8-8-8-8&features=x,y,xx,yy,xy,sinx,siny&speed=500&noise=0.1',
    async act(page, press) {
      await press('#pg-play');
      await until(page, 'pg-epochs', '^[1-9]\\d\\d', 60_000);
      await press('#pg-play');
      await press('[aria-label="Unit 1 of layer 2: show it large"]');
      await until(page, 'pg-plane-title', '^Unit 1');
    },
  },
  {
    name: 'table',
    hash: '#table?example=iris',
    async act(page, press) {
      await until(page, 'tb-status', '^Ready');
      await press('#tb-go');
      await until(page, 'tb-answer', '^\\w+$', 60_000);
      await press('details summary');
    },
  },
  {
    name: 'table-houses',
    hash: '#table?example=houses',
    async act(page, press) {
      await until(page, 'tb-status', '^Ready');
      await press('#tb-go');
      await until(page, 'tb-answer', '^[\\d,]+', 60_000);
    },
  },
  {
    name: 'images',
    hash: '#images?example=shapes&epochs=25&filters=8',
    async act(page, press) {
      await until(page, 'im-status', '^Ready');
      await press('#im-go');
      await until(page, 'im-status', '^Done', 90_000);
      await until(page, 'im-answer', '^Looks like');
    },
  },
];

const desk = { viewport: { width: 1280, height: 900 } };
const phone = (width: number) => ({
  ...{ viewport: { width, height: 740 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 },
});
const views: readonly (readonly [name: string, options: BrowserContextOptions])[] = [
  ['desk-light', { ...desk, colorScheme: 'light' }],
  ['desk-dark', { ...desk, colorScheme: 'dark' }],
  ['phone-light', { ...phone(390), colorScheme: 'light' }],
  ['small-dark', { ...phone(320), colorScheme: 'dark' }],
];

const width = (page: Page) => page.evaluate(() => document.documentElement.scrollWidth);

describe.skipIf(noBrowser)('the demo page fits everyone', () => {
  test.each(shows.flatMap((show) => views.map(([name, options]) => ({ ...show, view: name, options }))))(
    '$name, $view',
    { timeout: 150_000 },
    async ({ name, view, hash, act, options }) => {
      await visit(demo, demo.url + hash, options, async (page) => {
        const most = options.viewport!.width;
        expect(await width(page)).toBeLessThanOrEqual(most);
        expect(await violations(page)).toEqual([]);
        await act(page, (selector) => (options.hasTouch ? page.tap(selector) : page.click(selector)));
        expect(await width(page)).toBeLessThanOrEqual(most);
        expect(await violations(page)).toEqual([]);
        await keepPicture(page, `${name}-${view}`);
      });
    },
  );

  test('all parts are reached, and left again, by keyboard', { timeout: 60_000 }, async () => {
    await visit(demo, demo.url, {}, async (page) => {
      await page.keyboard.press('Tab');
      expect(await page.evaluate(() => document.activeElement!.textContent)).toBe('Skip to the content');
      for (const [i, [name, title]] of (
        [
          ['playground', 'A neural network, layer by layer'],
          ['table', 'Train on your own table'],
          ['images', 'Train on your own images'],
          ['digits', 'Watch a network learn to read digits'],
        ] as const
      ).entries()) {
        await page.focus(`nav a[href="#${name}"]`);
        await page.keyboard.press('Enter');
        await page.waitForFunction(
          ([name, title]) =>
            document.querySelector(`#${name} h1`)?.textContent === title &&
            document.activeElement?.id === 'main',
          [name, title] as const,
        );
        expect(await page.locator('nav a[aria-current=page]').getAttribute('href')).toBe(`#${name}`);
        expect(await page.locator('h1:visible').allTextContents()).toEqual([title]);
        expect(await page.evaluate(() => history.length)).toBeGreaterThan(i + 1);
      }
      // Play, step and pause are buttons as others are.
      await page.goto(`${demo.url}#playground`);
      await page.focus('#pg-step');
      await page.keyboard.press('Space');
      await until(page, 'pg-steps', '^1$');
      await page.focus('[name=data]:checked');
      await page.keyboard.press('ArrowRight');
      await page.waitForFunction(() => location.hash.includes('data=plane'));
      await until(page, 'pg-status', '^Ready\\.$');
    });
  });
});
