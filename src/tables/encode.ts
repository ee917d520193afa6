/** Applies a preparation to chunks of a table: cells into rows of a model's inputs, and targets. It decides nothing. */
import { DataError, show } from '../errors.js';
import { nameOfNumber } from './cells.js';
import { datePhases, phaseCount, readDate } from './dates.js';
import { placeIn } from './place.js';
import {
  type CategoryColumn,
  inputSizeOf,
  inputsOf,
  type PreparedColumn,
  placesOf,
  type TablePreparation,
} from './preparation.js';
import type { ColumnCells, Table, TableChunk } from './types.js';

/** Rows of inputs, in which row `i` of a chunk begins at `starts[i]`, or is left out where that is below 0. */
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
  /** Places by name. */
  readonly places: ReadonlyMap<string, number>;
}

export class Encoder {
  readonly width: number;
  /** By column: cells whose value training did not know. Only columns that had some. */
  readonly unknown = new Map<string, number>();
  /** By column: missing cells. Only columns that had some. */
  readonly missing = new Map<string, number>();
  readonly #where: string;
  readonly #columns: readonly BoundColumn[];

  /** Throws DataError when the table lacks a column of the preparation. */
  constructor(table: Table, preparation: Pick<TablePreparation, 'columns'>) {
    this.#where = table.name;
    this.width = inputSizeOf(preparation);
    let offset = 0;
    this.#columns = preparation.columns.map((prepared) => {
      const index = table.columns.indexOf(prepared.name);
      if (index < 0) {
        const given = table.columns.slice(0, 20).join(', ');
        throw new DataError(
          table.name,
          `expected a column ${show(prepared.name)}, as the model was trained on; given ${given}`,
        );
      }
      const bound = { prepared, index, offset, places: placesByName(prepared) };
      offset += inputsOf(prepared);
      return bound;
    });
  }

  /**
   * Writes the chunk's rows. What is written to must be zeros.
   *
   * @throws DataError, naming the row and the column, for a cell that is not of the column's type or not finite.
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
          `${placeIn(chunk, i, prepared.name)}: expected a number, given ${show(text)}`,
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
    { numbers, texts }: ColumnCells,
    { prepared, offset, places }: BoundColumn,
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
      const value = numbers[i];
      const text = !Number.isNaN(value) ? nameOfNumber(value) : texts?.[i];
      let place: number;
      if (text === undefined) {
        missing++;
        place = missingPlace;
      } else {
        place = places.get(text) ?? 0;
        if (place === 0) unknown++;
      }
      if (encoding === 'embedding') to[start + offset] = place;
      else if (place > 0 || others) to[start + first + place] = 1;
    }
    count(this.missing, prepared.name, missing);
    count(this.unknown, prepared.name, unknown);
  }

  #encodeTexts(
    chunk: TableChunk,
    { numbers, texts }: ColumnCells,
    { prepared, offset, places }: BoundColumn,
    { to, starts }: Destination,
  ): void {
    if (prepared.kind !== 'boolean' && prepared.kind !== 'date') return;
    const { name, mean, deviation, indicator } = prepared;
    let missing = 0;
    for (let i = 0; i < chunk.rows; i++) {
      const start = starts[i];
      if (start < 0) continue;
      const at = start + offset;
      const text = !Number.isNaN(numbers[i]) ? nameOfNumber(numbers[i]) : texts?.[i];
      if (text === undefined) {
        missing++;
        if (indicator) to[at + inputsOf(prepared) - 1] = 1;
        continue;
      }
      const value = prepared.kind === 'date' ? readDate(text)?.days : places.get(text);
      if (value === undefined) {
        const expected =
          prepared.kind === 'date'
            ? 'expected a date such as 2024-01-31'
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

function placesByName(column: PreparedColumn): ReadonlyMap<string, number> {
  if (column.kind === 'category') return new Map(column.categories.map((name, i) => [name, i + 1]));
  if (column.kind === 'boolean') return new Map(column.values.map((name, i) => [name, i]));
  return new Map();
}

function count(counts: Map<string, number>, name: string, more: number): void {
  if (more > 0) counts.set(name, (counts.get(name) ?? 0) + more);
}
