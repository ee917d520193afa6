/**
 * From gradients to new parameters: penalties, clipping, the optimizer with its state, the moving average. Gradients of several
 * batches may be accumulated first. Everything is placed when it is made; a step allocates nothing.
 */

import { EngineError } from '../base/errors.js';
import { type NumberRange, OptionReader } from '../base/options.js';
import type { Arena, Tensor } from '../engine/tensor.js';
import type { Call } from '../ops/check.js';
import { sum, sumAbsolutes, sumSquares } from '../ops/reduce.js';
import { addScaled, clamp, moveTowards, penalize, scale, swap } from '../ops/update.js';
import type { Optimizer, OptimizerTensors } from './optimizers.js';

/** What the numbers among the options may be. */
export const updateRanges = {
  clipNorm: { above: 0 },
  clipValue: { above: 0 },
  l1: { min: 0 },
  l2: { min: 0 },
  averageDecay: { min: 0, below: 1 },
} as const satisfies Partial<Record<keyof UpdateOptions, NumberRange>>;

/**
 * What happens to gradients and parameters beside the optimizer: clipping, penalties, averaging,
 * accumulating.
 */
export interface UpdateOptions {
  /** Gradients are scaled so that the norm of all of them is at most this: as torch.nn.utils.clip_grad_norm_. */
  clipNorm?: number;
  /** Each gradient is cut to ± this, after `clipNorm`: as clip_grad_value_. */
  clipValue?: number;
  /**
   * Adds l1 · Σ |w| over the weights of dense layers to what is minimised, by way of the gradient; the loss
   * that is reported is without it.
   */
  l1?: number;
  /** Adds ½ · l2 · Σ w², likewise. */
  l2?: number;
  /**
   * Keeps a moving average of the parameters: average = averageDecay · average + (1 - averageDecay) ·
   * parameters after each step. Of `fit`, it is what is validated, and what the model is given.
   */
  averageDecay?: number;
  /** Room to accumulate gradients over several batches. */
  accumulate?: boolean;
}

interface UpdateTensors extends Pick<OptimizerTensors, 'parameters' | 'gradients' | 'partsOf'> {
  /** Those to which penalties apply, with their gradients. */
  readonly penalised: readonly { readonly w: Tensor; readonly g: Tensor }[];
}

export class Update {
  /** The update is plain SGD and nothing else. */
  readonly plain: boolean;
  /** By name: the optimizer's, `kind.slot`, and `average`. */
  readonly slots = new Map<string, Tensor>();
  readonly #optimizer: Optimizer;
  readonly #tensors: OptimizerTensors;
  readonly #before: readonly Call[];
  readonly #step: (learningRate: number, step: number) => void;
  readonly #after: readonly Call[];
  readonly #penalties: readonly (() => number)[];
  readonly #parameters: Tensor;
  readonly #average: Tensor | undefined;
  readonly #averageSum: (() => number) | undefined;
  readonly #swap: Call | undefined;
  readonly #add: ((factor: number, accumulate: boolean) => void) | undefined;
  readonly #mean: ((factor: number, accumulate: boolean) => void) | undefined;
  #weight = 0;
  #batches = 0;

