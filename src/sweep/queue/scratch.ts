/** A worker's own folder for the trials at hand, among the system's temporary files. Node only. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileError } from '../../base/files/atomic.js';
import { FolderLock } from '../../base/files/lock.js';

const PREFIX = 'lanegrad-worker-';

export class Scratch {
  readonly path: string;
  readonly #lock: FolderLock;

  /** Throws FileError when it cannot be made. */
  static async open(): Promise<Scratch> {
    const prefix = join(tmpdir(), PREFIX);
    const path = await mkdtemp(prefix).catch((cause) => {
      throw fileError(prefix, 'cannot be made', cause);
    });
    const scratch = new Scratch(path, await FolderLock.acquire(path));
    // In its own time, which it takes where a lock is of another machine.
    removeLeft(path).catch(() => {});
    return scratch;
  }

  private constructor(path: string, lock: FolderLock) {
    this.path = path;
    this.#lock = lock;
  }

  async close(): Promise<void> {
    await this.#lock.release();
    await rm(this.path, { recursive: true, force: true });
  }
}

/** Removes what workers have left that were killed. */
async function removeLeft(own: string): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const path = join(tmpdir(), name);
    if (!name.startsWith(PREFIX) || path === own) continue;
    const lock = await FolderLock.acquire(path).catch(() => undefined);
    if (!lock) continue;
    await rm(path, { recursive: true, force: true });
    await lock.release();
  }
}
