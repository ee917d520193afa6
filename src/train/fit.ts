/** `fit`: checks what it is given, lays it out in the engine, and runs the training loop. */

import { EngineError } from '../base/errors.js';
import type { Dataset } from '../data/dataset.js';
import { formOf } from '../data/set.js';
import type { StreamedDataset } from '../data/stream.js';
import type { Engine } from '../engine/engine.js';
import { Compiled } from '../nn/compiled.js';
import type { Network } from '../nn/model.js';
import { checkModel } from './check.js';
import { type FitOptions, type FitSettings, readFitOptions } from './fit-options.js';
import type { History } from './history.js';
import { TrainingLoop } from './loop.js';
import { BatchSource } from './source.js';
import { Turn } from './turn.js';

export type { StepRecord, TrainingPlan } from './callbacks.js';
export type { FitOptions } from './fit-options.js';

/** The models that a call of `fit` has at hand, by their parameters: copies of the object share them. */
export const inTraining = new WeakSet<Network['parameters']>();

/** Rows of a validation batch, when training batches are smaller. */
const MIN_EVALUATION_ROWS = 250;

/**
 * Trains `model` on `train`, a set in memory or one that streams, and returns its history; the model's values are those of the last step, or with
 * early stopping those of the best epoch, and it remembers the loss and how bytes were scaled (`model.loss`,
 * `model.input`). An abort is no error: the history's outcome says `aborted`, and the values are those of the
 * step.
 *
 * Throws OptionError, ShapeError or DataError for what does not fit together, and ResumeError for a
 * checkpoint that does not fit, before anything is trained; EngineError when another call of `fit` is
 * training the model; NonFiniteError when a loss, that of validation too, or a parameter is NaN or infinite;
 * what a checkpoint's `save` throws; and DataError that names the chunk when a stream fails. The model then has the values of the last good epoch, or, before the
 * first, those that it began or was resumed with.
 */
export async function fit(
  engine: Engine,
  model: Network,
  train: Dataset | StreamedDataset,
  options: FitOptions,
): Promise<History> {
  checkModel('fit', model);
  // Two would write the same values by turns, and neither end with its own.
  const { parameters } = model;
  if (inTraining.has(parameters)) {
    throw new EngineError('fit', 'the model is in training by another call of fit; await that one first');
  }
  inTraining.add(parameters);
  try {
    const form = formOf(train);
    const settings = await readFitOptions(engine, model, form, options).catch((error) =>
      import('./hints.js').then((hints) => hints.failWithHint(error)),
    );
    return await runFit(engine, model, form, settings);
  } finally {
    inTraining.delete(parameters);
  }
}

async function runFit(
  engine: Engine,
  model: Network,
  train: Dataset,
  settings: FitSettings,
): Promise<History> {
  const { batchSize, validation, checkpointing, continuation, optimizer, loss, update, seed, onTurn } =
    settings;
  const { extras } = settings;
  // Loaded only where there are checkpoints: most pages keep none.
  if (checkpointing || continuation.from)
    await (await import('./continuation.js')).continueFrom(engine, model, train, settings);
  const { line } = settings.hooks;
  const disposables: { dispose(): void }[] = line ? [line] : [];
  const keep = <T extends { dispose(): void }>(resource: T): T => {
    disposables.push(resource);
    return resource;
  };
  try {
    const maxRows = validation ? Math.max(batchSize, MIN_EVALUATION_ROWS) : batchSize;
    let loop: TrainingLoop | undefined;
    const now = { download: () => loop?.download() };
    // One for the whole run: epochs may be shorter than the interval between two turns.
    const turn = new Turn(onTurn && (() => onTurn(now)));
    // What came before, options that were read or an engine that was started, took its time already.
    await turn.take();
    const compiled = keep(new Compiled(engine, model, { maxRows, optimizer, loss, update, seed }, extras));
    if (turn.due()) await turn.take();
    const { images, soft } = settings.augmentation ?? {};
    const source = keep(
      await BatchSource.open(engine, train, turn, 'fit, train', { images, soft, compiled, settings }),
    );
    const validationSource =
      validation &&
      keep(await BatchSource.open(engine, validation, turn, 'fit, validation', { soft, compiled }));
    loop = new TrainingLoop(compiled, source, validationSource, settings, turn);
    return await loop.run();
  } finally {
    engine.settle();
    for (const resource of disposables) resource.dispose();
  }
}
