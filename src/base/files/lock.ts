/**
 * A folder for one process at a time, by a file in it that says which. A crash leaves the file and no harm:
 * whoever comes next finds that its process is gone, and takes its place. Node only.
 *
 * Whether a process is gone is known by its number and the time of its start, where the system tells that;
 * elsewhere, and where the lock was taken on another machine, by the file's time, which the owner renews.
 */
import { randomUUID } from 'node:crypto';
import { open, readFile, readlink, rm, stat, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { FileError } from '../errors.js';
import { fileError, systemCode } from './atomic.js';

/** The lock's file within its folder. */
export const LOCK_FILE = '.lanegrad-lock';

/**
 * Milliseconds from one renewal to the next, and without one until an owner of whom nothing else is known is
 * taken for gone.
 */
const RENEWAL = 2000;
const SILENCE = 5 * RENEWAL;

interface Owner {
  readonly pid: number;
  /** In the system's own unit; null where it does not tell. */
  readonly started: string | null;
  readonly machine: string;
  readonly id: string;
}

export class FolderLock {
  readonly #path: string;
  readonly #text: string;
  readonly #timer: NodeJS.Timeout;
  #released = false;

  /**
   * Throws FileError when another process has the folder, or none can be had because nothing can be written
   * there.
   */
  static async acquire(folder: string): Promise<FolderLock> {
    const path = join(folder, LOCK_FILE);
    const owner: Owner = {
      pid: process.pid,
      started: (await startOf(process.pid)) ?? null,
      machine: await machineOf(),
      id: randomUUID(),
    };
    const text = `${JSON.stringify(owner)}\n`;
    try {
      while (!(await create(path, text))) await removeStale(folder, path, owner.machine);
    } catch (cause) {
      throw cause instanceof FileError ? cause : fileError(folder, 'cannot be locked', cause);
    }
    return new FolderLock(path, text);
  }

  private constructor(path: string, text: string) {
    this.#path = path;
    this.#text = text;
    // A time that cannot be set now is set the next time.
    const renew = () => void utimes(path, new Date(), new Date()).catch(() => {});
    this.#timer = setInterval(renew, RENEWAL).unref();
  }

  /** Twice is fine. A file that cannot be removed stays, and does no harm once this process has ended. */
  async release(): Promise<void> {
    if (this.#released) return;
    this.#released = true;
    clearInterval(this.#timer);
    try {
      // Not one that another process has taken meanwhile.
      if ((await textOf(this.#path)) === this.#text) await rm(this.#path, { force: true });
    } catch {
      // Such as a folder that has become read-only: what the lock was taken for has failed before, and says why.
    }
  }
}

/** False when there is one already. */
async function create(path: string, text: string): Promise<boolean> {
  try {
    const handle = await open(path, 'wx');
    try {
      await handle.writeFile(text).finally(() => handle.close());
    } catch (cause) {
      // Of a full disk: a lock that says nobody would be waited for.
      await rm(path, { force: true }).catch(() => {});
      throw cause;
    }
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Removes a lock whose owner is gone. Throws FileError when it is not. */
async function removeStale(folder: string, path: string, machine: string): Promise<void> {
  const text = await textOf(path);
  if (text === undefined) return;
  const owner = read(text);
  const alive = owner?.machine === machine ? await isAlive(owner) : undefined;
  if (alive ?? (await isRenewed(path))) {
    const who = owner ? `the process ${owner.pid}` : 'another process';
    throw new FileError(folder, `${who} is at work in this folder; expected one at a time`);
  }
  // Of several that find it stale one at a time: a lock that has taken its place meanwhile stays.
  const takeover = `${path}-takeover`;
  if (!(await create(takeover, ''))) return void (await outlive(takeover));
  try {
    if ((await textOf(path)) === text) await rm(path, { force: true });
  } finally {
    await rm(takeover, { force: true });
  }
}

/**
 * Waits for another process that takes a lock over, a matter of milliseconds; what one left that died
 * meanwhile is removed.
 */
async function outlive(takeover: string): Promise<void> {
  const found = await stat(takeover).catch(() => undefined);
  if (!found) return;
  if (await isRenewed(takeover, 20)) return;
  if ((await stat(takeover).catch(() => undefined))?.ino === found.ino) await rm(takeover, { force: true });
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Undefined for what is no lock, as when a process died while it wrote it. */
function read(text: string): Owner | undefined {
  try {
    const { pid, started, machine, id } = JSON.parse(text) as Owner;
    return Number.isSafeInteger(pid) && pid > 0 ? { pid, started, machine, id } : undefined;
  } catch {
    return undefined;
  }
}

/** Undefined when it cannot be told. */
async function isAlive({ pid, started }: Owner): Promise<boolean | undefined> {
  // A number may have been given to another process since.
  if (started !== null && (await startOf(process.pid)) !== undefined) return (await startOf(pid)) === started;
  try {
    process.kill(pid, 0);
    return undefined;
  } catch (error) {
    return systemCode(error) === 'ESRCH' ? false : undefined;
  }
}

/** Looks on for a while, every so many milliseconds. A file that goes is one that is renewed no more. */
async function isRenewed(path: string, interval = RENEWAL / 4): Promise<boolean> {
  const timeOf = async () => (await stat(path).catch(() => undefined))?.mtimeMs;
  const before = await timeOf();
  for (let waited = 0; waited < SILENCE; waited += interval) {
    const now = await timeOf();
    if (now === undefined) return false;
    if (now !== before) return true;
    await sleep(interval);
  }
  return false;
}

/**
 * When a process was started, of Linux; undefined of one that is gone, or has ended and nobody has asked how.
 */
async function startOf(pid: number): Promise<string | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // Behind the command's name, which may hold anything.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
}

/** Within which a process's number says which it is: a system since its start, and a container within it. */
async function machineOf(): Promise<string> {
  try {
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8');
    return `${boot.trim()} ${await readlink('/proc/self/ns/pid')}`;
  } catch {
    return hostname();
  }
}
