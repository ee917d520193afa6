/**
 * What was found in a table and made of it, for people and for --json. Plain data; the command line lays it
 * out.
 */
import type { Decision } from './decide.js';
import { inputsOf, type PreparedColumn } from './preparation.js';
import type { ColumnProfile } from './profile.js';
import type { TableFormat } from './types.js';

/** A column in a summary. */
export interface ColumnSummary {
  readonly name: string;
  /** `dropped` when it is not used. */
  readonly kind: PreparedColumn['kind'] | 'dropped';
  /** Inputs of the model that it takes. */
  readonly inputs: number;
  /** Of all rows. */
  readonly missing: number;
  /** In a phrase: the range, the categories, or why it is not used. */
  readonly about: string;
}

/** A class of the target and its rows. */
export interface ClassSummary {
  readonly name: string;
  /** Rows. */
  readonly train: number;
  readonly validation: number;
  readonly test: number;
}

/** All rows of a class. */
export function rowsOf({ train, validation, test }: ClassSummary): number {
  return train + validation + test;
}

/** What was found in a table and made of it. */
export interface TableSummary {
  readonly table: string;
  readonly format: TableFormat;
  readonly notes: readonly string[];
  /** What the caller should know before training begins, in sentences; most tables have nothing of it. */
  readonly warnings: readonly string[];
  readonly rows: number;
  /** Rows without a target, where those are left out. */
  readonly leftOut: number;
  /** Of the model. */
  readonly inputs: number;
  readonly columns: readonly ColumnSummary[];
  readonly target:
    | { readonly kind: 'classification'; readonly name: string; readonly classes: readonly ClassSummary[] }
    | {
        readonly kind: 'regression';
        readonly name: string;
        readonly mean: number;
        readonly deviation: number;
      };
  /** Rows. */
  readonly parts: { readonly train: number; readonly validation: number; readonly test: number };
}

/** Names that are shown of a category. */
const SHOWN = 4;

export function describeColumn(profile: ColumnProfile, decision: Decision): ColumnSummary {
  const { name, missing } = profile;
  if ('drop' in decision) return { name, kind: 'dropped', inputs: 0, missing, about: decision.drop };
  const { column } = decision;
  return { name, kind: column.kind, inputs: inputsOf(column), missing, about: aboutColumn(profile, column) };
}

function aboutColumn(profile: ColumnProfile, column: PreparedColumn): string {
  switch (column.kind) {
    case 'number': {
      const { min, max } = profile.moments;
      return `${short(min)} to ${short(max)}, mean ${short(column.mean)}, deviation ${short(column.deviation)}`;
    }
    case 'boolean':
      return column.values.join(', ');
    case 'date': {
      const reading = profile.dates.readings.find(({ order }) => order === column.order);
      const order = column.order === 'dmy' ? ', day first' : column.order === 'mdy' ? ', month first' : '';
      const days = reading ? `${day(reading.days.min)} to ${day(reading.days.max)}` : '';
      return `${days}${order}${column.time ? ', with times' : ''}`;
    }
    case 'category': {
      const { categories, encoding, width, others } = column;
      const names = categories.slice(0, SHOWN).join(', ');
      const more = categories.length > SHOWN ? ', …' : '';
      const how = encoding === 'embedding' ? `, embedded in ${width}` : '';
      const rare = others ? ', rare ones together' : '';
      return `${categories.length} categories${how}${rare}: ${names}${more}`;
    }
  }
}

/** Four significant digits, without an exponent where that is short. */
function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}

function day(days: number): string {
  return new Date(days * 86_400_000).toISOString().slice(0, 10);
}
