/** All parts of the demo page in Firefox and WebKit: they work, and the browsers complain of nothing. */
import { mkdir } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Firefox, noFirefox } from '../firefox.js';
import { noWebKit, WebKit } from '../webkit.js';
import { type Demo, PICTURES, startDemo } from './page.js';

let demo: Demo;

beforeAll(async () => {
  if (!noFirefox || !noWebKit) demo = await startDemo();
});

afterAll(() => demo?.close());

/** The text of a function that waits for texts and presses buttons, in turn, and returns some texts. */
const act = (steps: string, results: readonly string[]) => `async () => {
  const text = (id) => document.getElementById(id)?.textContent ?? '';
  const until = async (id, pattern) => {
    for (const began = performance.now(); !pattern.test(text(id)); ) {
      if (performance.now() - began > 60000) throw new Error(id + ': ' + text(id));
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  const press = (selector) => document.querySelector(selector).click();
  ${steps}
  return ${JSON.stringify(results)}.map(text);
}`;

const parts = [
  {
    hash: '#digits?epochs=1',
    steps: `await until('status', /^Ready/); press('#train'); await until('status', /^Done/); press('#sample'); await until('answer', /^Looks/);`,
    result: 'accuracy',
    least: 85,
  },
  {
    hash: '#playground?data=circle&speed=100',
    steps: `await until('pg-status', /^Ready/); press('#pg-play'); await until('pg-right', /^(9[5-9]|100)/); press('#pg-play'); await until('pg-status', /^Paused/);`,
    result: 'pg-right',
    least: 95,
  },
  {
    hash: '#table?example=iris',
    steps: `await until('tb-status', /^Ready/); press('#tb-go'); await until('tb-status', /^Training (done|ended)/); await until('tb-answer', /^setosa$/);`,
    result: 'tb-score',
    least: 85,
  },
  {
    hash: '#images?example=shapes&epochs=10&filters=8',
    steps: `await until('im-status', /^Ready/); press('#im-go'); await until('im-status', /^Done/); await until('im-answer', /^Looks/);`,
    result: 'im-score',
    least: 34,
  },
];

/** A browser goes through all parts, and is closed. */
function everyPart<B extends Firefox | WebKit>(
  launch: () => Promise<B>,
  look?: (browser: B, part: string) => Promise<void>,
): void {
  let browser: B;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser?.close());

  test.each(parts)('$hash', async ({ hash, steps, result, least }) => {
    const [score] = await browser.run<string[]>(demo.url + hash, act(steps, [result]));
    await look?.(browser, /\w+/.exec(hash)![0]);
    expect(Number.parseFloat(score)).toBeGreaterThan(least);
    expect(browser.errors).toEqual([]);
  });
}

describe.skipIf(noFirefox)('in Firefox', () => everyPart(() => Firefox.launch()));

// Whose pages may be told that the language is C, which Intl refuses.
describe.skipIf(noWebKit).each(['en_US.UTF-8', 'C.UTF-8'])('in WebKit, %s', (language) => {
  everyPart(
    () => WebKit.launch({ language }),
    async (webkit, part) => {
      await mkdir(PICTURES, { recursive: true });
      await webkit.keepPicture(`${PICTURES}/webkit-${part}.png`);
    },
  );
});
