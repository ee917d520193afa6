/**
 * Rows of a data set that lie in a temporary file: written once, in order, and then read in chunks, in any
 * order, as often as training asks. Node only.
 *
 * A chunk is its answers and then its inputs, so that it is one read; the answers come first because inputs
 * may be bytes, and numbers of four bytes stand at a multiple of four:
 *
 *   | labels i32, or targets f32 [rows] | inputs u8 or f32 [rows, width] |
 */
import { createHash } from 'node:crypto';
import { SpillFile } from '../base/files/spill.js';
import type { Chunk } from './stream.js';

/** What rows are. */
export interface RowForm {
  readonly dtype: 'u8' | 'f32';
  /** Numbers of a row's input. */
  readonly width: number;
  readonly answer: 'label' | 'target';
}

/** Bytes that a row takes on the disk. */
export function rowBytes({ dtype, width }: RowForm): number {
  return width * (dtype === 'u8' ? 1 : 4) + 4;
}

/** Rows of a chunk that is to have so many bytes. */
export function rowsIn(bytes: number, form: RowForm): number {
  return Math.max(1, Math.floor(bytes / rowBytes(form)));
}

/** Parts of rows in one file, which whoever makes them closes. */
export interface SpilledParts {
  readonly file: SpillFile;
  /** Bytes of the file. */
  readonly bytes: number;
  readonly parts: readonly SpilledRows[];
}

/**
 * Makes a temporary file in `folder` for parts of at most so many rows, one behind the other, in chunks of
 * `chunkRows`; `what` names the rows in messages. Throws FileError as `SpillFile.create`.
 */
export async function spillParts(
  folder: string,
  what: string,
  sizes: readonly number[],
  form: RowForm,
  chunkRows: number,
): Promise<SpilledParts> {
  const bytes = sizes.reduce((total, size) => total + size, 0) * rowBytes(form);
  const file = await SpillFile.create(folder, bytes, what);
  let begin = 0;
  const parts = sizes.map((size) => {
    const rows = new SpilledRows(file, begin, size, form, chunkRows);
    begin += size * rowBytes(form);
    return rows;
  });
  return { file, bytes, parts };
}

export class SpilledRows {
  readonly #file: SpillFile;
  readonly #begin: number;
  readonly #form: RowForm;
  readonly #chunkRows: number;
  readonly #hash = createHash('sha256');
  /** Of the chunk that is being filled. */
  #buffer: ArrayBuffer;
  #filled = 0;
  /** Of whole chunks. */
  #written = 0;

  /** At most so many rows, from byte `begin` of the file on, in chunks of `chunkRows`. */
  constructor(file: SpillFile, begin: number, most: number, form: RowForm, chunkRows: number) {
    this.#file = file;
    this.#begin = begin;
    this.#form = form;
    this.#chunkRows = Math.min(chunkRows, Math.max(1, most));
    this.#buffer = new ArrayBuffer(this.#chunkRows * rowBytes(form));
    this.#hash.update(JSON.stringify(form));
  }

  /** Rows so far. */
  get size(): number {
    return this.#written + this.#filled;
  }

  /** Adds rows: inputs [rows, width], and an answer each. Throws FileError where the disk is full, or fails. */
  async add(inputs: Uint8Array | Float32Array, answers: ArrayLike<number>): Promise<void> {
    const { width } = this.#form;
    for (let from = 0; from < answers.length; ) {
      const own = this.#parts(this.#buffer, this.#chunkRows);
      const rows = Math.min(this.#chunkRows - this.#filled, answers.length - from);
      own.inputs.set(inputs.subarray(from * width, (from + rows) * width), this.#filled * width);
      for (let row = 0; row < rows; row++) own.answers[this.#filled + row] = answers[from + row];
      from += rows;
      this.#filled += rows;
      if (this.#filled === this.#chunkRows) await this.#write(this.#buffer);
    }
  }

  /** Writes what is left; no row can be added any more. Returns the rows of each chunk, and what tells them from others. */
  async end(): Promise<{ chunks: number[]; sha256: string }> {
    const rows = this.#filled;
    const chunks = new Array<number>(this.#written / this.#chunkRows).fill(this.#chunkRows);
    if (rows > 0) {
      const all = this.#parts(this.#buffer, this.#chunkRows);
      const last = new ArrayBuffer(rows * rowBytes(this.#form));
      const own = this.#parts(last, rows);
      own.inputs.set(all.inputs.subarray(0, own.inputs.length));
      own.answers.set(all.answers.subarray(0, rows));
      await this.#write(last);
      chunks.push(rows);
    }
    this.#buffer = new ArrayBuffer(0);
    return { chunks, sha256: this.#hash.digest('hex') };
  }

  async #write(buffer: ArrayBuffer): Promise<void> {
    const bytes = new Uint8Array(buffer);
    this.#hash.update(bytes);
    await this.#file.write(bytes, this.#begin + this.#written * rowBytes(this.#form));
    this.#written += this.#filled;
    this.#filled = 0;
  }

  /** Chunk `index`, from 0, in arrays of its own. Throws FileError where the disk fails. */
  async read(index: number): Promise<Chunk> {
    const first = index * this.#chunkRows;
    const rows = Math.min(this.#chunkRows, this.#written - first);
    const buffer = new ArrayBuffer(rows * rowBytes(this.#form));
    await this.#file.read(new Uint8Array(buffer), this.#begin + first * rowBytes(this.#form));
    const { inputs, answers } = this.#parts(buffer, rows);
    return answers instanceof Int32Array ? { inputs, labels: answers } : { inputs, targets: answers };
  }

  #parts(buffer: ArrayBuffer, rows: number) {
    const { dtype, width, answer } = this.#form;
    const Answers = answer === 'label' ? Int32Array : Float32Array;
    const answers = new Answers(buffer, 0, rows);
    const inputs =
      dtype === 'u8'
        ? new Uint8Array(buffer, 4 * rows, rows * width)
        : new Float32Array(buffer, 4 * rows, rows * width);
    return { inputs, answers };
  }
}
