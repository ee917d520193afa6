/**
 * A study that is under way: its trials, and the journal in which they are kept. The coordinator alone has one: it
 * begins trials in the order of their numbers and tells the journal of all that happens, before anything follows
 * from it. Node only.
 */
import { randomUUID } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { FileError, FormatError } from '../base/errors.js';
import { fileError, removeTemporaries } from '../base/files/atomic.js';
import { makeFolders } from '../base/files/folders.js';
import { FolderLock } from '../base/files/lock.js';
import { checkSame, type Definition } from './definition.js';
import { JournalFile } from './journal/file.js';
import { inSpace, localTime, RecordMaker, replay } from './journal/records.js';
import type { TrialResult } from './objective/trial.js';
import type { Rule } from './pruners/rule.js';
import { LINEAGE } from './samplers/sampler.js';
import { endedPrefix, hasEnded, type Trial, type TrialReport } from './trial.js';

/** The journal's file within a study's folder. */
export const JOURNAL_FILE = 'journal.log';

/** Of its first record: see `RecordMaker.study`. */
const JOURNAL_START = '{"op_code":0,';

/** What would be taken for a study's own, and written over; and what makes a folder that of a run. */
const TAKEN = ['trials', 'best', 'sweep.html', 'config.json'];

/** Folders of a study's trials, within its own. */
export function trialFolder(folder: string, number: number): string {
  return join(folder, 'trials', String(number).padStart(5, '0'));
}

/** Where a part of a study is kept, within the study's folder. */
export function shardFolder(folder: string, { index, of }: { index: number; of: number }): string {
  return join(folder, SHARDS, `${index}-of-${of}`);
}

/** The folder of the parts, within the study's. */
export const SHARDS = 'shards';

export class Study {
  readonly definition: Definition;
  readonly folder: string | undefined;
  readonly #records: RecordMaker;
  readonly #journal: JournalFile | undefined;
  readonly #lock: FolderLock | undefined;
  readonly #trials: Trial[];

