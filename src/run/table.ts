/** What a training run on a table is told, and the data that this comes to. Node only: the table is a file. */

import { OptionError } from '../base/errors.js';
import { STANDARD_INPUT } from '../base/files/pipe.js';
import { OptionReader } from '../base/options.js';
import type { Dataset } from '../data/dataset.js';
import type { CsvOptions } from '../tables/csv-reading.js';
import { openTableInput, tableName } from '../tables/file.js';
import type { TablePreparation } from '../tables/preparation.js';
import { type PrepareOptions, prepareTable } from '../tables/prepare.js';
import type { TableSummary } from '../tables/summary.js';
import type { Metric } from '../train/metrics/metric.js';
import { resolveMetrics } from '../train/metrics/resolve.js';
import { regressionMetrics } from '../train/table-metrics.js';
import type { Preset } from './presets.js';
import type { RunSettings } from './settings.js';

/** Options of `prepareTable`, but for the seed, and of reading delimited text. */
export interface TableSettings extends Omit<PrepareOptions, 'seed'>, Readonly<CsvOptions> {}

/** The data of a run. What `loadIdxFolder` gives is such, too. */
export interface RunSplits {
  readonly train: Dataset;
  /** Tables may be too short for one, and for a test. */
  readonly validation?: Dataset;
  readonly test?: Dataset;
  /** What `--full` trains on; its name is the run's. */
  readonly full: Dataset;
  readonly table?: { readonly preparation: TablePreparation; readonly summary: TableSummary };
}

/** Files that are tables by their name. */
const EXTENSION = /\.(csv|tsv|tab|psv|txt|data|jsonl|ndjson|json|npy|npz|parquet|pq)(\.gz)?$/i;

/** Whether a path is that of a table: what its content is, is looked at when it is opened. */
export function isTablePath(path: string): boolean {
  return path === STANDARD_INPUT || EXTENSION.test(path);
}

/**
 * Reads and prepares the table of a run. With `full`, no rows are kept for validation.
 *
 * @throws FileError, FormatError, DataError and OptionError as `openTable` and `prepareTable` do.
 */
export async function loadTable(
  path: string,
  { delimiter, decimal, header, comment, missing, ...options }: TableSettings,
  { seed, full }: Pick<RunSettings, 'seed' | 'full'>,
): Promise<RunSplits> {
  if (full && options.validation) {
    throw new OptionError(
      '--full',
      `it leaves no rows for validation; expected no share of ${options.validation}`,
    );
  }
  const table = await openTableInput(path, {
    ...(delimiter !== undefined && { delimiter }),
    ...(decimal !== undefined && { decimal }),
    ...(header !== undefined && { header }),
    ...(comment !== undefined && { comment }),
    ...(missing !== undefined && { missing }),
  });
  const prepared = await prepareTable(table, { ...options, seed, ...(full && { validation: 0 }) });
  const { preparation, summary, ...sets } = prepared;
  return { ...sets, full: { ...sets.train, name: tableName(path) }, table: { preparation, summary } };
}

/**
 * Settings that suit a table of so many rows, found on the classic tables (see test/tables/classic.test.ts): small ones need many
 * passes in small batches and some dropout, and training ends when validation says so.
 */
export function tableDefaults({ train, validation }: RunSplits) {
  const { size } = train;
  const by = size < 2_000 ? SMALL : size < 20_000 ? MIDDLE : LARGE;
  const { patience, ...defaults } = by;
  return {
    ...defaults,
    activation: 'relu',
    optimizer: 'adam',
    learningRate: 0.001,
    ...(validation && { earlyStopping: { patience } }),
    seed: 1,
  } as const satisfies Preset;
}

const SMALL = { hidden: [100], dropout: 0.2, batchSize: 16, epochs: 200, patience: 30 } as const;
const MIDDLE = { hidden: [128, 64], dropout: 0.1, batchSize: 64, epochs: 100, patience: 15 } as const;
/** Millions of rows are passed over a few times only. */
const LARGE = { hidden: [128, 64], batchSize: 256, epochs: 20, patience: 3 } as const;

/** What is measured on validation and test: as asked, and of a regression the usual errors, in the target's own unit. */
export function runMetrics({ table }: RunSplits, { metrics }: Pick<RunSettings, 'metrics'>): Metric[] {
  const target = table?.preparation.target;
  if (target?.kind !== 'regression') return resolveMetrics('train', metrics ?? [], 'classification');
  return regressionMetrics(target, metrics);
}

/** Reads what an earlier run was told. Throws OptionError for what `TableSettings` does not have. */
export function readTableSettings(given: unknown): TableSettings {
  const reader = new OptionReader('settings.table', given);
  const string = (value: unknown): value is string => typeof value === 'string';
  const any = (value: unknown): value is never => value !== undefined;
  const settings: Record<string, unknown> = { target: reader.required('target', 'a column', string) };
  // Each is checked by who takes it.
  for (const key of [
    'task',
    'types',
    'dateOrder',
    'validation',
    'test',
    'sample',
    'dropMissingTarget',
    'delimiter',
    'decimal',
    'header',
    'comment',
    'missing',
  ]) {
    const value = reader.optional(key, 'a value', any);
    if (value !== undefined) settings[key] = value;
  }
  reader.end();
  return settings as unknown as TableSettings;
}
