/**
 * What it gains to keep weights packed while they stand still: the same calls, with weights said to have
 * changed before each of them (so that each packs them anew, as in training), and with weights that stand
 * still. And what it would gain to pack them as soon as they were updated.
 */
import type { Engine } from '../src/engine/engine.js';
import { CompiledModel } from '../src/nn/compile.js';
import { dense } from '../src/nn/dense.js';
import { sequential } from '../src/nn/sequential.js';
import { matmul } from '../src/ops/matmul.js';
import { sgdStep } from '../src/ops/optimizers.js';
import { PackedMatrix } from '../src/ops/packed.js';
import type { Contender } from './engines.js';
import { type Candidate, type Effort, everyRound, type Rate, spread } from './harness.js';
import { formatShape, type ProductShape, parseShape } from './shapes.js';

export interface PackedResult {
  readonly task: string;
  readonly unit: 'GFLOPS' | 'samples/s';
  readonly rates: readonly {
    /** Of the engine. */
    readonly name: string;
    /** Medians: packed by each product, and packed before. */
    readonly again: number;
    readonly kept: number;
    /** How many times as fast, round by round: a host whose speed drifts moves both. */
    readonly gain: Omit<Rate, 'name'>;
  }[];
}

const SHAPES = ['64x784:784x300', '250x784:784x300', '64x1024:1024x1024', '250x1024:1024x1024'];
/** Rows at once: a batch of training, and what `evaluate` and `predict` take. */
const ROWS = [64, 250];
const NETWORKS = [
  [784, 300, 10],
  [784, 1024, 1024, 10],
];

export async function benchPacked(
  contenders: readonly Contender[],
  effort: Effort,
  { quick, report }: { quick: boolean; report: (result: PackedResult) => void },
): Promise<PackedResult[]> {
  // The reference packs at each call whatever it is given.
  const engines = contenders.filter(({ name }) => name !== 'reference');
  const results: PackedResult[] = [];
  const measure = async (task: string, unit: PackedResult['unit'], make: (engine: Engine) => Pair) => {
    const pairs = engines.map(({ name, engine }) => ({ name, ...make(engine) }));
    const candidates = pairs.flatMap(({ name, amount, again, kept }): Candidate[] => [
      { name, amount, run: again },
      { name: `${name}, kept`, amount, run: kept },
    ]);
    const rates = await everyRound(candidates, effort);
    const gains = pairs.map(({ name }, i) => {
      const [again, kept] = [rates[2 * i], rates[2 * i + 1]];
      const gain = spread(kept.map((rate, round) => rate / again[round]));
      return { name, again: spread(again).median, kept: spread(kept).median, gain };
    });
    results.push({ task, unit, rates: gains });
    report(results[results.length - 1]);
    for (const { dispose } of pairs) dispose();
  };

  for (const text of quick ? SHAPES.slice(0, 1) : SHAPES) {
    const shape = parseShape(text);
    const name = `gemm_nn ${formatShape(shape)}`;
    await measure(name, 'GFLOPS', (engine) => product(engine, shape));
    await measure(`sgd_step and ${name}, packed between them`, 'GFLOPS', (engine) => updated(engine, shape));
  }
  for (const sizes of quick ? NETWORKS.slice(0, 1) : NETWORKS) {
    for (const rows of ROWS) {
      const task = `forward ${sizes.join('-')}, ${rows} rows, none of them sparse`;
      await measure(task, 'samples/s', (engine) => forward(engine, sizes, rows));
    }
  }
  return results;
}

interface Pair {
  readonly amount: number;
  /** Packs the weights, and reads those that were packed before. */
  again(): void;
  kept(): void;
  dispose(): void;
}

type Sizes = Pick<ProductShape, 'M' | 'N' | 'K'>;

function product(engine: Engine, sizes: Sizes): Pair {
  const { arena, a, b, c, amount } = operands(engine, sizes);
  const kept = matmul({ c, a, b, packed: new PackedMatrix(arena, b) });
  const again = () => {
    b.changed();
    kept();
  };
  return { amount, again, kept, dispose: () => arena.dispose() };
}

/** The weights change before each product, which packs them or finds that done. */
function updated(engine: Engine, sizes: Sizes): Pair {
  const { arena, a, b, c, amount } = operands(engine, sizes);
  const update = sgdStep({ w: b, g: arena.padded('float', b.shape) });
  const plain = matmul({ c, a, b });
  const packed = new PackedMatrix(arena, b);
  const kept = matmul({ c, a, b, packed });
  return {
    amount,
    again() {
      update(0);
      plain();
    },
    kept() {
      update(0);
      b.changed();
      // The product is the second to ask, and finds them packed.
      packed.panels();
      kept();
    },
    dispose: () => arena.dispose(),
  };
}

function operands(engine: Engine, { M, N, K }: Sizes) {
  const arena = engine.arena();
  const [a, b, c] = [
    [M, K],
    [K, N],
    [M, N],
  ].map((shape) => arena.padded('float', shape));
  for (const tensor of [a, b]) tensor.write(numbers(engine, tensor.size));
  return { arena, a, b, c, amount: (2 * M * N * K) / 1e9 };
}

function forward(engine: Engine, sizes: readonly number[], rows: number): Pair {
  const layers = sizes
    .slice(1)
    .map((units, i) => dense(units, i < sizes.length - 2 ? { activation: 'relu' } : {}));
  const compiled = new CompiledModel(engine, sequential(sizes[0], layers, { seed: 1 }), { maxRows: rows });
  const plan = compiled.plan(rows);
  plan.inputs.write(numbers(engine, rows * sizes[0]));
  plan.loaded();
  return {
    amount: rows,
    again() {
      compiled.parameters.changed();
      plan.forward();
    },
    kept: () => plan.forward(),
    dispose: () => compiled.dispose(),
  };
}

/** Uniform numbers, none of them 0. */
function numbers(engine: Engine, count: number) {
  const arena = engine.arena();
  const tensor = arena.tensor('float', [count]);
  engine.kernels.random_uniform(tensor.pointer, count, 1, 0, 0, 0, 0.1, 1);
  const values = tensor.read();
  arena.dispose();
  return values;
}
