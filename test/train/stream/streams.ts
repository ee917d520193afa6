/** Data sets in memory as streams: cut into chunks of any sizes, to be read in any order or in one. */
import { type Dataset, sliceDataset } from '../../../src/data/set.js';
import {
  type Chunk,
  type StreamedDataset,
  type StreamOptions,
  streamDataset,
} from '../../../src/data/stream.js';

/** Rows `from` up to `to` as a source gives them. */
export function chunkOf(set: Dataset, from: number, to: number): Chunk {
  if (from === to) return { inputs: [], ...(set.targets ? { targets: [] } : { labels: [] }) };
  const { inputs, labels, targets, weights } = sliceDataset(set, from, to);
  // Copies: nothing may depend on the memory of the set.
  return {
    inputs: inputs.slice(),
    ...(targets ? { targets: targets.slice() } : { labels: labels.slice() }),
    ...(weights && { weights: weights.slice() }),
  };
}

/** The sizes of chunks of `rows` rows, the last of what remains. */
export function sizesOf(set: Dataset, rows: number): number[] {
  const count = Math.ceil(set.size / rows);
  return Array.from({ length: count }, (_, i) => Math.min(rows, set.size - i * rows));
}

/** What there is to say of a stream with the rows of `set`. */
function formOf(set: Dataset): Omit<StreamOptions, 'open' | 'read' | 'chunks'> {
  const { name, width, scale, offset, imageShape, classes, classNames, targetWidth, inputs } = set;
  const bytes = inputs instanceof Uint8Array;
  return {
    ...{ name, width, dtype: bytes ? 'u8' : 'f32', weighted: set.weights !== undefined },
    ...(bytes && { scale, offset }),
    ...(imageShape && { imageShape }),
    ...(targetWidth === undefined ? { classes } : { targetWidth }),
    ...(classNames && { classNames }),
  };
}

export type Access = 'sizes' | 'count' | 'in order';

/** The set as a stream; `seen` is told of every chunk that is read. */
export function streamOf(
  set: Dataset,
  sizes: readonly number[],
  access: Access = 'sizes',
  options: Partial<StreamOptions> = {},
  seen: (chunk: number) => void = () => {},
): StreamedDataset {
  const starts = sizes.map((_, i) => sizes.slice(0, i).reduce((sum, rows) => sum + rows, 0));
  const read = (i: number) => {
    seen(i);
    return chunkOf(set, starts[i], starts[i] + sizes[i]);
  };
  const source =
    access === 'in order'
      ? {
          async *open() {
            for (const i of sizes.keys()) yield await Promise.resolve(read(i));
          },
        }
      : { read, chunks: access === 'sizes' ? sizes : sizes.length };
  return streamDataset({ ...formOf(set), ...source, ...options });
}
