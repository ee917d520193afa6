/**
 * Tensors: what is written is read, padded or not, through views, and after the memory has grown under them.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EngineError, OptionError, ShapeError } from '../../src/base/errors.js';
import type { Engine } from '../../src/engine/engine.js';
import { paddedLength } from '../../src/engine/tensor.js';
import { engines } from './engines.js';

const count = (n: number, from = 1) => Float32Array.from({ length: n }, (_, i) => from + i);

describe.each(engines)('tensors (%s)', (_, create) => {
  let engine: Engine;
  beforeEach(async () => {
    engine = await create();
  });
  afterEach(() => engine.dispose());

  test.each([
    [[5], 16],
    [[3, 5], 16],
    [[3, 16], 16],
    [[2, 17], 32],
    [[2, 3, 5], 16],
    // A multiple of 1 KiB would put each column into few sets of the cache.
    [[2, 255], 272],
    [[2, 1024], 1040],
  ])('padded %j has rows of %i, and reads what was written', (shape, ld) => {
    const tensor = engine.arena().padded('float', shape);
    expect(tensor.ld).toBe(ld);
    expect(paddedLength(shape[shape.length - 1])).toBe(ld);
    expect(tensor.pointer % 64).toBe(0);
    const values = count(tensor.size);
    expect([...tensor.write(values).read()]).toEqual([...values]);
    expect(values.every((v, i) => tensor.at(i) === v)).toBe(true);
    // The same memory without gaps: the values where they must lie, and zeros in the padding.
    const raw = engine.arena().tensor('float', [1]);
    expect(raw.pointer).not.toBe(tensor.pointer);
    const { buffer, elementBytes } = engine.backend;
    const flat =
      elementBytes === 8
        ? new Float64Array(buffer, tensor.pointer, tensor.span)
        : new Float32Array(buffer, tensor.pointer, tensor.span);
    const columns = shape[shape.length - 1];
    for (const [i, v] of flat.entries()) {
      const inside = i % ld < columns;
      expect(v).toBe(inside ? values[Math.floor(i / ld) * columns + (i % ld)] : 0);
    }
  });

  test.each([
    [[4, 5], 'padded'],
    [[4, 16], 'padded'],
    [[4, 5], 'tensor'],
    [[4, 2, 3], 'padded'],
    [[4], 'tensor'],
  ] as const)('rows of %j (%s) are written and read', (shape, place) => {
    const entry = shape.slice(1).reduce((product, length) => product * length, 1);
    const tensor = engine.arena()[place]('float', shape);
    const expected = [...count(tensor.size)];
    tensor.write(expected);
    const put = (from: number, values: Float32Array) => {
      tensor.write(values, from);
      expected.splice(from * entry, values.length, ...values);
      expect([...tensor.read()]).toEqual(expected);
    };
    put(0, count(entry, 100));
    put(1, count(2 * entry, 200));
    put(3, count(entry, 300));
    put(4, count(0));
    put(0, count(4 * entry, 400));
    for (const rows of [0, 1, 3, 4]) expect([...tensor.read(rows)]).toEqual(expected.slice(0, rows * entry));
    const { version } = tensor;
    tensor.write(count(entry), 2);
    expect(tensor.version).toBeGreaterThan(version);
    for (const [length, from] of [
      [entry, 4],
      [2 * entry, 3],
      [5 * entry, 0],
      [0, 5],
      [entry, -1],
      [entry, 0.5],
      ...(entry > 1 ? [[entry - 1, 0]] : []),
    ]) {
      expect(() => tensor.write(count(length), from), `${length} from ${from}`).toThrow(ShapeError);
    }
    expect(() => tensor.read(5)).toThrow(ShapeError);
    expect(() => tensor.write(count(entry))).toThrow(ShapeError);
  });

  test.each([
    ['i32', [-1, 2 ** 31 - 1]],
    ['u32', [0, 2 ** 32 - 1]],
    ['u8', [0, 255]],
  ] as const)('%s keeps its range', (dtype, values) => {
    expect([...engine.arena().tensor(dtype, [2]).write(values).read()]).toEqual([...values]);
  });

  test('begin as zeros, also where memory was used before', () => {
    const first = engine.arena();
    const { pointer } = first.tensor('float', [40]).fill(7);
    first.dispose();
    const again = engine.arena().tensor('float', [40]);
    expect(again.pointer).toBe(pointer);
    expect(again.read().every((v) => v === 0)).toBe(true);
  });

  test('read is a copy', () => {
    const tensor = engine.arena().tensor('float', [2]).write([1, 2]);
    const copy = tensor.read();
    tensor.write([3, 4]);
    expect([...copy]).toEqual([1, 2]);
    copy[0] = 9;
    expect(tensor.at(0)).toBe(3);
  });

  test('views share memory, from an offset and with padding of their own', () => {
    const flat = engine.arena().tensor('float', [64]).write(count(64));
    expect([...flat.view([2, 3], 10).read()]).toEqual([11, 12, 13, 14, 15, 16]);
    expect([...flat.view([2, 3], 0, 16).read()]).toEqual([1, 2, 3, 17, 18, 19]);
    flat.view([2, 3], 16, 16).write([-1, -2, -3, -4, -5, -6]);
    const written = count(64);
    written.set([-1, -2, -3], 16);
    written.set([-4, -5, -6], 32);
    expect([...flat.read()]).toEqual([...written]);
  });

  test('views and first rows stay inside', () => {
    const arena = engine.arena();
    const flat = arena.tensor('float', [64]);
    expect(() => flat.view([65])).toThrow(ShapeError);
    expect(() => flat.view([8, 8], 1)).toThrow('Tensor.view: [8, 8] from 1 does not fit in float [64]');
    expect(() => flat.view([4, 3], 1, 16)).toThrow(ShapeError);
    expect(() => arena.padded('float', [2, 3]).view([6])).toThrow(ShapeError);
    expect(() => arena.padded('float', [2, 3]).firstRows(3)).toThrow('float [2, 3] has no 3 rows');
  });

  test('first rows are the same memory', () => {
    const tensor = engine.arena().padded('float', [3, 2]).write(count(6));
    const first = tensor.firstRows(2);
    expect([first.rows, first.columns, first.ld]).toEqual([2, 2, tensor.ld]);
    first.write([9, 8, 7, 6]);
    expect([...tensor.read()]).toEqual([9, 8, 7, 6, 5, 6]);
    const vector = engine.arena().tensor('float', [5]).write(count(5));
    expect([...vector.firstRows(2).read()]).toEqual([1, 2]);
    expect([...tensor.firstRows(0).read()]).toEqual([]);
  });

  test('write wants exactly the values there are', () => {
    const tensor = engine.arena().padded('float', [2, 3]);
    for (const n of [0, 5, 7]) {
      expect(() => tensor.write(count(n))).toThrow(
        `Tensor.write: expected 6 values for float [2, 3], given ${n}`,
      );
    }
    expect(() => tensor.write(count(5))).toThrow(ShapeError);
  });

  test.each([[[]], [[-1]], [[1.5]], [[2, Number.NaN]], [[2, Infinity]], [['3']]])(
    'refuses the shape %j',
    (shape) => {
      const { top } = engine.heap;
      const arena = engine.arena();
      expect(() => arena.tensor('float', shape as number[])).toThrow(OptionError);
      expect(() => arena.padded('float', shape as number[])).toThrow(OptionError);
      expect(engine.heap.top).toBe(top);
    },
  );

  test('empty tensors are fine', () => {
    const arena = engine.arena();
    for (const shape of [[0], [0, 5], [5, 0]]) {
      expect([...arena.tensor('float', shape).write([]).read()], `${shape}`).toEqual([]);
      expect([...arena.padded('float', shape).write([]).read()], `${shape}`).toEqual([]);
    }
  });

  test('memory that grows keeps its contents, and no copy is detached', () => {
    const arena = engine.arena();
    const tensor = arena.padded('float', [3, 5]).write(count(15));
    const before = tensor.read();
    const { buffer } = engine.backend;
    const held = engine.memoryBytes;
    const large = arena.tensor('u8', [3 * held]).fill(5);
    expect(engine.memoryBytes).toBeGreaterThan(3 * held);
    expect(engine.backend.buffer).not.toBe(buffer);
    expect([...before]).toEqual([...count(15)]);
    expect([...tensor.read()]).toEqual([...count(15)]);
    tensor.write(count(15, 50));
    expect(tensor.at(14)).toBe(64);
    expect([large.at(0), large.at(3 * held - 1)]).toEqual([5, 5]);
  });

  test('more memory than there can be is an EngineError, and changes nothing', () => {
    const arena = engine.arena();
    const { top } = engine.heap;
    const held = engine.memoryBytes;
    expect(() => arena.tensor('float', [2 ** 20, 2 ** 20])).toThrow(EngineError);
    expect(() => arena.tensor('float', [2 ** 20, 2 ** 20])).toThrow('expected at most 4 GiB');
    expect([engine.heap.top, engine.memoryBytes]).toEqual([top, held]);
  });

  test('disposed tensors say so, and their memory is given back', () => {
    const { top } = engine.heap;
    const arena = engine.arena();
    const tensor = arena.tensor('float', [100]);
    const other = engine.arena().tensor('float', [2]).write([1, 2]);
    expect(arena.disposed).toBe(false);
    arena.dispose();
    arena.dispose();
    expect(arena.disposed).toBe(true);
    for (const use of [
      () => tensor.read(),
      () => tensor.write(new Float32Array(100)),
      () => tensor.fill(0),
      () => tensor.at(0),
      () => tensor.view([2]).read(),
      () => tensor.firstRows(2).read(),
      () => arena.tensor('float', [1]),
      () => arena.padded('float', [1]),
    ]) {
      expect(use).toThrow(EngineError);
      expect(use).toThrow(/disposed of/);
    }
    expect([...other.read()]).toEqual([1, 2]);
    expect(engine.arena().tensor('float', [100]).pointer).toBe(top);
  });

  test('name themselves', () => {
    expect(`${engine.arena().tensor('i32', [2, 3])}`).toBe('i32 [2, 3]');
  });
});