  private constructor(
    definition: Definition,
    kept?: { folder: string; journal: JournalFile; lock: FolderLock; trials: readonly Trial[] },
  ) {
    this.definition = definition;
    this.folder = kept?.folder;
    this.#journal = kept?.journal;
    this.#lock = kept?.lock;
    this.#trials = [...(kept?.trials ?? [])];
    this.#records = new RecordMaker(
      `lanegrad-${hostname()}-${process.pid}-${randomUUID()}`,
      definition.space,
    );
  }

  /**
   * Opens the study in a folder, making it where there is none; without a folder it is nowhere but here.
   *
   * @throws OptionError when the folder has another study; FileError when it has something else in the place of what a
   * study leaves, when another coordinator is at work there, or it cannot be written; FormatError for a journal that is
   * none.
   */
  static async open(
    definition: Definition,
    { folder, name = 'sweep', size }: { folder?: string | undefined; name?: string; size: number },
  ): Promise<Study> {
    if (folder === undefined) return new Study(definition);
    await makeFolders(folder);
    const lock = await FolderLock.acquire(folder);
    let journal: JournalFile | undefined;
    try {
      const path = join(folder, JOURNAL_FILE);
      const opened = await JournalFile.open(path, JOURNAL_START);
      journal = opened.journal;
      const found = replay(opened.records, path);
      if (found && found.definition === undefined && opened.records.length > 1) {
        throw new FormatError(path, 'the study there was not made by lanegrad');
      }
      if (found?.definition !== undefined) checkSame(path, found.definition, definition.json);
      const trials = (found?.trials ?? []).map((trial) => ({
        ...trial,
        settings: inSpace(definition.space, trial.settings),
      }));
      if (!found) await checkFree(folder);
      await removeTemporaries(folder);
      const study = new Study(definition, { folder, journal, lock, trials });
      const records = study.#records.study(name, definition.directions, definition.json);
      // A crash may have come between the two.
      if (!found) await journal.append(records);
      else if (found.definition === undefined) await journal.append(records.slice(1));
      // There are no fewer than there are.
      const least = Math.max(size, trials.length);
      if (found?.size !== least) await journal.append([study.#records.size(least)]);
      return study;
    } catch (error) {
      await journal?.close();
      await lock.release();
      throw error;
    }
  }

  get trials(): readonly Trial[] {
    return this.#trials;
  }

  /** Those that were begun and have not ended. */
  get open(): readonly Trial[] {
    return this.#trials.filter((trial) => !hasEnded(trial));
  }

  /** Whether all has ended that the next trial must know. */
  get isNextKnown(): boolean {
    const number = this.#trials.length;
    const { sampler, pruner } = this.definition;
    return endedPrefix(this.#trials) >= Math.max(sampler.needs(number), pruner.needs(number));
  }

  /** Begins the next trial; `isNextKnown` must hold. Resolves when it is in the journal. */
  async begin(): Promise<Trial> {
    const number = this.#trials.length;
    const { sampler } = this.definition;
    const known = sampler.needs(number);
    const view = {
      number,
      ended: this.#trials.slice(0, known),
      pending: this.#trials.slice(known).map((trial) => trial.settings),
    };
    const attributes = sampler.lineage ? { [LINEAGE]: sampler.lineage(view) } : {};
    const settings = sampler.sample(view);
    const started = localTime(new Date());
    const trial: Trial = { number, state: 'running', settings, reports: [], attributes, started };
    this.#trials.push(trial);
    await this.#journal?.append([this.#records.trial(settings, started, attributes)]);
    return trial;
  }

  /** Chooses all trials up to so many, which then wait; none may follow from the results of others. */
  async plan(size: number): Promise<void> {
    const records: object[] = [];
    while (this.#trials.length < size) {
      const number = this.#trials.length;
      const settings = this.definition.sampler.sample({ number, ended: [], pending: [] });
      this.#trials.push({ number, state: 'waiting', settings, reports: [], attributes: {} });
      records.push(this.#records.trial(settings, undefined));
    }
    if (records.length > 0) await this.#journal?.append(records);
  }

  /** Begins a trial that waited. Resolves when that is in the journal. */
  async start(number: number): Promise<void> {
    const started = localTime(new Date());
    this.#trials[number] = { ...this.#trials[number], state: 'running', started };
    await this.#journal?.append([this.#records.start(number, started)]);
  }

  /** By what a trial is stopped early: the same one each time that it is begun. */
  ruleOf(number: number): Rule {
    const { pruner } = this.definition;
    return pruner.rule(number, this.#trials.slice(0, pruner.needs(number)));
  }

  /** What a trial said. One that is begun anew says again what it said before. */
  async report(number: number, report: TrialReport): Promise<void> {
    const trial = this.#trials[number];
    const before = trial.reports.find(({ step }) => step === report.step);
    if (before?.value === report.value) return;
    const others = trial.reports.filter(({ step }) => step < report.step);
    this.#trials[number] = { ...trial, reports: [...others, report] };
    await this.#journal?.append([this.#records.report(number, report)]);
  }

  /** What became of a trial. Resolves when it is in the journal. */
  async end(
    number: number,
    result: TrialResult & { readonly state: 'complete' | 'pruned' | 'failed' },
  ): Promise<Trial> {
    const ended = localTime(new Date());
    const { state, ...others } = result;
    const missing = result.reports.filter(
      (report) =>
        !this.#trials[number].reports.some((own) => own.step === report.step && own.value === report.value),
    );
    const records = [
      ...missing.map((report) => this.#records.report(number, report)),
      ...this.#records.end(number, state, ended, others),
    ];
    await this.#journal?.append(records);
    const before = this.#trials[number];
    const attributes = { ...before.attributes, ...others.attributes };
    const trial: Trial = { ...before, ...others, attributes, state, ended };
    this.#trials[number] = trial;
    return trial;
  }

  /** Twice is fine. */
  async close(): Promise<void> {
    await this.#journal?.close();
    await this.#lock?.release();
  }
}

/** Throws FileError for a folder without a study in which there is something in its place. */
async function checkFree(folder: string): Promise<void> {
  const names = await readdir(folder).catch((cause) => {
    throw fileError(folder, 'cannot be read', cause);
  });
  const taken = names.filter((name) => TAKEN.includes(name));
  if (taken.length === 0) return;
  throw new FileError(
    folder,
    `expected a study's folder or a new one, given one with ${taken.join(', ')}, but no study`,
  );
}
