/** Reads the file of a picture, which is told by its content and not by its name. Node only. */
import { FormatError } from '../../base/errors.js';
import { readJpeg } from './jpeg.js';
import type { Picture } from './picture.js';
import { readPng } from './png.js';
import { pictureFormat } from './signature.js';

/**
 * Reads a PNG or JPEG file: its pixels as bytes, upright, on white where they are transparent, and with one
 * channel where all of them are grey.
 *
 * @throws FormatError for a file that is broken, cut off, animated, or no picture of these formats.
 */
export async function decodePicture(bytes: Uint8Array, where: string): Promise<Picture> {
  const format = pictureFormat(bytes);
  if (format === 'PNG') return readPng(bytes, where);
  if (format === 'JPEG') return readJpeg(bytes, where);
  if (bytes.length === 0) throw new FormatError(where, 'the file is empty; expected PNG or JPEG');
  const given = format === undefined ? 'it is no picture' : `it is ${format}`;
  throw new FormatError(where, `${given}; expected PNG or JPEG`);
}
