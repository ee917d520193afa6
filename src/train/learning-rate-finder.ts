/**
 * The learning-rate range test: a few steps with a rate that grows from tiny to huge, and where the loss
 * falls fastest. The model is left as it was.
 *
 * Source: L. N. Smith, "Cyclical learning rates for training neural networks", 2017 (arXiv 1506.01186).
 * Smoothing, stop and suggestion follow fastai's `lr_find`.
 */

import { OptionError } from '../base/errors.js';
import { OptionReader } from '../base/options.js';
import type { Dataset } from '../data/dataset.js';
import type { Engine } from '../engine/engine.js';
import { CompiledModel } from '../nn/compile.js';
import { type LossOption, resolveLoss } from '../nn/losses.js';
import type { Network } from '../nn/model.js';
import { isOptimizer, OPTIMIZER, type Optimizer } from '../nn/optimizers.js';
import { checkDataset, checkEngine, checkModel, lossOn } from './check.js';
import { checkFitsTargets } from './check-targets.js';
import { checkRows, checkWeights } from './finite.js';
import type { RowSource } from './row-source.js';
import { BatchSource } from './source.js';
import { Turn } from './turn.js';

/** Which learning rates `findLearningRate` tries. */
export interface FindLearningRateOptions {
  loss: LossOption;
  /** Its own rate is of no account. */
  optimizer: Optimizer;
  /** 64 by default. */
  batchSize?: number;
  /** The first rate; 1e-6 by default. */
  from?: number;
  /** The last rate; 10 by default. */
  to?: number;
  /** Steps from the one to the other; 100 by default. */
  steps?: number;
  /** Of the order in which samples come; the model's own by default. */
  seed?: number;
}

/** What `findLearningRate` found: the loss at each rate, and a rate to begin with. */
export interface LearningRateCurve {
  /** Of each step, growing by the same factor. */
  readonly rates: readonly number[];
  /** The batch's mean loss before the step. */
  readonly losses: readonly number[];
  /** An exponential moving average of them, free of the bias of its beginning. */
  readonly smoothed: readonly number[];
  /**
   * Where the smoothed loss falls most steeply over the logarithm of the rate; undefined when it never falls.
   */
  readonly suggestion: number | undefined;
  /** A tenth of the rate at which the smoothed loss is smallest: the upper end of what is sensible. */
  readonly maximum: number;
}

/** Weight of the past in the smoothed loss. */
const MEMORY = 0.98;
/** Steps at the beginning that are no ground for a decision. */
const WARM_UP = 10;

/**
 * Tries rates on `train`. It ends early, when the loss is four times its minimum or no number. Throws as
 * `fit` does.
 */
export async function findLearningRate(
  engine: Engine,
  model: Network,
  train: Dataset,
  options: FindLearningRateOptions,
): Promise<LearningRateCurve> {
  const where = 'findLearningRate';
  checkEngine(where, engine);
  checkModel(where, model);
  const reader = new OptionReader(where, options);
  const given = resolveLoss(where, reader.required('loss', 'a loss'));
  const optimizer = reader.required('optimizer', OPTIMIZER, isOptimizer);
  const batchSize = reader.integer('batchSize', { min: 1 }, 64);
  const from = reader.number('from', { above: 0 }, 1e-6);
  const to = reader.number('to', { above: 0 }, 10);
  const steps = reader.integer('steps', { min: WARM_UP + 2 }, 100);
  checkDataset(where, 'train', train);
  const loss = lossOn(train, given);
  checkFitsTargets(where, 'train', model, train, loss);
  const seed = reader.integer('seed', { min: 0 }, model.seed);
  reader.end();
  if (from >= to) throw new OptionError(where, `option to: expected more than from, ${from}, given ${to}`);

  const maxRows = Math.min(batchSize, train.size);
  const compiled = new CompiledModel(engine, model, { maxRows, optimizer, loss, seed });
  let source: RowSource | undefined;
  try {
    const turn = new Turn();
    checkWeights(where, compiled);
    source = await BatchSource.open(engine, train, turn, `${where}, train`);
    const curve = { rates: [] as number[], losses: [] as number[], smoothed: [] as number[] };
    let average = 0;
    let best = Number.POSITIVE_INFINITY;
    let start = train.size;
    let epoch = 0;
    for (let step = 0; step < steps; step++) {
      // Whole batches only: a small last one is as loud as it is short.
      if (start + maxRows > train.size) {
        source.shuffle(seed, epoch++);
        start = 0;
      }
      const rate = from * (to / from) ** (step / (steps - 1));
      const plan = compiled.plan(maxRows);
      source.load(plan, start);
      start += maxRows;
      plan.forward(true);
      const lossSum = plan.loss();
      const mean = lossSum / plan.weight();
      // Before any step has been made no rate is to blame.
      if (step === 0)
        checkRows(where, plan, () => ({ words: 'a row of the first batch' }), { loss: lossSum });
      if (!Number.isFinite(mean)) break;
      average = MEMORY * average + (1 - MEMORY) * mean;
      const smooth = average / (1 - MEMORY ** (step + 1));
      curve.rates.push(rate);
      curve.losses.push(mean);
      curve.smoothed.push(smooth);
      best = Math.min(best, smooth);
      if (step >= WARM_UP && smooth > 4 * best) break;
      plan.step(rate);
      if (turn.due()) await turn.take();
    }
    return { ...curve, ...judge(curve.rates, curve.smoothed) };
  } finally {
    engine.settle();
    source?.dispose();
    compiled.dispose();
  }
}

/** Rates grow by the same factor, so a difference of losses is a slope over the logarithm of the rate. */
function judge(
  rates: readonly number[],
  smoothed: readonly number[],
): Pick<LearningRateCurve, 'suggestion' | 'maximum'> {
  let steepest = 0;
  let suggestion: number | undefined;
  let lowest = 0;
  for (let i = 1; i < rates.length; i++) {
    if (smoothed[i] < smoothed[lowest]) lowest = i;
    // An average of few batches moves with each of them.
    if (i < WARM_UP || i + 1 >= rates.length) continue;
    const slope = (smoothed[i + 1] - smoothed[i - 1]) / 2;
    if (slope < steepest) [steepest, suggestion] = [slope, rates[i]];
  }
  return { suggestion, maximum: rates.length > 0 ? rates[lowest] / 10 : Number.NaN };
}
