/**
 * One call of a kernel on named operands: laid out between guards, run, verified, read back. Matrices are
 * given dense and spread to leading dimensions of their own; vectors are matrices of one row.
 */
import { type Arena, filled, gathered, spread } from './harness.js';

interface Operand {
  readonly role: 'in' | 'out' | 'inout';
  readonly values: ArrayLike<number>;
  readonly rows: number;
  readonly columns: number;
  readonly ld: number;
}

/** Whole numbers of 32 bits that the call reads, or writes when they are `output`. */
interface Words {
  readonly role: 'words';
  readonly values: Int32Array;
  readonly output: boolean;
}

export type Operands = Record<string, Operand | Words>;

/** Pointers and leading dimensions by name; `after` moves a pointer on by elements. */
export type Places<T extends Operands> = Record<
  keyof T,
  { readonly pointer: number; readonly ld: number; after(elements: number): number }
>;

function matrix(
  role: Operand['role'],
  values: ArrayLike<number>,
  rows: number,
  columns: number,
  ld = columns,
): Operand {
  return { role, values, rows, columns, ld };
}

export const input = (values: ArrayLike<number>, rows: number, columns: number, ld?: number) =>
  matrix('in', values, rows, columns, ld);
/** Begins as NaN. */
export const output = (rows: number, columns: number, ld?: number) =>
  matrix('out', filled(rows * columns, Number.NaN), rows, columns, ld);
export const inout = (values: ArrayLike<number>, rows: number, columns: number, ld?: number) =>
  matrix('inout', values, rows, columns, ld);
export const vector = (values: ArrayLike<number>) => matrix('in', values, 1, values.length);
export const vectorOut = (length: number) => output(1, length);
export const vectorInout = (values: ArrayLike<number>) => matrix('inout', values, 1, values.length);
export const words = (values: Int32Array, output = false): Words => ({ role: 'words', values, output });

/**
 * Runs `call` and returns what every operand holds after it. `end` names the one whose last byte is the
 * memory's.
 */
export function runOn<T extends Operands>(
  arena: Arena,
  context: string,
  operands: T,
  call: (places: Places<T>) => void,
  end?: keyof T,
): Record<keyof T, Float64Array> {
  arena.begin();
  const places = {} as Places<T>;
  const readers: [keyof T, () => Float64Array][] = [];
  for (const [name, operand] of Object.entries(operands)) {
    const atEnd = name === end;
    if (operand.role === 'words') {
      const placed = operand.output
        ? arena.outputInts(name, operand.values, atEnd)
        : arena.inputInts(name, operand.values, atEnd);
      (places as Record<string, object>)[name] = {
        pointer: placed.pointer,
        ld: 0,
        after: (n: number) => placed.pointer + 4 * n,
      };
      readers.push([name, () => Float64Array.from(placed.read())]);
      continue;
    }
    const { role, values, rows, columns, ld } = operand;
    const flat = spread(values, rows, columns, ld);
    const placed = role === 'in' ? arena.input(name, flat, atEnd) : arena.output(name, flat, atEnd);
    (places as Record<string, object>)[name] = {
      pointer: placed.pointer,
      ld,
      after: (n: number) => placed.pointer + arena.elementBytes * n,
    };
    readers.push([name, () => gathered(placed.read(), rows, columns, ld)]);
  }
  call(places);
  arena.check(context);
  return Object.fromEntries(readers.map(([name, read]) => [name, read()])) as Record<keyof T, Float64Array>;
}

/** Cuts 0 … n into parts of uneven length. */
export function parts(n: number): [from: number, count: number][] {
  const cut: [number, number][] = [];
  for (let from = 0, i = 0; from < n; i++) {
    const count = Math.min([1, 4, 3, 7, 8][i % 5], n - from);
    cut.push([from, count]);
    from += count;
  }
  return cut;
}
