/** Makes trainers: decides where they run, and starts the worker. */
import { platform } from '#platform';
import { EngineError } from '../base/errors.js';
import { OptionReader } from '../base/options.js';
import type { Platform, TrainerWorker, WorkerHandle } from '../base/platform/types.js';
import { createEngine } from '../create/engine.js';
import { isUrl, type WasmSources } from '../engine/load.js';
import { checkModel } from '../train/check.js';
import { RemoteTrainer } from './remote.js';
import { Session } from './session.js';
import type { Trainer, TrainerOptions } from './types.js';

/**
 * A trainer for `model`: in a worker of its own, or on the calling thread, where it lets the page draw
 * between steps. Where the page is cross-origin isolated its engine may use threads; `trainer.info` says what
 * was picked, and why.
 *
 * Throws OptionError for what is not known, EngineError when the worker or the engine does not come up.
 */
export function createTrainer(options: TrainerOptions): Promise<Trainer> {
  const startOwn = () => new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
  return create(options, { own: 'worker' }, startOwn);
}

/**
 * @internal With a worker of its own kind, by its name where that is no global `Worker`, and kernels of its
 * own when there is none.
 */
export async function create(
  options: TrainerOptions,
  name: { own: 'worker' | 'inline-worker' },
  startOwn: () => TrainerWorker,
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
  // In Node a library may have put that of worker_threads there (onnxruntime-web does), which is another
  // thing.
  const hasGlobal = typeof Worker === 'function' && 'addEventListener' in Worker.prototype;
  if (!(worker ?? hasGlobal)) {
    const given = engine ?? {};
    const inline = wasm && given.wasm === undefined ? { ...given, wasm } : given;
    return new Session(await createEngine(inline), model);
  }
  const script = typeof worker === 'boolean' ? undefined : worker;
  return RemoteTrainer.start(
    hasGlobal ? start(script, startOwn) : startElsewhere(script ?? name),
    model,
    engine,
  );
}

function start(
  given: Exclude<TrainerOptions['worker'], boolean>,
  startOwn: () => TrainerWorker,
): TrainerWorker {
  if (isWorker(given)) return given as TrainerWorker;
  try {
    return given === undefined ? startOwn() : new Worker(given, { type: 'module' });
  } catch (cause) {
    const remedy = 'a worker must come from the page’s own origin';
    throw new EngineError('createTrainer', `the worker cannot be started: ${shortly(cause)}; ${remedy}`, {
      cause,
    });
  }
}

/** The runtime repeats the path, however long. */
const shortly = (cause: unknown): string => String(cause).slice(0, 300);

/** Where there is no global `Worker`, as in Node. */
function startElsewhere(script: Parameters<NonNullable<Platform['startWorker']>>[0]): TrainerWorker {
  if (!platform.startWorker) {
    throw new EngineError('createTrainer', 'this runtime has no Worker; use worker: false');
  }
  try {
    return platform.startWorker(script);
  } catch (cause) {
    throw new EngineError('createTrainer', `the worker cannot be started: ${shortly(cause)}`, { cause });
  }
}

function isPlace(value: unknown): value is NonNullable<TrainerOptions['worker']> {
  return typeof value === 'boolean' || typeof value === 'string' || isUrl(value) || isWorker(value);
}

function isWorker(value: unknown): value is WorkerHandle {
  if (typeof value !== 'object' || value === null) return false;
  const { postMessage, terminate } = value as Record<string, unknown>;
  return typeof postMessage === 'function' && typeof terminate === 'function';
}

function isOptions(value: unknown): value is NonNullable<TrainerOptions['engine']> {
  return typeof value === 'object' && value !== null;
}
