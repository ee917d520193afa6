/**
 * Losses: what training makes small, and where its gradient enters the network. Means follow PyTorch: over
 * rows and outputs; with weights, the weighted sum divided by the sum of the weights, as its CrossEntropyLoss
 * and, from 2.6 on, mse_loss do.
 */

import { isPlainObject } from '../base/arrays.js';
import { OptionError, show } from '../base/errors.js';
import { OptionReader } from '../base/options.js';
import type { Tensor } from '../engine/tensor.js';
import type { Value } from '../graph/value.js';
import type { Call } from '../ops/check.js';
import { type LossCall, rowWeights, targetLoss, weightedCrossEntropy } from '../ops/losses.js';
import { sum } from '../ops/reduce.js';
import { softmaxCrossEntropy as plainCrossEntropy } from '../ops/softmax.js';

/** What training makes small: how outputs are compared with labels or targets. */
export interface Loss {
  readonly kind: string;
  /** JSON values that make an equal loss, `kind` among them. */
  readonly config: Readonly<Record<string, unknown>>;
  /** What of a data set the outputs are compared with: class labels, or float targets [rows, outputs]. */
  readonly answers: 'labels' | 'targets';
  /** What turns outputs into predictions: probabilities by softmax or sigmoid, or the outputs as they are. */
  readonly link: 'softmax' | 'sigmoid' | 'identity';
  /** One a class; the model must have as many outputs. */
  readonly classWeights?: readonly number[];
  /** Numbers of a target, where they are not as many as the output has. */
  readonly targetWidth?: number;
  /**
   * Of a model with several outputs: the loss of each, by its name. The total is the sum of their means, each
   * times its weight.
   */
  readonly parts?: Readonly<Record<string, LossPart>>;
  /** Of a loss of one's own: the function. */
  readonly compute?: LossFunction;
  /** @internal Puts `compute` into the graph of a model: see own-loss.ts. */
  readonly trace?: Tracer;
  /** @internal */
  compile(context: LossContext): LossCalls;
}

/** The loss of one of several outputs. */
export interface LossPart {
  readonly loss: Loss;
  /** What its mean is multiplied by. */
  readonly weight: number;
}

/**
 * What is taken for a loss: a name, a loss, or a function; and for a model with several outputs these by the
 * output's name, with their shares.
 */
export type LossOption = OneLoss | Readonly<Record<string, OneLoss | { loss: OneLoss; weight?: number }>>;

type OneLoss = LossName | Loss | LossFunction;

/**
 * A loss of one's own: one number a row, whose mean is taken, by the rows' weights where there are any; or
 * one number for the whole batch, which has to look at the weights itself. `target` is [rows, numbers of a
 * target], class labels as one number each.
 */
export type LossFunction = (given: {
  readonly output: Value;
  readonly target: Value;
  /** [rows]; 1 each where the data have none. */
  readonly weights: Value;
}) => Value;

/** Gives the graph of a loss of one's own, which reads a target and weights, for an output of a model. */
export type Tracer = (
  where: string,
  graph: { readonly [leaves in 'inputs' | 'parameters' | 'buffers']: readonly Value[] },
  head: { readonly loss: Loss; readonly name: string; readonly size: number },
  output: Value,
) => { readonly target: Value; readonly weights: Value; readonly value: Value };

/**
 * A loss of one's own as the graph has it: one number a row, or one in all; and where the gradient at it
 * goes.
 */
export interface TracedLoss {
  readonly value: Tensor;
  readonly gradient: Tensor | undefined;
  readonly perRow: boolean;
}

