/** Files, pipes and standard input as sources of bytes. Node only. */
import { type FileHandle, open, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { isStrings } from '../base/arrays.js';
import { FileError, LanegradError, OptionError, show } from '../base/errors.js';
import { fileError } from '../base/files/atomic.js';
import { filesOf, isPattern } from '../base/files/glob.js';
import { inputName, isPipe, readPipe, STANDARD_INPUT } from '../base/files/pipe.js';
import { checkPath } from '../base/options.js';
import { joinTables } from './joined.js';
import { type OpenTableOptions, openTable } from './open.js';
import { damagedGzip, gathered } from './source.js';
import type { ByteSource, Table } from './types.js';

const PIECE = 2 ** 20;

/**
 * A file to read a table from; messages call it `path`. The file is opened for each reading and closed after
 * it, and has to be the same each time. A pipe can be read only once: it is read to its end, and kept.
 *
 * @throws FileError when it is not there, is a folder or a device, or cannot be read; FormatError for a pipe
 * of more than 2 GiB.
 */
async function fileSource(path: string): Promise<ByteSource> {
  if (path !== STANDARD_INPUT && (await isPipe(path))) return gathered('fileSource', readPipe(path), path);
  const first = await withFile(path, async (file) => {
    const found = await file.stat();
    if (found.isDirectory()) throw new FileError(path, 'cannot be read: it is a folder, not a file');
    if (!found.isFile()) throw new FileError(path, 'cannot be read: it is a device, not a file or a pipe');
    return found;
  });
  const { size } = first;
  /** A table is read more than once: what was learned of it must hold of what is trained on. */
  const checkSame = async (file: FileHandle) => {
    const now = await file.stat();
    if (now.size !== size) {
      throw new FileError(path, `changed while it was read: it had ${size} bytes, and has ${now.size}`);
    }
    if (now.mtimeMs !== first.mtimeMs || now.ino !== first.ino) {
      throw new FileError(path, `changed while it was read: it was written at ${now.mtime.toISOString()}`);
    }
  };
  async function* stream(): AsyncGenerator<Uint8Array> {
    const file = await openFile(path);
    try {
      await checkSame(file);
      const buffer = new Uint8Array(PIECE);
      for (;;) {
        const { bytesRead } = await file.read(buffer, 0, PIECE, null);
        if (bytesRead === 0) break;
        yield buffer.subarray(0, bytesRead);
      }
      await checkSame(file);
    } catch (cause) {
      throw cause instanceof Error && 'syscall' in cause ? fileError(path, 'cannot be read', cause) : cause;
    } finally {
      await file.close();
    }
  }
  return {
    name: path,
    size,
    stream,
    gunzip: () => gunzip(path, stream()),
    slice: (begin, end) =>
      withFile(path, async (file) => {
        await checkSame(file);
        const bytes = new Uint8Array(end - begin);
        let filled = 0;
        while (filled < bytes.length) {
          const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, begin + filled);
          if (bytesRead === 0) throw new FileError(path, 'cannot be read: it became shorter meanwhile');
          filled += bytesRead;
        }
        return bytes;
      }),
  };
}

/** Node's DecompressionStream reads a whole file ahead of whoever takes what comes out; its zlib does not. */
async function* gunzip(name: string, pieces: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  const out = createGunzip();
  // Copies: a piece is used again while this one waits.
  const copies = (async function* () {
    for await (const piece of pieces) yield new Uint8Array(piece);
  })();
  const given = Readable.from(copies, { objectMode: false });
  given.on('error', (error) => out.destroy(error)).pipe(out);
  try {
    for await (const piece of out) yield piece as Uint8Array;
  } catch (cause) {
    throw cause instanceof LanegradError ? cause : damagedGzip(name, cause);
  } finally {
    out.destroy();
    given.destroy();
    // Who needs no more than the beginning leaves the file behind.
    await copies.return();
  }
}

/** The same of a word of the command line, where `-` is standard input. */
export async function inputSource(word: string): Promise<ByteSource> {
  if (word !== STANDARD_INPUT) return fileSource(word);
  return gathered('inputSource', readPipe(word), inputName(word));
}

