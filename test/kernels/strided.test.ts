/**
 * Kernels over strides, seen from the pointers: guard bands, the end of memory, all of float32, the bits of
 * the kernels they stand on.
 */
import { describe, expect, test } from 'vitest';
import { BINARY, REDUCTION, UNARY } from '../../src/engine/codes.js';
import { createWasmBackend } from '../../src/engine/wasm.js';
import type { UnaryOperation } from '../../src/ops/strided.js';
import { binaryFunctions, erf, specials, unaryFunctions } from '../engine/strided-functions.js';
import { Arena, describeBackends, filled, float64Arena, integers, reals, testNumbers } from './harness.js';
import { input, output, runOn, vector, vectorInout, vectorOut } from './operands.js';
import { sampled } from './samples.js';
import { expectClose, expectSame, expectWithinUlps } from './ulp.js';

const lengths = [...Array(37).keys(), 223, 224, 225, 449];

/** f of a row of floats, in one piece unless strides are given. */
function apply(
  arena: Arena,
  operation: UnaryOperation,
  values: ArrayLike<number>,
  { sy = 1, sx = 1, parameter = 0.25, end = undefined as 'x' | 'y' | undefined } = {},
): Float64Array {
  const n = values.length;
  const spaced = filled(n > 0 ? (n - 1) * sx + 1 : 0, Number.NaN);
  for (let i = 0; i < n; i++) spaced[i * sx] = values[i];
  const operands = { y: vectorOut(n > 0 ? (n - 1) * sy + 1 : 0), x: vector(spaced) };
  const op = UNARY.indexOf(operation);
  const { y } = runOn(
    arena,
    operation,
    operands,
    (at) =>
      arena.kernels.strided_unary(
        at.y.pointer,
        0,
        0,
        sy,
        arena.work,
        at.x.pointer,
        0,
        0,
        sx,
        1,
        1,
        n,
        op,
        parameter,
      ),
    end,
  );
  return Float64Array.from({ length: n }, (_, i) => y[i * sy]);
}

