/**
 * The first pass over a table: what its columns are, and which rows train. What it keeps is a byte a row, and of
 * each column counts and at most so many values as may be categories.
 */
import { DataError, show } from '../base/errors.js';
import { chunksOf } from './chunks.js';
import type { PrepareSettings } from './prepare-options.js';
import { ColumnProfile, MAX_CATEGORIES } from './profile.js';
import { Dealer, LEFT_OUT } from './split.js';
import type { Table } from './types.js';

/** What the first pass learned. */
export interface Scan {
  readonly profiles: ColumnProfile[];
  /** Part of each row, chunk after chunk. */
  readonly parts: readonly Uint8Array[];
  /** Rows of train, validation and test. */
  readonly sizes: readonly [number, number, number];
  readonly leftOut: number;
}

/** Reads the table once. Throws DataError for a target that is missing, and what the table throws. */
export async function scanTable(where: string, table: Table, settings: PrepareSettings): Promise<Scan> {
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
  const { name } = table;
  for await (const chunk of chunksOf(where, table, { written })) {
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
      const advice = 'dropMissingTarget, --drop-missing-target, leaves such rows out';
      throw new DataError(name, `${place}: the target is missing${mark}; ${advice}`);
    }
  }
  await nameNumbers(where, table, profiles, written, parts);
  return { profiles, parts, sizes, leftOut };
}

/**
 * Looks again at columns of which only the whole told that they are texts: the numbers among these have to be
 * counted as they are written. `parts` are those of all rows, which train when there are none.
 */
export async function nameNumbers(
  where: string,
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
  for await (const chunk of chunksOf(where, table, { written: mixed.map((index) => table.columns[index]) })) {
    const own = parts[chunks++] ?? new Uint8Array(chunk.rows);
    for (const index of mixed) profiles[index].add(chunk, chunk.columns[index], own);
  }
}
