/** Makes trainers: decides where they run, and starts the worker. */
import { createEngine } from '../engine/engine.js';
import { isUrl, type WasmSources } from '../engine/load.js';
import { EngineError } from '../errors.js';
import { OptionReader } from '../options.js';
import { checkModel } from '../train/check.js';
import { RemoteTrainer } from './remote.js';
import { Session } from './session.js';
import type { Trainer, TrainerOptions } from './types.js';

/**
 * A trainer for `model`: in a worker of its own, or on the calling thread, where it lets the page draw between steps.
 * Where the page is cross-origin isolated its engine may use threads; `trainer.info` says what was picked, and why.
 *
 * Throws OptionError for what is not known, EngineError when the worker or the engine does not come up.
 */
export function createTrainer(options: TrainerOptions): Promise<Trainer> {
  return create(options, () => new Worker(new URL('./worker.js', import.meta.url), { type: 'module' }));
}

/** @internal With a worker of its own kind, and kernels of its own when there is none. */
export async function create(
  options: TrainerOptions,
  startWorker: () => Worker,
  wasm?: WasmSources,
): Promise<Trainer> {
  const where = 'createTrainer';
  const reader = new OptionReader(where, options);
  const model = reader.required(
    'model',
    'a model from sequential()',
    (value): value is TrainerOptions['model'] => value !== undefined,
  );
  checkModel(where, model);
  const worker = reader.optional('worker', 'true, false, the address of a script or a Worker', isPlace);
  const engine = reader.optional('engine', 'options of createEngine', isOptions);
  reader.end();
  const possible = typeof Worker === 'function';
  if (!(worker ?? possible)) {
    const given = engine ?? {};
    const inline = wasm && given.wasm === undefined ? { ...given, wasm } : given;
    return new Session(await createEngine(inline), model);
  }
  if (!possible) {
    throw new EngineError(
      where,
      'this runtime has no Worker (Node has none of that kind); use worker: false',
    );
  }
  return RemoteTrainer.start(start(worker, startWorker), model, engine);
}

function start(given: TrainerOptions['worker'], startWorker: () => Worker): Worker {
  if (given instanceof Worker) return given;
  try {
    if (typeof given === 'string' || isUrl(given)) return new Worker(given, { type: 'module' });
    return startWorker();
  } catch (cause) {
    const remedy = 'a worker must come from the page’s own origin';
    throw new EngineError('createTrainer', `the worker cannot be started: ${cause}; ${remedy}`, { cause });
  }
}

function isPlace(value: unknown): value is NonNullable<TrainerOptions['worker']> {
  if (typeof value === 'boolean' || typeof value === 'string' || isUrl(value)) return true;
  if (typeof Worker === 'function' && value instanceof Worker) return true;

  return false;
}

function isOptions(value: unknown): value is NonNullable<TrainerOptions['engine']> {
  return typeof value === 'object' && value !== null;
}
