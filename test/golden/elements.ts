/** Golden cases of kernels that go over elements one by one, of sums, and of random draws. */
import type { Kernels } from '../../src/engine/kernels.js';
import { type Arguments, type GoldenCase, room, signatures, type Values } from './case.js';
import { reals, specials, together, wholes } from './values.js';

/** Names of shape classes, and how many elements they have. */
export const lengths: Readonly<Record<string, number>> = {
  'one element': 1,
  'part of a vector': 3,
  'whole vectors': 32,
  'with a tail': 39,
  'cut for threads': 20_003,
};

interface Each {
  /** Of a kernel that does several things: which. */
  readonly as?: string;
  readonly without?: readonly string[];
  readonly scale?: number;
}

/** Every shape class of a kernel over n elements, whose numbers besides are these. */
function each(
  kernel: keyof Kernels,
  numbers: Arguments = {},
  { as, without = [], scale = 4 }: Each = {},
): GoldenCase[] {
  const pointers = signatures.get(kernel)!.args.filter(({ arg, role }) => role && !without.includes(arg));
  const read = pointers.filter(({ role }) => role !== 'out').map(({ arg }) => arg);
  const made = (shape: string, n: number, values: (operand: number) => Float32Array): GoldenCase => ({
    kernel,
    shape: as ? `${as}, ${shape}` : shape,
    args: {
      ...Object.fromEntries(
        pointers.map(({ arg, role }) => [arg, role === 'out' ? room(n) : values(read.indexOf(arg))]),
      ),
      n,
      ...numbers,
    },
  });
  return [
    ...Object.entries(lengths).map(([shape, n]) => made(shape, n, (i) => reals(n, n + i, scale))),
    made('special', specials.length ** 2, (i) => together(i, read.length)),
    made('denormal', 39, (i) => reals(39, i, 2 ** (i === 0 ? -130 : -20))),
  ];
}

const functions: readonly (keyof Kernels)[] = [
  ...([
    'exp',
    'log',
    'identity_forward',
    'identity_backward',
    'sigmoid_forward',
    'sigmoid_backward',
  ] as const),
  ...(['tanh_forward', 'tanh_backward', 'relu_forward', 'relu_backward', 'gelu_forward'] as const),
  ...(['gelu_backward', 'gelu_tanh_forward', 'gelu_tanh_backward', 'silu_forward', 'silu_backward'] as const),
  ...(['softplus_forward', 'softplus_backward', 'multiply', 'swap'] as const),
];

const adam = {
  stepSize: 0.01,
  beta1: 0.9,
  share1: 0.1,
  beta2: 0.999,
  share2: 0.001,
  correction: 1.25,
  eps: 1e-8,
};
const rmsprop = { learningRate: 0.01, alpha: 0.99, share: 0.01, eps: 1e-8, weightDecay: 0.01, momentum: 0.9 };
const momentum = { learningRate: 0.01, momentum: 0.9, share: 0.5, nesterov: 0, weightDecay: 0.01 };

const elementwise: GoldenCase[] = [
  ...functions.flatMap((kernel) => each(kernel)),
  ...each('exp', {}, { as: 'from end to end', scale: 110 }),
  ...each('tanh_forward', {}, { as: 'small', scale: 0.6 }),
  ...each('leaky_relu_forward', { slope: 0.01 }),
  ...each('leaky_relu_backward', { slope: 0.01 }),
  ...each('elu_forward', { alpha: 1.3 }),
  ...each('elu_backward', { alpha: 1.3 }),
  ...each('scale', { factor: -0.7 }),
  ...each('add_scaled', { factor: 0.3, accumulate: 1 }),
  ...each('add_scaled', { factor: 0.3, accumulate: 0 }, { as: 'from 0' }),
  ...each('clamp', { limit: 1.5 }),
  ...each('penalize', { l1: 0.1, l2: 0.01 }),
  ...each('move_towards', { share: 0.1 }),
  ...each('sgd_step', { learningRate: 0.1 }),
  ...each('sgd_momentum_step', momentum),
  ...each('sgd_momentum_step', { ...momentum, nesterov: 1 }, { as: 'nesterov' }),
  ...each('sgd_momentum_step', momentum, { as: 'decay alone', without: ['buffer'] }),
  ...each('adam_step', { ...adam, weightDecay: 0.01, keep: 1 }),
  ...each('adam_step', { ...adam, weightDecay: 0, keep: 0.999 }, { as: 'decoupled' }),
  ...each('rmsprop_step', rmsprop),
  ...each('rmsprop_step', { ...rmsprop, momentum: 0 }, { as: 'plain', without: ['average', 'buffer'] }),
  ...each('adagrad_step', { learningRate: 0.01, eps: 1e-10, weightDecay: 0.01 }),
];

/** Kernels that give one number for n elements, in float64. */
const sums: GoldenCase[] = (['sum', 'sum_squares', 'sum_absolutes'] as const).flatMap((kernel) => {
  const made = (shape: string, x: Values): GoldenCase => ({ kernel, shape, args: { x, n: x.length } });
  return [
    ...Object.entries(lengths).map(([shape, n]) => made(shape, reals(n, n, 3))),
    made('blocks', reals(140_001, 7, 3)),
    made('denormal', reals(39, 3, 2 ** -140)),
    made('infinite', Float32Array.of(1, -Infinity, 2)),
    made('special', specials),
  ];
});

const seeds = { seedLow: 7, seedHigh: 0x9e3779b9, stream: 3 };
const draws = { ...lengths, 'cut for threads': 5003 };
const random: GoldenCase[] = Object.entries(draws).flatMap(([shape, n]): GoldenCase[] => [
  { kernel: 'random_uniform', shape, args: { y: room(n), n, ...seeds, first: n, low: -0.3, high: 0.7 } },
  { kernel: 'random_normal', shape, args: { y: room(n), n, ...seeds, first: n, mean: 0.1, deviation: 1.7 } },
  { kernel: 'random_permutation', shape, args: { y: room(n), n, ...seeds } },
]);

/** Beyond 2³² elements. */
const far: GoldenCase[] = [
  {
    kernel: 'random_uniform',
    shape: 'far on',
    args: { y: room(39), n: 39, ...seeds, first: 2 ** 34 + 1, high: 1 },
  },
  {
    kernel: 'random_normal',
    shape: 'far on',
    args: { y: room(39), n: 39, ...seeds, first: 2 ** 34 + 1, deviation: 1 },
  },
];

const integers: GoldenCase[] = Object.entries(lengths).flatMap(([shape, n]): GoldenCase[] => [
  { kernel: 'count_equal', shape, args: { x: wholes(n, 3, 1), y: wholes(n, 3, 2), n } },
  {
    kernel: 'gather_i32',
    shape,
    args: { y: room(n), x: wholes(50, 1000, 1), indices: Uint32Array.from(wholes(n, 50, 2)), M: n },
  },
]);

export const elementCases: readonly GoldenCase[] = [...elementwise, ...sums, ...random, ...far, ...integers];
