/** The options that are about tables, as commands take them. */
import type { Option } from 'commander';
import { OptionError } from '../base/errors.js';
import type { SettingValues } from '../base/settings.js';
import { readingOptions, tableOptions } from '../tables/options.js';
import type { TableSettings } from '../tables/training.js';
import { flagsOf, givenOf } from './flags.js';

/** Of delimited text. */
export type ReadingOptions = SettingValues<typeof readingOptions>;
export type TableOptions = SettingValues<typeof tableOptions>;

export function readingFlags(): Option[] {
  return flagsOf(readingOptions);
}

/** Those that were given, as `openTable` takes them. */
export function toReading(options: ReadingOptions): ReadingOptions {
  return givenOf(readingOptions, options) as ReadingOptions;
}

/**
 * Throws OptionError when the target is missing: which column to learn is the one thing that nobody can
 * guess.
 */
export function toTableSettings(source: string, options: TableOptions): TableSettings {
  const { target, ...given } = givenOf(tableOptions, options) as TableOptions;
  if (target === undefined) {
    throw new OptionError(
      '--target',
      `expected the column of ${source} to predict, such as --target species`,
    );
  }
  return { target, ...given };
}
