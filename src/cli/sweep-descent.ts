/** The trials that led to the best of a population, as `sweep best` prints them. */
import { descentOf, lineageOf, stepsText } from '../sweep/population.js';
import type { StoredStudy } from '../sweep/read.js';
import type { Trial } from '../sweep/trial.js';
import { printable, table } from './output.js';

/** Whether no single training comes to this trial: one of the first generation ends before the others do. */
export function hasDescent(trial: Trial): boolean {
  return lineageOf(trial) !== undefined;
}

/** A line for each generation, with its settings. */
export function descentLines({ trials }: Pick<StoredStudy, 'trials'>, trial: Trial): string[] {
  const line = descentOf(trials, trial);
  const names = [...new Set(line.flatMap(({ settings }) => Object.keys(settings)))];
  const rows = line.map((own) => [
    `  ${stepsText(own)}`,
    String(own.number),
    ...names.map((name) => (name in own.settings ? settingText(own.settings[name]) : '')),
    own.values?.map(short).join(', ') ?? '',
  ]);
  return table(
    [['  steps', 'trial', ...names, 'value'], ...rows].map((row) => row.map(printable)),
    [0],
  );
}

function settingText(value: unknown): string {
  return typeof value === 'number' ? short(value) : typeof value === 'string' ? value : JSON.stringify(value);
}

function short(value: number): string {
  return String(Number(value.toPrecision(6)));
}
