/** A data set in memory or one that streams, for those that take both. */
import { DataError } from '../base/errors.js';
import { readChunk } from './chunk.js';
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
  const { source, name } = set;
  const controller = new AbortController();
  const context = { signal: controller.signal };
  const parts: Dataset[] = [];
  let rows = 0;
  try {
    for await (const chunk of 'open' in source ? source.open(context) : inOrder(source, context)) {
      const part = readChunk(name, set, chunk);
      if (part) parts.push(part);
      rows += part?.size ?? 0;
      if (rows >= most) break;
    }
  } finally {
    controller.abort();
  }
  if (parts.length === 0) throw new DataError(name, 'the source is empty: expected at least 1 row');
  const { targets } = parts[0];
  const whole: Dataset = {
    ...parts[0],
    size: rows,
    inputs: joined(parts.map(({ inputs }) => inputs)),
    labels: joined(parts.map(({ labels }) => labels)),
    ...(targets && { targets: joined(parts.map((part) => part.targets!)) }),
    ...(set.weighted && { weights: joined(parts.map(({ weights }) => weights!)) }),
  };
  return sliceDataset(whole, 0, Math.min(most, rows));
}

async function* inOrder(
  { chunks, read }: Extract<StreamedDataset['source'], { read: unknown }>,
  context: Parameters<typeof read>[1],
) {
  const count = typeof chunks === 'number' ? chunks : chunks.length;
  for (let index = 0; index < count; index++) yield read(index, context);
}

function joined<T extends Uint8Array | Float32Array | Int32Array>(parts: readonly T[]): T {
  const [first] = parts;
  const length = parts.reduce((total, part) => total + part.length, 0);
  const whole = new (first.constructor as new (length: number) => T)(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
