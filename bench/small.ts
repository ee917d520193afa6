/**
 * Small networks, where what counts is the cost of a call: a step of training with its batch in place, and one row
 * predicted, beside PyTorch where python3 has it. Rounds take turns, and all but one process wait.
 */
import type { Engine } from '../src/engine/engine.js';
import { CompiledModel } from '../src/nn/compile.js';
import { dense } from '../src/nn/dense.js';
import { adam, type Optimizer, sgd } from '../src/nn/optimizers.js';
import { sequential } from '../src/nn/sequential.js';
import { createPredictor } from '../src/train/predictor.js';
import type { Contender } from './engines.js';
import { type Candidate, compare, type Effort, spread } from './harness.js';
import { Peer } from './peer.js';

export interface SmallResult {
  readonly network: string;
  /** `sgd`, `adam`, or `predict`. */
  readonly what: string;
  readonly batch: number;
  /** Microseconds a step, or a row that is predicted: median over the rounds, and its quartiles. */
  readonly rows: readonly {
    readonly name: string;
    readonly time: { readonly median: number; readonly low: number; readonly high: number };
  }[];
}

const NETWORKS = [
  [2, 8, 1],
  [4, 64, 64, 2],
  [10, 32, 32, 3],
  [20, 128, 64, 2],
  [784, 32, 10],
];
const BATCHES = [1, 32];
/** Steps of one measured run: the clock takes as long as the smallest network. */
const CALLS = 20;
const entry = { peer: 'pytorch', command: ['python3', 'small.py'], tasks: ['small'] } as const;

export async function benchSmall(
  contenders: readonly Contender[],
  effort: Effort,
  { folder, report }: { folder: string; report: (result: SmallResult) => void },
): Promise<SmallResult[]> {
  const engines = contenders.filter(({ name }) => name !== 'reference');
  const torch = await Peer.start(entry, folder, []);
  const results: SmallResult[] = [];
  for (const sizes of NETWORKS) {
    const tasks = BATCHES.flatMap((batch) => [
      { what: 'sgd', batch, begin: stepOf(sizes, sgd({ learningRate: 0.01 }), batch) },
      { what: 'adam', batch, begin: stepOf(sizes, adam({ learningRate: 0.001 }), batch) },
    ]);
    for (const { what, batch, begin } of [...tasks, { what: 'predict', batch: 1, begin: rowOf(sizes) }]) {
      const all = engines.map(({ name, engine }) => ({ name, ...begin(engine) }));
      const candidates = all.map(
        ({ name, call }): Candidate => ({
          name,
          amount: CALLS,
          run() {
            for (let i = 0; i < CALLS; i++) call();
          },
        }),
      );
      const times = (await compare(candidates, effort)).map(({ name, median, low, high }) => ({
        name,
        time: { median: 1e6 / median, low: 1e6 / high, high: 1e6 / low },
      }));
      for (const { dispose } of all) dispose();
      const asked = JSON.stringify({ sizes, what, batch });
      const peer: number[] = [];
      for (let round = -1; torch && round < effort.rounds; round++) {
        const { microseconds } = await torch.ask(asked);
        if (round >= 0) peer.push(microseconds as number);
      }
      const rows = torch ? [...times, { name: `pytorch ${torch.ready.version}`, time: spread(peer) }] : times;
      results.push({ network: sizes.join('-'), what, batch, rows });
      report(results[results.length - 1]);
    }
  }
  torch?.stop();
  return results;
}

function build(sizes: readonly number[]) {
  const layers = sizes
    .slice(1)
    .map((units, i) => dense(units, i < sizes.length - 2 ? { activation: 'relu' } : {}));
  return sequential(sizes[0], layers, { seed: 1 });
}

const values = (length: number) => Float32Array.from({ length }, (_, i) => ((i * 7) % 16) / 16);

function stepOf(sizes: readonly number[], optimizer: Optimizer, batch: number) {
  const classes = sizes[sizes.length - 1];
  return (engine: Engine) => {
    const loss = classes === 1 ? 'meanSquaredError' : 'softmaxCrossEntropy';
    const compiled = new CompiledModel(engine, build(sizes), { maxRows: batch, optimizer, loss });
    const plan = compiled.plan(batch);
    plan.inputs.write(values(batch * sizes[0]));
    plan.loaded();
    if (classes === 1) plan.targets!.write(values(batch));
    else plan.labels.write(Int32Array.from({ length: batch }, (_, i) => i % classes));
    const rate = optimizer.learningRate;
    return {
      call() {
        plan.forward(true);
        plan.loss();
        plan.step(rate);
      },
      dispose: () => compiled.dispose(),
    };
  };
}

function rowOf(sizes: readonly number[]) {
  return (engine: Engine) => {
    const loss = sizes[sizes.length - 1] === 1 ? 'meanSquaredError' : 'softmaxCrossEntropy';
    const predictor = createPredictor(engine, build(sizes), { maxRows: 1, loss });
    const row = values(sizes[0]);
    return { call: () => predictor.predict(row), dispose: () => predictor.dispose() };
  };
}

/** As lines. */
export function smallRow({ network, what, batch, rows }: SmallResult): string {
  const head =
    what === 'predict' ? `${network}, one row predicted` : `${network}, a step, ${what}, batch ${batch}`;
  const lines = rows.map(({ name, time: { median, low, high } }) => {
    const digits = (value: number) => value.toFixed(value < 100 ? 2 : 0);
    return `  ${name.padEnd(16)} ${digits(median).padStart(8)} µs [${digits(low)}–${digits(high)}]`;
  });
  return `${head}\n${lines.join('\n')}`;
}