/**
 * Opens what a word of the command line stands for: `-` for standard input, a file, a folder of tables, or a
 * pattern such as `data/part-*.csv`.
 */
export async function openTableInput(word: string, options?: Omit<OpenTableOptions, 'name'>): Promise<Table> {
  if (word === STANDARD_INPUT) return openTable(await inputSource(word), options);
  return openFiles(word, await tableFilesOf(word), options);
}

/**
 * Opens a file as a table: see `openTable` in lanegrad/tables, which says what it can be.
 *
 * @throws FileError when it cannot be read, and what `openTable` throws.
 */
export async function openTableFile(path: string, options?: Omit<OpenTableOptions, 'name'>): Promise<Table> {
  checkPath('openTableFile', path);
  return openTable(await fileSource(path), options);
}

/**
 * Opens several files as one table: the rows of the first, then those of the second, and so on. They are of one
 * format and have the same columns, in any order; delimited text is read as the first file is.
 *
 * @param paths Files in their order; or a folder, whose tables are taken, or a pattern such as
 * `data/part-*.csv`, both in the order of their names by code units: `part-10.csv` before `part-9.csv`.
 * @throws FileError when one cannot be read, or there is none; DataError that names the first file that
 * differs; and what `openTable` throws.
 */
export async function openTableFiles(
  paths: string | readonly string[],
  options?: Omit<OpenTableOptions, 'name'>,
): Promise<Table> {
  const where = 'openTableFiles';
  const isList = isStrings(paths) && paths.length > 0 && paths.every((path) => path !== '');
  if (isList) return openFiles(paths.length === 1 ? paths[0] : `${paths[0]}, …`, paths, options);
  if (typeof paths !== 'string' || paths === '') {
    throw new OptionError(where, `paths: expected files, a folder or a pattern, given ${show(paths)}`);
  }
  return openFiles(paths, await tableFilesOf(paths), options);
}

async function openFiles(
  name: string,
  [first, ...others]: readonly string[],
  options: Omit<OpenTableOptions, 'name'> = {},
): Promise<Table> {
  const table = await openTable(await fileSource(first), options);
  if (others.length === 0) return table;
  const { columns, reading, cells } = table;
  const like = options.like ?? {
    columns: columns.map((column) => ({ name: column })),
    ...(reading && { reading }),
    ...(cells && { cells }),
  };
  const tables = [table];
  for (const path of others) tables.push(await openTable(await fileSource(path), { ...options, like }));
  return joinTables(name, tables);
}

/** Files that are tables by their name. */
const EXTENSION = /\.(csv|tsv|tab|psv|txt|data|jsonl|ndjson|json|npy|npz|parquet|pq)(\.gz)?$/i;

/** Whether a path is that of a table: what its content is, is looked at when it is opened. */
export function isTablePath(path: string): boolean {
  return path === STANDARD_INPUT || EXTENSION.test(path);
}

/** At least one. Throws FileError for a folder without tables, and a pattern that no file fits. */
export async function tableFilesOf(word: string): Promise<readonly string[]> {
  const found = await stat(word).catch(() => undefined);
  if (found?.isDirectory()) {
    const files = (await filesOf(join(word, '*'))).filter(isTablePath);
    if (files.length > 0) return files;
    throw new FileError(word, 'it is a folder without tables; expected files such as part-1.csv');
  }
  if (found || !isPattern(word)) return [word];
  const files = await filesOf(word);
  if (files.length === 0) throw new FileError(word, 'no file is called so');
  return files;
}

/** The name of a table: the file's, or the pattern's or the folder's, without folder, extension and stars. */
export function tableName(path: string): string {
  if (path === STANDARD_INPUT) return 'stdin';
  const name = basename(path);
  const plain = name.replace(/(\.[A-Za-z]\w*)+$/, '').replace(/[-_.]?[*?]+/g, '');
  return plain || (isPattern(name) ? 'tables' : name);
}

async function openFile(path: string): Promise<FileHandle> {
  return open(path).catch((cause) => {
    throw fileError(path, 'cannot be read', cause);
  });
}

async function withFile<T>(path: string, use: (file: FileHandle) => Promise<T>): Promise<T> {
  const file = await openFile(path);
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}
