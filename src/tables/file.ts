/** Files, pipes and standard input as sources of bytes. Node only. */
import { type FileHandle, open } from 'node:fs/promises';
import { basename } from 'node:path';
import { FileError } from '../base/errors.js';
import { fileError } from '../base/files/atomic.js';
import { inputName, isPipe, readPipe, STANDARD_INPUT } from '../base/files/pipe.js';
import { checkPath } from '../base/options.js';
import { type OpenTableOptions, openTable } from './open.js';
import { gathered } from './source.js';
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
  return {
    name: path,
    size,
    async *stream() {
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
    },
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

/** The same of a word of the command line, where `-` is standard input. */
export async function inputSource(word: string): Promise<ByteSource> {
  if (word !== STANDARD_INPUT) return fileSource(word);
  return gathered('inputSource', readPipe(word), inputName(word));
}

/** As `openTableFile`, of a word of the command line. */
export async function openTableInput(word: string, options?: Omit<OpenTableOptions, 'name'>): Promise<Table> {
  return openTable(await inputSource(word), options);
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

/** The name of a table in a file: the file's, without folder and extension. */
export function tableName(path: string): string {
  if (path === STANDARD_INPUT) return 'stdin';
  const name = basename(path);
  return name.replace(/(\.[A-Za-z]\w*)+$/, '') || name;
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
