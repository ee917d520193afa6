/** Reads the images to predict from a single IDX file. */

import { DataError, FormatError } from '../base/errors.js';
import { inputName, readInput } from '../base/files/pipe.js';
import { unzip } from '../data/folder.js';
import { readIdx } from '../data/idx.js';
import { type ImageShape, isImageShape } from '../data/set.js';

/** Images of bytes, row-major, with what is known of them. A data set has these keys too. */
export interface Images {
  readonly pixels: Uint8Array;
  readonly size: number;
  /** Pixels of one image. */
  readonly width: number;
  readonly imageShape?: ImageShape;
  readonly labels?: Int32Array;
  readonly classNames?: readonly string[];
}

/**
 * Reads an IDX file of bytes, [n, height, width], [n, height, width, channels] or [n, width], plain or gzip. Throws FileError when it
 * cannot be read, FormatError when it is something else, DataError when it is empty.
 */
export async function readImages(given: string): Promise<Images> {
  const bytes = await readInput(given);
  const path = inputName(given);
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
  const { type, dims, data } = readIdx(isGzip ? await unzip(bytes, path) : bytes, path);
  if (type !== 'u8' || dims.length < 2 || dims.length > 4) {
    const given = `${type} of ${dims.length} (${dims.join('x')})`;
    throw new FormatError(path, `expected images: u8 of 2 to 4 dimensions, given ${given}`);
  }
  if (data.length === 0) throw new DataError(path, `expected at least one image, given ${dims.join('x')}`);
  const [size, ...shape] = dims;
  return { pixels: data, size, width: data.length / size, ...(isImageShape(shape) && { imageShape: shape }) };
}
