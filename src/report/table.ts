/** The tables of reports: rows of data that can be read, heard and copied, and settings with their values. */
import { type Html, html, type Part } from './escape.js';

/** Longer tables scroll in a box of their own, and may break across printed pages. */
const LONG = 24;

/** A column's heading, and what of a row stands in it. Numbers stand to the right, 'text' to the left. */
export type Column<Row> = readonly [heading: string, cell: (row: Row) => Part, kind?: 'text'];

export interface TableOptions<Row> {
  /** Sets a row off: the best of them, or one that differs. */
  readonly mark?: (row: Row) => 'best' | 'differs' | false | undefined;
  /** Of the table's element, for the style sheet. */
  readonly className?: string;
}

/**
 * A table whose first column names the rows; `false` is no column. `label` is for those who hear the page.
 */
export function dataTable<Row>(
  label: string,
  rows: readonly Row[],
  columns: readonly (Column<Row> | false)[],
  { mark, className }: TableOptions<Row> = {},
): Html {
  const long = rows.length > LONG;
  const [first, ...rest] = columns.filter((column) => column !== false);
  const align = (kind: 'text' | undefined) => kind && html` class="text"`;
  const head = ([heading, , kind]: Column<Row>) => html`<th scope="col"${align(kind)}>${heading}</th>`;
  const body = rows.map((row) => {
    const marked = mark?.(row);
    return html`<tr${marked && html` class="${marked}"`}><th scope="row">${first[1](row)}</th>${rest.map(([, cell, kind]) => html`<td${align(kind)}>${cell(row)}</td>`)}</tr>\n`;
  });
  return html`<div class="scroll${long && ' tall'}" role="region" aria-label="${label}" tabindex="0"><table class="data${!long && ' whole'}${className && ` ${className}`}">
<thead><tr>${[first, ...rest].map(head)}</tr></thead>
<tbody>${body}</tbody></table></div>`;
}

/** Names and values, one a line. */
export function settingsTable(rows: readonly (readonly [name: string, value: Part])[]): Html {
  return html`<table class="settings${rows.length <= LONG && ' whole'}"><tbody>
${rows.map(([name, value]) => html`<tr><th scope="row">${name}</th><td>${value}</td></tr>\n`)}</tbody></table>`;
}
