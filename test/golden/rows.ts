/** Golden cases of kernels over the rows or the columns of a matrix. */
import type { Kernels } from '../../src/engine/kernels.js';
import { type Arguments, type GoldenCase, room } from './case.js';
import { reals, specialColumns, specialRows, specials, spread, wholes } from './values.js';

/** A matrix's size, how far its rows lie apart, and what it holds. */
interface Shape {
  readonly M: number;
  readonly N: number;
  readonly gap: number;
  matrix(seed: number): Float32Array;
}

const shape = (M: number, N: number, gap = 0, scale = 2): Shape => ({
  ...{ M, N, gap },
  matrix: (seed) => reals(M * N, seed + 31 * M + N, scale),
});

const shapes: Readonly<Record<string, Shape>> = {
  'one element': shape(1, 1),
  'part of a vector': shape(1, 3),
  'with a tail': shape(1, 39),
  'several rows': shape(7, 37, 3),
  'cut for threads': shape(97, 211),
  denormal: shape(5, 22, 0, 2 ** -130),
};

const long: Readonly<Record<string, Shape>> = {
  'a long sum': shape(4200, 5),
  'a longest chain': shape(4160, 3),
};

/** One special number in each row, or in each column. */
const inRows: Shape = { M: specials.length, N: 19, gap: 0, matrix: (seed) => specialRows(19, seed) };
const inColumns: Shape = { M: 19, N: specials.length, gap: 0, matrix: (seed) => specialColumns(19, seed) };

/** A matrix that is read, under its name. */
const read = ({ N, gap, matrix }: Shape, name: string, seed: number): Arguments => ({
  [name]: spread(matrix(seed), N, N + gap),
  [`ld${name}`]: N + gap,
});

/** One that is written. */
const written = ({ M, N, gap }: Shape, name: string): Arguments => ({
  [name]: room((M - 1) * (N + gap) + N),
  [`ld${name}`]: N + gap,
});

function over(
  kernel: keyof Kernels,
  special: Shape,
  build: (own: Shape) => Arguments,
  { as, more = {} }: { as?: string; more?: Readonly<Record<string, Shape>> } = {},
): GoldenCase[] {
  return Object.entries({ ...shapes, ...more, special }).map(([name, own]) => ({
    kernel,
    shape: as ? `${as}, ${name}` : name,
    args: { M: own.M, N: own.N, ...build(own) },
  }));
}

/** What every loss has: a number a row, and the gradient of what was predicted. */
const lossOf = (s: Shape): Arguments => ({
  losses: room(s.M),
  ...written(s, 'dx'),
  ...read(s, 'x', 1),
  scale: 0.25,
});

const softmax: GoldenCase[] = [
  ...over('softmax_forward', inRows, (s) => ({ ...written(s, 'y'), ...read(s, 'x', 1) })),
  ...over('softmax_backward', inRows, (s) => ({
    ...written(s, 'dx'),
    ...read(s, 'y', 1),
    ...read(s, 'dy', 2),
  })),
  ...over('softmax_cross_entropy', inRows, (s) => ({ ...lossOf(s), labels: wholes(s.M, s.N, 3) })),
  ...over('argmax', inRows, (s) => ({ y: room(s.M), ...read(s, 'x', 1) })),
];

const ofTargets = (s: Shape): Arguments => ({ ...lossOf(s), ...read(s, 't', 2), weights: reals(s.M, 4) });

const losses: GoldenCase[] = [
  ...over('squared_error', inRows, ofTargets),
  ...over('absolute_error', inRows, ofTargets),
  ...over('huber_error', inRows, (s) => ({ ...ofTargets(s), delta: 0.7 })),
  ...over('binary_cross_entropy', inRows, (s) => ({ ...ofTargets(s), positiveWeight: 2.5 })),
  ...over('weighted_cross_entropy', inRows, (s) => ({
    ...{ ...lossOf(s), labels: wholes(s.M, s.N, 3), smoothing: 0.1 },
    ...{ weights: reals(s.M, 4), classWeights: reals(s.N, 5) },
  })),
  ...over(
    'weighted_cross_entropy',
    inRows,
    (s) => ({
      ...{ ...lossOf(s), smoothing: 1 },
      ...{ classWeights: spread(s.matrix(2), s.N, s.N + s.gap), ldc: s.N + s.gap },
    }),
    { as: 'probabilities' },
  ),
  ...over('row_weights', inRows, (s) => ({
    y: room(s.M),
    labels: wholes(s.M, 5, 3),
    weights: s.matrix(1).slice(0, s.M),
    classWeights: reals(5, 2),
  })),
  ...over('positive', inRows, (s) => ({ y: room(s.M), ...read(s, 'x', 1) })),
];

