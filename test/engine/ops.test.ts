/** The typed faces of the kernels: they compute, and refuse what does not fit, naming the place and both sides. */
import { describe, expect, test } from 'vitest';
import { createEngine, createReferenceEngine } from '../../src/engine/engine.js';
import {
  argmax,
  countEqual,
  softmax,
  softmaxBackward,
  softmaxCrossEntropy,
  sum,
} from '../../src/engine/ops/classify.js';
import {
  activate,
  activateBackward,
  addBias,
  columnSums,
  sgdStep,
} from '../../src/engine/ops/elementwise.js';
import { matmul, matmulTransposedA, matmulTransposedB } from '../../src/engine/ops/products.js';
import { gatherLabels, gatherRows, permute } from '../../src/engine/ops/sampling.js';
import { SparseRows } from '../../src/engine/ops/sparse.js';
import type { DType } from '../../src/engine/tensor.js';
import { EngineError, OptionError, ShapeError } from '../../src/errors.js';

const engine = createReferenceEngine();
const arena = engine.arena();
const f = (...shape: number[]) => arena.tensor('float', shape);
const of = (dtype: DType, ...shape: number[]) => arena.tensor(dtype, shape);
const p = (...shape: number[]) => arena.padded('float', shape);
/** A tensor of another engine. */
const g = (...shape: number[]) => other.arena().tensor('float', shape);
const other = createReferenceEngine();

