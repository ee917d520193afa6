/** Reads and writes NPZ, numpy's archive of named arrays: a ZIP whose entries are NPY files. It opens no file. */
import { FormatError, OptionError, show } from '../errors.js';
import { type NpyArray, readNpy, type WritableNpy, writeNpy } from './npy.js';
import { readZip, writeZip } from './zip.js';

const SUFFIX = '.npy';

/** Most bytes that an archive may grow to unless the caller says otherwise. */
const MAX_BYTES = 2 ** 32;

/**
 * Reads what `numpy.savez` and `numpy.savez_compressed` write, in the order of the archive. Names are without `.npy`.
 *
 * @param where The file's name, for messages.
 * @param maxBytes The most that all arrays together may grow to.
 * @throws FormatError, naming the array where there is one, for an archive or an array that is broken, or an entry that is
 *   no array.
 */
export function readNpz(
  bytes: Uint8Array,
  where: string,
  maxBytes: number = MAX_BYTES,
): Map<string, NpyArray> {
  const arrays = new Map<string, NpyArray>();
  for (const [name, data] of readZip(bytes, where, maxBytes)) {
    if (!name.endsWith(SUFFIX))
      throw new FormatError(where, `entry ${show(name)}: expected a name that ends in ${SUFFIX}`);
    const array = name.slice(0, -SUFFIX.length);
    arrays.set(array, readNpy(data, `${where}, array ${show(array)}`));
  }
  return arrays;
}

/**
 * Writes arrays as `numpy.load` reads them, not compressed. The same arrays in the same order give the same bytes.
 *
 * @throws OptionError for an array that cannot be written, an empty name, or more than an archive holds.
 * @throws ShapeError when data are not the product of the shape in number.
 */
export function writeNpz(arrays: ReadonlyMap<string, WritableNpy>): Uint8Array {
  const files = new Map<string, Uint8Array>();
  for (const [name, array] of arrays) {
    if (typeof name !== 'string' || name === '')
      throw new OptionError('writeNpz', `expected a name, given ${show(name)}`);
    files.set(`${name}${SUFFIX}`, writeNpy(array));
  }
  return writeZip(files);
}
