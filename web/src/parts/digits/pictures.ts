/** Numbers as pictures: weights, what convolutions find, an image as the network sees it. */
import { nothing, putColour } from '../../shared/colours.js';

const SIDE = 28;
const GAP = 2;

export interface Tiles {
  /** [pixels of a tile, all tiles], row-major: weights [784, units], maps [28, 28, channels]. */
  readonly values: Float32Array;
  /** Pixels a side. */
  readonly side: number;
  /** Tiles that are drawn at most. */
  readonly most: number;
  /** Tiles in a row at most, where there is room and where there is little. */
  readonly columns: readonly [wide: number, narrow: number];
  /** Whether all have one scale, the largest value's; else each has its own. */
  readonly together?: boolean;
}

/** Tiles side by side: orange is positive, blue negative. */
export function drawTiles(canvas: HTMLCanvasElement, tiles: Tiles, dark: boolean): void {
  const { values, side, most, columns: wanted, together } = tiles;
  const all = values.length / (side * side);
  const count = Math.min(all, most);
  const columns = columnsFor(count, wanted[innerWidth < 640 ? 1 : 0]);
  // Small tiles are drawn larger, so that the gaps are as wide as between others.
  const zoom = Math.max(1, Math.round(SIDE / side));
  const size = side * zoom;
  const width = columns * (size + GAP) - GAP;
  const height = Math.ceil(count / columns) * (size + GAP) - GAP;
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  // One row of a few tiles is not blown up to the page's width.
  canvas.style.maxWidth = count === columns ? `${columns * 5.5}rem` : '';
  const context = canvas.getContext('2d')!;
  const image = context.createImageData(width, height);
  const none = nothing(dark);
  const shared = together ? largest(values, 0, 1) : 0;
  for (let tile = 0; tile < count; tile++) {
    const scale = shared || largest(values, tile, all);
    const left = (tile % columns) * (size + GAP);
    const top = Math.floor(tile / columns) * (size + GAP);
    for (let pixel = 0; pixel < size * size; pixel++) {
      const [y, x] = [Math.floor(pixel / size), pixel % size];
      const value = values[(Math.floor(y / zoom) * side + Math.floor(x / zoom)) * all + tile] / scale;
      // What is faint beside the strongest is to be seen too.
      const seen = together ? Math.sign(value) * Math.sqrt(Math.abs(value)) : value;
      putColour(image.data, (top + y) * width + left + x, seen, none);
    }
  }
  context.putImageData(image, 0, 0);
}

/** The size of the largest of every so many values. */
function largest(values: Float32Array, from: number, step: number): number {
  let found = 1e-9;
  for (let i = from; i < values.length; i += step) found = Math.max(found, Math.abs(values[i]));
  return found;
}

/** The most that fill whole rows, if that is at least half of what there is room for. */
function columnsFor(count: number, most: number): number {
  for (let columns = Math.min(count, most); columns > most / 2; columns--) {
    if (count % columns === 0) return columns;
  }
  return Math.min(count, most);
}

/** Ink from 0 to 1, white on black; nothing when undefined. */
export function drawImage(canvas: HTMLCanvasElement, pixels: Float32Array | undefined): void {
  const context = canvas.getContext('2d')!;
  const image = context.createImageData(SIDE, SIDE);
  for (let i = 0; i < SIDE * SIDE; i++) {
    image.data.fill(255 * (pixels?.[i] ?? 0), 4 * i, 4 * i + 3);
    image.data[4 * i + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}

/** Counts [actual][predicted] as a table. */
export function showConfusion(table: HTMLTableElement, confusion: readonly (readonly number[])[]): void {
  const digits = confusion.map((_, i) => i);
  const caption = document.createElement('caption');
  const total = confusion.flat().reduce((sum, count) => sum + count, 0);
  const right = digits.reduce((sum, i) => sum + confusion[i][i], 0);
  caption.textContent = `${right.toLocaleString('en')} of ${total.toLocaleString('en')} right, ${total - right} wrong`;
  const head = document.createElement('thead');
  const headRow = head.insertRow();
  headRow.append(header('is ↓ taken for →', 'col'), ...digits.map((digit) => header(String(digit), 'col')));
  const body = document.createElement('tbody');
  for (const actual of digits) {
    const row = body.insertRow();
    row.append(header(String(actual), 'row'));
    const size = Math.max(
      1,
      confusion[actual].reduce((sum, count) => sum + count, 0),
    );
    for (const predicted of digits) {
      const count = confusion[actual][predicted];
      const cell = row.insertCell();
      cell.textContent = count === 0 ? '' : String(count);
      if (count === 0) continue;
      const hit = actual === predicted;
      // A mistake of five percent is as plain to see as a row that is all right.
      const strength = hit ? 0.4 * (count / size) : Math.min(0.6, 0.12 + 10 * (count / size));
      cell.style.background = `rgb(var(${hit ? '--train-rgb' : '--test-rgb'}) / ${strength.toFixed(3)})`;
    }
  }
  table.replaceChildren(caption, head, body);
}

function header(text: string, scope: 'row' | 'col'): HTMLTableCellElement {
  const cell = document.createElement('th');
  cell.scope = scope;
  cell.textContent = text;
  return cell;
}
