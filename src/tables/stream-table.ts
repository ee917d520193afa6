/**
 * A table larger than memory as data sets that stream: its rows are prepared once, written to a temporary file,
 * and read from there in every epoch. Node only.
 */
import { DataError } from '../base/errors.js';
import { fitsInMemory, planSpill, readSpillLimits, type SpillLimits } from '../data/spill-plan.js';
import { type RowForm, type SpilledRows, spillParts } from '../data/spilled-rows.js';
import { type StreamedDataset, streamDataset } from '../data/stream.js';
import { checkTable } from './chunks.js';
import { MAX_BYTES } from './dataset.js';
import { fillParts, type RowSink } from './fill.js';
import { planTable, type TablePlan } from './plan.js';
import { inputSizeOf, type TablePreparation } from './preparation.js';
import type { PrepareOptions } from './prepare-options.js';
import { PARTS } from './split.js';
import type { TableSummary } from './summary.js';
import type { Table } from './types.js';

/** How a table is prepared, and how much memory its rows may take. */
export interface StreamTableOptions extends PrepareOptions {
  /**
   * Bytes, at least 2^20; 2^29 by default. Half of it is for rows while training runs, the other half for what
   * reads them. How many rows are shuffled together depends on it, and so do the weights.
   */
  memory?: number;
  /** An existing folder for the temporary file; the system's by default. */
  spillFolder?: string;
}

/** What `streamTable` makes: data sets that stream, how they were made, and a summary. */
export interface StreamedTable {
  readonly train: StreamedDataset;
  /** Absent when no row fell to it. */
  readonly validation?: StreamedDataset;
  readonly test?: StreamedDataset;
  readonly preparation: TablePreparation;
  readonly summary: TableSummary;
  /** Gives the disk back; the sets cannot be read from then on. Twice is fine. */
  close(): Promise<void>;
}

/**
 * As `prepareTable`, for tables of any size: the prepared rows lie in a temporary file, which has no name and
 * is gone when it is closed or the process ends, however it does.
 *
 * @throws what `prepareTable` throws, but for the 2 GiB; FileError, with the folder and the bytes that are
 * needed, where the disk has too little room, and for a file of a table that changes while it is read.
 */
export async function streamTable(table: Table, options: StreamTableOptions): Promise<StreamedTable> {
  const where = 'streamTable';
  checkTable(where, table);
  const { limits, others } = readSpillLimits(where, options);
  return spillTable(where, table, await planTable(where, table, others), limits);
}

/** Of a table's prepared rows. */
export function formOf(preparation: TablePreparation): RowForm {
  const answer = preparation.target.kind === 'classification' ? 'label' : 'target';
  return { dtype: 'f32', width: inputSizeOf(preparation), answer };
}

/** Whether so many prepared rows are held in memory, of which `memory` says how much they may take. */
export function rowsFit(rows: number, form: RowForm, memory?: number): boolean {
  return 4 * rows * form.width <= MAX_BYTES && fitsInMemory(rows, form, memory);
}

/** The same of a table that was read once already. */
export async function spillTable(
  where: string,
  table: Table,
  plan: TablePlan,
  { memory, spillFolder }: SpillLimits,
): Promise<StreamedTable> {
  const { preparation, scan } = plan;
  const { name } = table;
  if (scan.sizes[0] === 0)
    throw new DataError(name, 'expected rows to train on, given none whose target is known');
  const form = formOf(preparation);
  const { chunk, window } = planSpill(memory, form);
  const what = `the prepared rows of ${name}`;
  const { file, parts } = await spillParts(spillFolder, what, scan.sizes, form, chunk);
  try {
    const counts = await fillParts(
      where,
      table,
      plan,
      parts.map((part) => new PartOnDisk(part, form.width)),
    );
    const { target } = preparation;
    const answers =
      target.kind === 'classification' ? { classNames: target.classes } : { targetNames: [target.name] };
    const sets: (StreamedDataset | undefined)[] = [];
    for (const [index, part] of parts.entries()) {
      const { chunks, sha256: identity } = await part.end();
      const own = { name: `${name} ${PARTS[index]}`, width: form.width, ...answers };
      // What is only measured is not shuffled.
      const source = { chunks, read: (at: number) => part.read(at), window: index === 0 ? window : chunk };
      sets.push(part.size === 0 ? undefined : streamDataset({ ...own, ...source, identity }));
    }
    const [train, validation, test] = sets;
    return {
      train: train!,
      ...(validation && { validation }),
      ...(test && { test }),
      preparation,
      summary: plan.summary(counts),
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

class PartOnDisk implements RowSink {
  readonly #rows: SpilledRows;
  readonly #width: number;
  #block = new Float32Array(0);
  #room = this.#block;

  constructor(rows: SpilledRows, width: number) {
    this.#rows = rows;
    this.#width = width;
  }

  room(rows: number): Float32Array {
    const length = rows * this.#width;
    if (this.#block.length < length) this.#block = new Float32Array(length);
    this.#room = this.#block.subarray(0, length).fill(0);
    return this.#room;
  }

  take(answers: Float64Array): Promise<void> {
    return this.#rows.add(this.#room, answers);
  }
}
