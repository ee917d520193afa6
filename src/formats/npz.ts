/**
 * Reads and writes NPZ, numpy's archive of named arrays: a ZIP whose entries are NPY files. It opens no file.
 */
import { isMap } from '../base/arrays.js';
import { FormatError, OptionError, show } from '../base/errors.js';
import { checkInteger } from '../base/options.js';
import { checkFile, growthLimit } from './bytes.js';
import { decodeNpy, type NpyArray, type WritableNpy, writeNpy } from './npy.js';
import { foreignFormat } from './recognise.js';
import { readZip, writeZip } from './zip.js';

const SUFFIX = '.npy';

/**
 * Reads what `numpy.savez` and `numpy.savez_compressed` write, in the order of the archive. Names are without
 * `.npy`.
 *
 * @param where The file's name, for messages.
 * @param maxBytes The most that all arrays together may grow to; by default 128 MiB, and 64 times the size of
 * a larger archive.
 * @throws FormatError, naming the array where there is one, for an archive or an array that is broken, or an
 * entry that is
 *   no array.
 * @throws OptionError for `bytes` that are none, or a limit that is no number of bytes.
 */
export function readNpz(bytes: Uint8Array, where: string, maxBytes?: number): Map<string, NpyArray> {
  const reader = 'readNpz';
  const file = checkFile(reader, bytes, where);
  const limit = maxBytes ?? growthLimit(file.length);
  checkInteger(reader, 'maxBytes', limit, { min: 0 });
  const foreign = foreignFormat(file);
  if (foreign !== undefined) throw new FormatError(where, `expected arrays of numpy, given ${foreign}`);
  const arrays = new Map<string, NpyArray>();
  for (const [name, data] of readZip(file, where, limit)) {
    if (!name.endsWith(SUFFIX))
      throw new FormatError(where, `entry ${show(name)}: expected a name that ends in ${SUFFIX}`);
    const array = name.slice(0, -SUFFIX.length);
    arrays.set(array, decodeNpy(data, `${where}, array ${show(array)}`, limit));
  }
  return arrays;
}

/**
 * Writes arrays as `numpy.load` reads them, not compressed. The same arrays in the same order give the same
 * bytes.
 *
 * @throws OptionError for anything but a map, an array that cannot be written, an empty name, or more than an
 * archive holds.
 * @throws ShapeError when data are not the product of the shape in number.
 */
export function writeNpz(arrays: ReadonlyMap<string, WritableNpy>): Uint8Array {
  if (!isMap(arrays))
    throw new OptionError('writeNpz', `expected a map of names and arrays, given ${show(arrays)}`);
  const files = new Map<string, Uint8Array>();
  for (const [name, array] of arrays) {
    if (typeof name !== 'string' || name === '')
      throw new OptionError('writeNpz', `expected a name, given ${show(name)}`);
    files.set(`${name}${SUFFIX}`, writeNpy(array));
  }
  return writeZip(files);
}
