/**
 * How far a step in float32 may be from the same in float64, of the same numbers. u is half a unit in the last
 * place of 1, so a rounding is off by at most u·|result|, and n ulp of a function by 2·n·u·|result| (of
 * docs/numerics.md).
 *
 * - What moves or picks numbers is exact.
 * - A sum of n terms, in whatever order, is within (n + 2)·u·Σ|terms| (Higham 2002, 4.2): one rounding of each
 *   term, and at most n of the chain. Σ|terms| is the same step of the absolute values, and n the same step of
 *   ones, both by the reference.
 * - Functions have their bounds in ulp. Where the derivative of an activation is a short formula, its bound is
 *   that of the terms it consists of.
 * - Softmax and norms are the sums and quotients that they are made of; their bounds are written out below.
 *
 * fma leaves out roundings and adds none, so its bounds are the same.
 */
const u = 2 ** -24;
/** Below it float32 has no more bits: half of the least number above 0, and some such. */
const TINY = 2 ** -145;

type Numbers = readonly number[];

interface StepRun {
  readonly name: string;
  readonly attributes: unknown;
  readonly inputs: readonly Numbers[];
  /** By the reference, of each output. */
  readonly expected: readonly Numbers[];
  /** Of the inputs, their rows first. */
  readonly shapes: readonly (readonly number[])[];
  /** The outputs of the same step for other inputs. */
  run(inputs: readonly Numbers[]): readonly Numbers[];
}

/** The largest difference that is allowed of each number of each output. */
type Bound = (step: StepRun) => readonly Numbers[];

const exact: Bound = ({ expected }) => expected.map((values) => values.map(() => 0));

/** So many roundings of the result itself. */
const roundings =
  (count: number): Bound =>
  ({ expected }) =>
    expected.map((values) => values.map((y) => count * u * Math.abs(y) + TINY));

const ulps = (count: number) => roundings(2 * count);

/**
 * Sums of products of inputs; `fixed` are those that are no factors but places. `more` are the roundings of the
 * weights or factors that are not among the inputs.
 */
const sums =
  (fixed: readonly number[] = [], more = 0): Bound =>
  ({ inputs, run }) => {
    const of = (change: (value: number) => number) =>
      run(inputs.map((values, i) => (fixed.includes(i) ? values : values.map(change))));
    const counts = of(() => 1);
    const sizes = of(Math.abs).map((values) => [...values]);
    return sizes.map((values, i) =>
      values.map((size, k) => (Math.abs(counts[i][k]) + 2 + more) * u * size + TINY),
    );
  };

/** Weighted means of pixels: at most so many as the larger image has, whose weights are rounded too. */
const resampled: Bound = ({ inputs, shapes, expected, run }) => {
  const channels = shapes[0].at(-1)!;
  const pixels = Math.max(inputs[0].length, expected[0].length) / channels / shapes[0][0];
  return run(inputs.map((values) => values.map(Math.abs))).map((values) =>
    values.map((size) => (pixels + 4) * u * size + TINY),
  );
};

const largest = (values: Numbers) => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

/** Of one factor of the input's, element by element. */
const each =
  (bound: (step: StepRun) => (index: number) => number): Bound =>
  (step) => {
    const of = bound(step);
    return step.expected.map((values) => values.map((_, i) => of(i) + TINY));
  };

const activations: Readonly<Record<string, Bound>> = {
  ...{ identity: exact, relu: exact, sigmoid: ulps(3), tanh: ulps(3), softplus: roundings(2 ** 3) },
  // The slope is rounded to float32, and the product.
  leakyRelu: roundings(2),
  // Relative error 5·2⁻²³, for x < 0 (5 + x²/2)·2⁻²³.
  gelu: each(
    ({ inputs: [x], expected: [y] }) =>
      (i) =>
        (10 + (x[i] < 0 ? x[i] ** 2 : 0)) * u * Math.abs(y[i]),
  ),
  /**
   * x·(1 + tanh z)/2 with z = √(2/π)·(x + 0.044715·x³), of which six roundings are at most 8·u·|z|: tanh is then off
   * by that times 1 - tanh² ≤ 1, and by 3 ulp; 1 + tanh may cancel, so all this is absolute.
   */
  geluTanh: each(({ inputs: [x] }) => (i) => {
    const z = Math.abs(0.8 * (x[i] + 0.044715 * x[i] ** 3));
    const slope = 1 - Math.tanh(z) ** 2;
    return 0.5 * Math.abs(x[i]) * (8 * z * slope + 6 + 6) * u;
  }),
  silu: roundings(2 * 3 + 1),
  /** alpha·(eˣ - 1), without cancellation: expm1 within 5 ulp, alpha rounded, and the product. */
  elu: roundings(2 * 5 + 2),
};

