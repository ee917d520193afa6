/** Reads the images to predict: from an IDX file, a PNG or JPEG file, or a folder of these. */

import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { DataError, FormatError, ShapeError } from '../base/errors.js';
import { readFileBytes } from '../base/files/atomic.js';
import { inputName, readInput, STANDARD_INPUT } from '../base/files/pipe.js';
import type { Fit } from '../base/image-shape.js';
import { type ImageShape, isImageShape } from '../base/image-shape.js';
import { unzip } from '../data/folder.js';
import { readIdx } from '../data/idx.js';
import { PictureRows } from '../data/images/collect.js';
import { decodePicture } from '../data/images/decode.js';
import { pictureFormat } from '../data/images/signature.js';

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

/** What a model takes. */
export interface ImagesFor {
  readonly shape: ImageShape | undefined;
  /** How pictures of another size are brought to that of the model; undefined where they may have none. */
  readonly fit: Fit | undefined;
}

/**
 * Reads an IDX file of bytes, [n, height, width], [n, height, width, channels] or [n, width], plain or gzip; or
 * pictures, which are brought to what the model takes. Throws FileError when a file cannot be read, FormatError
 * when it is something else, DataError when it is empty, ShapeError for a picture that the model does not take.
 */
export async function readImages(given: string, wanted: ImagesFor): Promise<Images> {
  const isFolder = given !== STANDARD_INPUT && (await stat(given)).isDirectory();
  if (isFolder) {
    const names = (await readdir(given)).filter((name) => /^[^.].*\.(png|jpe?g)$/i.test(name)).sort();
    return readPictures(
      names.map((name) => join(given, name)),
      readFileBytes,
      wanted,
    );
  }
  const bytes = await readInput(given);
  const path = inputName(given);
  if (pictureFormat(bytes) !== undefined) return readPictures([path], async () => bytes, wanted);
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

async function readPictures(
  paths: readonly string[],
  read: (path: string) => Promise<Uint8Array>,
  { shape, fit }: ImagesFor,
): Promise<Images> {
  const size = shape && ([shape[0], shape[1]] as const);
  const channels = shape?.[2] === 3 ? 3 : undefined;
  const rows = new PictureRows('predict', paths.length, {
    ...{ size: fit && size, fit: fit ?? 'cover', channels, skip: false },
  });
  for (const path of paths) {
    await rows.add(path, async () => {
      const picture = await decodePicture(await read(path), path);
      const { height, width, channels: colours } = picture;
      if (!fit && size && (height !== size[0] || width !== size[1])) {
        const problem = `is of ${height}x${width}, but the model takes ${size.join('x')}`;
        throw new ShapeError(path, `${problem}; trained with --image-size it would fit pictures to that`);
      }
      if (shape && (shape[2] ?? 1) < colours) {
        throw new ShapeError(path, 'has colours, but the model takes grey images');
      }
      return picture;
    });
  }
  const { pixels, imageShape } = rows.end();
  const files = paths.map((path) => basename(path));
  return { pixels, size: rows.size, width: pixels.length / rows.size, imageShape, files };
}
