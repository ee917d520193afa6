/** What `fit` does where there are checkpoints: describes the run, and reads and checks the one that it goes on from. */
import { platform } from '#platform';
import { isUint8Array } from '../base/arrays.js';
import { ResumeError, show } from '../base/errors.js';
import type { Dataset } from '../data/dataset.js';
import type { Engine } from '../engine/engine.js';
import { describeLossFor } from '../nn/loss-file.js';
import type { Loss } from '../nn/losses.js';
import type { Network } from '../nn/model.js';
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

/** Gives the settings what writes checkpoints, and the one to go on from. Throws ResumeError for one that does not fit. */
export async function continueFrom(
  engine: Engine,
  model: Network,
  train: Dataset,
  settings: FitSettings,
): Promise<void> {
  const { continuation } = settings;
  const { from } = continuation;
  const resume = isUint8Array(from) ? readCheckpoint(from, 'fit, resume') : from;
  const configuration = await describe(model, train, settings);
  if (resume) checkResume(engine, model, settings, configuration, resume);
  if (resume) continuation.resume = resume;
  continuation.write = (content) =>
    writeCheckpoint({ configuration, engine: describeCheckpointEngine(engine), ...content });
}

/** Everything that decides the bits of a run. */
async function describe(
  model: Network,
  train: Dataset,
  settings: FitSettings,
): Promise<Record<string, unknown>> {
  const { loss, optimizer, update, batchSize, accumulateBatches, epochs, shuffle, seed } = settings;
  const { validation, earlyStopping, metrics, outputs } = settings;
  return {
    model: describeModel(model),
    loss: describeLoss(model, loss),
    optimizer: optimizer.config,
    update,
    batchSize,
    accumulateBatches,
    epochs,
    shuffle,
    seed,
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
  checkConfiguration(resume, configuration, optimizer.schedule.openEnded ? ['epochs'] : []);
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
