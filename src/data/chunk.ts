/** One chunk of a stream, as its source gives it, made into a checked data set. It reads no other. */
import { isBytes, isFloat32Array, isNumericArray } from '../base/arrays.js';
import { DataError, OptionError, show } from '../base/errors.js';
import { OptionReader } from '../base/options.js';
import { checkWeights } from './answers.js';
import { copyNumbers } from './numbers.js';
import { givenLabels, givenTargets } from './read-answers.js';
import { readInput } from './read-inputs.js';
import type { Dataset } from './set.js';
import type { StreamedDataset } from './stream.js';

/**
 * The rows of a chunk; undefined when it has none. `where` names the chunk in messages.
 *
 * @throws OptionError for something else than a chunk of this stream.
 * @throws ShapeError when inputs or targets are not rows of its width.
 * @throws DataError for counts that differ, a label outside the classes, or a number that is NaN or infinite.
 */
export function readChunk(where: string, stream: StreamedDataset, given: unknown): Dataset | undefined {
  const read = new OptionReader(where, given);
  const inputs = read.required('inputs', 'rows of numbers');
  const answers = readAnswers(read, where, stream);
  const weights = read.any('weights');
  read.end();
  const size = answers.count;
  if (size === 0 && (inputs as { readonly length?: unknown } | null)?.length === 0) return undefined;
  const { dtype, width, scale, offset, imageShape } = stream;
  if ((dtype === 'u8') !== isBytes(firstOf(inputs))) {
    const [expected, found] =
      dtype === 'u8' ? ['bytes, by dtype "u8"', 'others'] : ['other numbers, by dtype "f32"', 'bytes'];
    throw new OptionError(where, `option inputs: expected ${expected}, given ${found}: ${show(inputs)}`);
  }
  const rows = readInput(where, 'inputs', inputs, { width, scale, offset, imageShape });
  return Object.freeze({
    ...{ name: stream.name, size },
    ...rows.rows(size, answers.what),
    ...answers.read(),
    ...readWeights(where, stream, weights, size),
  });
}

function readAnswers(read: OptionReader, where: string, stream: StreamedDataset) {
  const { classes, classNames, targetWidth, targetNames } = stream;
  const [own, other] = targetWidth === undefined ? ['labels', 'targets'] : ['targets', 'labels'];
  const given = read.required(own, `the ${own} of the rows`);
  if (read.any(other) !== undefined) {
    throw new OptionError(where, `option ${other}: expected none in a stream of ${own}`);
  }
  if (targetWidth !== undefined)
    return givenTargets(where, own, given, { targetWidth, ...(targetNames && { targetNames }) });
  const first = Array.isArray(given) ? (given as readonly unknown[])[0] : undefined;
  if (typeof first === 'string' && !classNames) {
    const problem = 'expected numbers of classes, as the stream has no classNames';
    throw new OptionError(where, `option labels: ${problem}, given ${show(first)}`);
  }
  return givenLabels(where, own, given, { classes, ...(classNames && { classNames }) });
}

function readWeights(
  where: string,
  { weighted }: StreamedDataset,
  given: unknown,
  size: number,
): Pick<Dataset, 'weights'> {
  if (weighted !== (given !== undefined)) {
    const expected = weighted ? 'those of the rows' : 'none, as the stream is not weighted';
    throw new OptionError(where, `option weights: expected ${expected}, given ${show(given)}`);
  }
  if (given === undefined) return {};
  const weights = isFloat32Array(given) ? given : copyNumbers(where, 'weights', given);
  if (weights.length !== size) {
    throw new DataError(where, `counts differ: ${weights.length} weights for ${size} rows`);
  }
  checkWeights(where, weights, given as ArrayLike<unknown>);
  return { weights };
}

/** The first of arrays in arrays that holds numbers; an array that holds itself has no end. */
function firstOf(given: unknown): unknown {
  let value = given;
  for (let depth = 0; depth < 8 && Array.isArray(value) && !isNumericArray(value); depth++) value = value[0];
  return value;
}
