/** What the words for data and models on the command line stand for. */

import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isUint8Array } from '../arrays.js';
import type { Dataset } from '../data/dataset.js';
import { loadIdxFolder, type Splits } from '../data/folder.js';
import { loadMnist } from '../data/mnist.js';
import { loadNpz } from '../data/npz.js';
import { OptionError, show } from '../errors.js';
import { STANDARD_INPUT } from '../files/pipe.js';
import type { ModelMetadata } from '../formats/model.js';
import type { Sequential } from '../nn/sequential.js';
import { loadModel } from '../node.js';
import { didYouMean } from '../options.js';
import { MODEL_FILE } from '../run/folder.js';

/** Data sets that have a name. A folder that is called so is reached as ./mnist. */
const named: ReadonlyMap<string, () => Promise<Splits>> = new Map([['mnist', () => loadMnist()]]);

/** Loads a data set by name or folder. Throws OptionError when it is neither. */
export async function loadSplits(source: string): Promise<Splits> {
  const load = named.get(source);
  if (load) return load();
  if ((await kindOf(source)) === 'folder') return loadIdxFolder(source);
  const isFile = (await kindOf(source)) === 'file';
  if (isFile && isNpzPath(source)) return loadNpz(source);
  const expected = 'a folder with IDX files, an NPZ file of Keras, or a table such as data.csv with --target';
  throw unknownSource(source, isFile ? 'is a file' : undefined, expected);
}

/** Whether a file is NPZ by its name: as a data set it has the arrays x_train, y_train, x_test and y_test. */
export function isNpzPath(path: string): boolean {
  return /\.npz$/i.test(path);
}

/** Whether the word is a file of images, and not a data set or the name of one. Throws OptionError when it is nothing at all. */
export async function isFileSource(source: string): Promise<boolean> {
  if (source === STANDARD_INPUT) return true;
  if (named.has(source) || isNpzPath(source)) return false;
  const kind = await kindOf(source);
  if (kind === undefined) throw unknownSource(source, undefined, 'an IDX file, or a folder with IDX files');
  return kind === 'file';
}

/** The path of a table, or standard input, for a model of tables. Throws OptionError for the name of a data set, a folder, and nothing at all. */
export async function tableSource(source: string): Promise<string> {
  if (source === STANDARD_INPUT) return source;
  const kind = named.has(source) ? 'set' : await kindOf(source);
  if (kind === 'file') return source;
  const given =
    kind === 'set' ? show(source) : kind === 'folder' ? `the folder ${show(source)}` : 'none of that name';
  throw new OptionError('data', `the model is of tables: expected a file such as data.csv, given ${given}`);
}

export interface OpenModel {
  /** Of the file itself. */
  path: string;
  model: Sequential;
  metadata: ModelMetadata;
}

/** Loads a model from its file, or from a run folder. */
export async function openModel(given: string): Promise<OpenModel> {
  const path = (await kindOf(given)) === 'folder' ? join(given, MODEL_FILE) : given;
  return { path, ...(await loadModel(path)) };
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
