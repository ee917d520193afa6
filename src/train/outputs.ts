/**
 * Each output of a model by itself, where losses are given by output: its score, its metrics, the weights of
 * its classes. Loaded only there.
 */
import { isPlainObject } from '../base/arrays.js';
import { OptionError, show } from '../base/errors.js';
import { didYouMean } from '../base/options.js';
import { type Answers, answersOf, type Dataset } from '../data/set.js';
import { headsOf } from '../nn/head.js';
import type { Loss } from '../nn/losses.js';
import type { Network } from '../nn/model.js';
import type { Plan } from '../nn/plan.js';
import type { OutputTally } from './checkpoint.js';
import { withClassWeights } from './class-weights.js';
import type { OutputScore, Score } from './history.js';
import { listedMetrics } from './listed-metrics.js';
import { addBatch } from './measure.js';
import type { Metric, MetricSum } from './metrics/metric.js';
import type { MeasuredOutput } from './monitor.js';

interface Output extends MeasuredOutput {
  readonly size: number;
  /** What its mean loss is multiplied by in the total. */
  readonly weight: number;
}

/** The outputs of a model as a loss by output and a set have them. */
export class Outputs {
  readonly all: readonly Output[];

  constructor(all: readonly Output[]) {
    this.all = all;
  }

  /** What is measured of all together: an accuracy only where there is one output. */
  get total(): { readonly classifies: boolean; readonly metrics: readonly Metric[] } {
    return { classifies: this.all.length === 1 && this.all[0].classifies, metrics: [] };
  }

  /** Something to add batches to. */
  tally(metrics = true): OutputScores {
    return new OutputScores(this.all, metrics);
  }

  /** JSON. */
  get metricNames(): Record<string, string[]> {
    return Object.fromEntries(this.all.map(({ name, metrics }) => [name, metrics.map((own) => own.name)]));
  }
}

/** `metrics` as the caller gave them: lists by output. The set fits the model and its loss. */
export async function readOutputs(
  where: string,
  model: Network,
  set: Dataset,
  loss: Loss,
  metrics: unknown,
): Promise<Outputs> {
  const heads = headsOf(where, model, loss);
  const lists = byOutput(where, 'metrics', 'lists of metrics', heads, metrics);
  const outputs: Output[] = [];
  for (const head of heads) {
    const { name, size, weight } = head;
    const measured = await listedMetrics(`${where}, ${name}`, lists[name], head, answersFor(set, name));
    outputs.push({ name, size, weight, ...measured });
  }
  return new Outputs(outputs);
}

/**
 * The loss with weights for the classes of some outputs: by the output's name what `classWeights` is for one.
 */
export function withClassWeightsByOutput(
  where: string,
  model: Network,
  set: Dataset,
  loss: Loss,
  given: unknown,
): Loss {
  const heads = headsOf(where, model, loss);
  const weights = byOutput(where, 'classWeights', '"balanced" or one number a class', heads, given);
  const { targets: _, answersByName: __, inputsByName: ___, ...others } = set;
  const parts = heads.map(({ name, loss: own, weight, size }) => {
    const wanted = weights[name];
    if (wanted === undefined) return [name, { loss: own, weight }] as const;
    const ownSet = { ...others, ...answersFor(set, name) };
    const weighted = withClassWeights(`${where}, ${name}`, own, wanted, ownSet, size);
    return [name, { loss: weighted, weight }] as const;
  });
  return { ...loss, parts: Object.fromEntries(parts) };
}

function byOutput(
  where: string,
  option: string,
  what: string,
  heads: readonly { readonly name: string }[],
  given: unknown,
): Readonly<Record<string, unknown>> {
  if (given === undefined) return {};
  const names = heads.map(({ name }) => name);
  if (!isPlainObject(given)) {
    const expected = `expected ${what} by output, such as { ${names[0]}: … }`;
    throw new OptionError(where, `option ${option}: ${expected}, given ${show(given)}`);
  }
  const unknown = Object.keys(given).find((name) => !names.includes(name));
  if (unknown === undefined) return given;
  const known = `expected ${names.join(', ')}${didYouMean(unknown, names)}`;
  throw new OptionError(where, `option ${option}: the model has no output ${show(unknown)}; ${known}`);
}

function answersFor(set: Dataset, output: string): Answers {
  return answersOf(set).find(([name]) => name === undefined || name === output)![1];
}

/** Sums over batches, output by output. */
export class OutputScores {
  readonly #outputs: readonly Output[];
  readonly #metrics: readonly (readonly MetricSum[])[];
  /** The sum of losses, what to divide it by for the mean, and how many rows were right. */
  readonly #loss: Float64Array;
  readonly #weight: Float64Array;
  readonly #correct: Float64Array;

  constructor(outputs: readonly Output[], metrics: boolean) {
    this.#outputs = outputs;
    this.#metrics = outputs.map((own) =>
      metrics ? own.metrics.map((metric) => metric.start(own.size)) : [],
    );
    [this.#loss, this.#weight, this.#correct] = [0, 1, 2].map(() => new Float64Array(outputs.length));
  }

  /** After the plan's `forward` and `loss`. */
  add({ ports: { outputs } }: Plan): void {
    for (let i = 0; i < outputs.length; i++) {
      const head = outputs[i];
      this.#loss[i] += head.last.loss;
      this.#weight[i] += head.weight();
      this.#correct[i] += head.countCorrect();
      if (this.#metrics[i].length > 0) addBatch(this.#metrics[i], this.#outputs[i].metrics, head);
    }
  }

  /**
   * Of all batches so far, which have so many rows; the total is the sum of the outputs' mean losses, each
   * times its weight.
   */
  score(rows: number): Score {
    let loss = 0;
    const scores = this.#outputs.map(({ name, weight, metrics }, i): [string, OutputScore] => {
      const mean = this.#weight[i] > 0 ? this.#loss[i] / this.#weight[i] : 0;
      loss += weight * mean;
      const sums = this.#metrics[i];
      const values = sums.map((sum, k) => [metrics[k].name, sum.value()] as const);
      const measured = sums.length > 0 && { metrics: Object.fromEntries(values) };
      return [name, { loss: mean, accuracy: this.#correct[i] / rows, ...measured }];
    });
    const accuracy = scores.length === 1 ? scores[0][1].accuracy : Number.NaN;
    return { loss, accuracy, outputs: Object.fromEntries(scores) };
  }

  clear(): void {
    for (const sums of [this.#loss, this.#weight, this.#correct]) sums.fill(0);
  }

  /** For a checkpoint within an epoch. */
  get state(): readonly OutputTally[] {
    return this.#outputs.map(({ name }, i) => ({
      ...{ name, lossSum: this.#loss[i], weight: this.#weight[i], correct: this.#correct[i] },
    }));
  }

  /** Goes on from what `state` gave. */
  restore(state: readonly OutputTally[]): void {
    for (const [i, { name }] of this.#outputs.entries()) {
      const own = state.find((one) => one.name === name);
      if (!own) continue;
      this.#loss[i] = own.lossSum;
      this.#weight[i] = own.weight;
      this.#correct[i] = own.correct;
    }
  }
}
