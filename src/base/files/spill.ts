/**
 * A temporary file for what does not fit in memory. It loses its name as soon as it is open, and lives as long
 * as it is: whatever ends the process, kill -9 too, the system takes the space back. Node only. It knows no
 * format.
 */
import { randomUUID } from 'node:crypto';
import { type FileHandle, open, readdir, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { FileError } from '../errors.js';
import { byteText } from '../settings.js';
import { fileError } from './atomic.js';

const NAME = /^\.lanegrad-spill-[\da-f-]{36}\.tmp$/;

/** Bytes of one write or read: some systems do no more than 2 GiB at once. */
const PIECE = 2 ** 26;

export class SpillFile {
  readonly #folder: string;
  readonly #path: string;
  readonly #what: string;
  readonly #handle: FileHandle;
  /** Of a system that keeps the name of an open file. */
  readonly #isNamed: boolean;

  /**
   * A file in `folder` that is to hold so many bytes of `what`, which messages name.
   *
   * @throws FileError when there is less room, with both figures, or when no file can be made there.
   */
  static async create(folder: string, bytes: number, what: string): Promise<SpillFile> {
    await removeSpills(folder);
    const room = await roomIn(folder);
    if (room < bytes) {
      const problem = `${what} need ${byteText(bytes)} of disk, and ${byteText(room)} are free here`;
      throw new FileError(folder, problem);
    }
    const path = join(folder, `.lanegrad-spill-${randomUUID()}.tmp`);
    const handle = await open(path, 'wx+').catch((cause) => {
      throw fileError(folder, `${what} cannot be kept here`, cause);
    });
    const isNamed = await rm(path).then(
      () => false,
      () => true,
    );
    return new SpillFile({ folder, path, what, handle, isNamed });
  }

  private constructor(own: {
    folder: string;
    path: string;
    what: string;
    handle: FileHandle;
    isNamed: boolean;
  }) {
    this.#folder = own.folder;
    this.#path = own.path;
    this.#what = own.what;
    this.#handle = own.handle;
    this.#isNamed = own.isNamed;
  }

  /** Throws FileError where the disk is full, or fails. */
  async write(bytes: Uint8Array, position: number): Promise<void> {
    try {
      for (let at = 0; at < bytes.length; ) {
        const length = Math.min(PIECE, bytes.length - at);
        at += (await this.#handle.write(bytes, at, length, position + at)).bytesWritten;
      }
    } catch (cause) {
      throw fileError(this.#folder, `${this.#what} cannot be written`, cause);
    }
  }

  /** Fills `bytes` from `position` on. Throws FileError where the disk fails, or the file ends before. */
  async read(bytes: Uint8Array, position: number): Promise<void> {
    let bytesRead = 1;
    try {
      for (let at = 0; at < bytes.length && bytesRead > 0; at += bytesRead) {
        const length = Math.min(PIECE, bytes.length - at);
        ({ bytesRead } = await this.#handle.read(bytes, at, length, position + at));
      }
    } catch (cause) {
      throw fileError(this.#folder, `${this.#what} cannot be read`, cause);
    }
    if (bytes.length > 0 && bytesRead === 0) {
      throw new FileError(this.#folder, `${this.#what} cannot be read: the file became shorter`);
    }
  }

  /** Gives the space back. Twice is fine. */
  async close(): Promise<void> {
    await this.#handle.close();
    if (this.#isNamed) await rm(this.#path, { force: true });
  }
}

/** Bytes that may be written; without bound where the system does not tell. */
async function roomIn(folder: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bsize > 0 ? bavail * bsize : Number.POSITIVE_INFINITY;
  } catch (cause) {
    throw fileError(folder, 'expected a folder for temporary files', cause);
  }
}

/**
 * Removes the names that processes left which ended between two calls. One that is still at work loses
 * nothing: its file is open.
 */
async function removeSpills(folder: string): Promise<void> {
  const names = await readdir(folder).catch((cause) => {
    throw fileError(folder, 'expected a folder for temporary files', cause);
  });
  for (const name of names)
    if (NAME.test(name)) await rm(join(folder, name), { force: true }).catch(() => {});
}
