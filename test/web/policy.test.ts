/**
 * Pages under the strictest content security policy that they work under, in Chromium: nothing is refused, and
 * nothing reported. With Trusted Types a text is no script, no markup and no address of a script.
 */
import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { noBrowser } from '../browser.js';
import { bundle } from './bundle.js';
import { type Demo, startDemo } from './demo/page.js';
import { isolated, root } from './server.js';

const strict =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'";
const none = `${strict}; trusted-types 'none'`;
const threads = `${strict}; trusted-types default`;
const page = `${strict}; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; trusted-types default markup`;

let demo: Demo;

beforeAll(async () => {
  if (noBrowser) return;
  demo = await startDemo();
  const guide = await readFile(`${root}docs/guide/browser.md`, 'utf8');
  const [, documented] = /^```js\n(globalThis\.trustedTypes.*?)^```/ms.exec(guide)!;
  const files = {
    'index.html': '<!doctype html><html lang="en"><title>policy</title><h1>policy</h1>',
    'trusted.html':
      '<!doctype html><html lang="en"><title>policy</title><script src="trusted.js"></script><h1>policy</h1>',
    'trusted.js': documented,
    'a/all.js': await bundle('test/web/pages/all.js'),
    'a/inline.js': await bundle('dist/inline.js'),
    'a/script.js': await readFile(`${root}dist/script/lanegrad.js`, 'utf8'),
    'a/trainer/inline-worker.js': await bundle('dist/trainer/inline-worker.js'),
    'a/worker.js': await bundle('dist/trainer/worker.js'),
  };
  const { server, folder } = demo;
  const under = (policy: string) => ({ ...isolated, 'content-security-policy': policy });
  server.mount('build', { from: `${root}build`, headers: under(threads) });
  server.mount('engine', { from: `${root}dist/engine`, headers: under(threads) });
  server.mount('none', { from: files, headers: under(none) });
  server.mount('threads', { from: files, headers: under(threads) });
  server.mount('strict-demo', { from: folder, headers: under(page) });
}, 240_000);

afterAll(() => demo?.close());

/** Opens the page and lets `look` work with it; returns what was refused, in the page or in its workers. */
async function refused(path: string, look: (page: Page) => Promise<void>): Promise<string[]> {
  const tab = await demo.browser.newPage();
  const found: string[] = [];
  // Workers have no event of the page's: what they are refused stands in the console.
  tab.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) found.push(message.text());
  });
  tab.on('pageerror', (error) => found.push(String(error)));
  await tab.exposeFunction('refused', (what: string) => void found.push(what));
  await tab.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI, sample }) => {
      const { refused } = globalThis as unknown as { refused(what: string): void };
      refused(`${effectiveDirective} ${blockedURI} ${sample}`);
    });
  });
  await tab.goto(`${demo.server.origin}/${path}`);
  await look(tab);
  // Of what was refused the page hears in a later task.
  await run(tab, 'async () => new Promise((resolve) => setTimeout(resolve, 200))');
  await tab.close();
  return found;
}

/** Runs an async function's text by the debugger, which no policy keeps from it; playwright would use eval. */
async function run<T>(tab: Page, text: string): Promise<T> {
  const session = await tab.context().newCDPSession(tab);
  const { result, exceptionDetails } = await session.send('Runtime.evaluate', {
    ...{ expression: `(${text})()`, awaitPromise: true, returnByValue: true },
  });
  if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
  return result.value as T;
}

