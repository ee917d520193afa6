/** What the words for data stand for: a data set that has a name, a folder, or a file. Node only. */
import { readdirSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { FileError, type LanegradError, OptionError, show } from '../base/errors.js';
import { isImageShape } from '../base/image-shape.js';
import { didYouMean } from '../base/options.js';
import { flagOf } from '../base/settings.js';
import { folderKind } from '../data/any-folder.js';
import { loadIdxFolder, type Splits } from '../data/folder.js';
import type { SkippedFile } from '../data/images/collect.js';
import { type ImageFolderOptions, loadImageFolder } from '../data/images/folder.js';
import { loadLargeImageFolder } from '../data/images/stream-folder.js';
import { loadLargeFiles } from '../data/large-files.js';
import { loadMnist } from '../data/mnist.js';
import { loadNpyFolder, loadNpz } from '../data/npz.js';
import type { Network } from '../nn/model.js';
import type { RunOptionValues } from './options.js';
import type { LargeSplits, PictureFolder, RunSplits } from './splits.js';

/** Data sets that have a name. A folder that is called so is reached as ./mnist. */
const named: ReadonlyMap<string, () => Promise<Splits>> = new Map([['mnist', () => loadMnist()]]);

/** What is said of a folder of pictures: by options, or by the model that they are for. */
export interface PictureSettings extends Pick<RunOptionValues, 'imageSize' | 'imageFit' | 'skipBroken'> {
  /** Which of them validate and test. */
  readonly seed?: number;
  readonly channels?: 1 | 3;
  readonly classNames?: readonly string[];
}

/** Whether a data set has this name. */
export function isNamed(source: string): boolean {
  return named.has(source);
}

/** Loads a data set by name or folder. Throws OptionError when it is neither. */
export async function loadSplits(source: string, settings: PictureSettings = {}): Promise<RunSplits> {
  const load = named.get(source);
  if (load) return load();
  const kind = await kindOf(source);
  if (kind === 'folder') return loadFolder(source, settings);
  const isFile = kind === 'file';
  if (isFile && isNpzPath(source)) return loadNpz(source);
  const expected =
    'a folder with pictures by class or with IDX files, an NPZ file of Keras, or a table such as data.csv with --target';
  throw unknownSource(source, isFile ? 'is a file' : undefined, expected);
}

async function loadFolder(path: string, settings: PictureSettings): Promise<RunSplits> {
  const kind = await folderKind(path);
  if (kind === 'images') return loadPictures(path, settings);
  if (kind === 'npy') return loadNpyFolder(path);
  if (kind === 'idx') return loadIdxFolder(path);
  throw new OptionError('data', `${show(path)} holds pictures; expected them in a folder for each class`);
}

/** Throws OptionError for options of folders of pictures. */
export function refusePictureOptions(settings: PictureSettings, source: string): void {
  for (const key of ['imageSize', 'imageFit', 'skipBroken'] as const) {
    if (settings[key] === undefined) continue;
    throw new OptionError(flagOf(key), `it is for folders of pictures, given ${show(source)}`);
  }
}

/** The size that pictures have to have for a network, where nothing else is said. */
export function picturesFor({ inputs: [{ shape }] }: Network): PictureSettings {
  if (shape.length !== 3 || !isImageShape(shape)) return {};
  const [height, width, channels] = shape;
  const isColour = channels === 1 || channels === 3;
  return { imageSize: [height, width], imageFit: 'cover', ...(isColour && { channels }) };
}

/** The data of a run that may be larger than memory: those of folders stream where they do not fit. */
export async function loadLargeSplits(
  source: string,
  settings: PictureSettings,
  limits: { readonly memory?: number | undefined; readonly spillFolder: string },
): Promise<LargeSplits> {
  const isFolder = !named.has(source) && (await kindOf(source)) === 'folder';
  const kind = isFolder ? await folderKind(source) : undefined;
  if (kind === 'images') {
    const { skipped, ...splits } = await loadLargeImageFolder(source, pictureOptions(settings), limits);
    return { ...splits, pictures: describePictures(settings, skipped) };
  }
  if (kind === 'idx' || kind === 'npy') return loadLargeFiles(source, kind, limits.memory);
  const splits = await loadSplits(source, settings);
  if (limits.memory === undefined) return splits;
  const expected = 'it is for tables, and folders of pictures, IDX or NPY files';
  throw new OptionError('--memory', `${expected}; given ${show(source)}`);
}

async function loadPictures(source: string, settings: PictureSettings): Promise<RunSplits> {
  const { skipped, ...splits } = await loadImageFolder(source, pictureOptions(settings));
  return { ...splits, pictures: describePictures(settings, skipped) };
}

function describePictures(
  { imageSize, imageFit, seed = 0 }: PictureSettings,
  skipped: readonly SkippedFile[],
): PictureFolder {
  return { skipped, seed, ...(imageSize && { fit: imageFit ?? 'cover' }) };
}

function pictureOptions(settings: PictureSettings): ImageFolderOptions {
  const {
    imageSize: size,
    imageFit: fit,
    skipBroken: skip = false,
    seed = 0,
    channels,
    classNames,
  } = settings;
  if (fit !== undefined && size === undefined) {
    throw new OptionError('--image-fit', 'expected --image-size besides, to which pictures are to fit');
  }
  return {
    ...(size && { size, fit: fit ?? 'cover' }),
    ...(channels && { channels }),
    ...(classNames && { classNames }),
    ...{ skip, seed },
  };
}

/** Whether a file is NPZ by its name: as a data set it has the arrays x_train, y_train, x_test and y_test. */
export function isNpzPath(path: string): boolean {
  return /\.npz$/i.test(path);
}

/** The error of a word that stands for no data: one that can only be a path is said to lead nowhere. */
export function unknownSource(source: string, problem: string | undefined, expected: string): LanegradError {
  if (problem === undefined && /[/\\]|\.\w+$/.test(source)) return missingSource(source);
  const known = [...named.keys()];
  const hint = problem ? '' : didYouMean(source, [...known, ...namesBeside(source)]);
  const what = problem ? `${show(source)} ${problem}` : `unknown data set ${show(source)}`;
  // A hint ends with a question mark.
  return new OptionError('data', `${what}${hint || ';'} expected ${known.join(', ')}, or ${expected}`);
}

/** The error of a path where there is nothing, with what is called nearly so. */
export function missingSource(path: string): FileError {
  const hint = didYouMean(basename(path), namesBeside(path));
  return new FileError(path, `cannot be read: no such file or folder${hint}`);
}

function namesBeside(path: string): string[] {
  try {
    return readdirSync(dirname(path)).filter((name) => !name.startsWith('.'));
  } catch {
    return [];
  }
}

/** Undefined when there is nothing of that name. */
export async function kindOf(path: string): Promise<'file' | 'folder' | undefined> {
  try {
    return (await stat(path)).isDirectory() ? 'folder' : 'file';
  } catch {
    return undefined;
  }
}
