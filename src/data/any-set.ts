/** A data set in memory or one that streams, for those that take both. */
import { joined, type NumericArray } from '../base/arrays.js';
import { ChunkReader } from './chunk-reader.js';
import { type Dataset, sliceDataset } from './set.js';
import type { StreamedDataset } from './stream.js';

export type AnySet = Dataset | StreamedDataset;

export function isStreamed(set: AnySet): set is StreamedDataset {
  return 'source' in set;
}

/** The number of rows; infinite where only the end of a stream will tell. */
export function sizeOf(set: AnySet): number {
  return set.size ?? Number.POSITIVE_INFINITY;
}

/** At most so many of the first rows, in memory; of a set that is in memory all of them. */
export async function firstRows(set: AnySet, most: number): Promise<Dataset> {
  if (!isStreamed(set)) return set;
  const { name: where, size } = set;
  const reader = new ChunkReader(set, { where, size, counted: false, skip: 0 });
  const segments = await reader.take(most).finally(() => reader.close());
  const parts = segments.map(({ rows, from, to }) => sliceDataset(rows, from, to));
  const all = <T extends NumericArray>(
    Class: new (length: number) => T,
    of: (part: Dataset) => ArrayLike<number> | undefined,
  ) =>
    joined(
      Class,
      parts.map((part) => of(part)!),
    );
  return {
    ...parts[0],
    size: parts.reduce((sum, part) => sum + part.size, 0),
    inputs: all<Uint8Array | Float32Array>(
      set.dtype === 'u8' ? Uint8Array : Float32Array,
      (part) => part.inputs,
    ),
    labels: all(Int32Array, (part) => part.labels),
    ...(parts[0].targets && { targets: all(Float32Array, (part) => part.targets) }),
    ...(set.weighted && { weights: all(Float32Array, (part) => part.weights) }),
  };
}
