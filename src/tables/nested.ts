/**
 * Cells that hold lists or objects: a table has no place for them, but a column of them must not keep the
 * others from being read.
 */
import { FormatError } from '../base/errors.js';
import { cellPlace } from './place.js';
import type { ColumnCells, NestedCell } from './types.js';

const EXPECTED = 'expected a number, a text, a date or nothing';

/**
 * The cells of a column that has such a cell. Whoever uses them gets a FormatError; who drops the column need
 * not.
 */
export function nestedCells(
  where: string,
  column: string,
  { firstRow, lines }: { firstRow: number; lines?: Float64Array | undefined },
  nested: NestedCell,
): ColumnCells {
  const place = cellPlace(firstRow + nested.index, lines?.[nested.index], column);
  const fail = (): never => {
    throw new FormatError(where, `${place}: ${EXPECTED}, given ${nested.given}; the column can be dropped`);
  };
  return {
    nested,
    get numbers() {
      return fail();
    },
    get texts() {
      return fail();
    },
  };
}
