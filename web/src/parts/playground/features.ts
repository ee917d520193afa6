/** What the network may be told of a point. Coordinates are divided by 3, so that all inputs are of one size. */

export const featureNames = ['x', 'y', 'xx', 'yy', 'xy', 'sinx', 'siny'] as const;
export type FeatureName = (typeof featureNames)[number];

interface Feature {
  /** As it is written beside its picture. */
  readonly label: string;
  /** As it is read out. */
  readonly spoken: string;
  of(x: number, y: number): number;
}

const UNIT = 3;

export const features: Readonly<Record<FeatureName, Feature>> = {
  x: { label: 'x', spoken: 'x', of: (x) => x / UNIT },
  y: { label: 'y', spoken: 'y', of: (_, y) => y / UNIT },
  xx: { label: 'x²', spoken: 'x squared', of: (x) => (x / UNIT) ** 2 },
  yy: { label: 'y²', spoken: 'y squared', of: (_, y) => (y / UNIT) ** 2 },
  xy: { label: 'xy', spoken: 'x times y', of: (x, y) => (x * y) / UNIT ** 2 },
  sinx: { label: 'sin x', spoken: 'sine of x', of: (x) => Math.sin(x) },
  siny: { label: 'sin y', spoken: 'sine of y', of: (_, y) => Math.sin(y) },
};

/** Inputs [size, names] of points [size, 2]. */
export function inputsOf(at: Float32Array, names: readonly FeatureName[]): Float32Array {
  const size = at.length / 2;
  const inputs = new Float32Array(size * names.length);
  for (let i = 0; i < size; i++) {
    for (const [j, name] of names.entries()) {
      inputs[i * names.length + j] = features[name].of(at[2 * i], at[2 * i + 1]);
    }
  }
  return inputs;
}

/** Middles of the fields of a map with so many a side, from the upper left: [side · side, 2]. */
export function gridOf(side: number, extent: number): Float32Array {
  const at = new Float32Array(2 * side * side);
  for (let i = 0; i < side * side; i++) {
    at[2 * i] = extent * ((2 * (i % side) + 1) / side - 1);
    at[2 * i + 1] = -extent * ((2 * Math.floor(i / side) + 1) / side - 1);
  }
  return at;
}
