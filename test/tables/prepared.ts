import { openTable } from '../../src/tables/open.js';
import { type PrepareOptions, prepareTable } from '../../src/tables/prepare.js';

export type Row = Readonly<Record<string, unknown>>;

export async function prepare(rows: readonly Row[], options: PrepareOptions) {
  const text = rows.map((row) => JSON.stringify(row)).join('\n');
  return prepareTable(await openTable(new TextEncoder().encode(text), { name: 'data' }), options);
}

/** All rows train: what is expected of a column is then plain. */
export const ALL = { validation: 0, test: 0 } as const;

/** Rows with a target of two classes in turn and this column. */
function column(values: readonly unknown[]): Row[] {
  return values.map((x, i) => ({ x, y: i % 2 === 0 ? 'a' : 'b' }));
}

export async function prepared(values: readonly unknown[], options: Partial<PrepareOptions> = {}) {
  const { train, preparation, summary } = await prepare(column(values), { target: 'y', ...ALL, ...options });
  const rows = values.map((_, i) =>
    Array.from(train.inputs.subarray(i * train.width, (i + 1) * train.width)),
  );
  return { rows, column: preparation.columns[0], summary: summary.columns[0] };
}
