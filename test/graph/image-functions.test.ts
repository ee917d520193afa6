/** Pooling, enlarging, padding and dropout of channels: values by definition, gradients by finite differences. */
import { array, assert, boolean, constantFrom, integer, property, record } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ShapeError } from '../../src/base/errors.js';
import { createEngine } from '../../src/create/engine.js';
import { createReferenceEngine } from '../../src/create/reference.js';
import type { Engine } from '../../src/engine/engine.js';
import * as f from '../../src/graph/functions.js';
import { pad } from '../../src/graph/image-functions.js';
import { input } from '../../src/graph/leaves.js';
import type { Value } from '../../src/graph/value.js';
import { CompiledModel } from '../../src/nn/compile.js';
import { dropout } from '../../src/nn/dropout.js';
import { constant } from '../../src/nn/initializers.js';
import { parameter } from '../../src/nn/layer.js';
import { network } from '../../src/nn/network.js';
import { batchNorm } from '../../src/nn/normalization.js';
import { sgd } from '../../src/nn/optimizers.js';
import { ownLoss } from '../../src/nn/own-loss.js';
import { avgPool2d, globalAvgPool, globalMaxPool, maxPool2d, upsample } from '../../src/nn/pool.js';
import { dropoutOperation } from '../../src/ops/dropout.js';
import type { Operation, Shape } from '../../src/ops/operation.js';
import { pad as padOperation } from '../../src/ops/pad.js';
import { avgPool2d as avgPoolOperation, maxPool2d as maxPoolOperation } from '../../src/ops/pool.js';
import { upsample2d as upsampleOperation } from '../../src/ops/upsample.js';
import { gradcheck } from '../../src/train/gradcheck.js';
import { integers, reals } from '../kernels/harness.js';
import { madeOf, ofImages } from './cases.js';

const engines = [
  { name: 'wasm strict', engine: await createEngine({ math: 'strict' }) },
  { name: 'wasm, 2 threads', engine: await createEngine({ math: 'strict', threads: 2 }) },
  { name: 'reference', engine: createReferenceEngine() },
];

/** What becomes of images of this shape: the numbers of a batch, and the shape of one. */
function run(
  engine: Engine,
  dims: readonly number[],
  compute: (x: Value) => Value,
  values: ArrayLike<number>,
  training = false,
): { shape: readonly number[]; values: Float32Array } {
  const x = input(dims);
  const y = compute(x);
  const rows = values.length / dims.reduce((a, b) => a * b, 1);
  // A network has a parameter.
  const model = network(x, f.mul(f.flatten(y), parameter('one', [1], constant(1))), { seed: 5 });
  const compiled = new CompiledModel(engine, model, {
    maxRows: Math.max(rows, 1),
    optimizer: sgd({ learningRate: 1 }),
  });
  const plan = compiled.plan(rows);
  plan.inputs.write(values);
  plan.loaded();
  plan.forward(training);
  const result = { shape: y.shape.dims, values: plan.outputs.read() as Float32Array };
  compiled.dispose();
  return result;
}

/** Numbers before and after, axis by axis. */
const pairs = (...own: [before: number, after: number][]) => own;

/** Pixels of an image by row, column and channel; `around` beyond its edges. */
const pixels =
  (x: ArrayLike<number>, [H, W, C]: readonly number[], m = 0) =>
  (h: number, w: number, c: number, around = Number.NaN) =>
    h < 0 || w < 0 || h >= H || w >= W ? around : x[((m * H + h) * W + w) * C + c];

