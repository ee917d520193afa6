/** What the steps of random graphs have in common. */
import { ints } from '../schema.js';
import type { Writer } from './writer.js';

/** A value of the graph: its lengths while it runs, and which axis is the batch. */
export interface Own {
  readonly name: string;
  readonly dims: readonly number[];
  readonly batch: number;
}

export type Step = (w: Writer, x: Own) => Own | undefined;

export const others = ({ dims, batch }: Own) => [...dims.keys()].filter((axis) => axis !== batch);
export const signed = (w: Writer, axis: number, rank: number) => (w.chance(0.5) ? axis : axis - rank);
export const withDim = (x: Own, axis: number, length: number) =>
  x.dims.map((own, i) => (i === axis ? length : own));

/** A shape that x meets: some axes, and the batch, have length 1, and the first may be left out. */
export function meeting(w: Writer, x: Own): number[] {
  const dims = x.dims.map((length, i) => (i === x.batch || w.chance(0.4) ? 1 : length));
  const first = Math.min(w.below(dims.length + 1), x.batch + 1 + w.below(3));
  return dims.slice(Math.min(first, dims.findIndex((own) => own !== 1) < 0 ? dims.length : first));
}

export function transpose(w: Writer, x: Own, perm: readonly number[]): Own {
  const name = w.add('Transpose', [x.name], [ints('perm', perm)]);
  return { name, dims: perm.map((axis) => x.dims[axis]), batch: perm.indexOf(x.batch) };
}

export function shuffled(w: Writer, count: number): number[] {
  const list = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = w.below(i + 1);
    [list[i], list[j]] = [list[j], list[i]];
  }
  return list;
}

/** As a shape of constants: the batch is -1, others may be 0, which keeps them. */
export function reshape(w: Writer, x: Own, dims: readonly number[], batch: number): Own {
  const list = dims.map((length, i) => (i === batch ? -1 : length));
  return { name: w.add('Reshape', [x.name, w.list(list)]), dims, batch };
}

export const same =
  (operator: string, attributes: (w: Writer) => object[] = () => []): Step =>
  (w, x) => ({ ...x, name: w.add(operator, [x.name], attributes(w)) });
