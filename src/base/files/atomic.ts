/**
 * Reads a file, and writes one so that a crash leaves the old file or the new one, never a part. Node only.
 * It knows no format. Every failure is a FileError in plain words, with the system's own error as its cause.
 */

import { randomUUID } from 'node:crypto';
import {
  type FileHandle,
  lstat,
  open,
  readdir,
  readFile,
  readlink,
  realpath,
  rename,
  rm,
  stat,
} from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { isUint8Array } from '../arrays.js';
import { FileError, LanegradError } from '../errors.js';

/**
 * Reads a whole file.
 *
 * @throws FileError when it is not there, is a folder, or cannot be read.
 */
export async function readFileBytes(path: string): Promise<Uint8Array> {
  try {
    const buffer = await readFile(path);
    return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
  } catch (cause) {
    throw fileError(path, 'cannot be read', cause);
  }
}

/**
 * Writes `path` by way of a temporary file beside it: write, fsync, rename, fsync of the folder. A text is
 * written as UTF-8, a text that comes in parts as they come. Only a regular file is ever replaced: a symbolic
 * link stays, and the file that it leads to is written; a device or a pipe gets the bytes as they are.
 *
 * @throws FileError when any step fails. The temporary file is then gone and the old file as it was; only
 * when the
 *   last step fails is the new one in place, and the message says so.
 */
export async function writeFileAtomic(
  path: string,
  content: Uint8Array | string | AsyncIterable<string>,
): Promise<void> {
  let folder: string;
  try {
    const target = await replaceable(path);
    if (target === undefined) return await write(path, 'w', content);
    // The folder of the target, because a rename is atomic within one file system only.
    folder = dirname(target);
    const temporary = join(folder, `.lanegrad-${randomUUID()}.tmp`);
    try {
      await write(temporary, 'wx', content);
      await rename(temporary, target);
    } catch (cause) {
      // What matters is the first failure; that the temporary file cannot be removed adds nothing to it.
      await rm(temporary, { force: true }).catch(() => {});
      throw cause;
    }
  } catch (cause) {
    // Of who makes the content.
    if (cause instanceof LanegradError) throw cause;
    throw fileError(path, 'cannot be written', cause);
  }
  try {
    await syncFolder(folder);
  } catch (cause) {
    throw fileError(path, 'was written, but a crash may undo that: its folder cannot be synced', cause);
  }
}

/**
 * Adds to the end of a file, all of the bytes or none; makes the file where it is missing.
 *
 * @param flag `ax` for a file that must not be there yet.
 * @throws FileError when that fails, as on a full disk; the file then ends as it did before.
 */
export async function appendFileWhole(
  path: string,
  content: Uint8Array | string,
  flag: 'a' | 'ax' = 'a',
): Promise<void> {
  try {
    const handle = await open(path, flag);
    try {
      const { size } = await handle.stat();
      await handle.appendFile(content).catch(async (cause) => {
        await handle.truncate(size).catch(() => {});
        throw cause;
      });
    } finally {
      await handle.close();
    }
  } catch (cause) {
    throw fileError(path, 'cannot be written', cause);
  }
}

/**
 * Where the new file is to be: `path`, or what it links to. Undefined for a device, a pipe or an open file
 * under /dev or /proc.
 */
async function replaceable(path: string): Promise<string | undefined> {
  const own = await lstat(path).catch(() => undefined);
  if (!own) return path;
  if (!own.isSymbolicLink()) return own.isFile() || own.isDirectory() ? path : undefined;
  // Such as /dev/stdout: whoever has it open would not see another file in its place.
  if (/^\/(dev|proc)\//.test(resolve(path))) return undefined;
  const linked = await stat(path).catch((cause) => {
    if (systemCode(cause) === 'ENOENT') return undefined;
    throw cause;
  });
  if (linked) return linked.isFile() || linked.isDirectory() ? realpath(path) : undefined;
  // It leads to a file that is not there yet.
  return replaceable(resolve(await realpath(dirname(path)), await readlink(path)));
}

/**
 * Removes a file, or with `recursive` also a folder with all that is in it; fine where nothing is there.
 *
 * @throws FileError when that fails.
 */
export async function remove(path: string, { recursive = false } = {}): Promise<void> {
  await rm(path, { recursive, force: true }).catch((cause) => {
    throw fileError(path, 'cannot be removed', cause);
  });
}

/** A file that is written to find out whether one can be. */
export const PROBE_FILE = '.lanegrad-probe';

/**
 * Removes what `writeFileAtomic` and probes leave in a folder, if there is one, when the process is killed. Only
 * where nobody else is writing.
 */
export async function removeTemporaries(folder: string): Promise<void> {
  try {
    for (const name of await readdir(folder)) {
      if (/^\.lanegrad-[\da-f-]{36}\.tmp$/.test(name) || name === PROBE_FILE)
        await rm(join(folder, name), { force: true });
    }
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT') return;
    throw fileError(folder, 'cannot be cleared of temporary files', cause);
  }
}

/** @internal A FileError whose message begins with `problem` and puts the system's reason in plain words. */
export function fileError(path: string, problem: string, cause: unknown): FileError {
  return new FileError(path, `${problem}: ${reason(cause)}`, { cause });
}

/** @internal The system's code of an error such as `ENOENT`, also of a FileError by its cause. */
export function systemCode(error: unknown): string | undefined {
  if (error instanceof FileError) return systemCode(error.cause);
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}

const REASONS: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'no such file or folder'],
  ['EISDIR', 'it is a folder, not a file'],
  ['ENOTDIR', 'a part of the path is a file, not a folder'],
  ['EACCES', 'permission denied'],
  ['EPERM', 'operation not permitted'],
  ['EROFS', 'the file system is read-only'],
  ['ENOSPC', 'no space left on the device'],
  ['EDQUOT', 'the disk quota is used up'],
  ['EFBIG', 'the file would be larger than it may be'],
  ['EPIPE', 'whoever reads it has left'],
  ['ENXIO', 'nothing is there to take it'],
  ['ERR_ACCESS_DENIED', "Node's permissions do not allow it"],
  ['EMFILE', 'too many open files'],
  ['ENAMETOOLONG', 'the name is too long'],
  ['ELOOP', 'too many symbolic links'],
  ['ERR_FS_FILE_TOO_LARGE', 'the file is too large to be read at once'],
]);

function reason(cause: unknown): string {
  const known = REASONS.get(systemCode(cause) ?? '');
  return known ?? (cause instanceof Error ? cause.message : String(cause));
}

/** Writes and, where the file is a new one, syncs. */
async function write(
  path: string,
  flags: 'wx' | 'w',
  content: Uint8Array | string | AsyncIterable<string>,
): Promise<void> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, flags);
    if (typeof content === 'string' || isUint8Array(content)) await handle.writeFile(content);
    else for await (const part of content) await handle.appendFile(part);
    if (flags === 'wx') await handle.sync();
  } finally {
    await handle?.close();
  }
}

/**
 * Makes a rename last. Windows opens no folder and some network file systems sync none; there it is left out.
 */
async function syncFolder(folder: string): Promise<void> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(folder, 'r');
    await handle.sync();
  } catch (error) {
    const code = systemCode(error) ?? '';
    const unsupported = process.platform === 'win32' ? ['EPERM', 'EISDIR', 'EACCES'] : ['EINVAL', 'ENOTSUP'];
    if (!unsupported.includes(code)) throw error;
  } finally {
    await handle?.close();
  }
}