const columns: GoldenCase[] = [
  ...over('add_bias', inRows, (s) => ({ ...written(s, 'y'), ...read(s, 'x', 1), bias: reals(s.N, 2) })),
  ...over('column_sums', inColumns, (s) => ({ y: room(s.N), ...read(s, 'x', 1) }), { more: long }),
  ...over('column_sums', inColumns, (s) => ({ y: reals(s.N, 2), ...read(s, 'x', 1), accumulate: 1 }), {
    ...{ as: 'onto what is there', more: long },
  }),
  ...over('copy_columns', inRows, (s) => ({ ...written(s, 'y'), ...read(s, 'x', 1) })),
];

/** Saved by forward: a column's, or a row's. */
const moments = (n: number): Arguments => ({
  mean: reals(n, 11),
  rstd: reals(n, 12).map((v) => Math.abs(v) + 0.5),
});
const roomForMoments = (n: number): Arguments => ({ mean: room(n), rstd: room(n) });
const affine = (n: number): Arguments => ({ weight: reals(n, 2), bias: reals(n, 3) });
const running = (s: Shape): Arguments => ({
  ...{ runningMean: reals(s.N, 13), runningVar: reals(s.N, 14).map((v) => v * v) },
  ...{ momentum: 0.1, eps: 1e-5 },
});
/** What gradients are made of: the input, and the gradient of the output. */
const xAndDy = (s: Shape): Arguments => ({ ...read(s, 'x', 1), ...read(s, 'dy', 2) });
const inputGradient = (s: Shape): Arguments => ({ ...written(s, 'dx'), ...xAndDy(s), weight: reals(s.N, 3) });

const normalisation: GoldenCase[] = [
  ...over(
    'batch_norm_statistics',
    inColumns,
    (s) => ({ ...roomForMoments(s.N), ...read(s, 'x', 1), ...running(s) }),
    { more: long },
  ),
  ...over('batch_norm_running', inColumns, (s) => ({
    ...{ ...roomForMoments(s.N), ...running(s), runningMean: s.matrix(1).slice(0, s.N) },
  })),
  ...over('batch_norm_forward', inColumns, (s) => ({
    ...{ ...written(s, 'y'), ...moments(s.N), ...read(s, 'x', 1), ...affine(s.N) },
  })),
  ...over(
    'batch_norm_forward',
    inColumns,
    (s) => ({ ...written(s, 'y'), ...moments(s.N), ...read(s, 'x', 1) }),
    { as: 'not affine' },
  ),
  ...[1, 0].flatMap((training) =>
    over(
      'batch_norm_backward',
      inColumns,
      (s) => ({ ...inputGradient(s), dweight: room(s.N), dbias: room(s.N), ...moments(s.N), training }),
      { as: training ? 'training' : 'predicting', more: long },
    ),
  ),
  ...over('batch_norm_moments', inColumns, (s) => ({
    ...{ mean: reals(s.N, 5), rstd: room(s.N), ...running(s), M: 200 },
    ...{ deviations: s.matrix(1).slice(0, s.N), squares: reals(s.N, 6).map((v) => 300 * Math.abs(v)) },
  })),
  ...over('batch_norm_input_gradient', inColumns, (s) => ({
    ...{ ...inputGradient(s), ...moments(s.N), sums: reals(s.N, 4), products: reals(s.N, 5), count: 50 },
  })),
  ...over('block_totals', inColumns, ({ M, N, matrix }) => ({
    ...{ y: room(N), sums: matrix(1), ldsums: N, B: M, divisor: 7 },
  })),
  ...over('layer_norm_forward', inRows, (s) => ({
    ...{ ...written(s, 'y'), ...roomForMoments(s.M), ...read(s, 'x', 1), eps: 1e-5, ...affine(s.N) },
  })),
  ...over('layer_norm_backward', inRows, (s) => ({ ...inputGradient(s), ...moments(s.M) })),
  ...over(
    'layer_norm_parameters',
    inColumns,
    (s) => ({ dweight: room(s.N), dbias: room(s.N), ...moments(s.M), ...xAndDy(s) }),
    { more: long },
  ),
];