describe('shapes that do not fit', () => {
  const flat = f(100);
  test.each<[what: string, call: () => unknown, message: string]>([
    [
      'matmul, inner',
      () => matmul({ c: f(2, 4), a: f(2, 3), b: f(5, 4) }),
      'matmul: columns of a float [2, 3] and rows of b float [5, 4] must agree, given 3 and 5',
    ],
    [
      'matmul, c',
      () => matmul({ c: f(2, 5), a: f(2, 3), b: f(3, 4) }),
      'matmul: c: expected float [2, 4], given float [2, 5]',
    ],
    [
      'matmul, bias',
      () => matmul({ c: f(2, 4), a: f(2, 3), b: f(3, 4), bias: f(3) }),
      'matmul: bias: expected float [4], given float [3]',
    ],
    [
      'matmul, dtype',
      () => matmul({ c: f(2, 4), a: of('u8', 2, 3), b: f(3, 4) }),
      'matmul: expected float matrices or batches of them, given u8 [2, 3]',
    ],
    ['matmul, a vector', () => matmul({ c: f(1, 4), a: f(3), b: f(3, 4) }), 'given float [3]'],
    [
      'matmul, 4 axes',
      () => matmul({ c: f(2, 4), a: f(1, 1, 2, 3), b: f(3, 4) }),
      'given float [1, 1, 2, 3]',
    ],
    [
      'matmul, batches',
      () => matmul({ c: f(2, 2, 4), a: f(2, 2, 3), b: f(3, 3, 4) }),
      'matmul: the batches of a and b must agree, given 2 and 3',
    ],
    [
      'matmul, c has no batch',
      () => matmul({ c: f(2, 4), a: f(2, 2, 3), b: f(3, 4) }),
      'c: expected float [2, 2, 4], given float [2, 4]',
    ],
    [
      'transposed b, inner',
      () => matmulTransposedB({ c: f(2, 4), a: f(2, 3), b: f(4, 5) }),
      'matmulTransposedB: columns of a float [2, 3] and of b float [4, 5] must agree, given 3 and 5',
    ],
    [
      'transposed b, c',
      () => matmulTransposedB({ c: f(4, 2), a: f(2, 3), b: f(4, 3) }),
      'matmulTransposedB: c: expected float [2, 4], given float [4, 2]',
    ],
    [
      'transposed b, saved',
      () => matmulTransposedB({ c: f(2, 4), a: f(2, 3), b: f(4, 3), saved: f(2, 3) }),
      'matmulTransposedB: saved: expected float [2, 4], given float [2, 3]',
    ],
    [
      'transposed a, inner',
      () => matmulTransposedA({ c: f(3, 4), a: f(2, 3), b: f(5, 4) }),
      'matmulTransposedA: rows of a float [2, 3] and of b float [5, 4] must agree, given 2 and 5',
    ],
    [
      'transposed a, c',
      () => matmulTransposedA({ c: f(4, 3), a: f(2, 3), b: f(2, 4) }),
      'matmulTransposedA: c: expected float [3, 4], given float [4, 3]',
    ],
    [
      'overlap with a',
      () => matmul({ c: flat.view([2, 2]), a: flat.view([2, 3], 3), b: f(3, 2) }),
      'matmul: the output float [2, 2] overlaps the input float [2, 3]',
    ],
    [
      'overlap with b',
      () => matmul({ c: flat.view([2, 2]), a: f(2, 3), b: flat.view([3, 2]) }),
      'overlaps the input float [3, 2]',
    ],
    [
      'overlap with bias',
      () => matmul({ c: flat.view([2, 2]), a: f(2, 3), b: f(3, 2), bias: flat.view([2], 2) }),
      'overlaps the input float [2]',
    ],
    [
      'overlap with saved',
      () => matmulTransposedB({ c: flat.view([2, 2]), a: f(2, 3), b: f(2, 3), saved: flat.view([2, 2]) }),
      'matmulTransposedB: the output',
    ],
    [
      'overlap, transposed a',
      () => matmulTransposedA({ c: flat.view([3, 3]), a: flat.view([2, 3]), b: f(2, 3) }),
      'matmulTransposedA: the output',
    ],
    [
      'overlap by padded rows',
      () => matmul({ c: flat.view([2, 2], 0, 16), a: flat.view([2, 3], 17), b: f(3, 2) }),
      'overlaps',
    ],
    [
      'activate',
      () => activate({ y: f(2, 3), x: f(3, 2), activation: 'relu' }),
      'activate: y: expected float [3, 2], given float [2, 3]',
    ],
    [
      'activate, dtype',
      () => activate({ y: of('i32', 2), x: of('i32', 2), activation: 'relu' }),
      'activate: x: expected float [2], given i32 [2]',
    ],
    [
      'activate, padding',
      () => activate({ y: p(2, 3), x: f(2, 3), activation: 'relu' }),
      'activate: rows of float [2, 3] are padded differently',
    ],
    [
      'activateBackward, y',
      () => activateBackward({ dx: f(2, 3), y: f(2, 4), dy: f(2, 3), activation: 'tanh' }),
      'activateBackward: y: expected float [2, 3], given float [2, 4]',
    ],
    [
      'activateBackward, dy',
      () => activateBackward({ dx: f(2, 3), y: f(2, 3), dy: f(6), activation: 'tanh' }),
      'activateBackward: dy: expected float [2, 3], given float [6]',
    ],
    [
      'activateBackward, padding',
      () => activateBackward({ dx: p(2, 3), y: p(2, 3), dy: f(2, 3), activation: 'tanh' }),
      'padded differently',
    ],
    [
      'addBias, x',
      () => addBias({ y: f(3), x: f(3), bias: f(3) }),
      'addBias: x: expected float [any, any], given float [3]',
    ],
    [
      'addBias, y',
      () => addBias({ y: f(3, 3), x: f(2, 3), bias: f(3) }),
      'addBias: y: expected float [2, 3], given float [3, 3]',
    ],
    [
      'addBias, bias',
      () => addBias({ y: f(2, 3), x: f(2, 3), bias: f(2) }),
      'addBias: bias: expected float [3], given float [2]',
    ],
    [
      'columnSums',
      () => columnSums({ y: f(2), x: f(2, 3) }),
      'columnSums: y: expected float [3], given float [2]',
    ],
    [
      'columnSums, x',
      () => columnSums({ y: f(2), x: f(2) }),
      'columnSums: x: expected float [any, any], given float [2]',
    ],
    [
      'sgdStep',
      () => sgdStep({ w: f(2, 3), g: f(5) }),
      'sgdStep: expected as many float gradients as parameters, given float [5] for float [2, 3]',
    ],
    ['sgdStep, padding', () => sgdStep({ w: p(2, 3), g: f(2, 3) }), 'sgdStep: expected'],
    ['sgdStep, dtype', () => sgdStep({ w: of('i32', 3), g: of('i32', 3) }), 'sgdStep: expected'],
    [
      'softmax',
      () => softmax({ y: f(2, 3), x: f(2, 4) }),
      'softmax: y: expected float [2, 4], given float [2, 3]',
    ],
    [
      'softmax, x',
      () => softmax({ y: f(2), x: f(2) }),
      'softmax: x: expected float [any, any], given float [2]',
    ],
    [
      'softmaxBackward, dx',
      () => softmaxBackward({ dx: f(2, 4), y: f(2, 3), dy: f(2, 3) }),
      'softmaxBackward: dx: expected float [2, 3], given float [2, 4]',
    ],
    [
      'softmaxBackward, dy',
      () => softmaxBackward({ dx: f(2, 3), y: f(2, 3), dy: f(3, 2) }),
      'softmaxBackward: dy: expected float [2, 3], given float [3, 2]',
    ],
    [
      'cross-entropy, logits',
      () => softmaxCrossEntropy({ losses: f(2), logits: f(2), labels: of('i32', 2) }),
      'softmaxCrossEntropy: logits: expected float [any, any], given float [2]',
    ],
    [
      'cross-entropy, losses',
      () => softmaxCrossEntropy({ losses: f(3), logits: f(2, 3), labels: of('i32', 2) }),
      'softmaxCrossEntropy: losses: expected float [2], given float [3]',
    ],
    [
      'cross-entropy, labels',
      () => softmaxCrossEntropy({ losses: f(2), logits: f(2, 3), labels: of('i32', 3) }),
      'softmaxCrossEntropy: labels: expected i32 [2], given i32 [3]',
    ],
    [
      'cross-entropy, label type',
      () => softmaxCrossEntropy({ losses: f(2), logits: f(2, 3), labels: of('u8', 2) }),
      'labels: expected i32 [2], given u8 [2]',
    ],
    [
      'cross-entropy, gradient',
      () => softmaxCrossEntropy({ losses: f(2), dLogits: f(2, 4), logits: f(2, 3), labels: of('i32', 2) }),
      'dLogits: expected float [2, 3], given float [2, 4]',
    ],
    [
      'argmax',
      () => argmax({ predictions: of('i32', 3), x: f(2, 3) }),
      'argmax: predictions: expected i32 [2], given i32 [3]',
    ],
    [
      'argmax, dtype',
      () => argmax({ predictions: f(2), x: f(2, 3) }),
      'argmax: predictions: expected i32 [2], given float [2]',
    ],
    [
      'countEqual',
      () => countEqual(of('i32', 3), of('i32', 2)),
      'countEqual: b: expected i32 [3], given i32 [2]',
    ],
    ['countEqual, dtype', () => countEqual(f(3), f(3)), 'countEqual: a: expected i32 [any], given float [3]'],
    ['sum', () => sum(f(2, 3)), 'sum: x: expected float [any], given float [2, 3]'],
    [
      'gatherRows, y',
      () => gatherRows({ y: f(2, 3), from: of('u8', 9, 4), indices: of('u32', 9) }),
      'gatherRows: y: expected float [any, 4], given float [2, 3]',
    ],
    [
      'gatherRows, from',
      () => gatherRows({ y: f(2, 3), from: of('i32', 9, 3), indices: of('u32', 9) }),
      'gatherRows: from: expected float [any, any], given i32 [9, 3]',
    ],
    [
      'gatherRows, indices',
      () => gatherRows({ y: f(2, 3), from: f(9, 3), indices: of('i32', 9) }),
      'gatherRows: indices: expected u32 [any], given i32 [9]',
    ],
    [
      'gatherRows, padded source',
      () => gatherRows({ y: f(2, 3), from: p(9, 3), indices: of('u32', 9) }),
      'gatherRows: float [9, 3]: rows to gather from must be dense',
    ],
    [
      'gatherRows, start',
      () => gatherRows({ y: f(2, 3), from: f(9, 3), indices: of('u32', 9) })(8),
      'gatherRows: start 8 is not within 0 … 7',
    ],
    [
      'gatherRows, NaN',
      () => gatherRows({ y: f(2, 3), from: of('u8', 9, 3), indices: of('u32', 9) })(Number.NaN),
      'start NaN',
    ],
    [
      'gatherLabels',
      () => gatherLabels({ y: f(2), from: of('i32', 9), indices: of('u32', 9) }),
      'gatherLabels: y: expected i32 [any], given float [2]',
    ],
    [
      'gatherLabels, start',
      () => gatherLabels({ y: of('i32', 2), from: of('i32', 9), indices: of('u32', 9) })(-1),
      'gatherLabels: start -1 is not within 0 … 7',
    ],
    ['permute', () => permute(of('i32', 3), 1, 1), 'permute: indices: expected u32 [any], given i32 [3]'],
    [
      'SparseRows',
      () => new SparseRows(arena, f(3)),
      'SparseRows: x: expected float [any, any], given float [3]',
    ],
    [
      'sparse product, w',
      () => new SparseRows(arena, p(2, 3)).matmul({ y: p(2, 4), w: p(4, 4), activation: 'relu' }),
      'SparseRows.matmul: w: expected float [3, any], given float [4, 4]',
    ],
    [
      'sparse product, y',
      () => new SparseRows(arena, p(2, 3)).matmul({ y: p(2, 5), w: p(3, 4), activation: 'relu' }),
      'SparseRows.matmul: y: expected float [any, 4], given float [2, 5]',
    ],
    [
      'sparse product, padding',
      () => new SparseRows(arena, p(2, 3)).matmul({ y: f(2, 5), w: p(3, 5), activation: 'relu' }),
      'SparseRows.matmul: expected rows padded alike to a multiple of 4, given 16 and 5',
    ],
    [
      'sparse gradient',
      () => new SparseRows(arena, p(2, 3)).weightGradient({ dw: p(3, 4), dy: p(2, 5) }),
      'SparseRows.weightGradient: w: expected float [3, 5], given float [3, 4]',
    ],
    [
      'sparse step',
      () => new SparseRows(arena, p(2, 3)).sgdStep({ w: f(3, 5), dy: f(2, 5) }),
      'SparseRows.sgdStep: expected rows padded alike to a multiple of 4, given 5 and 5',
    ],
  ])('%s', (_, call, message) => {
    expect(call).toThrow(ShapeError);
    expect(call).toThrow(message);
  });

  test('a bias and a sum to add to exclude each other', () => {
    const call = () => matmul({ c: f(2, 4), a: f(2, 3), b: f(3, 4), bias: f(4), accumulate: true });
    expect(call).toThrow(OptionError);
  });

  test.each([-1, 1.5, Number.NaN, 2 ** 32])('permute refuses stream %d', (stream) => {
    expect(() => permute(of('u32', 3), 1, stream)).toThrow(OptionError);
  });

  test.each([-1, 0.5, Number.NaN, Infinity])('permute refuses seed %d', (seed) => {
    expect(() => permute(of('u32', 3), seed, 1)).toThrow(OptionError);
  });
});

