/** The playground of the demo page in Chromium: it learns while one watches, and takes everything one presses. */
import { describe, expect, test } from 'vitest';
import { noBrowser } from '../../browser.js';
import { changes, drawn, text, until, useDemo, visit } from './page.js';

const demo = useDemo();

const number = async (page: Parameters<typeof text>[0], id: string) =>
  Number((await text(page, id)).replace(/[^0-9.]/g, ''));

describe.skipIf(noBrowser)('the playground', () => {
  test('learns two spirals by pictures, and goes single steps', async () => {
    await visit(demo, `${demo.url}#playground?speed=500`, {}, async (page) => {
      const before = await drawn(page, '#pg-plane');
      await page.click('#pg-step');
      await until(page, 'pg-steps', '^1$');
      await changes(page, '#pg-plane', before);
      await page.click('#pg-play');
      // 250 points in batches of 10, until it knows the spirals.
      await page.waitForFunction(
        () => Number.parseFloat(document.getElementById('pg-right')!.textContent!) >= 95,
        undefined,
        { timeout: 60_000 },
      );
      await until(page, 'pg-time', ' µs$');
      expect(await number(page, 'pg-speed')).toBeGreaterThan(0);
      await page.click('#pg-play');
      await until(page, 'pg-status', '^Paused\\. Step [\\d,]+: test loss');
      await page.waitForTimeout(300);
      const steps = await number(page, 'pg-steps');
      expect(await number(page, 'pg-epochs')).toBe(Math.floor(steps / 25));
      await page.click('#pg-step');
      await page.waitForFunction(
        (steps) => document.getElementById('pg-steps')!.textContent === steps.toLocaleString('en'),
        steps + 1,
      );
      await page.click('#pg-reset');
      await until(page, 'pg-steps', '^0$');
    });
  });

  test('the same link gives the same network, bit for bit', async () => {
    const losses: string[] = [];
    for (let i = 0; i < 2; i++) {
      await visit(demo, `${demo.url}#playground?data=hills&layers=5&dropout=0.1&seed=3`, {}, async (page) => {
        expect(await text(page, 'pg-depth')).toBe('1 hidden layer');
        expect(await text(page, 'pg-right-name')).toBe('Root of the test loss');
        for (let step = 1; step <= 5; step++) {
          await page.click('#pg-step');
          await until(page, 'pg-steps', `^${step}$`);
        }
        losses.push(
          `${await text(page, 'pg-test-loss')} ${await drawn(page, '#pg-diagram .unit:last-child canvas >> nth=-1')}`,
        );
      });
    }
    expect(losses[1] === losses[0]).toBe(true);
  });

  test('network, data and settings are changed by pointer, and stand in the link', async () => {
    await visit(
      demo,
      `${demo.url}#playground`,
      { permissions: ['clipboard-read', 'clipboard-write'] },
      async (page) => {
        await page.click('[name=data][value=xor]');
        await page.click('[data-key=xy]');
        await page.click('[data-key=y]');
        await page.click('[aria-label="One less unit in layer 1"]');
        await page.click('#pg-flatter');
        await page.selectOption('#playground [name=activation]', 'relu');
        await page.selectOption('#playground [name=l2]', '0.001');
        await page.selectOption('#playground [name=optimizer]', 'sgd');
        expect(await page.inputValue('#playground [name=rate]')).toBe('0.1');
        await page.click('#pg-again');
        await page.click('#pg-share');
        await until(page, 'pg-share-status', 'clipboard');
        const { hash } = new URL(await page.evaluate(() => navigator.clipboard.readText()));
        const query =
          'data=xor&features=x%2Cxy&layers=7-8&activation=relu&optimizer=sgd&rate=0.1&l2=0.001&seed=2';
        expect(hash).toBe(`#playground?${query}`);
        // The last feature stays: a network without any has nothing to learn from.
        await page.click('[data-key=x]');
        await page.click('[data-key=xy]');
        expect(await page.getAttribute('[data-key=xy]', 'aria-pressed')).toBe('true');
        // x·y alone tells the classes apart.
        await page.click('#pg-play');
        await until(page, 'pg-right', '^(9\\d|100)', 20_000);
      },
    );
  });

  test('a unit is seen large, by touch too', async () => {
    const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
    await visit(demo, `${demo.url}#playground`, phone, async (page) => {
      await page.tap('#pg-play');
      await until(page, 'pg-steps', '^[1-9]');
      await page.tap('#pg-play');
      await until(page, 'pg-status', '^Paused');
      // What was asked for before the pause is still to come.
      await page.waitForTimeout(300);
      const output = await drawn(page, '#pg-plane');
      await page.tap('[aria-label="Unit 2 of layer 1: show it large"]');
      await until(page, 'pg-plane-title', '^Unit 2 of layer 1$');
      await changes(page, '#pg-plane', output);
      await page.tap('[aria-label="Unit 2 of layer 1: show it large"]');
      await until(page, 'pg-plane-title', '^What it predicts$');
      expect((await drawn(page, '#pg-plane')) === output).toBe(true);
    });
  });

  test('what diverges is said, and a lower rate goes on', async () => {
    const address = `${demo.url}#playground?data=plane&layers=none&activation=none&optimizer=momentum&rate=1&speed=500&features=xx,yy`;
    await visit(demo, address, {}, async (page) => {
      await page.click('#pg-play');
      await until(page, 'pg-status', '^It stopped: .*rate');
      await page.selectOption('#playground [name=rate]', '0.001');
      await page.click('#pg-reset');
      await page.click('#pg-play');
      await until(page, 'pg-steps', '^[1-9]');
    });
  });

  test('rests while another part is to be seen', async () => {
    await visit(demo, `${demo.url}#playground`, {}, async (page) => {
      await page.click('#pg-play');
      await until(page, 'pg-steps', '^[1-9]');
      await page.click('nav a[href="#table"]');
      await until(page, 'tb-drop', 'Drop a CSV');
      expect(await page.isVisible('#pg-play')).toBe(false);
      await page.waitForTimeout(200);
      const steps = await text(page, 'pg-steps');
      await page.waitForTimeout(300);
      expect(await text(page, 'pg-steps')).toBe(steps);
      await page.goBack();
      await page.waitForFunction(
        (steps) => document.getElementById('pg-steps')!.textContent !== steps,
        steps,
      );
      expect(await page.title()).toBe('A neural network, layer by layer · lanegrad');
    });
  });
});
