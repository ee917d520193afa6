/** What there is to see in a table: each column's type, as training would infer it, its values and what is missing. Node only. */
import { DataError } from '../base/errors.js';
import type { CsvOptions } from '../tables/csv-reading.js';
import { decideColumn } from '../tables/decide.js';
import { openTable } from '../tables/open.js';
import { nameNumbers } from '../tables/prepare.js';
import { ColumnProfile } from '../tables/profile.js';
import { describeColumn } from '../tables/summary.js';
import type { ByteSource } from '../tables/types.js';
import type { ColumnReport, Inspection } from './types.js';

/** Reads the whole table once, in chunks. Throws FormatError for what is no table, and DataError where it cannot go on. */
export async function inspectTable(source: ByteSource, reading: CsvOptions): Promise<Inspection> {
  const path = source.name;
  const table = await openTable(source, reading);
  const profiles = table.columns.map((name) => new ColumnProfile(name));
  let rows = 0;
  for await (const chunk of table.chunks()) {
    rows += chunk.rows;
    // All rows count, as if all trained.
    const parts = new Uint8Array(chunk.rows);
    for (const [index, profile] of profiles.entries()) profile.add(chunk, chunk.columns[index], parts);
  }
  await nameNumbers(table, profiles);
  const facts: [string, string][] = [
    ['file', `table, ${table.format}`],
    ['rows', rows.toLocaleString('en-US')],
    ['columns', profiles.length.toLocaleString('en-US')],
    ...table.notes.map((note): [string, string] => ['note', note]),
  ];
  return {
    path,
    kind: 'table',
    facts,
    tensors: [],
    columns: profiles.map((profile) => report(profile, path)),
  };
}

function report(profile: ColumnProfile, path: string): ColumnReport {
  try {
    const { name, kind, missing, about } = describeColumn(profile, decideColumn(profile, undefined, path));
    return { name, type: kind === 'dropped' ? 'unused' : kind, missing, about };
  } catch (error) {
    // What training would refuse is shown.
    if (!(error instanceof DataError)) throw error;
    return {
      name: profile.name,
      type: 'refused',
      missing: profile.missing,
      about: error.message.replace(`${path}: `, ''),
    };
  }
}