describeBackends('strided kernels', (arena) => {
  test('long sums of one to five rows, and what they are added to, at the end of memory', () => {
    const sum = REDUCTION.indexOf('sum');
    for (const R of [4160, 4161, 4500]) {
      for (const D of [1, 2, 3, 4, 5]) {
        for (const accumulate of [0, 1]) {
          const x = integers(D * R, D);
          const exact = integers(D, R).map((v) => v * accumulate);
          const start = Float64Array.from(exact);
          for (let i = 0; i < D * R; i++) exact[Math.floor(i / R)] += x[i];
          for (const end of ['x', 'y'] as const) {
            const { y } = runOn(
              arena,
              `${D} sums of ${R}`,
              { y: vectorInout(start), x: input(x, D, R) },
              ({ y, x }) => {
                const strides = [x.pointer, 0, R, 0, 1] as const;
                arena.kernels.strided_reduce(y.pointer, 0, 1, ...strides, 1, D, 1, R, sum, accumulate);
              },
              end,
            );
            expectSame(`${D} sums of ${R}`, y, exact);
          }
        }
      }
    }
  });

  test('unary: every length, apart and side by side, at the end of memory', () => {
    for (const n of lengths) {
      const x = reals(n, n, 6);
      for (const end of ['x', 'y'] as const) {
        for (const [sy, sx] of [
          [1, 1],
          [1, 3],
          [2, 1],
          [3, 2],
        ]) {
          const context = `${n}, ${sy}, ${sx}, ${end}`;
          const negated = apply(arena, 'neg', x, { sy, sx, end });
          expectSame(
            context,
            negated,
            x.map((v) => -v),
          );
          const lengthy = apply(arena, 'erf', x, { sy, sx, end });
          expectClose(context, lengthy, x.map(erf), (i) => 3 * 2 ** -23 * Math.abs(erf(x[i])));
        }
      }
    }
  });

  test('every function that is rounded once, over rows of several turns of its loop', () => {
    for (const n of [8, 9, 37]) {
      const [a, b] = [
        reals(n, n, 6),
        reals(n, n + 1, 6).map((v, i) => (i % 5 === 4 ? reals(n, n, 6)[i] : v)),
      ];
      for (const name of UNARY) {
        const { f, bound } = unaryFunctions[name];
        if (bound(1) > 0) continue;
        expectSame(
          `${name}, ${n}`,
          apply(arena, name, a),
          a.map((v) => Math.fround(f(v))),
        );
      }
      for (const [op, name] of BINARY.entries()) {
        if (name === 'pow') continue;
        const { f } = binaryFunctions[name];
        const operands = { y: vectorOut(n), a: vector(a), b: vector(b) };
        const { y } = runOn(arena, name, operands, (at) => {
          const [p, q] = [at.a.pointer, at.b.pointer];
          arena.kernels.strided_binary(
            at.y.pointer,
            0,
            0,
            1,
            arena.work,
            p,
            0,
            0,
            1,
            q,
            0,
            0,
            1,
            1,
            1,
            n,
            op,
          );
        });
        expectSame(
          `${name}, ${n}`,
          y,
          a.map((v, i) => Math.fround(f(v, b[i]))),
        );
      }
    }
  });

  test('a long row of every function has the bits of its parts', () => {
    const x = reals(88, 5, 3).map(Math.abs);
    for (const name of UNARY) {
      const whole = apply(arena, name, x);
      for (let from = 0; from < 88; from += 8)
        expectSame(
          `${name}, ${from}`,
          apply(arena, name, x.slice(from, from + 8)),
          whole.slice(from, from + 8),
        );
    }
  });

  test('sines of arguments that are near and far in turn', () => {
    const x = [0.5, 2 ** 24, 2 ** 25 + 8, 1.5, 2 ** 24, 0.25, -3, -(2 ** 30)];
    for (const name of ['sin', 'cos'] as const) {
      const exact = x.map((v) => unaryFunctions[name].f(v));
      expectClose(name, apply(arena, name, x), exact, () => 2 ** -22);
    }
  });

  test('copies from one row apart to another', () => {
    const x = reals(21, 1);
    for (const sy of [1, 2, 3])
      for (const sx of [1, 2, 3])
        expectSame(`${sy}, ${sx}`, apply(arena, 'copy', x, { sy, sx, end: 'x' }), x);
    expectSame('repeated', apply(arena, 'copy', filled(21, 0.5), { sx: 0 }), filled(21, 0.5));
  });

  test('copies of matrices that lie transposed: blocks, edges, gaps, at the end of memory', () => {
    const op = UNARY.indexOf('copy');
    for (const [M, N] of [
      [1, 1],
      [3, 5],
      [4, 4],
      [5, 8],
      [9, 66],
      [8, 64],
      [12, 131],
      [70, 7],
      [3, 130],
    ]) {
      const x = reals(M * N, M + N);
      for (const gap of [0, 3]) {
        for (const end of ['x', 'y'] as const) {
          const operands = { y: output(M, N, N + gap), x: input(x, N, M, M + gap) };
          const context = `${M}x${N}, gap ${gap}, ${end}`;
          const { y } = runOn(
            arena,
            context,
            operands,
            (at) =>
              arena.kernels.strided_unary(
                at.y.pointer,
                0,
                at.y.ld,
                1,
                arena.work,
                at.x.pointer,
                0,
                1,
                at.x.ld,
                1,
                M,
                N,
                op,
                0,
              ),
            end,
          );
          expectSame(
            context,
            y,
            y.map((_, i) => x[(i % N) * M + Math.floor(i / N)]),
          );
        }
      }
    }
  });

  test('binary and select: every length, at the end of memory', () => {
    const { kernels, work } = arena;
    for (const n of lengths) {
      const [a, b] = [reals(n, n), reals(n, n + 1)];
      const c = a.map((v) => Math.max(v, 0));
      for (const end of ['y', 'a', 'b', 'c'] as const) {
        const operands = { y: vectorOut(n), z: vectorOut(n), a: vector(a), b: vector(b), c: vector(c) };
        const { y, z } = runOn(
          arena,
          `${n} ${end}`,
          operands,
          (at) => {
            const [p, q, r] = [at.a.pointer, at.b.pointer, at.c.pointer];
            kernels.strided_binary(at.y.pointer, 0, 0, 1, work, p, 0, 0, 1, q, 0, 0, 1, 1, 1, n, 1);
            kernels.strided_select(at.z.pointer, 0, 0, 1, work, r, 0, 0, 1, p, 0, 0, 1, q, 0, 0, 1, 1, 1, n);
          },
          end,
        );
        expectSame(
          'sub',
          y,
          a.map((v, i) => Math.fround(v - b[i])),
        );
        expectSame(
          'select',
          z,
          a.map((v, i) => (v > 0 ? v : b[i])),
        );
      }
    }
  });

  test('reduce: sizes around the lanes, at the end of memory', () => {
    const { kernels } = arena;
    for (const N of [0, 1, 2, 3, 4, 5, 7, 8, 9]) {
      for (const R of [1, 2, 3, 4, 5, 8, 9]) {
        const x = reals(N * R, N + 10 * R);
        for (const end of ['x', 'y'] as const) {
          for (const byRows of [true, false]) {
            // A result is a row of R, or a column of a matrix of N columns.
            const [sx, sr] = byRows ? [R, 1] : [1, N];
            for (const [op, f] of [
              (a: number, b: number) => Math.fround(a + b),
              Math.max,
              Math.min,
            ].entries()) {
              const { y } = runOn(
                arena,
                `${N}x${R}`,
                { y: vectorInout(filled(N, 0.25)), x: vector(x) },
                (at) =>
                  kernels.strided_reduce(at.y.pointer, 0, 1, at.x.pointer, 0, sx, 0, sr, 1, N, 1, R, op, 1),
                end,
              );
              const expected = Array.from({ length: N }, (_, n) =>
                Array.from({ length: R }, (_, r) => x[n * sx + r * sr]).reduce((a, b) => f(a, b), 0.25),
              );
              expectSame(`${N}x${R}`, y, expected);
            }
          }
        }
      }
    }
  });

  test('functions that are kernels already have their bits', () => {
    const names = ['exp', 'log', 'sigmoid', 'tanh', 'relu', 'gelu', 'silu', 'softplus'] as const;
    const x = sampled.filter((_, i) => i % 3 === 0);
    for (const name of names) {
      const own = name === 'exp' || name === 'log' ? name : (`${name}_forward` as const);
      const { y } = runOn(arena, name, { y: vectorOut(x.length), x: vector(x) }, (at) =>
        arena.kernels[own](at.y.pointer, at.x.pointer, x.length),
      );
      expectSame(name, apply(arena, name, x), y);
    }
  });

  test.each([
    ['expm1', Math.expm1, 5],
    ['log1p', Math.log1p, 3],
    ['sin', Math.sin, 0.51],
    ['cos', Math.cos, 0.51],
    ['rsqrt', (x: number) => 1 / Math.sqrt(x), 1.5],
    ['sqrt', Math.sqrt, 0.5],
    ['reciprocal', (x: number) => 1 / x, 0.5],
  ] as const)('%s over all of float32', (name, f, ulps) => {
    const exact = Float64Array.from(sampled, f);
    expectWithinUlps(name, apply(arena, name, sampled), exact, ulps, sampled);
  });

  test('erf over all of float32', () => {
    const x = sampled.filter((_, i) => i % 40 === 0 || i < 200);
    expectWithinUlps('erf', apply(arena, 'erf', x), Float64Array.from(x, erf), 3, x);
  });

  test('pow: special values with each other, and all of float32', () => {
    const next = testNumbers(12);
    const pick = () => sampled[Math.floor(next() * sampled.length)];
    const pairs = specials.flatMap((a) => specials.map((b) => [a, b]));
    for (let i = 0; i < 40_000; i++)
      pairs.push(i % 2 ? [pick(), Math.fround((next() - 0.5) * 8)] : [pick(), pick()]);
    const n = pairs.length;
    const operands = {
      y: vectorOut(n),
      a: vector(pairs.map(([a]) => a)),
      b: vector(pairs.map(([, b]) => b)),
    };
    const op = BINARY.indexOf('pow');
    const { y } = runOn(arena, 'pow', operands, ({ y, a, b }) =>
      arena.kernels.strided_binary(
        y.pointer,
        0,
        0,
        1,
        arena.work,
        a.pointer,
        0,
        0,
        1,
        b.pointer,
        0,
        0,
        1,
        1,
        1,
        n,
        op,
      ),
    );
    const exact = Float64Array.from(pairs, ([a, b]) => binaryFunctions.pow.f(a, b));
    expectWithinUlps('pow', y, exact, 0.51, pairs.map(String) as unknown as number[]);
    // The sign of zero too.
    for (const [i, value] of exact.entries()) {
      if (value === 0 && !Object.is(y[i], value)) throw new Error(`pow(${pairs[i]}) is ${y[i]}`);
    }
  });
});

test('erf of the reference in float64', () => {
  const x = reals(500, 4, 6);
  expectClose('erf', apply(float64Arena(), 'erf', x), x.map(erf), () => 1e-14);
});

describe('one function with two kinds of loops', () => {
  test('fma and strict agree where no product is added', async () => {
    const x = sampled.filter((_, i) => i % 7 === 0);
    const [strict, fma] = await Promise.all(
      (['simd', 'fma'] as const).map(async (binary) => new Arena(await createWasmBackend({ binary }))),
    );
    for (const name of ['sin', 'cos', 'sqrt', 'round'] as const) {
      expect(apply(fma, name, x), name).toEqual(apply(strict, name, x));
    }
  });
});
