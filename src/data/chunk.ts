/** One chunk of a stream, as its source gives it, made into a checked data set. It reads no other. */
import { isTypedArray, isUint8Array } from '../base/arrays.js';
import { DataError, type LanegradError, OptionError, show } from '../base/errors.js';
import { OptionReader } from '../base/options.js';
import { dataset } from './dataset.js';
import { widened } from './narrow.js';
import type { Dataset } from './set.js';
import type { Chunk, StreamedDataset } from './stream.js';

/**
 * The rows of a chunk; undefined when it has none. `where` names the chunk in messages.
 *
 * @throws OptionError for something else than a chunk of this stream.
 * @throws ShapeError when inputs or targets are not rows of its width.
 * @throws DataError for counts that differ, a label outside the classes, or a number that is NaN or infinite.
 */
export function readChunk(where: string, stream: StreamedDataset, given: unknown): Dataset | undefined {
  const { name, dtype, width, scale, offset, imageShape, weighted, source } = stream;
  const { classes, classNames, targetWidth, targetNames } = stream;
  const read = new OptionReader(where, given);
  const inputs = read.required('inputs', 'rows of numbers') as Chunk['inputs'];
  const [own, other] = targetWidth === undefined ? ['labels', 'targets'] : ['targets', 'labels'];
  // Kernels take answers for places and factors: what is checked must be what is copied later. A source that
  // comes in order may fill the same arrays for the next chunk; of others several are read at a time.
  const answers = kept(read.required(own, `the ${own} of the rows`)) as { readonly length?: number };
  if (read.any(other) !== undefined) {
    throw new OptionError(where, `option ${other}: expected none in a stream of ${own}`);
  }
  const weights = kept(read.any('weights')) as Chunk['weights'];
  read.end();
  if (weighted !== (weights !== undefined)) {
    const expected = weighted ? 'those of the rows' : 'none, as the stream is not weighted';
    throw new OptionError(where, `option weights: expected ${expected}, given ${show(weights)}`);
  }
  if (answers.length === 0 && inputs.length === 0) return undefined;
  const [first] = Array.isArray(answers) ? (answers as readonly unknown[]) : [];
  if (typeof first === 'string' && !classNames) {
    const problem = 'expected numbers of classes, as the stream has no classNames';
    throw new OptionError(where, `option labels: ${problem}, given ${show(first)}`);
  }
  // All of a set may not weigh nothing, but so may the rows of a chunk.
  const weightless = Array.isArray(weights) || ArrayBuffer.isView(weights) ? isZero(weights) : false;
  const isKept = dtype === 'u8' || dtype === 'f32';
  const values = isKept ? ('open' in source ? kept(inputs) : inputs) : widened(where, stream, inputs);
  let rows: Dataset;
  try {
    rows = dataset({
      ...{ name, inputs: values, width, [own]: answers },
      ...(dtype === 'u8' && { scale, offset }),
      ...(imageShape && { imageShape }),
      ...(targetWidth === undefined ? { classes } : { targetWidth }),
      ...(classNames && { classNames }),
      ...(targetNames && { targetNames }),
      ...(weights && !weightless && { weights }),
    });
  } catch (error) {
    throw placed(where, error);
  }
  if (isUint8Array(rows.inputs) !== (dtype === 'u8')) {
    const bytes = 'a Uint8Array or rows of such';
    const expected = `${dtype === 'u8' ? '' : 'no '}${bytes}, as dtype is ${show(dtype)}`;
    throw new OptionError(where, `option inputs: expected ${expected}, given ${show(inputs)}`);
  }
  if (!weightless) return rows;
  if (weights!.length !== rows.size) {
    throw new DataError(where, `counts differ: ${weights!.length} weights for ${rows.size} samples`);
  }
  return { ...rows, weights: new Float32Array(rows.size) };
}

/** The same numbers, which nobody else can write to. */
function kept<T>(values: T): T {
  return isTypedArray(values) ? (values.slice() as T) : values;
}

function isZero(weights: ArrayLike<unknown>): boolean {
  return Array.prototype.every.call(weights, (weight) => weight === 0);
}

/** The same error of `dataset`, but that it says which chunk it is about. */
function placed(where: string, error: unknown): unknown {
  const { where: from, message } = error as LanegradError;
  if (typeof from !== 'string') return error;
  const Same = (error as LanegradError).constructor as new (
    where: string,
    message: string,
    options?: ErrorOptions,
  ) => LanegradError;
  return new Same(where, message.slice(from.length + 2), { cause: error });
}
