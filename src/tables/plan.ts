/**
 * Decides, after the first pass, what becomes of each column of a table; and says so. How the rows are then kept,
 * in memory or on a disk, is the business of others.
 */
import { DataError, show } from '../base/errors.js';
import { decideColumn, decideTarget, hardlyRepeats } from './decide.js';
import { twoSpellings } from './names.js';
import { inputSizeOf, type PreparedColumn, type TablePreparation } from './preparation.js';
import { type PrepareOptions, type PrepareSettings, readPrepareOptions } from './prepare-options.js';
import type { ColumnProfile } from './profile.js';
import { type Scan, scanTable } from './scan.js';
import { type ColumnSummary, describeColumn, type TableSummary } from './summary.js';
import type { Table } from './types.js';

/** Rows of each class, part by part: train, validation, test. */
export type ClassCounts = readonly Float64Array[];

/** What a table's rows are made into, before they are. */
export interface TablePlan {
  readonly preparation: TablePreparation;
  readonly scan: Scan;
  /** In words, once the rows of each class are counted. */
  summary(counts: ClassCounts): TableSummary;
}

/** Reads the table once. Throws as `prepareTable`. */
export async function planTable(where: string, table: Table, options: PrepareOptions): Promise<TablePlan> {
  const settings = readPrepareOptions(where, table, options);
  const scan = await scanTable(where, table, settings);
  const target = decideTarget(scan.profiles[settings.targetColumn], settings.task, table.name);

  const columns: PreparedColumn[] = [];
  const dropped: { name: string; reason: string }[] = [];
  const summaries: ColumnSummary[] = [];
  const others = scan.profiles.filter((_, index) => index !== settings.targetColumn);
  const decide = (profile: ColumnProfile, type = settings.types.get(profile.name)) =>
    decideColumn(profile, type, table.name, settings.dateOrder);
  const decisions = others.map((profile) => decide(profile));
  if (!decisions.some((decision) => 'column' in decision)) {
    // The number of the row is left out beside other columns; alone, it may be the time of a series.
    const place = others.findIndex((profile) => profile.numbersRows && !settings.types.has(profile.name));
    if (place >= 0) decisions[place] = decide(others[place], 'number');
  }
  for (const [index, profile] of others.entries()) {
    const decision = decisions[index];
    if ('column' in decision) columns.push(decision.column);
    else dropped.push({ name: profile.name, reason: decision.drop });
    summaries.push(describeColumn(profile, decision));
  }
  if (columns.length === 0) {
    const reasons = dropped.slice(0, 5).map(({ name, reason }) => `${show(name)}: ${reason}`);
    const why = reasons.length > 0 ? ` (${reasons.join('; ')})` : '';
    throw new DataError(table.name, `no column is left to learn from${why}`);
  }
  const { seed, validation, test } = settings;
  const preparation: TablePreparation = {
    version: 1,
    columns,
    dropped,
    target,
    split: {
      seed,
      validation,
      test,
      ...(settings.task && { task: settings.task }),
      ...(settings.sample < 1 && { sample: settings.sample }),
    },
    ...(table.reading && { reading: table.reading }),
    ...(table.cells && { cells: table.cells }),
  };
  return {
    preparation,
    scan,
    summary: (counts) => ({
      table: table.name,
      format: table.format,
      notes: table.notes,
      warnings: warningsOf(scan, settings, preparation),
      rows: scan.parts.reduce((total, { length }) => total + length, 0),
      leftOut: scan.leftOut,
      inputs: inputSizeOf(preparation),
      columns: summaries,
      target: describeTarget(preparation, counts),
      parts: { train: scan.sizes[0], validation: scan.sizes[1], test: scan.sizes[2] },
    }),
  };
}

/** What begins, but not in silence. */
function warningsOf(
  { profiles, sizes }: Scan,
  { targetColumn, validation, test }: PrepareSettings,
  { target }: TablePreparation,
): string[] {
  const warnings: string[] = [];
  const profile = profiles[targetColumn];
  if (target.kind === 'classification' && hardlyRepeats(profile)) {
    const rows = profile.numbers + profile.texts;
    warnings.push(
      `${target.classes.length} classes in ${rows} rows: there are hardly two rows to learn a class from`,
    );
  }
  const twice = target.kind === 'classification' ? twoSpellings(target.classes) : undefined;
  if (twice) {
    const [one, other] = twice.map((name) => show(name));
    warnings.push(`classes ${one} and ${other} are two texts of one number, and stay two classes`);
  }
  for (const [name, share, rows, without] of [
    ['validation', validation, sizes[1], 'nothing says when training should stop'],
    ['test', test, sizes[2], 'nothing measures the model on rows that it has not seen'],
  ] as const) {
    if (share === 0 || rows > 0) continue;
    warnings.push(`no row is left for ${name}: there are too few of them, or of each class; ${without}`);
  }
  return warnings;
}

function describeTarget(
  { target }: TablePreparation,
  [train, validation, test]: ClassCounts,
): TableSummary['target'] {
  if (target.kind === 'regression') return { ...target };
  return {
    kind: target.kind,
    name: target.name,
    classes: target.classes.map((name, i) => ({
      name,
      train: train[i],
      validation: validation[i],
      test: test[i],
    })),
  };
}