  /** Throws OptionError for options of the wrong type or out of range. */
  constructor(arena: Arena, optimizer: Optimizer, tensors: UpdateTensors, options: UpdateOptions = {}) {
    const { parameters, gradients, penalised, partsOf } = tensors;
    const reader = new OptionReader('compile, option update', options);
    const [clipNorm, clipValue] = [readOptional(reader, 'clipNorm'), readOptional(reader, 'clipValue')];
    const [l1, l2] = [readOptional(reader, 'l1') ?? 0, readOptional(reader, 'l2') ?? 0];
    const averageDecay = readOptional(reader, 'averageDecay');
    const accumulate = reader.boolean('accumulate', false);
    reader.end();

    this.#optimizer = optimizer;
    this.#parameters = parameters;
    const slots = optimizer.slots.map((name) => {
      const tensor = arena.tensor('float', parameters.shape);
      this.slots.set(`${optimizer.kind}.${name}`, tensor);
      return tensor;
    });
    const hasPenalty = l1 > 0 || l2 > 0;
    const before: Call[] = hasPenalty ? penalised.map(({ w, g }) => penalize({ g, w, l1, l2 })) : [];
    if (clipNorm !== undefined) before.push(clipByNorm(gradients, clipNorm));
    if (clipValue !== undefined) before.push(clamp(gradients, clipValue));
    this.#before = before;
    this.plain = optimizer.plainSgd && before.length === 0;
    this.#tensors = { parameters, gradients, slots, arena, partsOf };
    this.#step = optimizer.compile(this.#tensors);
    this.#penalties = hasPenalty ? penalised.map(({ w }) => penaltyOf(w, l1, l2)) : [];

    if (averageDecay !== undefined) {
      this.#average = arena.tensor('float', parameters.shape);
      this.slots.set('average', this.#average);
      this.#averageSum = sum(this.#average);
      this.#swap = swap(parameters, this.#average);
    }
    this.#after = this.#average ? [moveTowards(this.#average, parameters, 1 - averageDecay!)] : [];
    if (accumulate) {
      const sums = arena.tensor('float', gradients.shape);
      this.#add = addScaled(sums, gradients);
      this.#mean = addScaled(gradients, sums);
    }
  }

  /** Whether the moving average, where there is one, has neither NaN nor infinities. */
  averageIsFinite(): boolean {
    return this.#averageSum === undefined || Number.isFinite(this.#averageSum());
  }

  /** Batches accumulated since the last step. */
  get batches(): number {
    return this.#batches;
  }

  /** The average begins at the parameters as they are. */
  begin(): void {
    this.#average?.write(this.#parameters.read());
  }

  /** The step from the gradients at hand. */
  run(learningRate: number, step: number): void {
    for (let i = 0; i < this.#before.length; i++) this.#before[i]();
    this.#step(learningRate, step);
    this.finish();
  }

  /** What follows after parameters have changed. */
  finish(): void {
    this.#parameters.changed();
    for (let i = 0; i < this.#after.length; i++) this.#after[i]();
  }

  /** The optimizer alone, on a part of the parameters and their gradients; for one without state. */
  partial(parameters: Tensor, gradients: Tensor): (learningRate: number, step: number) => void {
    return this.#optimizer.compile({ ...this.#tensors, parameters, gradients });
  }

  /** Adds the gradients at hand, those of a mean, times the weight of their batch. */
  accumulate(weight: number): void {
    if (!this.#add) {
      throw new EngineError('CompiledModel', 'this model was compiled without the option accumulate');
    }
    this.#add(weight, this.#batches > 0);
    this.#weight += weight;
    this.#batches++;
  }

  /** Puts the mean gradient of all accumulated batches in place. Throws EngineError when there are none. */
  takeAccumulated(): void {
    if (!this.#mean || this.#batches === 0) {
      throw new EngineError('CompiledModel', 'no gradients have been accumulated');
    }
    this.#mean(this.#weight > 0 ? 1 / this.#weight : 0, false);
    this.#weight = 0;
    this.#batches = 0;
  }

  /** What the penalties add to the mean loss. */
  penalty(): number {
    let total = 0;
    for (const penalty of this.#penalties) total += penalty();
    return total;
  }

  /** Parameters and their moving average change places. */
  swapAverage(): void {
    if (!this.#swap) {
      throw new EngineError('CompiledModel', 'this model was compiled without the option averageDecay');
    }
    this.#swap();
    this.#parameters.changed();
  }
}

/** Scales by maximum / (norm + 1e-6) where that is below 1. */
export function clipByNorm(gradients: Tensor, maximum: number): Call {
  const squares = sumSquares(gradients);
  const shrink = scale(gradients);
  return () => {
    const factor = maximum / (Math.sqrt(squares()) + 1e-6);
    if (factor < 1) shrink(factor);
  };
}

function penaltyOf(w: Tensor, l1: number, l2: number): () => number {
  const [absolutes, squares] = [sumAbsolutes(w), sumSquares(w)];
  return () => (l1 > 0 ? l1 * absolutes() : 0) + (l2 > 0 ? 0.5 * l2 * squares() : 0);
}

function readOptional(reader: OptionReader, key: keyof typeof updateRanges): number | undefined {
  const given = reader.optional(key, 'a number', (value): value is number => value !== undefined);
  return given === undefined ? undefined : reader.number(key, updateRanges[key]);
}
