/** What was found in a table: its columns with their types, which may be chosen, and its first rows. */
import type { ColumnType, PreparedColumn, TableSummary } from 'lanegrad/tables';
import { count, make, plural } from '../../shared/dom.js';
import type { Opened } from './protocol.js';

const kinds = { number: 'number', category: 'category', boolean: 'yes or no', date: 'date' } as const;

/** Rows of columns: name, type, missing, what is in it. `change` is told of a type that is chosen. */
export function showColumns(
  table: HTMLTableElement,
  { columns, rows }: Pick<TableSummary, 'columns' | 'rows'>,
  types: Readonly<Record<string, ColumnType>>,
  change: (name: string, type: ColumnType | undefined) => void,
): void {
  const heads = ['Column', 'Read as', 'Missing', 'Inputs', 'What is in it'];
  const body = make('tbody');
  for (const { name, kind, missing, inputs, about } of columns) {
    const select = make('select', { 'aria-label': `Read ${name} as`, 'data-column': name });
    const found = kind === 'dropped' ? 'left out' : kinds[kind];
    const chosen = types[name];
    select.append(new Option(chosen ? 'found out' : found, ''));
    for (const [type, label] of [...Object.entries(kinds), ['drop', 'left out']]) {
      if (label === found && !chosen) continue;
      select.append(new Option(label, type, type === chosen, type === chosen));
    }
    select.addEventListener('change', () =>
      change(name, (select.value || undefined) as ColumnType | undefined),
    );
    const share = missing === 0 ? '–' : `${count(missing)} (${((100 * missing) / rows).toFixed(1)} %)`;
    const row = make('tr', { class: kind === 'dropped' ? 'dropped' : '' });
    row.append(
      make('th', { scope: 'row' }, name),
      make('td', {}, select),
      make('td', {}, share),
      make('td', {}, inputs === 0 ? '–' : String(inputs)),
      make('td', { class: 'text' }, about),
    );
    body.append(row);
  }
  table.replaceChildren(headOf(heads), body);
}

export function showPreview(table: HTMLTableElement, { columns, preview }: Opened): void {
  const rows = preview.map((cells) => make('tr', {}, ...cells.map((cell) => make('td', {}, cell))));
  table.replaceChildren(headOf(columns), make('tbody', {}, ...rows));
}

function headOf(names: readonly string[]): HTMLTableSectionElement {
  return make('thead', {}, make('tr', {}, ...names.map((name) => make('th', { scope: 'col' }, name))));
}

/** The target and the parts, in a sentence. */
export function describe({ target, parts, inputs, warnings, leftOut }: TableSummary): string {
  const what =
    target.kind === 'classification'
      ? `${target.name} is one of ${target.classes.length} classes: ${listed(target.classes.map((one) => one.name))}.`
      : `${target.name} is a number, ${short(target.mean)} on average, give or take ${short(target.deviation)}.`;
  const without = leftOut > 0 ? ` ${plural(leftOut, 'row')} without it are left out.` : '';
  const dealt = `${plural(parts.train, 'row')} train, ${count(parts.validation)} validate, ${count(parts.test)} test; ${plural(inputs, 'input')}.`;
  return [what + without, dealt, ...warnings].join(' ');
}

const short = (value: number) => Number(value.toPrecision(4)).toLocaleString('en');

function listed(names: readonly string[]): string {
  return names.length > 6 ? `${names.slice(0, 6).join(', ')}, …` : names.join(', ');
}

/** Fields for a row, a column each, with the values of `row` to begin with. */
export function rowFields(
  columns: readonly PreparedColumn[],
  names: readonly string[],
  row: readonly string[],
): HTMLElement[] {
  return columns.map((column, i) => {
    const value = row[names.indexOf(column.name)] ?? '';
    const attributes = { name: column.name, value, 'data-cell': true };
    if (column.kind === 'number') {
      return label(column.name, make('input', { ...attributes, type: 'text', inputmode: 'decimal' }));
    }
    if (column.kind === 'date')
      return label(column.name, make('input', { ...attributes, type: 'text', placeholder: '2024-01-31' }));
    // A list to choose from that takes other values too: the model knows what to do with them.
    const list = make('datalist', { id: `tb-values-${i}` });
    const values = column.kind === 'boolean' ? column.values : column.categories.slice(0, 200);
    list.append(...values.map((one) => new Option(one, one)));
    return label(column.name, make('input', { ...attributes, type: 'text', list: list.id }), list);
  });
}

function label(name: string, ...children: readonly HTMLElement[]): HTMLElement {
  return make('label', {}, `${name} `, ...children);
}
