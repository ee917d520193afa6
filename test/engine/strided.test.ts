/**
 * Operations over strided views against plain loops in float64: every engine, random shapes, layouts and
 * places.
 */
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { ShapeError } from '../../src/base/errors.js';
import { BINARY, UNARY } from '../../src/engine/codes.js';
import { Engine } from '../../src/engine/engine.js';
import { LONGEST_CHAIN } from '../../src/engine/kernels.js';
import { createWasmBackend } from '../../src/engine/wasm.js';
import { createReferenceBackend } from '../../src/ops/reference/index.js';
import { binary, fill, select, unary } from '../../src/ops/strided.js';
import { reduce } from '../../src/ops/strided-reduce.js';
import { gather, scatterAdd } from '../../src/ops/take.js';
import { type View, viewOf } from '../../src/ops/view.js';
import { testNumbers } from '../kernels/harness.js';
import { checkOutside, layouts, place, positions, rounding, shapes, valuesOf } from './strided-cases.js';
import { binaryFunctions, expectFunction, PARAMETER, specials, unaryFunctions } from './strided-functions.js';

const backends = [
  ['reference', createReferenceBackend()],
  ['reference in float64', createReferenceBackend({ precision: 'float64' })],
  ['wasm simd', await createWasmBackend({ binary: 'simd' })],
  ['wasm fma', await createWasmBackend({ binary: 'fma' })],
  // Everything is cut, however small.
  ['wasm simd, 3 threads', await createWasmBackend({ binary: 'simd', threads: 3, worth: 0 })],
  ['wasm fma, 2 threads', await createWasmBackend({ binary: 'fma', threads: 2, worth: 0 })],
] as const;

const engines = backends.map(([name, backend]) => {
  const info = {
    backend: backend.name,
    math: 'strict',
    turbo: false,
    threads: 1,
    numerics: 1,
    runtime: '',
    reason: '',
  } as const;
  return { name, engine: new Engine(backend, info) };
});

afterAll(() => {
  for (const { engine } of engines) engine.dispose();
});

const runs = { numRuns: 150, seed: 15 };

