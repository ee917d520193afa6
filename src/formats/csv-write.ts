/** Rows as CSV (RFC 4180): quotes where they are needed, a line feed after each row. */

export interface CsvWriteOptions {
  /**
   * Whether a text that a spreadsheet would take for a formula gets an apostrophe before it, which makes it a
   * text there. Such are those that begin with =, +, -, @, a tab or a carriage return; numbers stay as they
   * are.
   */
  readonly escapeFormulas?: boolean | undefined;
}

/**
 * One line. A number is written so that it reads back as the same double; undefined and NaN as an empty cell.
 */
export function csvLine(
  cells: readonly (string | number | undefined)[],
  { escapeFormulas = false }: CsvWriteOptions = {},
): string {
  return `${cells.map((cell) => csvCell(cell, escapeFormulas)).join(',')}\n`;
}

const NUMBER = /^[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:e[+-]?\d+)?$/i;

function csvCell(value: string | number | undefined, escapeFormulas: boolean): string {
  if (value === undefined || Number.isNaN(value)) return '';
  const given = String(value);
  const isFormula = escapeFormulas && /^[=+\-@\t\r]/.test(given) && !NUMBER.test(given);
  const text = isFormula ? `'${given}` : given;
  // Blanks at the ends would be trimmed by some readers, our own too.
  return /["\n\r,]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
