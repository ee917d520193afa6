/**
 * A file to which lines of JSON are only ever added. A line is written and synced before anything follows from it.
 * What a crash left of a last line is cut off when the file is opened for writing, and not seen by who only reads.
 */
import { type FileHandle, open, stat } from 'node:fs/promises';
import { FileError, FormatError } from '../../base/errors.js';
import { fileError, readFileBytes, systemCode } from '../../base/files/atomic.js';

const NEWLINE = 0x0a;

interface Turn {
  readonly text: string;
  resolve(): void;
  reject(error: unknown): void;
}

interface FileIdentity {
  readonly dev: bigint;
  readonly ino: bigint;
}

export class JournalFile {
  readonly path: string;
  readonly #handle: FileHandle;
  /** Which file of the system it is. */
  readonly #own: FileIdentity;
  #length: number;
  #waiting: Turn[] = [];
  #writing: Promise<void> | undefined;

  private constructor(path: string, handle: FileHandle, own: FileIdentity, length: number) {
    this.path = path;
    this.#handle = handle;
    this.#own = own;
    this.#length = length;
  }

  /**
   * Opens the file for writing, making it where it is missing, and gives the records in it. One process at a time:
   * that is for the caller to see to.
   *
   * @param start what its first line begins with: of a file that begins otherwise nothing is cut off.
   * @throws FileError when it cannot be read or written, FormatError for a line before the last that is no JSON, and
   * for a file that begins otherwise.
   */
  static async open(path: string, start = ''): Promise<{ journal: JournalFile; records: unknown[] }> {
    const { records, length } = await readLines(path, { start });
    const handle = await open(path, 'a').catch((cause) => {
      throw fileError(path, 'cannot be written', cause);
    });
    try {
      await handle.truncate(length);
      await handle.sync();
      const own = await handle.stat({ bigint: true });
      return { journal: new JournalFile(path, handle, own, length), records };
    } catch (cause) {
      await handle.close();
      throw fileError(path, 'cannot be written', cause);
    }
  }

  /**
   * Adds records, all of them or none, in the order of the calls. Resolves when they are on disk. What is given while
   * others are written goes with the next sync, together.
   *
   * @throws FileError when that fails, as on a full disk; the file then ends as it did before. Also when the file has been
   * removed or replaced: what would be written to it is nowhere.
   */
  append(records: readonly object[]): Promise<void> {
    const text = records.map((record) => `${JSON.stringify(record)}\n`).join('');
    return new Promise((resolve, reject) => {
      this.#waiting.push({ text, resolve, reject });
      this.#writing ??= this.#writeAll();
    });
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const turns = this.#waiting.splice(0);
      await this.#write(turns.map(({ text }) => text).join('')).then(
        () => turns.forEach(({ resolve }) => void resolve()),
        (error) => turns.forEach(({ reject }) => void reject(error)),
      );
    }
    this.#writing = undefined;
  }

  async #write(text: string): Promise<void> {
    const bytes = new TextEncoder().encode(text);
    try {
      await this.#handle.writeFile(bytes);
      await this.#handle.datasync();
    } catch (cause) {
      // Half a line would make what comes after it unreadable.
      await this.#handle.truncate(this.#length).catch(() => {});
      throw fileError(this.path, 'cannot be written', cause);
    }
    this.#length += bytes.length;
    const found = await stat(this.path, { bigint: true }).catch((cause) => {
      throw fileError(this.path, 'cannot be written any more', cause);
    });
    if (found.ino !== this.#own.ino || found.dev !== this.#own.dev) {
      throw new FileError(this.path, 'cannot be written any more: another file has taken its place');
    }
  }

  /** After what was given to `append`. */
  async close(): Promise<void> {
    await this.#writing;
    await this.#handle.close();
  }
}

/** The records of a journal that others may be writing. Throws FileError and FormatError. */
export async function readJournal(path: string): Promise<unknown[]> {
  return (await readLines(path, { required: true })).records;
}

/** @returns the records, and the bytes that they take: a last line without an end is none. */
async function readLines(
  path: string,
  { required = false, start = '' }: { required?: boolean; start?: string },
): Promise<{ records: unknown[]; length: number }> {
  const found = await stat(path).catch(() => undefined);
  // A device or a pipe would never end.
  if (found && !found.isFile()) throw new FileError(path, 'expected a journal, but it is no ordinary file');
  const bytes = await readFileBytes(path).catch((error) => {
    if (!required && systemCode(error) === 'ENOENT') return new Uint8Array(0);
    throw error;
  });
  checkStart(path, bytes, start);
  const length = bytes.lastIndexOf(NEWLINE) + 1;
  const records: unknown[] = [];
  const decoder = new TextDecoder();
  // By bytes: text that was damaged has not as many characters as bytes.
  for (let from = 0; from < length; ) {
    const end = bytes.indexOf(NEWLINE, from);
    try {
      records.push(JSON.parse(decoder.decode(bytes.subarray(from, end))));
    } catch (cause) {
      // A power cut can leave zeros, or a part of a block, in the last line; what follows a line was written after it.
      if (end + 1 === length) return { records, length: from };
      const line = `line ${records.length + 1}`;
      throw new FormatError(path, `${line} is not JSON: ${(cause as Error).message}`, { cause });
    }
    from = end + 1;
  }
  return { records, length };
}

/** A crash may have come within the first line, and a power cut leaves zeros. */
function checkStart(path: string, bytes: Uint8Array, start: string): void {
  const [found] = new TextDecoder().decode(bytes.subarray(0, start.length)).split('\0', 1);
  if (start.startsWith(found)) return;
  throw new FormatError(path, `expected a journal, which begins with ${start}, given another file`);
}
