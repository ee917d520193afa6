/** Images that are weighted sums of others': lists of every length against sums in float64; guards; parts. */
import { test } from 'vitest';
import { type Arena, describeBackends, reals, testNumbers } from './harness.js';
import { input, output, runOn, vector, words } from './operands.js';
import { expectClose, expectSame } from './ulp.js';

type List = readonly (readonly [place: number, weight: number])[];

interface Resampling {
  readonly M: number;
  /** Height, width and channels of an image of x. */
  readonly size: readonly [height: number, width: number, channels: number];
  readonly vertical: readonly List[];
  readonly horizontal: readonly List[];
}

/** Lists of these lengths, of any places. */
function lists(lengths: readonly number[], of: number, seed: number): List[] {
  const next = testNumbers(seed);
  return lengths.map((length) =>
    Array.from({ length }, () => [Math.floor(next() * of), Math.fround(2 * next() - 1)] as const),
  );
}

const channels = [1, 2, 3, 4, 5, 7, 8, 12, 13];
const cases: Resampling[] = [
  ...channels.flatMap((C, i): Resampling[] => [
    // One pixel each, four each, none, and many.
    { M: 2, size: [3, 4, C], vertical: lists([1, 1, 1], 3, i), horizontal: lists([1, 1], 4, i + 1) },
    { M: 2, size: [4, 3, C], vertical: lists([2, 2], 4, i), horizontal: lists([2, 2, 2], 3, i + 1) },
    { M: 1, size: [4, 5, C], vertical: lists([0, 1, 2, 3], 4, i), horizontal: lists([2, 0, 5, 1], 5, i + 1) },
  ]),
  // The last pixel, behind which a whole vector would leave the image: alone, of four, and of many.
  ...[1, 2, 3].flatMap((C): Resampling[] =>
    [1, 2, 3].map((length) => {
      const all = Array.from({ length }, (_, i) => [i + 3 - length, 0.5 + i] as const);
      return { M: 2, size: [3, 3, C], vertical: [all], horizontal: [all, all] };
    }),
  ),
  // All of a list are the last pixel.
  ...[1, 2, 3].flatMap((C): Resampling[] =>
    [2, 3].map((length) => {
      const all = Array.from({ length }, (_, i) => [2, 0.5 + i] as const);
      return { M: 2, size: [3, 3, C], vertical: [all], horizontal: [all, all] };
    }),
  ),
  // Two rows, and not two columns; no channels, where a list is empty.
  { M: 1, size: [3, 4, 5], vertical: lists([2], 3, 1), horizontal: lists([3, 1], 4, 2) },
  { M: 2, size: [2, 2, 0], vertical: lists([0, 1], 2, 7), horizontal: lists([1, 2], 2, 8) },
  { M: 3, size: [1, 1, 1], vertical: lists([1], 1, 7), horizontal: lists([1], 1, 8) },
  { M: 0, size: [2, 2, 4], vertical: lists([1], 2, 7), horizontal: lists([1], 2, 8) },
  { M: 2, size: [2, 2, 0], vertical: lists([2], 2, 7), horizontal: lists([2], 2, 8) },
  { M: 2, size: [40, 50, 3], vertical: lists([70, 40], 40, 7), horizontal: lists([80, 1], 50, 8) },
];

const name = ({ M, size, vertical, horizontal }: Resampling) =>
  [
    `${[M, ...size].join('x')} by`,
    ...[vertical, horizontal].map((axis) => axis.map((own) => own.length)),
  ].join(' ');

/** The sums, and the sums of the sizes of their terms. */
function expected({ M, size: [H, W, C], vertical, horizontal }: Resampling, x: ArrayLike<number>) {
  const y = new Float64Array(M * vertical.length * horizontal.length * C);
  const scale = new Float64Array(y.length);
  for (let i = 0; i < y.length; i++) {
    const [c, pixel] = [i % C, Math.floor(i / C)];
    const [row, ow] = [Math.floor(pixel / horizontal.length), pixel % horizontal.length];
    const [m, oh] = [Math.floor(row / vertical.length), row % vertical.length];
    for (const [h, a] of vertical[oh]) {
      for (const [w, b] of horizontal[ow]) {
        const term = a * b * x[((m * H + h) * W + w) * C + c];
        y[i] += term;
        scale[i] += Math.abs(term);
      }
    }
  }
  return { y, scale };
}

