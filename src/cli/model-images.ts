/** The images that a word on the command line stands for, as a model takes them. */
import { OptionError, ShapeError } from '../base/errors.js';
import type { OpenNetwork } from '../run/open-network.js';
import { imageShapeOfModel } from '../run/pictures.js';
import { loadSplits } from '../run/sources.js';
import type { RunSplits } from '../run/splits.js';
import { type Images, readImages } from './images.js';
import { printable } from './output.js';
import { isFileSource, picturesOf } from './sources.js';

/**
 * Those of a file or a folder of pictures, or the test images of a data set. Throws OptionError for what is
 * neither, ShapeError for images that the model does not take.
 */
export async function imagesFor(source: string, opened: OpenNetwork): Promise<Images> {
  const { model, metadata } = opened;
  const wanted = { shape: imageShapeOfModel(opened), fit: metadata.input?.fit };
  const images = (await isFileSource(source))
    ? await readImages(source, wanted)
    : testImages(source, await loadSplits(source, picturesOf(opened)));
  if (images.width === model.inputSize) return images;
  throw new ShapeError(
    source,
    `its images have ${images.width} pixels, but the model takes ${model.inputSize}`,
  );
}

function testImages(source: string, { test }: RunSplits): Images {
  if (!test)
    throw new OptionError('input', `${printable(source)} has no test images; expected some, or a picture`);
  const { inputs, ...set } = test;
  // Sets that come from files hold bytes.
  if (!(inputs instanceof Uint8Array)) throw new ShapeError(set.name, 'expected images of bytes');
  return { ...set, pixels: inputs };
}
