/** Golden cases of kernels over strides: each function of one, two and three numbers, and each reduction. */
import { BINARY, REDUCTION, UNARY } from '../../src/engine/codes.js';
import { type Arguments, type GoldenCase, room } from './case.js';
import { lengths } from './elements.js';
import { reals, specials, together } from './values.js';

const SQUARE = specials.length ** 2;

/** Elements side by side. */
const line = (name: string) => ({ [`s${name}2`]: 1 });

/** Lengths and strides of a view that lies across: rows of y from columns of x. */
const [D0, D1, D2] = [3, 5, 37];
const across = { D0, D1, D2, sy0: D1 * D2 + 2, sy1: D2, sy2: 1 };
const turned = (name: string) => ({ [`s${name}0`]: D1, [`s${name}1`]: 1, [`s${name}2`]: D0 * D1 });

interface Strided {
  readonly kernel: 'strided_unary' | 'strided_binary' | 'strided_select';
  readonly as: string;
  readonly operands: readonly string[];
  readonly numbers: Arguments;
}

const kinds: readonly Strided[] = [
  ...UNARY.map((as, op): Strided => {
    return { kernel: 'strided_unary', as, operands: ['x'], numbers: { op, parameter: 0.3 } };
  }),
  ...BINARY.map((as, op): Strided => {
    return { kernel: 'strided_binary', as, operands: ['a', 'b'], numbers: { op } };
  }),
  { kernel: 'strided_select', as: 'where', operands: ['c', 'a', 'b'], numbers: {} },
];

const elementwise: GoldenCase[] = kinds.flatMap(({ kernel, as, operands, numbers }) => {
  const made = (shape: string, n: number, values: (i: number) => Float32Array): GoldenCase => ({
    kernel,
    shape: `${as}, ${shape}`,
    args: {
      ...{ D0: 1, D1: 1, D2: n, y: room(n), sy2: 1, ...numbers },
      ...Object.assign({}, ...operands.map((name, i) => ({ [name]: values(i), ...line(name) }))),
    },
  });
  // Of a condition about a half is 0.
  const any = (i: number, n: number, scale: number) =>
    reals(n, n + i, scale).map((v) => (kernel === 'strided_select' && i === 0 ? Math.max(v, 0) : v));
  const large = lengths['cut for threads'];
  return [
    ...Object.entries(lengths)
      .filter(([, n]) => n !== large)
      .map(([shape, n]) => made(shape, n, (i) => any(i, n, 3))),
    made('special', SQUARE, (i) => together(i, operands.length)),
    made('denormal', 39, (i) => any(i, 39, 2 ** (i === 0 ? -130 : -20))),
    made('from end to end', 501, (i) => any(i, 501, 100)),
    {
      kernel,
      shape: `${as}, lying across`,
      args: {
        ...{ ...across, y: room((D0 - 1) * across.sy0 + D1 * D2), ...numbers },
        ...Object.assign(
          {},
          ...operands.map((name, i) => ({ [name]: any(i, D0 * D1 * D2, 2), ...turned(name) })),
        ),
      },
    },
    {
      kernel,
      shape: `${as}, cut for threads`,
      args: {
        ...{ D0: 30, D1: 3, D2: 53, sy0: 159, sy1: 53, sy2: 1, y: room(30 * 159), ...numbers },
        // The last operand is one row that serves all.
        ...Object.assign(
          {},
          ...operands.map((name, i) =>
            i > 0 && i === operands.length - 1
              ? { [name]: any(i, 53, 2), ...line(name) }
              : { [name]: any(i, 30 * 159, 2), [`s${name}0`]: 159, [`s${name}1`]: 53, ...line(name) },
          ),
        ),
      },
    },
  ];
});

interface Reduced {
  /** D0, D1, R0, R1. */
  readonly of: readonly [number, number, number, number];
  /** Strides of x along them. */
  readonly strides: readonly [number, number, number, number];
  readonly special?: boolean;
  readonly scale?: number;
}

const reductions: Readonly<Record<string, Reduced>> = {
  'one element': { of: [1, 1, 1, 1], strides: [1, 1, 1, 1] },
  'part of a vector': { of: [1, 1, 1, 3], strides: [1, 1, 3, 1] },
  'rows with a tail': { of: [1, 7, 1, 39], strides: [0, 39, 0, 1] },
  'columns with a tail': { of: [1, 39, 1, 7], strides: [0, 1, 0, 39] },
  'several axes': { of: [3, 5, 4, 6], strides: [30, 1, 90, 5] },
  'cut for threads': { of: [97, 13, 1, 17], strides: [221, 17, 0, 1] },
  'a longest chain': { of: [1, 3, 1, 4160], strides: [0, 4160, 0, 1] },
  'a long sum': { of: [1, 3, 3, 1500], strides: [0, 4500, 1500, 1] },
  'a long sum of columns': { of: [1, 5, 1, 4200], strides: [0, 1, 0, 5] },
  special: { of: [1, SQUARE, 1, 2], strides: [0, 1, 0, SQUARE], special: true },
  denormal: { of: [1, 5, 1, 22], strides: [0, 22, 0, 1], scale: 2 ** -130 },
};

const reduced: GoldenCase[] = REDUCTION.flatMap((name, op) =>
  Object.entries(reductions).flatMap(([shape, { of, strides, special, scale = 2 }]) =>
    [0, 1].map((accumulate): GoldenCase => {
      const n = of.reduce((product, length) => product * length);
      const count = of[0] * of[1];
      const pairs = special && [...together(0, 2), ...together(1, 2)];
      return {
        kernel: 'strided_reduce',
        shape: `${name}${accumulate ? ', onto what is there' : ''}, ${shape}`,
        args: {
          ...{ y: accumulate ? reals(count, 4) : room(count), sy0: of[1], sy1: 1, op, accumulate },
          ...{ x: pairs ? Float32Array.from(pairs) : reals(n, n, scale) },
          ...{ sx0: strides[0], sx1: strides[1], sr0: strides[2], sr1: strides[3] },
          ...{ D0: of[0], D1: of[1], R0: of[2], R1: of[3] },
        },
      };
    }),
  ),
);

export const stridedCases: readonly GoldenCase[] = [...elementwise, ...reduced];