export interface LossContext {
  /** One value a row, times its weight. */
  readonly losses: Tensor;
  readonly outputs: Tensor;
  readonly labels: Tensor;
  /** [rows, outputs]; present for losses whose answers they are. */
  readonly targets?: Tensor | undefined;
  /** [rows]; looked at when `batch.weighted`. */
  readonly weights: Tensor;
  /** [rows], scratch. */
  readonly rowWeights: Tensor;
  /** [classes] */
  readonly classWeights?: Tensor | undefined;
  /** Absent when only the values are wanted. */
  readonly dOutputs?: Tensor | undefined;
  readonly batch: { readonly weighted: boolean };
  /** What the gradient is multiplied by: the share of this output's loss. */
  readonly factor: number;
  /** What the graph computes for a loss of one's own, and where the gradient at it goes. */
  readonly traced?: TracedLoss | undefined;
}

export interface LossCalls {
  /** Before the graph of a loss of one's own is run. */
  readonly prepare?: () => void;
  /** Losses of each row and, for training, the gradient of their mean. */
  readonly run: Call;
  /** After `run`: what the sum of losses is to be divided by for the mean. */
  weight(): number;
}

/** What `softmaxCrossEntropy` compares with, its smoothing and class weights. */
export interface SoftmaxCrossEntropyOptions {
  /**
   * `probabilities` for targets that have one of each class, which add up to 1 in each row; `labels` by
   * default.
   */
  answers?: 'labels' | 'probabilities';
  /**
   * ε: a share of each label is spread evenly over all classes; 0 by default. Of labels alone, as class
   * weights are.
   */
  labelSmoothing?: number;
  /** One a class, at least 0; 1 each by default. */
  classWeights?: readonly number[];
}

/**
 * Cross-entropy of softmax(outputs) against class labels, in nats: the outputs are logits. With class weights
 * c and smoothing ε a row's loss is (1 - ε)·c[y]·(-ln p[y]) + ε/classes · Σ c[n]·(-ln p[n]), and the mean is
 * divided by the sum of the c[y] (times sample weights): as torch.nn.CrossEntropyLoss. Against probabilities
 * t it is Σ t[n]·(-ln p[n]), as there.
 */
export function softmaxCrossEntropy(options?: SoftmaxCrossEntropyOptions): Loss {
  const reader = new OptionReader('softmaxCrossEntropy', options);
  const smoothing = reader.number('labelSmoothing', { min: 0, max: 1 }, 0);
  const classWeights = reader.optional('classWeights', 'numbers of at least 0, one a class', isWeights);
  const answers = reader.oneOf('answers', ['labels', 'probabilities'], 'labels');
  reader.end();
  const kind = 'softmaxCrossEntropy';
  if (answers === 'probabilities') {
    const other = smoothing > 0 ? 'labelSmoothing' : classWeights && 'classWeights';
    if (other)
      throw new OptionError(kind, `option ${other}: it is for labels, but the answers are probabilities`);
    return overTargets(kind, { answers }, 'softmax', (tensors) =>
      weightedCrossEntropy({ ...tensors, smoothing: 0 }),
    );
  }
  const config = {
    ...(smoothing > 0 && { labelSmoothing: smoothing }),
    ...(classWeights && { classWeights: [...classWeights] }),
  };
  return {
    kind,
    config: { kind, ...config },
    answers: 'labels',
    link: 'softmax',
    ...(classWeights && { classWeights: [...classWeights] }),
    compile(context) {
      const { losses, outputs, labels, dOutputs, classWeights: weights, batch, factor } = context;
      const gradient = dOutputs ? { dLogits: dOutputs, scale: factor / outputs.rows } : {};
      const plain = plainCrossEntropy({ losses, logits: outputs, labels, ...gradient });
      const general = weighted(
        context,
        weightedCrossEntropy({ ...context, classWeights: weights, smoothing }),
      );
      const isPlain = () => smoothing === 0 && !weights && !batch.weighted;
      return {
        run: () => (isPlain() ? plain() : general.run()),
        weight: () => (isPlain() ? outputs.rows : general.weight()),
      };
    },
  };
}

/**
 * Binary cross-entropy of sigmoid(outputs) against targets in 0 … 1, in nats: the outputs are logits, each a
 * question of its own. A data set of two classes will do for one output. `positiveWeight` multiplies the loss
 * of the positive part, 1 by default: as torch.nn.BCEWithLogitsLoss with pos_weight; sample weights, other
 * than there, also divide.
 */
