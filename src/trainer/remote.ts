/** The page's end: a Trainer whose work is done by a worker. */
import { isArrayBuffer, isBytes } from '../base/arrays.js';
import { disposeSymbol } from '../base/dispose.js';
import { DataError, EngineError, OptionError, show } from '../base/errors.js';
import { OptionReader } from '../base/options.js';
import type { TrainerWorker } from '../base/platform/types.js';
import type { EngineOptions } from '../create/engine.js';
import type { Dataset } from '../data/dataset.js';
import { inputsOf } from '../data/set.js';
import type { EngineInfo } from '../engine/engine.js';
import { isResponse, isUrl, isWasmSource } from '../engine/load.js';
import { writeModel } from '../formats/model.js';
import { lossOf } from '../nn/loss-config.js';
import { describeLossFor } from '../nn/loss-file.js';
import { type Loss, resolveLoss } from '../nn/losses.js';
import type { Network } from '../nn/model.js';
import { type InputsByName, isByName } from '../train/by-name.js';
import { checkDataset, lossOn } from '../train/check.js';
import type { EvaluateOptions } from '../train/evaluate.js';
import type { Evaluation, History } from '../train/history.js';
import type { ByOutput, PredictOptions } from '../train/predict.js';
import { Turn } from '../train/turn.js';
import {
  decodeError,
  type EventName,
  type FitMessage,
  type LossMessage,
  type Message,
  type ModelState,
  type RequestName,
  type Requests,
  type Rows,
  type SetId,
  setState,
  stateOf,
  type WithLoss,
  withInputs,
} from './protocol.js';
import { checkNames, refuseHooks } from './session.js';
import type { Features, Trainer, TrainerFitOptions } from './types.js';

/** Numbers of a data set that are sent at once: 4 MB at most. */
const PIECE = 1 << 20;

interface Pending {
  resolve(result: unknown): void;
  reject(error: Error): void;
  listen?(event: EventName, record: unknown): void;
  /** Takes a model's state that comes with an error. */
  take?(state: ModelState): void;
}

export class RemoteTrainer implements Trainer {
  readonly place = 'worker';
  readonly model: Network;
  info!: EngineInfo;
  state: 'idle' | 'training' | 'paused' = 'idle';
  readonly #worker: TrainerWorker;
  readonly #pending = new Map<number, Pending>();
  readonly #sets = new WeakMap<Dataset, Promise<SetId>>();
  /** What has been sent. */
  readonly #losses: Loss[] = [];
  #lastId = 0;
  /** Until the data are there, `fit` has not begun: what is to be done to it waits. */
  #sending: Promise<void> = Promise.resolve();
  #ended: EngineError | undefined;

