/** The network for the visitor's images, and their data sets. */
import {
  type AugmentOptions,
  activation,
  batchNorm,
  conv2d,
  type Dataset,
  dataset,
  dense,
  dropout,
  flatten,
  maxPool2d,
  type Sequential,
  sequential,
  splitDataset,
} from 'lanegrad';
import type { TrainRequest } from './protocol.js';
import type { Settings } from './settings.js';
import { BYTES, SIDE } from './sizes.js';

/** Of a class; with fewer in any class, none are kept to validate. */
const ENOUGH = 5;

export function buildModel(classes: number, settings: Settings): Sequential {
  const { filters, seed } = settings;
  const options = { padding: 'same' } as const;
  const stages = [1, 2, 4].flatMap((times) => [
    conv2d(times * filters, 3, options),
    batchNorm(),
    activation('relu'),
    maxPool2d(2),
  ]);
  const drop = settings.dropout > 0 ? [dropout(settings.dropout)] : [];
  return sequential([SIDE, SIDE, 3], [...stages, flatten(), ...drop, dense(classes)], { seed });
}

export function buildSets(
  classes: TrainRequest['classes'],
  seed: number,
): { readonly train: Dataset; readonly validation?: Dataset } {
  const size = classes.reduce((sum, { images }) => sum + images.length, 0);
  const inputs = new Uint8Array(size * BYTES);
  const labels = new Int32Array(size);
  let at = 0;
  for (const [label, { images }] of classes.entries()) {
    for (const image of images) {
      inputs.set(image, at * BYTES);
      labels[at++] = label;
    }
  }
  const classNames = classes.map(({ name }) => name);
  const all = dataset({ name: 'your images', inputs, labels, classNames, imageShape: [SIDE, SIDE, 3] });
  if (classes.some(({ images }) => images.length < ENOUGH)) return { train: all };
  return splitDataset(all, { validation: 0.2, seed });
}

export function augmentOf({ mirror, shift, turn, light }: Settings): AugmentOptions | undefined {
  const options: AugmentOptions = {
    ...(mirror && { flip: 'horizontal' as const }),
    ...(shift && { shift: 3 }),
    ...(turn && { rotate: 15 }),
    ...(light && { brightness: 0.15, contrast: 0.2 }),
  };
  return Object.keys(options).length > 0 ? { ...options, fill: 'edge' } : undefined;
}
