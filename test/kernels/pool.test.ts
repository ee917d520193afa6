/** Max pooling: windows of every kind against a search without shortcuts; guards, NaN, and images apart. */
import { expect, test } from 'vitest';
import { type Arena, describeBackends, filled, integers, reals } from './harness.js';
import { input, output, runOn, words } from './operands.js';
import { expectSame } from './ulp.js';

interface Pooling {
  readonly M: number;
  readonly size: readonly [height: number, width: number, channels: number];
  readonly window: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
  readonly top: number;
  readonly left: number;
  readonly places: readonly [number, number];
}

/** Of windows of one size and stride, as many as there are that begin and end within the padded image. */
function pooling(
  M: number,
  size: Pooling['size'],
  window: number | Pooling['window'],
  stride: number | Pooling['strides'],
  padding: readonly [number, number, number, number] = [0, 0, 0, 0],
  dilation: number | Pooling['dilations'] = 1,
): Pooling {
  const pair = (given: number | readonly [number, number]) =>
    typeof given === 'number' ? [given, given] : given;
  const [kernel, strides, dilations] = [pair(window), pair(stride), pair(dilation)];
  const places = [0, 1].map((i) => {
    const extent = (kernel[i] - 1) * dilations[i] + 1;
    return Math.floor((size[i] + padding[i] + padding[i + 2] - extent) / strides[i]) + 1;
  });
  const [top, left] = padding;
  return { M, size, window: kernel, strides, dilations, top, left, places } as unknown as Pooling;
}

/** Of images of 6x6, at most the windows that lie side by side. */
const few = (own: Pooling): Pooling => ({
  ...own,
  places: [Math.min(own.places[0], 3), Math.min(own.places[1], 3)],
});

const cases: Pooling[] = [
  pooling(1, [1, 1, 1], 1, 1),
  // Pairs: even and odd edges, channels in and beside vectors, and those that have no fast way.
  ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 16].map((C) => pooling(2, [4, 6, C], 2, 2)),
  ...[1, 3, 4, 6, 16].map((C) => pooling(3, [5, 7, C], 2, 2)),
  pooling(1, [2, 3, 8], 2, 2),
  pooling(1, [3, 2, 5], 2, 2),
  // Windows that overlap, that leave pixels out, that reach beyond the image.
  ...[1, 2, 3, 4, 7, 16].map((C) => pooling(2, [7, 6, C], 3, 2, [1, 1, 1, 1])),
  ...[1, 4, 5].map((C) => pooling(2, [6, 5, C], 3, 1, [1, 1, 1, 1])),
  pooling(2, [9, 8, 5], [2, 3], [3, 1]),
  pooling(1, [7, 9, 4], 1, 3),
  pooling(2, [6, 7, 6], [3, 2], [1, 2], [2, 0, 1, 1]),
  pooling(1, [9, 8, 3], 2, 1, [1, 1, 1, 1], [2, 3]),
  pooling(1, [9, 11, 6], 3, 2, [2, 2, 2, 2], 2),
  pooling(1, [4, 4, 5], 4, 4),
  pooling(1, [3, 3, 4], 2, 2, [1, 1, 0, 0]),
  // Not pairs, each for one reason alone: where more windows would fit, those that pairs would have.
  ...(
    [
      [3, 2],
      [2, 3],
      [1, 2],
      [2, 1],
    ] as const
  ).map((window) => pooling(1, [6, 6, 4], window, 2)),
  ...(
    [
      [1, 2],
      [2, 1],
      [3, 2],
      [2, 3],
    ] as const
  ).map((strides) => few(pooling(1, [6, 6, 4], 2, strides))),
  few(pooling(1, [6, 6, 4], 2, 2, [1, 0, 1, 0])),
  few(pooling(1, [6, 6, 4], 2, 2, [0, 1, 0, 1])),
  pooling(1, [6, 6, 4], 2, 2, [0, 0, 0, 0], [2, 1]),
  pooling(1, [6, 6, 4], 2, 2, [0, 0, 0, 0], [1, 2]),
  { ...pooling(1, [5, 6, 4], 2, 2), places: [3, 3] },
  { ...pooling(1, [6, 5, 4], 2, 2), places: [3, 3] },
  { ...pooling(1, [5, 6, 4], 2, 2), places: [3, 2] },
  { ...pooling(1, [6, 5, 8], 2, 2), places: [2, 3] },
  { ...pooling(1, [4, 9, 4], 2, 2), places: [2, 5] },
  // Windows so much larger than the image that parts of them begin beyond it.
  ...[1, 4, 6].map((C) => pooling(2, [2, 2, C], 7, 1, [3, 3, 3, 3])),
  // More pixels in a window than a byte has numbers.
  ...[1, 4, 6].map((C) => pooling(2, [18, 19, C], [17, 16], 1, [1, 0, 0, 2])),
  // As many as it has, and one more.
  pooling(1, [16, 17, 5], 16, 1),
  pooling(1, [257, 2, 5], [257, 1], 1),
  // A last window that reaches beyond the padding, as ONNX's ceil_mode has it.
  { ...pooling(2, [5, 5, 4], 2, 2), places: [3, 3] },
  { ...pooling(1, [4, 5, 3], 3, 2), places: [2, 2] },
  { ...pooling(0, [4, 4, 4], 2, 2) },
  pooling(2, [4, 4, 0], 2, 2),
];

