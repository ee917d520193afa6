/** What the words for data and models on the command line stand for. */

import { basename, dirname } from 'node:path';
import { Option } from 'commander';
import { isUint8Array } from '../base/arrays.js';
import { OptionError, show } from '../base/errors.js';
import { isPattern } from '../base/files/glob.js';
import { STANDARD_INPUT } from '../base/files/pipe.js';
import { type Choice, configOf } from '../base/settings.js';
import { folderKind } from '../data/any-folder.js';
import type { Dataset } from '../data/dataset.js';
import { lossOf } from '../nn/loss-config.js';
import { type LossName, lossNames } from '../nn/losses.js';
import { remember } from '../nn/model.js';
import { lossOfRun, MODEL_FILE, sourceOfRun } from '../run/folder.js';
import { type OpenNetwork, openNetwork } from '../run/open-network.js';
import { runOptions } from '../run/options.js';
import { imageShapeOfModel } from '../run/pictures.js';
import {
  isNamed,
  isNpzPath,
  kindOf,
  missingSource,
  type PictureSettings,
  unknownSource,
} from '../run/sources.js';
import { isTablePath, tableFilesOf } from '../tables/file.js';
import type { ModelMetadata } from '../tables/model-file.js';
import { lossFor } from '../train/check.js';
import { argument } from './flags.js';

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

/**
 * Whether the word is a file of images or a folder of pictures without classes, and not a data set or the
 * name of one. Throws OptionError when it is nothing at all.
 */
export async function isFileSource(source: string): Promise<boolean> {
  if (source === STANDARD_INPUT) return true;
  if (isNamed(source) || isNpzPath(source)) return false;
  const kind = await kindOf(source);
  if (kind === undefined) {
    throw unknownSource(source, undefined, 'a PNG, JPEG or IDX file, or a folder with pictures or IDX files');
  }
  return kind === 'file' || (await folderKind(source)) === 'pictures';
}

/**
 * The path of a table, a folder or a pattern of tables, or standard input, for a model of tables. Throws
 * OptionError for the name of a data set, another folder, and nothing at all.
 */
export async function tableSource(source: string): Promise<string> {
  if (source === STANDARD_INPUT) return source;
  const kind = isNamed(source) ? 'set' : await kindOf(source);
  if (kind === 'file' || (kind === undefined && isPattern(source))) return source;
  if (kind === 'folder' && (await hasTables(source))) return source;
  if (kind === undefined) throw missingSource(source);
  throw notATable(kind === 'set' ? show(source) : `the folder ${show(source)}`);
}

function notATable(given: string): OptionError {
  return new OptionError('data', `the model is of tables: expected a file such as data.csv, given ${given}`);
}

/** Throws OptionError for a table, by its name, where the model's file says nothing of columns. */
export async function refuseTable(source: string): Promise<void> {
  if (source === STANDARD_INPUT || isNamed(source) || isNpzPath(source) || !isTablePath(source)) return;
  if ((await kindOf(source)) === 'file') throw notForTables(source);
}

/** The error of a table for a model that is none of tables. */
export function notForTables(source: string): OptionError {
  const problem = `the model is not of tables, or does not say so; given the table ${show(source)}`;
  return new OptionError('data', `${problem}, expected pictures, a folder of such, or mnist`);
}

function hasTables(folder: string): Promise<boolean> {
  return tableFilesOf(folder).then(
    () => true,
    () => false,
  );
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

/**
 * The data that is named, or those that the model's run was trained on; where no run says, mnist for images.
 * Throws OptionError for tables that no run says, or that came on standard input.
 */
export async function sourceFor({ path, metadata }: OpenNetwork, given: string | undefined): Promise<string> {
  if (given !== undefined) return given;
  const folder = dirname(path);
  const isCheckpoint = basename(folder) === 'checkpoints';
  const isOfRun = isCheckpoint || basename(path) === MODEL_FILE;
  const own = isOfRun ? await sourceOfRun(isCheckpoint ? dirname(folder) : folder) : undefined;
  if (!metadata.table) return own ?? 'mnist';
  if (own === undefined) throw notATable('none');
  if (own === STANDARD_INPUT) throw notATable('none; what it was trained on came on standard input');
  return own;
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
