/**
 * What may surround the optimizer: penalties and clipping before it, the moving average after it; and
 * gradients of several batches may be accumulated first. Loaded with the first training that wants any of it.
 */
import { EngineError } from '../base/errors.js';
import { OptionReader } from '../base/options.js';
import type { Arena, Tensor } from '../engine/tensor.js';
import { clamp, moveTowards, penalize, scale, sumAbsolutes, sumSquares, swap } from '../ops/around-step.js';
import type { Call } from '../ops/check.js';
import { sum } from '../ops/reduce.js';
import { addScaled } from '../ops/update.js';
import type { Optimizer } from './optimizers.js';
import { Update, type UpdateOptions, type UpdateTensors, updateRanges } from './update.js';

export class FullUpdate extends Update {
  readonly #penalties: readonly (() => number)[];
  readonly #average: Tensor | undefined;
  readonly #averageSum: (() => number) | undefined;
  readonly #swap: Call | undefined;
  readonly #add: ((factor: number, accumulate: boolean) => void) | undefined;
  readonly #mean: ((factor: number, accumulate: boolean) => void) | undefined;
  #weight = 0;
  #batches = 0;

  /** Throws OptionError for options of the wrong type or out of range. */
  constructor(arena: Arena, optimizer: Optimizer, tensors: UpdateTensors, options: UpdateOptions = {}) {
    const { parameters, gradients, penalised } = tensors;
    const reader = new OptionReader('compile, option update', options);
    const [clipNorm, clipValue] = [readOptional(reader, 'clipNorm'), readOptional(reader, 'clipValue')];
    const [l1, l2] = [readOptional(reader, 'l1') ?? 0, readOptional(reader, 'l2') ?? 0];
    const averageDecay = readOptional(reader, 'averageDecay');
    const accumulate = reader.boolean('accumulate', false);
    reader.end();

    super(arena, optimizer, tensors);
    const hasPenalty = l1 > 0 || l2 > 0;
    if (hasPenalty) this.before.push(...penalised.map(({ w, g }) => penalize({ g, w, l1, l2 })));
    if (clipNorm !== undefined) this.before.push(clipByNorm(gradients, clipNorm));
    if (clipValue !== undefined) this.before.push(clamp(gradients, clipValue));
    this.#penalties = hasPenalty ? penalised.map(({ w }) => penaltyOf(w, l1, l2)) : [];

    if (averageDecay !== undefined) {
      this.#average = arena.tensor('float', parameters.shape);
      this.slots.set('average', this.#average);
      this.#averageSum = sum(this.#average);
      this.#swap = swap(parameters, this.#average);
      this.after.push(moveTowards(this.#average, parameters, 1 - averageDecay));
    }
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
    this.#average?.write(this.parameters.read());
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
    this.parameters.changed();
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
