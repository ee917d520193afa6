/** The plane as pictures: the large one with its points, and small ones of features and data sets. */
import { isDark, NEGATIVE, nothing, POSITIVE, putColour } from '../../shared/colours.js';
import { EXTENT, type Points } from './points.js';

/** Paints values [side · side] from -1 to 1, a pixel each; `scale` is what they are divided by. */
export function paint(canvas: HTMLCanvasElement, values: ArrayLike<number>, scale = 1, strength = 1): void {
  const side = Math.sqrt(values.length);
  if (canvas.width !== side) Object.assign(canvas, { width: side, height: side });
  const context = canvas.getContext('2d')!;
  const image = context.createImageData(side, side);
  const none = nothing();
  for (let i = 0; i < values.length; i++) putColour(image.data, i, (strength * values[i]) / scale, none);
  context.putImageData(image, 0, 0);
}

const css = ([red, green, blue]: readonly number[]) => `rgb(${red} ${green} ${blue})`;

/** Points whose answer is above the middle are orange discs, those below it blue squares. */
export function drawPoints(
  context: CanvasRenderingContext2D,
  { at, answers }: Points,
  { radius, regression, hollow }: { radius: number; regression: boolean; hollow?: boolean },
): void {
  const { width } = context.canvas;
  const place = (value: number) => (width * (value / EXTENT + 1)) / 2;
  const none = nothing();
  context.lineWidth = Math.max(1, radius / 3);
  const edge = isDark() ? '#0d0f12' : '#ffffff';
  for (let i = 0; i < answers.length; i++) {
    const value = regression ? answers[i] : 2 * answers[i] - 1;
    const [x, y] = [place(at[2 * i]), place(-at[2 * i + 1])];
    const towards = value > 0 ? POSITIVE : NEGATIVE;
    const share = regression ? Math.abs(value) : 1;
    const colour = css(none.map((one, c) => one + (towards[c] - one) * share));
    context.beginPath();
    if (value > 0) context.arc(x, y, radius, 0, 2 * Math.PI);
    else context.rect(x - 0.88 * radius, y - 0.88 * radius, 1.76 * radius, 1.76 * radius);
    context.fillStyle = hollow ? edge : colour;
    context.strokeStyle = hollow ? colour : edge;
    context.fill();
    context.stroke();
  }
}

const buffer = document.createElement('canvas');

/** The large picture: what the network says of each place, smoothly, and the points upon it. */
export function drawPlane(
  canvas: HTMLCanvasElement,
  values: ArrayLike<number>,
  scale: number,
  { discrete, points }: { discrete: boolean; points: (context: CanvasRenderingContext2D) => void },
): void {
  const pixels = Math.round(canvas.clientWidth * Math.min(2, devicePixelRatio)) || 320;
  if (canvas.width !== pixels) Object.assign(canvas, { width: pixels, height: pixels });
  const context = canvas.getContext('2d')!;
  paint(buffer, discrete ? Array.from(values, Math.sign) : values, scale, 0.7);
  // Or the edges would be mixed with what was there before.
  context.clearRect(0, 0, pixels, pixels);
  context.imageSmoothingEnabled = !discrete;
  context.imageSmoothingQuality = 'high';
  context.drawImage(buffer, 0, 0, pixels, pixels);
  points(context);
}
