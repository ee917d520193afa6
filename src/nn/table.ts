/** Columns of text for people, and how many bytes are said. */

/** Lines of cells below each other; the columns of `right` end in line, the others begin so. */
export function grid(rows: readonly (readonly string[])[], right: readonly number[]): string[] {
  const columns = rows[0].length;
  const widths = Array.from({ length: columns }, (_, column) =>
    // A call's arguments live on the stack, which a model of many layers would overflow.
    rows.reduce((most, row) => Math.max(most, row[column].length), 0),
  );
  const align = (cell: string, column: number) =>
    right.includes(column) ? cell.padStart(widths[column]) : cell.padEnd(widths[column]);
  return rows.map((row) => row.map(align).join('  ').trimEnd());
}

/** `955 kB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1e4) return `${bytes} bytes`;
  return bytes < 1e7 ? `${(bytes / 1e3).toFixed(0)} kB` : `${(bytes / 1e6).toFixed(0)} MB`;
}