const name = ({ M, size, window, strides, dilations, top, left }: Pooling) =>
  [
    `${[M, ...size].join('x')}, window ${window.join('x')}, strides ${strides}`,
    `dilations ${dilations}, padding ${top} ${left}`,
  ].join(', ');

/** The pixels of each window and their places in it, by a look at all of them. */
function* windows(own: Pooling): Generator<{ at: number; pixels: { pixel: number; place: number }[] }> {
  const [H, W] = own.size;
  for (let oh = 0; oh < own.places[0]; oh++) {
    for (let ow = 0; ow < own.places[1]; ow++) {
      const pixels = [];
      for (let place = 0; place < own.window[0] * own.window[1]; place++) {
        const [i, j] = [Math.floor(place / own.window[1]), place % own.window[1]];
        const h = oh * own.strides[0] - own.top + i * own.dilations[0];
        const w = ow * own.strides[1] - own.left + j * own.dilations[1];
        if (h >= 0 && w >= 0 && h < H && w < W) pixels.push({ pixel: h * W + w, place });
      }
      yield { at: oh * own.places[1] + ow, pixels };
    }
  }
}

/** y, places and dx of images without gaps, by definition. */
function expected(own: Pooling, x: ArrayLike<number>, dy: ArrayLike<number>) {
  const [H, W, C] = own.size;
  const outputs = own.places[0] * own.places[1];
  const y = filled(own.M * outputs * C, Number.NaN);
  const places = filled(y.length, -1);
  const dx = filled(own.M * H * W * C, 0);
  for (let m = 0; m < own.M; m++) {
    for (const { at, pixels } of windows(own)) {
      for (let c = 0; c < C; c++) {
        const values = pixels.map(({ pixel }) => x[(m * H * W + pixel) * C + c]);
        const wanted = values.some(Number.isNaN) ? Number.NaN : Math.max(...values);
        const first = values.findIndex(
          (value) => value === wanted || (Number.isNaN(wanted) && Number.isNaN(value)),
        );
        const to = (m * outputs + at) * C + c;
        y[to] = wanted;
        places[to] = pixels[first].place;
        dx[(m * H * W + pixels[first].pixel) * C + c] += dy[to];
      }
    }
  }
  return { y, places, dx };
}

/** As the kernels read it. */
function geometryOf({ size: [h, w, c], places, window, strides, dilations, top, left }: Pooling): Int32Array {
  return Int32Array.of(h, w, c, ...places, c, ...window, ...strides, ...dilations, top, left, c, 0);
}