/** dy times f'(v), the derivative off by `error(v)`, and the product rounded. */
const slope = (error: (v: number) => number): Bound =>
  each(({ inputs: [at, dy], expected: [dx] }) => (i) => {
    return Math.abs(dy[i]) * error(at[i]) * u + 2 * u * Math.abs(dx[i]);
  });

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

const slopes: Readonly<Record<string, Bound>> = {
  ...{ identity: exact, relu: exact, leakyRelu: roundings(2) },
  // y·(1 - y), both factors with one rounding; 1 - y² rounds the square too, of which little may be left.
  sigmoid: slope((y) => 3 * Math.abs(y * (1 - y))),
  tanh: slope((y) => 2 * y * y + 2 * Math.abs(1 - y * y)),
  /** Φ(x) + x·φ(x): Φ as gelu has it; φ's exponent x²/2 is rounded, which counts as often as it is large. */
  gelu: slope((x) => (14 + x * x) * (1 + Math.abs(x))),
  geluTanh: slope((x) => (1 + Math.abs(x) * (1 + 0.14 * x * x)) * (16 + 8 * Math.abs(x))),
  /** σ·(1 + x·(1 - σ)): σ within 3 ulp, so 1 - σ within 6·u·σ. */
  silu: slope((x) => sigmoid(x) * (12 + 16 * Math.abs(x))),
  softplus: slope((x) => 6 * sigmoid(x)),
  /** alpha·eˣ: 2 ulp, alpha rounded, and the product. */
  elu: roundings(4 + 3),
};

/** n is the larger of rows and columns: sums along either have no more terms. */
function matrix({ inputs: [x], shapes: [shape] }: StepRun) {
  const columns = shape.at(-1)!;
  return { n: Math.max(columns, x.length / columns), x: largest(x) };
}

/**
 * y = (x - mean)·rstd·weight + bias. With A = max |x|, the mean is within (n + 1)·u·A, so x - mean within
 * (n + 3)·u·A, as |x - mean| ≤ 2A. The corrected variance is relative to itself within (n + 4)·u, the error of
 * the mean being made good; eps and the sum add 2·u, the root halves that, and a root and a quotient round once
 * each: rstd is within (n + 6)/2·u + 2·u. The rest are four roundings.
 */
const norm =
  (buffers: number): Bound =>
  (step) => {
    const { n, x } = matrix(step);
    const { inputs, expected } = step;
    const weight = inputs.length > buffers + 1 ? largest(inputs[buffers + 1]) : 1;
    // Where no derivative reads it, it is not there, and eps says how large it can be.
    const { eps } = step.attributes as { eps: number };
    const rstd = expected[2].length > 0 ? largest(expected[2]) : 1 / Math.sqrt(eps);
    const own = weight * rstd * x * (n + 3 + 2 * (n / 2 + 9)) * u;
    return [
      expected[0].map((y) => own + 2 * u * Math.abs(y) + 2 * u * largest(expected[0])),
      expected[1].map(() => (n + 1) * u * x + TINY),
      expected[2].map((value) => (n / 2 + 5) * u * value),
    ];
  };

/**
 * dx = rstd·(g - Σg/n - h·Σ(g·h)/n) with g = dy·weight and h = (x - mean)·rstd, |h| ≤ H: each of the three is
 * rounded like its sum, of n terms with three roundings each. dweight = Σ dy·h and dbias = Σ dy over the rows.
 */