describe.each(engines)('$name', ({ engine }) => {
  const round = rounding(engine);

  /** Runs `body` with an arena that is freed after it. */
  function within(body: (arena: ReturnType<Engine['arena']>) => void): void {
    const arena = engine.arena();
    try {
      body(arena);
    } finally {
      arena.dispose();
    }
  }

  /** Random numbers, some of them special. */
  function numbers(seed: number): (i: number) => number {
    const next = testNumbers(seed);
    return () => {
      const kind = next();
      if (kind < 0.1) return specials[Math.floor(next() * specials.length)];
      return Math.fround((next() - 0.5) * 10);
    };
  }

  test('unary', () => {
    const cases = fc
      .tuple(shapes, fc.constantFrom(...UNARY), fc.nat(), fc.boolean())
      .chain(([shape, ...rest]) =>
        fc.tuple(
          fc.constant(shape),
          layouts(shape.length),
          layouts(shape.length),
          ...rest.map((r) => fc.constant(r)),
        ),
      );
    fc.assert(
      fc.property(cases, ([shape, ly, lx, operation, seed, inPlace]) =>
        within((arena) => {
          const op = operation as (typeof UNARY)[number];
          const x = place(
            arena,
            shape,
            inPlace ? { ...lx, repeated: lx.repeated.map(() => false) } : lx,
            numbers(seed as number),
          );
          const y = inPlace ? x : place(arena, shape, ly);
          const given = valuesOf(x);
          const before = y.tensor.read();
          unary({ y, x, operation: op, parameter: PARAMETER })();
          const got = valuesOf(y);
          const { f, bound } = unaryFunctions[op];
          for (const [i, v] of given.entries()) expectFunction(op, [v], got[i], f(v), round, bound);
          checkOutside(y, before);
        }),
      ),
      runs,
    );
  });

  test('binary', () => {
    const cases = fc
      .tuple(shapes, fc.constantFrom(...BINARY), fc.nat(), fc.constantFrom('apart', 'a', 'b'))
      .chain(([shape, operation, seed, where]) =>
        fc.record({
          shape: fc.constant(shape),
          operation: fc.constant(operation),
          seed: fc.constant(seed),
          where: fc.constant(where),
          ly: layouts(shape.length),
          la: layouts(shape.length),
          lb: layouts(shape.length),
        }),
      );
    fc.assert(
      fc.property(cases, ({ shape, operation, seed, where, ly, la, lb }) =>
        within((arena) => {
          const values = numbers(seed);
          const once = { ...la, repeated: la.repeated.map(() => false) };
          const a = place(arena, shape, where === 'a' ? once : la, values);
          const b = place(arena, shape, where === 'b' ? once : lb, values);
          const y = where === 'a' ? a : where === 'b' ? b : place(arena, shape, ly);
          const [p, q] = [valuesOf(a), valuesOf(b)];
          const before = y.tensor.read();
          binary({ y, a, b, operation })();
          const got = valuesOf(y);
          const { f, bound } = binaryFunctions[operation];
          for (const i of got.keys())
            expectFunction(operation, [p[i], q[i]], got[i], f(p[i], q[i]), round, bound);
          checkOutside(y, before);
        }),
      ),
      runs,
    );
  });

  test('select', () => {
    const cases = shapes.chain((shape) =>
      fc.record({
        shape: fc.constant(shape),
        l: fc.tuple(...[0, 1, 2, 3].map(() => layouts(shape.length))),
        seed: fc.nat(),
      }),
    );
    fc.assert(
      fc.property(cases, ({ shape, l, seed }) =>
        within((arena) => {
          const next = testNumbers(seed);
          const values = numbers(seed);
          const condition = place(
            arena,
            shape,
            l[1],
            () => [0, 1, -0, Number.NaN, 1e-40][Math.floor(next() * 5)],
          );
          const [a, b] = [place(arena, shape, l[2], values), place(arena, shape, l[3], values)];
          const y = place(arena, shape, l[0]);
          const before = y.tensor.read();
          const [p, q] = [valuesOf(a), valuesOf(b)];
          const expected = valuesOf(condition).map((c, i) => (c !== 0 ? p[i] : q[i]));
          select({ y, condition, a, b })();
          expect(valuesOf(y)).toEqual(expected);
          checkOutside(y, before);
        }),
      ),
      { ...runs, numRuns: 60 },
    );
  });

  test('fill', () => {
    const cases = shapes.chain((shape) => fc.tuple(fc.constant(shape), layouts(shape.length)));
    fc.assert(
      fc.property(cases, ([shape, layout]) =>
        within((arena) => {
          const y = place(arena, shape, layout);
          const before = y.tensor.read();
          fill({ y, value: 0.1 })();
          expect(new Set(valuesOf(y))).toEqual(
            new Set(before.length && positions(y).length ? [round(0.1)] : []),
          );
          checkOutside(y, before);
        }),
      ),
      { ...runs, numRuns: 60 },
    );
  });

  describe('reduce', () => {
    const cases = shapes.chain((shape) =>
      fc.record({
        shape: fc.constant(shape),
        ly: layouts(shape.length),
        lx: layouts(shape.length),
        reduced: fc.array(fc.boolean(), { minLength: shape.length, maxLength: shape.length }),
        seed: fc.nat(),
        accumulate: fc.boolean(),
      }),
    );

    /** Of every element of y, the elements of x that make it, in order. */
    function terms(y: View, x: View): number[][] {
      const lists = new Map<number, number[]>();
      const wide = {
        ...y,
        shape: x.shape,
        strides: y.strides.map((s, axis) => (y.shape[axis] === 1 ? 0 : s)),
      };
      const values = valuesOf(x);
      for (const at of positions(y)) lists.set(at, []);
      for (const [i, at] of positions(wide).entries()) lists.get(at)!.push(values[i]);
      return [...lists.values()];
    }

    test.each(['sum', 'max', 'min'] as const)('%s', (operation) => {
      fc.assert(
        fc.property(cases, ({ shape, ly, lx, reduced, seed, accumulate }) =>
          within((arena) => {
            const next = testNumbers(seed);
            const x = place(arena, shape, lx, () => Math.fround(next() - 0.25));
            const y = place(
              arena,
              shape.map((length, axis) => (reduced[axis] ? 1 : length)),
              ly,
            );
            const raw = y.tensor.read();
            for (const at of positions(y)) raw[at] = 0.5;
            y.tensor.write(raw);
            if (positions(x).length === 0 && positions(y).length > 0 && operation !== 'sum') {
              expect(() => reduce({ y, x, operation, accumulate })).toThrow(ShapeError);
              return;
            }
            reduce({ y, x, operation, accumulate })();
            const got = valuesOf(y);
            const start = accumulate ? [0.5] : [];
            for (const [i, list] of terms(y, x).entries()) {
              const all = [...start, ...list];
              if (operation === 'sum') {
                const exact = all.reduce((a, b) => a + b, 0);
                const size = all.reduce((a, b) => a + Math.abs(b), 0);
                const error = Math.abs(got[i] - exact);
                const ulp = round === Math.fround ? 2 ** -24 : 2 ** -52;
                if (!(error <= ulp * size * (all.length > LONGEST_CHAIN ? 70 : all.length)))
                  throw new Error(`${got[i]} is not ${exact}`);
                // One chain of additions, wherever the terms lie.
                const chain = all.reduce((a, b) => round(a + b), 0);
                if (list.length <= LONGEST_CHAIN) expect(got[i]).toBe(chain);
              } else {
                expect(got[i]).toBe(operation === 'max' ? Math.max(...all) : Math.min(...all));
              }
            }
            checkOutside(y, raw);
          }),
        ),
        runs,
      );
    });

    test('long sums have the bits of column_sums, wherever their terms lie', () =>
      within((arena) => {
        const [R, N] = [3 * 1500 + 7 * 3, 5];
        const next = testNumbers(3);
        const values = Float32Array.from({ length: R * N }, () => next() - 0.2);
        const x = viewOf(arena.tensor('float', [R, N]).write(values));
        const expected = arena.tensor('float', [N]);
        engine.kernels.column_sums(expected.pointer, x.tensor.pointer, N, R, N, 0);
        const apart: [string, number[], number[]][] = [
          ['columns', [0, 1, 2], [0, 1, 2]],
          ['rows', [2, 0, 1], [2, 0, 1]],
          ['between', [0, 2, 1], [0, 2, 1]],
          ['the other way', [1, 2, 0], [1, 2, 0]],
        ];
        for (const [name, order] of apart) {
          const shape = [3, R / 3, N];
          const layout = { order, gaps: [0, name === 'between' ? 1 : 0, 0], repeated: [], offset: 1 };
          const other = place(arena, shape, { ...layout, repeated: [false, false, false] }, (i) => values[i]);
          const y = viewOf(arena.tensor('float', [1, 1, N]));
          reduce({ y, x: other, operation: 'sum' })();
          expect(valuesOf(y), name).toEqual([...expected.read()]);
        }
        const single = viewOf(arena.tensor('float', [1, 1]));
        reduce({ y: single, x: { ...x, offset: 2, shape: [R, 1] }, operation: 'sum' })();
        expect(valuesOf(single)).toEqual([expected.at(2)]);
        const exact = values.filter((_, i) => i % N === 2).reduce((a, b) => a + b, 0);
        expect(Math.abs(expected.at(2) - exact)).toBeLessThan(1e-6 * R);
      }));

    test('axes too far apart for the kernel: short, and long ones by a copy', () =>
      within((arena) => {
        for (const shape of [
          [3, 2, 4, 2, 3, 2],
          [20, 2, 16, 2, 15, 2],
        ]) {
          const next = testNumbers(8);
          const layout = {
            order: [0, 1, 2, 3, 4, 5],
            gaps: [0, 0, 0, 0, 0, 1],
            repeated: shape.map(() => false),
            offset: 0,
          };
          const x = place(arena, shape, layout, () => Math.fround(next() - 0.3));
          const y = viewOf(arena.tensor('float', [1, 2, 1, 2, 1, 2]));
          reduce({ y, x, operation: 'sum', scale: 0.5 })();
          const got = valuesOf(y);
          for (const [i, list] of terms(y, x).entries()) {
            const exact = list.reduce((a, b) => a + b, 0) / 2;
            expect(Math.abs(got[i] - exact)).toBeLessThan(1e-4);
          }
        }
      }));

    test('NaN makes NaN, whichever it is compared with', () =>
      within((arena) => {
        const x = viewOf(
          arena.tensor('float', [3, 4]).write([1, 2, NaN, 3, NaN, 1, 1, 1, 5, Infinity, -Infinity, 6]),
        );
        const y = viewOf(arena.tensor('float', [3, 1]));
        reduce({ y, x, operation: 'max' })();
        expect(valuesOf(y)).toEqual([NaN, NaN, Infinity]);
        reduce({ y, x, operation: 'min' })();
        expect(valuesOf(y)).toEqual([NaN, NaN, -Infinity]);
      }));
  });

  test('gather and scatterAdd', () =>
    within((arena) => {
      const [K, N] = [5, 7];
      const table = viewOf(
        arena.padded('float', [K, N]).write(Float32Array.from({ length: K * N }, (_, i) => i)),
      );
      const at = [4, 0, 9, -1, NaN, 2.7];
      const places = [4, 0, 4, 0, 0, 2];
      const indices = viewOf(arena.tensor('float', [2, 3]).write(at));
      const y = viewOf(arena.tensor('float', [2, 3, N]));
      gather({ y, table, indices })();
      expect(valuesOf(y)).toEqual(places.flatMap((p) => Array.from({ length: N }, (_, n) => p * N + n)));
      const dtable = viewOf(arena.padded('float', [K, N]).fill(NaN));
      scatterAdd({ dtable, indices, dy: y })();
      const expected = Array.from({ length: K * N }, (_, i) => {
        const times = places.filter((p) => p === Math.floor(i / N)).length;
        return times * i;
      });
      expect(valuesOf(dtable)).toEqual(expected);
      const columns = { ...indices, shape: [3, 2], strides: [1, 3] };
      const across = viewOf(arena.tensor('float', [3, 2, N]));
      gather({ y: across, table, indices: columns })();
      expect(valuesOf(across)).toEqual(
        [0, 3, 1, 4, 2, 5].flatMap((i) => valuesOf(y).slice(i * N, i * N + N)),
      );
      expect(() => scatterAdd({ dtable, indices: columns, dy: across })).toThrow(ShapeError);
    }));
});