  /** Starts the engine in the worker. Throws EngineError when the worker does not come up. */
  static async start(worker: TrainerWorker, model: Network, engine?: EngineOptions): Promise<RemoteTrainer> {
    const trainer = new RemoteTrainer(worker, model);
    try {
      const given = { model: writeModel(model), ...(engine && { engine: await portable(engine) }) };
      trainer.info = (await trainer.#ask('create', given)) as EngineInfo;
    } catch (error) {
      trainer.dispose();
      throw error;
    }
    return trainer;
  }

  private constructor(worker: TrainerWorker, model: Network) {
    this.model = model;
    this.#worker = worker;
    // Only while it is at work does it keep a process alive.
    worker.unref?.();
    worker.addEventListener('message', ({ data }) => this.#receive(data as Message));
    worker.addEventListener('error', (event) => {
      event.preventDefault?.();
      const words = event.message || 'its script cannot be loaded';
      this.#end(`the worker failed: ${words}; see "Off the main thread" in lanegrad's README`);
    });
    worker.addEventListener('messageerror', () => this.#end('a message to or from the worker was lost'));
  }

  async fit(train: Dataset, options: TrainerFitOptions): Promise<History> {
    const { loss, optimizer, validation, signal, onTrainBegin, onProgress, onEpoch, ...rest } = read(options);
    checkDataset('Trainer.fit', 'train', train);
    if (validation !== undefined) checkDataset('Trainer.fit', 'validation', validation);
    if (this.state !== 'idle') throw new EngineError('Trainer.fit', 'it is training already');
    const callbacks = { onTrainBegin, onProgress, onEpoch } as Record<
      EventName,
      ((record: unknown) => unknown) | undefined
    >;
    const abort = () => void this.stop();
    // What a callback throws, or its promise rejects with, ends training, as it does in `fit`.
    let failure: { error: unknown } | undefined;
    const listen = async (event: EventName, record: unknown) => {
      try {
        await callbacks[event]?.(record);
      } catch (error) {
        failure ??= { error };
        // A trainer that has been disposed of has nothing to stop.
        await this.stop().catch(() => {});
      }
    };
    const told: Promise<void>[] = [];
    this.state = 'training';
    try {
      const sending = this.#sendBoth(train, validation);
      this.#sending = sending.then(
        () => {},
        () => {},
      );
      const sets = await sending;
      const asked = this.#ask(
        'fit',
        {
          ...sets,
          options: {
            ...rest,
            loss: this.#lossMessage(loss, train),
            optimizer: optimizer.config,
          } as FitMessage,
          progress: onProgress !== undefined,
        },
        {
          listen: (event, record) => void told.push(listen(event, record)),
          take: (state) => this.#fill(state),
        },
      );
      signal?.addEventListener('abort', abort);
      if (signal?.aborted) abort();
      const { history, state } = (await asked) as { history: History; state: ModelState };
      this.#fill(state);
      await Promise.all(told);
      if (failure) throw (failure as { error: unknown }).error;
      return history;
    } finally {
      signal?.removeEventListener('abort', abort);
      this.state = 'idle';
    }
  }

  async pause(): Promise<void> {
    if (this.state === 'training') this.state = 'paused';
    await this.#sending;
    await this.#ask('pause', undefined);
  }

  async resume(): Promise<void> {
    if (this.state === 'paused') this.state = 'training';
    await this.#sending;
    await this.#ask('resume', undefined);
  }

  async stop(): Promise<void> {
    await this.#sending;
    await this.#ask('stop', undefined);
  }

  async predict(
    inputs: ArrayLike<number> | InputsByName,
    options?: PredictOptions,
  ): Promise<ByOutput<Float32Array>> {
    const given = {
      inputs: allRows('predict', inputs),
      ...(options && { options: this.#withLoss(options) }),
    };
    return (await this.#ask('predict', given)) as ByOutput<Float32Array>;
  }

  async features(
    inputs: ArrayLike<number> | InputsByName,
    names: string | readonly string[],
  ): Promise<Float32Array & Features> {
    const given = { inputs: allRows('features', inputs), names };
    return (await this.#ask('features', given)) as Float32Array & Features;
  }

  async evaluate(set: Dataset, options?: EvaluateOptions): Promise<Evaluation> {
    checkDataset('evaluate', 'set', set);
    const given = {
      set: await this.#reference(set),
      ...(options && { options: this.#withLoss(options, set) }),
    };
    return (await this.#ask('evaluate', given)) as Evaluation;
  }

  async readWeights(names?: readonly string[]): Promise<Map<string, Float32Array>> {
    checkNames(names);
    const given = names ? { names: [...names] } : {};
    return (await this.#ask('readWeights', given)) as Map<string, Float32Array>;
  }

  async download(): Promise<void> {
    this.#fill((await this.#ask('readValues', undefined)) as ModelState);
  }

  async upload(): Promise<void> {
    const state = stateOf(this.model);
    if (!state.values.every((each) => each.every(Number.isFinite))) {
      throw new DataError('Trainer.upload', 'the model has a value that is NaN or infinite');
    }
    await this.#ask('upload', state);
  }

  dispose(): void {
    this.#end('this trainer has been disposed of');
  }

  [disposeSymbol](): void {
    this.dispose();
  }

  #fill(state: ModelState): void {
    setState(this.model, state, (config) => this.#lossOf(config));
  }

  /** A loss as it travels: by its name, or as a file has it. */
  #lossMessage(given: unknown, set?: Dataset): LossMessage {
    // What is no loss, the worker says as `fit` does.
    if (typeof given !== 'function' && (typeof given !== 'object' || given === null)) return given as string;
    const own = resolveLoss('Trainer', given);
    const loss = set ? lossOn(set, own) : own;
    this.#losses.push(loss);
    return describeLossFor('Trainer', this.model, loss);
  }

  #withLoss<T extends { loss?: unknown }>(options: T, set?: Dataset): WithLoss<T> {
    const { loss, ...rest } = options;
    return loss === undefined ? rest : { ...rest, loss: this.#lossMessage(loss, set) };
  }

  /** What was sent, where it is that which comes back: a function of one's own is still here. */
  #lossOf(config: Loss['config']): Loss {
    const text = JSON.stringify(config);
    const known = [...this.#losses, ...(this.model.loss ? [this.model.loss] : [])];
    const same = known.find((loss) => JSON.stringify(describeLossFor('Trainer', this.model, loss)) === text);
    return same ?? lossOf(config);
  }

  async #sendBoth(train: Dataset, validation: Dataset | undefined) {
    return {
      train: await this.#reference(train),
      ...(validation && { validation: await this.#reference(validation) }),
    };
  }

  /** The number of a set in the worker, where it is sent the first time. */
  #reference(set: Dataset): Promise<SetId> {
    let id = this.#sets.get(set);
    if (!id) {
      id = this.#send(set);
      this.#sets.set(set, id);
    }
    return id;
  }

  async #send(set: Dataset): Promise<SetId> {
    const id = ++this.#lastId;
    // Shared memory is not copied, and what is one piece may come as it is.
    const isWhole = (inputs: Dataset['inputs']) => inputs.length <= PIECE || !isArrayBuffer(inputs.buffer);
    const all = inputsOf(set).map(([, { inputs }]) => inputs);
    await this.#ask('openSet', {
      ...{ id, lengths: all.map(({ length }) => length) },
      set: withInputs(set, (inputs) => (isWhole(inputs) ? inputs : inputs.slice(0, 0))),
    });
    const turn = new Turn();
    for (const [input, inputs] of all.entries()) {
      for (let at = 0; at < inputs.length && !isWhole(inputs); at += PIECE) {
        const piece = inputs.slice(at, at + PIECE);
        await this.#ask('fillSet', { id, input, at, piece }, undefined, [piece.buffer]);
        if (turn.due()) await turn.take();
      }
    }
    return id;
  }

  #ask<N extends RequestName>(
    name: N,
    given: Parameters<Requests[N]>[0],
    more?: Pick<Pending, 'listen' | 'take'>,
    transfer: Transferable[] = [],
  ): Promise<unknown> {
    if (this.#ended) return Promise.reject(this.#ended);
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject, ...more });
      this.#worker.ref?.();
      try {
        this.#worker.postMessage({ id, name, given }, transfer);
      } catch (cause) {
        this.#forget(id);
        reject(
          new OptionError(`Trainer.${name}`, `an option cannot be sent to a worker: ${cause}`, { cause }),
        );
      }
    });
  }

  #receive(message: Message & { state?: ModelState }): void {
    const pending = this.#pending.get(message.id);
    if (!pending) return;
    if ('event' in message) {
      pending.listen?.(message.event, message.record);
      return;
    }
    this.#forget(message.id);
    if (message.state) pending.take?.(message.state);
    if ('error' in message) pending.reject(decodeError(message.error));
    else pending.resolve(message.result);
  }

