/**
 * Training and predicting of the convolutional networks beside peers: rounds take turns, and all but one
 * process wait. Everyone begins with the same weights, has the same batches, and must come to the same losses
 * and the same logits.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createReferenceEngine } from '../../src/create/reference.js';
import type { Engine } from '../../src/engine/engine.js';
import { CompiledModel } from '../../src/nn/compile.js';
import { sgd } from '../../src/nn/optimizers.js';
import { fit } from '../../src/train/fit.js';
import type { Contender } from '../engines.js';
import { type Rate, spread } from '../harness.js';
import { Peer, type PeerEntry } from '../peer.js';
import { dataFolder, datasetOf, learningRateOf, modelOf, NETWORKS, type NetworkName } from './networks.js';

export interface ContestResult {
  readonly task: 'train' | 'predict';
  readonly network: NetworkName;
  /** Rows at once. */
  readonly batch: number;
  readonly rows: readonly ContestRow[];
}

export interface ContestRow {
  readonly name: string;
  /** Samples per second: medians over the rounds, of which slow peers take part in the first few. */
  readonly rate: Omit<Rate, 'name'>;
  readonly rounds: number;
  /** That of the tenth step, or of a round's last where it has fewer. */
  readonly loss?: { readonly step: number; readonly value: number };
  /** Of lanegrad's rows: times each peer, round by round. */
  readonly times: Readonly<Record<string, Omit<Rate, 'name'>>>;
}

/** How far losses and logits may be apart, beside the first's: a frozen bias moves a loss by 5e-4. */
const TOLERANCE = 5e-5;
const BATCH = 64;

/** Whatever runs a network. */
interface Runner {
  readonly name: string;
  readonly tasks: readonly string[];
  /** It trains in the first so many rounds, and takes so many steps in each. */
  readonly rounds: number;
  readonly steps: number;
  train(steps: number, batch: number): Promise<TrainRound>;
  predict(rows: number): Promise<{ rate: number; outputs: readonly number[] }>;
}

interface TrainRound {
  readonly rate: number;
  /** Of the first ten steps, or all. */
  readonly losses: readonly number[];
}

interface Work {
  readonly rounds: number;
  /** Rows at once in training, and the steps of one of our rounds. */
  readonly batch: number;
  readonly steps: number;
  readonly predict: readonly number[];
  /** Ten steps of small batches, which even slow peers can do. */
  readonly check: { readonly steps: number; readonly batch: number };
  readonly slowPeers: readonly NetworkName[];
}

const FULL: Work = {
  ...{ rounds: 5, batch: BATCH, steps: 50, predict: [BATCH, 1], slowPeers: NETWORKS },
  check: { steps: 10, batch: 8 },
};
const QUICK: Work = {
  ...{ rounds: 1, batch: 8, steps: 5, predict: [8], slowPeers: ['cnn'] },
  check: { steps: 10, batch: 2 },
};

/** Throws an Error where two come to different losses or logits. */
export async function benchContest(
  contenders: readonly Contender[],
  options: { quick: boolean; threads: number; report: (result: ContestResult) => void },
): Promise<{ results: ContestResult[]; peers: readonly Readonly<Record<string, unknown>>[] }> {
  const work = options.quick ? QUICK : FULL;
  const results: ContestResult[] = [];
  const peers = new Map<string, Peer['ready']>();
  const folder = fileURLToPath(new URL('../peers/', import.meta.url));
  const entries: PeerEntry[] = JSON.parse(await readFile(join(folder, 'peers.json'), 'utf8'));
  const missing = new Set<PeerEntry>();
  for (const network of NETWORKS) {
    const started: Peer[] = [];
    const runners: Runner[] = contenders
      .filter(({ name }) => name !== 'reference')
      .map(({ name, engine }) => ourRunner(`lanegrad ${name}`, engine, network));
    for (const entry of entries) {
      const { networks } = entry;
      if (!networks || missing.has(entry)) continue;
      if (networks.rounds !== undefined && !work.slowPeers.includes(network)) continue;
      const own = ['--network', network, '--data', dataFolder, '--threads', String(options.threads)];
      // What warms a peer up is the check and the first round.
      const peer = await Peer.start({ ...entry, warmup: 0, steps: 1 }, folder, own);
      if (!peer) missing.add(entry);
      else {
        started.push(peer);
        peers.set(peer.name, peer.ready);
        runners.push(peerRunner(peer, networks));
      }
    }
    await check(network, runners, work.check);
    for (const [task, batch] of [
      ['train', work.batch] as const,
      ...work.predict.map((rows) => ['predict', rows] as const),
    ]) {
      results.push(await contest({ task, network, batch }, runners, work));
      options.report(results[results.length - 1]);
    }
    for (const peer of started) peer.stop();
  }
  return { results, peers: [...peers.values()] };
}

/** Everyone's losses of the same steps, the plain TypeScript reference's too. */
async function check(network: NetworkName, runners: readonly Runner[], { steps, batch }: Work['check']) {
  const engine = createReferenceEngine();
  const all = [ourRunner('lanegrad reference', engine, network), ...runners];
  const agreed = new Agreement(`${network}, losses of ${steps} steps of ${batch} rows`);
  for (const runner of all.filter(({ tasks }) => tasks.includes('train'))) {
    agreed.compare(runner.name, (await runner.train(steps, batch)).losses);
  }
  engine.dispose();
}

