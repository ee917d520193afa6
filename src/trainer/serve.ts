/** The worker's end: a Session that is told what to do by messages. */
import { platform } from '#platform';
import { isUint8Array } from '../base/arrays.js';
import { EngineError } from '../base/errors.js';
import type { WorkerPort } from '../base/platform/types.js';
import { createEngine } from '../create/engine.js';
import type { Dataset } from '../data/dataset.js';
import { inputsOf } from '../data/set.js';
import type { WasmSources } from '../engine/load.js';
import { readModel } from '../formats/model.js';
import { readLossFor } from '../nn/loss-read.js';
import type { Loss, LossName, LossOption } from '../nn/losses.js';
import type { Network } from '../nn/model.js';
import { type Optimizer, optimizerOf } from '../nn/optimizers.js';
import type { FitOptions } from '../train/fit-options.js';
import {
  type EventName,
  encodeError,
  type FitMessage,
  type LossMessage,
  type Message,
  type Request,
  type Requests,
  type SetId,
  setState,
  stateOf,
  type WithLoss,
  withInputs,
} from './protocol.js';
import { Session } from './session.js';

/** Answers what the worker is asked in which this runs. */
export function serveHere(wasm?: WasmSources): void {
  serve(platform.workerPort(), wasm);
}

/** Answers the requests that come in. `wasm`: where the kernels are, unless the page says otherwise. */
export function serve(port: WorkerPort, wasm?: WasmSources): void {
  const sets = new Map<number, Dataset>();
  let session: Session | undefined;

  const find = (id: SetId): Dataset => sets.get(id)!;
  const current = (): Session => {
    if (!session) throw new EngineError('Trainer', 'the worker has no model yet');
    return session;
  };

  const answers: {
    [name in keyof Requests]: (given: Parameters<Requests[name]>[0], id: number) => unknown;
  } = {
    async create({ model, engine }) {
      const options = engine?.wasm === undefined && wasm ? { ...engine, wasm } : engine;
      session = new Session(await createEngine(options), readModel(model, 'the model').model);
      return session.info;
    },
    openSet({ id, set, lengths }) {
      const whole = withInputs(set, (inputs, i) => {
        if (inputs.length === lengths[i]) return inputs;
        // An empty array tells the kind.
        return isUint8Array(inputs) ? new Uint8Array(lengths[i]) : new Float32Array(lengths[i]);
      });
      sets.set(id, whole);
    },
    fillSet: ({ id, input, at, piece }) => inputsOf(find(id))[input][1].inputs.set(piece, at),
    async fit({ train, validation, options, progress }, id) {
      const tell = (event: EventName) => (record: unknown) =>
        port.postMessage({ id, event, record } satisfies Message);
      const history = await current().fit(find(train), {
        ...options,
        loss: loss(current().model, options.loss),
        optimizer: await optimizer(options.optimizer),
        ...(validation !== undefined && { validation: find(validation) }),
        onTrainBegin: tell('onTrainBegin') as NonNullable<FitOptions['onTrainBegin']>,
        onEpoch: tell('onEpoch'),
        ...(progress && { onProgress: tell('onProgress') }),
      });
      return { history, state: stateOf(current().model) };
    },
    pause: () => current().pause(),
    resume: () => current().resume(),
    stop: () => current().stop(),
    predict: ({ inputs, options }) =>
      current().predict(inputs, options && withLoss(current().model, options)),
    features: ({ inputs, names }) => current().features(inputs, names),
    evaluate: ({ set, options }) =>
      current().evaluate(find(set), options && withLoss(current().model, options)),
    readWeights: ({ names }) => current().readWeights(names),
    async readValues() {
      await current().download();
      return stateOf(current().model);
    },
    async upload(state) {
      await current().upload();
      const { model } = current();
      setState(model, state, (config) => readLossFor(config, model));
    },
  };

  port.addEventListener('message', async ({ data }) => {
    const { id, name, given } = data as Request;
    try {
      const answer = answers[name] as (given: unknown, id: number) => unknown;
      const result = await answer(given, id);
      port.postMessage({ id, result } satisfies Message);
    } catch (error) {
      // A fit that failed leaves the values of its last good epoch.
      const state = name === 'fit' ? session && stateOf(session.model) : undefined;
      port.postMessage({ id, error: encodeError(error), state } satisfies Message & { state: unknown });
    }
  });
}

function loss(model: Network, given: LossMessage): Loss | LossName {
  // What is no loss at all, the function that takes it says best.
  const isConfig = typeof given === 'object' && given !== null;
  return isConfig ? readLossFor(given, model) : (given as LossName);
}

/** What chains are made of is loaded with the first of them. */
async function optimizer(config: FitMessage['optimizer']): Promise<Optimizer> {
  return 'transforms' in config
    ? (await import('../nn/chain-read.js')).anyOptimizerOf(config)
    : optimizerOf(config);
}

function withLoss<T extends { loss?: LossOption }>(model: Network, options: WithLoss<T>): T {
  return (options.loss === undefined ? options : { ...options, loss: loss(model, options.loss) }) as T;
}