const normGradient: Bound = (step) => {
  const { n, x } = matrix(step);
  const { inputs, expected } = step;
  const [, dy, mean, rstd] = inputs;
  const weight = inputs.length > 4 ? largest(inputs[4]) : 1;
  const [r, d] = [largest(rstd), largest(dy)];
  const H = (x + largest(mean)) * r;
  const dx = r * weight * d * (2 + H * H) * (2 * n + 16) * u;
  const bounds = [dx, (n + 8) * u * n * d * H, (n + 2) * u * n * d];
  return expected.map((values, i) => values.map(() => bounds[i] + TINY));
};

/** eˣ⁻ᵐ over its sum: x - m is rounded, exp is within 2 ulp, the sum has n terms, and the quotient is rounded. */
const softmax: Bound = ({ inputs: [x], shapes: [shape], expected }) => {
  const [n, range] = [shape.at(-1)!, 2 * largest(x)];
  return [expected[0].map((y) => (2 * range + 8 + n + 2) * u * y + TINY)];
};

/** y·(dy - Σ dy·y), and Σ |dy·y| ≤ max |dy|. */
const softmaxGradient: Bound = ({ inputs: [y, dy], shapes: [shape] }) => {
  const n = shape.at(-1)!;
  return [y.map((value) => value * 2 * largest(dy) * (n + 5) * u + TINY)];
};

const reduced: Bound = (step) => {
  const { operation } = step.attributes as { operation: string };
  if (operation === 'max' || operation === 'min') return exact(step);
  if (operation === 'sum') return sums()(step);
  const count = step.inputs[0].length / step.expected[0].length;
  const sizes = step.run(step.inputs.map((values) => values.map(Math.abs)))[0];
  return [sizes.map((size) => (count + 4) * u * size + TINY)];
};

const named =
  (table: Readonly<Record<string, Bound>>): Bound =>
  (step) =>
    table[(step.attributes as { name: string }).name](step);

const isMoving = [
  ...[
    'reshape',
    'transpose',
    'slice',
    'place',
    'concat',
    'crop',
    'spread',
    'stopGradient',
    'copyOf',
    'lineOf',
  ],
  ...[
    'pad',
    'neg',
    'abs',
    'sign',
    'floor',
    'ceil',
    'round',
    'maximum',
    'minimum',
    'where',
    'take',
    'embedding',
  ],
  ...['less', 'lessEqual', 'greater', 'greaterEqual', 'equal', 'notEqual', 'maxPool2d', 'embeddingInput'],
];

const bounds: Readonly<Record<string, Bound>> = {
  ...Object.fromEntries(isMoving.map((name) => [name, exact])),
  ...Object.fromEntries(
    ['add', 'sub', 'mul', 'div', 'sqrt', 'square', 'reciprocal', 'constantLike', 'sumOfGradients'].map(
      (name) => [name, roundings(1)],
    ),
  ),
  ...{ exp: ulps(2), log: ulps(2), sin: ulps(1), cos: ulps(1), pow: ulps(1), erf: ulps(3) },
  // The factor is rounded, and the product.
  ...{ dropout: roundings(2), dropoutGradient: roundings(2), meanGradient: roundings(2) },
  ...{ activation: named(activations), activationGradient: named(slopes) },
  ...{ matmul: sums(), conv2d: sums(), convTranspose2d: sums(), columnSums: sums(), sumTo: sums() },
  ...{ conv2dWeightGradient: sums(), conv2dImageGradient: sums() },
  ...{ takeTable: sums([0]), embeddingTable: sums([0]), maxPool2dGradient: sums([0]) },
  ...{ avgPool2d: resampled, avgPool2dGradient: resampled, upsample2d: resampled },
  ...{ upsample2dGradient: resampled, padGradient: resampled, reduce: reduced },
  ...{ softmax, softmaxGradient, batchNorm: norm(2), layerNorm: norm(0) },
  ...{ batchNormGradient: normGradient, layerNormGradient: normGradient },
};

/** Throws for an operation that has no bound: a new one wants one. */
export function allowed(step: StepRun): readonly Numbers[] {
  const bound = bounds[step.name];
  if (!bound) throw new Error(`the operation ${step.name} has no bound`);
  return bound(step);
}
