/**
 * A drawing as MNIST would hold it: its longer side 20 pixels, its centre of mass in the middle of 28x28,
 * lines of about two pixels with soft edges. From points, not from the picture, so that the lines are as
 * thick however large one draws.
 */

export interface Point {
  readonly x: number;
  readonly y: number;
}

const SIZE = 28;
const BOX = 20;
/** Half the width of a line. */
const RADIUS = 1.25;
/** Drawings smaller than this share of the pad are not blown up: a dot stays a dot. */
const SMALLEST = 0.2;

/**
 * Ink from 0 to 1 in 28x28 pixels; undefined when nothing is drawn. Points count from 0 to 1 across the pad.
 */
export function renderDigit(strokes: readonly (readonly Point[])[]): Float32Array | undefined {
  const points = strokes.flat();
  if (points.length === 0) return undefined;
  const [left, right] = range(points.map(({ x }) => x));
  const [top, bottom] = range(points.map(({ y }) => y));
  const scale = (BOX - 2 * RADIUS) / Math.max(right - left, bottom - top, SMALLEST);
  const place = (dx: number, dy: number) => (point: Point) => ({
    x: (point.x - (left + right) / 2) * scale + SIZE / 2 + dx,
    y: (point.y - (top + bottom) / 2) * scale + SIZE / 2 + dy,
  });
  const first = ink(strokes.map((stroke) => stroke.map(place(0, 0))));
  const { x, y } = centreOfMass(first);
  return ink(strokes.map((stroke) => stroke.map(place(SIZE / 2 - x, SIZE / 2 - y))));
}

function range(values: readonly number[]): [min: number, max: number] {
  let [min, max] = [Infinity, -Infinity];
  for (const value of values) {
    min = Math.min(min, value);
    max = Math.max(max, value);
  }
  return [min, max];
}

function ink(strokes: readonly (readonly Point[])[]): Float32Array {
  const pixels = new Float32Array(SIZE * SIZE);
  for (const stroke of strokes) {
    for (const [i, to] of stroke.entries()) addLine(pixels, stroke[Math.max(0, i - 1)], to);
  }
  return pixels;
}

/** Covers each pixel by how far its centre lies within the line. */
function addLine(pixels: Float32Array, from: Point, to: Point): void {
  const reach = RADIUS + 1;
  const bound = (value: number) => Math.max(0, Math.min(SIZE - 1, value));
  const [x0, x1] = [Math.min(from.x, to.x) - reach, Math.max(from.x, to.x) + reach]
    .map(Math.floor)
    .map(bound);
  const [y0, y1] = [Math.min(from.y, to.y) - reach, Math.max(from.y, to.y) + reach]
    .map(Math.floor)
    .map(bound);
  for (let y = y0; y <= y1; y++) {
    for (let x = x0; x <= x1; x++) {
      const cover = RADIUS + 0.5 - distance({ x: x + 0.5, y: y + 0.5 }, from, to);
      const at = y * SIZE + x;
      pixels[at] = Math.max(pixels[at], Math.min(1, Math.max(0, cover)));
    }
  }
}

/** From a point to a segment. */
function distance(point: Point, from: Point, to: Point): number {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const length = dx * dx + dy * dy;
  const along = length === 0 ? 0 : ((point.x - from.x) * dx + (point.y - from.y) * dy) / length;
  const t = Math.max(0, Math.min(1, along));
  return Math.hypot(point.x - from.x - t * dx, point.y - from.y - t * dy);
}

export function centreOfMass(pixels: Float32Array): Point {
  let [x, y, mass] = [0, 0, 0];
  for (const [i, value] of pixels.entries()) {
    x += value * ((i % SIZE) + 0.5);
    y += value * (Math.floor(i / SIZE) + 0.5);
    mass += value;
  }
  return mass === 0 ? { x: SIZE / 2, y: SIZE / 2 } : { x: x / mass, y: y / mass };
}
