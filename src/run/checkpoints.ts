/**
 * Checkpoints in a folder: the newest few, and those of the best epochs. Node only. Each file is written
 * whole before any other is removed, so that there is one to resume from at every moment.
 *
 *   checkpoint-000001234.safetensors   after that many steps
 *   best-000001234.safetensors         the same, of an epoch that is among the best
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { platform } from '#platform';
import { FileError, FormatError } from '../base/errors.js';
import {
  fileError,
  PROBE_FILE,
  readFileBytes,
  remove,
  removeTemporaries,
  systemCode,
  writeFileAtomic,
} from '../base/files/atomic.js';
import { makeFolders } from '../base/files/folders.js';
import { checkPath, OptionReader } from '../base/options.js';
import { type Checkpoint, readCheckpoint } from '../train/checkpoint.js';
import type { CheckpointFile, CheckpointOptions } from '../train/checkpointing.js';

/** Where `checkpointFolder` keeps files, how often and how many. */
export interface CheckpointFolderOptions {
  /** Made where it is missing. It belongs to one run. */
  folder: string;
  /** One of the three: steps, epochs or seconds from one checkpoint to the next. Every epoch by default. */
  everySteps?: number;
  everyEpochs?: number;
  everySeconds?: number;
  /** How many of the newest are kept; 2 by default. */
  keepLast?: number;
  /** How many of the best epochs are kept beside them; 1 by default. */
  keepBest?: number;
  /** What the best is judged by: `validation.loss` by default, or `loss` without a validation set. */
  monitor?: string;
}

const PATTERN = /^(checkpoint|best)-(\d+)\.safetensors$/;

/**
 * The option `checkpoint` of `fit`: keeps checkpoints as files. A failed write ends training with a
 * FileError; the files that were there before stay.
 */
export function checkpointFolder(options: CheckpointFolderOptions): CheckpointOptions {
  const where = 'checkpointFolder';
  const reader = new OptionReader(where, options);
  const isPath = (value: unknown): value is string => typeof value === 'string' && value !== '';
  const folder = reader.required('folder', 'the path of a folder', isPath);
  const keepLast = reader.integer('keepLast', { min: 1 }, 2);
  const keepBest = reader.integer('keepBest', { min: 0 }, 1);
  const isGiven = (value: unknown): value is unknown => true;
  const passed = Object.fromEntries(
    (['everySteps', 'everyEpochs', 'everySeconds', 'monitor'] as const)
      .map((key) => [key, reader.optional(key, 'given', isGiven)] as const)
      .filter(([, value]) => value !== undefined),
  );
  reader.end();
  return {
    ...passed,
    keepBest,
    prepare: (step, bestSteps) => prepare(folder, step, bestSteps, keepLast),
    save: (file) => save(folder, file, keepLast),
  };
}

/**
 * The newest checkpoint in a folder, one of the best included: a run that ended before the first of the
 * others left nothing else. undefined when there is none, or no folder. One that cannot be read is skipped,
 * with a warning, for the next newest.
 *
 * @throws FileError when the folder cannot be read, FormatError when it has checkpoints but none can be read.
 */
export async function latestCheckpoint(folder: string): Promise<Checkpoint | undefined> {
  checkPath('latestCheckpoint', folder);
  const found = await list(folder);
  let failure: FormatError | undefined;
  // Of two of one step, "best" sorts behind.
  const order = (a: Found, b: Found) => b.step - a.step || (a.kind < b.kind ? 1 : -1);
  for (const { name } of found.sort(order)) {
    const path = join(folder, name);
    try {
      return readCheckpoint(await readFileBytes(path), path);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      failure ??= error;
      platform.warn(`${error.message}; trying the next newest`);
    }
  }
  if (failure) throw failure;
  return undefined;
}

/** Where a run is: its last step, and those at which its best epochs end. */
type Place = Pick<CheckpointFile, 'step' | 'bestSteps'>;

async function prepare(
  folder: string,
  step: number,
  bestSteps: readonly number[] | undefined,
  keepLast: number,
): Promise<void> {
  await makeFolders(folder);
  const files = await list(folder);
  if (step === 0 && files.length > 0) {
    throw new FileError(
      folder,
      'expected no checkpoints for a new run; resume from the latest of them, or choose another folder',
    );
  }
  await removeTemporaries(folder);
  // Better found out now than after the first hour.
  const probe = join(folder, PROBE_FILE);
  await writeFileAtomic(probe, '');
  await remove(probe);
  if (step === 0 || !bestSteps) return;
  // The process before may have ended between two of the steps of `save`, the last of which was its last.
  const newest = files.find((file) => file.kind === 'checkpoint' && file.step === step);
  const best = files.some((file) => file.kind === 'best' && file.step === step);
  if (newest && !best && bestSteps.includes(step)) {
    await writeFileAtomic(
      join(folder, fileName('best', step)),
      await readFileBytes(join(folder, newest.name)),
    );
  }
  await removeOld(folder, { step, bestSteps }, keepLast, (file) => file.step <= step);
}

async function save(folder: string, file: CheckpointFile, keepLast: number): Promise<void> {
  const { bytes, step, latest, best } = file;
  if (latest) await writeFileAtomic(join(folder, fileName('checkpoint', step)), bytes);
  if (best) await writeFileAtomic(join(folder, fileName('best', step)), bytes);
  // What is ahead of this run is from one that went on further, and was not resumed from.
  await removeOld(folder, file, keepLast, () => true);
}

/** Of the files that may go, removes those that are neither among the newest nor among the best. */
async function removeOld(
  folder: string,
  { step, bestSteps }: Place,
  keepLast: number,
  mayGo: (file: Found) => boolean,
): Promise<void> {
  const files = await list(folder);
  const steps = files
    .filter((file) => file.kind === 'checkpoint' && file.step <= step)
    .map((file) => file.step);
  const last = steps.sort((a, b) => b - a).slice(0, keepLast);
  for (const file of files) {
    const keep = file.kind === 'best' ? bestSteps.includes(file.step) : last.includes(file.step);
    if (!keep && mayGo(file)) await remove(join(folder, file.name));
  }
}

function fileName(kind: 'checkpoint' | 'best', step: number): string {
  return `${kind}-${String(step).padStart(9, '0')}.safetensors`;
}

interface Found {
  readonly name: string;
  readonly kind: string;
  readonly step: number;
}

async function list(folder: string): Promise<Found[]> {
  const names = await readdir(folder).catch((cause) => {
    if (systemCode(cause) === 'ENOENT') return [];
    throw fileError(folder, 'cannot be read', cause);
  });
  return names.flatMap((name) => {
    const match = PATTERN.exec(name);
    return match ? [{ name, kind: match[1], step: Number(match[2]) }] : [];
  });
}
