/** Where a model's values lie in an engine: parameters one after the other, and what layers keep. It runs nothing. */
import { type Arena, paddedLength, type Tensor } from '../engine/tensor.js';
import type { Sequential } from './sequential.js';

/** What one layer keeps, by name. */
export type Saved = Readonly<Record<string, { readonly tensor: Tensor; readonly perRow: boolean }>>;

/** What a layer keeps of a batch of `rows` rows. */
export function savedFor(saved: Saved, rows: number): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(saved).map(([name, { tensor, perRow }]) => [
      name,
      perRow ? tensor.firstRows(rows) : tensor,
    ]),
  );
}

/** Places for what layers keep from forward to backward. */
export function placeSaved(arena: Arena, { layers, sizes }: Sequential, maxRows: number): Saved[] {
  return layers.map((layer, i) =>
    Object.fromEntries(
      (layer.saved?.(sizes[i]) ?? []).map(({ name, perRow, width }) => {
        if (!perRow) return [name, { tensor: arena.tensor('float', [width]), perRow }];
        const tensor =
          width === undefined ? arena.tensor('float', [maxRows]) : arena.padded('float', [maxRows, width]);
        return [name, { tensor, perRow }];
      }),
    ),
  );
}

/** Elements at which each parameter begins; padded rows keep them all on cache lines. */
export function layOut(parameters: Sequential['parameters']): { starts: number[]; total: number } {
  let total = 0;
  const starts = parameters.map(({ shape }) => {
    const start = total;
    const columns = shape[shape.length - 1];
    total += shape.slice(0, -1).reduce((rows, length) => rows * length, 1) * paddedLength(columns);
    return start;
  });
  return { starts, total };
}

/** A layer's own among what there is of all parameters or buffers, by their short names. */
export function ofLayer<T>(
  index: number,
  all: Sequential['parameters'],
  things: readonly (T | undefined)[],
): Record<string, T> {
  const own: [string, T][] = [];
  for (const [i, { layer, name }] of all.entries()) {
    const thing = things[i];
    if (layer === index && thing !== undefined) own.push([name.slice(name.indexOf('.') + 1), thing]);
  }
  return Object.fromEntries(own);
}

/** Each of the parameters or buffers within the flat tensor that holds them all, its rows padded as `layOut` has it. */
export function viewsOf(flat: Tensor, all: Sequential['parameters'], starts: readonly number[]): Tensor[] {
  return all.map(({ shape }, i) => flat.view(shape, starts[i], paddedLength(shape[shape.length - 1])));
}
