/**
 * The promise that strict arithmetic gives the same weights everywhere: 300 steps in every Node version, Chromium and Firefox.
 *
 * Other Node versions come by `npx -p node@N`; where LANEGRAD_NODE_22 and so on name a binary, that is taken. In CI all must be there.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadMnist } from '../../src/data/mnist.js';
import type { EngineInfo, EngineOptions } from '../../src/engine/engine.js';
import { launchChromium, noBrowser } from '../browser.js';
import { bundle } from './bundle.js';
import { Firefox, noFirefox } from './firefox.js';
import { isolated, root, startServer, type WebServer } from './server.js';

interface Outcome {
  sha256: string;
  loss: number;
  steps: number;
  info: EngineInfo;
}

const strict: EngineOptions = { math: 'strict', threads: 1 };
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
  page = server.mount('page', {
    headers: isolated,
    from: {
      'index.html': '<!doctype html><html lang="en"><title>300 steps</title><h1>300 steps</h1>',
      'a/train.js': await bundle('test/web/pages/train.js'),
      images,
      labels,
    },
  });
  expected = await inNode(process.execPath, [], strict);
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

function same(outcome: Outcome): void {
  expect(outcome.steps).toBe(300);
  expect(outcome.info).toMatchObject({ backend: 'wasm', math: 'strict' });
  expect(outcome.info.wasmSha256).toBe(expected.info.wasmSha256);
  expect(outcome.loss).toBe(expected.loss);
  expect(outcome.sha256).toBe(expected.sha256);
}

test('this Node learns, so that equal bits mean something', () => {
  expect(expected.steps).toBe(300);
  expect(expected.loss).toBeLessThan(0.5);
  expect(expected.info.math).toBe('strict');
});

describe('another Node', () => {
  const major = process.versions.node.split('.')[0];
  const others = ['20', '22', '24', '26'].filter((version) => version !== major);
  test.each(others)(
    '%s',
    async (version) => {
      const own = process.env[`LANEGRAD_NODE_${version}`];
      if (own === undefined && !process.env.CI) return;
      const outcome = own
        ? await inNode(own, [], strict)
        : await inNode('npx', ['-y', '-p', `node@${version}`, 'node'], strict);
      expect(outcome.info.runtime).toMatch(`node ${version}.`);
      same(outcome);
    },
    180_000,
  );
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
    const outcome = (await tab.evaluate(`(${inPage(strict)})()`)) as Outcome;
    expect(outcome.info.runtime).toContain('Chrome');
    same(outcome);
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
    const outcome = await firefox.run<Outcome>(page, inPage(strict));
    expect(outcome.info.runtime).toContain('Firefox');
    same(outcome);
    expect(firefox.errors).toEqual([]);
  });
});
