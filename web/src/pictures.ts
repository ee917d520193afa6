/** Numbers as pictures: the hidden units' weights, an image as the network sees it. */

const SIDE = 28;
const GAP = 2;
const TILES = 40;

/** Weights [784, units] as tiles, each scaled by its own largest value: orange excites, blue inhibits. */
export function drawWeights(canvas: HTMLCanvasElement, weights: Float32Array, dark: boolean): void {
  const units = weights.length / (SIDE * SIDE);
  const count = Math.min(units, TILES);
  const columns = Math.min(count, canvas.clientWidth < 600 ? 8 : 10);
  const rows = Math.ceil(count / columns);
  const width = columns * (SIDE + GAP) - GAP;
  const height = rows * (SIDE + GAP) - GAP;
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = canvas.getContext('2d')!;
  const image = context.createImageData(width, height);
  const none = dark ? [30, 33, 38] : [243, 243, 238];
  const more = [232, 120, 44];
  const less = [62, 124, 214];
  for (let unit = 0; unit < count; unit++) {
    let largest = 1e-9;
    for (let i = unit; i < weights.length; i += units) largest = Math.max(largest, Math.abs(weights[i]));
    const left = (unit % columns) * (SIDE + GAP);
    const top = Math.floor(unit / columns) * (SIDE + GAP);
    for (let pixel = 0; pixel < SIDE * SIDE; pixel++) {
      const value = weights[pixel * units + unit] / largest;
      const towards = value > 0 ? more : less;
      const share = Math.abs(value);
      const at = 4 * ((top + Math.floor(pixel / SIDE)) * width + left + (pixel % SIDE));
      for (let c = 0; c < 3; c++) image.data[at + c] = none[c] + (towards[c] - none[c]) * share;
      image.data[at + 3] = 255;
    }
  }
  context.putImageData(image, 0, 0);
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
