/**
 * B packed beforehand: the layout of `pack_b`, and products that read it, which are those of the matrix
 * itself bit for bit.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatShape, type ProductShape, parseShape } from '../../bench/shapes.js';
import { activationCodes, type FusedActivation } from '../../src/engine/kernels.js';
import { type Arena, describeBackends, filled, reals } from './harness.js';
import { input, output, runOn, vector, vectorOut } from './operands.js';

/** Columns of each panel. */
function panelsOf(N: number, wide: boolean): number[] {
  const widths: number[] = [];
  for (let left = N; left > 0; ) {
    const width = wide && left >= 13 ? 16 : left >= 5 ? 8 : 4;
    widths.push(width);
    left -= width;
  }
  return widths;
}

/** B as it must lie. */
function packed(b: ArrayLike<number>, N: number, K: number, wide: boolean): number[] {
  const values: number[] = [];
  let first = 0;
  for (const width of panelsOf(N, wide)) {
    for (let k = 0; k < K; k++) {
      for (let n = first; n < first + width; n++) values.push(n < N ? b[k * N + n] : 0);
    }
    first += width;
  }
  return values;
}

interface Options {
  readonly wide?: boolean;
  readonly bias?: boolean;
  readonly accumulate?: boolean;
  readonly activation?: FusedActivation;
  /** The product's columns in calls of so many. */
  readonly cut?: number;
}

/** C by the matrix itself and by its panels, which end at the memory's last byte. */
function both(arena: Arena, { M, N, K }: ProductShape, options: Options) {
  const { wide = false, bias = false, accumulate = false, activation = 'identity', cut = N || 1 } = options;
  const [a, b] = [reals(M * K, M + 1), reals(K * N, N + 2)];
  const start = accumulate ? reals(M * N, 3) : filled(M * N, Number.NaN);
  const context = `${M}x${K}:${K}x${N}, ${JSON.stringify(options)}`;
  return [false, true].map((fromPanels) => {
    const { c } = runOn(
      arena,
      context,
      {
        c: { ...output(M, N, N + 3), values: start },
        a: input(a, M, K, K + 1),
        // Of a matrix that is packed, nothing is read.
        b: input(fromPanels ? filled(K * N, Number.NaN) : b, K, N, N + 2),
        panels: vector(packed(b, N, K, wide)),
        bias: vector(reals(N, 4)),
      },
      (at) => {
        for (let n = 0; n < N; n += cut) {
          const B = fromPanels ? at.panels.after(K * n) : at.b.after(n);
          const columns = Math.min(cut, N - n);
          // biome-ignore format: an operand a line
          arena.kernels.gemm_nn(
            at.c.after(n), at.c.ld, 0, arena.work, at.a.pointer, at.a.ld, 0, B, fromPanels ? 0 : at.b.ld, 0,
            bias ? at.bias.after(n) : 0, 1, M, columns, K, Number(accumulate), activationCodes[activation], Number(wide),
          );
        }
      },
      fromPanels ? 'panels' : 'b',
    );
    return { context, c };
  });
}

function expectSameBits(arena: Arena, shape: ProductShape, options: Options): void {
  const [plain, panels] = both(arena, shape, options);
  expect(Buffer.from(panels.c.buffer).equals(Buffer.from(plain.c.buffer)), plain.context).toBe(true);
}

const sizes = [0, 1, 3, 4, 5, 8, 9, 12, 13, 16, 17, 20, 21, 28, 29, 32, 45];

describeBackends('packed matrices', (arena) => {
  describe.each([false, true])('wide: %s', (wide) => {
    test('pack_b lays out panels, with zeros beyond the edge', () => {
      for (const N of sizes) {
        for (const K of [0, 1, 2, 7, 300]) {
          const b = reals(K * N, N * 31 + K);
          const expected = packed(b, N, K, wide);
          for (const gap of [0, 5]) {
            const context = `pack_b [${K}, ${N}], gap ${gap}`;
            const { panels } = runOn(
              arena,
              context,
              { panels: vectorOut(expected.length), b: input(b, K, N, N + gap) },
              (at) => arena.kernels.pack_b(at.panels.pointer, at.b.pointer, at.b.ld, N, K, Number(wide)),
              gap ? 'b' : 'panels',
            );
            expect([...panels], context).toEqual(expected);
          }
        }
      }
    });

    test.each(sizes)('products are the same, N = %i', (N) => {
      for (const M of [0, 1, 3, 7, 13]) {
        for (const K of [0, 1, 17]) expectSameBits(arena, { B: 1, M, N, K }, { wide, bias: true });
      }
    });

    test.each([
      '64x784:784x300',
      '101x257:257x530',
      '3x1025:1025x45',
      '2x300:300x130',

      '257x300:300x29',
      '505x257:257x17',
    ])('products are the same across cache blocks, %s', (text) => {
      const shape = parseShape(text);
      expectSameBits(arena, shape, { wide, bias: true, activation: 'relu' });
      expectSameBits(arena, shape, { wide, accumulate: true });
      for (const cut of [16, 208]) expectSameBits(arena, shape, { wide, cut });
    });

    test('products are the same, random shapes and options', () => {
      const size = fc.integer({ min: 0, max: 70 });
      const activation = fc.constantFrom<FusedActivation>('identity', 'sigmoid', 'tanh', 'relu');
      fc.assert(
        fc.property(size, size, size, fc.boolean(), activation, (M, N, K, accumulate, f) =>
          expectSameBits(arena, { B: 1, M, N, K }, { wide, accumulate, bias: !accumulate, activation: f }),
        ),
        { numRuns: 60, seed: 1 },
      );
    });
  });

  test('one packed matrix serves a whole batch', () => {
    const [B, M, N, K] = [3, 5, 21, 9];
    const [a, b] = [reals(B * M * K, 1), reals(K * N, 2)];
    const { c, one } = runOn(
      arena,
      formatShape({ B, M, N, K }),
      {
        c: output(B * M, N),
        one: output(B * M, N),
        a: input(a, B * M, K),
        panels: vector(packed(b, N, K, false)),
      },
      ({ c, one, a, panels }) => {
        const { kernels, work } = arena;
        // biome-ignore format: an operand a line
        kernels.gemm_nn(
          c.pointer, N, M * N, work, a.pointer, K, M * K, panels.pointer, 0, 0, 0, B, M, N, K, 0, 0, 0,
        );
        // biome-ignore format: an operand a line
        kernels.gemm_nn(one.pointer, N, 0, work, a.pointer, K, 0, panels.pointer, 0, 0, 0, 1, B * M, N, K, 0, 0, 0);
      },
    );
    expect([...c]).toEqual([...one]);
  });
});
