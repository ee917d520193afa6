/** What a study leaves in its folder beside the journal: its page, and the best model. Node only. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  fileError,
  readFileBytes,
  remove,
  removeTemporaries,
  systemCode,
  writeFileAtomic,
} from '../base/files/atomic.js';
import { isFolder, makeFolders } from '../base/files/folders.js';
import { loadUplot } from '../report/node.js';
import { MODEL_FILE } from '../run/folder.js';
import { PART } from './objective/parts.js';
import { removeCheckpoints } from './objective/training-run.js';
import { outlived } from './population.js';
import type { StoredStudy } from './read.js';
import { renderSweep } from './report/page.js';
import { type Study, trialFolder } from './study.js';
import { bestOf, hasEnded, type Trial } from './trial.js';

/** The page's file, and the folder of the best model. */
const REPORT_FILE = 'sweep.html';
const BEST_FOLDER = 'best';

/** Milliseconds between two writings of the page while the sweep runs, at least. */
const INTERVAL = 10_000;

export class ReportWriter {
  readonly #study: Study;
  readonly #folder: string;
  readonly #total: number;
  #written = performance.now();

  constructor(study: Study, folder: string, total: number) {
    this.#study = study;
    this.#folder = folder;
    this.#total = total;
  }

  /** Does what a process that was killed left undone, of trials that had ended by then. */
  async catchUp(): Promise<void> {
    const { trials } = this.#study;
    const over = new Set(trials.filter(hasEnded).flatMap((trial) => outlived(trials, trial)));
    for (const trial of over) await this.#removeCheckpoints(trial);
  }

  async trialEnded(trial: Trial): Promise<void> {
    for (const own of outlived(this.#study.trials, trial)) await this.#removeCheckpoints(own);
    if (performance.now() - this.#written >= INTERVAL) await this.write();
  }

  async #removeCheckpoints({ number }: Trial): Promise<void> {
    await removeCheckpoints(trialFolder(this.#folder, number));
  }

  async write(): Promise<void> {
    this.#written = performance.now();
    const { trials, definition } = this.#study;
    await writePage(this.#folder, { trials, size: this.#total, definition: definition.json });
  }
}

/** The page of a study, into its folder. */
export async function writePage(
  folder: string,
  { trials, size, definition }: Pick<StoredStudy, 'trials' | 'size' | 'definition'>,
): Promise<void> {
  const createdAt = new Date().toISOString();
  const report = { name: folder, total: size, trials, definition, createdAt };
  await writeFileAtomic(join(folder, REPORT_FILE), renderSweep(report, await loadUplot()));
}

/**
 * Puts the best trial's model, or the models of its folds or seeds, into the study's folder.
 *
 * @param from where the trials' own folders are.
 */
export async function copyBest(
  folder: string,
  { trials, directions }: Pick<StoredStudy, 'trials' | 'directions'>,
  from = (number: number) => trialFolder(folder, number),
): Promise<void> {
  const best = bestOf(trials, directions);
  if (best) await copyModels(from(best.number), join(folder, BEST_FOLDER));
}

/** Each file whole, and the new ones before any old one goes: at every moment there is a best model. */
async function copyModels(from: string, to: string): Promise<void> {
  const copied = new Set<string>();
  for (const name of await namesIn(from)) {
    const path = join(from, name);
    if (await isFolder(path)) {
      if (!PART.test(name)) continue;
      await copyModels(path, join(to, name));
    } else if (name === MODEL_FILE || name === 'config.json') {
      await makeFolders(to);
      await writeFileAtomic(join(to, name), await readFileBytes(path));
    } else continue;
    copied.add(name);
  }
  await removeTemporaries(to);
  for (const name of await namesIn(to)) {
    if (!copied.has(name)) await remove(join(to, name), { recursive: true });
  }
}

/** None where there is no folder: a trial of a function leaves nothing. */
async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch((cause) => {
    if (systemCode(cause) === 'ENOENT') return [];
    throw fileError(folder, 'cannot be read', cause);
  });
}
