/** Training that begins with the weights of another model. Node only: the model is a file. */
import { join } from 'node:path';
import { ShapeError } from '../base/errors.js';
import { readFileBytes } from '../base/files/atomic.js';
import { isFolder } from '../base/files/folders.js';
import { allValues, type Network, writeAll } from '../nn/model.js';
import { readAnyModel } from './checkpoint-model.js';
import { MODEL_FILE } from './folder.js';

/** Tensors that a message lists. */
const MAX_LISTED = 6;

/**
 * Gives the model all parameters and buffers of a model file, a checkpoint, or of a run folder's. Rejects with FileError
 * and FormatError for a file that cannot be read, and with ShapeError that lists what does not fit when names
 * or shapes differ; the model then stays as it was.
 */
export async function takeWeights(model: Network, source: string): Promise<void> {
  const path = (await isFolder(source)) ? join(source, MODEL_FILE) : source;
  const given = new Map(
    allValues((await readAnyModel(await readFileBytes(path), path)).model).map((own) => [own.name, own]),
  );
  const wanted = allValues(model);
  const names = new Set(wanted.map(({ name }) => name));
  const problems = [
    ...wanted.flatMap(({ name, shape }) => {
      const other = given.get(name);
      if (!other) return [`${name} is missing`];
      if (other.shape.join() === shape.join()) return [];
      return [`${name}: expected [${shape.join(', ')}], given [${other.shape.join(', ')}]`];
    }),
    ...[...given.keys()].filter((name) => !names.has(name)).map((name) => `${name} is not of this network`),
  ];
  if (problems.length > 0) {
    const more = problems.length > MAX_LISTED ? `; and ${problems.length - MAX_LISTED} more` : '';
    const listed = problems.slice(0, MAX_LISTED).join('; ');
    throw new ShapeError(path, `the weights do not fit the network to be trained: ${listed}${more}`);
  }
  writeAll(
    model,
    wanted.map(({ name }) => given.get(name)!.values),
  );
}