describe.each(engines)('what images become ($name)', ({ engine }) => {
  test('pooling, whatever the windows, is the largest and the mean of what they hold', () => {
    const small = integer({ min: 1, max: 3 });
    const cases = record({
      dims: record({
        H: integer({ min: 1, max: 7 }),
        W: integer({ min: 1, max: 7 }),
        C: integer({ min: 1, max: 6 }),
      }),
      size: array(small, { minLength: 2, maxLength: 2 }),
      stride: array(small, { minLength: 2, maxLength: 2 }),
      padding: array(integer({ min: 0, max: 1 }), { minLength: 4, maxLength: 4 }),
      dilation: integer({ min: 1, max: 2 }),
      countIncludePad: boolean(),
      seed: integer({ min: 0, max: 100 }),
    });
    assert(
      property(cases, ({ dims: { H, W, C }, size, stride, padding, dilation, countIncludePad, seed }) => {
        const options = { stride, padding, dilation } as never;
        const x = integers(2 * H * W * C, seed);
        const [OH, OW] = [H, W].map((length, i) => {
          const room = length + padding[i] + padding[i + 2] - (size[i] - 1) * dilation - 1;
          return room < 0 ? 0 : Math.floor(room / stride[i]) + 1;
        });
        const [max, mean]: number[][] = [[], []];
        let isEmpty = OH === 0 || OW === 0;
        for (let m = 0; m < 2; m++) {
          const at = pixels(x, [H, W, C], m);
          for (let i = 0; i < OH * OW * C; i++) {
            const [c, ow, oh] = [i % C, Math.floor(i / C) % OW, Math.floor(i / C / OW)];
            const window = Array.from({ length: size[0] * size[1] }, (_, k) => {
              const [h, w] = [Math.floor(k / size[1]), k % size[1]];
              return at(
                oh * stride[0] - padding[0] + h * dilation,
                ow * stride[1] - padding[1] + w * dilation,
                c,
              );
            });
            const held = window.filter((v) => !Number.isNaN(v));
            isEmpty ||= held.length === 0;
            max.push(Math.max(...held));
            mean.push(held.reduce((a, b) => a + b, 0) / (countIncludePad ? window.length : held.length));
          }
        }
        const layers = [
          maxPool2d(size as never, options),
          avgPool2d(size as never, { ...(options as object), countIncludePad }),
        ];
        if (isEmpty) {
          for (const layer of layers) expect(() => layer(input([H, W, C]))).toThrow(ShapeError);
          return;
        }
        const [largest, means] = layers.map((layer) => run(engine, [H, W, C], layer, x));
        expect(largest.shape).toEqual([OH, OW, C]);
        expect([...largest.values]).toEqual(max);
        expect(means.shape).toEqual([OH, OW, C]);
        for (const [i, v] of mean.entries()) expect(means.values[i]).toBeCloseTo(v, 5);
      }),
      { numRuns: 60 },
    );
  });

  test('the stride is the size where none is given, and same keeps the odd pixel', () => {
    const x = Float64Array.from({ length: 15 }, (_, i) => i);
    expect(run(engine, [3, 5, 1], maxPool2d(2), x)).toEqual({
      shape: [1, 2, 1],
      values: Float32Array.of(6, 8),
    });
    const same = run(engine, [3, 5, 1], maxPool2d(2, { padding: 'same' }), x);
    expect(same).toEqual({ shape: [2, 3, 1], values: Float32Array.of(6, 8, 9, 11, 13, 14) });
    const mean = run(engine, [3, 5, 1], avgPool2d(2, { padding: 'same' }), x);
    expect(mean.values).toEqual(Float32Array.of(3, 5, 6.5, 10.5, 12.5, 14));
    const ceil = run(engine, [3, 5, 1], avgPool2d(2, { ceilMode: true, countIncludePad: true }), x);
    expect(ceil.values).toEqual(mean.values);
  });

  test('global pooling leaves one number a channel', () => {
    const x = Float64Array.of(1, -1, 2, -2, 3, -3, 6, -6);
    expect(run(engine, [2, 2, 2], globalAvgPool(), x)).toEqual({
      shape: [2],
      values: Float32Array.of(3, -3),
    });
    expect(run(engine, [2, 2, 2], globalMaxPool(), x)).toEqual({
      shape: [2],
      values: Float32Array.of(6, -1),
    });
  });

  test('nearest takes the pixel under the centre, bilinear is a line between centres', () => {
    const size = integer({ min: 1, max: 7 });
    const cases = record({ H: size, W: size, OH: size, OW: size, C: integer({ min: 1, max: 5 }) });
    assert(
      property(cases, constantFrom('nearest' as const, 'bilinear' as const), ({ H, W, OH, OW, C }, mode) => {
        const x = reals(2 * H * W * C, H + 10 * W);
        const got = run(engine, [H, W, C], upsample({ size: [OH, OW], mode }), x);
        expect(got.shape).toEqual([OH, OW, C]);
        for (const [i, value] of got.values.entries()) {
          const [c, ow, oh, m] = [
            i % C,
            Math.floor(i / C) % OW,
            Math.floor(i / C / OW) % OH,
            Math.floor(i / C / OW / OH),
          ];
          const at = pixels(x, [H, W, C], m);
          const [v, h] = [((oh + 0.5) * H) / OH, ((ow + 0.5) * W) / OW];
          if (mode === 'nearest') {
            // At the border of two squares either rounding of v is a wrong test, not a wrong pixel.
            if (Math.min(...[v, h].map((own) => Math.abs(own - Math.round(own)))) < 1e-9) continue;
            expect(value).toBe(at(Math.floor(v), Math.floor(h), c));
            continue;
          }
          // A tent over each centre; beyond the outermost centres the image goes on as it ends.
          const tent = (place: number, length: number, k: number) =>
            Math.max(0, 1 - Math.abs(Math.min(Math.max(place - 0.5, 0), length - 1) - k));
          let sum = 0;
          for (let k = 0; k < H; k++)
            for (let l = 0; l < W; l++) sum += tent(v, H, k) * tent(h, W, l) * at(k, l, c);
          expect(value).toBeCloseTo(sum, 5);
        }
      }),
      { numRuns: 40 },
    );
    const twice = run(engine, [1, 2, 1], upsample({ scale: [2, 3] }), [1, 2]);
    expect(twice).toEqual({ shape: [2, 6, 1], values: Float32Array.of(1, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 2) });
  });

  test('padding: a number around any value, mirrors and edges around images', () => {
    const amount = integer({ min: 0, max: 3 });
    const cases = record({
      dims: array(integer({ min: 1, max: 4 }), { minLength: 3, maxLength: 3 }),
      amounts: array(array(amount, { minLength: 2, maxLength: 2 }), { minLength: 3, maxLength: 3 }),
      mode: constantFrom('constant' as const, 'reflect' as const, 'edge' as const),
      value: constantFrom(0, -1.5),
    });
    assert(
      property(cases, ({ dims, amounts, mode, value }) => {
        if (mode !== 'constant') amounts[2] = [0, 0];
        const own = amounts as [number, number][];
        const tooFar = own.some(
          ([before, after], i) => mode === 'reflect' && i < 2 && Math.max(before, after) >= dims[i],
        );
        if (tooFar) {
          expect(() => pad(input(dims), own, { mode })).toThrow(ShapeError);
          return;
        }
        const x = reals(2 * dims[0] * dims[1] * dims[2], 1);
        const got = run(engine, dims, (v) => pad(v, own, { mode, value }), x);
        const shape = dims.map((length, i) => length + own[i][0] + own[i][1]);
        expect(got.shape).toEqual(shape);
        const fold = (i: number, length: number) => {
          if (mode === 'edge') return Math.min(Math.max(i, 0), length - 1);
          if (mode === 'reflect') return i < 0 ? -i : i >= length ? 2 * length - 2 - i : i;
          return i;
        };
        for (const [i, v] of got.values.entries()) {
          const [c, w] = [i % shape[2], Math.floor(i / shape[2]) % shape[1]];
          const [h, m] = [
            Math.floor(i / shape[2] / shape[1]) % shape[0],
            Math.floor(i / shape[2] / shape[1] / shape[0]),
          ];
          const [H, W, C] = [fold(h - own[0][0], dims[0]), fold(w - own[1][0], dims[1]), c - own[2][0]];
          const expected = C < 0 || C >= dims[2] ? value : pixels(x, dims, m)(H, W, C, value);
          expect(v).toBe(Math.fround(expected));
        }
      }),
      { numRuns: 60 },
    );
    const line = run(engine, [3], (v) => pad(v, [[1, 2]], { value: 7 }), [1, 2, 3, 4, 5, 6]);
    expect(line.values).toEqual(Float32Array.of(7, 1, 2, 3, 7, 7, 7, 4, 5, 6, 7, 7));
  });

  test('batchNorm of more pixels than a chain of additions has terms', () => {
    const [rows, H, W, C] = [70, 8, 8, 3];
    const x = reals(rows * H * W * C, 1).map((v, i) => Math.fround(3 * v + 10 * (i % C)));
    const { values } = run(engine, [H, W, C], batchNorm(), x, true);
    for (let c = 0; c < C; c++) {
      const own = x.filter((_, i) => i % C === c);
      const mean = own.reduce((a, b) => a + b) / own.length;
      const variance = own.reduce((a, b) => a + (b - mean) ** 2, 0) / own.length;
      const got = values.filter((_, i) => i % C === c);
      for (const [i, v] of got.entries()) {
        expect(Math.abs(v - (own[i] - mean) / Math.sqrt(variance + 1e-5))).toBeLessThan(1e-5);
      }
    }
  });

  test('an empty batch gives an empty batch', () => {
    const arena = engine.arena();
    const images: Shape = { rows: true, dims: [4, 4, 3] };
    const window = { size: [2, 2], strides: [2, 2], dilations: [1, 1], padding: [0, 0, 0, 0] };
    const operations: [Operation<never>, object][] = [
      [maxPoolOperation as Operation<never>, window],
      [avgPoolOperation as Operation<never>, window],
      [upsampleOperation as Operation<never>, { size: [8, 8], mode: 'bilinear' }],
      [
        padOperation as Operation<never>,
        {
          amounts: pairs([1, 1], [0, 0], [0, 0]),
          mode: 'constant',
          value: 1,
        },
      ],
      [dropoutOperation as Operation<never>, { rate: 0.5, channels: true }],
    ];
    for (const [operation, attributes] of operations) {
      const shapes = operation.infer('test', [images], attributes as never);
      const [x, ...outputs] = [images, ...shapes].map(({ dims }) => arena.tensor('float', [0, ...dims]));
      const calls = operation.bind({
        ...{ attributes: attributes as never, inputs: [x], outputs, arena, seed: 1, stream: 1 },
        ...{
          state: { training: true, step: 1, batch: 0 },
          packed: () => undefined,
          stands: () => false,
          frozen: () => false,
        },
      });
      for (const call of [calls].flat()) call();
      expect(outputs[0].shape.slice(1)).toEqual(shapes[0].dims);
      expect(outputs[0].read()).toHaveLength(0);
    }
    arena.dispose();
  });

  test('dropout of channels: whole ones, as of elements of [rows, channels]; none when predicting', () => {
    const [rows, C] = [40, 6];
    const x = reals(rows * 6 * C, 1).map((v) => Math.fround(v + 2));
    const drop = dropout(0.4, { channels: true });
    const dropped = run(engine, [2, 3, C], drop, x, true).values;
    const mask = run(engine, [C], dropout(0.4), new Float32Array(rows * C).fill(1), true).values;
    expect(new Set(mask)).toEqual(new Set([0, Math.fround(1 / Math.fround(1 - Math.fround(0.4)))]));
    for (const [i, v] of dropped.entries()) {
      const [m, c] = [Math.floor(i / 6 / C), i % C];
      expect(v).toBe(Math.fround(x[i] * mask[m * C + c]));
    }
    expect(run(engine, [2, 3, C], drop, x).values).toEqual(Float32Array.from(x));
  });
});

