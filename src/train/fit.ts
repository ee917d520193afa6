/** `fit`: checks what it is given, lays it out in the engine, and runs the training loop. */
import { platform } from '#platform';
import type { Dataset } from '../data/dataset.js';
import type { Engine } from '../engine/engine.js';
import { EngineError, ResumeError, show } from '../errors.js';
import { CompiledModel } from '../nn/compile.js';
import type { Sequential } from '../nn/sequential.js';
import { valuesOf } from '../nn/values.js';
import type { Values } from './checkpoint.js';
import {
  checkConfiguration,
  describeCheckpointEngine,
  describeData,
  describeModel,
  engineWarning,
} from './configuration.js';
import { type FitOptions, type FitSettings, readFitOptions } from './fit-options.js';
import type { History } from './history.js';
import { TrainingLoop } from './loop.js';
import { BatchSource } from './source.js';
import { Turn } from './turn.js';

export type { StepRecord, TrainingPlan } from './callbacks.js';
export type { FitOptions } from './fit-options.js';

/** The models that a call of `fit` has at hand, by their parameters: copies of the object share them. */
const inTraining = new WeakSet<Sequential['parameters']>();

/** Rows of a validation batch, when training batches are smaller. */
const MIN_EVALUATION_ROWS = 250;

/**
 * Trains `model` on `train` and returns its history; the model's values are those of the last step, or with early stopping
 * those of the best epoch, and it remembers the loss and how bytes were scaled (`model.loss`, `model.input`). An abort is no
 * error: the history's outcome says `aborted`, and the values are those of the step.
 *
 * Throws OptionError, ShapeError or DataError for what does not fit together, and ResumeError for a checkpoint that does not
 * fit, before anything is trained; EngineError when another call of `fit` is training the model; NonFiniteError when a loss,
 * that of validation too, or a parameter is NaN or infinite; and what a checkpoint's `save` throws. The model then has the values of the last good epoch, or, before the first, those that it began or was resumed with.
 */
export async function fit(
  engine: Engine,
  model: Sequential,
  train: Dataset,
  options: FitOptions,
): Promise<History> {
  const settings = readFitOptions(engine, model, train, options);
  // Two would write the same values by turns, and neither end with its own.
  const { parameters } = model;
  if (inTraining.has(parameters)) {
    throw new EngineError('fit', 'the model is in training by another call of fit; await that one first');
  }
  inTraining.add(parameters);
  try {
    return await runFit(engine, model, train, settings);
  } finally {
    inTraining.delete(parameters);
  }
}

async function runFit(
  engine: Engine,
  model: Sequential,
  train: Dataset,
  settings: FitSettings,
): Promise<History> {
  const { batchSize, validation, checkpointing, resume, optimizer, loss, update, seed, onTurn } = settings;
  if (checkpointing || resume) settings.configuration = await describe(model, train, settings);
  if (resume) checkResume(engine, model, settings, resume);
  const disposables: { dispose(): void }[] = [];
  const keep = <T extends { dispose(): void }>(resource: T): T => {
    disposables.push(resource);
    return resource;
  };
  try {
    const maxRows = validation ? Math.max(batchSize, MIN_EVALUATION_ROWS) : batchSize;
    const compiled = keep(new CompiledModel(engine, model, { maxRows, optimizer, loss, update, seed }));
    let loop: TrainingLoop | undefined;
    const now = { download: () => loop?.download() };
    // One for the whole run: epochs may be shorter than the interval between two turns.
    const turn = new Turn(onTurn && (() => onTurn(now)));
    const source = keep(await BatchSource.open(engine, train, turn, 'fit, train'));
    const validationSource =
      validation && keep(await BatchSource.open(engine, validation, turn, 'fit, validation'));
    loop = new TrainingLoop(compiled, source, validationSource, settings, turn);
    return await loop.run();
  } finally {
    engine.settle();
    for (const resource of disposables) resource.dispose();
  }
}

/** Everything that decides the bits of a run. */
async function describe(
  model: Sequential,
  train: Dataset,
  settings: FitSettings,
): Promise<Record<string, unknown>> {
  const { loss, optimizer, update, batchSize, accumulateBatches, epochs, shuffle, seed } = settings;
  const { validation, earlyStopping, metrics } = settings;
  return {
    model: describeModel(model),
    loss: loss.config,
    optimizer: optimizer.config,
    update,
    batchSize,
    accumulateBatches,
    epochs,
    shuffle,
    seed,
    metrics: metrics.map(({ name }) => name),
    earlyStopping: earlyStopping?.config ?? null,
    train: await describeData(train),
    validation: validation ? await describeData(validation) : null,
  };
}

function checkResume(
  engine: Engine,
  model: Sequential,
  { configuration, epochs, optimizer }: FitSettings,
  resume: NonNullable<FitSettings['resume']>,
): void {
  // Schedules that reach to the end have another rate at every step when that is elsewhere.
  checkConfiguration(resume, configuration, reachesToEnd(optimizer.schedule.config) ? [] : ['epochs']);
  if (resume.records.length > epochs) {
    throw new ResumeError(
      'fit, resume',
      `the checkpoint has ${resume.records.length} epochs behind it, but epochs is ${epochs}`,
    );
  }
  for (const parameter of model.parameters) {
    const { name } = parameter;
    const { length } = valuesOf(parameter);
    const given = resume.parameters.get(name)?.length;
    if (given !== length) {
      throw new ResumeError('fit, resume', `${name}: expected ${length} values, given ${given ?? 'none'}`);
    }
  }
  for (const part of [resume, resume.best]) {
    for (const values of [part?.parameters, part?.state]) checkFinite(values ?? new Map(), optimizer.kind);
  }
  const warning = engineWarning(resume, describeCheckpointEngine(engine));
  if (warning) platform.warn(warning);
}

/** What the model is to have must be finite; what an optimizer keeps may have overflown, but NaN would spread from it. */
function checkFinite(all: Values, optimizer: string): void {
  for (const [name, values] of all) {
    const own = name.startsWith(`${optimizer}.`);
    const at = values.findIndex((value) => (own ? Number.isNaN(value) : !Number.isFinite(value)));
    if (at < 0) continue;
    throw new ResumeError(
      'fit, resume',
      `the checkpoint is damaged: ${show(name)} holds ${values[at]} at ${at}, expected a finite number`,
    );
  }
}

/** Whether rates depend on the number of all steps. */
function reachesToEnd({ kind, schedule }: Readonly<Record<string, unknown>>): boolean {
  if (kind === 'warmUp') return reachesToEnd(schedule as Record<string, unknown>);
  return !['constant', 'step', 'reduceOnPlateau'].includes(kind as string);
}
