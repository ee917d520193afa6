/**
 * The folder of one training run. It decides where that is and proves it can be written, before anything is
 * trained; the files in it are each whole at any moment:
 *
 *   config.json         all settings, resolved
 *   metrics.jsonl       an object an epoch, appended as training goes; a kill may leave a part of the last line
 *   model.safetensors   of the last good epoch, then of the end
 *   checkpoints/        what the run can go on from; only once there is one
 *   report.html         at the end
 */
import { mkdir, readdir, rmdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { FileError, FormatError, OptionError, show } from '../base/errors.js';
import {
  appendFileWhole,
  fileError,
  readFileBytes,
  remove,
  removeTemporaries,
  systemCode,
  writeFileAtomic,
} from '../base/files/atomic.js';
import { makeFolders } from '../base/files/folders.js';
import { FolderLock, LOCK_FILE } from '../base/files/lock.js';
import { checkPath, OptionReader } from '../base/options.js';
import { lossOf } from '../nn/loss-config.js';
import { type Loss, resolveLoss } from '../nn/losses.js';
import type { Network } from '../nn/model.js';
import { loadUplot } from '../report/node.js';
import { type RunReport, renderReport } from '../report/report.js';
import { type ModelMetadata, writeModel } from '../tables/model-file.js';

/** The model's file within a run folder. */
export const MODEL_FILE = 'model.safetensors';

const CONFIG_FILE = 'config.json';
const METRICS_FILE = 'metrics.jsonl';
const FILES = [CONFIG_FILE, METRICS_FILE, MODEL_FILE, 'report.html'] as const;

/** Where a run folder is. */
export interface RunFolderOptions {
  /** The folder itself: new, or empty. By default one is made in `runs`, named after the time and `name`. */
  out?: string;
  /** Part of the default folder's name. */
  name?: string;
}

/** The folder of a training run: configuration, metrics, model and report. */
export class RunFolder {
  /** As the caller gave it, or relative to the working directory. */
  readonly path: string;
  readonly modelPath: string;
  readonly reportPath: string;
  readonly configPath: string;
  /** Of its checkpoints. It is made when the first of them is. */
  readonly checkpointPath: string;
  /** The outermost folder that did not exist before, if any. */
  readonly #created: string | undefined;

  private constructor(path: string, created: string | undefined) {
    this.path = path;
    this.modelPath = join(path, MODEL_FILE);
    this.reportPath = join(path, 'report.html');
    this.configPath = join(path, CONFIG_FILE);
    this.checkpointPath = join(path, 'checkpoints');
    this.#created = created && resolve(created);
  }

  /** Makes the folder. Throws FileError when it cannot be made, or is there and holds something. */
  static async create(options?: RunFolderOptions): Promise<RunFolder> {
    const reader = new OptionReader('RunFolder.create', options);
    const isPath = (value: unknown): value is string => typeof value === 'string' && value !== '';
    const out = reader.optional('out', 'the path of a folder', isPath);
    const name = reader.string('name', 'run');
    reader.end();
    return out === undefined ? RunFolder.#createNamed(name) : RunFolder.#createAt(out);
  }

  /**
   * The folder of an earlier run, for going on with it. What a killed process left half written is removed.
   * Throws FileError when it is not there, is no run's, or another process is at work in it.
   */
  static async open(path: string): Promise<RunFolder> {
    checkPath('RunFolder.open', path);
    const entries = await readdir(path).catch((cause) => {
      throw fileError(path, 'cannot be read', cause);
    });
    if (!entries.includes(CONFIG_FILE)) {
      throw new FileError(path, `expected a run folder: it has no ${CONFIG_FILE}`);
    }
    const lock = await FolderLock.acquire(path);
    await removeTemporaries(path).finally(() => lock.release());
    return new RunFolder(path, undefined);
  }

  static async #createAt(out: string): Promise<RunFolder> {
    const created = await makeFolders(out);
    if (created !== undefined) return new RunFolder(out, created);
    const folder = new RunFolder(out, undefined);
    const lock = await FolderLock.acquire(out);
    try {
      // A run that was killed before its first file was whole, or even begun.
      await removeTemporaries(out);
      await removeTemporaries(folder.checkpointPath);
      await folder.removeEmptyCheckpoints();
      const entries = await readdir(out).catch((cause) => {
        throw fileError(out, 'cannot be read', cause);
      });
      const count = entries.filter((name) => !name.startsWith(LOCK_FILE)).length;
      if (count === 0) return folder;
      throw new FileError(
        out,
        `expected a new or an empty folder for the run, given one with ${count} entries`,
      );
    } finally {
      await lock.release();
    }
  }

  static async #createNamed(name: string): Promise<RunFolder> {
    const created = await makeFolders('runs');
    const base = join('runs', `${timestamp(new Date())}-${safeName(name)}`);
    for (let count = 1; ; count++) {
      const path = count === 1 ? base : `${base}-${count}`;
      try {
        // Not recursive, so that of two runs in one second only one gets the name.
        await mkdir(path);
        return new RunFolder(path, created ?? path);
      } catch (cause) {
        if (systemCode(cause) !== 'EEXIST') throw fileError(path, 'cannot be created', cause);
      }
    }
  }

  /**
   * Keeps other processes out until the lock is released. Throws FileError when one is at work in the folder.
   */
  lock(): Promise<FolderLock> {
    return FolderLock.acquire(this.path);
  }

  /** What `writeConfig` wrote. Throws FileError or FormatError when it cannot be read. */
  readConfig(): Promise<Record<string, unknown>> {
    return readConfigFile(this.configPath);
  }

  async writeConfig(config: Readonly<Record<string, unknown>>): Promise<void> {
    await writeFileAtomic(this.configPath, `${toJson('RunFolder.writeConfig', config, 2)}\n`);
  }

  /** Adds a line to metrics.jsonl: whole, or not at all. */
  async appendMetrics(record: object): Promise<void> {
    const line = toJson('RunFolder.appendMetrics', record);
    await appendFileWhole(join(this.path, METRICS_FILE), `${line}\n`);
  }

  /**
   * Makes metrics.jsonl hold these and nothing else. For a run that goes on: a process may have died after it
   * had written a line, and before the checkpoint that includes it, or the other way round.
   */
  async replaceMetrics(records: readonly object[]): Promise<void> {
    const lines = records.map((record) => `${toJson('RunFolder.replaceMetrics', record)}\n`);
    await writeFileAtomic(join(this.path, METRICS_FILE), lines.join(''));
  }

  /** Replaces the model. Throws DataError, and keeps the old one, when a value is not finite. */
  async saveModel(model: Network, metadata?: ModelMetadata): Promise<void> {
    await writeFileAtomic(this.modelPath, writeModel(model, metadata));
  }

  async writeReport(report: RunReport): Promise<void> {
    await writeFileAtomic(this.reportPath, renderReport(report, await loadUplot()));
  }

  /** Removes the folder of checkpoints if there was no need of any. */
  async removeEmptyCheckpoints(): Promise<void> {
    await rmdir(this.checkpointPath).catch(() => {
      // It is not empty, or not there.
    });
  }

  async hasCheckpoints(): Promise<boolean> {
    const names = await readdir(this.checkpointPath).catch(() => []);
    return names.some((name) => name.endsWith('.safetensors'));
  }

  /**
   * Takes back all that was written, and the folders that were made for it. For a run that came to nothing.
   */
  async discard(): Promise<void> {
    for (const name of [...FILES, 'checkpoints']) await remove(join(this.path, name), { recursive: true });
    if (this.#created === undefined) return;
    for (let folder = resolve(this.path); ; folder = dirname(folder)) {
      try {
        await rmdir(folder);
      } catch {
        return; // Someone else has put something there: it stays.
      }
      if (folder === this.#created) return;
    }
  }
}

/** The loss of a run by its configuration; undefined where there is none, or none that is understood. */
export async function lossOfRun(folder: string): Promise<Loss | undefined> {
  const { loss } = await configOf(folder);
  try {
    return typeof loss === 'string' ? resolveLoss(CONFIG_FILE, loss) : lossOf(loss as Loss['config']);
  } catch {
    return undefined;
  }
}

/** Which data a run was trained on by its configuration; undefined where there is none. */
export async function sourceOfRun(folder: string): Promise<string | undefined> {
  const { source } = ((await configOf(folder)).dataset ?? {}) as { source?: unknown };
  return typeof source === 'string' ? source : undefined;
}

/** What `config.json` says; nothing where there is none, or none that can be read. */
async function configOf(folder: string): Promise<Record<string, unknown>> {
  try {
    return await readConfigFile(join(folder, CONFIG_FILE));
  } catch {
    return {};
  }
}

async function readConfigFile(path: string): Promise<Record<string, unknown>> {
  const text = new TextDecoder().decode(await readFileBytes(path));
  let config: unknown;
  try {
    config = JSON.parse(text);
  } catch (cause) {
    throw new FormatError(path, `not JSON: ${(cause as Error).message}`, { cause });
  }
  if (typeof config === 'object' && config !== null) return config as Record<string, unknown>;
  throw new FormatError(path, 'expected an object');
}

/** Local time, as in 20250131-235959: sorts by age and needs no quoting. */
function timestamp(now: Date): string {
  const pad = (value: number) => String(value).padStart(2, '0');
  const day = `${now.getFullYear()}${pad(now.getMonth() + 1)}${pad(now.getDate())}`;
  return `${day}-${pad(now.getHours())}${pad(now.getMinutes())}${pad(now.getSeconds())}`;
}

function safeName(name: string): string {
  return name.replace(/[^A-Za-z0-9_-]+/g, '-').slice(0, 60) || 'run';
}

/** Throws OptionError for something that is no object, or holds what JSON has not: itself, or a BigInt. */
function toJson(where: string, value: unknown, indent?: number): string {
  if (typeof value !== 'object' || value === null) {
    throw new OptionError(where, `expected an object, given ${show(value)}`);
  }
  try {
    return JSON.stringify(value, null, indent);
  } catch (cause) {
    if (!(cause instanceof TypeError || cause instanceof RangeError)) throw cause;
    const reason = cause.message.split('\n', 1)[0];
    throw new OptionError(where, `expected values of JSON, given ${show(value)}: ${reason}`, { cause });
  }
}
