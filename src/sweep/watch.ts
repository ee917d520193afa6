/** A study that another process may be at work on, as its journal says from time to time. Node only. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { LOCK_FILE } from '../base/files/lock.js';
import { readStudy, type StoredStudy } from './read.js';
import type { SweepReport } from './report/page.js';
import { JOURNAL_FILE } from './study.js';
import { hasEnded, type Trial } from './trial.js';

/** Milliseconds since the lock was renewed after which nobody is taken to be at work. */
const SILENCE = 10_000;

export class StudyWatch {
  #study: StoredStudy;
  #journal: string;
  #isAtWork: boolean;

  private constructor(study: StoredStudy, journal: string, isAtWork: boolean) {
    this.#study = study;
    this.#journal = journal;
    this.#isAtWork = isAtWork;
  }

  /** Throws FileError and FormatError where there is no study. */
  static async open(folder: string): Promise<StudyWatch> {
    // Before the reading: what is added meanwhile is then seen the next time.
    const journal = await versionOf(folder);
    return new StudyWatch(await readStudy(folder), journal, await isAtWork(folder));
  }

  /** Reads the journal where it has changed; whether anything has. */
  async refresh(): Promise<boolean> {
    const { path } = this.#study;
    const [journal, atWork] = [await versionOf(path), await isAtWork(path)];
    if (journal === this.#journal && atWork === this.#isAtWork) return false;
    this.#study = await readStudy(path);
    this.#journal = journal;
    this.#isAtWork = atWork;
    return true;
  }

  get report(): SweepReport {
    const { path, size, trials, definition } = this.#study;
    const isOver = trials.length >= size && trials.every(hasEnded);
    const state = isOver ? 'over' : this.#isAtWork ? 'running' : 'stopped';
    const secondsLeft = state === 'running' ? timeLeft(trials, size) : undefined;
    return {
      ...{ name: path, createdAt: new Date().toISOString(), total: size, trials, definition },
      live: { state, secondsLeft, folder: path },
    };
  }
}

/** By the mean time of those that have ended, as many at a time as there are now; undefined when none has. */
function timeLeft(trials: readonly Trial[], size: number): number | undefined {
  const times = trials
    .map(({ started, ended }) => (Date.parse(ended ?? '') - Date.parse(started ?? '')) / 1000)
    .filter(Number.isFinite);
  if (times.length === 0) return undefined;
  const mean = times.reduce((sum, time) => sum + time, 0) / times.length;
  const running = trials.filter(({ state }) => state === 'running').length;
  return (mean * (size - times.length)) / Math.max(1, running);
}

async function versionOf(folder: string): Promise<string> {
  const found = await stat(join(folder, JOURNAL_FILE)).catch(() => undefined);
  return found ? `${found.size} ${found.mtimeMs}` : '';
}

async function isAtWork(folder: string): Promise<boolean> {
  const found = await stat(join(folder, LOCK_FILE)).catch(() => undefined);
  return found !== undefined && Date.now() - found.mtimeMs < SILENCE;
}