describe('threads', () => {
  const shape = [37, 5, 60];
  const run = (engine: Engine) => {
    const arena = engine.arena();
    const next = testNumbers(9);
    const flat = { gaps: [0, 0, 0], repeated: [false, false, false], offset: 0 };
    const values = () => Math.fround((next() - 0.5) * 8);
    const x = place(arena, shape, { ...flat, order: [2, 1, 0] }, values);
    const z = place(arena, shape, { ...flat, order: [1, 0, 2], repeated: [false, true, false] }, values);
    const y = place(arena, shape, { ...flat, order: [0, 1, 2] });
    const results = UNARY.map((operation) => {
      unary({ y, x, operation })();
      return valuesOf(y);
    });
    for (const operation of BINARY) {
      binary({ y, a: x, b: z, operation })();
      results.push(valuesOf(y));
    }
    for (const kept of [
      [37, 1, 1],
      [1, 5, 60],
      [37, 1, 60],
      [1, 1, 60],
      [37, 5, 1],
    ]) {
      const sums = viewOf(arena.tensor('float', kept));
      reduce({ y: sums, x, operation: 'sum' })();
      results.push(valuesOf(sums));
    }
    arena.dispose();
    return results;
  };

  test.each([
    ['simd', 2, 4],
    ['fma', 3, 5],
  ])('%s: the same bits', (_, one, several) => {
    expect(run(engines[several].engine)).toEqual(run(engines[one].engine));
  });
});
