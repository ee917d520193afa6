/**
 * Convolutions against a loop in float64 that follows each product from an image's element to where it goes.
 * Integer-valued operands make float32 sums exact in any order, so that those results are compared for
 * equality.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { activationCodes, type FusedActivation } from '../../src/engine/kernels.js';
import { type ConvCase, moreShapes, same, shapes, sizesOf } from './conv-shapes.js';
import { type Arena, describeBackends, filled, gathered, integers, reals, spread } from './harness.js';
import { expectClose, expectSame } from './ulp.js';

/** Calls `visit` with the places of x, w and y that meet. */
function follow(given: ConvCase, visit: (x: number, w: number, y: number) => void): void {
  const { H, W, C, KH, KW, O, OH, OW, c } = sizesOf(given);
  const { B, strides = [1, 1], dilations = [1, 1], padding = [0, 0, 0, 0], groups = 1 } = given;
  for (let b = 0; b < B; b++) {
    for (let h = 0; h < H; h++) {
      for (let w = 0; w < W; w++) {
        for (let ky = 0; ky < KH; ky++) {
          const down = h + padding[0] - ky * dilations[0];
          if (down < 0 || down % strides[0] !== 0 || down / strides[0] >= OH) continue;
          for (let kx = 0; kx < KW; kx++) {
            const right = w + padding[1] - kx * dilations[1];
            if (right < 0 || right % strides[1] !== 0 || right / strides[1] >= OW) continue;
            const y = ((b * OH + down / strides[0]) * OW + right / strides[1]) * O;
            for (let q = 0; q < C; q++) {
              const first = Math.floor(q / c) * (O / groups);
              for (let o = first; o < first + O / groups; o++) {
                visit(((b * H + h) * W + w) * C + q, ((ky * KW + kx) * c + (q % c)) * O + o, y + o);
              }
            }
          }
        }
      }
    }
  }
}

const derivatives: Record<FusedActivation, (y: number) => number> = {
  identity: () => 1,
  relu: (y) => (y > 0 ? 1 : 0),
  sigmoid: (y) => y * (1 - y),
  tanh: (y) => 1 - y * y,
};
const functions: Record<FusedActivation, (z: number) => number> = {
  identity: (z) => z,
  relu: (z) => Math.max(z, 0),
  sigmoid: (z) => 1 / (1 + Math.exp(-z)),
  tanh: Math.tanh,
};

