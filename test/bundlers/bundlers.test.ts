/**
 * The packed package in small apps, one a bundler: each is built, opened in Chromium, and trains to the loss
 * of Node, by hand and in a worker. One pack, one server and one browser serve all.
 */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { nodeResolve } from '@rollup/plugin-node-resolve';
import { build as esbuild } from 'esbuild';
import type { Browser } from 'playwright-core';
import { rollup } from 'rollup';
import { createServer, build as vite } from 'vite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import webpack from 'webpack';
import * as inline from '../../src/inline.js';
import { launchChromium, noBrowser } from '../browser.js';
import { isolated, root, startServer, type WebServer } from '../web/server.js';
import { train } from './train.js';

interface Outcome {
  loss: number;
  refused: string;
  info: { math: string; threads: number };
  trainer: { place: string; loss: number; threads: number };
}

const run = promisify(execFile);
const html =
  '<!doctype html><html lang="en"><title>app</title><script type="module" src="./main.js"></script>';

let apps: string;
let server: WebServer;
let browser: Browser;
let loss: number;

beforeAll(async () => {
  if (noBrowser) return;
  apps = await mkdtemp(join(tmpdir(), 'lanegrad-bundlers-'));
  const packed = await run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', apps], {
    cwd: root,
  });
  const modules = join(apps, 'node_modules');
  await mkdir(join(modules, 'lanegrad'), { recursive: true });
  const [{ filename }] = JSON.parse(packed.stdout) as { filename: string }[];
  await run('tar', ['-xzf', join(apps, filename), '--strip-components=1', '-C', join(modules, 'lanegrad')]);
  // What an installation brings along.
  for (const name of ['@assemblyscript', 'fflate', 'hyparquet', 'hyparquet-compressors']) {
    await symlink(`${root}node_modules/${name}`, join(modules, name));
  }
  for (const name of ['train.js', 'linked', 'inline', 'script']) {
    await cp(`${root}test/bundlers/${name}`, join(apps, name), { recursive: true });
  }
  await writeFile(join(apps, 'package.json'), '{ "type": "module", "private": true }');
  loss = ((await train(inline, { threads: 1, worker: undefined })) as Outcome).loss;
  server = await startServer();
  browser = await launchChromium();
});

afterAll(async () => {
  await browser?.close();
  await server?.close();
  if (apps) await rm(apps, { recursive: true, force: true });
});

/** Opens the app, which must complain of nothing. */
async function open(url: string): Promise<Outcome> {
  const page = await browser.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  await page.goto(url);
  const outcome = await page.evaluate(() => (globalThis as unknown as { outcome: Promise<Outcome> }).outcome);
  expect(complaints).toEqual([]);
  await page.close();
  return outcome;
}

function same(outcome: Outcome, threads: number): void {
  // Whatever a bundler calls the class of an error.
  expect(outcome).toMatchObject({ loss, info: { math: 'strict', threads }, refused: 'OptionError' });
  expect(outcome.trainer).toEqual({ place: 'worker', loss, threads });
}

/** Serves a built app. */
const serve = (name: string, headers = {}) => server.mount(name, { from: join(apps, name), headers });

describe.skipIf(noBrowser)('an app', () => {
  test('learns, so that an equal loss means something', () => {
    expect(loss).toBeLessThan(0.5);
  });

  test('built by Vite, with threads and without', async () => {
    await vite({
      root: join(apps, 'linked'),
      base: './',
      logLevel: 'silent',
      build: { outDir: join(apps, 'vite') },
    });
    same(await open(serve('vite')), 1);
    same(await open(serve('vite', isolated)), 2);
  });

  test('served by Vite in development', async () => {
    const dev = await createServer({
      root: join(apps, 'linked'),
      logLevel: 'silent',
      cacheDir: join(apps, 'cache'),
      server: { port: 0, headers: isolated, fs: { strict: false } },
    });
    await dev.listen();
    try {
      same(await open(dev.resolvedUrls!.local[0]), 2);
    } finally {
      await dev.close();
    }
  });

  test('built by webpack, with threads and without', async () => {
    const path = join(apps, 'webpack');
    const compiler = webpack({
      mode: 'production',
      context: join(apps, 'linked'),
      entry: './main.js',
      output: { path, filename: 'main.js' },
      optimization: { minimize: false },
      performance: false,
    });
    const stats = await new Promise<{ hasErrors(): boolean; hasWarnings(): boolean; toString(): string }>(
      (resolve, reject) =>
        compiler!.run((error, stats) =>
          stats ? resolve(stats) : reject(error ?? new Error('no statistics')),
        ),
    );
    expect(stats.hasErrors() || stats.hasWarnings() ? stats.toString() : '').toBe('');
    await writeFile(join(path, 'index.html'), html);
    same(await open(serve('webpack')), 1);
    same(await open(serve('webpack', isolated)), 2);
  });

  test('built by Rollup', async () => {
    for (const name of ['main', 'worker']) {
      const bundle = await rollup({
        input: join(apps, 'inline', `${name}.js`),
        plugins: [nodeResolve({ browser: true })],
        onwarn: (warning) => {
          throw new Error(warning.message);
        },
      });
      // A folder, not a file: what is loaded only when it is wanted is split off.
      await bundle.write({ dir: join(apps, 'rollup'), format: 'es' });
    }
    await writeFile(join(apps, 'rollup', 'index.html'), html);
    same(await open(serve('rollup')), 1);
  });

  test('built by esbuild', async () => {
    const { warnings } = await esbuild({
      entryPoints: ['main', 'worker'].map((name) => join(apps, 'inline', `${name}.js`)),
      outdir: join(apps, 'esbuild'),
      bundle: true,
      format: 'esm',
      logLevel: 'silent',
    });
    expect(warnings).toEqual([]);
    await writeFile(join(apps, 'esbuild', 'index.html'), html);
    same(await open(serve('esbuild')), 1);
  });

  test('built by one that leaves the kernels behind says which way there is', async () => {
    await writeFile(
      join(apps, 'left.js'),
      "import { createEngine } from 'lanegrad';\nglobalThis.outcome = createEngine().catch(({ message }) => message);\n",
    );
    await esbuild({
      ...{ entryPoints: [join(apps, 'left.js')], outfile: join(apps, 'left', 'main.js') },
      ...{ bundle: true, format: 'esm', logLevel: 'silent' },
    });
    await writeFile(join(apps, 'left', 'index.html'), html);
    const page = await browser.newPage();
    await page.goto(serve('left'));
    const message = await page.evaluate(
      () => (globalThis as unknown as { outcome: Promise<string> }).outcome,
    );
    expect(message).toMatch(/\.wasm: the server answered 404; lanegrad\/inline needs no file$/);
    await page.close();
  });

  test('of a script and no bundler', async () => {
    await cp(join(apps, 'node_modules', 'lanegrad'), join(apps, 'script', 'lanegrad'), { recursive: true });
    await cp(join(apps, 'train.js'), join(apps, 'script', 'train.js'));
    same(await open(serve('script')), 1);
  });
});
