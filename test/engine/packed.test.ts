/** Matrices that are packed once they stand still: when that happens, and that no change is missed. */
import { afterEach, beforeEach, describe, expect, type MockInstance, test, vi } from 'vitest';
import { OptionError } from '../../src/base/errors.js';
import type { Engine } from '../../src/engine/engine.js';
import type { Arena } from '../../src/engine/tensor.js';
import { matmul } from '../../src/ops/matmul.js';
import { PackedMatrix } from '../../src/ops/packed.js';
import { engines } from './engines.js';

const [ROWS, IN, OUT] = [3, 4, 5];

describe.each(engines)('packed matrices (%s)', (_, create) => {
  let engine: Engine;
  let arena: Arena;
  let packs: MockInstance;
  beforeEach(async () => {
    engine = await create();
    arena = engine.arena();
    packs = vi.spyOn(engine.kernels, 'pack_b');
  });
  afterEach(() => engine.dispose());

  /** y = x·w of ones and w, whose elements are all the same: so y is IN times that. */
  function product() {
    const flat = arena.tensor('float', [IN * 16]).fill(1);
    const w = flat.view([IN, OUT], 0, 16);
    const packed = new PackedMatrix(arena, w);
    const c = arena.padded('float', [ROWS, OUT]);
    const call = matmul({ c, a: arena.padded('float', [ROWS, IN]).fill(1), b: w, packed });
    const run = () => {
      call();
      return c.read().every((v) => v === c.at(0)) ? c.at(0) / IN : Number.NaN;
    };
    return { flat, w, packed, run };
  }

  test('the second product of the same values packs, and those that follow do not', () => {
    const { run } = product();
    expect([run(), packs.mock.calls.length]).toEqual([1, 0]);
    for (let i = 0; i < 3; i++) expect([run(), packs.mock.calls.length]).toEqual([1, 1]);
  });

  test('a matrix that changes after each product is never packed', () => {
    const { w, run } = product();
    for (let i = 1; i < 5; i++) {
      w.fill(i);
      expect(run()).toBe(i);
    }
    expect(packs).not.toHaveBeenCalled();
  });

  test('changes are seen, whoever made them', () => {
    const { flat, w, run } = product();
    const still = () => [run(), run(), run()];
    expect(still()).toEqual([1, 1, 1]);
    w.write(new Float32Array(w.size).fill(2));
    expect(still()).toEqual([2, 2, 2]);
    flat.fill(3);
    expect(still()).toEqual([3, 3, 3]);
    flat.view([flat.size]).firstRows(flat.size).fill(4);
    expect(still()).toEqual([4, 4, 4]);
    engine.kernels.scale(flat.pointer, flat.size, 2);
    flat.changed();
    expect(still()).toEqual([8, 8, 8]);
    expect(packs).toHaveBeenCalledTimes(5);
  });

  test('products of several sizes share the panels; those of few rows read the matrix', () => {
    const w = arena.padded('float', [IN, OUT]).fill(1);
    const packed = new PackedMatrix(arena, w);
    const calls = [1, 2, 3, 40].map((rows) =>
      matmul({ c: arena.tensor('float', [rows, OUT]), a: arena.tensor('float', [rows, IN]), b: w, packed }),
    );
    const [one, two, three, many] = calls;
    for (let i = 0; i < 4; i++) for (const call of [one, two]) call();
    expect(packs).not.toHaveBeenCalled();
    three();
    expect(packs).not.toHaveBeenCalled();
    for (let i = 0; i < 4; i++) for (const call of calls) call();
    expect(packs).toHaveBeenCalledTimes(1);
    many();
    expect(packs).toHaveBeenCalledTimes(1);
  });

  test('memory is taken when a product of more rows than two is prepared, once', () => {
    const w = arena.padded('float', [IN, OUT]).fill(1);
    const packed = new PackedMatrix(arena, w);
    const place = vi.spyOn(arena, 'tensor');
    const prepare = (rows: number) =>
      matmul({ c: arena.padded('float', [rows, OUT]), a: arena.padded('float', [rows, IN]), b: w, packed });
    for (const rows of [1, 2]) prepare(rows);
    expect(place).not.toHaveBeenCalled();
    const calls = [3, 8].map(prepare);
    expect(place.mock.calls).toEqual([['float', [IN * 16]]]);
    for (let i = 0; i < 3; i++) for (const call of calls) call();
    expect(place).toHaveBeenCalledTimes(1);
  });

  test('a packed matrix that is not b is refused', () => {
    const { packed } = product();
    const [c, a, b] = [
      [ROWS, OUT],
      [ROWS, IN],
      [IN, OUT],
    ].map((shape) => arena.tensor('float', shape));
    const make = () => matmul({ c, a, b, packed });
    expect(make).toThrow(OptionError);
    expect(make).toThrow('matmul: packed: expected b, given another float [4, 5]');
  });
});
