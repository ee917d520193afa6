/** A few images of each class, to show what the data looks like. */
import { isUint8Array } from '../../base/arrays.js';
import type { Dataset } from '../../data/dataset.js';
import type { DataSamples } from './types.js';

/** Images of a class. */
const EACH = 6;

/** The first images of each class; none where the set has no images of bytes. */
export function sampleImages(set: Dataset, each: number = EACH): DataSamples {
  const { inputs, labels, classes, width: size, imageShape } = set;
  const [height, width] = imageShape?.length === 2 ? imageShape : [1, size];
  const images: Uint8Array[][] = Array.from({ length: classes }, () => []);
  const counts = new Array<number>(classes).fill(0);
  for (const [row, label] of labels.entries()) {
    counts[label]++;
    if (!isUint8Array(inputs) || images[label].length >= each) continue;
    images[label].push(inputs.subarray(row * size, (row + 1) * size));
  }
  const classNames = set.classNames ?? counts.map((_, label) => String(label));
  return { name: set.name, height, width, classNames, images, counts };
}