function run(
  arena: Arena,
  own: Pooling,
  x: ArrayLike<number>,
  dy: ArrayLike<number>,
  {
    end,
    images = [[0, own.M]],
  }: { end?: 'y' | 'argmax' | 'x' | 'geometry' | 'dx' | 'dy'; images?: number[][] } = {},
) {
  const [H, W, C] = own.size;
  const [sizeX, sizeY] = [H * W * C, own.places[0] * own.places[1] * C];
  const isWide = own.window[0] * own.window[1] > 256;
  const stride = Math.ceil(C / 4) * (isWide ? 4 : 1);
  const kept = own.places[0] * own.places[1] * stride + 1;
  const got = runOn(
    arena,
    name(own),
    {
      ...{ y: output(own.M, sizeY, sizeY + 3), argmax: words(new Int32Array(own.M * kept).fill(-1), true) },
      ...{ x: input(x, own.M, sizeX, sizeX + 2), geometry: words(geometryOf(own)) },
      ...{ dx: output(own.M, sizeX, sizeX + 1), dy: input(dy, own.M, sizeY, sizeY + 5) },
    },
    (p) => {
      for (const [m, count] of images) {
        const [argmax, geometry] = [p.argmax.after(m * kept), p.geometry.pointer];
        arena.kernels.max_pool_forward(
          ...([p.y.after(m * p.y.ld), p.y.ld, argmax, kept, p.x.after(m * p.x.ld), p.x.ld] as const),
          ...([geometry, count, sizeY] as const),
        );
        arena.kernels.max_pool_backward(
          ...([p.dx.after(m * p.dx.ld), p.dx.ld, argmax, kept, p.dy.after(m * p.dy.ld), p.dy.ld] as const),
          ...([geometry, count, sizeY] as const),
        );
      }
    },
    own.M > 0 && C > 0 ? end : undefined,
  );
  const raw = Int32Array.from(got.argmax);
  const list = isWide ? raw : new Uint8Array(raw.buffer);
  const places = new Float64Array(own.M * sizeY).map((_, i) => {
    const [m, at, c] = [Math.floor(i / sizeY), Math.floor((i % sizeY) / C), i % C];
    return list[m * kept * (isWide ? 1 : 4) + at * Math.ceil(C / 4) * 4 + c];
  });
  return { ...got, places };
}

const sizes = ({ M, size: [H, W, C], places: [OH, OW] }: Pooling) =>
  [M * H * W * C, M * OH * OW * C] as const;

