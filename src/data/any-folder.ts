/** Which kind of data set a folder is, told by the names of what stands in it. Node only. */
import { readdir } from 'node:fs/promises';
import { fileError } from '../base/files/atomic.js';

/** IDX files, NPY files as Keras names its arrays, folders of pictures by class, or pictures alone. */
export type FolderKind = 'idx' | 'npy' | 'images' | 'pictures';

/** Throws FileError for a folder that cannot be read. One that is none of these is taken for IDX files. */
export async function folderKind(path: string): Promise<FolderKind> {
  const entries = await readdir(path, { withFileTypes: true }).catch((cause) => {
    throw fileError(path, 'cannot be read as a folder of data', cause);
  });
  const has = (pattern: RegExp) => entries.some(({ name }) => pattern.test(name));
  if (has(/^(train|t10k)-(images|labels)/)) return 'idx';
  if (has(/^[xy]_(train|test)\.npy$/)) return 'npy';
  const isFolder = entries.some(
    (entry) => !entry.name.startsWith('.') && (entry.isDirectory() || entry.isSymbolicLink()),
  );
  if (isFolder) return 'images';
  return has(/\.(png|jpe?g)$/i) ? 'pictures' : 'idx';
}
