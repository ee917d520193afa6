/**
 * Loss, accuracy and metrics of a compiled model over a whole set, batch by batch, in the order of the set.
 */
import type { Compiled } from '../nn/compiled.js';
import type { HeadPlan, Plan } from '../nn/plan.js';
import { checkRows, type Progress, rowsFrom } from './finite.js';
import type { Score } from './history.js';
import type { Metric, MetricBatch, MetricSum, Task } from './metrics/metric.js';
import type { RowSource } from './row-source.js';
import type { Turn } from './turn.js';

/** Sums of each output, where losses are given by output. */
interface OutputSums {
  /** After the plan's `forward` and `loss`. */
  add(plan: Plan): void;
  score(rows: number): Score;
}

/** How a set is measured, and where: for messages. */
export interface Measurement {
  readonly where: string;
  readonly metrics: readonly Metric[];
  /** Where losses are given by output. */
  readonly outputs?: { tally(): OutputSums } | undefined;
  readonly turn: Turn;
  /** Ends the waiting for a set that streams. */
  readonly signal?: { readonly aborted: boolean } | undefined;
  /** Of the training that it is a part of. */
  readonly progress?: Progress;
}

/**
 * `each` is called after every batch's forward and loss, with the place of its first row. Throws
 * NonFiniteError, with the row, for an output or a loss that is NaN or infinite. undefined when it was aborted
 * while it waited for rows.
 */
export async function measure(
  compiled: Compiled,
  source: RowSource,
  { where, metrics, outputs, turn, signal, progress }: Measurement,
  each?: (plan: Plan, start: number) => void,
): Promise<Score | undefined> {
  const sums = metrics.map((metric) => metric.start(compiled.model.outputSize));
  const tally = outputs?.tally();
  let loss = 0;
  let weight = 0;
  let correct = 0;
  for (let start = 0; ; ) {
    const wait = source.ready?.(start, compiled.maxRows, signal);
    if (wait) {
      await wait;
      if (signal?.aborted) return undefined;
    }
    if (start >= source.size) break;
    const plan = compiled.plan(Math.min(compiled.maxRows, source.size - start));
    source.load(plan, start);
    plan.forward();
    const lossSum = plan.loss();
    checkRows(where, plan, rowsFrom(start), { loss: lossSum, progress });
    loss += lossSum;
    weight += plan.weight();
    correct += plan.countCorrect();
    tally?.add(plan);
    if (sums.length > 0) addBatch(sums, metrics, plan);
    each?.(plan, start);
    start += plan.rows;
    if (turn.due()) await turn.take();
  }
  const values = Object.fromEntries(metrics.map(({ name }, i) => [name, sums[i].value()]));
  return {
    loss: weight > 0 ? loss / weight : 0,
    accuracy: correct / source.size,
    ...(metrics.length > 0 && { metrics: values }),
    ...tally?.score(source.size),
  };
}

export function addBatch(sums: readonly MetricSum[], metrics: readonly Metric[], plan: HeadPlan): void {
  const batches = new Map<Task, MetricBatch>();
  for (const [i, { task }] of metrics.entries()) {
    const batch = batches.get(task) ?? (task === 'regression' ? predicted(plan) : classified(plan, task));
    batches.set(task, batch);
    sums[i].add(batch);
  }
}

/** Logits, beside classes or labels. */
function classified(plan: HeadPlan, task: Task): MetricBatch {
  let probabilities: ArrayLike<number> | undefined;
  return {
    rows: plan.outputs.rows,
    outputs: plan.outputs.read(),
    ...(task === 'multilabel' ? { targets: plan.targets!.read() } : { labels: plan.labels.read() }),
    probabilities() {
      if (!probabilities) {
        // By the kernels and not by Math.exp, whose bits are each runtime's own.
        plan.classify();
        probabilities = plan.probabilities.read();
      }
      return probabilities;
    },
  };
}

/**
 * Numbers as the model predicts them: its outputs, or probabilities where they answer questions of yes and
 * no.
 */
function predicted(plan: HeadPlan): MetricBatch {
  plan.classify();
  const outputs = plan.probabilities.read();
  return { rows: plan.outputs.rows, outputs, targets: plan.targets!.read(), probabilities: () => outputs };
}
