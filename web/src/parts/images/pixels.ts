/** From what a page can draw to what the network takes: 32 by 32 pixels of three bytes. */
import { randomFrom } from '../../shared/random.js';
import { BYTES, SIDE } from './sizes.js';

/** Pixels of the source for each of the network's, whose mean is taken. */
const ZOOM = 4;
const LARGE = SIDE * ZOOM;

const canvas = document.createElement('canvas');
canvas.width = canvas.height = LARGE;
const context = canvas.getContext('2d', { willReadFrequently: true })!;

/** The middle square of a picture or a video, as a row. */
export function pixelsOf(source: CanvasImageSource, width: number, height: number): Uint8Array {
  const side = Math.min(width, height);
  context.drawImage(source, (width - side) / 2, (height - side) / 2, side, side, 0, 0, LARGE, LARGE);
  const { data } = context.getImageData(0, 0, LARGE, LARGE);
  const pixels = new Uint8Array(BYTES);
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) {
      for (let c = 0; c < 3; c++) {
        let sum = 0;
        for (let i = 0; i < ZOOM * ZOOM; i++) {
          const from = (y * ZOOM + Math.floor(i / ZOOM)) * LARGE + x * ZOOM + (i % ZOOM);
          sum += data[4 * from + c];
        }
        pixels[(y * SIDE + x) * 3 + c] = sum / (ZOOM * ZOOM);
      }
    }
  }
  return pixels;
}

/** Paints a row into a canvas of its own size. */
export function paintPixels(target: HTMLCanvasElement, pixels: Uint8Array): void {
  if (target.width !== SIDE) target.width = target.height = SIDE;
  const image = new ImageData(SIDE, SIDE);
  for (let i = 0; i < SIDE * SIDE; i++) {
    image.data.set(pixels.subarray(3 * i, 3 * i + 3), 4 * i);
    image.data[4 * i + 3] = 255;
  }
  target.getContext('2d')!.putImageData(image, 0, 0);
}

/** Corners around the middle, at these distances in turn. */
function star(corners: number, distances: readonly number[]): (readonly [number, number])[] {
  return Array.from({ length: corners }, (_, i) => {
    const angle = (2 * Math.PI * i) / corners;
    const distance = distances[i % distances.length];
    return [distance * Math.sin(angle), -distance * Math.cos(angle)];
  });
}

/** Shapes to try it with, drawn here. */
export const shapes = {
  circle: star(40, [0.8]),
  triangle: star(3, [1]),
  star: star(10, [1, 0.42]),
} as const;

export type ShapeName = keyof typeof shapes;

/** One shape, as chance has it: place, size, turn and colours. */
export function drawShape(name: ShapeName, seed: number): Uint8Array {
  const random = randomFrom(seed);
  const between = (low: number, high: number) => low + (high - low) * random();
  const hue = 360 * random();
  context.save();
  context.fillStyle = `hsl(${hue} 35% ${between(75, 95)}%)`;
  context.fillRect(0, 0, LARGE, LARGE);
  context.translate(LARGE * between(0.38, 0.62), LARGE * between(0.38, 0.62));
  context.rotate(between(0, 2 * Math.PI));
  const size = LARGE * between(0.22, 0.38);
  context.beginPath();
  for (const [x, y] of shapes[name]) context.lineTo(size * x, size * y);
  context.closePath();
  context.fillStyle = `hsl(${(hue + between(90, 270)) % 360} 65% ${between(25, 55)}%)`;
  context.fill();
  context.restore();
  return pixelsOf(canvas, LARGE, LARGE);
}
