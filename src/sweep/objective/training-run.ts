/**
 * One training of a trial, as a run in a folder of its own: begun there, or gone on with from its last checkpoint.
 * Node only.
 */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { FileError } from '../../base/errors.js';
import { remove, systemCode } from '../../base/files/atomic.js';
import { isFolder } from '../../base/files/folders.js';
import { FolderLock } from '../../base/files/lock.js';
import type { Engine } from '../../engine/engine.js';
import { openBase } from '../../run/base.js';
import { latestCheckpoint } from '../../run/checkpoints.js';
import { RunFolder } from '../../run/folder.js';
import { run } from '../../run/run.js';
import type { RunSettings } from '../../run/settings.js';
import type { RunSplits } from '../../run/splits.js';
import type { EpochRecord, History } from '../../train/history.js';
import type { Monitor } from '../../train/monitor.js';
import { epochsOf, parentCheckpoint } from './continuation.js';
import { PART } from './parts.js';
import type { SweepTrial } from './trial.js';

/** Times that a folder is tried that is taken, and milliseconds between them. */
const ATTEMPTS = 60;
const INTERVAL = 500;

/** What a training is told. */
export interface Prepared {
  readonly splits: RunSplits;
  readonly settings: RunSettings;
  readonly monitor: Monitor;
}

/** What a training came to. */
export interface TrainedRun {
  readonly value: number;
  readonly weightsSha256: string;
  readonly history: History;
}

/**
 * Trains in a folder of its own, or goes on from the last checkpoint there. `report` is told of each epoch's
 * value, from the first on, and stops the training when it says true. The test set is not looked at.
 */
export async function trainRun(
  engine: Engine,
  trial: SweepTrial,
  path: string,
  { splits, settings, monitor }: Prepared,
  {
    report,
    tensorboard = false,
  }: { readonly report: (step: number, value: number) => boolean; readonly tensorboard?: boolean },
): Promise<TrainedRun> {
  const stop = new AbortController();
  const { after, last } = epochsOf(trial);
  const stopIf = (record: EpochRecord) => {
    if (record.epoch <= after) return;
    if (report(record.epoch, monitor.read(record)) || record.epoch >= last) stop.abort();
  };
  await requireStudy(trial.folder);
  await untilFree(path);
  const folder = (await exists(join(path, 'config.json'))) ? await RunFolder.open(path) : undefined;
  // Epochs that are in the checkpoint are told of no more.
  const before = folder && (await latestCheckpoint(folder.checkpointPath));
  for (const record of before?.records ?? []) if (!stop.signal.aborted) stopIf(record);
  const { test: _, ...seen } = splits;
  const base = await openBase(settings, folder);
  const goesOnFrom = before ? undefined : await parentCheckpoint(trial);
  const signals = [stop.signal, ...(trial.signal ? [trial.signal] : [])];
  const { history, weightsSha256 } = await run(engine, seen, settings, {
    ...(folder ? { resume: folder } : { out: path }),
    ...(base && { base }),
    goesOnFrom,
    ...{ report: false, tensorboard },
    signal: AbortSignal.any(signals),
    onTrainBegin: () => {},
    onStep: () => {},
    onEpoch: stopIf,
  });
  trial.signal?.throwIfAborted();
  return { value: finalValue(history, monitor), weightsSha256, history };
}

/** Of the weights that the model has. */
function finalValue(history: History, monitor: Monitor): number {
  const own = finalRecord(history);
  return own ? monitor.read(own) : Number.NaN;
}

/** The epoch whose weights the model has; undefined where none was finished. */
export function finalRecord({ epochs, best }: History): EpochRecord | undefined {
  return best?.restored ? epochs.find(({ epoch }) => epoch === best.epoch) : epochs.at(-1);
}

/**
 * Waits for the process of a sweep that was killed, which ends when it hears of that, after the step at hand. Throws
 * FileError when it is at work still.
 */
async function untilFree(folder: string): Promise<void> {
  if (!(await exists(folder))) return;
  for (let attempt = 1; ; attempt++) {
    try {
      return await (await FolderLock.acquire(folder)).release();
    } catch (error) {
      // A lock that is taken has no cause in the system.
      if (systemCode(error) !== undefined || attempt === ATTEMPTS) throw error;
      await sleep(INTERVAL);
    }
  }
}

/** A study's folder that was lost is not made anew, without its journal. */
async function requireStudy(folder: string | undefined): Promise<void> {
  if (folder === undefined || (await isFolder(join(folder, '..', '..')))) return;
  throw new FileError(folder, "the study's folder is there no more");
}

/** Removes what a trial that has ended needs no more. */
export async function removeCheckpoints(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  const parts = names.filter((name) => PART.test(name)).map((name) => join(folder, name));
  for (const own of [folder, ...parts]) await remove(join(own, 'checkpoints'), { recursive: true });
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
