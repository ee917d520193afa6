/**
 * Drawings: lists of strokes, each a list of points [x, y] with y going down, and what becomes of them. In your
 * own page, photographs stand here; the rest of the example does not care where its images are from.
 */

/** Height and width of the images that the network takes. */
export const SIZE = 24;

/** What the network has never seen, and what it is to learn. */
export const firstClasses = [
  {
    name: 'arrow',
    strokes: [
      [
        [-1, 0],
        [1, 0],
      ],
      [
        [0.4, -0.6],
        [1, 0],
        [0.4, 0.6],
      ],
    ],
  },
  {
    name: 'house',
    strokes: [
      [
        [-0.8, 1],
        [-0.8, -0.1],
        [0, -1],
        [0.8, -0.1],
        [0.8, 1],
        [-0.8, 1],
      ],
    ],
  },
  { name: 'heart', strokes: [heart()] },
];

function heart() {
  return Array.from({ length: 33 }, (_, i) => {
    const t = (i / 32) * 2 * Math.PI;
    const y = 13 * Math.cos(t) - 5 * Math.cos(2 * t) - 2 * Math.cos(3 * t) - Math.cos(4 * t);
    return [Math.sin(t) ** 3, -y / 16];
  });
}

/** Random numbers from 0 to 1 that are the same each time (Marsaglia's xorshift). */
export function randomFrom(seed) {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** The same drawing as another hand would have made it: turned, stretched, and shaken a little. */
export function varied(strokes, random) {
  const around = (spread) => (random() + random() + random() - 1.5) * 2 * spread;
  const [angle, shear, wide, high] = [around(0.15), around(0.15), 0.7 + 0.5 * random(), 0.7 + 0.5 * random()];
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const { low, span } = boxOf(strokes);
  const shaken = strokes.map((stroke) =>
    stroke.map(([px, py]) => {
      const x = ((px - low[0]) / span - 0.5) * 2;
      const y = ((py - low[1]) / span - 0.5) * 2;
      const [a, b] = [wide * x + shear * y, high * y];
      return [cos * a - sin * b + around(0.04), sin * a + cos * b + around(0.04)];
    }),
  );
  return { strokes: shaken, size: 0.75 + 0.25 * random(), thickness: 0.6 + 0.5 * random() };
}

/** White lines on black, SIZE x SIZE numbers from 0 to 1, the drawing in the middle; one channel. */
export function pixelsOf(strokes, { size = 0.9, thickness = 0.85 } = {}) {
  const { low, high, span } = boxOf(strokes);
  const scale = (size * (SIZE - 6)) / span;
  const place = (point) => point.map((own, axis) => (own - (low[axis] + high[axis]) / 2) * scale + SIZE / 2);
  const lines = strokes.flatMap((stroke) => {
    const points = stroke.map(place);
    // A dot is a line to itself.
    return points.length === 1 ? [[points[0], points[0]]] : points.slice(1).map((end, i) => [points[i], end]);
  });
  return Float32Array.from({ length: SIZE * SIZE }, (_, i) => {
    const [x, y] = [(i % SIZE) + 0.5, Math.floor(i / SIZE) + 0.5];
    const distance = Math.min(...lines.map(([from, to]) => distanceTo(x, y, from, to)));
    return Math.min(1, Math.max(0, thickness + 0.5 - distance));
  });
}

function distanceTo(x, y, [ax, ay], [bx, by]) {
  const [dx, dy] = [bx - ax, by - ay];
  const along = ((x - ax) * dx + (y - ay) * dy) / Math.max(dx * dx + dy * dy, 1e-9);
  const t = Math.min(1, Math.max(0, along));
  return Math.hypot(ax + t * dx - x, ay + t * dy - y);
}

function boxOf(strokes) {
  const points = strokes.flat();
  const low = [0, 1].map((axis) => Math.min(...points.map((point) => point[axis])));
  const high = [0, 1].map((axis) => Math.max(...points.map((point) => point[axis])));
  return { low, high, span: Math.max(high[0] - low[0], high[1] - low[1], 1e-9) };
}
