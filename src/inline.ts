/**
 * lanegrad/inline: all of `lanegrad`, with the kernels within the code. For bundlers that do not follow `new
 * URL(…, import.meta.url)`, and for pages that can serve nothing but a script.
 */

import * as engines from './create/engine.js';
import { embedded } from './engine/embedded.js';
import type { Engine } from './engine/engine.js';
import { create } from './trainer/create.js';
import type { Trainer, TrainerOptions } from './trainer/types.js';

export * from './index.js';
export type { Progress, Trainer, TrainerFitOptions, TrainerOptions } from './trainer/types.js';

/**
 * As `createEngine` of `lanegrad`, but nothing is fetched. Option `wasm` still takes the place of what is
 * embedded.
 */
export async function createEngine(options?: engines.EngineOptions): Promise<Engine> {
  if (options === undefined || (options && options.wasm === undefined)) {
    return engines.createEngine({ ...options, wasm: embedded });
  }
  return engines.createEngine(options);
}

/** As `createTrainer` of `lanegrad/trainer`; its worker is the script `lanegrad/inline-worker`. */
export function createTrainer(options: TrainerOptions): Promise<Trainer> {
  const startOwn = () =>
    new Worker(new URL('./trainer/inline-worker.js', import.meta.url), { type: 'module' });
  return create(options, { own: 'inline-worker' }, startOwn, embedded);
}
