/** A data set of bytes that are mostly zeros, kept compressed: see assembly/compressed.ts for the layout. */
import { checkInteger } from '../base/options.js';
import type { Arena, Tensor } from '../engine/tensor.js';

/**
 * Columns of a block of compressed rows: W's rows of one block, 12 vectors wide, fill most of a first-level cache. Forward at
 * 64x784:784x300, fma, in µs by width: 80 151, 112 144, 160 142, 200 141, 264 143, 392 147; turbo: 88, 85, 89, 93, 96, 106.
 */
export const BLOCK_WIDTH = 160;

/** Share of non-zeros up to which a set is kept compressed: the threshold of its batches, see `SparseRows`. */
export const SPARSE_DENSITY = 0.4;

/** Bytes looked at in one piece of the work. */
const PIECE = 1 << 20;

interface Lists {
  readonly starts: Uint32Array;
  readonly columns: Uint16Array;
  readonly values: Uint8Array;
}

export class CompressedSet {
  readonly width: number;
  readonly blocks: number;
  readonly scale: number;
  /** @internal */
  readonly starts: Tensor;
  /** @internal */
  readonly columns: Tensor;
  /** @internal */
  readonly bytes: Tensor;

  /** Undefined when the set is too dense, or too wide for 16-bit columns. `bytes` is row-major [size, width]. */
  static from(arena: Arena, bytes: Uint8Array, width: number, scale: number): CompressedSet | undefined {
    const work = CompressedSet.compress(arena, bytes, width, scale);
    for (;;) {
      const { done, value } = work.next();
      if (done) return value;
    }
  }

  /** The same in pieces of a few milliseconds: yields between them. */
  static *compress(
    arena: Arena,
    bytes: Uint8Array,
    width: number,
    scale: number,
  ): Generator<void, CompressedSet | undefined> {
    checkInteger('CompressedSet.from', 'width', width, { min: 1 });
    if (width > 0xffff) return undefined;
    let entries = 0;
    for (let from = 0; from < bytes.length; from += PIECE) {
      entries += countNonZero(bytes.subarray(from, from + PIECE));
      yield;
    }
    if (entries > bytes.length * SPARSE_DENSITY) return undefined;
    const blocks = Math.ceil(width / BLOCK_WIDTH);
    const starts = new Uint32Array((bytes.length / width) * blocks + 1);
    const columns = new Uint16Array(entries);
    const values = new Uint8Array(entries);
    const rows = Math.ceil(PIECE / width);
    for (let row = 0; row * width < bytes.length; row += rows) {
      compressRows({ starts, columns, values }, bytes, width, row, rows);
      yield;
    }
    const place = function* (dtype: 'u32' | 'u16' | 'u8', list: Uint32Array | Uint16Array | Uint8Array) {
      const tensor = arena.tensor(dtype, [list.length]);
      yield;
      tensor.write(list);
      yield;
      return tensor;
    };
    return new CompressedSet(width, scale, blocks, {
      starts: yield* place('u32', starts),
      columns: yield* place('u16', columns),
      bytes: yield* place('u8', values),
    });
  }

  private constructor(
    width: number,
    scale: number,
    blocks: number,
    lists: Pick<CompressedSet, 'starts' | 'columns' | 'bytes'>,
  ) {
    this.width = width;
    this.scale = scale;
    this.blocks = blocks;
    this.starts = lists.starts;
    this.columns = lists.columns;
    this.bytes = lists.bytes;
  }

  /** Copies rows order[start …] into y [rows, width], uncompressed. */
  expand(y: Tensor, order: Tensor, start: number): void {
    y.engine.kernels.expand_compressed(
      y.pointer,
      y.ld,
      this.starts.pointer,
      this.columns.pointer,
      this.bytes.pointer,
      order.pointer + 4 * start,
      y.rows,
      this.width,
      this.blocks,
      this.scale,
    );
  }
}

function countNonZero(bytes: Uint8Array): number {
  let count = 0;
  for (let i = 0; i < bytes.length; i++) count += bytes[i] === 0 ? 0 : 1;
  return count;
}

/** Appends rows `first` … `first + rows - 1`, as far as there are any. */
function compressRows(lists: Lists, bytes: Uint8Array, width: number, first: number, rows: number): void {
  const { starts, columns, values } = lists;
  let block = first * Math.ceil(width / BLOCK_WIDTH);
  let count = starts[block];
  const end = Math.min((first + rows) * width, bytes.length);
  for (let row = first * width; row < end; row += width) {
    for (let from = 0; from < width; from += BLOCK_WIDTH) {
      const to = Math.min(from + BLOCK_WIDTH, width);
      for (let n = from; n < to; n++) {
        const byte = bytes[row + n];
        if (byte === 0) continue;
        columns[count] = n;
        values[count] = byte;
        count++;
      }
      starts[++block] = count;
    }
  }
}
