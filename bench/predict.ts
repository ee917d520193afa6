/**
 * What one row costs: the plan of a compiled model, bound once, with its inputs written and its probabilities
 * read; a predictor, which also checks what it is given and sees whether the model has changed; and
 * `predict`, which finds its predictor first.
 */
import type { Engine } from '../src/engine/engine.js';
import { CompiledModel } from '../src/nn/compile.js';
import { dense } from '../src/nn/dense.js';
import { sequential } from '../src/nn/sequential.js';
import { predict } from '../src/train/predict.js';
import { createPredictor } from '../src/train/predictor.js';
import type { Contender } from './engines.js';
import { type Candidate, type Effort, everyRound, spread } from './harness.js';

export interface PredictResult {
  readonly network: string;
  readonly rows: readonly {
    /** Of the engine, and of what is asked. */
    readonly engine: string;
    readonly way: (typeof ways)[number];
    /** Microseconds a row: median over the rounds, and its quartiles. */
    readonly time: { readonly median: number; readonly low: number; readonly high: number };
    /** Times the bound plan's time on the same engine, round by round: the median. */
    readonly overPlan: number;
    /** Times as fast as the same on the reference engine, round by round: the median. */
    readonly overReference: number;
  }[];
}

const ways = ['plan', 'predictor', 'predict', 'handed out'] as const;

/** Rows of one measured run, one after the other: the clock takes as long as the smallest network. */
const CALLS = 20;

const NETWORKS = [
  [4, 64, 64, 2],
  [784, 300, 100, 10],
];

export async function benchPredict(
  contenders: readonly Contender[],
  effort: Effort,
  { report }: { report: (result: PredictResult) => void },
): Promise<PredictResult[]> {
  const results: PredictResult[] = [];
  for (const sizes of NETWORKS) {
    const all = contenders.map(({ name, engine }) => ({ name, ...prepare(name, engine, sizes) }));
    const rates = await everyRound(
      all.flatMap(({ candidates }) => candidates),
      effort,
    );
    const rows = all.flatMap(({ name }, engine) =>
      ways.map((way, i) => {
        const own = rates[engine * ways.length + i];
        const [plan, reference] = [rates[engine * ways.length], rates[i]];
        const ratio = (a: readonly number[], b: readonly number[]) =>
          spread(a.map((rate, round) => rate / b[round]));
        return {
          engine: name,
          way,
          time: spread(own.map((rate) => 1e6 / rate)),
          overPlan: ratio(plan, own).median,
          overReference: ratio(own, reference).median,
        };
      }),
    );
    for (const { dispose } of all) dispose();
    results.push({ network: sizes.join('-'), rows });
    report(results[results.length - 1]);
  }
  return results;
}

function prepare(name: string, engine: Engine, sizes: readonly number[]) {
  const loss = 'softmaxCrossEntropy';
  const make = () =>
    sequential(
      sizes[0],
      sizes.slice(1).map((units, i) => dense(units, i < sizes.length - 2 ? { activation: 'relu' } : {})),
      { seed: 1 },
    );
  const [model, written] = [make(), make()];
  // Read once, these arrays are compared at every call: see src/nn/values.ts.
  for (const parameter of written.parameters) parameter.values.fill(0.01);
  const row = Float32Array.from({ length: sizes[0] }, (_, i) => ((i * 7) % 16) / 16);
  const compiled = new CompiledModel(engine, model, { maxRows: 1, loss });
  const plan = compiled.plan(1);
  const predictor = createPredictor(engine, model, { loss });
  const watching = createPredictor(engine, written, { loss });
  const calls: Record<(typeof ways)[number], () => unknown> = {
    plan() {
      plan.inputs.write(row);
      plan.loaded();
      plan.forward();
      plan.classify();
      return plan.probabilities.read();
    },
    predictor: () => predictor.predict(row),
    predict: () => predict(engine, model, row, { loss }),
    'handed out': () => watching.predict(row),
  };
  return {
    candidates: ways.map((way): Candidate => {
      const call = calls[way];
      return {
        name: `${name}, ${way}`,
        amount: CALLS,
        run() {
          for (let i = 0; i < CALLS; i++) call();
        },
      };
    }),
    dispose() {
      for (const each of [compiled, predictor, watching]) each.dispose();
    },
  };
}
