/** One trial from its beginning to its end, in whichever process: what the objective says, and what becomes of it. */
import { FileError, OptionError, show } from '../../base/errors.js';
import { systemCode } from '../../base/files/atomic.js';
import type { Global } from '../../base/globals.js';
import { isPruned, type Rule } from '../pruners/rule.js';
import { LINEAGE } from '../samplers/sampler.js';
import type { TrialSettings } from '../space.js';
import type { Direction, TrialReport } from '../trial.js';

/** Of a trial that is one member of a population in one generation (population based training). */
export interface PopulationTrial {
  /** From 0. */
  readonly generation: number;
  readonly member: number;
  /** Steps of a generation. */
  readonly interval: number;
  /**
   * The trial from whose state this one is to go on, itself in most cases; absent in the first generation.
   */
  readonly parent?: {
    readonly number: number;
    readonly settings: TrialSettings;
    /** Where it left what it came to. */
    readonly folder: string | undefined;
  };
}

/** What an objective is told, and how it tells. */
export interface SweepTrial {
  /** From 0. */
  readonly number: number;
  readonly settings: TrialSettings;
  /** A whole number that depends on the study's seed and the trial's number. */
  readonly seed: number;
  /** The trial's own, where the study has one: what it leaves there it finds again when it is begun anew. */
  readonly folder: string | undefined;
  /** With the sampler `pbt`: what to go on from, and for how long. */
  readonly population?: PopulationTrial;
  /** Aborted when the sweep is stopped, which waits for a function of its own process to return. */
  readonly signal: Global<'AbortSignal'> | undefined;
  /**
   * Says how far it has come, at a step that is a whole number and greater than the one before; true when the trial
   * has been pruned: whatever else it does is of no account, so it had better return.
   *
   * @throws OptionError for a step that is none, and for a value that is not finite: the trial then fails.
   */
  report(step: number, value: number): boolean;
  /** Adds a value of JSON to what is kept of the trial. */
  set(name: string, value: unknown): void;
}

/** What a sweep makes small or large: a number, or one for each direction. NaN fails the trial. */
export type ObjectiveFunction = (
  trial: SweepTrial,
) => number | readonly number[] | Promise<number | readonly number[]>;

/** What a worker is handed. A plain value. */
export interface TrialTask {
  readonly number: number;
  readonly settings: TrialSettings;
  readonly seed: number;
  readonly folder: string | undefined;
  readonly population?: PopulationTrial;
  readonly rule: Rule;
  readonly directions: readonly Direction[];
}

/** What it hands back. A plain value. */
export interface TrialResult {
  /** `stopped`: the machine let it down, not its settings. It is open still, and the sweep ends. */
  readonly state: 'complete' | 'pruned' | 'failed' | 'stopped';
  readonly values?: readonly number[];
  readonly reports: readonly TrialReport[];
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly reason?: string;
}

/**
 * Does a trial. What its objective throws, or says that is no number, is the reason why it failed; an abort alone
 * rejects.
 */
export async function doTrial(
  objective: ObjectiveFunction,
  { directions, rule, ...task }: TrialTask,
  {
    onReport,
    signal,
  }: { onReport?: (report: TrialReport) => void; signal?: Global<'AbortSignal'> | undefined } = {},
): Promise<TrialResult> {
  const reports: TrialReport[] = [];
  const attributes: Record<string, unknown> = {};
  let pruned = false;
  const trial: SweepTrial = {
    // A function in this process may write into it, and the study's own must stay.
    ...structuredClone(task),
    signal,
    report(step, value) {
      if (pruned) return true;
      checkReport(reports, step, value, directions);
      const report = { step, value };
      reports.push(report);
      onReport?.(report);
      pruned = isPruned(rule, directions[0], reports);
      return pruned;
    },
    set(name, value) {
      attributes[checkName(name, task.population ? [LINEAGE] : [])] = plainValue(name, value);
    },
  };
  try {
    const result = await objective(trial);
    if (!pruned) return { state: 'complete', values: checkValues(result, directions), reports, attributes };
  } catch (error) {
    signal?.throwIfAborted();
    if (isOfMachine(error, task.folder))
      return { state: 'stopped', reason: reasonOf(error), reports, attributes };
    if (!pruned) return { state: 'failed', reason: reasonOf(error), reports, attributes };
  }
  return { state: 'pruned', values: [reports.at(-1)!.value], reports, attributes };
}

function checkReport(
  before: readonly TrialReport[],
  step: unknown,
  value: unknown,
  directions: readonly Direction[],
): void {
  const where = 'trial.report';
  if (directions.length > 1) throw new OptionError(where, 'expected one objective, given several');
  const last = before.at(-1)?.step ?? -1;
  if (!Number.isSafeInteger(step) || (step as number) <= last) {
    throw new OptionError(where, `step: expected a whole number greater than ${last}, given ${show(step)}`);
  }
  if (!Number.isFinite(value)) {
    throw new OptionError(where, `value at step ${step}: expected a finite number, given ${show(value)}`);
  }
}

function checkValues(result: unknown, directions: readonly Direction[]): readonly number[] {
  const values: unknown[] = Array.isArray(result) ? result : [result];
  if (values.length !== directions.length) {
    throw new OptionError('objective', `expected ${directions.length} values, given ${values.length}`);
  }
  const strange = values.find((value) => !Number.isFinite(value));
  if (strange !== undefined || values.includes(undefined)) {
    throw new OptionError('objective', `expected a finite number, given ${show(strange)}`);
  }
  return [...values] as number[];
}

function checkName(name: unknown, taken: readonly string[]): string {
  if (typeof name === 'string' && name !== '' && name !== '__proto__' && !taken.includes(name)) return name;
  throw new OptionError('trial.set', `name: expected a text that is not taken, given ${show(name)}`);
}

function plainValue(name: string, value: unknown): unknown {
  try {
    const text = JSON.stringify(value);
    if (text !== undefined) return JSON.parse(text);
  } catch {
    // Said below.
  }
  throw new OptionError('trial.set', `${name}: expected a value of JSON, given ${show(value)}`);
}

/** What would go well on another day: a full disk, say. */
const MACHINE = ['ENOSPC', 'EDQUOT', 'EFBIG', 'EROFS', 'EIO', 'EMFILE', 'ENFILE'];

/** Also whatever befalls the trial's own folder: that it is lost, or may not be written to. */
function isOfMachine(error: unknown, folder: string | undefined): boolean {
  if (!(error instanceof FileError)) return false;
  return (
    MACHINE.includes(systemCode(error) ?? '') || (folder !== undefined && error.where.startsWith(folder))
  );
}

/** In one line. */
export function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message || error.name : show(error);
  return text
    .split('\n')
    .map((line) => line.trim())
    .join(' ')
    .slice(0, 1000);
}