/** Trains on two clouds of points and tells where. */
const training = (script: string, options: string) => `async () => {
  const L = await import('./a/${script}.js');
  const inputs = Array.from({ length: 400 }, (_, i) => [Math.sin(i) + 3 * (i % 2), Math.cos(i * i)]);
  const set = L.dataset({ inputs, labels: inputs.map((_, i) => i % 2), classes: 2 });
  const model = L.sequential(2, [L.dense(8, { activation: 'tanh' }), L.dense(2)], { seed: 1 });
  const trainer = await L.createTrainer({ model, ${options} });
  await trainer.fit(set, { loss: 'softmaxCrossEntropy', optimizer: L.sgd({ learningRate: 0.2 }), epochs: 5, batchSize: 20 });
  const { accuracy } = await trainer.evaluate(set);
  const { place, info } = trainer;
  trainer.dispose();
  return { accuracy, place, threads: info.threads, backend: info.backend };
}`;

interface Outcome {
  accuracy: number;
  place: string;
  threads: number;
  backend: string;
}

describe.skipIf(noBrowser)('under a policy with Trusted Types', () => {
  test.each([
    { what: 'on the page’s own thread', script: 'all', options: 'worker: false, engine: { threads: 1 }' },
    { what: 'with kernels within the script', script: 'inline', options: 'worker: false' },
    { what: 'with the one script', script: 'script', options: 'worker: false' },
  ])('$what no type is needed', async ({ script, options }) => {
    const complaints = await refused('none/', async (tab) => {
      const outcome = await run<Outcome>(tab, training(script, options));
      expect(outcome).toMatchObject({ place: 'caller', threads: 1, backend: 'wasm' });
      expect(outcome.accuracy).toBeGreaterThan(0.9);
    });
    expect(complaints).toEqual([]);
  });

  test.each([
    {
      what: 'threads on the page’s own thread',
      script: 'all',
      options: 'worker: false, engine: { threads: 2 }',
    },
    {
      what: 'a worker and its threads',
      script: 'all',
      options: "worker: new URL('a/worker.js', location), engine: { threads: 2 }",
    },
    {
      what: 'the inline worker',
      script: 'inline',
      options: "worker: new URL('a/trainer/inline-worker.js', location)",
    },
    { what: 'the worker of the one script', script: 'script', options: 'worker: true' },
  ])('$what: by the policy that is documented', async ({ script, options }) => {
    const complaints = await refused('threads/trusted.html', async (tab) => {
      const outcome = await run<Outcome>(tab, training(script, options));
      expect(outcome.backend).toBe('wasm');
      expect(outcome.threads).toBe(options.includes('threads: 2') ? 2 : 1);
      expect(outcome.accuracy).toBeGreaterThan(0.9);
    });
    expect(complaints).toEqual([]);
  });

  test('what is not allowed is seen', async () => {
    const complaints = await refused('none/', async (tab) => {
      const started = run(tab, training('all', "worker: new URL('a/worker.js', location)"));
      await expect(started).rejects.toThrow('the worker cannot be started');
    });
    expect(complaints.join()).toContain('require-trusted-types-for trusted-types-sink Worker constructor');
  });

  test.each([
    ['#digits?epochs=1', 'status', '#train', 'status', '^Done'],
    ['#playground?data=circle&speed=100', 'pg-status', '#pg-play', 'pg-right', '^(9[5-9]|100)'],
    ['#table?example=iris', 'tb-status', '#tb-go', 'tb-answer', '^[a-z]+$'],
    ['#images?example=shapes&epochs=3', 'im-status', '#im-go', 'im-status', '^Done'],
  ])('the demo page, %s', async (hash, status, button, id, done) => {
    const complaints = await refused(`strict-demo/${hash}`, async (tab) => {
      const until = (id: string, pattern: string) =>
        run(
          tab,
          `async () => {
            const text = () => document.getElementById('${id}')?.textContent ?? '';
            for (const began = performance.now(); !/${pattern}/.test(text()); ) {
              if (performance.now() - began > 80000) throw new Error('${id}: ' + text());
              await new Promise((resolve) => setTimeout(resolve, 50));
            }
          }`,
        );
      await until(status, '^Ready');
      await run(tab, `async () => document.querySelector('${button}').click()`);
      await until(id, done);
    });
    expect(complaints).toEqual([]);
  });
});
