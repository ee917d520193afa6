/** Tables of a few columns, for tests. */
import { Encoder } from '../../src/tables/encode.js';
import { type OpenTableOptions, openTable } from '../../src/tables/open.js';
import type { PreparedColumn } from '../../src/tables/preparation.js';

export const csv = (columns: Readonly<Record<string, readonly unknown[]>>, options?: OpenTableOptions) => {
  const names = Object.keys(columns);
  const quoted = (cell: unknown) => (/[",]/.test(String(cell)) ? `"${cell}"` : String(cell));
  const rows = columns[names[0]].map((_, i) => names.map((name) => quoted(columns[name][i])).join(','));
  return openTable(new TextEncoder().encode([names.join(','), ...rows].join('\n')), {
    name: 'data',
    ...options,
  });
};
export const times = <T>(count: number, of: (i: number) => T) =>
  Array.from({ length: count }, (_, i) => of(i));
export const halves = (rows: number) => times(rows, (i) => (i % 2 === 0 ? 'a' : 'b'));

/** The inputs of one column for the cells of a table, which has only that one. */
export async function encoded(column: PreparedColumn, table: Awaited<ReturnType<typeof openTable>>) {
  const encoder = new Encoder(table, { columns: [column] });
  const rows: number[][] = [];
  const written = 'asWritten' in column ? [column.name] : [];
  for await (const chunk of table.chunks({ written })) {
    const to = new Float32Array(chunk.rows * encoder.width);
    encoder.encode(chunk, {
      to,
      starts: Int32Array.from({ length: chunk.rows }, (_, i) => i * encoder.width),
    });
    for (let i = 0; i < chunk.rows; i++) {
      rows.push(Array.from(to.subarray(i * encoder.width, (i + 1) * encoder.width)));
    }
  }
  return { rows, unknown: encoder.unknown.get(column.name) ?? 0 };
}
