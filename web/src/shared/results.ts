/** Results as tables and bars: a confusion matrix with names, and probabilities. */
import { make, percent } from './dom.js';

/** Counts [actual][predicted] as a table. */
export function confusionTable(
  confusion: readonly (readonly number[])[],
  names: readonly string[],
): HTMLTableElement {
  const total = confusion.flat().reduce((sum, count) => sum + count, 0);
  const right = confusion.reduce((sum, row, i) => sum + row[i], 0);
  const table = make('table', { class: 'confusion' });
  table.append(
    make(
      'caption',
      {},
      `${right} of ${total} right: rows are what they are, columns what they are taken for`,
    ),
  );
  const head = make('tr', {}, make('td'), ...names.map((name) => make('th', { scope: 'col' }, name)));
  const body = make('tbody');
  for (const [i, row] of confusion.entries()) {
    const size = Math.max(
      1,
      row.reduce((sum, count) => sum + count, 0),
    );
    const cells = row.map((count, j) => {
      const cell = make('td', {}, count === 0 ? '' : String(count));
      const strength = i === j ? 0.45 * (count / size) : Math.min(0.6, 0.1 + count / size);
      if (count > 0)
        cell.style.background = `rgb(var(${i === j ? '--train-rgb' : '--test-rgb'}) / ${strength.toFixed(3)})`;
      return cell;
    });
    body.append(make('tr', {}, make('th', { scope: 'row' }, names[i]), ...cells));
  }
  table.append(make('thead', {}, head), body);
  return table;
}

/** Each name with its share, and a bar beside it. The first of equals is marked as the best. */
export function shareList(
  list: HTMLElement,
  shares: readonly { readonly name: string; readonly share: number }[],
): void {
  const best = Math.max(...shares.map(({ share }) => share));
  const at = shares.findIndex(({ share }) => share === best);
  // Elements are kept where they can be, so that bars move.
  while (list.children.length > shares.length) list.lastElementChild!.remove();
  for (const [i, { name, share }] of shares.entries()) {
    const item = list.children[i] ?? list.appendChild(newShare());
    item.classList.toggle('best', i === at);
    item.querySelector('.name')!.textContent = name;
    item.querySelector('i')!.style.transform = `scaleX(${share})`;
    item.querySelector('.share')!.textContent = percent(share);
  }
}

function newShare(): HTMLLIElement {
  const bar = make('span', { class: 'bar', 'aria-hidden': 'true' }, make('i'));
  return make('li', {}, make('span', { class: 'name' }), bar, make('span', { class: 'share' }));
}