export function binaryCrossEntropy(options?: { positiveWeight?: number }): Loss {
  const reader = new OptionReader('binaryCrossEntropy', options);
  const positiveWeight = reader.number('positiveWeight', { above: 0 }, 1);
  reader.end();
  const config = positiveWeight === 1 ? {} : { positiveWeight };
  return overTargets('binaryCrossEntropy', config, 'sigmoid', (tensors) =>
    targetLoss({ ...tensors, kind: 'binary', positiveWeight }),
  );
}

/** The mean of (output - target)²: as torch.nn.MSELoss. */
export function meanSquaredError(options?: Record<string, never>): Loss {
  new OptionReader('meanSquaredError', options).end();
  return overTargets('meanSquaredError', {}, 'identity', (tensors) =>
    targetLoss({ ...tensors, kind: 'squared' }),
  );
}

/** The mean of |output - target|: as torch.nn.L1Loss. */
export function meanAbsoluteError(options?: Record<string, never>): Loss {
  new OptionReader('meanAbsoluteError', options).end();
  return overTargets('meanAbsoluteError', {}, 'identity', (tensors) =>
    targetLoss({ ...tensors, kind: 'absolute' }),
  );
}

/**
 * The mean of ½ r² where |r| ≤ delta, else delta · (|r| - ½ delta), with r = output - target: as
 * torch.nn.HuberLoss. delta is 1 by default.
 */
export function huber(options?: { delta?: number }): Loss {
  const reader = new OptionReader('huber', options);
  const delta = reader.number('delta', { above: 0 }, 1);
  reader.end();
  return overTargets('huber', delta === 1 ? {} : { delta }, 'identity', (tensors) =>
    targetLoss({ ...tensors, kind: 'huber', delta }),
  );
}

/** Every loss by its name: options, configurations and the command line know of those that stand here. */
export const losses = {
  softmaxCrossEntropy,
  binaryCrossEntropy,
  meanSquaredError,
  meanAbsoluteError,
  huber,
} satisfies Record<string, () => Loss>;

/** Losses by name, with their defaults. */
export type LossName = keyof typeof losses;

export const lossNames = /* @__PURE__ */ Object.keys(losses) as readonly LossName[];

/** What is expected where a loss is, in messages. */
export function lossWords(): string {
  return `one of ${lossNames.map(show).join(', ')}, or a loss`;
}

/**
 * A loss given by name, as it is, as a function, or for several outputs by their names. Throws OptionError
 * for anything else.
 */
export function resolveLoss(where: string, given: unknown): Loss {
  if (isLoss(given)) return given;
  return isParts(given) ? severalLosses(where, given) : oneLoss(where, given);
}

function oneLoss(where: string, given: unknown): Loss {
  if (typeof given === 'string' && Object.hasOwn(losses, given)) return losses[given as LossName]();
  if (isLoss(given) && !given.parts) return given;
  if (typeof given === 'function') return untraced(given as LossFunction);
  throw new OptionError(where, `option loss: expected ${lossWords()}, given ${show(given)}`);
}

/** A loss of one's own without what compiles it, which own-loss.ts adds: most pages do without. */
export function untraced(compute: LossFunction, kind = 'own', link: Loss['link'] = 'identity'): Loss {
  return {
    ...{ kind, config: { kind }, answers: 'targets', link, compute },
    compile() {
      throw new OptionError(kind, 'compiled without its values');
    },
  };
}

/** Losses of several outputs, given by name: each alone, or with a share. */
export function severalLosses(where: string, given: Readonly<Record<string, unknown>>): Loss {
  const parts = Object.fromEntries(
    Object.entries(given).map(([name, one]): [string, LossPart] => {
      const place = `${where}, ${name}`;
      if (!isShared(one)) return [name, { loss: oneLoss(place, one), weight: 1 }];
      const reader = new OptionReader(`${place}, option loss`, one);
      const weight = reader.number('weight', { min: 0 }, 1);
      const loss = reader.required('loss', 'a loss', (own): own is unknown => own !== undefined);
      reader.end();
      return [name, { loss: oneLoss(place, loss), weight }];
    }),
  );
  return severalOf(parts);
}

