/** The second pass over a table: its cells as rows of inputs, with the part that each row falls to and its answer. */
import { DataError } from '../base/errors.js';
import { chunksOf } from './chunks.js';
import { Encoder } from './encode.js';
import type { ClassCounts, TablePlan } from './plan.js';
import { writtenColumns } from './preparation.js';
import { LEFT_OUT, PARTS } from './split.js';
import { targetReader } from './target.js';
import type { Table } from './types.js';

/** Where the rows of a part go. */
export interface RowSink {
  /** Room for so many rows of inputs, next to each other and all zeros; `starts` counts from its begin. */
  room(rows: number): Float32Array;
  /** The answers to the rows that room was last asked for, which are written by now. */
  take(answers: Float64Array): void | Promise<void>;
}

/**
 * Gives the rows of a plan to the sinks of their parts, in the order of the table.
 *
 * @returns The rows of each class.
 * @throws DataError, with row and column, for cells that do not fit their column, and when the table changed.
 */
export async function fillParts(
  where: string,
  table: Table,
  { preparation, scan }: TablePlan,
  sinks: readonly RowSink[],
): Promise<ClassCounts> {
  const encoder = new Encoder(table, preparation);
  const { width } = encoder;
  const { target } = preparation;
  const readTarget = targetReader(table, target);
  const isClass = target.kind === 'classification';
  const counts = PARTS.map(() => new Float64Array(isClass ? target.classes.length : 0));
  let index = 0;
  for await (const chunk of chunksOf(where, table, { written: writtenColumns(preparation) })) {
    const own = scan.parts[index++];
    if (own?.length !== chunk.rows) throw changed(table);
    const starts = PARTS.map(() => new Int32Array(chunk.rows).fill(-1));
    const answers = PARTS.map(() => new Float64Array(chunk.rows));
    const filled = [0, 0, 0];
    for (let row = 0; row < chunk.rows; row++) {
      const part = own[row];
      if (part >= LEFT_OUT) continue;
      const at = filled[part]++;
      starts[part][row] = at * width;
      const value = readTarget(chunk, row);
      // Known when the rows were dealt out.
      if (Number.isNaN(value)) throw changed(table);
      answers[part][at] = isClass ? value : (value - target.mean) / target.deviation;
      if (isClass) counts[part][value]++;
    }
    for (const [part, sink] of sinks.entries()) {
      if (filled[part] === 0) continue;
      encoder.encode(chunk, { to: sink.room(filled[part]), starts: starts[part] });
      await sink.take(answers[part].subarray(0, filled[part]));
    }
  }
  if (index !== scan.parts.length) throw changed(table);
  return counts;
}

function changed({ name }: Table): DataError {
  return new DataError(name, 'the table changed while it was read');
}
