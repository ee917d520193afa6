/** What the words for data and models on the command line stand for. */

import { stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { Option } from 'commander';
import { isUint8Array } from '../base/arrays.js';
import { OptionError, show } from '../base/errors.js';
import { STANDARD_INPUT } from '../base/files/pipe.js';
import { didYouMean } from '../base/options.js';
import { type Choice, configOf, flagOf } from '../base/settings.js';
import { folderKind } from '../data/any-folder.js';
import type { Dataset } from '../data/dataset.js';
import { loadIdxFolder, type Splits } from '../data/folder.js';
import { loadImageFolder } from '../data/images/folder.js';
import { loadMnist } from '../data/mnist.js';
import { loadNpyFolder, loadNpz } from '../data/npz.js';
import { type ImageShape, isImageShape } from '../data/set.js';
import { lossOf } from '../nn/loss-config.js';
import { type LossName, lossNames } from '../nn/losses.js';
import { type Network, remember } from '../nn/model.js';
import { lossOfRun, MODEL_FILE, sourceOfRun } from '../run/folder.js';
import { type OpenNetwork, openNetwork } from '../run/open-network.js';
import { type RunOptionValues, runOptions } from '../run/options.js';
import type { RunSplits } from '../run/splits.js';
import type { ModelMetadata } from '../tables/model-file.js';
import { lossFor } from '../train/check.js';
import { argument } from './flags.js';

/** Data sets that have a name. A folder that is called so is reached as ./mnist. */
const named: ReadonlyMap<string, () => Promise<Splits>> = new Map([['mnist', () => loadMnist()]]);

/** What is said of a folder of pictures: by options, or by the model that they are for. */
interface PictureSettings extends Pick<RunOptionValues, 'imageSize' | 'imageFit' | 'skipBroken'> {
  /** Which of them validate and test. */
  readonly seed?: number;
  readonly channels?: 1 | 3;
  readonly classNames?: readonly string[];
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

async function loadPictures(source: string, settings: PictureSettings): Promise<RunSplits> {
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
  const { skipped, ...splits } = await loadImageFolder(source, {
    ...(size && { size, fit: fit ?? 'cover' }),
    ...(channels && { channels }),
    ...(classNames && { classNames }),
    ...{ skip, seed },
  });
  return { ...splits, pictures: { skipped, seed, ...(size && { fit: fit ?? 'cover' }) } };
}

/** What a model remembers of the pictures that it was trained on. */
export function picturesOf({ model, metadata }: OpenNetwork): PictureSettings {
  const { fit, splitSeed } = metadata.input ?? {};
  const shape = imageShapeOfModel({ model, metadata });
  return {
    ...(fit && shape && { imageSize: [shape[0], shape[1]], imageFit: fit }),
    ...(splitSeed !== undefined && { seed: splitSeed }),
    ...(shape?.[2] === 3 && { channels: 3 }),
    ...(metadata.classNames && { classNames: metadata.classNames }),
  };
}

/** The size that pictures have to have for a network, where nothing else is said. */
export function picturesFor({ inputs: [{ shape }] }: Network): PictureSettings {
  if (shape.length !== 3 || !isImageShape(shape)) return {};
  const [height, width, channels] = shape;
  const isColour = channels === 1 || channels === 3;
  return { imageSize: [height, width], imageFit: 'cover', ...(isColour && { channels }) };
}

/** The images that a model takes, as its file says or as its input is. */
export function imageShapeOfModel({ model, metadata }: Omit<OpenNetwork, 'path'>): ImageShape | undefined {
  const [{ shape }] = model.inputs;
  return metadata.input?.imageShape ?? (shape.length === 3 && isImageShape(shape) ? shape : undefined);
}

/** Whether a file is NPZ by its name: as a data set it has the arrays x_train, y_train, x_test and y_test. */
export function isNpzPath(path: string): boolean {
  return /\.npz$/i.test(path);
}

/**
 * Whether the word is a file of images or a folder of pictures without classes, and not a data set or the name of
 * one. Throws OptionError when it is nothing at all.
 */
export async function isFileSource(source: string): Promise<boolean> {
  if (source === STANDARD_INPUT) return true;
  if (named.has(source) || isNpzPath(source)) return false;
  const kind = await kindOf(source);
  if (kind === undefined) {
    throw unknownSource(source, undefined, 'a PNG, JPEG or IDX file, or a folder with pictures or IDX files');
  }
  return kind === 'file' || (await folderKind(source)) === 'pictures';
}

/**
 * The path of a table, or standard input, for a model of tables. Throws OptionError for the name of a data
 * set, a folder, and nothing at all.
 */
export async function tableSource(source: string): Promise<string> {
  if (source === STANDARD_INPUT) return source;
  const kind = named.has(source) ? 'set' : await kindOf(source);
  if (kind === 'file') return source;
  const given =
    kind === 'set' ? show(source) : kind === 'folder' ? `the folder ${show(source)}` : 'none of that name';
  throw new OptionError('data', `the model is of tables: expected a file such as data.csv, given ${given}`);
}

/**
 * Loads a model from its file, or from a run folder. What a file from before models remembered does not say,
 * the configuration of its run does, and at last `--loss`. Throws OptionError for a `--loss` that is not the
 * model's.
 */
export async function openModel(given: string, loss?: Choice<LossName>): Promise<OpenNetwork> {
  const opened = await openNetwork(given);
  const { model, path } = opened;
  const known = model.loss ?? (basename(path) === MODEL_FILE ? await lossOfRun(dirname(path)) : undefined);
  remember(model, { ...model, ...(known && { loss: known }) });
  const own = lossFor('--loss', model, loss && lossOf(configOf(loss)));
  remember(model, { ...model, ...(own && { loss: own }) });
  return opened;
}

/** The data that is named, or those of images that the model's run was trained on, or else mnist. */
export async function sourceFor({ path, metadata }: OpenNetwork, given: string | undefined): Promise<string> {
  if (given !== undefined) return given;
  const own = !metadata.table && basename(path) === MODEL_FILE;
  return (own ? await sourceOfRun(dirname(path)) : undefined) ?? 'mnist';
}

/**
 * Throws OptionError for a model of several inputs or outputs, which data sets of the command line do not
 * have.
 */
export function requireOnePort({ path, model }: OpenNetwork): void {
  for (const [what, ports] of Object.entries({ inputs: model.inputs, outputs: model.outputs })) {
    if (ports.length === 1) continue;
    const names = ports.map(({ name }) => name).join(', ');
    throw new OptionError('model', `expected one input and one output; ${path} has the ${what} ${names}`);
  }
}

/** By which a model from elsewhere is read, whose file does not say. */
export function lossOption(): Option {
  return new Option('--loss <name>', 'what the outputs are for, where the model does not know')
    .choices(lossNames)
    .argParser(argument(runOptions.loss.kind));
}

/** The set with its raw values scaled as those were that the model was trained on. */
export function scaledFor({ input }: ModelMetadata, set: Dataset): Dataset {
  if (!input || !isUint8Array(set.inputs)) return set;
  return { ...set, scale: input.scale, offset: input.offset };
}

/** What a class is called: by the model, by the data, or by its number. */
export function className(index: number, ...sources: readonly { classNames?: readonly string[] }[]): string {
  for (const { classNames } of sources) if (classNames?.[index] !== undefined) return classNames[index];
  return String(index);
}

function unknownSource(source: string, problem: string | undefined, expected: string): OptionError {
  const known = [...named.keys()];
  const hint = problem ? '' : didYouMean(source, known);
  const what = problem ? `${show(source)} ${problem}` : `unknown data set ${show(source)}`;
  // A hint ends with a question mark.
  return new OptionError('data', `${what}${hint || ';'} expected ${known.join(', ')}, or ${expected}`);
}

/** Undefined when there is nothing of that name. */
async function kindOf(path: string): Promise<'file' | 'folder' | undefined> {
  try {
    return (await stat(path)).isDirectory() ? 'folder' : 'file';
  } catch {
    return undefined;
  }
}
