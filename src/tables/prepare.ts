/**
 * Makes data sets of a table in two passes over its chunks: the first learns what the columns are and which
 * rows train, the second fills the matrices. Means, deviations and categories are those of the rows that
 * train; no other row has a say in them.
 */

import { DataError, OptionError, show } from '../base/errors.js';
import { didYouMean, OptionReader } from '../base/options.js';
import type { Dataset } from '../data/dataset.js';
import { checkTable, chunksOf } from './chunks.js';
import { asDataset, checkBytes } from './dataset.js';
import type { DateOrder } from './dates.js';
import { type ColumnType, decideColumn, decideTarget, hardlyRepeats, type Task } from './decide.js';
import { Encoder } from './encode.js';
import { twoSpellings } from './names.js';
import { inputSizeOf, type PreparedColumn, type TablePreparation, writtenColumns } from './preparation.js';
import { ColumnProfile, MAX_CATEGORIES } from './profile.js';
import { Dealer, LEFT_OUT } from './split.js';
import { type ColumnSummary, describeColumn, type TableSummary } from './summary.js';
import { targetIndex, targetReader } from './target.js';
import type { Table } from './types.js';

/** How `prepareTable` goes about it. */
export interface PrepareOptions {
  /** The column to be predicted. */
  target: string;
  /** Found out by default: texts, and up to 20 different whole numbers, are classes. */
  task?: Task;
  /** Of columns whose type should not be found out; `drop` leaves one out. */
  types?: Readonly<Record<string, ColumnType>>;
  /**
   * What comes first in dates such as 02/03/2024, the day or the month, where no date of the column tells it.
   */
  dateOrder?: DateOrder;
  /** Shares of the rows that are kept from training, in steps of 0.05. 0.15 each by default. */
  validation?: number;
  test?: number;
  /**
   * Share of the rows that are taken, at random by the seed; 1 by default. For tables that do not fit in
   * memory.
   */
  sample?: number;
  /** By which the rows are split; 1 by default. */
  seed?: number;
  /** Leave out rows whose target is missing, in place of refusing the table. */
  dropMissingTarget?: boolean;
}

/** What `prepareTable` makes: data sets, how they were made, and a summary. */
export interface PreparedTable {
  readonly train: Dataset;
  /** Absent when no row fell to it. */
  readonly validation?: Dataset;
  readonly test?: Dataset;
  readonly preparation: TablePreparation;
  readonly summary: TableSummary;
}

const WHERE = 'prepareTable';

/**
 * Prepares a table for training. Reads it twice, chunk by chunk; the prepared inputs are held in memory as
 * float32.
 *
 * @throws OptionError for options that are unknown or do not fit the table's columns.
 * @throws DataError, with row and column, for cells that do not fit their column, a target that is missing or
 * constant, a table
 *   without usable columns, and one whose prepared inputs need more than 2 GiB.
 * @throws FormatError when the file is damaged.
 */
export async function prepareTable(table: Table, options: PrepareOptions): Promise<PreparedTable> {
  checkTable(WHERE, table);
  const settings = readOptions(table, options);
  const scan = await scanTable(table, settings);
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
  const sets = await fill(table, preparation, scan);
  return {
    ...sets,
    preparation,
    summary: {
      table: table.name,
      format: table.format,
      notes: table.notes,
      warnings: warningsOf(scan, settings, preparation),
      rows: scan.parts.reduce((total, { length }) => total + length, 0),
      leftOut: scan.leftOut,
      inputs: inputSizeOf(preparation),
      columns: summaries,
      target: describeTarget(preparation, sets),
      parts: {
        train: scan.sizes[0],
        validation: scan.sizes[1],
        test: scan.sizes[2],
      },
    },
  };
}

