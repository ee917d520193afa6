/**
 * Files that another file names: the other's word is not taken for where they may lie. Node only. It knows no
 * format.
 */
import { realpath, stat } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { FileError } from '../errors.js';
import { fileError, readFileBytes } from './atomic.js';

/**
 * Reads the whole file `name` in the folder of the file `path`, or below it.
 *
 * @throws FileError when it lies elsewhere, also by way of a symbolic link, is no ordinary file, or cannot be
 * read.
 */
export async function readFileBeside(path: string, name: string): Promise<Uint8Array> {
  const folder = dirname(path);
  const wanted = join(folder, name);
  const [realFolder, real] = await Promise.all([realpath(folder), realpath(wanted)]).catch((cause) => {
    throw fileError(wanted, `which ${path} names, cannot be read`, cause);
  });
  const way = relative(realFolder, real);
  // Another drive of Windows leaves a path that begins with its letter.
  if (way === '' || way.split(sep)[0] === '..' || join(realFolder, way) !== real) {
    throw new FileError(wanted, `${path} names it, but it does not lie within ${folder}`);
  }
  // A device or a pipe would never end.
  if (!(await stat(real)).isFile())
    throw new FileError(wanted, `${path} names it, but it is no ordinary file`);
  return readFileBytes(real);
}
