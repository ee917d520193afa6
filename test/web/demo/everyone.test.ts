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

interface View {
  readonly view: string;
  readonly colorScheme: 'light' | 'dark';
  readonly width: number;
}

/** Each is visited once, and looked at in two views. */
const devices: readonly {
  readonly device: string;
  readonly options: BrowserContextOptions;
  readonly height: number;
  readonly views: readonly View[];
}[] = [
  {
    device: 'desk',
    options: {},
    height: 900,
    views: [
      { view: 'desk-light', colorScheme: 'light', width: 1280 },
      { view: 'desk-dark', colorScheme: 'dark', width: 1280 },
    ],
  },
  {
    device: 'phone',
    options: { hasTouch: true, isMobile: true, deviceScaleFactor: 2 },
    height: 740,
    views: [
      { view: 'phone-light', colorScheme: 'light', width: 390 },
      { view: 'small-dark', colorScheme: 'dark', width: 320 },
    ],
  },
];

describe.skipIf(noBrowser)('the demo page fits everyone', () => {
  test.each(shows.flatMap((show) => devices.map((each) => ({ ...show, ...each }))))(
    '$name, $device',
    { timeout: 300_000 },
    async ({ name, hash, act, options, height, views }) => {
      const all = { ...options, viewport: { width: views[0].width, height } };
      await visit(demo, demo.url + hash, all, async (page) => {
        const fits = async ({ view, colorScheme, width }: View) => {
          await page.emulateMedia({ colorScheme });
          await page.setViewportSize({ width, height });
          const wide = await page.evaluate(() => document.documentElement.scrollWidth);
          expect(wide, view).toBeLessThanOrEqual(width);
          expect(await violations(page), view).toEqual([]);
        };
        for (const view of views) await fits(view);
        await act(page, (selector) => (options.hasTouch ? page.tap(selector) : page.click(selector)));
        for (const view of views) {
          await fits(view);
          await keepPicture(page, `${name}-${view.view}`);
        }
      });
    },
  );

  test('all parts are reached, and left again, by keyboard', async () => {
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
