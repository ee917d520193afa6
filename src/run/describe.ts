/** What is written down of a run: its data, its model, and everything that it takes to run it again. */
import type { Engine } from '../engine/engine.js';
import type { Loss } from '../nn/losses.js';
import type { Network } from '../nn/model.js';
import type { Optimizer } from '../nn/optimizers.js';
import { isSequential, parametersOf } from '../nn/sequential.js';
import { summary } from '../nn/summary.js';
import type { ModelMetadata } from '../tables/model-file.js';
import type { RunSettings } from './settings.js';
import type { LargeSplits } from './splits.js';
import { packageVersion } from './version.js';

/** What the model's file says about its inputs. */
export function describeInput({ full, table, pictures }: LargeSplits): ModelMetadata {
  const { scale, offset, imageShape, classNames } = full;
  if (table) return { table: table.preparation, ...(classNames && { classNames }) };
  const input = {
    ...{ scale, offset },
    ...(imageShape && { imageShape }),
    ...(pictures?.fit && { fit: pictures.fit }),
    ...(pictures && { splitSeed: pictures.seed }),
  };
  return { input, ...(classNames && { classNames }) };
}

/** Everything that it takes to run this again. */
export function describeRun(
  engine: Engine,
  splits: LargeSplits,
  settings: RunSettings,
  { model, optimizer, loss }: { model: Network; optimizer: Optimizer; loss: Loss },
): Record<string, unknown> {
  const { full, train, validation, test, pictures } = splits;
  return {
    lanegrad: packageVersion(),
    createdAt: new Date().toISOString(),
    dataset: {
      name: full.name,
      source: settings.source,
      train: settings.full ? full.size : train.size,
      validation: settings.full ? 0 : (validation?.size ?? 0),
      test: test?.size ?? 0,
      width: full.width,
      classes: full.classes,
      scale: full.scale,
      offset: full.offset,
      ...(full.imageShape && { imageShape: full.imageShape }),
      ...(pictures && { skipped: pictures.skipped }),
    },
    layers: describeLayers(model),
    parameters: model.parameterCount,
    loss: describeLoss(loss),
    optimizer: optimizer.config,
    batchSize: settings.batchSize,
    epochs: settings.epochs,
    shuffle: settings.shuffle,
    seed: settings.seed,
    engine: engine.info,
    // What `readSettings` reads again when the run goes on.
    settings,
  };
}

function describeLayers(model: Network): object[] {
  if (!isSequential(model)) {
    return summary(model).layers.map(({ name, kind, shape, parameters }) => ({
      name,
      kind,
      shape,
      parameters,
    }));
  }
  const specs = parametersOf('describeRun', model.shapes[0], model.layers);
  return model.layers.map((layer, index) => {
    const weight = specs.find(({ name }) => name === `${index}.weight`);
    return {
      kind: layer.kind,
      ...layer.config,
      ...(layer.kind === 'dense' && { initializer: weight?.initializer.name }),
    };
  });
}

/** A loss with its defaults has no more to say than its name. */
function describeLoss({ kind, config }: Loss): string | Loss['config'] {
  return Object.keys(config).length > 1 ? config : kind;
}
