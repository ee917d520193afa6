/** The trials of a study as delimited text, one a row. */
import { hasEnded, type Trial } from './trial.js';

/** With a heading; settings that a trial does not have, and values that are not known, are empty. */
export function trialsCsv(trials: readonly Trial[]): string {
  const names = (of: (trial: Trial) => object) => [
    ...new Set(trials.flatMap((trial) => Object.keys(of(trial)))),
  ];
  const settings = names((trial) => trial.settings);
  const attributes = names((trial) => trial.attributes);
  const count = Math.max(1, ...trials.map(({ values }) => values?.length ?? 0));
  const values = Array.from({ length: count }, (_, i) => (count === 1 ? 'value' : `value.${i}`));
  const head = [
    'number',
    'state',
    ...values,
    ...settings,
    ...attributes,
    'steps',
    'reason',
    'started',
    'ended',
  ];
  const rows = trials.map((trial) => [
    trial.number,
    trial.state,
    ...values.map((_, i) => trial.values?.[i]),
    ...settings.map((name) => trial.settings[name]),
    ...attributes.map((name) => trial.attributes[name]),
    hasEnded(trial) || trial.reports.length > 0 ? trial.reports.at(-1)?.step : undefined,
    ...[trial.reason, trial.started, trial.ended],
  ]);
  return [head, ...rows].map((row) => `${row.map(cell).join(',')}\n`).join('');
}

function cell(value: unknown): string {
  if (value === undefined || value === null) return '';
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
