/**
 * The promise that strict arithmetic gives the same weights everywhere: 300 steps of a dense network and 40 of
 * one of images in every Node version, Chromium and Firefox, with one thread and two.
 *
 * Other Node versions come by `npx -p node@N`; where LANEGRAD_NODE_22 and so on name a binary, that is taken.
 * In CI all must be there.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EngineOptions } from '../../src/create/engine.js';
import { loadMnist } from '../../src/data/mnist.js';
import type { EngineInfo } from '../../src/engine/engine.js';
import { launchChromium, noBrowser } from '../browser.js';
import { bundle } from './bundle.js';
import { Firefox, noFirefox } from './firefox.js';
import { isolated, root, startServer, type WebServer } from './server.js';

interface Outcome {
  /** Of each network. */
  sha256: string[];
  losses: number[];
  steps: number;
  info: EngineInfo;
}

const strict: readonly EngineOptions[] = [1, 2].map((threads) => ({ math: 'strict', threads }));
const script = `${root}test/web/pages/train-node.mjs`;

let folder: string;
let server: WebServer;
let page: string;
let expected: Outcome;

async function inNode(command: string, before: readonly string[], options: EngineOptions): Promise<Outcome> {
  const files = [join(folder, 'images'), join(folder, 'labels')];
  const { stdout } = await promisify(execFile)(command, [
    ...before,
    script,
    ...files,
    JSON.stringify(options),
  ]);
  return JSON.parse(stdout) as Outcome;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lanegrad-bits-'));
  const { train } = await loadMnist();
  const images = train.inputs.subarray(0, 4000 * 784) as Uint8Array;
  const labels = Uint8Array.from(train.labels.subarray(0, 4000));
  await writeFile(join(folder, 'images'), images);
  await writeFile(join(folder, 'labels'), labels);

  server = await startServer();
  server.mount('build', { from: `${root}build`, headers: isolated });
  server.mount('engine', { from: `${root}dist/engine`, headers: isolated });
  page = server.mount('page', {
    headers: isolated,
    from: {
      'index.html': '<!doctype html><html lang="en"><title>300 steps</title><h1>300 steps</h1>',
      'a/train.js': await bundle('test/web/pages/train.js'),
      images,
      labels,
    },
  });
  expected = await inNode(process.execPath, [], strict[0]);
});

afterAll(async () => {
  await server?.close();
  await rm(folder, { recursive: true, force: true });
});

/** The text of a function that trains in a page. */
const inPage = (options: EngineOptions) => `async () => {
  const bytes = async (name) => new Uint8Array(await (await fetch(name)).arrayBuffer());
  const { train } = await import('./a/train.js');
  return train(await bytes('images'), await bytes('labels'), ${JSON.stringify(options)});
}`;

function same(outcome: Outcome, options: EngineOptions): void {
  expect(outcome.steps).toBe(340);
  expect(outcome.info).toMatchObject({ backend: 'wasm', ...options });
  expect(outcome.losses).toEqual(expected.losses);
  expect(outcome.sha256).toEqual(expected.sha256);
}

test('this Node learns, so that equal bits mean something', () => {
  expect(expected.steps).toBe(340);
  expect(expected.losses[0]).toBeLessThan(0.5);
  expect(expected.losses[1]).toBeLessThan(1);
  expect(expected.info.math).toBe('strict');
});

describe('Node', () => {
  for (const version of ['20', '22', '24', '26']) {
    const isThis = process.versions.node.startsWith(`${version}.`);
    const own = isThis ? process.execPath : process.env[`LANEGRAD_NODE_${version}`];
    test.skipIf(own === undefined && !process.env.CI)(version, { timeout: 240_000 }, async () => {
      for (const options of strict) {
        const outcome = own
          ? await inNode(own, [], options)
          : await inNode('npx', ['-y', '-p', `node@${version}`, 'node'], options);
        expect(outcome.info.runtime).toContain(`node ${version}.`);
        same(outcome, options);
      }
    });
  }
});

describe.skipIf(noBrowser)('Chromium', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser?.close());

  test('trains to the same bits', async () => {
    const tab = await browser.newPage();
    await tab.goto(page);
    for (const options of strict) {
      const outcome = (await tab.evaluate(`(${inPage(options)})()`)) as Outcome;
      expect(outcome.info.runtime).toContain('Chrome');
      same(outcome, options);
    }
    await tab.close();
  });
});

describe.skipIf(noFirefox)('Firefox', () => {
  let firefox: Firefox;
  beforeAll(async () => {
    firefox = await Firefox.launch();
  });
  afterAll(() => firefox?.close());

  test('trains to the same bits', async () => {
    for (const options of strict) {
      const outcome = await firefox.run<Outcome>(page, inPage(options));
      expect(outcome.info.runtime).toContain('Firefox');
      same(outcome, options);
    }
    expect(firefox.errors).toEqual([]);
  });
});