function run(
  arena: Arena,
  own: Resampling,
  x: ArrayLike<number>,
  { end, images = [[0, own.M]] }: { end?: 'y' | 'x' | 'table' | 'weights'; images?: number[][] } = {},
) {
  const { M, size, vertical, horizontal } = own;
  const [H, W, C] = size;
  const [ofX, ofY] = [H * W * C, vertical.length * horizontal.length * C];
  const rows = [...vertical, ...horizontal];
  const starts = [0];
  for (const { length } of rows) starts.push(starts.at(-1)! + length);
  const places = rows.flatMap((list, i) => list.map(([place]) => place * (i < vertical.length ? W * C : C)));
  const table = [vertical.length, horizontal.length, C, ofX, ...starts, ...places];
  const weights = rows.flatMap((list) => list.map(([, weight]) => weight));
  return runOn(
    arena,
    name(own),
    {
      ...{ y: output(M, ofY, ofY + 3), x: input(x, M, ofX, ofX + 2) },
      ...{ table: words(Int32Array.from(table)), weights: vector(weights) },
    },
    (p) => {
      for (const [m, count] of images) {
        arena.kernels.resample(
          ...([p.y.after(m * p.y.ld), p.y.ld, p.x.after(m * p.x.ld), p.x.ld, p.table.pointer] as const),
          ...([p.weights.pointer, count, ofY] as const),
        );
      }
    },
    M > 0 && C > 0 ? end : undefined,
  );
}

describeBackends('resampling', (arena) => {
  test('lists of every length, and every operand at the end of the memory', () => {
    for (const [i, own] of cases.entries()) {
      const x = reals(own.M * own.size[0] * own.size[1] * own.size[2], i);
      const wanted = expected(own, x);
      for (const end of ['y', 'x', 'table', 'weights'] as const) {
        const { y } = run(arena, own, x, { end });
        expectClose(name(own), y, wanted.y, (j) => 2 ** -22 * wanted.scale[j]);
      }
    }
  });

  test('weights of 1 copy: NaN and infinities reach what lists them, and nothing else', () => {
    for (const C of [1, 3, 4, 6]) {
      const own: Resampling = {
        ...{ M: 2, size: [2, 3, C], vertical: [[[1, 1]], [[0, 1]], []] },
        ...{ horizontal: [[[0, 1]], [[2, 1]]] },
      };
      const x = reals(2 * 6 * C, C);
      for (const [i, odd] of [Number.NaN, Infinity, -Infinity].entries()) x[i * C] = odd;
      x[11 * C] = Number.NaN;
      const y = new Float64Array(2 * 6 * C);
      for (let i = 0; i < y.length; i++) {
        const [c, ow, oh, m] = [
          i % C,
          Math.floor(i / C) % 2,
          Math.floor(i / C / 2) % 3,
          Math.floor(i / C / 6),
        ];
        y[i] = oh === 2 ? 0 : x[((m * 2 + 1 - oh) * 3 + 2 * ow) * C + c];
      }
      expectSame('y', run(arena, own, x).y, y);
    }
  });

  test('images may be done apart', () => {
    for (const C of [3, 9]) {
      const own: Resampling = {
        ...{ M: 5, size: [4, 4, C], vertical: lists([1, 2, 3], 4, 1), horizontal: lists([1, 2, 3], 4, 2) },
      };
      const x = reals(5 * 16 * C, C);
      const [whole, cut] = [
        run(arena, own, x),
        run(arena, own, x, {
          images: [
            [0, 2],
            [2, 2],
            [4, 1],
          ],
        }),
      ];
      expectSame('y', cut.y, whole.y);
    }
  });
});
