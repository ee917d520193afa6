/**
 * What page and worker say to each other. A request has a number and gets one answer; events of training
 * carry the number of the `fit` that they belong to. Models travel as safetensors, data sets once each,
 * errors as their class and words. Comlink was considered: it would have left all of that to do, and its
 * proxies make a message of every property that is read.
 */

import * as errors from '../base/errors.js';
import type { EngineOptions } from '../create/engine.js';
import type { Dataset } from '../data/dataset.js';
import type { EngineInfo } from '../engine/engine.js';
import { describeLossFor } from '../nn/loss-file.js';
import type { Loss } from '../nn/losses.js';
import { allValues, type Memory, type Network, remember, writeAll } from '../nn/model.js';
import type { EvaluateOptions } from '../train/evaluate.js';
import type { ByOutput, PredictOptions } from '../train/predict.js';
import type { Features, TrainerFitOptions } from './types.js';

/** The number under which the worker keeps a data set, which was sent before. */
export type SetId = number;

/** TrainerFitOptions without what cannot travel. */
export interface FitMessage
  extends Omit<
    TrainerFitOptions,
    'loss' | 'optimizer' | 'validation' | 'signal' | 'onTrainBegin' | 'onProgress' | 'onEpoch'
  > {
  readonly loss: LossMessage;
  readonly optimizer: Readonly<Record<string, unknown>>;
}

/** A loss by its name, or as a file has it. */
export type LossMessage = string | Readonly<Record<string, unknown>>;

/** Options with a loss, as they travel. */
export type WithLoss<T> = Omit<T, 'loss'> & { readonly loss?: LossMessage };

export interface Requests {
  create(given: { model: Uint8Array; engine?: EngineOptions }): EngineInfo;
  fit(given: { train: SetId; validation?: SetId; options: FitMessage; progress: boolean }): unknown;
  /**
   * A data set. Inputs that are shorter than the length said of them follow in pieces: copied at once they
   * would hold up the page. Where there are several, they are known by their places.
   */
  openSet(given: { id: SetId; set: Dataset; lengths: readonly number[] }): void;
  fillSet(given: { id: SetId; input: number; at: number; piece: Dataset['inputs'] }): void;
  pause(given: undefined): void;
  resume(given: undefined): void;
  stop(given: undefined): void;
  predict(given: {
    inputs: Rows | Readonly<Record<string, Rows>>;
    options?: WithLoss<PredictOptions>;
  }): ByOutput<Float32Array>;
  features(given: {
    inputs: Rows | Readonly<Record<string, Rows>>;
    names: string | readonly string[];
  }): Float32Array | Features;
  evaluate(given: { set: SetId; options?: WithLoss<EvaluateOptions> }): unknown;
  readWeights(given: { names?: readonly string[] }): Map<string, Float32Array>;
  /** As of the last step. */
  readValues(given: undefined): ModelState;
  upload(given: ModelState): void;
}

/** Rows to predict from, of one input. */
export type Rows = Float32Array | Uint8Array;

/** What changes about a model: its parameters and buffers in one order, and what it remembers. */
export interface ModelState extends Omit<Memory, 'loss'> {
  readonly values: readonly Float32Array[];
  readonly loss?: Loss['config'];
}

export type RequestName = keyof Requests;

export interface Request {
  readonly id: number;
  readonly name: RequestName;
  readonly given: unknown;
}

/** Events of a `fit`, by the name of the callback. */
export type EventName = 'onTrainBegin' | 'onProgress' | 'onEpoch';

export type Message =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: ErrorMessage }
  | { readonly id: number; readonly event: EventName; readonly record: unknown };

interface ErrorMessage {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
  readonly where?: string;
  readonly step?: number;
  readonly epoch?: number;
  readonly row?: number;
}

export function encodeError(error: unknown): ErrorMessage {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) };
  const { name, message, stack } = error;
  const base = { name, message, ...(stack !== undefined && { stack }) };
  if (error instanceof errors.NonFiniteError) {
    const { where, step, epoch, row } = error;
    return { ...base, where, step, epoch, ...(row !== undefined && { row }) };
  }
  return error instanceof errors.LanegradError ? { ...base, where: error.where } : base;
}

/** An error of the class that it had in the worker, with the stack of the worker in its cause. */
export function decodeError({ name, message, stack, where, step, epoch, row }: ErrorMessage): Error {
  const cause = new Error(message);
  if (stack !== undefined) cause.stack = stack;
  if (where === undefined) return new Error(message, { cause });
  const words = message.startsWith(`${where}: `) ? message.slice(where.length + 2) : message;
  const Class = (errors as Record<string, unknown>)[name];
  if (name === 'NonFiniteError') {
    const error = new errors.NonFiniteError(where, words, step, epoch, row);
    error.cause = cause;
    return error;
  }
  const Known = typeof Class === 'function' ? (Class as typeof errors.LanegradError) : errors.LanegradError;
  return new Known(where, words, { cause });
}

/** The set with what `change` makes of its inputs, or of each by its place where there are several. */
export function withInputs(
  set: Dataset,
  change: (inputs: Dataset['inputs'], input: number) => Dataset['inputs'],
): Dataset {
  if (!set.inputsByName) return { ...set, inputs: change(set.inputs, 0) };
  const changed = Object.entries(set.inputsByName).map(
    ([name, own], i) => [name, { ...own, inputs: change(own.inputs, i) }] as const,
  );
  // A set's own are those of the first.
  return { ...set, ...changed[0][1], inputsByName: Object.fromEntries(changed) };
}

export function stateOf(model: Network): ModelState {
  const { loss, input, inputScales } = model;
  return {
    values: allValues(model).map((parameter) => parameter.values),
    ...(loss && { loss: describeLossFor('Trainer', model, loss) }),
    ...(input && { input }),
    ...(inputScales && { inputScales }),
  };
}

/** `lossOf` makes the loss of what the other end says of it. */
export function setState(
  model: Network,
  { values, loss, ...scales }: ModelState,
  lossOf: (config: Loss['config']) => Loss,
): void {
  writeAll(model, values);
  remember(model, { ...scales, ...(loss && { loss: lossOf(loss) }) });
}
