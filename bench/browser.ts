/**
 * Chromium beside this Node, in turns: the same epochs of MNIST on the same engines, on the page's own thread
 * and in a worker. With Node 26 the two V8s are of one age; turbo is left out, which a page cannot have.
 */
import { readFile } from 'node:fs/promises';
import { createEngine, type EngineOptions } from '../src/create/engine.js';
import { sliceDataset } from '../src/data/dataset.js';
import { loadMnist } from '../src/data/mnist.js';
import { dense } from '../src/nn/dense.js';
import { sgd } from '../src/nn/optimizers.js';
import { sequential } from '../src/nn/sequential.js';
import { fit } from '../src/train/fit.js';
import { launchChromium } from '../test/browser.js';
import { bundle } from '../test/web/bundle.js';
import { isolated, root, startServer } from '../test/web/server.js';
import { type Rate, spread } from './harness.js';

export interface BrowserResult {
  readonly engine: string;
  /** Samples per second; Node first. */
  readonly rates: readonly Rate[];
}

const BATCH = 64;
const options = { loss: 'softmaxCrossEntropy', batchSize: BATCH, epochs: 1 } as const;

const engines: readonly EngineOptions[] = [
  { math: 'strict', threads: 1 },
  { math: 'fma', threads: 1 },
  { math: 'strict', threads: 2 },
  { math: 'fma', threads: 2 },
];

/** The text of a function that trains one epoch in a page, and keeps the trainer for the next. */
const inPage = (engine: EngineOptions, worker: boolean) => `async () => {
  const L = await import('./a/all.js');
  const bytes = async (name) => new Uint8Array(await (await fetch(name)).arrayBuffer());
  globalThis.set ??= L.dataset({ name: 'mnist', inputs: await bytes('images'), labels: await bytes('labels'), classes: 10 });
  const options = { math: ${JSON.stringify(engine.math)}, threads: ${engine.threads} };
  const model = L.sequential(784, [L.dense(300, { activation: 'sigmoid' }), L.dense(10)], { seed: 1 });
  const trainers = (globalThis.trainers ??= {});
  const worker = ${worker} && new URL('a/worker.js', location);
  const trainer = (trainers[JSON.stringify(options) + worker] ??= await L.createTrainer({ model, worker, engine: options }));
  const optimizer = L.sgd({ learningRate: 0.5 });
  const { epochs } = await trainer.fit(set, { ...${JSON.stringify(options)}, optimizer });
  return epochs[0].samplesPerSecond;
}`;

export async function benchBrowser(settings: {
  rounds: number;
  samples: number;
  report: (result: BrowserResult) => void;
}): Promise<BrowserResult[]> {
  const { rounds, samples, report } = settings;
  const mnist = await loadMnist();
  const set = sliceDataset(mnist.train, 0, samples);
  const server = await startServer();
  const browser = await launchChromium();
  try {
    server.mount('build', { from: `${root}build`, headers: isolated });
    const url = server.mount('page', {
      headers: isolated,
      from: {
        'index.html': '<!doctype html><html lang="en"><title>bench</title>',
        'a/all.js': await bundle('test/web/pages/all.js'),
        'a/worker.js': await bundle('dist/trainer/worker.js'),
        'engine/threads/worker-browser.js': await readFile(`${root}dist/engine/threads/worker-browser.js`),
        images: set.inputs as Uint8Array,
        labels: Uint8Array.from(set.labels),
      },
    });
    const page = await browser.newPage();
    await page.goto(url);
    const results: BrowserResult[] = [];
    for (const choice of engines) {
      const engine = await createEngine(choice);
      const model = sequential(784, [dense(300, { activation: 'sigmoid' }), dense(10)], { seed: 1 });
      const optimizer = sgd({ learningRate: 0.5 });
      const inNode = async () =>
        (await fit(engine, model, set, { ...options, optimizer })).epochs[0].samplesPerSecond;
      const inChromium = (worker: boolean) =>
        page.evaluate(`(${inPage(choice, worker)})()`) as Promise<number>;
      const runs = {
        [`node ${process.versions.node}`]: inNode,
        [`Chromium ${browser.version()}, page`]: () => inChromium(false),
        [`Chromium ${browser.version()}, worker`]: () => inChromium(true),
      };
      const rates = Object.keys(runs).map((name) => ({ name, values: [] as number[] }));
      // The first two rounds warm up: a browser compiles with its optimizing compiler what it has run for a
      // while.
      for (let round = -2; round < rounds; round++) {
        for (const { name, values } of rates) {
          const rate = await runs[name]();
          if (round >= 0) values.push(rate);
        }
      }
      engine.dispose();
      const { math, threads } = choice;
      const result = {
        engine: `${math}, ${threads === 1 ? 'one thread' : `${threads} threads`}`,
        rates: rates.map(({ name, values }) => ({ name, ...spread(values) })),
      };
      results.push(result);
      report(result);
    }
    return results;
  } finally {
    await browser.close();
    await server.close();
  }
}
