/** All parts of the demo page in Firefox: they work, and it complains of nothing. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Firefox, noFirefox } from '../firefox.js';
import { type Demo, startDemo } from './page.js';

let demo: Demo;
let firefox: Firefox;

beforeAll(async () => {
  if (noFirefox) return;
  demo = await startDemo();
  firefox = await Firefox.launch();
}, 120_000);

afterAll(async () => {
  await firefox?.close();
  await demo?.close();
});

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

describe.skipIf(noFirefox)('in Firefox', () => {
  test.each([
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
  ])('$hash', { timeout: 120_000 }, async ({ hash, steps, result, least }) => {
    const [score] = await firefox.run<string[]>(demo.url + hash, act(steps, [result]));
    expect(Number.parseFloat(score)).toBeGreaterThan(least);
    expect(firefox.errors).toEqual([]);
  });
});
