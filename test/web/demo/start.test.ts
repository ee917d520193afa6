/** The demo page where something keeps it from starting: it says what. */
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { noBrowser } from '../../browser.js';
import { text, until, useDemo } from './page.js';

const demo = useDemo();

describe.skipIf(noBrowser)('the demo page', () => {
  describe('that cannot start says so, under a policy that allows no script within the page', () => {
    const policy =
      "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; img-src data:";
    const broken = async (change: (page: Page) => Promise<unknown>, reason: RegExp) => {
      const page = await demo.browser.newPage();
      const address = demo.server.mount('broken', {
        from: demo.folder,
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
    const page = await demo.browser.newPage();
    await page.addInitScript(() =>
      Object.defineProperty(Navigator.prototype, 'language', { get: () => 'C' }),
    );
    await page.goto(demo.plain);
    await until(page, 'status', '^Ready');
    await page.close();
  });
});
