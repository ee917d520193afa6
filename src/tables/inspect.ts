/**
 * What there is to see in a table: each column's type, as training would infer it, its values and what is
 * missing. Node only.
 */
import { DataError, show } from '../base/errors.js';
import type { CsvOptions } from './csv-reading.js';
import { decideColumn } from './decide.js';
import { openTable } from './open.js';
import type { TablePreparation } from './preparation.js';
import { ColumnProfile } from './profile.js';
import { nameNumbers } from './scan.js';
import { type ColumnSummary, describeColumn } from './summary.js';
import type { ByteSource, CsvReading } from './types.js';

/** What was found in a table. */
export interface TableInspection {
  /** Name and value, in the order in which people read them. */
  readonly facts: readonly (readonly [name: string, value: string])[];
  readonly columns: readonly ColumnReport[];
}

/** A column as training would take it; its type may also be `unused`, or `refused`. */
export interface ColumnReport extends Pick<ColumnSummary, 'name' | 'missing' | 'about'> {
  readonly type: string;
}

/**
 * Reads the whole table once, in chunks. Throws FormatError for what is no table, and DataError where it
 * cannot go on.
 */
export async function inspectTable(source: ByteSource, reading: CsvOptions): Promise<TableInspection> {
  const table = await openTable(source, reading);
  const profiles = table.columns.map((name) => new ColumnProfile(name));
  let rows = 0;
  for await (const chunk of table.chunks()) {
    rows += chunk.rows;
    // All rows count, as if all trained.
    const parts = new Uint8Array(chunk.rows);
    for (const [index, profile] of profiles.entries()) profile.add(chunk, chunk.columns[index], parts);
  }
  await nameNumbers('inspectTable', table, profiles);
  return {
    facts: [
      ['file', `table, ${table.format}`],
      ['rows', rows.toLocaleString('en-US')],
      ['columns', profiles.length.toLocaleString('en-US')],
      ...table.notes.map((note): [string, string] => ['note', note]),
    ],
    columns: profiles.map((profile) => report(profile, source.name)),
  };
}

/** What a model of tables expects of them. */
export function preparationFacts({
  columns,
  target,
  reading,
  cells,
}: TablePreparation): [name: string, value: string][] {
  const marks = cells?.missing?.map((mark) => show(mark)).join(', ');
  return [
    ['columns', columns.map(({ name }) => name).join(', ')],
    ['target', `${target.name}, ${target.kind}`],
    ...(reading ? [['files', readingText(reading)] as [string, string]] : []),
    ...(marks === undefined ? [] : [['missing', marks || 'empty cells'] as [string, string]]),
  ];
}

/** How the model's tables are read when they are delimited text. */
function readingText({ delimiter, decimal, header, comment }: CsvReading): string {
  const parts = [
    `delimiter ${show(delimiter)}`,
    `decimal mark ${show(decimal)}`,
    header ? 'names in the first line' : 'no header',
    ...(comment === undefined ? [] : [`comments begin with ${show(comment)}`]),
  ];
  return parts.join(', ');
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