/** Runs all three kernels on one case and checks what they give. */
function check(arena: Arena, given: ConvCase): { y: Float64Array; dx: Float64Array; dw: Float64Array } {
  const { H, W, C, KH, KW, O, OH, OW, c, words } = sizesOf(given);
  const { B, groups = 1, gap = 0, activation = 'identity', end } = given;
  const make = given.values === 'reals' ? reals : integers;
  const seed = B * 31 + H * 101 + W * 1009 + C * 10007 + KH * 5 + KW * 3 + O;
  const [pixels, K] = [B * OH * OW, KH * KW * c];
  const x = make(B * H * W * C, seed);
  const w = make(K * O, seed + 1);
  const dy = make(pixels * O, seed + 2);
  const bias = given.bias ? make(O, seed + 3) : undefined;
  const saved = given.saved ? reals(B * H * W * C, seed + 4) : undefined;
  const backBias = given.bias && !saved ? make(C, seed + 5) : undefined;
  const context = JSON.stringify(given);
  const { kernels, work } = arena;
  const code = activationCodes[activation];
  const wide = given.wide ? 1 : 0;
  const cuts = (n: number, at: number) =>
    given.cut ? [[0, at] as const, [at, n] as const] : [[0, n] as const];
  const compare = (
    name: string,
    got: ArrayLike<number>,
    exact: Float64Array,
    sizes: Float64Array,
    terms: number,
    own: FusedActivation = 'identity',
  ) => {
    const isLinear = own === 'identity' || own === 'relu';
    if (given.values !== 'reals' && isLinear) return expectSame(`${context} ${name}`, got, exact);
    const curved = (i: number) => (isLinear ? 0 : 2 ** -21 * (1 + Math.abs(exact[i])));
    expectClose(`${context} ${name}`, got, exact, (i) => (terms + 3) * 2 ** -24 * sizes[i] + curved(i));
  };

  // Forward.
  const sum = Float64Array.from({ length: pixels * O }, (_, i) => bias?.[i % O] ?? 0);
  const sumSize = sum.map(Math.abs);
  follow(given, (i, j, k) => {
    sum[k] += x[i] * w[j];
    sumSize[k] += Math.abs(x[i] * w[j]);
  });
  const panelFloats = (rows: number, columns: number) => groups * rows * Math.ceil(columns / 16) * 16;
  arena.begin();
  const geometry = arena.inputInts('geometry', words);
  const ldw = O + gap;
  const placedX = arena.input('x', x, end === 'x');
  const placedW = arena.input('w', spread(w, K, O, ldw), end === 'w');
  const panels = arena.output('panels', filled(panelFloats(K, O / groups), Number.NaN));
  const placedBias = bias ? arena.input('bias', bias, end === 'bias').pointer : 0;
  const y = arena.output('y', filled(pixels * O, Number.NaN), end === 'y');
  kernels.conv_pack(panels.pointer, placedW.pointer, ldw, geometry.pointer, wide);
  kernels.conv_forward(
    ...([y.pointer, work, placedX.pointer, panels.pointer, placedBias] as const),
    ...([geometry.pointer, 0, pixels, code, wide] as const),
  );
  arena.check(`${context} forward`);
  compare('forward', y.read(), sum.map(functions[activation]), sumSize, K, activation);
  const gotY = Float64Array.from(y.read());

  // The gradient of the image.
  const back = Float64Array.from({ length: x.length }, (_, i) => backBias?.[i % C] ?? 0);
  const backSize = back.map(Math.abs);
  follow(given, (i, j, k) => {
    back[i] += dy[k] * w[j];
    backSize[i] += Math.abs(dy[k] * w[j]);
  });
  arena.begin();
  const geometry2 = arena.inputInts('geometry', words);
  const w2 = arena.input('w', spread(w, K, O, ldw), end === 'w');
  const turned = arena.output('panels', filled(panelFloats(KH * KW * (O / groups), C / groups), Number.NaN));
  const dy2 = arena.input('dy', dy, end === 'x');
  const saved2 = saved ? arena.input('saved', saved).pointer : 0;
  const bias2 = backBias ? arena.input('bias', backBias, end === 'bias').pointer : 0;
  const dx = arena.output('dx', filled(x.length, Number.NaN), end === 'y');
  kernels.conv_pack_turned(turned.pointer, w2.pointer, ldw, geometry2.pointer, wide);
  for (const [from, to] of cuts(B * H * W, H * W)) {
    kernels.conv_image_gradient(
      ...([dx.pointer, work, saved2, dy2.pointer, turned.pointer, bias2] as const),
      ...([geometry2.pointer, from, to, code, wide] as const),
    );
  }
  arena.check(`${context} image`);
  const exactBack = saved
    ? back.map((v, i) => v * derivatives[activation](saved[i]))
    : back.map(functions[activation]);
  compare('image', dx.read(), exactBack, backSize, KH * KW * O, activation);

  // The gradient of the weight.
  const weight = new Float64Array(K * O);
  const weightSize = new Float64Array(K * O);
  follow(given, (i, j, k) => {
    weight[j] += x[i] * dy[k];
    weightSize[j] += Math.abs(x[i] * dy[k]);
  });
  arena.begin();
  const geometry3 = arena.inputInts('geometry', words);
  const x3 = arena.input('x', x, end === 'x');
  const dy3 = arena.input('dy', dy, end === 'w');
  const dbias = given.bias ? arena.output('dbias', filled(O, Number.NaN)) : undefined;
  const dw = arena.output('dw', spread(filled(K * O, Number.NaN), K, O, ldw), end === 'y');
  for (const [from, to] of cuts(K, 1)) {
    kernels.conv_weight_gradient(
      ...([dw.pointer, ldw, dbias?.pointer ?? 0, work, x3.pointer, dy3.pointer] as const),
      ...([geometry3.pointer, B, from, to, wide] as const),
    );
  }
  arena.check(`${context} weight`);
  const terms = Math.min(pixels, 4160);
  if (dbias) {
    const sums = filled(O, 0);
    const sizes = filled(O, 0);
    for (const [i, value] of dy.entries()) {
      sums[i % O] += value;
      sizes[i % O] += Math.abs(value);
    }
    compare('bias', dbias.read(), sums, sizes, terms);
  }
  const gotW = gathered(dw.read(), K, O, ldw);
  compare('weight', gotW, weight, weightSize, terms);
  return { y: gotY, dx: Float64Array.from(dx.read()), dw: gotW };
}

const activations: readonly FusedActivation[] = ['identity', 'relu', 'sigmoid', 'tanh'];