async function contest(
  { task, network, batch }: Pick<ContestResult, 'task' | 'network' | 'batch'>,
  runners: readonly Runner[],
  work: Work,
): Promise<ContestResult> {
  const able = runners.filter(({ tasks }) => tasks.includes(task));
  const rates = able.map((): number[] => []);
  const losses = new Map<string, readonly number[]>();
  const agreed = new Agreement(`${network}, ${task} ${batch} rows`);
  for (let round = -1; round < work.rounds; round++) {
    for (const [i, runner] of able.entries()) {
      // Who trains in one round only is too slow to be warmed up by another, and predicts in all.
      const most = task === 'train' ? runner.rounds : Infinity;
      if (round >= most || (round < 0 && most === 1)) continue;
      if (task === 'train') {
        const { rate, losses: own } = await runner.train(Math.min(runner.steps, work.steps), batch);
        agreed.compare(runner.name, own);
        losses.set(runner.name, own);
        if (round >= 0) rates[i].push(rate);
      } else {
        const { rate, outputs } = await runner.predict(batch);
        agreed.compare(runner.name, outputs);
        if (round >= 0) rates[i].push(rate);
      }
    }
  }
  return {
    ...{ task, network, batch },
    rows: able.map(({ name }, i) => {
      const own = losses.get(name);
      const times: Record<string, Omit<Rate, 'name'>> = {};
      for (const [j, peer] of able.entries()) {
        if (!name.startsWith('lanegrad') || peer.name.startsWith('lanegrad')) continue;
        times[peer.name] = spread(rates[j].map((rate, round) => rates[i][round] / rate));
      }
      const rate = spread(rates[i]);
      return {
        name,
        rate,
        rounds: rates[i].length,
        ...(own && { loss: { step: own.length, value: own[own.length - 1] } }),
        times,
      };
    }),
  };
}

/** Numbers that everyone must come to, as far as they have come. */
class Agreement {
  readonly #what: string;
  #longest: { name: string; numbers: readonly number[] } | undefined;

  constructor(what: string) {
    this.#what = what;
  }

  compare(name: string, numbers: readonly number[]): void {
    const known = this.#longest;
    if (numbers.length === 0) throw new Error(`${this.#what}: ${name} gives none`);
    const largest = Math.max(...numbers.map(Math.abs));
    for (const [i, number] of numbers.slice(0, known?.numbers.length).entries()) {
      const expected = known ? known.numbers[i] : number;
      if (Math.abs(number - expected) <= TOLERANCE * largest) continue;
      const others = known ? `${known.name} ${expected}` : 'a finite number was expected';
      throw new Error(`${this.#what}: number ${i} of ${name} is ${number}, of ${others}`);
    }
    if (!known || known.numbers.length < numbers.length) this.#longest = { name, numbers };
  }
}

function peerRunner(
  peer: Peer,
  { steps = Infinity, rounds = Infinity }: NonNullable<PeerEntry['networks']>,
): Runner {
  return {
    name: peer.name,
    tasks: peer.ready.tasks as string[],
    ...{ rounds, steps },
    async train(steps, batch) {
      const answer = await peer.ask(`train ${steps} ${batch}`);
      return { rate: answer.samplesPerSecond as number, losses: answer.losses as number[] };
    },
    async predict(rows) {
      const answer = await peer.ask(`predict ${rows}`);
      return { rate: answer.samplesPerSecond as number, outputs: answer.outputs as number[] };
    },
  };
}

function ourRunner(name: string, engine: Engine, network: NetworkName): Runner {
  return {
    name,
    tasks: ['train', 'predict'],
    ...{ rounds: Infinity, steps: Infinity },
    train: (steps, batch) => trainRound(engine, network, steps, batch),
    async predict(rows) {
      const compiled = new CompiledModel(engine, modelOf(network), { maxRows: rows });
      const plan = compiled.plan(rows);
      const { inputs } = datasetOf(network, rows);
      // What a run of ONNX Runtime does: images in, logits out.
      const run = () => {
        plan.inputs.write(inputs);
        plan.loaded();
        plan.forward();
        return plan.outputs.read();
      };
      const logits = Array.from(run());
      const [began, duration] = [performance.now(), 300];
      let runs = 0;
      for (; performance.now() - began < duration; runs++) run();
      const rate = (1000 * runs * rows) / (performance.now() - began);
      compiled.dispose();
      return { rate, outputs: [...logits.slice(0, 10), ...logits.slice(-10)] };
    },
  };
}

/** As many steps by `fit`, from the initial weights, in the order of the file. */
export async function trainRound(
  engine: Engine,
  network: NetworkName,
  steps: number,
  batch: number,
): Promise<TrainRound> {
  const losses: number[] = [];
  const history = await fit(engine, modelOf(network), datasetOf(network, steps * batch), {
    loss: 'softmaxCrossEntropy',
    optimizer: sgd({ learningRate: learningRateOf(network) }),
    ...{ batchSize: batch, epochs: 1, shuffle: false },
    onStep({ step, loss }) {
      if (step <= 10) losses.push(loss);
    },
  });
  return { rate: history.epochs[0].samplesPerSecond, losses };
}
