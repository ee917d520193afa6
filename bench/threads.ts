/** One thread beside two and more, in one run: what bringing threads together costs, and what they gain. */
import { availableParallelism } from 'node:os';
import { createEngine } from '../src/create/engine.js';
import { sliceDataset } from '../src/data/dataset.js';
import { loadMnist } from '../src/data/mnist.js';
import { JOB_MEET } from '../src/engine/constants.js';
import type { Engine } from '../src/engine/engine.js';
import { createWasmBackend } from '../src/engine/wasm.js';
import { dense } from '../src/nn/dense.js';
import { sgd } from '../src/nn/optimizers.js';
import { sequential } from '../src/nn/sequential.js';
import { matmul } from '../src/ops/matmul.js';
import { fit } from '../src/train/fit.js';
import { type Candidate, compare, type Effort, type Rate, spread } from './harness.js';

export interface ThreadsResult {
  readonly task: string;
  readonly unit: 'µs' | 'GFLOPS' | 'samples/s';
  /** Named after the number of threads; the first has one, but for the dispatch. */
  readonly rates: readonly Rate[];
}

const NETWORKS = [
  { sizes: [784, 300, 10], batchSize: 64, samples: 12_800 },
  { sizes: [784, 300, 10], batchSize: 256, samples: 12_800 },
  { sizes: [784, 1024, 1024, 10], batchSize: 256, samples: 5_120 },
];
const SIDES = [256, 512, 1024];

export async function benchThreads(
  effort: Effort,
  { quick, report }: { quick: boolean; report: (result: ThreadsResult) => void },
): Promise<ThreadsResult[]> {
  const results: ThreadsResult[] = [];
  const add = (result: ThreadsResult) => {
    results.push(result);
    report(result);
  };
  add({ task: 'dispatch of an empty kernel to two threads', unit: 'µs', rates: [await dispatch()] });

  const counts = [1, Math.max(2, availableParallelism())];
  const engines: { name: string; engine: Engine }[] = [];
  for (const threads of counts) {
    const name = threads === 1 ? '1 thread' : `${threads} threads`;
    engines.push({ name, engine: await createEngine({ threads }) });
  }
  for (const side of quick ? SIDES.slice(0, 1) : SIDES) {
    const candidates = engines.map(({ name, engine }): Candidate => {
      const arena = engine.arena();
      const [c, a, b] = [0, 1, 2].map(() => arena.tensor('float', [side, side]));
      for (const [stream, { pointer, size }] of [a, b].entries()) {
        engine.kernels.random_normal(pointer, size, 1, 0, stream, 0, 0, 1);
      }
      return { name, amount: (2 * side ** 3) / 1e9, run: matmul({ c, a, b }) };
    });
    const shape = `${side}x${side}:${side}x${side}`;
    add({ task: `gemm_nn ${shape}`, unit: 'GFLOPS', rates: await compare(candidates, effort) });
  }
  for (const network of quick ? NETWORKS.slice(0, 1) : NETWORKS) {
    add(await epochs(engines, network, quick ? 1 : 5));
  }
  for (const { engine } of engines) engine.dispose();
  return results;
}

/** Time until a job whose chunks wait for each other is done: two threads have then met. */
async function dispatch(): Promise<Rate> {
  const backend = await createWasmBackend({ binary: 'simd', threads: 2 });
  const { pool } = backend;
  if (!pool) throw new Error('a backend with two threads has no pool');
  const counter = backend.reservedBytes;
  backend.reserve(counter + 4);
  const place = new Int32Array(backend.buffer, counter, 1);
  const times: number[] = [];
  for (let i = -1000; i < 10_000; i++) {
    pool.words[0] = counter;
    pool.words[1] = 2;
    place[0] = 0;
    const began = performance.now();
    pool.run(JOB_MEET, 2, 1);
    if (i >= 0) times.push((performance.now() - began) * 1000);
  }
  backend.dispose();
  return { name: '2 threads', ...spread(times) };
}

async function epochs(
  engines: readonly { name: string; engine: Engine }[],
  { sizes, batchSize, samples }: (typeof NETWORKS)[number],
  rounds: number,
): Promise<ThreadsResult> {
  const set = sliceDataset((await loadMnist()).train, 0, samples);
  const rates = engines.map((): number[] => []);
  for (let round = -1; round < rounds; round++) {
    for (const [i, { engine }] of engines.entries()) {
      const hidden = sizes.slice(1, -1).map((units) => dense(units, { activation: 'sigmoid' }));
      const model = sequential(sizes[0], [...hidden, dense(10)], { seed: 1 });
      const options = { loss: 'softmaxCrossEntropy', optimizer: sgd({ learningRate: 0.1 }) } as const;
      const history = await fit(engine, model, set, { ...options, batchSize, epochs: 1 });
      if (round >= 0) rates[i].push(history.epochs[0].samplesPerSecond);
    }
  }
  return {
    task: `epoch, ${sizes.join('-')}, batch ${batchSize}`,
    unit: 'samples/s',
    rates: engines.map(({ name }, i) => ({ name, ...spread(rates[i]) })),
  };
}
