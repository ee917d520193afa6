/**
 * Loads a folder of pictures, one folder a class, into data sets. Node only. How a picture is read stands in
 * `decode.ts`, how pictures become rows in `collect.ts`.
 */

import { readdir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { isStrings } from '../../base/arrays.js';
import { DataError, show } from '../../base/errors.js';
import { fileError, readFileBytes } from '../../base/files/atomic.js';
import { checkPath, didYouMean, OptionReader } from '../../base/options.js';
import { type Dataset, dataset, sliceDataset } from '../dataset.js';
import { splitRows } from '../rows.js';
import {
  type PictureForm,
  type PictureOptions,
  PictureRows,
  readPictureForm,
  type SkippedFile,
} from './collect.js';
import { decodePicture } from './decode.js';
import type { Picture } from './picture.js';

const WHERE = 'loadImageFolder';

/** How `loadImageFolder` reads a folder. */
export interface ImageFolderOptions extends PictureOptions {
  /** Of the sets; the folder's by default. */
  name?: string;
  /** The classes in their order, of which the folder may lack some; by default its folders, sorted. */
  classNames?: readonly string[];
  /**
   * Shares of the pictures that are kept from training, 0.15 each by default; for a folder that is not split
   * already.
   */
  validation?: number;
  test?: number;
  /** Which pictures are kept; 0 by default. */
  seed?: number;
}

/** A folder's pictures in parts; one that nothing was kept for is not there. */
export interface ImageSplits {
  readonly train: Dataset;
  readonly validation?: Dataset;
  readonly test?: Dataset;
  /** `train`, then `validation`. All share memory. */
  readonly full: Dataset;
  /** Files that were left out. */
  readonly skipped: readonly SkippedFile[];
}

export const PARTS = ['train', 'validation', 'test'] as const;
export type Part = (typeof PARTS)[number];

/** What the folder of a part may be called. */
const PART_NAMES: Readonly<Record<string, Part>> = {
  train: 'train',
  validation: 'validation',
  valid: 'validation',
  val: 'validation',
  test: 'test',
};

export interface Entry {
  readonly path: string;
  readonly label: number;
}

/**
 * Loads PNG and JPEG files from `path/class/*`, one folder a class, in the order of their names; what files
 * are is told by their content. Where `path` has folders `train`, `test` and `valid` (or `validation`, `val`),
 * each with the folders of classes, these are the parts; otherwise the seed alone says which pictures
 * validate and test, the same share of each class. Bytes stay bytes, scaled by 1/255 in each batch. Hidden files
 * are passed over.
 *
 * @throws FileError when a folder or file cannot be read.
 * @throws FormatError for a file that is no PNG or JPEG, or a broken or animated one, unless `skip` is given.
 * @throws ShapeError for pictures of several sizes, unless `size` is given.
 * @throws DataError for fewer than two classes, a class without pictures or of another name than `classNames`,
 *   and parts without any.
 */
export async function loadImageFolder(path: string, options: ImageFolderOptions = {}): Promise<ImageSplits> {
  return loadListed(await listImageFolder(WHERE, path, options));
}

/** A folder's pictures, part by part, before any is read. */
export interface ListedImages {
  readonly path: string;
  readonly name: string;
  readonly classNames: readonly string[];
  readonly form: PictureForm;
  readonly parts: Readonly<Record<Part, readonly Entry[]>>;
}

/** Throws as `loadImageFolder`, but for what is in the files. */
export async function listImageFolder(
  where: string,
  path: string,
  options: ImageFolderOptions,
): Promise<ListedImages> {
  checkPath(where, path);
  const reader = new OptionReader(where, options);
  const name = reader.string('name', basename(resolve(path)) || 'data');
  const given = reader.optional('classNames', 'an array of strings', isStrings);
  const validation = reader.number('validation', { min: 0, below: 1 }, 0.15);
  const test = reader.number('test', { min: 0, below: 1 }, 0.15);
  const seed = reader.integer('seed', { min: 0 }, 0);
  const form = readPictureForm(where, reader);
  reader.end();
  if (validation + test >= 1) {
    throw new DataError(where, `expected shares below 1 together, given ${validation} and ${test}`);
  }
  const folders = await partFolders(path);
  const classNames = given ?? (await classesOf(folders));
  if (classNames.length < 2) {
    const problem = `expected a folder for each of at least 2 classes, given ${show(classNames)}`;
    throw new DataError(path, problem);
  }
  const listed = new Map<Part, Entry[]>();
  for (const [part, folder] of folders) {
    listed.set(part, await listClasses(folder, classNames, part === 'train' && !given));
  }
  const train = listed.get('train')!;
  const isSplit = folders.get('train') !== path;
  const shares = { validation: listed.has('validation') ? 0 : validation, test: isSplit ? 0 : test };
  const rows = splitRows(
    { size: train.length, labels: Int32Array.from(train, ({ label }) => label) },
    { ...shares, seed, stratified: true },
  );
  const parts: Record<Part, Entry[]> = {
    train: Array.from(rows.train, (row) => train[row]),
    validation: listed.get('validation') ?? Array.from(rows.validation, (row) => train[row]),
    test: listed.get('test') ?? Array.from(rows.test, (row) => train[row]),
  };
  return { path, name, classNames, form, parts };
}

/** Reads them, in memory. */
export async function loadListed({
  path,
  name,
  classNames,
  form,
  parts,
}: ListedImages): Promise<ImageSplits> {
  const all = PARTS.flatMap((part) => parts[part]);
  const pictures = new PictureRows(path, all.length, form);
  const labels: number[] = [];
  const ends: number[] = [];
  for (const part of PARTS) {
    for (const entry of parts[part]) {
      if (await pictures.add(entry.path, () => readEntry(entry))) labels.push(entry.label);
    }
    ends.push(pictures.size);
  }
  const [trainEnd, fullEnd, end] = ends;
  if (trainEnd === 0) throw new DataError(path, 'no picture is left to train on');
  const { pixels, imageShape } = pictures.end();
  const whole = dataset({
    ...{ name, inputs: pixels, imageShape, classNames },
    labels: Int32Array.from(labels),
  });
  return {
    train: sliceDataset(whole, 0, trainEnd, `${name} train`),
    ...(fullEnd > trainEnd && {
      validation: sliceDataset(whole, trainEnd, fullEnd, `${name} validation`),
    }),
    ...(end > fullEnd && { test: sliceDataset(whole, fullEnd, end, `${name} test`) }),
    full: sliceDataset(whole, 0, fullEnd, name),
    skipped: pictures.skipped,
  };
}

/** The picture of a file. */
export async function readEntry({ path }: Entry): Promise<Picture> {
  return decodePicture(await readFileBytes(path), path);
}

/** The folders of the parts: those that are called so, or the whole for training. */
async function partFolders(path: string): Promise<Map<Part, string>> {
  const folders = (await list(path)).filter(({ isFolder }) => isFolder);
  const isSplit =
    folders.some(({ name }) => name === 'train') &&
    folders.every(({ name }) => Object.hasOwn(PART_NAMES, name));
  if (!isSplit) return new Map([['train', path]]);
  const found = new Map<Part, string>();
  for (const { name } of folders) {
    const part = PART_NAMES[name];
    const before = found.get(part);
    if (before !== undefined)
      throw new DataError(path, `${show(name)} is another name for ${show(basename(before))}`);
    found.set(part, join(path, name));
  }
  return found;
}

async function classesOf(folders: ReadonlyMap<Part, string>): Promise<string[]> {
  const entries = await list(folders.get('train')!);
  return entries.filter(({ isFolder }) => isFolder).map(({ name }) => name);
}

/** The files of each class. `complete`: each class has some. */
async function listClasses(
  folder: string,
  classNames: readonly string[],
  complete: boolean,
): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (const entry of await list(folder)) {
    const path = join(folder, entry.name);
    if (!entry.isFolder) {
      if (!/\.(png|jpe?g)$/i.test(entry.name)) continue;
      throw new DataError(path, 'stands beside the folders of the classes; expected it in one of them');
    }
    const label = classNames.indexOf(entry.name);
    if (label < 0) {
      const known = `expected the folders of the classes ${show(classNames)}`;
      throw new DataError(path, `${known}, given ${show(entry.name)}${didYouMean(entry.name, classNames)}`);
    }
    const files = await list(path);
    if (complete && files.length === 0)
      throw new DataError(path, 'expected pictures of this class, given none');
    for (const { name } of files) entries.push({ path: join(path, name), label });
  }
  if (entries.length === 0)
    throw new DataError(folder, 'expected pictures in folders of classes, given none');
  return entries;
}

/** What stands in a folder, by its name, without what is hidden and what systems leave behind. */
async function list(path: string): Promise<Listed[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch((cause) => {
    throw fileError(path, 'cannot be read as a folder of pictures', cause);
  });
  const wanted = entries.filter(({ name }) => !/^(\..*|__MACOSX|Thumbs\.db|desktop\.ini)$/i.test(name));
  const listed: Listed[] = [];
  for (const entry of wanted) {
    const { name } = entry;
    const linked = entry.isSymbolicLink() && (await stat(join(path, name)).catch(() => undefined));
    listed.push({ name, isFolder: linked ? linked.isDirectory() : entry.isDirectory() });
  }
  return listed.sort((a, b) => (a.name < b.name ? -1 : 1));
}

interface Listed {
  readonly name: string;
  readonly isFolder: boolean;
}