  #forget(id: number): void {
    this.#pending.delete(id);
    if (this.#pending.size === 0) this.#worker.unref?.();
  }

  #end(words: string): void {
    if (this.#ended) return;
    this.#ended = new EngineError('Trainer', words);
    this.#worker.terminate();
    for (const { reject } of this.#pending.values()) reject(this.#ended);
    this.#pending.clear();
  }
}

function allRows(where: string, inputs: ArrayLike<number> | InputsByName): Rows | Record<string, Rows> {
  if (!isByName(inputs)) return rowsOf(where, inputs);
  return Object.fromEntries(
    Object.entries(inputs).map(([name, rows]) => [name, rowsOf(`${where}, ${name}`, rows)]),
  );
}

/** Copies of rows that travel. Bytes have a meaning of their own. */
function rowsOf(where: string, inputs: ArrayLike<number>): Rows {
  if (typeof inputs?.length !== 'number') {
    throw new OptionError(where, `inputs: expected an array of numbers, given ${show(inputs)}`);
  }
  return isBytes(inputs) ? new Uint8Array(inputs) : Float32Array.from(inputs);
}

/** Checks here what cannot be checked there. */
function read(options: TrainerFitOptions): TrainerFitOptions {
  const reader = new OptionReader('Trainer.fit', options);
  reader.required(
    'optimizer',
    'an optimizer such as sgd({ learningRate: 0.1 })',
    (value): value is { config: object } =>
      typeof value === 'object' && value !== null && 'config' in value && 'compile' in value,
  );
  reader.optional(
    'signal',
    'an AbortSignal',
    (value): value is AbortSignal => typeof value === 'object' && value !== null && 'aborted' in value,
  );
  for (const name of ['onTrainBegin', 'onProgress', 'onEpoch']) reader.callback(name);
  refuseHooks(options);
  return options;
}

/** Options as they can travel: addresses are those seen from the page, an answer is read. */
async function portable(options: EngineOptions): Promise<EngineOptions> {
  const { wasm, ...rest } = options;
  if (wasm === undefined) return rest;
  if (typeof wasm === 'string') return { ...rest, wasm: new URL(wasm, globalThis.location?.href).href };
  if (isUrl(wasm)) return { ...rest, wasm: wasm.href };
  if (isResponse(wasm)) {
    if (!wasm.ok) throw new OptionError('createTrainer', `option wasm: the server answered ${wasm.status}`);
    return { ...rest, wasm: await wasm.arrayBuffer() };
  }
  if (isWasmSource(wasm)) return options;
  const entries = await Promise.all(
    Object.entries(wasm).map(async ([name, source]) => {
      const given = typeof source === 'function' ? await (source as () => Promise<unknown>)() : source;
      return [name, (await portable({ wasm: given as never })).wasm];
    }),
  );
  return { ...rest, wasm: Object.fromEntries(entries) };
}