/** The loss of several outputs, by their names. */
export function severalOf(parts: Readonly<Record<string, LossPart>>): Loss {
  const configs = Object.entries(parts).map(
    ([name, { loss, weight }]) => [name, { ...loss.config, weight }] as const,
  );
  return {
    kind: 'several',
    config: { kind: 'several', parts: Object.fromEntries(configs) },
    ...{ answers: 'targets', link: 'identity', parts },
    compile() {
      throw new OptionError('several', 'has no loss of its own: that of each output is compiled');
    },
  };
}

function isShared(value: unknown): value is { loss: unknown } {
  return typeof value === 'object' && value !== null && 'loss' in value && !isLoss(value);
}

/** Losses by the names of outputs. */
function isParts(value: unknown): value is Readonly<Record<string, unknown>> {
  // An output may be called anything, `kind` too; only losses can be compiled.
  return isPlainObject(value) && !('compile' in value) && Object.keys(value).length > 0;
}

/** Whether it is a loss: one of ours, or anything of its shape. */
function isLoss(value: unknown): value is Loss {
  if (typeof value !== 'object' || value === null) return false;
  const { kind, config, answers, link, classWeights, compile } = value as Partial<Loss>;
  return (
    typeof kind === 'string' &&
    typeof config === 'object' &&
    config !== null &&
    (answers === 'labels' || answers === 'targets') &&
    (link === 'softmax' || link === 'sigmoid' || link === 'identity') &&
    (classWeights === undefined || isWeights(classWeights)) &&
    typeof compile === 'function'
  );
}

/** The words for a loss in a message: its name and what its outputs are. */
export function describeLoss({ kind, link, parts }: Loss): string {
  if (parts) {
    const each = Object.entries(parts).map(([name, { loss }]) => `${name}: ${describeLoss(loss)}`);
    return `{ ${each.join(', ')} }`;
  }
  const outputs = { softmax: 'logits of classes', sigmoid: 'logits of yes or no', identity: 'numbers' }[link];
  return `${show(kind)} (outputs are ${outputs})`;
}

type TargetTensors = Omit<Parameters<typeof targetLoss>[0], 'kind'> & Pick<LossContext, 'labels'>;

function overTargets(
  kind: LossName,
  config: Record<string, unknown>,
  link: Loss['link'],
  bind: (tensors: TargetTensors) => LossCall,
): Loss {
  return {
    kind,
    config: { kind, ...config },
    answers: 'targets',
    link,
    compile(context) {
      const { targets } = context;
      if (!targets) throw new OptionError(kind, 'compiled without targets');
      return weighted(context, bind({ ...context, targets }));
    },
  };
}

/** The gradient of the weighted mean: 1 over the sum of weights, or over the rows where there are none. */
function weighted(context: LossContext, call: LossCall): LossCalls {
  const { outputs, labels, weights, classWeights, rowWeights: scratch, batch, factor } = context;
  const gather = rowWeights({ y: scratch, labels, weights, classWeights });
  const total = sum(scratch);
  let weight: number = outputs.rows;
  return {
    run() {
      weight = outputs.rows;
      if (classWeights || batch.weighted) {
        gather(batch.weighted);
        weight = total();
      }
      // Rows that weigh nothing have no gradient.
      call(weight > 0 ? factor / weight : 0, batch.weighted);
    },
    weight: () => weight,
  };
}

function isWeights(value: unknown): value is readonly number[] {
  const isWeight = (weight: unknown) =>
    typeof weight === 'number' && weight >= 0 && Number.isFinite(Math.fround(weight));
  return Array.isArray(value) && value.length > 0 && !value.includes(undefined) && value.every(isWeight);
}
