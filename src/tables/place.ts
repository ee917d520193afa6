/** Where in a table something is, as messages say it: with row, line and column. */
import { show } from '../base/errors.js';
import type { TableChunk } from './types.js';

/** `row 16 (line 17), column "age"`. Rows are counted from 1, without the header. */
export function cellPlace(row: number, line: number | undefined, column?: string): string {
  const at = line === undefined ? `row ${row}` : `row ${row} (line ${line})`;
  return column === undefined ? at : `${at}, column ${show(column)}`;
}

/** The place of a cell in a chunk. */
export function placeIn(chunk: TableChunk, index: number, column?: string): string {
  return cellPlace(chunk.firstRow + index, chunk.lines?.[index], column);
}
