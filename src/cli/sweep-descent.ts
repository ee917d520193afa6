/** The trials that led to the best of a population, as `sweep best` prints them. */
import { descentOf, stepsText } from '../sweep/population.js';
import type { StoredStudy } from '../sweep/read.js';
import type { Trial } from '../sweep/trial.js';
import { printable, table } from './output.js';
import { settingText, short } from './sweep-text.js';

/** A line for each generation, with its settings. */
export function descentLines({ trials }: Pick<StoredStudy, 'trials'>, trial: Trial): string[] {
  const line = descentOf(trials, trial);
  const names = [...new Set(line.flatMap(({ settings }) => Object.keys(settings)))];
  const rows = line.map((own) => [
    `  ${stepsText(own)}`,
    String(own.number),
    ...names.map((name) => (name in own.settings ? settingText(own.settings[name]) : '')),
    own.values?.map((value) => short(value)).join(', ') ?? '',
  ]);
  return table(
    [['  steps', 'trial', ...names, 'value'], ...rows].map((row) => row.map(printable)),
    [0],
  );
}
