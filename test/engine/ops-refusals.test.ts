/**
 * The typed faces refuse what does not fit: shapes, overlaps, tensors of two engines; each message says what
 * and where.
 */
import { describe, expect, test } from 'vitest';
import { EngineError, OptionError, ShapeError } from '../../src/base/errors.js';
import { createReferenceEngine } from '../../src/create/reference.js';
import type { DType } from '../../src/engine/tensor.js';
import { activate, activateBackward } from '../../src/ops/activations.js';
import { gatherLabels, gatherRows } from '../../src/ops/gather.js';
import { matmul, matmulTransposedA, matmulTransposedB } from '../../src/ops/matmul.js';
import { sgdStep } from '../../src/ops/optimizers.js';
import { permute } from '../../src/ops/random.js';
import { addBias, argmax, columnSums, countEqual, sum } from '../../src/ops/reduce.js';
import { softmax, softmaxBackward, softmaxCrossEntropy } from '../../src/ops/softmax.js';
import { SparseRows } from '../../src/ops/sparse.js';

const state = { training: false };

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
      () => new SparseRows(arena, f(3), 4),
      'SparseRows: x: expected float [any, any], given float [3]',
    ],
    [
      'sparse product, w',
      () => new SparseRows(arena, p(2, 3), 4).matmul({ y: p(2, 4), w: p(4, 4), activation: 'relu', state }),
      'SparseRows.matmul: w: expected float [3, any], given float [4, 4]',
    ],
    [
      'sparse product, y',
      () => new SparseRows(arena, p(2, 3), 4).matmul({ y: p(2, 5), w: p(3, 4), activation: 'relu', state }),
      'SparseRows.matmul: y: expected float [any, 4], given float [2, 5]',
    ],
    [
      'sparse product, padding',
      () => new SparseRows(arena, p(2, 3), 4).matmul({ y: f(2, 5), w: p(3, 5), activation: 'relu', state }),
      'SparseRows.matmul: expected rows padded to 16, given 16 and 5',
    ],
    [
      'sparse gradient',
      () => new SparseRows(arena, p(2, 3), 4).weightGradient({ dw: p(3, 4), dy: p(2, 5) }),
      'SparseRows.weightGradient: w: expected float [3, 5], given float [3, 4]',
    ],
    [
      'sparse step',
      () => new SparseRows(arena, p(2, 3), 4).sgdStep({ w: f(3, 5), dy: f(2, 5) }),
      'SparseRows.sgdStep: expected rows padded to 16, given 5 and 5',
    ],
  ])('%s', (_, call, message) => {
    expect(call).toThrow(ShapeError);
    expect(call).toThrow(message);
  });

  test('a bias and a sum to add to exclude each other', () => {
    const call = () => matmul({ c: f(2, 4), a: f(2, 3), b: f(3, 4), bias: f(4), accumulate: true });
    expect(call).toThrow(OptionError);
  });

  test.each([0, 2.5, Number.NaN])('SparseRows refuses %d units', (units) => {
    expect(() => new SparseRows(arena, p(2, 3), units)).toThrow(OptionError);
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
      new SparseRows(arena, p(2, 3), 4).matmul({
        y: p(2, 4),
        w: other.arena().padded('float', [3, 4]),
        activation: 'relu',
        state,
      }),
  ],
  [
    'SparseRows.sgdStep',
    () =>
      new SparseRows(arena, p(2, 3), 4).sgdStep({ w: p(3, 4), dy: other.arena().padded('float', [2, 4]) }),
  ],
])('%s refuses tensors of two engines', (name, call) => {
  expect(call).toThrow(EngineError);
  expect(call).toThrow(`${name.replace(/,.*/, '')}: tensors of two engines cannot meet`);
});
