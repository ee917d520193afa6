/** Reads the images to predict: from an IDX file, a PNG or JPEG file, or a folder of these. */

import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DataError, FormatError } from '../base/errors.js';
import { readFileBytes } from '../base/files/atomic.js';
import { inputName, readInput, STANDARD_INPUT } from '../base/files/pipe.js';
import { type ImageShape, isImageShape } from '../base/image-shape.js';
import { unzip } from '../data/folder.js';
import { readIdx } from '../data/idx.js';
import { pictureFormat } from '../data/images/signature.js';
import { formatOf } from '../formats/recognise.js';
import { type ImagesFor, readPictures } from '../run/pictures.js';
import { isTablePath } from '../tables/file.js';
import { notForTables } from './sources.js';

/** Images of bytes, row-major, with what is known of them. A data set has these keys too. */
export interface Images {
  readonly pixels: Uint8Array;
  readonly size: number;
  /** Pixels of one image. */
  readonly width: number;
  readonly imageShape?: ImageShape;
  readonly labels?: Int32Array;
  readonly classNames?: readonly string[];
  /** Of pictures: what their files are called. */
  readonly files?: readonly string[];
}

/**
 * Reads an IDX file of bytes, [n, height, width], [n, height, width, channels] or [n, width], plain or gzip;
 * or pictures, which are brought to what the model takes. Throws FileError when a file cannot be read,
 * FormatError when it is something else, OptionError when that is a table, DataError when it is empty,
 * ShapeError for a picture that the model does not take.
 */
export async function readImages(given: string, wanted: ImagesFor): Promise<Images> {
  const isFolder = given !== STANDARD_INPUT && (await stat(given)).isDirectory();
  if (isFolder) {
    const names = (await readdir(given)).filter((name) => /^[^.].*\.(png|jpe?g)$/i.test(name)).sort();
    return pictures(
      names.map((name) => join(given, name)),
      readFileBytes,
      wanted,
    );
  }
  const bytes = await readInput(given);
  const path = inputName(given);
  if (pictureFormat(bytes) !== undefined) return pictures([path], async () => bytes, wanted);
  // Of a file that is called as a table is, its bytes decide.
  const isTable = given !== STANDARD_INPUT && isTablePath(given) && formatOf(bytes) === undefined;
  if (isTable) throw notForTables(given);
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

async function pictures(
  paths: readonly string[],
  read: (path: string) => Promise<Uint8Array>,
  wanted: ImagesFor,
): Promise<Images> {
  const rows = await readPictures(paths, read, wanted);
  return { ...rows, width: rows.pixels.length / rows.size };
}
