/**
 * Rows of a file that lie one behind the other, read by their position: of an NPY or an IDX file of any size.
 * Node only.
 */
import type { Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { platform } from '#platform';
import { elementsOf } from '../base/arrays.js';
import { FileError, FormatError, LanegradError, ShapeError } from '../base/errors.js';
import { fileError } from '../base/files/atomic.js';
import {
  decodeElements,
  NPY_HEADER_BYTES,
  type NpyData,
  type NpyDtype,
  type NpyHeader,
  readNpyHeader,
} from '../formats/npy.js';
import { IDX_HEADER_BYTES, readIdxHeader } from './idx.js';

type Elements = NpyData[Exclude<NpyDtype, 'string'>];

/** Content that a digest is made of: all of a file of this size, and of a larger one as much in pieces. */
const DIGEST_BYTES = 2 ** 20;
const DIGEST_PIECES = 64;

export class RowFile {
  readonly path: string;
  readonly dtype: Exclude<NpyDtype, 'string'>;
  readonly rows: number;
  /** Of a row: [] where it is one number. */
  readonly shape: readonly number[];
  /** Numbers in a row. */
  readonly width: number;
  readonly #header: Header;
  readonly #bytes: number;
  readonly #found: Stats;

  private constructor(path: string, header: Header, found: Stats) {
    const bytes = found.size;
    const { dtype, shape, fortran, dataStart } = header;
    if (dtype === 'string') throw new ShapeError(path, 'expected numbers, given texts');
    if (shape.length === 0) throw new ShapeError(path, 'expected an array of rows, given one number');
    if (fortran && shape.length > 1) {
      const remedy = 'save numpy.ascontiguousarray(x)';
      throw new FormatError(path, `it is column-major: its rows do not lie together; ${remedy}`);
    }
    const expected = elementsOf(shape) * header.bytes;
    if (!Number.isSafeInteger(expected))
      throw new FormatError(path, `the shape ${shape.join('x')} overflows`);
    if (bytes - dataStart !== expected) {
      const kind = bytes - dataStart < expected ? 'the file is too short' : 'the file has trailing bytes';
      const needs = `${shape.join('x')} of ${dtype} needs ${dataStart + expected} bytes`;
      throw new FormatError(path, `${kind}: ${needs}, given ${bytes}`);
    }
    this.path = path;
    this.dtype = dtype;
    [this.rows, ...this.shape] = shape;
    this.width = elementsOf(this.shape);
    this.#header = header;
    this.#bytes = bytes;
    this.#found = found;
  }

  /** Throws FileError for a file that cannot be read, FormatError for one that is not such a file. */
  static npy(path: string): Promise<RowFile> {
    return RowFile.#open(path, NPY_HEADER_BYTES, (bytes) => readNpyHeader(bytes, path));
  }

  /** The same of an IDX file of bytes. */
  static idx(path: string): Promise<RowFile> {
    return RowFile.#open(path, IDX_HEADER_BYTES, (bytes) => {
      const { type, dims, headerBytes } = readIdxHeader(bytes, path);
      if (type !== 'u8') throw new FormatError(path, `expected u8, given ${type}`);
      return {
        ...{ dtype: 'uint8', bytes: 1, order: 'big', charBytes: 1 },
        ...{ fortran: false, shape: dims, dataStart: headerBytes },
      };
    });
  }

  static async #open(path: string, most: number, read: (bytes: Uint8Array) => Header): Promise<RowFile> {
    return withFile(path, async (file) => {
      const found = await file.stat();
      const begin = await readAt(file, path, 0, Math.min(most, found.size));
      return new RowFile(path, read(begin), found);
    });
  }

  /** Rows `from` up to but not including `to`, one after the other. */
  async read(from: number, to: number): Promise<Elements> {
    const count = (to - from) * this.width;
    const { dataStart, bytes } = this.#header;
    const place = dataStart + from * this.width * bytes;
    const content = await withFile(this.path, async (file) => {
      await this.#checkSame(file);
      return readAt(file, this.path, place, count * bytes);
    });
    return decodeElements(content, this.#header, count) as Elements;
  }

  /** Rows of one epoch are those of another: throws FileError for a file that is not the one that was opened. */
  async #checkSame(file: FileHandle): Promise<void> {
    const [was, now] = [this.#found, await file.stat()];
    if (now.size !== was.size) {
      const kind = now.size < was.size ? 'has become shorter' : 'has become longer';
      const problem = `${kind} while it was read: it had ${was.size} bytes, and has ${now.size}`;
      throw new FileError(this.path, problem);
    }
    if (now.mtimeMs === was.mtimeMs && now.ino === was.ino) return;
    throw new FileError(this.path, `changed while it was read: it was written at ${now.mtime.toISOString()}`);
  }

  /** SHA-256 of the file's length and of what stands at its beginning, at its end and in places between. */
  async digest(): Promise<string> {
    const size = this.#bytes;
    const piece = DIGEST_BYTES / DIGEST_PIECES;
    const content = await withFile(this.path, async (file) => {
      await this.#checkSame(file);
      if (size <= DIGEST_BYTES) return readAt(file, this.path, 0, size);
      const all = new Uint8Array(DIGEST_BYTES);
      for (let i = 0; i < DIGEST_PIECES; i++) {
        const place = Math.round((i * (size - piece)) / (DIGEST_PIECES - 1));
        all.set(await readAt(file, this.path, place, piece), i * piece);
      }
      return all;
    });
    return platform.sha256(new TextEncoder().encode(`${size} ${await platform.sha256(content)}`));
  }
}

type Header = NpyHeader;

async function withFile<T>(path: string, use: (file: FileHandle) => Promise<T>): Promise<T> {
  let file: FileHandle | undefined;
  try {
    file = await open(path);
    return await use(file);
  } catch (cause) {
    if (cause instanceof LanegradError) throw cause;
    throw fileError(path, 'cannot be read', cause);
  } finally {
    await file?.close();
  }
}

async function readAt(file: FileHandle, path: string, place: number, bytes: number) {
  const content = new Uint8Array(bytes);
  for (let at = 0; at < bytes; ) {
    const { bytesRead } = await file.read(content, at, bytes - at, place + at);
    if (bytesRead === 0) {
      const given = `given ${at} of ${bytes} bytes from ${place}`;
      throw new FileError(path, `has become shorter while it was read: ${given}`);
    }
    at += bytesRead;
  }
  return content;
}
