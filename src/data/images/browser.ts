/**
 * Pictures that a page has as files, of an input or dropped on it, read by the browser's own decoders. What it
 * gives is for `dataset`.
 */
import {
  DataError,
  FormatError,
  LanegradError,
  OptionError,
  show,
  UnsupportedError,
} from '../../base/errors.js';
import type { ImageShape } from '../../base/image-shape.js';
import { OptionReader } from '../../base/options.js';
import { type PictureOptions, PictureRows, readPictureForm, type SkippedFile } from './collect.js';
import { checkExtent } from './limits.js';
import { type Picture, pictureOf } from './picture.js';
import { pictureFormat } from './signature.js';

/** What is needed of a file: a `File` or a `Blob` of the page. */
export interface PictureFile {
  arrayBuffer(): Promise<ArrayBuffer>;
  readonly name?: string;
  /** Where an input with `webkitdirectory` found it: the folder around it is its class. */
  readonly webkitRelativePath?: string;
}

/** Pictures as rows; `dataset({ ...pictures, … })` makes a data set of the first three. */
export interface Pictures {
  /** [size, height · width · channels] */
  readonly inputs: Uint8Array;
  readonly imageShape: ImageShape;
  /** The folder around each file; absent unless all of them have one. */
  readonly labels?: readonly string[];
}

/** What `imagesFromFiles`, and in Node `loadImages`, give. */
export interface PicturesFromFiles {
  readonly pictures: Pictures;
  /** The names of the files that were read, in the order of the rows. */
  readonly names: readonly string[];
  /** Files that were left out. */
  readonly skipped: readonly SkippedFile[];
}

/** The parts of a browser that are used. */
interface Bitmap {
  readonly width: number;
  readonly height: number;
  close(): void;
}
interface Canvas {
  getContext(
    kind: '2d',
    options: object,
  ): {
    fillStyle: string;
    fillRect(x: number, y: number, width: number, height: number): void;
    drawImage(image: Bitmap, x: number, y: number): void;
    getImageData(x: number, y: number, width: number, height: number): { readonly data: Uint8ClampedArray };
  } | null;
}
interface Browser {
  readonly createImageBitmap?: (file: unknown, options: object) => Promise<Bitmap>;
  readonly OffscreenCanvas?: new (width: number, height: number) => Canvas;
}

const WHERE = 'imagesFromFiles';

/**
 * Reads pictures of any format that the browser knows, upright, on white where they are transparent. Their pixels
 * may differ in the last bits from those that Node reads of the same JPEG: decoders round differently. Hidden files
 * are passed over.
 *
 * @throws UnsupportedError where there is no `createImageBitmap` or `OffscreenCanvas`, as in Node: there it is
 *   `loadImages`.
 * @throws FormatError for a file that is no picture, or a broken or animated one, unless `skip` is given.
 * @throws ShapeError for pictures of several sizes, unless `size` is given; DataError for none.
 */
export async function imagesFromFiles(
  files: ArrayLike<PictureFile>,
  options?: PictureOptions,
): Promise<PicturesFromFiles> {
  const all = readFiles(files);
  const form = readPictureForm(WHERE, new OptionReader(WHERE, options));
  const { createImageBitmap: decode, OffscreenCanvas: Canvas } = globalThis as Browser;
  if (!decode || !Canvas) {
    const lack = 'this runtime has no createImageBitmap and OffscreenCanvas';
    throw new UnsupportedError(WHERE, `${lack}; in Node use loadImages`);
  }
  const wanted = all.filter(({ name }) => !name?.startsWith('.'));
  if (wanted.length === 0) throw new DataError(WHERE, 'expected at least one picture, given none');
  const rows = new PictureRows(WHERE, wanted.length, form);
  const names: string[] = [];
  const labels: string[] = [];
  for (const [index, file] of wanted.entries()) {
    const path = file.webkitRelativePath || file.name || `picture ${index}`;
    if (!(await rows.add(path, () => readPicture(file, path, { decode, Canvas })))) continue;
    names.push(path);
    const folder = path.split('/').at(-2);
    if (folder !== undefined) labels.push(folder);
  }
  if (rows.size === 0) throw new DataError(WHERE, `none of ${wanted.length} files is a picture`);
  const { pixels: inputs, imageShape } = rows.end();
  const pictures = { inputs, imageShape, ...(labels.length === rows.size && { labels }) };
  return { pictures, names, skipped: rows.skipped };
}

function readFiles(files: unknown): PictureFile[] {
  const fail = (given: unknown): never => {
    throw new OptionError(WHERE, `files: expected files of the page, given ${show(given)}`);
  };
  const isList = Array.isArray(files) || Object.prototype.toString.call(files) === '[object FileList]';
  const list = files as ArrayLike<PictureFile | null | undefined>;
  if (!isList) return fail(files);
  const all: PictureFile[] = [];
  // Up to the first that is none: the length of a list is no promise.
  for (let i = 0; i < list.length; i++) {
    const file = list[i];
    all.push(typeof file?.arrayBuffer === 'function' ? file : fail(file));
  }
  return all;
}

async function readPicture(
  file: PictureFile,
  path: string,
  {
    decode,
    Canvas,
  }: { decode: NonNullable<Browser['createImageBitmap']>; Canvas: NonNullable<Browser['OffscreenCanvas']> },
): Promise<Picture> {
  let bitmap: Bitmap | undefined;
  try {
    if (isAnimated(new Uint8Array(await file.arrayBuffer()))) {
      throw new FormatError(path, 'the PNG file is animated; expected one picture');
    }
    bitmap = await decode(file, { colorSpaceConversion: 'none' });
    const { width, height } = bitmap;
    checkExtent(path, height, width);
    const context = new Canvas(width, height).getContext('2d', { willReadFrequently: true });
    if (!context) throw new UnsupportedError(WHERE, 'the browser gives no canvas to draw on');
    context.fillStyle = '#fff';
    context.fillRect(0, 0, width, height);
    context.drawImage(bitmap, 0, 0);
    return pictureOf({ height, width }, context.getImageData(0, 0, width, height).data, 4, 255);
  } catch (cause) {
    if (cause instanceof LanegradError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new FormatError(path, `the browser cannot read it as a picture: ${reason}`, { cause });
  } finally {
    bitmap?.close();
  }
}

/** Whether a PNG file says that it has several frames, which it does before its pixels. */
function isAnimated(bytes: Uint8Array): boolean {
  if (pictureFormat(bytes) !== 'PNG') return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 8; at + 8 <= bytes.length; at += 12 + view.getUint32(at)) {
    const name = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (name === 'acTL' || name === 'IDAT') return name === 'acTL';
  }
  return false;
}
