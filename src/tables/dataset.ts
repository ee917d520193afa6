/**
 * Rows of a table as a data set for a model that was trained on such tables, by the preparation that the
 * model has.
 */

import { joined } from '../base/arrays.js';
import { DataError, OptionError, show } from '../base/errors.js';
import type { AnySet } from '../data/any-set.js';
import { type Dataset, dataset } from '../data/dataset.js';
import { type StreamedDataset, streamDataset } from '../data/stream.js';
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
 * `part` those that the split of training put there, if this is the same file. A number to be predicted is
 * standardised as in training; `targetMetrics` measures in its own unit.
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
  const { name, width, read, chunks } = openRows('tableDataset', table, preparation, part);
  const set = await gather(name, chunks(), width, read, (rows) => checkBytes(name, rows, width));
  if (!set) throw noRows(name, part);
  return set;
}

/**
 * The same for tables of any size: a data set that streams, whose rows are read from the table and prepared anew
 * in every pass over them. Where there are files, `streamTable` of lanegrad/node does that once.
 *
 * @throws OptionError as `tableDataset`; what is wrong in the table is said when it is read.
 */
export function tableStream(table: Table, preparation: TablePreparation, part?: Part): StreamedDataset {
  const { name, width, read, chunks } = openRows('tableStream', table, preparation, part);
  const { target } = read;
  return streamDataset({
    ...{ name, width },
    ...(target.kind === 'classification' ? { classNames: target.classes } : { targetNames: [target.name] }),
    async *open() {
      let any = false;
      for await (const { inputs, answers } of chunks()) {
        any = true;
        yield target.kind === 'classification'
          ? { inputs, labels: Int32Array.from(answers) }
          : { inputs, targets: Float32Array.from(answers) };
      }
      if (!any) throw noRows(name, part);
    },
  });
}

/** In memory as long as `fits` says of so many rows that they do, and otherwise a set that streams. */
export async function largeTableDataset(
  table: Table,
  preparation: TablePreparation,
  part: Part | undefined,
  fits: (rows: number) => boolean,
): Promise<AnySet> {
  const { name, width, read, chunks } = openRows('tableDataset', table, preparation, part);
  let isLarge = false;
  const some = async function* () {
    let rows = 0;
    for await (const chunk of chunks()) {
      rows += chunk.answers.length;
      isLarge = !fits(rows);
      if (isLarge) return;
      yield chunk;
    }
  };
  const set = await gather(name, some(), width, read, () => {});
  if (isLarge) return tableStream(table, preparation, part);
  if (!set) throw noRows(name, part);
  return set;
}

interface PreparedRows {
  /** [rows, width] */
  readonly inputs: Float32Array;
  readonly answers: readonly number[];
}

function openRows(where: string, table: Table, preparation: TablePreparation, part: Part | undefined) {
  checkTable(where, table);
  const read = readPreparation(`${where}, preparation`, preparation);
  const { target, split } = read;
  if (part !== undefined && !PARTS.includes(part)) {
    throw new OptionError(where, `part: expected one of ${PARTS.join(', ')}, given ${show(part)}`);
  }
  const encoder = new Encoder(table, read);
  const column = targetIndex(table, target.name);
  const readTarget = targetReader(table, target);
  const { width } = encoder;
  /** From the first row, as often as wanted; chunks without rows are left out. */
  async function* chunks(): AsyncGenerator<PreparedRows> {
    const dealer = new Dealer(split);
    for await (const chunk of chunksOf(where, table, { written: writtenColumns(read) })) {
      const parts = dealer.parts(chunk, column);
      const starts = new Int32Array(chunk.rows).fill(-1);
      const answers: number[] = [];
      for (let row = 0; row < chunk.rows; row++) {
        if (part !== undefined && parts[row] !== PARTS.indexOf(part)) continue;
        const value = readTarget(chunk, row);
        if (Number.isNaN(value)) {
          const place = placeIn(chunk, row, target.name);
          throw new DataError(table.name, `${place}: the target is missing`);
        }
        starts[row] = answers.length * width;
        answers.push(target.kind === 'classification' ? value : (value - target.mean) / target.deviation);
      }
      if (answers.length === 0) continue;
      const inputs = new Float32Array(answers.length * width);
      encoder.encode(chunk, { to: inputs, starts });
      yield { inputs, answers };
    }
  }
  return { name: table.name, width, read, chunks };
}

/** All rows in memory; undefined for none. `check` is told how many there are before they are kept. */
async function gather(
  name: string,
  chunks: AsyncIterable<PreparedRows>,
  width: number,
  preparation: Pick<TablePreparation, 'target'>,
  check: (rows: number) => void,
): Promise<Dataset | undefined> {
  const parts: Float32Array[] = [];
  const targets: number[] = [];
  for await (const { inputs, answers } of chunks) {
    check(targets.length + answers.length);
    parts.push(inputs);
    for (const answer of answers) targets.push(answer);
  }
  if (targets.length === 0) return undefined;
  const isClass = preparation.target.kind === 'classification';
  const answers = isClass ? Int32Array.from(targets) : Float32Array.from(targets);
  return asDataset(preparation, name, width, joined(Float32Array, parts), answers);
}

function noRows(name: string, part: Part | undefined): DataError {
  return new DataError(name, `expected rows, given none for ${part ?? 'all'}`);
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
