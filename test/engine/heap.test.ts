/** Blocks in linear memory: aligned, apart, found again after they were freed. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EngineError } from '../../src/base/errors.js';
import { ALIGNMENT, Heap } from '../../src/engine/heap.js';
import { RESERVED_BYTES } from '../../src/engine/kernels.js';
import { createReferenceBackend } from '../../src/ops/reference/index.js';

const fresh = () => {
  const backend = createReferenceBackend();
  // A heap finds what the backend wrote before there was one, as tuning does.
  new Uint8Array(backend.buffer, RESERVED_BYTES).fill(7);
  return { backend, heap: new Heap(backend) };
};

test('begins behind the reserved bytes, and gives every block whole cache lines', () => {
  const { heap } = fresh();
  expect(heap.top).toBe(RESERVED_BYTES);
  const pointers = [0, 1, 63, 64, 65, 200].map((bytes) => heap.allocate(bytes));
  // Sizes are rounded up; a block of nothing has a place of its own.
  expect(pointers.map((p) => p - RESERVED_BYTES)).toEqual([0, 64, 128, 192, 256, 384]);
  expect(heap.top - RESERVED_BYTES).toBe(640);
});

test('takes the first gap that is large enough, and leaves its rest', () => {
  const { heap } = fresh();
  const [a, , c, , e] = [64, 64, 192, 64, 192].map((bytes) => heap.allocate(bytes));
  heap.allocate(64);
  heap.free(a, 64);
  heap.free(e, 192);
  heap.free(c, 192);
  expect(heap.allocate(128)).toBe(c);
  expect(heap.allocate(64)).toBe(a);
  expect(heap.allocate(64)).toBe(c + 128);
  expect(heap.allocate(192)).toBe(e);
});

test.each([[[0, 1, 2]], [[0, 2, 1]], [[1, 0, 2]], [[1, 2, 0]], [[2, 0, 1]], [[2, 1, 0]]])(
  'joins neighbours freed in the order %j',
  (order) => {
    const { heap } = fresh();
    const blocks = [100, 200, 300].map((bytes) => ({ bytes, pointer: heap.allocate(bytes) }));
    const last = heap.allocate(64);
    const top = heap.top;
    for (const i of order) heap.free(blocks[i].pointer, blocks[i].bytes);
    expect(heap.allocate(128 + 256 + 320)).toBe(blocks[0].pointer);
    expect(heap.top).toBe(top);
    heap.free(blocks[0].pointer, 704);
    heap.free(last, 64);
    expect(heap.top).toBe(RESERVED_BYTES);
  },
);

test('the top falls through a gap below the last block', () => {
  const { heap } = fresh();
  const [a, b] = [heap.allocate(64), heap.allocate(64)];
  heap.free(a, 64);
  expect(heap.top).toBe(RESERVED_BYTES + 128);
  heap.free(b, 64);
  expect(heap.top).toBe(RESERVED_BYTES);
});

test('when memory is refused, nothing has changed', () => {
  const { heap, backend } = fresh();
  heap.allocate(64);
  const [top, held] = [heap.top, backend.buffer.byteLength];
  expect(() => heap.allocate(2 ** 33)).toThrow(EngineError);
  expect([heap.top, backend.buffer.byteLength]).toEqual([top, held]);
  expect(heap.allocate(64)).toBe(top);
});

test('blocks never overlap, are aligned, lie in memory, hold zeros, and leave nothing behind', () => {
  const step = fc.oneof(
    fc.record({ allocate: fc.integer({ min: 0, max: 5000 }) }),
    fc.record({ free: fc.nat({ max: 1000 }) }),
  );
  const property = fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
    const { heap, backend } = fresh();
    // The model: the lines of 64 bytes in use, and whose they are.
    const owner = new Map<number, number>();
    const live: { pointer: number; bytes: number }[] = [];
    const lines = ({ pointer, bytes }: { pointer: number; bytes: number }) =>
      Array.from({ length: Math.max(1, Math.ceil(bytes / ALIGNMENT)) }, (_, i) => pointer / ALIGNMENT + i);
    let highest = RESERVED_BYTES;
    const free = (at: number) => {
      const [block] = live.splice(at, 1);
      heap.free(block.pointer, block.bytes);
      for (const line of lines(block)) owner.delete(line);
    };
    const inUse = () => Math.max(RESERVED_BYTES, ...[...owner.keys()].map((line) => (line + 1) * ALIGNMENT));
    for (const it of steps) {
      if ('allocate' in it) {
        const block = { pointer: heap.allocate(it.allocate), bytes: it.allocate };
        expect(block.pointer % ALIGNMENT).toBe(0);
        expect(block.pointer).toBeGreaterThanOrEqual(RESERVED_BYTES);
        for (const line of lines(block)) {
          expect(owner.has(line), `line ${line} is given twice`).toBe(false);
          owner.set(line, block.pointer);
        }
        highest = Math.max(highest, inUse());
        expect(backend.buffer.byteLength).toBeGreaterThanOrEqual(inUse());
        const contents = new Uint8Array(backend.buffer, block.pointer, block.bytes);
        expect(contents.every((byte) => byte === 0)).toBe(true);
        contents.fill(7);
        live.push(block);
      } else if (live.length > 0) free(it.free % live.length);
      // Gaps at the end are given back at once: the top is the end of the last block.
      expect(heap.top).toBe(inUse());
    }
    while (live.length > 0) free(live.length >> 1);
    expect(heap.top).toBe(RESERVED_BYTES);
    // And what was free once is one gap again.
    expect(heap.allocate(highest)).toBe(RESERVED_BYTES);
  });
  fc.assert(property, { numRuns: 200, seed: 1 });
});
