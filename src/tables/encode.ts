/**
 * Applies a preparation to chunks of a table: cells into rows of a model's inputs, and targets. It decides
 * nothing.
 */
import { DataError, show } from '../base/errors.js';
import { cellName } from './cells.js';
import { dateExample, datePhases, phaseCount, readDate } from './dates.js';
import { NameIndex } from './names.js';
import { numberHint } from './notation.js';
import { placeIn } from './place.js';
import {
  type CategoryColumn,
  inputSizeOf,
  inputsOf,
  type PreparedColumn,
  placesOf,
  type TablePreparation,
} from './preparation.js';
import { listed } from './target.js';
import type { ColumnCells, Table, TableChunk } from './types.js';

/**
 * Rows of inputs, in which row `i` of a chunk begins at `starts[i]`, or is left out where that is below 0.
 */
interface Destination {
  readonly to: Float32Array;
  readonly starts: Float64Array | Int32Array;
}

interface BoundColumn {
  readonly prepared: PreparedColumn;
  /** Of the table. */
  readonly index: number;
  /** Of the first of its inputs. */
  readonly offset: number;
  /** Of a category or a boolean. */
  readonly names: NameIndex;
}

export class Encoder {
  readonly width: number;
  /** By column: cells whose value training did not know. Only columns that had some. */
  readonly unknown = new Map<string, number>();
  /** By column: missing cells. Only columns that had some. */
  readonly missing = new Map<string, number>();
  readonly #where: string;
  readonly #columns: readonly BoundColumn[];

  /** Throws DataError when the table lacks columns of the preparation. */
  constructor(table: Table, preparation: Pick<TablePreparation, 'columns'>) {
    this.#where = table.name;
    this.width = inputSizeOf(preparation);
    checkColumns(table, preparation);
    let offset = 0;
    this.#columns = preparation.columns.map((prepared) => {
      const index = table.columns.indexOf(prepared.name);
      const bound = { prepared, index, offset, names: namesOf(prepared) };
      offset += inputsOf(prepared);
      return bound;
    });
  }

  /**
   * Writes the chunk's rows. What is written to must be zeros.
   *
   * @throws DataError, naming the row and the column, for a cell that is not of the column's type or not
   * finite.
   */
  encode(chunk: TableChunk, destination: Destination): void {
    for (const bound of this.#columns) {
      const cells = chunk.columns[bound.index];
      switch (bound.prepared.kind) {
        case 'number':
          this.#encodeNumbers(chunk, cells, bound, destination);
          break;
        case 'category':
          this.#encodeCategories(chunk, cells, bound, bound.prepared, destination);
          break;
        default:
          this.#encodeTexts(chunk, cells, bound, destination);
      }
    }
  }

  #encodeNumbers(
    chunk: TableChunk,
    { numbers, texts }: ColumnCells,
    { prepared, offset }: BoundColumn,
    { to, starts }: Destination,
  ): void {
    if (prepared.kind !== 'number') return;
    const { mean, deviation, indicator } = prepared;
    let missing = 0;
    for (let i = 0; i < numbers.length; i++) {
      const start = starts[i];
      if (start < 0) continue;
      const value = numbers[i];
      if (!Number.isNaN(value)) {
        const at = start + offset;
        to[at] = (value - mean) / deviation;
        // An infinity, or a number that becomes one.
        if (to[at] - to[at] !== 0) this.#failNumber(chunk, i, prepared.name, value);
        continue;
      }
      const text = texts?.[i];
      if (text !== undefined) {
        throw new DataError(
          this.#where,
          `${placeIn(chunk, i, prepared.name)}: expected a number, given ${show(text)}${numberHint(text)}`,
        );
      }
      missing++;
      if (indicator) to[start + offset + 1] = 1;
    }
    count(this.missing, prepared.name, missing);
  }

  #failNumber(chunk: TableChunk, index: number, name: string, value: number): never {
    const place = placeIn(chunk, index, name);
    throw new DataError(this.#where, `${place}: expected a finite number that float32 holds, given ${value}`);
  }

  #encodeCategories(
    chunk: TableChunk,
    cells: ColumnCells,
    { prepared, offset, names }: BoundColumn,
    category: CategoryColumn,
    { to, starts }: Destination,
  ): void {
    const { encoding, others, missing: hasMissing } = category;
    const missingPlace = hasMissing ? placesOf(category) - 1 : 0;
    // One-hot has no input for place 0 where that never occurred.
    const first = offset - (others ? 0 : 1);
    let unknown = 0;
    let missing = 0;
    for (let i = 0; i < chunk.rows; i++) {
      const start = starts[i];
      if (start < 0) continue;
      const known = names.placeOf(cells, i);
      if (known === undefined) missing++;
      else if (known < 0) unknown++;
      const place = known === undefined ? missingPlace : known + 1;
      if (encoding === 'embedding') to[start + offset] = place;
      else if (place > 0 || others) to[start + first + place] = 1;
    }
    count(this.missing, prepared.name, missing);
    count(this.unknown, prepared.name, unknown);
  }

  #encodeTexts(
    chunk: TableChunk,
    cells: ColumnCells,
    { prepared, offset, names }: BoundColumn,
    { to, starts }: Destination,
  ): void {
    if (prepared.kind !== 'boolean' && prepared.kind !== 'date') return;
    const { name, mean, deviation, indicator } = prepared;
    let missing = 0;
    for (let i = 0; i < chunk.rows; i++) {
      const start = starts[i];
      if (start < 0) continue;
      const at = start + offset;
      const text = cellName(cells, i);
      if (text === undefined) {
        missing++;
        if (indicator) to[at + inputsOf(prepared) - 1] = 1;
        continue;
      }
      const value = prepared.kind === 'date' ? readDate(text, prepared.order)?.days : names.placeOf(cells, i);
      if (value === undefined || (prepared.kind === 'boolean' && value < 0)) {
        const expected =
          prepared.kind === 'date'
            ? `expected a date such as ${dateExample(prepared.order)}`
            : `expected ${prepared.values.map((known) => show(known)).join(' or ')}`;
        throw new DataError(this.#where, `${placeIn(chunk, i, name)}: ${expected}, given ${show(text)}`);
      }
      to[at] = (value - mean) / deviation;
      if (prepared.kind === 'date' && phaseCount(prepared.time) > 0) {
        datePhases(value, prepared.time, to, at + 1);
      }
    }
    count(this.missing, name, missing);
  }
}

/** Missing columns that are named. */
const NAMED = 5;

function checkColumns(table: Table, { columns }: Pick<TablePreparation, 'columns'>): void {
  const known = new Set(table.columns);
  const missing = columns.map(({ name }) => name).filter((name) => !known.has(name));
  if (missing.length === 0) return;
  const names = missing.slice(0, NAMED).map((name) => show(name));
  const more = missing.length > NAMED ? ` and ${missing.length - NAMED} more` : '';
  const what = missing.length === 1 ? 'a column' : 'the columns';
  const given = `as the model was trained on; given ${listed(table.columns)}`;
  throw new DataError(table.name, `expected ${what} ${names.join(', ')}${more}, ${given}`);
}

function namesOf(column: PreparedColumn): NameIndex {
  if (column.kind === 'category')
    return new NameIndex({ names: column.categories, asWritten: column.asWritten });
  if (column.kind === 'boolean')
    return new NameIndex({ names: column.values, asWritten: column.asWritten, truth: true });
  return new NameIndex({ names: [] });
}

function count(counts: Map<string, number>, name: string, more: number): void {
  if (more > 0) counts.set(name, (counts.get(name) ?? 0) + more);
}