test('the image of a maximum has its gradient where the first of equals is', () => {
  const x = input([4, 4, 1]);
  const image = f.add(x, parameter('image', [4, 4, 1]));
  const model = network(x, f.flatten(maxPool2d(3, { stride: 1 })(image)));
  const [image0] = model.parameters;
  image0.values.set([1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 2, 0, 0, 2, 0, 0]);
  const compiled = new CompiledModel(engines[0].engine, model, {
    maxRows: 1,
    loss: ownLoss(({ output }) => f.sum(output, { axis: -1 })),
    optimizer: sgd({ learningRate: 1 }),
  });
  const plan = compiled.plan(1);
  plan.inputs.write(new Float32Array(16));
  plan.loaded();
  plan.forward(true);
  plan.loss();
  plan.backward();
  // Pixel 10 is in all windows; in the one at [1, 0] it comes before its equal, pixel 13.
  const expected = new Float32Array(16);
  expected[10] = 4;
  expect(compiled.readGradients().get('image')).toEqual(expected);
  compiled.dispose();
});

describe('gradients of functions of images', () => {
  test.each(Object.entries(ofImages))('%s', (_, compute) => {
    const { x, y } = madeOf([4, 5, 3]);
    const model = network(x, f.flatten(compute(y)), { seed: 3 });
    const loss = ownLoss(({ output, target }) =>
      f.mean(f.square(f.sub(output, f.mul(target, 0.3))), { axis: 1 }),
    );
    const { parameters, passed } = gradcheck(model, { loss, samples: 40, rows: 3 });
    expect(
      parameters.filter((own) => !own.passed).map(({ name, worst, error }) => ({ name, worst, error })),
    ).toEqual([]);
    expect(passed).toBe(true);
  });
});

test('amounts that claim to be billions are refused at once', () => {
  const amounts = Object.assign(new Array(2 ** 32 - 1), [[1, 1]]);
  expect(() => pad(input([2, 2, 1]), amounts)).toThrow('amounts: expected [before, after]');
});
