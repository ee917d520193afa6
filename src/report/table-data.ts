/** The section on a table that was trained on: its columns and what was made of them, and how its rows were split. */
import { rowsOf, type TableSummary } from '../tables/summary.js';
import { type Html, html } from './escape.js';
import { count, percent, plural } from './format.js';
import { number } from './regression.js';

/** Columns that are listed; a table of thousands would bury the rest. */
const MAX_COLUMNS = 200;

export function tableSection(summary: TableSummary): Html {
  const { columns, rows, parts, leftOut, inputs } = summary;
  const listed = columns.slice(0, MAX_COLUMNS);
  const long = listed.length > 24;
  const more = columns.length > listed.length && `, of which the first ${listed.length} are listed`;
  const without =
    leftOut > 0 && ` ${plural(leftOut, 'row')} had no target and ${leftOut === 1 ? 'was' : 'were'} left out.`;
  return html`<section id="table"><h2>Table</h2>
<p class="lead">${plural(rows, 'row')}, ${plural(columns.length + 1, 'column')}${more}; ${count(parts.train)} rows train,
${count(parts.validation)} validate, ${count(parts.test)} test. The columns become ${plural(inputs, 'input')}; means, deviations and
categories are those of the rows that train.${without}</p>
${(summary.warnings ?? []).map((warning) => html`<p>Note: ${warning}.</p>\n`)}<div class="scroll${long && ' tall'}" role="region" aria-label="Columns" tabindex="0">
<table class="data${long ? '' : ' whole'}"><thead><tr><th scope="col">Column</th><th scope="col" class="text">Type</th>
<th scope="col">Inputs</th><th scope="col">Missing</th><th scope="col" class="text">What was found</th></tr></thead>
<tbody>${listed.map(
    ({
      name,
      kind,
      inputs: own,
      missing,
      about,
    }) => html`<tr><th scope="row">${name}</th><td class="text">${kind}</td>
<td>${kind === 'dropped' ? '–' : count(own)}</td><td>${missing === 0 ? '–' : `${count(missing)}, ${percent(missing / rows, 1)}`}</td>
<td class="text">${about}</td></tr>\n`,
  )}</tbody></table></div>
${target(summary)}</section>`;
}

function target({ target }: TableSummary): Html {
  if (target.kind === 'regression') {
    return html`<h3>Target</h3>
<p>${target.name}: a number, of mean ${number(target.mean)} and deviation ${number(target.deviation)} in training.</p>`;
  }
  const { classes } = target;
  const all = classes.reduce((sum, one) => sum + rowsOf(one), 0);
  const long = classes.length > 24;
  return html`<h3>Target: ${target.name}</h3>
<div class="scroll${long && ' tall'}" role="region" aria-label="Classes" tabindex="0">
<table class="data${long ? '' : ' whole'}"><thead><tr><th scope="col">Class</th><th scope="col">Train</th><th scope="col">Validation</th>
<th scope="col">Test</th><th scope="col">Share</th></tr></thead>
<tbody>${classes.map(
    (
      one,
    ) => html`<tr><th scope="row">${one.name}</th><td>${count(one.train)}</td><td>${count(one.validation)}</td>
<td>${count(one.test)}</td><td>${percent(rowsOf(one) / all, 1)}</td></tr>\n`,
  )}</tbody></table></div>`;
}