describeBackends('convolutions', (arena) => {
  test('a small one whose sizes all differ', () => {
    const given: ConvCase = {
      ...{ B: 2, image: [4, 7, 4], window: [3, 2], outputs: 6, groups: 2 },
      ...{ strides: [1, 2], dilations: [2, 3], padding: [2, 1, 1, 2] },
    };
    check(arena, { ...given, bias: true, gap: 3 });
    check(arena, { ...given, saved: true, values: 'reals', activation: 'tanh', strides: [2, 1] });
    check(arena, { ...given, saved: true, values: 'reals', activation: 'tanh', cut: true });
    check(arena, { ...given, bias: true, values: 'reals', activation: 'tanh', cut: true });
    check(arena, {
      ...given,
      bias: true,
      values: 'reals',
      activation: 'sigmoid',
      dilations: [1, 1],
      padding: [0, 0, 0, 0],
    });
  });

  test.each(Object.entries({ ...shapes, ...moreShapes }))('%s', (_, given) => {
    check(arena, given);
    check(arena, { ...given, bias: true, gap: 3, activation: 'relu', end: 'x' });
    check(arena, { ...given, wide: true, saved: true, activation: 'relu', end: 'w' });
    check(arena, { ...given, wide: true, bias: true, end: 'y', values: 'reals', activation: 'tanh' });
    check(arena, { ...given, saved: true, bias: true, values: 'reals', activation: 'sigmoid', end: 'bias' });
    check(arena, { ...given, scattered: true, gap: 5, bias: true, wide: true });
    check(arena, { ...given, scattered: true, saved: true, values: 'reals', activation: 'tanh', end: 'y' });
  });

  test('is exact on integers, random shapes', () => {
    const size = fc.integer({ min: 1, max: 9 });
    const few = fc.integer({ min: 1, max: 4 });
    const pair = fc.tuple(few, few);
    const paddings = fc.tuple(...[0, 0, 0, 0].map(() => fc.integer({ min: 0, max: 3 })));
    const shape = fc.record({
      B: fc.integer({ min: 1, max: 3 }),
      sides: fc.tuple(size, size),
      channels: fc.integer({ min: 1, max: 11 }),
      each: few,
      groups: fc.constantFrom(1, 1, 1, 2, 3, 5),
      window: pair,
      strides: pair,
      dilations: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
      padding: paddings,
      code: fc.integer({ min: 0, max: 1 }),
      bias: fc.boolean(),
      saved: fc.boolean(),
      wide: fc.boolean(),
      scattered: fc.boolean(),
    });
    fc.assert(
      fc.property(shape, ({ sides, channels, each, code, ...rest }) => {
        const image = [...sides, channels * rest.groups] as const;
        const given = {
          ...rest,
          image,
          outputs: each * rest.groups,
          activation: activations[code],
        } as unknown as ConvCase;
        const { OH, OW } = sizesOf(given);
        if (OH < 1 || OW < 1) return;
        check(arena, given);
      }),
      { numRuns: 120, seed: 2 },
    );
  });

  test('a wide tile changes no bit', () => {
    const given = same({ B: 3, image: [9, 8, 11], window: [3, 3], outputs: 21, values: 'reals' });
    expect(check(arena, { ...given, wide: true })).toEqual(check(arena, given));
  });

  test('sums of more than 4160 terms', () => {
    check(arena, same({ B: 1, image: [3, 3, 480], window: [3, 3], outputs: 5, values: 'reals' }));
    check(arena, same({ B: 1, image: [2, 3, 3], window: [3, 3], outputs: 470, values: 'reals', bias: true }));
    check(arena, same({ B: 1, image: [66, 66, 1], window: [3, 3], outputs: 5, values: 'reals' }));
  });

  test.each([4160, 4161])('1x1 convolutions are products, of sums of %i terms', (K) => {
    // The reference adds up in float64.
    if (arena.isReference) return;
    const { kernels, work } = arena;
    const [M, N] = [3, 5];
    const [a, b] = [reals(M * K, 1), reals(K * N, 2)];
    const turned = (x: Float64Array, columns: number) =>
      x.map((_, i) => x[(i % (x.length / columns)) * columns + Math.floor(i / (x.length / columns))]);
    const run = (values: Float64Array[], size: number, call: (out: number, ...p: number[]) => void) => {
      arena.begin();
      const placed = values.map((own, i) => arena.input(`operand ${i}`, own).pointer);
      const out = arena.output('result', filled(size, Number.NaN));
      call(out.pointer, ...placed);
      arena.check(`${K} terms`);
      return Float64Array.from(out.read());
    };
    const geometry = (pixels: number, image: number, outputs: number) =>
      arena.inputInts('geometry', sizesOf({ B: 1, image: [1, pixels, image], window: [1, 1], outputs }).words)
        .pointer;
    const product = run([a, b], M * N, (c, a, b) =>
      kernels.gemm_nn(c, N, 0, work, a, K, 0, b, N, 0, 0, 1, M, N, K, 0, 0, 0),
    );
    const forward = run([a, b], M * N, (y, x, w) => {
      const panels = arena.output('panels', filled(K * 16, 0)).pointer;
      const own = geometry(M, K, N);
      kernels.conv_pack(panels, w, N, own, 0);
      kernels.conv_forward(y, work, x, panels, 0, own, 0, M, 0, 0);
    });
    const image = run([a, turned(b, N)], M * N, (dx, dy, w) => {
      const panels = arena.output('panels', filled(K * 16, 0)).pointer;
      const own = geometry(M, N, K);
      kernels.conv_pack_turned(panels, w, K, own, 0);
      kernels.conv_image_gradient(dx, work, 0, dy, panels, 0, own, 0, M, 0, 0);
    });
    const weight = run([turned(a, K), b], M * N, (dw, x, dy) =>
      kernels.conv_weight_gradient(dw, N, 0, work, x, dy, geometry(K, M, N), 1, 0, M, 0),
    );
    const sums = run([b], N, (db, dy) => {
      const [x, dw] = [arena.input('x', filled(K, 1)).pointer, arena.output('dw', filled(N, 0)).pointer];
      kernels.conv_weight_gradient(dw, N, db, work, x, dy, geometry(K, 1, N), 1, 0, 1, 0);
    });
    const ones = run([filled(K, 1), b], N, (c, a, b) =>
      kernels.gemm_nn(c, N, 0, work, a, K, 0, b, N, 0, 0, 1, 1, N, K, 0, 0, 0),
    );
    expectSame('forward', forward, product);
    expectSame('image', image, product);
    expectSame('weight', weight, product);
    expectSame('bias', sums, ones);
  });

  test.each([
    ['pixels', { image: [5, 9, 3], outputs: 4 }, 4],
    ['pixels of one channel', { image: [5, 9, 1], outputs: 4 }, 4],
    ['rows of channels apart', { image: [5, 9, 6], outputs: 6, groups: 6 }, 9],
    ['images, at strides', { image: [5, 9, 3], outputs: 4, strides: [2, 2] }, 45],
    [
      'images of channels apart, at strides',
      { image: [5, 9, 6], outputs: 6, groups: 6, strides: [2, 1] },
      45,
    ],
    ['images, scattered', { image: [5, 9, 3], outputs: 4, scattered: true }, 45],
  ] as const)('parts of %s have the bits of the whole', (_, own, step) => {
    const given: ConvCase = same({ B: 3, window: [3, 3], ...own });
    const { H, W, C, O, OH, OW, KH, KW, c, words } = sizesOf(given);
    const { kernels, work } = arena;
    const [K, code] = [KH * KW * c, activationCodes.tanh];
    const [x, dy, w] = [reals(3 * H * W * C, 1), reals(3 * OH * OW * O, 2), reals(K * O, 3)];
    const run = (parts: (length: number, step: number) => [number, number][]) => {
      arena.begin();
      const geometry = arena.inputInts('geometry', words).pointer;
      const at = arena.input('x', x).pointer;
      const [atDy, atW] = [arena.input('dy', dy).pointer, arena.input('w', w).pointer];
      const outputs = [3 * OH * OW * O, x.length, x.length, w.length, O];
      const [y, dx, saved, dw, db] = outputs.map((n, i) => arena.output(`${i}`, filled(n, 0.5)));
      const panels = arena.output('panels', filled(KH * KW * 16 * (C + O) * 4, 0)).pointer;
      kernels.conv_pack(panels, atW, O, geometry, 0);
      for (const [from, to] of parts(3 * OH * OW, step === 45 ? OH * OW : step === 4 ? 4 : OW))
        kernels.conv_forward(y.pointer, work, at, panels, 0, geometry, from, to, code, 0);
      kernels.conv_pack_turned(panels, atW, O, geometry, 0);
      for (const [from, to] of parts(3 * H * W, step)) {
        const rest = [geometry, from, to, code, 0] as const;
        kernels.conv_image_gradient(dx.pointer, work, 0, atDy, panels, 0, ...rest);
        kernels.conv_image_gradient(saved.pointer, work, at, atDy, panels, 0, ...rest);
      }
      for (const [from, to] of parts(K, 1))
        kernels.conv_weight_gradient(dw.pointer, O, db.pointer, work, at, atDy, geometry, 3, from, to, 0);
      arena.check('parts');
      return [y, dx, saved, dw, db].map((placed) => Float64Array.from(placed.read()));
    };
    const whole = run((length) => [[0, length]]);
    const inParts = run((length, step) => {
      const all: [number, number][] = [];
      for (let from = 0; from < length; from += step) all.push([from, Math.min(from + step, length)]);
      return all;
    });
    for (const [i, part] of inParts.entries()) expectSame(`result ${i}`, part, whole[i]);
  });

  test('more than 512 channels at strides', () => {
    check(arena, same({ B: 1, image: [4, 5, 530], window: [3, 3], outputs: 3, strides: [2, 2] }));
  });
});