/** Rows of batch normalisation in blocks of 64. */
const BLOCK = 64;
const blocks: GoldenCase[] = Object.entries({
  ...shapes,
  'several blocks': shape(200, 21, 3),
  special: inColumns,
}).flatMap(([name, s]): GoldenCase[] => {
  const { M, N, gap } = s;
  const B = Math.ceil(M / BLOCK);
  const ld = BLOCK * (N + gap);
  const sums = { sums: room(B * N), ldsums: N };
  return [
    {
      kernel: 'block_moments',
      shape: name,
      args: {
        ...{ ...sums, squares: room(B * N), ldsquares: N, mean: reals(N, 2), ...read(s, 'x', 1) },
        ...{ ldblock: ld, B, N, M },
      },
    },
    {
      kernel: 'block_products',
      shape: name,
      args: {
        ...{ ...sums, products: room(B * N), ldproducts: N, ...moments(N), ...xAndDy(s) },
        ...{ ldxblock: ld, lddyblock: ld, B, N, M },
      },
    },
  ];
});

const drawn = { seedLow: 7, seedHigh: 5, stream: 3, step: 11, batch: 2, first: 4, rate: 0.3 };
/** Rows of the tables that numbers are looked up in. */
const CATEGORIES = 7;

const tableGradient = (s: Shape): Arguments => ({
  ...{ dtable: room(CATEGORIES * s.N), lddt: s.N, x: rowsOf(s), ldx: 1, ...read(s, 'dy', 2), K: CATEGORIES },
});
const layers: GoldenCase[] = [
  ...over('dropout_forward', inRows, (s) => ({
    ...{ ...written(s, 'y'), ...written(s, 'mask'), ...read(s, 'x', 1), ...drawn },
  })),
  ...over('embedding_forward', inRows, (s) => ({
    ...{
      ...written(s, 'y'),
      x: rowsOf(s),
      ldx: 1,
      table: reals(CATEGORIES * s.N, 2),
      ldt: s.N,
      K: CATEGORIES,
    },
  })),
  ...over('embedding_backward', inRows, (s) => ({ ...tableGradient(s), lost: room(CATEGORIES * s.N) }), {
    more: long,
  }),
  ...over('embedding_backward', inRows, tableGradient, { as: 'plain chains' }),
];

/** Rows of such a table, some beyond it; special ones too. */
function rowsOf({ M }: Shape): Float32Array {
  const values = Float32Array.from(wholes(M, 9, 1), (v) => v - 0.5);
  if (M === specials.length) values.set(specials);
  return values;
}

const gathered: GoldenCase[] = Object.entries(shapes).flatMap(([name, s]): GoldenCase[] => {
  const { M, N } = s;
  const indices = Uint32Array.from(wholes(M, 9, 3));
  const bytes = Uint8Array.from(wholes(9 * N, 256, 4));
  const sizes = { indices, M, N };
  return [
    {
      kernel: 'gather_u8',
      shape: name,
      args: { ...written(s, 'y'), x: bytes, ...sizes, scale: 1 / 255, offset: -0.5 },
    },
    { kernel: 'gather_f32', shape: name, args: { ...written(s, 'y'), x: reals(9 * N, 5), ...sizes } },
  ];
});

export const rowCases: readonly GoldenCase[] = [
  ...[...softmax, ...losses, ...columns, ...normalisation, ...blocks, ...layers, ...gathered],
];
