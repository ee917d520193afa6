/**
 * The section on a table that was trained on: its columns and what was made of them, and how its rows were
 * split.
 */
import { rowsOf, type TableSummary } from '../tables/summary.js';
import { type Html, html } from './escape.js';
import { count, number, percent, plural } from './format.js';
import { dataTable } from './table.js';

/** Columns that are listed; a table of thousands would bury the rest. */
const MAX_COLUMNS = 200;

export function tableSection(summary: TableSummary): Html {
  const { columns, rows, parts, leftOut, inputs } = summary;
  const listed = columns.slice(0, MAX_COLUMNS);
  const more = columns.length > listed.length && `, of which the first ${listed.length} are listed`;
  const without =
    leftOut > 0 && ` ${plural(leftOut, 'row')} had no target and ${leftOut === 1 ? 'was' : 'were'} left out.`;
  return html`<section id="table"><h2>Table</h2>
<p class="lead">${plural(rows, 'row')}, ${plural(columns.length + 1, 'column')}${more}; ${count(parts.train)} rows train,
${count(parts.validation)} validate, ${count(parts.test)} test. The columns become ${plural(inputs, 'input')}; means, deviations and
categories are those of the rows that train.${without}</p>
${(summary.warnings ?? []).map((warning) => html`<p>Note: ${warning}.</p>\n`)}${dataTable('Columns', listed, [
  ['Column', ({ name }) => name],
  ['Type', ({ kind }) => kind, 'text'],
  ['Inputs', (column) => (column.kind === 'dropped' ? '–' : count(column.inputs))],
  ['Missing', ({ missing }) => (missing === 0 ? '–' : `${count(missing)}, ${percent(missing / rows, 1)}`)],
  ['What was found', ({ about }) => about, 'text'],
])}
${target(summary)}</section>`;
}

function target({ target }: TableSummary): Html {
  if (target.kind === 'regression') {
    return html`<h3>Target</h3>
<p>${target.name}: a number, of mean ${number(target.mean)} and deviation ${number(target.deviation)} in training.</p>`;
  }
  const { classes } = target;
  const all = classes.reduce((sum, one) => sum + rowsOf(one), 0);
  return html`<h3>Target: ${target.name}</h3>
${dataTable('Classes', classes, [
  ['Class', ({ name }) => name],
  ['Train', ({ train }) => count(train)],
  ['Validation', ({ validation }) => count(validation)],
  ['Test', ({ test }) => count(test)],
  ['Share', (one) => percent(rowsOf(one) / all, 1)],
])}`;
}
