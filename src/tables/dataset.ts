/**
 * Rows of a table as a data set for a model that was trained on such tables, by the preparation that the
 * model has.
 */

import { DataError, OptionError, show } from '../base/errors.js';
import { type Dataset, dataset } from '../data/dataset.js';
import { checkTable, chunksOf } from './chunks.js';
import { Encoder } from './encode.js';
import { placeIn } from './place.js';
import { readPreparation, type TablePreparation, writtenColumns } from './preparation.js';
import { Dealer, PARTS, type Part } from './split.js';
import { targetIndex, targetReader } from './target.js';
import type { Table } from './types.js';

/**
 * Bytes of the prepared inputs, all rows together. An engine's memory has 4 GiB, and holds them beside the
 * model.
 */
export const MAX_BYTES = 2 ** 31;

/**
 * The table's rows as inputs and answers, for `evaluate` and for further training: all of them, or with
 * `part` those that the split of training put there, if this is the same file.
 *
 * @throws OptionError for something that is no preparation or part.
 * @throws DataError, with row and column, for cells that are not of their column's type, a target that is
 * missing or of another
 *   class, a table that lacks a column, a part without rows, and inputs of more than 2 GiB.
 */
export async function tableDataset(
  table: Table,
  preparation: TablePreparation,
  part?: Part,
): Promise<Dataset> {
  const where = 'tableDataset';
  checkTable(where, table);
  const read = readPreparation(`${where}, preparation`, preparation);
  const { target, split } = read;
  if (part !== undefined && !PARTS.includes(part)) {
    throw new OptionError(where, `part: expected one of ${PARTS.join(', ')}, given ${show(part)}`);
  }
  const encoder = new Encoder(table, read);
  const column = targetIndex(table, target.name);
  const readTarget = targetReader(table, target);
  const dealer = new Dealer(split);
  const { width } = encoder;
  const inputs: Float32Array[] = [];
  const targets: number[] = [];
  for await (const chunk of chunksOf(where, table, { written: writtenColumns(read) })) {
    const parts = dealer.parts(chunk, column);
    const starts = new Int32Array(chunk.rows).fill(-1);
    let rows = 0;
    for (let row = 0; row < chunk.rows; row++) {
      if (part !== undefined && parts[row] !== PARTS.indexOf(part)) continue;
      const value = readTarget(chunk, row);
      if (Number.isNaN(value)) {
        const place = placeIn(chunk, row, target.name);
        throw new DataError(table.name, `${place}: the target is missing`);
      }
      starts[row] = rows++ * width;
      targets.push(target.kind === 'classification' ? value : (value - target.mean) / target.deviation);
    }
    checkBytes(table.name, targets.length, width);
    const to = new Float32Array(rows * width);
    encoder.encode(chunk, { to, starts });
    inputs.push(to);
  }
  if (targets.length === 0) throw new DataError(table.name, `expected rows, given none for ${part ?? 'all'}`);
  const all = new Float32Array(targets.length * width);
  let at = 0;
  for (const rows of inputs) {
    all.set(rows, at);
    at += rows.length;
  }
  const answers = target.kind === 'classification' ? Int32Array.from(targets) : Float32Array.from(targets);
  return asDataset(preparation, table.name, width, all, answers);
}

/** Rows that are prepared, as a data set. */
export function asDataset(
  { target }: Pick<TablePreparation, 'target'>,
  name: string,
  width: number,
  inputs: Float32Array,
  targets: Int32Array | Float32Array,
): Dataset {
  if (target.kind === 'classification') {
    return dataset({ name, inputs, width, labels: targets as Int32Array, classNames: target.classes });
  }
  return dataset({ name, inputs, width, targets: targets as Float32Array, targetNames: [target.name] });
}

/** Throws DataError for more inputs than an engine can hold. */
export function checkBytes(where: string, rows: number, width: number): void {
  const bytes = 4 * rows * width;
  if (bytes <= MAX_BYTES) return;
  const needs = `${rows} rows of ${width} inputs need ${(bytes / 2 ** 30).toFixed(2)} GiB of memory`;
  throw new DataError(
    where,
    `${needs}; the most is 2.00 GiB; drop columns, or take a sample of the rows, or stream them: streamTable in lanegrad/node, --memory`,
  );
}
