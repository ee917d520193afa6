/** The model of a checkpoint's file, which holds the network but not how its inputs were made. Node only. */
import { basename, dirname, join } from 'node:path';
import { elementsOf, isStrings } from '../base/arrays.js';
import { FileError, FormatError, LanegradError, show } from '../base/errors.js';
import { readFileBytes } from '../base/files/atomic.js';
import { OptionReader } from '../base/options.js';
import { readNetwork } from '../formats/model.js';
import { readHeader } from '../formats/safetensors-header.js';
import { readLossFor } from '../nn/loss-read.js';
import type { Loss } from '../nn/losses.js';
import { allValues, type Network, remember, setParameters } from '../nn/model.js';
import { setTrainable } from '../nn/values.js';
import { type ModelMetadata, readModel } from '../tables/model-file.js';
import { type Checkpoint, readCheckpoint } from '../train/checkpoint.js';
import { MODEL_FILE } from './folder.js';

/**
 * The model of a file that `saveModel` wrote, or of a checkpoint: then as training would have left it at that
 * step, with its moving average where it keeps one. What a checkpoint does not say, how inputs were scaled and
 * what classes and columns are called, comes from the model of its run, where it lies in a run folder.
 *
 * @throws FormatError for anything else, or a value that is NaN or infinite.
 */
export async function readAnyModel(
  bytes: Uint8Array,
  path: string,
): Promise<{ model: Network; metadata: ModelMetadata }> {
  if (readHeader(bytes, path).metadata['lanegrad.checkpoint'] === undefined) return readModel(bytes, path);
  const model = modelOf(readCheckpoint(bytes, path), path);
  const run = await modelOfRun(path);
  if (!run || run.model.inputSize !== model.inputSize || run.model.outputSize !== model.outputSize)
    return { model, metadata: {} };
  remember(model, { ...run.model, ...(model.loss && { loss: model.loss }) });
  return { model, metadata: run.metadata };
}

/** Undefined for a checkpoint that lies elsewhere, or of a run that has no model yet. */
async function modelOfRun(path: string): Promise<{ model: Network; metadata: ModelMetadata } | undefined> {
  const folder = dirname(path);
  if (basename(folder) !== 'checkpoints') return undefined;
  const own = join(dirname(folder), MODEL_FILE);
  try {
    return readModel(await readFileBytes(own), own);
  } catch (error) {
    if (error instanceof FileError) return undefined;
    throw error;
  }
}

function modelOf({ configuration, parameters, state }: Checkpoint, path: string): Network {
  /** A moving average is what the model gets at the end. */
  const find = (name: string) =>
    state.get(`average/${name}`) ?? parameters.get(name) ?? state.get(`buffer/${name}`);
  try {
    const description = new OptionReader('model', configuration.model);
    // As a model's file of version 2 says it.
    const model = readNetwork(description, 2, (all) => {
      for (const { name, shape } of all) {
        const given = find(name);
        if (!given) throw new FormatError(path, `the values of ${show(name)} are missing`);
        if (given.length !== elementsOf(shape))
          throw new FormatError(
            path,
            `${name}: expected [${shape.join(', ')}], given ${given.length} values`,
          );
        if (!given.every(Number.isFinite)) throw new FormatError(path, `${name}: expected finite values`);
      }
    });
    const frozen = description.optional('frozen', 'names of parameters', isStrings) ?? [];
    description.end();
    for (const parameter of model.parameters) {
      if (frozen.includes(parameter.name)) setTrainable(parameter, false);
    }
    setParameters(
      model,
      new Map(allValues(model).map(({ name, shape }) => [name, { shape, values: find(name)! }])),
    );
    remember(model, { loss: readLossFor(configuration.loss as Loss['config'], model) });
    return model;
  } catch (error) {
    if (!(error instanceof LanegradError) || error instanceof FormatError) throw error;
    throw new FormatError(path, error.message, { cause: error });
  }
}
