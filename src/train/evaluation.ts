/** What `evaluate` does: loaded with its first call. */

import { OptionReader } from '../base/options.js';
import { type Dataset, formOf } from '../data/set.js';
import type { StreamedDataset, StreamForm } from '../data/stream.js';
import type { Engine } from '../engine/engine.js';
import { Compiled } from '../nn/compiled.js';
import { headsOf } from '../nn/head.js';
import type { Loss, LossOption } from '../nn/losses.js';
import type { Network } from '../nn/model.js';
import { totalOf, traceable } from '../nn/own-loss.js';
import type { HeadPlan } from '../nn/plan.js';
import { checkDataset, checkEngine, checkModel, checkScale, lossOn, requireLoss } from './check.js';
import { checkFitsTargets } from './check-targets.js';
import { checkWeights } from './finite.js';
import { failWithHint } from './hints.js';
import type { Evaluation } from './history.js';
import { listedMetrics } from './listed-metrics.js';
import { measure } from './measure.js';
import type { MetricsOption } from './metrics/resolve.js';
import type { RowSource } from './row-source.js';
import { BatchSource } from './source.js';
import { Turn } from './turn.js';

/** How `evaluate` measures. */
export interface EvaluateOptions {
  /**
   * That of the model's training by default, which it remembers. Required for a model that has not been
   * trained.
   */
  loss?: LossOption;
  /** Rows computed at once; 250 by default. The result does not depend on it. */
  batchSize?: number;
  /** Measured beside loss and accuracy; lists by output where losses are given by output. */
  metrics?: MetricsOption;
}

/** `evaluate` of evaluate.ts. */
export async function runEvaluation(
  engine: Engine,
  model: Network,
  given: Dataset | StreamedDataset,
  options?: EvaluateOptions,
): Promise<Evaluation> {
  const set = formOf(given);
  const where = 'evaluate';
  const reader = new OptionReader(where, options);
  const lossOption = reader.any('loss');
  const batchSize = reader.integer('batchSize', { min: 1 }, 250);
  const metricList = reader.any('metrics');
  reader.end();
  checkEngine(where, engine);
  checkModel(where, model);
  checkDataset(where, 'set', set);
  const streams = 'stream' in set;
  const loss = traceable(lossOn(set, knownLoss(where, model, lossOption)));
  checkScale(where, 'set', model, set);
  checkFitsTargets(where, 'set', model, set, loss);
  const heads = headsOf(where, model, loss);
  // Loaded only where there are several outputs: most models have one.
  const outputs =
    loss.parts && (await (await import('./outputs.js')).readOutputs(where, model, set, loss, metricList));
  const { classifies, metrics } = outputs
    ? outputs.total
    : await listedMetrics(where, metricList, heads[0], set);
  const maxRows = Math.min(batchSize, ((set as Partial<StreamForm>).stream ?? set).size ?? Infinity);
  const compiled = new Compiled(engine, model, { maxRows, loss }, { totalOf });
  let source: RowSource | undefined;
  try {
    const turn = new Turn();
    checkWeights(where, compiled);
    source = await BatchSource.open(engine, set, turn, `${where}, set`, { compiled });
    const all = heads.map(
      ({ size }, i) =>
        new Answered(streams ? 0 : set.size, size, outputs ? outputs.all[i].classifies : classifies),
    );
    const score = (await measure(compiled, source, { where, metrics, outputs, turn }, (plan, start) => {
      for (const [i, one] of all.entries()) one.add(plan.ports.outputs[i], start);
    }))!;
    const { size } = source;
    const { outputs: scores, ...total } = score;
    const own = all.length === 1 ? all[0] : new Answered(0, 0, false);
    if (!scores) return { size, ...total, ...own.result() };
    const each = heads.map(({ name }, i) => [name, { size, ...scores[name], ...all[i].result() }] as const);
    return { size, ...total, ...own.result(), outputs: Object.fromEntries(each) };
  } finally {
    engine.settle();
    source?.dispose();
    compiled.dispose();
  }
}

/** As `requireLoss`, and says what losses of other libraries are called here. */
function knownLoss(where: string, model: Network, given: unknown): Loss {
  try {
    return requireLoss(where, model, given);
  } catch (error) {
    return failWithHint(error);
  }
}

/** What one output answers to each sample; of a size of 0, as streams have here, only how often to each class. */
class Answered {
  readonly #width: number;
  readonly #classifies: boolean;
  readonly #losses: Float32Array;
  readonly #predictions: Int32Array;
  readonly #confidences: Float32Array;
  readonly #confusion: number[][];

  constructor(size: number, width: number, classifies: boolean) {
    this.#width = width;
    this.#classifies = classifies;
    this.#losses = new Float32Array(size);
    this.#predictions = new Int32Array(size);
    this.#confidences = new Float32Array(size);
    const classes = classifies ? Math.max(width, 2) : 0;
    this.#confusion = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  }

  /** A batch, after its loss; `start` is the place of its first row. */
  add(head: HeadPlan, start: number): void {
    const kept = this.#losses.length > 0;
    if (kept) this.#losses.set(head.losses.read(), start);
    if (!this.#classifies) return;
    head.classify();
    const predictions = head.predictions.read();
    for (const [i, label] of head.labels.read().entries()) this.#confusion[label][predictions[i]]++;
    if (!kept) return;
    this.#predictions.set(predictions, start);
    const probabilities = head.probabilities.read();
    for (let row = 0; row < head.outputs.rows; row++) {
      const predicted = this.#predictions[start + row];
      this.#confidences[start + row] = confidence(probabilities, row, predicted, this.#width);
    }
  }

  result(): Pick<Evaluation, 'confusion' | 'predictions' | 'losses' | 'confidences'> {
    const [predictions, losses, confidences] = [this.#predictions, this.#losses, this.#confidences];
    const confusion = this.#confusion;
    return { confusion, predictions, losses, confidences };
  }
}

/** The probability of a row's predicted class. A single output is that of class 1. */
function confidence(probabilities: ArrayLike<number>, row: number, predicted: number, width: number): number {
  if (width > 1) return probabilities[row * width + predicted];
  return predicted === 1 ? probabilities[row] : 1 - probabilities[row];
}
