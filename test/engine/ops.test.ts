/** The typed faces of the kernels: what is bound is what runs, on every engine, padded and dense. */
import { describe, expect, test } from 'vitest';
import { createEngine } from '../../src/create/engine.js';
import { createReferenceEngine } from '../../src/create/reference.js';
import { activate, activateBackward } from '../../src/ops/activations.js';
import { gatherLabels, gatherRows } from '../../src/ops/gather.js';
import { matmul, matmulTransposedA, matmulTransposedB } from '../../src/ops/matmul.js';
import { sgdStep } from '../../src/ops/optimizers.js';
import { permute } from '../../src/ops/random.js';
import { addBias, argmax, columnSums, countEqual, sum } from '../../src/ops/reduce.js';
import { softmax, softmaxBackward, softmaxCrossEntropy } from '../../src/ops/softmax.js';
import { SparseRows } from '../../src/ops/sparse.js';

const engine = createReferenceEngine();

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
      matmulTransposedA({ c, a, b: a })();
      expect([...c.read()]).toEqual([10, 14, 14, 20, 74, 86, 86, 100]);
      const saved = arena[kind]('float', [2, 2, 2]).write([1, 0, 0, 1, 0, 1, 1, 0]);
      matmulTransposedB({ c, a, b: a, saved, activation: 'relu' })();
      expect([...c.read()]).toEqual([5, 0, 0, 25, 0, 83, 83, 0]);
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
  const sparse = new SparseRows(arena, x, units);
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
      sparse.matmul({ y, w, bias, activation: 'relu', state: { training: false } })();
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
