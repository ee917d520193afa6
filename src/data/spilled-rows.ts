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
import type { SpillFile } from '../base/files/spill.js';
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

export class SpilledRows {
  /** Rows of each chunk. */
  readonly chunks: readonly number[];
  readonly size: number;
  readonly #file: SpillFile;
  readonly #begin: number;
  readonly #form: RowForm;
  readonly #chunkRows: number;
  readonly #hash = createHash('sha256');
  #buffer: ArrayBuffer | undefined;
  #filled = 0;
  #written = 0;
  #sha256: string | undefined;

  /** So many rows, from byte `begin` of the file on, in chunks of `chunkRows`. */
  constructor(file: SpillFile, begin: number, size: number, form: RowForm, chunkRows: number) {
    this.#file = file;
    this.#begin = begin;
    this.#form = form;
    this.#chunkRows = chunkRows;
    this.size = size;
    this.chunks = Array.from({ length: Math.ceil(size / chunkRows) }, (_, chunk) =>
      Math.min(chunkRows, size - chunk * chunkRows),
    );
  }

  /** Of the form and all rows, which are written by now. */
  get sha256(): string {
    this.#sha256 ??= this.#hash.update(JSON.stringify(this.#form)).digest('hex');
    return this.#sha256;
  }

  /** Adds rows: inputs [rows, width], and an answer each. Throws FileError where the disk is full, or fails. */
  async add(inputs: Uint8Array | Float32Array, answers: ArrayLike<number>): Promise<void> {
    const { width } = this.#form;
    for (let from = 0; from < answers.length; ) {
      const total = this.chunks[this.#written];
      this.#buffer ??= new ArrayBuffer(total * rowBytes(this.#form));
      const own = this.#parts(this.#buffer, total);
      const rows = Math.min(total - this.#filled, answers.length - from);
      own.inputs.set(inputs.subarray(from * width, (from + rows) * width), this.#filled * width);
      for (let row = 0; row < rows; row++) own.answers[this.#filled + row] = answers[from + row];
      from += rows;
      this.#filled += rows;
      if (this.#filled === total) await this.#flush();
    }
  }

  async #flush(): Promise<void> {
    const bytes = new Uint8Array(this.#buffer!);
    this.#hash.update(bytes);
    await this.#file.write(bytes, this.#placeOf(this.#written));
    this.#written++;
    this.#filled = 0;
    // A chunk that is shorter than the others has a buffer of its own.
    if (this.chunks[this.#written] !== this.chunks[this.#written - 1]) this.#buffer = undefined;
  }

  /** Chunk `index`, from 0, in arrays of its own. Throws FileError where the disk fails. */
  async read(index: number): Promise<Chunk> {
    const rows = this.chunks[index];
    const buffer = new ArrayBuffer(rows * rowBytes(this.#form));
    await this.#file.read(new Uint8Array(buffer), this.#placeOf(index));
    const { inputs, answers } = this.#parts(buffer, rows);
    return answers instanceof Int32Array ? { inputs, labels: answers } : { inputs, targets: answers };
  }

  #placeOf(chunk: number): number {
    return this.#begin + chunk * this.#chunkRows * rowBytes(this.#form);
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