function readOptions(table: Table, options: PrepareOptions) {
  const reader = new OptionReader(WHERE, options);
  const targetColumn = targetIndex(table, reader.string('target'));
  const isTask = (value: unknown): value is Task => value === 'classification' || value === 'regression';
  const task = reader.optional('task', '"classification" or "regression"', isTask);
  const isOrder = (value: unknown): value is DateOrder => value === 'dmy' || value === 'mdy';
  const dateOrder = reader.optional('dateOrder', '"dmy" or "mdy"', isOrder);
  const isObject = (value: unknown): value is Record<string, unknown> =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  const given = reader.optional('types', 'types by column', isObject) ?? {};
  const share = { min: 0, max: 0.9 };
  const validation = reader.number('validation', share, 0.15);
  const test = reader.number('test', share, 0.15);
  const seed = reader.integer('seed', { min: 0 }, 1);
  const sample = reader.number('sample', { above: 0, max: 1 }, 1);
  const dropMissingTarget = reader.boolean('dropMissingTarget', false);
  reader.end();
  if (validation + test > 0.95) {
    throw new OptionError(
      WHERE,
      `validation and test: expected at most 0.95 together, given ${validation + test}`,
    );
  }
  for (const [name, value] of Object.entries({ validation, test })) {
    if (Math.abs(value * 20 - Math.round(value * 20)) > 1e-9) {
      throw new OptionError(WHERE, `option ${name}: expected a multiple of 0.05, given ${value}`);
    }
  }
  const known: readonly string[] = ['number', 'category', 'boolean', 'date', 'drop'];
  const types = new Map<string, ColumnType>();
  for (const [name, type] of Object.entries(given)) {
    if (!table.columns.includes(name)) {
      const hint = didYouMean(name, table.columns);
      throw new OptionError(WHERE, `option types: the table has no column ${show(name)}${hint}`);
    }
    if (!known.includes(type as string)) {
      throw new OptionError(
        WHERE,
        `option types: ${name}: expected one of ${known.join(', ')}, given ${show(type)}`,
      );
    }
    if (name === table.columns[targetColumn]) {
      throw new OptionError(WHERE, `option types: ${show(name)} is the target; its type is the option task`);
    }
    types.set(name, type as ColumnType);
  }
  return { targetColumn, task, types, dateOrder, validation, test, seed, sample, dropMissingTarget };
}

type Settings = ReturnType<typeof readOptions>;

interface Scan {
  readonly profiles: ColumnProfile[];
  /** Part of each row, chunk after chunk. */
  readonly parts: readonly Uint8Array[];
  /** Rows of train, validation and test. */
  readonly sizes: readonly [number, number, number];
  readonly leftOut: number;
}

/** The first pass. */
async function scanTable(table: Table, settings: Settings): Promise<Scan> {
  const { targetColumn, types, task, dropMissingTarget } = settings;
  const profiles = table.columns.map((name, index) => {
    const asCategory = types.get(name) === 'category' || index === targetColumn;
    return new ColumnProfile(name, asCategory ? MAX_CATEGORIES : undefined);
  });
  const isText = ({ name }: ColumnProfile, index: number) =>
    index === targetColumn ? task !== 'regression' : ['category', 'boolean'].includes(types.get(name) ?? '');
  const written = profiles.filter(isText).map(({ name }) => name);
  const deal = new Dealer({ ...settings, task });
  const parts: Uint8Array[] = [];
  const sizes: [number, number, number] = [0, 0, 0];
  let leftOut = 0;
  const where = table.name;
  for await (const chunk of chunksOf(WHERE, table, { written })) {
    const own = deal.parts(chunk, targetColumn);
    for (const part of own) {
      if (part === LEFT_OUT) leftOut++;
      else if (part < LEFT_OUT) sizes[part]++;
    }
    parts.push(own);
    for (const [index, profile] of profiles.entries()) profile.add(chunk, chunk.columns[index], own);
    const { firstMissing } = profiles[targetColumn];
    if (firstMissing && !dropMissingTarget) {
      const { place, value } = firstMissing;
      const mark =
        value === '' ? '' : `: ${show(value)} is a mark of that, unless others are named by --missing`;
      throw new DataError(where, `${place}: the target is missing${mark}`);
    }
  }
  await nameNumbers(table, profiles, written, parts);
  return { profiles, parts, sizes, leftOut };
}

