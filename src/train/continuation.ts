/**
 * What `fit` does where there are checkpoints: describes the run, and reads and checks the one that it goes
 * on from.
 */
import { platform } from '#platform';
import { isUint8Array } from '../base/arrays.js';
import { OptionError, ResumeError, show } from '../base/errors.js';
import type { Dataset } from '../data/dataset.js';
import type { Engine } from '../engine/engine.js';
import type { Compiled } from '../nn/compiled.js';
import { describeLossFor } from '../nn/loss-file.js';
import type { Loss } from '../nn/losses.js';
import type { Network } from '../nn/model.js';
import { isPlateau, type PlateauState } from '../nn/schedules.js';
import { readParameters, readState, writeParameters, writeState } from '../nn/state.js';
import { valuesOf } from '../nn/values.js';
import { type Checkpoint, readCheckpoint, type Values, writeCheckpoint } from './checkpoint.js';
import {
  checkConfiguration,
  describeCheckpointEngine,
  describeData,
  describeModel,
  engineWarning,
} from './configuration.js';
import type { FitSettings } from './fit-options.js';
import type { LoopState } from './loop-state.js';

/**
 * Gives the settings what writes checkpoints, and the one to go on from. Throws ResumeError for one that does
 * not fit.
 */
export async function continueFrom(
  engine: Engine,
  model: Network,
  train: Dataset,
  settings: FitSettings,
): Promise<void> {
  const { continuation } = settings;
  const { from } = continuation;
  const resume = from && readResumable(from);
  const configuration = await describe(model, train, settings);
  if (resume) checkResume(engine, model, settings, configuration, resume);
  if (resume) {
    continuation.resume = resume;
    continuation.restore = (compiled, state) => restore(settings, resume, compiled, state);
  }
  continuation.keep = async (compiled, state, { latest, best = false, bestSteps }, check) => {
    const checkpointing = settings.checkpointing!;
    const { step } = state.record;
    const epochs = state.records.length;
    // An abort may come just after one.
    const again = state.saved.step === step && state.saved.epochs === epochs;
    if (again || !(latest || best)) return;
    check();
    engine.settle();
    const bytes = writeCheckpoint({
      ...{ configuration, engine: describeCheckpointEngine(engine) },
      ...contentOf(settings, compiled, state),
    });
    const steps = bestSteps ?? checkpointing.bestSteps(state.records);
    await checkpointing.save({ bytes, step, epochs, latest, best, bestSteps: steps });
    if (!latest) return;
    checkpointing.saved();
    state.saved = { step, epochs };
  };
}

function readResumable(given: object): Checkpoint {
  if (isUint8Array(given)) return readCheckpoint(given, 'fit, resume');
  const isCheckpoint = 'position' in given && 'configuration' in given && 'parameters' in given;
  if (!isCheckpoint)
    throw new OptionError('fit', `option resume: expected a checkpoint, given ${show(given)}`);
  return given as Checkpoint;
}

/** Everything that decides the bits of a run. */
async function describe(
  model: Network,
  train: Dataset,
  settings: FitSettings,
): Promise<Record<string, unknown>> {
  const { loss, optimizer, update, batchSize, accumulateBatches, epochs, shuffle, seed } = settings;
  const { validation, earlyStopping, metrics, outputs, augmentation } = settings;
  return {
    model: describeModel(model),
    // Of mixed answers that of the answers as they are given.
    loss: describeLoss(model, augmentation?.loss ? settings.memory.loss : loss),
    optimizer: optimizer.config,
    update,
    batchSize,
    accumulateBatches,
    epochs,
    shuffle,
    seed,
    // Not where there is none: checkpoints of earlier versions do not know of it.
    ...(augmentation && { augment: augmentation.config }),
    metrics: outputs?.metricNames ?? metrics.map(({ name }) => name),
    earlyStopping: earlyStopping?.config ?? null,
    train: await describeData(train),
    validation: validation ? await describeData(validation) : null,
  };
}

/** One's own by what its function computes: all of them are called alike. */
function describeLoss(model: Network, loss: Loss): Loss['config'] {
  const all = [loss, ...Object.values(loss.parts ?? {}).map((part) => part.loss)];
  return all.some(({ compute }) => compute) ? describeLossFor('fit', model, loss) : loss.config;
}

function checkResume(
  engine: Engine,
  model: Network,
  { epochs, optimizer }: FitSettings,
  configuration: Readonly<Record<string, unknown>>,
  resume: Checkpoint,
): void {
  // Other schedules have another rate at every step when the end is elsewhere.
  const free = optimizer.schedule.openEnded ? ['epochs'] : [];
  checkConfiguration(resume, configuration, [...free, ...(resume.changes ?? [])]);
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

/**
 * What the model is to have must be finite; what an optimizer keeps may have overflown, but NaN would spread
 * from it.
 */
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

function contentOf(
  { optimizer, earlyStopping }: FitSettings,
  compiled: Compiled,
  { record, records, epoch, lossSum, weight, correct, outputs, epochSeconds, seconds, best }: LoopState,
): Omit<Checkpoint, 'configuration' | 'engine'> {
  const { samples, step, learningRate } = record;
  return {
    position: {
      ...{ epoch, samples, step, lossSum, weight, correct },
      ...(outputs && { outputs: outputs.state }),
      ...{ learningRate, epochSeconds, seconds },
    },
    records,
    parameters: readParameters(compiled),
    state: readState(compiled),
    ...(isPlateau(optimizer.schedule) && { schedule: optimizer.schedule.state }),
    ...(earlyStopping && { earlyStopping: earlyStopping.state }),
    ...(best && { best }),
  };
}

/** Puts everything where it was when the checkpoint was made. */
function restore(settings: FitSettings, checkpoint: Checkpoint, compiled: Compiled, loop: LoopState): void {
  const { parameters, state, position, records, earlyStopping, best, schedule } = checkpoint;
  const { epoch, lossSum, weight, correct, epochSeconds, seconds, samples, step, learningRate } = position;
  writeParameters(compiled, parameters);
  writeState(compiled, state);
  compiled.steps = step;
  loop.records.push(...records);
  Object.assign(loop, { epoch, lossSum, weight, correct, epochSeconds, seconds, best });
  Object.assign(loop.record, { step, samples, learningRate });
  if (position.outputs) loop.outputs?.restore(position.outputs);
  loop.saved = { step, epochs: records.length };
  if (earlyStopping) settings.earlyStopping?.restore(earlyStopping);
  const { optimizer } = settings;
  if (isPlateau(optimizer.schedule)) optimizer.schedule.state = schedule as PlateauState;
}
