/** Pictures as a model takes them: of which shape, and brought to it. Node only. */
import { basename } from 'node:path';
import { ShapeError } from '../base/errors.js';
import { type Fit, type ImageShape, isImageShape } from '../base/image-shape.js';
import { PictureRows } from '../data/images/collect.js';
import { decodePicture } from '../data/images/decode.js';
import type { OpenNetwork } from './open-network.js';

/** What a model takes. */
export interface ImagesFor {
  readonly shape: ImageShape | undefined;
  /** How pictures of another size are brought to that of the model; undefined where they may have none. */
  readonly fit: Fit | undefined;
}

/** The images that a model takes, as its file says or as its input is. */
export function imageShapeOfModel({ model, metadata }: Omit<OpenNetwork, 'path'>): ImageShape | undefined {
  const [{ shape }] = model.inputs;
  return metadata.input?.imageShape ?? (shape.length === 3 && isImageShape(shape) ? shape : undefined);
}

/**
 * The pixels of PNG and JPEG files, a row each. Throws FormatError for what is no picture, ShapeError for one that
 * the model does not take.
 */
export async function readPictures(
  paths: readonly string[],
  read: (path: string) => Promise<Uint8Array>,
  { shape, fit }: ImagesFor,
): Promise<{ pixels: Uint8Array; size: number; imageShape: ImageShape; files: string[] }> {
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
  return { pixels, size: rows.size, imageShape, files: paths.map((path) => basename(path)) };
}
