/** Several tables of the same columns as one: the rows of the first, then those of the second, and so on. */
import { DataError, show } from '../base/errors.js';
import { listed } from './target.js';
import type { Table } from './types.js';

/**
 * Joins tables, of which there is at least one. Its columns are in the order of the first table's; those of the others may
 * be in another.
 *
 * @throws DataError that names the first table of another format, or of other columns, and a column.
 */
export function joinTables(name: string, tables: readonly Table[]): Table {
  const [first] = tables;
  const { format, columns, reading, cells } = first;
  const orders = tables.map((table) => {
    if (table.format !== format) {
      const given = `${first.name} is ${format}, and this ${table.format}`;
      throw new DataError(table.name, `expected files of one format: ${given}`);
    }
    checkColumns(first, table);
    const order = columns.map((column) => table.columns.indexOf(column));
    return order.every((place, index) => place === index) ? undefined : order;
  });
  return {
    name,
    format,
    columns,
    notes: [`${tables.length} files`, ...first.notes],
    ...(reading && { reading }),
    ...(cells && { cells }),
    async *chunks(options) {
      let before = 0;
      for (const [index, table] of tables.entries()) {
        const order = orders[index];
        let rows = 0;
        for await (const chunk of table.chunks(options)) {
          rows += chunk.rows;
          yield {
            ...chunk,
            firstRow: before + chunk.firstRow,
            file: table.name,
            columns: order ? order.map((place) => chunk.columns[place]) : chunk.columns,
          };
        }
        before += rows;
      }
    },
  };
}

function checkColumns(first: Table, table: Table): void {
  const known = new Set(table.columns);
  const missing = first.columns.find((column) => !known.has(column));
  if (missing === undefined && first.columns.length === table.columns.length) return;
  const expected = `expected the columns of ${first.name}, ${listed(first.columns)}`;
  const problem =
    missing === undefined
      ? `has ${show(table.columns.find((column) => !first.columns.includes(column)))} besides`
      : `has no ${show(missing)}; it has ${listed(table.columns)}`;
  throw new DataError(table.name, `${expected}: this one ${problem}`);
}
