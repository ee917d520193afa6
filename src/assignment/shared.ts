/**
 * What the forms of the network share: the model that gives them their initial weights, the places of those
 * weights in an engine, samples as float32 rows in a seeded order, and the reading of common options. No form
 * is in here.
 */

import { NonFiniteError, OptionError, ShapeError, show } from '../base/errors.js';
import { isSignal, type OptionReader } from '../base/options.js';
import { fillPermutation } from '../base/permutation.js';
import { randomSource } from '../base/random.js';
import type { Dataset } from '../data/dataset.js';
import type { Engine } from '../engine/engine.js';
import type { Arena, Tensor } from '../engine/tensor.js';
import { dense } from '../nn/dense.js';
import { type Sequential, sequential } from '../nn/sequential.js';
import type { LongOptions, Progress } from '../tasks/executor.js';
import { Turn } from '../train/turn.js';

/** Widths of input, hidden layer and output. */
export type Sizes = readonly [inputs: number, hidden: number, outputs: number];

/** Random streams, away from those of parameters (0, 1, …) and of `fit`'s orders (from 2³¹). */
export const SAMPLE_ORDER_STREAM = 2 ** 29;
export const POINTS_STREAM = 2 ** 28;

/**
 * The assignment's network as a model: inputs → hidden sigmoid units → logits; Glorot's uniform weights from
 * `seed`.
 */
export function twoLayerModel([inputs, hidden, outputs]: Sizes, seed: number): Sequential {
  return sequential(inputs, [dense(hidden, { activation: 'sigmoid' }), dense(outputs)], { seed });
}

/**
 * The four parameters of a two-layer model: W [inputs, hidden], b [hidden], V [hidden, outputs], c [outputs].
 */
export interface Parameters<T> {
  readonly W: T;
  readonly b: T;
  readonly V: T;
  readonly c: T;
}

/**
 * The model's own arrays. Throws ShapeError unless it is a sigmoid layer and an output layer, both with
 * biases.
 */
export function parametersOf(where: string, model: Sequential): Parameters<Float32Array> {
  const [first, second] = model.layers;
  const fits =
    model.layers.length === 2 &&
    model.parameters.length === 4 &&
    first.config.activation === 'sigmoid' &&
    second.config.activation === 'identity';
  if (!fits) {
    throw new ShapeError(where, `expected a sigmoid layer and an output layer, given layers ${model.sizes}`);
  }
  const [W, b, V, c] = model.parameters.map(({ values }) => values);
  return { W, b, V, c };
}

/** The model's parameters in an engine, dense. */
export function placeParameters(where: string, arena: Arena, model: Sequential): Parameters<Tensor> {
  const { W, b, V, c } = parametersOf(where, model);
  const [inputs, hidden, outputs] = model.sizes;
  return {
    W: arena.tensor('float', [inputs, hidden]).write(W),
    b: arena.tensor('float', [hidden]).write(b),
    V: arena.tensor('float', [hidden, outputs]).write(V),
    c: arena.tensor('float', [outputs]).write(c),
  };
}

/** Copies values from the engine back into the model. */
export function readParameters(where: string, { W, b, V, c }: Parameters<Tensor>, model: Sequential): void {
  const target = parametersOf(where, model);
  target.W.set(W.read());
  target.b.set(b.read());
  target.V.set(V.read());
  target.c.set(c.read());
}

/** Rows of a data set, scaled to float32 as training sees them, in an order of their own. */
export class Samples {
  readonly size: number;
  readonly #set: Dataset;
  readonly #order: Uint32Array;

  /** The set's own order, or when a seed is given one that depends on seed and epoch (from 0) alone. */
  constructor(set: Dataset, seed?: number, epoch = 0) {
    this.size = set.size;
    this.#set = set;
    this.#order = Uint32Array.from({ length: set.size }, (_, i) => i);
    if (seed !== undefined) fillPermutation(this.#order, randomSource(seed, SAMPLE_ORDER_STREAM + epoch));
  }

  /** Copies the inputs at place `i` of the order, modulo the size, to target[at …]; returns their label. */
  read(i: number, target: Float32Array | Float64Array, at = 0): number {
    const { inputs, width, scale, offset, labels } = this.#set;
    const row = this.#order[i % this.size];
    const factor = Math.fround(scale);
    for (let j = 0, p = row * width; j < width; j++, p++) {
      target[at + j] = Math.fround(Math.fround(inputs[p] * factor) + offset);
    }
    return labels[row];
  }
}

/** Throws NonFiniteError when a loss is NaN or infinite. Steps count from 1, epochs too. */
export function checkLoss(where: string, loss: number, step: number, epoch = 1): void {
  if (Number.isFinite(loss)) return;
  const problem = `the loss of step ${step} is ${show(loss)}; the learning rate may be too high`;
  throw new NonFiniteError(where, problem, step - 1, epoch);
}

/** Options of everything that takes long. */
export function readLong(reader: OptionReader): LongOptions {
  const onProgress = reader.callback<(progress: Progress) => void>('onProgress');
  const signal = reader.optional('signal', 'an AbortSignal', isSignal);
  return { ...(onProgress && { onProgress }), ...(signal && { signal }) };
}

function isEngines(value: unknown): value is readonly Engine[] {
  return (
    Array.isArray(value) &&
    value.every((engine) => typeof engine === 'object' && engine !== null && 'arena' in engine)
  );
}

/** The option `engines`: undefined when absent. Throws OptionError for anything but engines, one at least. */
export function readEngines(where: string, reader: OptionReader): readonly Engine[] | undefined {
  const engines = reader.optional('engines', 'an array of engines', isEngines);
  if (engines?.length === 0) {
    throw new OptionError(where, `option engines: expected one at least, given ${show(engines)}`);
  }
  return engines;
}

/** Reports progress, lets the event loop turn and heeds the abort signal, each as often as is due. */
export class Pace {
  readonly #turn = new Turn();
  readonly #options: LongOptions;

  constructor(options: LongOptions) {
    options.signal?.throwIfAborted();
    this.#options = options;
  }

  /** Cheap unless a turn is due. Call it between steps. */
  async step(what: string, done: number, total: number): Promise<void> {
    if (!this.#turn.due() && done < total) return;
    this.#options.onProgress?.({ what, done, total });
    await this.#turn.take();
    this.#options.signal?.throwIfAborted();
  }

  /** Milliseconds spent in turns so far. */
  get milliseconds(): number {
    return this.#turn.milliseconds;
  }
}