/**
 * Looks again at columns of which only the whole told that they are texts: the numbers among these have to be
 * counted as they are written. `parts` are those of all rows, which train when there are none.
 */
export async function nameNumbers(
  table: Table,
  profiles: ColumnProfile[],
  known: readonly string[] = [],
  parts: readonly Uint8Array[] = [],
): Promise<void> {
  const isMixed = ({ name, numbers, texts }: ColumnProfile) =>
    numbers > 0 && texts > 0 && !known.includes(name);
  const mixed = profiles.map((_, index) => index).filter((index) => isMixed(profiles[index]));
  if (mixed.length === 0) return;
  for (const index of mixed) profiles[index] = new ColumnProfile(profiles[index].name);
  let chunks = 0;
  for await (const chunk of chunksOf(WHERE, table, { written: mixed.map((index) => table.columns[index]) })) {
    const own = parts[chunks++] ?? new Uint8Array(chunk.rows);
    for (const index of mixed) profiles[index].add(chunk, chunk.columns[index], own);
  }
}

/** What begins, but not in silence. */
function warningsOf(
  { profiles, sizes }: Scan,
  { targetColumn, validation, test }: Settings,
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

type Sets = Pick<PreparedTable, 'train' | 'validation' | 'test'>;

/** The second pass. */
async function fill(table: Table, preparation: TablePreparation, { parts, sizes }: Scan): Promise<Sets> {
  const encoder = new Encoder(table, preparation);
  const { width } = encoder;
  checkBytes(
    table.name,
    sizes.reduce((total, size) => total + size, 0),
    width,
  );
  const { target } = preparation;
  const readTarget = targetReader(table, target);
  const inputs = sizes.map((size) => new Float32Array(size * width));
  const targets = sizes.map((size) =>
    target.kind === 'classification' ? new Int32Array(size) : new Float32Array(size),
  );
  const filled = [0, 0, 0];
  let index = 0;
  for await (const chunk of chunksOf(WHERE, table, { written: writtenColumns(preparation) })) {
    const own = parts[index++];
    if (own?.length !== chunk.rows) {
      throw new DataError(table.name, 'the table changed while it was read');
    }
    const starts = [0, 1, 2].map(() => new Int32Array(chunk.rows).fill(-1));
    for (let row = 0; row < chunk.rows; row++) {
      const part = own[row];
      if (part >= LEFT_OUT) continue;
      const at = filled[part]++;
      starts[part][row] = at * width;
      const value = readTarget(chunk, row);
      targets[part][at] = target.kind === 'classification' ? value : (value - target.mean) / target.deviation;
    }
    for (const [part, to] of inputs.entries()) encoder.encode(chunk, { to, starts: starts[part] });
  }
  const name = table.name;
  const make = (part: number, what: string): Dataset | undefined =>
    sizes[part] === 0
      ? undefined
      : asDataset(preparation, `${name} ${what}`, width, inputs[part], targets[part]);
  const [train, validation, test] = [make(0, 'train'), make(1, 'validation'), make(2, 'test')];
  if (!train) throw new DataError(name, 'expected rows to train on, given none whose target is known');
  return { train, ...(validation && { validation }), ...(test && { test }) };
}

function describeTarget({ target }: TablePreparation, sets: Sets): TableSummary['target'] {
  if (target.kind === 'regression') return { ...target };
  const count = (set: Dataset | undefined) => {
    const counts = new Array<number>(target.classes.length).fill(0);
    for (const label of set?.labels ?? []) counts[label]++;
    return counts;
  };
  const [train, validation, test] = [count(sets.train), count(sets.validation), count(sets.test)];
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