test.each<[string, () => unknown]>([
  ['matmul', () => matmul({ c: f(2, 4), a: g(2, 3), b: f(3, 4) })],
  ['matmul, bias', () => matmul({ c: f(2, 4), a: f(2, 3), b: f(3, 4), bias: g(4) })],
  ['matmulTransposedB', () => matmulTransposedB({ c: f(2, 4), a: f(2, 3), b: g(4, 3) })],
  [
    'matmulTransposedB, saved',
    () => matmulTransposedB({ c: f(2, 4), a: f(2, 3), b: f(4, 3), saved: g(2, 4) }),
  ],
  ['matmulTransposedA', () => matmulTransposedA({ c: g(3, 4), a: f(2, 3), b: f(2, 4) })],
  ['activate', () => activate({ y: f(2), x: g(2), activation: 'relu' })],
  ['activateBackward', () => activateBackward({ dx: f(2), y: f(2), dy: g(2), activation: 'relu' })],
  ['addBias', () => addBias({ y: f(2, 3), x: f(2, 3), bias: g(3) })],
  ['columnSums', () => columnSums({ y: g(3), x: f(2, 3) })],
  ['sgdStep', () => sgdStep({ w: f(3), g: g(3) })],
  ['softmax', () => softmax({ y: g(2, 3), x: f(2, 3) })],
  ['softmaxBackward', () => softmaxBackward({ dx: f(2, 3), y: g(2, 3), dy: f(2, 3) })],
  ['softmaxCrossEntropy', () => softmaxCrossEntropy({ losses: g(2), logits: f(2, 3), labels: of('i32', 2) })],
  ['argmax', () => argmax({ predictions: of('i32', 2), x: g(2, 3) })],
  ['countEqual', () => countEqual(of('i32', 2), other.arena().tensor('i32', [2]))],
  ['gatherRows', () => gatherRows({ y: g(2, 3), from: f(9, 3), indices: of('u32', 9) })],
  [
    'gatherLabels',
    () => gatherLabels({ y: of('i32', 2), from: other.arena().tensor('i32', [9]), indices: of('u32', 9) }),
  ],
  [
    'SparseRows.matmul',
    () =>
      new SparseRows(arena, p(2, 3)).matmul({
        y: p(2, 4),
        w: other.arena().padded('float', [3, 4]),
        activation: 'relu',
      }),
  ],
  [
    'SparseRows.sgdStep',
    () => new SparseRows(arena, p(2, 3)).sgdStep({ w: p(3, 4), dy: other.arena().padded('float', [2, 4]) }),
  ],
])('%s refuses tensors of two engines', (name, call) => {
  expect(call).toThrow(EngineError);
  expect(call).toThrow(`${name.replace(/,.*/, '')}: tensors of two engines cannot meet`);
});

