/**
 * The points that the playground learns from: made by chance from a seed, in a plane from -6 to 6. Classes are
 * 0 and 1; numbers to be predicted lie between -1 and 1.
 */
import { normal, randomFrom } from '../../shared/random.js';

/** Half the side of the plane. */
export const EXTENT = 6;

/** Of a data set, training and test together. */
export const COUNT = 500;

export interface Points {
  /** [size, 2]: x, y */
  readonly at: Float32Array;
  /** [size] */
  readonly answers: Float32Array;
}

export const setNames = ['circle', 'xor', 'gaussians', 'spiral', 'plane', 'hills'] as const;
export type SetName = (typeof setNames)[number];

export const titles: Readonly<Record<SetName, string>> = {
  circle: 'circle',
  xor: 'exclusive or',
  gaussians: 'two clouds',
  spiral: 'two spirals',
  plane: 'a slope',
  hills: 'hills and hollows',
};

/** What is to be predicted: a class of two, or a number. */
export const isRegression = (name: SetName) => name === 'plane' || name === 'hills';

type Point = readonly [x: number, y: number, answer: number];
type Maker = (random: () => number, i: number, noise: number) => Point;

/** Middles of hills and hollows, with their signs. */
const HILLS: readonly Point[] = [
  [-3.2, 3, 1],
  [0.2, 3.4, -1],
  [3.4, 2.2, 1],
  [-3.4, -2.2, -1],
  [-0.2, -3.4, 1],
  [3.2, -3, -1],
];

const clamp = (value: number, by = EXTENT) => Math.max(-by, Math.min(by, value));

/** Moves a point by chance: `noise` from 0 to 1. */
function shake([x, y, answer]: Point, random: () => number, noise: number, by: number): Point {
  return [clamp(x + by * noise * normal(random)), clamp(y + by * noise * normal(random)), answer];
}

/** A number that is off by chance. */
function blur(answer: number, random: () => number, noise: number): number {
  return clamp(answer + 0.6 * noise * normal(random), 1);
}

const anywhere = (random: () => number) => EXTENT * (2 * random() - 1);

const makers: Readonly<Record<SetName, Maker>> = {
  circle(random, i, noise) {
    const within = i % 2;
    const radius = within ? 2.4 * Math.sqrt(random()) : 3.6 + 1.9 * random();
    const angle = 2 * Math.PI * random();
    return shake([radius * Math.sin(angle), radius * Math.cos(angle), within], random, noise, 1.2);
  },
  xor(random, _, noise) {
    // Away from the axes, where nothing could be told.
    const apart = (value: number) => value + Math.sign(value || 1) * 0.3;
    const [x, y] = [apart(0.9 * anywhere(random)), apart(0.9 * anywhere(random))];
    return shake([x, y, x * y > 0 ? 1 : 0], random, noise, 1.5);
  },
  gaussians(random, i, noise) {
    const side = i % 2 ? 1 : -1;
    const spread = 0.9 + 2 * noise;
    const [x, y] = [2.2 * side + spread * normal(random), 2.2 * side + spread * normal(random)];
    return [clamp(x), clamp(y), i % 2];
  },
  spiral(random, i, noise) {
    const along = (i >> 1) / (COUNT / 2);
    const angle = 1.75 * along * 2 * Math.PI + (i % 2) * Math.PI;
    const radius = 0.2 + 5.2 * along;
    return shake([radius * Math.sin(angle), radius * Math.cos(angle), i % 2], random, noise + 0.06, 0.6);
  },
  plane(random, _, noise) {
    const [x, y] = [anywhere(random), anywhere(random)];
    return [x, y, blur((x + y) / (2 * EXTENT), random, noise)];
  },
  hills(random, _, noise) {
    const [x, y] = [anywhere(random), anywhere(random)];
    const height = HILLS.map(([cx, cy, sign]) => sign * Math.max(0, 1 - Math.hypot(x - cx, y - cy) / 2.4));
    return [
      x,
      y,
      blur(
        height.reduce((sum, one) => sum + one, 0),
        random,
        noise,
      ),
    ];
  },
};

/** `COUNT` points in random order, the first `share` of them to train on. */
export function makePoints(
  name: SetName,
  { noise, share, seed }: { readonly noise: number; readonly share: number; readonly seed: number },
): { readonly train: Points; readonly test: Points } {
  const random = randomFrom(seed);
  const points = Array.from({ length: COUNT }, (_, i) => makers[name](random, i, noise));
  for (let i = COUNT - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [points[i], points[j]] = [points[j], points[i]];
  }
  const split = Math.round(share * COUNT);
  return { train: gather(points.slice(0, split)), test: gather(points.slice(split)) };
}

function gather(points: readonly Point[]): Points {
  return {
    at: Float32Array.from(points.flatMap((point) => point.slice(0, 2))),
    answers: Float32Array.from(points.map(([, , answer]) => answer)),
  };
}