describeBackends('max pooling', (arena) => {
  test('windows of every kind: values, places, and what flows back', () => {
    for (const [i, own] of cases.entries()) {
      const [ofX, ofY] = sizes(own);
      // Few different numbers, so that there are equal ones, and sums that are exact.
      const [x, dy] = [integers(ofX, i).map((v) => v >> 2), integers(ofY, i + 1)];
      const end = (['y', 'argmax', 'x', 'geometry', 'dx', 'dy'] as const)[i % 6];
      const got = run(arena, own, x, dy, { end });
      const wanted = expected(own, x, dy);
      expectSame(`y of ${name(own)}`, got.y, wanted.y);
      expectSame(`places of ${name(own)}`, got.places, wanted.places);
      expectSame(`dx of ${name(own)}`, got.dx, wanted.dx);
    }
  });

  test('every operand may end the memory, with whole vectors and with parts of one', () => {
    for (const own of [
      pooling(2, [4, 4, 4], 2, 2),
      pooling(2, [5, 4, 3], 3, 2, [1, 1, 1, 1]),
      pooling(1, [3, 3, 6], 2, 1),
      pooling(1, [1, 4, 3], [1, 2], 1),
      pooling(1, [4, 1, 2], [2, 1], 1),
      pooling(1, [4, 3, 1], 2, 1),
      pooling(1, [3, 3, 7], 2, 1),
    ]) {
      const [ofX, ofY] = sizes(own);
      // The last pixel of a window is its largest.
      const [x, dy] = [Float64Array.from({ length: ofX }, (_, i) => i + 1), integers(ofY, 2)];
      const wanted = expected(own, x, dy);
      for (const end of ['y', 'argmax', 'x', 'geometry', 'dx', 'dy'] as const) {
        const got = run(arena, own, x, dy, { end });
        expectSame(`y of ${name(own)}`, got.y, wanted.y);
        expectSame(`dx of ${name(own)}`, got.dx, wanted.dx);
      }
    }
  });

  test('NaN goes through, infinities are numbers, and the place is that of the first', () => {
    const odd = [Number.NaN, Infinity, -Infinity, 0, -0, 1];
    for (const own of [
      pooling(2, [6, 6, 8], 2, 2),
      pooling(2, [6, 6, 5], 2, 2),
      pooling(2, [6, 6, 6], 3, 1, [1, 1, 1, 1]),
    ]) {
      const [ofX, ofY] = sizes(own);
      for (let seed = 0; seed < 10; seed++) {
        const x = integers(ofX, seed).map((v) => odd[(v + 8) % (seed < 5 ? odd.length : 3)]);
        const dy = integers(ofY, seed + 20);
        const [got, wanted] = [run(arena, own, x, dy), expected(own, x, dy)];
        expectSame(`y of ${name(own)}`, got.y, wanted.y);
        expectSame(`places of ${name(own)}`, got.places, wanted.places);
        expectSame(`dx of ${name(own)}`, got.dx, wanted.dx);
      }
    }
  });

  test('a gradient of NaN stays where it belongs', () => {
    const own = pooling(1, [4, 4, 4], 2, 2);
    const x = integers(64, 1);
    const { dx } = run(arena, own, x, filled(16, Number.NaN));
    expect(dx.filter(Number.isNaN)).toHaveLength(16);
    expect(dx.filter((v) => v === 0)).toHaveLength(48);
  });

  test('windows that see no pixel are -Infinity, and nothing flows back from them', () => {
    for (const C of [0, 1, 4, 6]) {
      const own = pooling(2, [2, 2, C], 2, 1, [3, 3, 3, 3], 2);
      const [ofX, ofY] = sizes(own);
      const { y, dx } = run(arena, own, filled(ofX, 1), filled(ofY, 1));
      const seen = [...windows(own)].map(({ pixels }) => pixels.length);
      const wanted = Float64Array.from({ length: ofY }, (_, i) =>
        seen[Math.floor(i / C) % seen.length] > 0 ? 1 : -Infinity,
      );
      expect(seen).toContain(0);
      expectSame('y', y, wanted);
      expect(dx.reduce((sum, v) => sum + v, 0)).toBe(wanted.filter((v) => v === 1).length);
    }
  });

  test('windows side by side pass a gradient of -0 on as it is', () => {
    // The reference adds it to 0.
    if (arena.isReference) return;
    for (const own of [4, 8].map((C) => pooling(1, [4, 4, C], 2, 2))) {
      const [ofX, ofY] = sizes(own);
      const { dx } = run(arena, own, integers(ofX, 1), filled(ofY, -0));
      expect(dx.filter((v) => Object.is(v, -0))).toHaveLength(ofY);
    }
  });

  test('images may be done apart, and places left out', () => {
    for (const own of [pooling(5, [6, 5, 7], 2, 2), pooling(5, [6, 5, 3], 3, 2, [1, 1, 1, 1])]) {
      const [ofX, ofY] = sizes(own);
      const [x, dy] = [reals(ofX, 3), reals(ofY, 4)];
      const whole = run(arena, own, x, dy);
      const cut = run(arena, own, x, dy, {
        images: [
          [0, 1],
          [1, 3],
          [4, 1],
        ],
      });
      for (const part of ['y', 'places', 'dx'] as const) expectSame(part, cut[part], whole[part]);
      const without = runOn(
        arena,
        'without places',
        { y: output(1, ofY), x: input(x, 1, ofX), geometry: words(geometryOf(own)) },
        ({ y, x, geometry }) =>
          arena.kernels.max_pool_forward(
            y.pointer,
            ofY / 5,
            0,
            0,
            x.pointer,
            ofX / 5,
            geometry.pointer,
            5,
            ofY / 5,
          ),
      );
      expectSame('y', without.y, whole.y);
    }
  });
});