const engines = [
  { name: 'wasm strict', engine: await createEngine({ backend: 'wasm', math: 'strict' }) },
  { name: 'wasm fma', engine: await createEngine({ backend: 'wasm', math: 'fma' }) },
  { name: 'reference', engine },
  { name: 'reference, float64', engine: createReferenceEngine({ precision: 'float64' }) },
];

describe.each(engines)('what is bound is what runs ($name)', ({ engine }) => {
  const arena = engine.arena();
  /** 1, 2, 3 … in a padded and in a dense tensor. */
  const make = (kind: 'padded' | 'tensor', shape: number[], from = 1) => {
    const tensor = arena[kind]('float', shape);
    return tensor.write(Float32Array.from({ length: tensor.size }, (_, i) => from + i));
  };

  describe.each(['padded', 'tensor'] as const)('%s', (kind) => {
    test('products', () => {
      const [a, b, c] = [make(kind, [2, 3]), make(kind, [3, 2]), make(kind, [2, 2], 100)];
      matmul({ c, a, b })();
      expect([...c.read()]).toEqual([22, 28, 49, 64]);
      matmul({ c, a, b, accumulate: true })();
      expect([...c.read()]).toEqual([44, 56, 98, 128]);
      const bias = arena.tensor('float', [2]).write([-30, 1]);
      matmul({ c, a, b, bias, activation: 'relu' })();
      expect([...c.read()]).toEqual([0, 29, 19, 65]);
      matmulTransposedB({ c, a, b: make(kind, [2, 3]) })();
      expect([...c.read()]).toEqual([14, 32, 32, 77]);
      const saved = arena[kind]('float', [2, 2]).write([1, 0, 0, 1]);
      const d = make(kind, [2, 2]);
      matmulTransposedB({ c: d, a, b: make(kind, [2, 3]), saved, activation: 'relu' })();
      expect([...d.read()]).toEqual([14, 0, 0, 77]);
      const e = make(kind, [3, 3]);
      matmulTransposedA({ c: e, a, b: make(kind, [2, 3]) })();
      expect([...e.read()]).toEqual([17, 22, 27, 22, 29, 36, 27, 36, 45]);
    });

    test('batches, and one matrix for all of them', () => {
      const [a, c] = [make(kind, [2, 2, 2]), make(kind, [2, 2, 2])];
      matmul({ c, a, b: arena[kind]('float', [2, 2]).write([0, 1, 1, 0]) })();
      expect([...c.read()]).toEqual([2, 1, 4, 3, 6, 5, 8, 7]);
      matmulTransposedA({ c, a: arena[kind]('float', [2, 2]).write([1, 1, 0, 1]), b: a })();
      expect([...c.read()]).toEqual([1, 2, 4, 6, 5, 6, 12, 14]);
    });

    test('activations and their derivatives leave other memory alone', () => {
      const x = arena[kind]('float', [2, 3]).write([-1, 0, 1, 2, -3, 4]);
      const y = arena[kind]('float', [2, 3]);
      activate({ y, x, activation: 'relu' })();
      expect([...y.read()]).toEqual([0, 0, 1, 2, 0, 4]);
      const dx = arena[kind]('float', [2, 3]);
      activateBackward({ dx, y, dy: x, activation: 'relu' })();
      expect([...dx.read()]).toEqual([0, 0, 1, 2, 0, 4]);
      activateBackward({ dx, y: x, dy: y, activation: 'tanh' })();
      // A product with zero keeps its sign.
      expect([...dx.read()]).toEqual([0, 0, 0, -6, -0, -60]);
      addBias({ y: x, x, bias: arena.tensor('float', [3]).write([1, 2, 3]) })();
      expect([...x.read()]).toEqual([0, 2, 4, 3, -1, 7]);
      const sums = arena.tensor('float', [3]);
      columnSums({ y: sums, x })();
      columnSums({ y: sums, x, accumulate: true })();
      expect([...sums.read()]).toEqual([6, 2, 22]);
    });

    test('classification', () => {
      const logits = arena[kind]('float', [2, 2]).write([0, 0, 0, Math.log(3)]);
      const labels = arena.tensor('i32', [2]).write([1, 0]);
      const losses = arena.tensor('float', [2]);
      const dLogits = arena[kind]('float', [2, 2]);
      softmaxCrossEntropy({ losses, dLogits, logits, labels, scale: 2 })();
      expect(losses.at(0)).toBeCloseTo(Math.LN2, 6);
      expect(losses.at(1)).toBeCloseTo(Math.log(4), 6);
      for (const [i, v] of [1, -1, -1.5, 1.5].entries()) expect(dLogits.at(i)).toBeCloseTo(v, 6);
      expect(sum(losses)()).toBeCloseTo(Math.log(8), 6);
      const y = arena[kind]('float', [2, 2]);
      softmax({ y, x: logits })();
      for (const [i, v] of [0.5, 0.5, 0.25, 0.75].entries()) expect(y.at(i)).toBeCloseTo(v, 6);
      softmaxBackward({ dx: y, y, dy: arena[kind]('float', [2, 2]).write([1, 0, 0, 4]) })();
      for (const [i, v] of [0.25, -0.25, -0.75, 0.75].entries()) expect(y.at(i)).toBeCloseTo(v, 6);
      const predictions = arena.tensor('i32', [2]);
      argmax({ predictions, x: logits })();
      expect([...predictions.read()]).toEqual([0, 1]);
      expect(countEqual(predictions, arena.tensor('i32', [2]).write([0, 0]))()).toBe(1);
    });

    test('gathering', () => {
      const indices = arena.tensor('u32', [3]).write([2, 0, 1]);
      const y = arena[kind]('float', [2, 2]);
      const rows = gatherRows({ y, from: make('tensor', [3, 2]), indices });
      rows(0);
      expect([...y.read()]).toEqual([5, 6, 1, 2]);
      rows(1);
      expect([...y.read()]).toEqual([1, 2, 3, 4]);
      const bytes = arena.tensor('u8', [3, 2]).write([0, 2, 4, 6, 8, 254]);
      gatherRows({ y, from: bytes, indices, scale: 0.5, offset: -1 })(0);
      expect([...y.read()]).toEqual([3, 126, -1, 0]);
      const labels = arena.tensor('i32', [2]);
      gatherLabels({ y: labels, from: arena.tensor('i32', [3]).write([7, 8, 9]), indices })(1);
      expect([...labels.read()]).toEqual([7, 8]);
      permute(indices, 5, 1)();
      expect([...indices.read()].sort()).toEqual([0, 1, 2]);
    });

    test('steps', () => {
      const [w, g] = [make(kind, [2, 3]), make(kind, [2, 3])];
      sgdStep({ w, g })(0.5);
      expect([...w.read()]).toEqual([0.5, 1, 1.5, 2, 2.5, 3]);
    });
  });

  test('nothing to do is done', () => {
    const [a, b, c] = [arena.tensor('float', [0, 3]), make('tensor', [3, 2]), arena.tensor('float', [0, 2])];
    expect(() => matmul({ c, a, b })()).not.toThrow();
    const filled = make('tensor', [3, 2]);
    matmulTransposedA({ c: filled, a, b: c })();
    expect([...filled.read()]).toEqual([0, 0, 0, 0, 0, 0]);
  });
});

