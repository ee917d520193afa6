/**
 * What it gains to keep weights packed while they stand still: the same calls, with weights said to have changed before each of
 * them (so that each packs them anew, as in training), and with weights that stand still.
 */
import type { Engine } from '../src/engine/engine.js';
import { PackedMatrix } from '../src/engine/ops/packed.js';
import { matmul } from '../src/engine/ops/products.js';
import { CompiledModel } from '../src/nn/compile.js';
import { dense } from '../src/nn/dense.js';
import { sequential } from '../src/nn/sequential.js';
import type { Contender } from './engines.js';
import { type Candidate, compare, type Effort, type Rate } from './harness.js';
import { formatShape, parseShape } from './shapes.js';

export interface PackedResult {
  readonly task: string;
  readonly unit: 'GFLOPS' | 'samples/s';
  /** Of each engine, one after the other: packed at each call, kept packed. */
  readonly rates: readonly Rate[];
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
    const candidates = pairs.flatMap(({ name, amount, run, change }): Candidate[] => [
      {
        name,
        amount,
        run() {
          change();
          run();
        },
      },
      { name: `${name}, kept`, amount, run },
    ]);
    results.push({ task, unit, rates: await compare(candidates, effort) });
    report(results[results.length - 1]);
    for (const { dispose } of pairs) dispose();
  };

  for (const text of quick ? SHAPES.slice(0, 1) : SHAPES) {
    const shape = parseShape(text);
    await measure(`gemm_nn ${formatShape(shape)}`, 'GFLOPS', (engine) => product(engine, shape));
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
  run(): void;
  /** Says that the weights have changed. */
  change(): void;
  dispose(): void;
}

function product(engine: Engine, { M, N, K }: { M: number; N: number; K: number }): Pair {
  const arena = engine.arena();
  const [a, b, c] = [
    [M, K],
    [K, N],
    [M, N],
  ].map((shape) => arena.padded('float', shape));
  for (const tensor of [a, b]) tensor.write(numbers(engine, tensor.size));
  return {
    amount: (2 * M * N * K) / 1e9,
    run: matmul({ c, a, b, packed: new PackedMatrix(arena, b) }),
    change: () => b.changed(),
    dispose: () => arena.dispose(),
  };
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
    run: () => plan.forward(),
    change: () => compiled.parameters.changed(),
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
