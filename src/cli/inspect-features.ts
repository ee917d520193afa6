/** `lanegrad inspect --image`: what the convolutions of a model find in an image. */
import { OptionError, show } from '../base/errors.js';
import { createEngine } from '../create/engine.js';
import { describeValues, type Statistics } from '../inspect/statistics.js';
import { type Convolution, convolutionsOf } from '../nn/convolutions.js';
import { strongestChannels } from '../report/tiles.js';
import { features } from '../train/features.js';
import { scaleBytes } from '../train/rows.js';
import { drawImage } from './image.js';
import { drawPictures } from './inspect-pictures.js';
import { imagesFor } from './model-images.js';
import type { Output } from './output.js';
import { openModel, requireOnePort } from './sources.js';

/** What a layer finds, for programs. */
export interface DescribedFeatures extends Statistics {
  readonly layer: string;
  readonly kind: string;
  readonly shape: readonly number[];
  /** Channels by the mean size of what they answer, the largest first. */
  readonly strongest: readonly number[];
}

/**
 * Draws the first image of `source` and, after each convolution, the maps of the channels that answer most.
 * Throws OptionError for a model without convolutions, and what `predict` throws for images that do not fit.
 */
export async function inspectFeatures(
  out: Output,
  path: string,
  source: string,
  pictures: number | undefined,
): Promise<DescribedFeatures[]> {
  const opened = await openModel(path);
  requireOnePort(opened);
  const { model, metadata } = opened;
  const convolutions = convolutionsOf(model);
  if (convolutions.length === 0) {
    throw new OptionError('--image', `expected a model with convolutions, given ${show(path)} without any`);
  }
  const { pixels, width, imageShape } = await imagesFor(source, opened);
  const first = pixels.subarray(0, width);
  // As predict takes bytes of a model that does not know of any.
  const inputs = model.input ? first : scaleBytes(first, { scale: 1 / 255, offset: 0 });
  const engine = await createEngine();
  try {
    const names = convolutions.map(({ layer }) => layer);
    const found = features(engine, model, inputs, names);
    if (pictures !== 0) {
      out.line();
      for (const line of drawImage(first, imageShape, metadata.input?.imageShape, out)) out.line(line);
    }
    return convolutions.map((own) => printMaps(out, own, found[own.layer], pictures));
  } finally {
    engine.dispose();
  }
}

function printMaps(
  out: Output,
  { layer, kind, shape }: Convolution,
  values: Float32Array,
  pictures: number | undefined,
): DescribedFeatures {
  const [height, width, channels] = shape;
  const strongest = strongestChannels(values, channels);
  if (pictures !== 0) {
    const at = (picture: number, pixel: number) => values[pixel * channels + strongest[picture]];
    out.line();
    out.line(`layer ${layer}, ${kind}, ${channels} maps of ${height}x${width}, the strongest first`);
    for (const line of drawPictures({ height, width, count: channels, at }, pictures, out)) out.line(line);
  }
  return { layer, kind, shape, strongest, ...describeValues(values) };
}
