/** Rows as CSV (RFC 4180): quotes where they are needed, a line feed after each row. */

/** One line. A number is written so that it reads back as the same double; undefined and NaN as an empty cell. */
export function csvLine(cells: readonly (string | number | undefined)[]): string {
  return `${cells.map(csvCell).join(',')}\n`;
}

function csvCell(value: string | number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return '';
  const text = String(value);
  // Blanks at the ends would be trimmed by some readers, our own too.
  return /["\n\r,]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
