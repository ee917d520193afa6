/** Folders: whether they are there, and made where they are missing. Node only. */
import { mkdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { FileError } from '../errors.js';
import { fileError, systemCode } from './atomic.js';

/** The outermost folder that had to be made; undefined when `path` was there. */
export async function makeFolders(path: string): Promise<string | undefined> {
  try {
    return await makeMissing(resolve(path));
  } catch (cause) {
    if (systemCode(cause) === 'EEXIST')
      throw new FileError(path, 'expected a folder, but it is a file', { cause });
    throw fileError(path, 'cannot be created', cause);
  }
}

/** Whether a folder is there; false for what cannot be seen. */
export function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** The innermost folder on the way to `path` that is there. */
export async function existingFolder(path: string): Promise<string> {
  const own = resolve(path);
  return dirname(own) === own || (await isFolder(own)) ? own : existingFolder(dirname(own));
}

/**
 * As mkdir's option `recursive`, which however loops without end in Node 20 where a system such as /proc says
 * ENOENT.
 */
async function makeMissing(path: string): Promise<string | undefined> {
  try {
    await mkdir(path);
    return path;
  } catch (error) {
    const code = systemCode(error);
    if (code === 'EEXIST' && (await stat(path)).isDirectory()) return undefined;
    if (code !== 'ENOENT' || dirname(path) === path) throw error;
  }
  const created = await makeMissing(dirname(path));
  // With its parent there, what fails now fails for good; unless someone else has made it meanwhile.
  await mkdir(path).catch(async (error) => {
    if (systemCode(error) !== 'EEXIST' || !(await stat(path)).isDirectory()) throw error;
  });
  return created ?? path;
}
