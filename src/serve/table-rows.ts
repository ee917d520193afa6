/** Objects as rows of a table, made into a model's inputs a few at a time, as `predictTable` makes them. */
import { show } from '../base/errors.js';
import { checkInputs } from '../nn/inputs.js';
import type { Network } from '../nn/model.js';
import { Encoder } from '../tables/encode.js';
import { openTable } from '../tables/open.js';
import { type TablePreparation, writtenColumns } from '../tables/preparation.js';
import type { TableChunk } from '../tables/types.js';

/** Keys without a column that are named; all are counted. */
const NAMED = 5;

/** The rows of a table in memory, in order. */
export class TableRows {
  readonly rows: number;
  readonly #where: string;
  readonly #model: Network;
  readonly #encoder: Encoder;
  /** Keys that are no columns of the table that the model was trained on. */
  readonly #extra: readonly string[];
  readonly #chunks: AsyncIterator<TableChunk>;
  #chunk: TableChunk | undefined;
  /** Of the chunk's rows, those given out. */
  #taken = 0;

  private constructor(
    where: string,
    rows: number,
    model: Network,
    encoder: Encoder,
    extra: readonly string[],
    chunks: AsyncIterator<TableChunk>,
  ) {
    this.#where = where;
    this.rows = rows;
    this.#model = model;
    this.#encoder = encoder;
    this.#extra = extra;
    this.#chunks = chunks;
  }

  /** Throws DataError for rows that are no objects, or where none has a column that the model needs. */
  static async open(
    where: string,
    rows: readonly unknown[],
    preparation: TablePreparation,
    model: Network,
  ): Promise<TableRows> {
    const table = await openTable(rows as readonly object[], { name: where, like: preparation });
    const encoder = new Encoder(table, preparation);
    const chunks = table.chunks({ written: writtenColumns(preparation) })[Symbol.asyncIterator]();
    const { columns, dropped, target } = preparation;
    const known = new Set([...columns, ...dropped, target].map((column) => column.name));
    const extra = table.columns.filter((name) => !known.has(name));
    return new TableRows(where, rows.length, model, encoder, extra, chunks);
  }

  /** Throws DataError, with row and column, for a cell that is not of its column's type. */
  async next(count: number): Promise<readonly Float32Array[]> {
    const { width } = this.#encoder;
    const inputs = new Float32Array(count * width);
    for (let filled = 0; filled < count; ) {
      if (this.#chunk === undefined || this.#taken === this.#chunk.rows) {
        this.#chunk = (await this.#chunks.next()).value as TableChunk;
        this.#taken = 0;
      }
      const chunk = this.#chunk;
      const own = Math.min(count - filled, chunk.rows - this.#taken);
      // Rows of the chunk that are not asked for are left out.
      const starts = new Int32Array(chunk.rows).fill(-1);
      for (let i = 0; i < own; i++) starts[this.#taken + i] = (filled + i) * width;
      this.#encoder.encode(chunk, { to: inputs, starts });
      this.#taken += own;
      filled += own;
    }
    checkInputs(this.#where, this.#model, inputs, width, 1, 0);
    return [inputs];
  }

  /** What `predict` of the command line counts as well, and keys that say nothing to the model. */
  notes(): string[] {
    const { unknown, missing } = this.#encoder;
    const rowsOf = (count: number) => `${count} of ${this.rows} rows`;
    const notes = [
      ...Array.from(
        unknown,
        ([name, count]) =>
          `column ${show(name)}: a value that training did not see, or seldom, in ${rowsOf(count)}`,
      ),
      ...Array.from(missing, ([name, count]) => `column ${show(name)}: no value in ${rowsOf(count)}`),
    ];
    if (this.#extra.length > 0) {
      const named = this.#extra.slice(0, NAMED).map((name) => show(name));
      const more = this.#extra.length > NAMED ? ` and ${this.#extra.length - NAMED} more` : '';
      notes.push(`not a column of the model: ${named.join(', ')}${more}`);
    }
    return notes;
  }
}