describe.each(engines)('compressed rows of a batch ($name)', ({ engine }) => {
  const arena = engine.arena();
  const [rows, features, units] = [4, 10, 3];
  const x = arena.padded('float', [rows, features]);
  const sparse = new SparseRows(arena, x);
  const w = arena.padded('float', [features, units]);
  const y = arena.padded('float', [rows, units]);
  const dense = arena.padded('float', [rows, units]);

  /** The first `n` columns of each row are 1, 2, … */
  const load = (n: number, count = rows) => {
    x.write(Float32Array.from({ length: rows * features }, (_, i) => (i % features < n ? 1 + (i % 7) : 0)));
    sparse.load(count);
  };

  test('are used up to four tenths of entries, and not beyond', () => {
    load(0);
    expect(sparse.active).toBe(true);
    load(4);
    expect(sparse.active).toBe(true);
    load(5);
    expect(sparse.active).toBe(false);
    load(4, 2);
    expect(sparse.active).toBe(true);
  });

  test('give the dense products, forward, backward and in one step with the update', () => {
    w.write(Float32Array.from({ length: features * units }, (_, i) => (i % 5) - 2));
    const bias = arena.padded('float', [units]).write([1, -2, 3]);
    // A batch after another one: nothing is left of the first.
    for (const n of [4, 0, 1, 3]) {
      load(n);
      sparse.matmul({ y, w, bias, activation: 'relu' })();
      matmul({ c: dense, a: x, b: w, bias, activation: 'relu' })();
      expect([...y.read()]).toEqual([...dense.read()]);
      const dw = arena.padded('float', [features, units]).fill(9);
      const expected = arena.padded('float', [features, units]);
      sparse.weightGradient({ dw, dy: y })();
      matmulTransposedA({ c: expected, a: x, b: y })();
      expect([...dw.read()]).toEqual([...expected.read()]);
      const [v, u] = [1, 2].map(() => arena.padded('float', [features, units]).write(w.read()));
      sparse.sgdStep({ w: v, dy: y })(0.5);
      sgdStep({ w: u, g: expected })(0.5);
      expect([...v.read()]).toEqual([...u.read()]);
    }
  });
});
