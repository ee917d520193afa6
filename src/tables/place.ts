/** Where in a table something is, as messages say it: with row, line and column. */
import { show } from '../base/errors.js';
import type { TableChunk } from './types.js';

/**
 * `row 16 (line 17), column "age"`, of several files `row 16 (b.csv, line 3)`. Rows are counted from 1, without
 * the header.
 */
export function cellPlace(row: number, line: number | undefined, column?: string, file?: string): string {
  const within = [file, line === undefined ? undefined : `line ${line}`].filter((part) => part !== undefined);
  const at = within.length === 0 ? `row ${row}` : `row ${row} (${within.join(', ')})`;
  return column === undefined ? at : `${at}, column ${show(column)}`;
}

/** The place of a cell in a chunk. */
export function placeIn(chunk: TableChunk, index: number, column?: string): string {
  return cellPlace(chunk.firstRow + index, chunk.lines?.[index], column, chunk.file);
}
