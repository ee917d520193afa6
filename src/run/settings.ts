/** What a training run is told: the values of its options, and what else config.json holds of them. */
import { FormatError, LanegradError, OptionError } from '../base/errors.js';
import { OptionReader } from '../base/options.js';
import { readSettingValues } from '../base/settings.js';
import { readTableSettings, type TableSettings } from '../tables/training.js';
import type { EarlyStoppingOptions } from '../train/early-stopping.js';
import type { CheckpointFolderOptions } from './checkpoints.js';
import { type RunOptionValues, runFallbacks, runOptions } from './options.js';

/** JSON values: config.json has them, and a run that goes on reads them again. */
export interface RunSettings extends RunOptionValues {
  /** A name or folder, as it was given. */
  source: string;
  /** The largest rate, where it follows a schedule. */
  learningRate: number;
  earlyStopping?: EarlyStoppingOptions;
  /** Absent for a run that keeps none. */
  checkpoint?: Omit<CheckpointFolderOptions, 'folder'>;
  /** For a source that is a table. */
  table?: TableSettings;
}

/**
 * Throws FormatError that names the file when `config` has no settings, or any that are not what they should
 * be: people edit such files.
 */
export function readSettings(config: Readonly<Record<string, unknown>>, file: string): RunSettings {
  if (config.settings === undefined) {
    throw new FormatError(file, 'it has no settings to go on with: was it written by an earlier version?');
  }
  try {
    return read(config.settings);
  } catch (error) {
    if (!(error instanceof LanegradError)) throw error;
    throw new FormatError(file, error.message, { cause: error });
  }
}

function read(given: unknown): RunSettings {
  const where = 'settings';
  const others = ['source', 'earlyStopping', 'checkpoint', 'table'];
  const values = readSettingValues(where, runOptions, given, others);
  for (const key of ['learningRate', ...Object.keys(runFallbacks)] as (keyof typeof runOptions)[]) {
    if (values[key] !== undefined) continue;
    throw new OptionError(where, `option ${key} is required: ${runOptions[key].kind.expected}`);
  }
  const reader = new OptionReader(where, given);
  const source = reader.string('source');
  const earlyStopping = reader.optional('earlyStopping', 'an object', isObject);
  const checkpoint = reader.optional('checkpoint', 'an object', isObject);
  const table = reader.optional('table', 'an object', isObject);
  return {
    source,
    ...(values as RunOptionValues & { learningRate: number }),
    // Their own readers check what is in them.
    ...(earlyStopping && { earlyStopping }),
    ...(checkpoint && { checkpoint }),
    ...(table && { table: readTableSettings(table) }),
  };
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
