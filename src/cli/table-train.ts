/** `lanegrad train` for tables: how a run is prepared, and what is shown of the table. */
import { OptionError } from '../base/errors.js';
import { STANDARD_INPUT } from '../base/files/pipe.js';
import { shellWord } from '../base/shell.js';
import type { AnySet } from '../data/any-set.js';
import type { RunSettings } from '../run/settings.js';
import { tableDefaults } from '../tables/defaults.js';
import { openTableInput } from '../tables/file.js';
import { type ColumnSummary, rowsOf, type TableSummary } from '../tables/summary.js';
import { loadLargeTable, loadTable, type TableSplits } from '../tables/training.js';
import { columnsOf, count, type Output, printable, table } from './output.js';
import { toReading, toTableSettings } from './table-options.js';
import { type TrainOptions, toSettings } from './train-options.js';

/** Columns that are listed one by one; of more, the first and a count. */
const MAX_LISTED = 40;

/** Reads the table, and settles what was not said by what is in it. */
export async function prepareTableRun(
  source: string,
  options: TrainOptions,
  spillFolder: string,
): Promise<{ settings: RunSettings; splits: TableSplits<AnySet> }> {
  if (options.target === undefined) await askForTarget(source, options);
  const settings = toTableSettings(source, options);
  const { seed = 1, full = false, folds, seeds, memory } = options;
  // Every row but the test's is in a fold.
  const run = { seed, full: full || folds !== undefined };
  const splits =
    folds === undefined && seeds === undefined
      ? await loadLargeTable(source, settings, { ...run, memory, spillFolder })
      : await loadTable(source, settings, run);
  const validated = folds === undefined ? splits : { ...splits, validation: splits.train };
  return { splits, settings: { ...toSettings(source, options, tableDefaults(validated)), table: settings } };
}

/** Names of columns in one line of a message. */
const MAX_NAMED = 20;

/**
 * Which column to learn is asked for with the names that there are. Throws OptionError with them, and
 * FileError or FormatError for what cannot be read.
 */
async function askForTarget(source: string, options: TrainOptions): Promise<void> {
  if (source === STANDARD_INPUT) return;
  const { columns } = await openTableInput(source, toReading(options));
  const more = columns.length > MAX_NAMED ? ` and ${count(columns.length - MAX_NAMED)} more` : '';
  throw new OptionError(
    '--target',
    `expected the column of ${source} to predict, such as --target ${shellWord(columns.at(-1) ?? 'species')}; ` +
      `its columns are ${columns.slice(0, MAX_NAMED).join(', ')}${more}`,
  );
}

/** The table's columns and what was made of them, its target, and how the rows are split. */
export function printTable(out: Output, summary: TableSummary): void {
  const { columns, parts, notes, leftOut, rows, inputs, target } = summary;
  const about = [`${count(rows)} rows`, `${count(columns.length + 1)} columns`, ...notes];
  out.line(`${out.bold(printable(summary.table))}  ${about.join(', ')}`);
  out.line();
  // A file, or the next program, takes lines of any length.
  const width = out.live ? columnsOf(out.human) : Number.POSITIVE_INFINITY;
  const listed = columns.length > MAX_LISTED ? columns.slice(0, MAX_LISTED - 1) : columns;
  const lines = table(
    [['column', 'type', 'inputs', 'missing', ''], ...listed.map((column) => columnRow(column, rows))],
    [0, 1, 4],
  );
  const [head, ...body] = lines.map((line) => clip(line, width));
  out.line(out.dim(head));
  for (const [index, line] of body.entries()) {
    out.line(listed[index].kind === 'dropped' ? out.dim(line) : line);
  }
  if (listed.length < columns.length) out.line(`… and ${columns.length - listed.length} columns more`);
  out.line();
  for (const line of targetLines(summary)) out.line(clip(line, width));
  const split = Object.entries(parts).map(([name, size]) => `${count(size)} ${name}`);
  const without = leftOut > 0 ? `; ${count(leftOut)} left out, without a target` : '';
  out.line(`rows    ${split.join(', ')}${without}`);
  out.line(
    `inputs  ${count(inputs)}${target.kind === 'regression' ? '; the target is standardised too' : ''}`,
  );
  for (const warning of summary.warnings) out.line(`note    ${printable(warning)}`);
  out.line();
}

function columnRow({ name, kind, inputs, missing, about }: ColumnSummary, rows: number): string[] {
  const without = missing === 0 ? '' : `${count(missing)} (${share(missing / rows)})`;
  return [
    clip(printable(name), 32),
    kind,
    kind === 'dropped' ? '' : String(inputs),
    without,
    printable(about),
  ];
}

function targetLines({ target }: TableSummary): string[] {
  const name = printable(target.name);
  if (target.kind === 'regression') {
    const { mean, deviation } = target;
    return [`target  ${name}: regression, mean ${short(mean)}, deviation ${short(deviation)}`];
  }
  const { classes } = target;
  const total = classes.reduce((sum, one) => sum + rowsOf(one), 0);
  const largest = [...classes].sort((a, b) => rowsOf(b) - rowsOf(a));
  const shown = largest.slice(0, 8).map((one) => `${printable(one.name)} ${share(rowsOf(one) / total)}`);
  const more = classes.length > shown.length ? ', …' : '';
  return [`target  ${name}: ${classes.length} classes: ${shown.join(', ')}${more}`];
}

/** 54.8 % */
function share(part: number): string {
  return `${(100 * part).toFixed(1)} %`;
}

function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}

/** Cut to a width, with an ellipsis. */
function clip(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, Math.max(1, width - 1))}…` : text;
}
