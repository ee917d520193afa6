/** Loads PNG and JPEG files by their paths, as rows that a model predicts. Node only. */
import { isStrings } from '../../base/arrays.js';
import { DataError, OptionError, show } from '../../base/errors.js';
import { readFileBytes } from '../../base/files/atomic.js';
import { OptionReader } from '../../base/options.js';
import type { PicturesFromFiles } from './browser.js';
import { type PictureOptions, PictureRows, readPictureForm } from './collect.js';
import { decodePicture } from './decode.js';

const WHERE = 'loadImages';

/**
 * Loads the pictures of one path or of several, in their order: `pictures.inputs` [n, height · width · channels],
 * bytes, are what `predictProba` takes of a model that was trained on `loadImageFolder`'s, with the same options.
 * What is transparent is laid on white. Folders are for `loadImageFolder`, which knows classes; in a page it is
 * `imagesFromFiles`.
 *
 * @throws FileError when a file cannot be read.
 * @throws FormatError for a file that is no PNG or JPEG, or a broken or animated one, unless `skip` is given.
 * @throws ShapeError for pictures of several sizes, unless `size` is given; DataError for none.
 */
export async function loadImages(
  paths: string | readonly string[],
  options?: PictureOptions,
): Promise<PicturesFromFiles> {
  const all: unknown = typeof paths === 'string' ? [paths] : paths;
  if (!isStrings(all) || all.includes('')) {
    throw new OptionError(WHERE, `paths: expected the path of a picture, or several, given ${show(paths)}`);
  }
  const reader = new OptionReader(WHERE, options);
  const form = readPictureForm(WHERE, reader);
  reader.end();
  if (all.length === 0) throw new DataError(WHERE, 'expected at least one picture, given none');
  const rows = new PictureRows(WHERE, all.length, form);
  const names: string[] = [];
  for (const path of all) {
    // A file that cannot be read is an error even where what is no picture is left out.
    const bytes = await readFileBytes(path);
    if (await rows.add(path, () => decodePicture(bytes, path))) names.push(path);
  }
  if (rows.size === 0) throw new DataError(WHERE, `none of ${all.length} files is a picture`);
  const { pixels: inputs, imageShape } = rows.end();
  return { pictures: { inputs, imageShape }, names, skipped: rows.skipped };
}
