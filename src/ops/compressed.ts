/** A data set of bytes that are mostly zeros, kept compressed: see assembly/compressed.ts for the layout. */
import { checkInteger } from '../base/options.js';
import { CHAIN_BLOCK } from '../engine/constants.js';
import type { Signatures } from '../engine/signatures.js';
import type { Arena, Tensor } from '../engine/tensor.js';

export const signatures = {
  /**
   * Compresses x [M, N] to what is not zero, its columns in blocks of `width` (a multiple of 8): block j of
   * row m has the entries starts[m · blocks + j] … starts[m · blocks + j + 1] - 1 (i32, M · blocks + 1
   * numbers), with column · step in `offsets` (i32, ascending) and `values`. Returns the number of entries;
   * or -1, with nothing usable written, once the rows so far hold more than `limit` each on average, two rows
   * of grace. The lists need limit · (M + 2) + N + 1 places.
   */
  compress_rows: `starts: out i32, offsets: out i32, values: out, x: in, ldx, M, N, width, limit,
    step; returns i32`,
  /**
   * `starts` for rows order[0 … M - 1] (u32) of a data set that is kept compressed: rowStarts (u32) as starts
   * above. Returns the number of entries, or -1, with nothing usable written, when there would be more than
   * `capacity`.
   */
  gather_starts: 'starts: out i32, rowStarts: in u32, order: in u32, M, blocks, capacity; returns i32',
  /**
   * The other lists for those rows: columns are u16, bytes u8, offset = column · step, value = byte · scale.
   */
  gather_entries: `offsets: out i32, values: out, starts: in i32, rowStarts: in u32, columns: in u16,
    bytes: in u8, order: in u32, M, blocks, scale: f32, step; job`,
  /** y [M, N] = those rows, uncompressed. */
  expand_compressed: `y: out rows, ldy, rowStarts: in u32, columns: in u16, bytes: in u8, order: in each u32,
    M: cut, N: across, blocks, scale: f32; 0.2 ns`,
  /**
   * The compressed columns of a matrix [M, N], each of one block, from its compressed rows, whose blocks have
   * `width` columns: those of the blocks from … to - 1, at least one in all. offset = row · step, as in the
   * rows. starts has N + 1 places, the last of which is written with the last block.
   */
  transpose_compressed: `starts: out i32, offsets: out i32, values: out, rowStarts: in i32,
    rowOffsets: in i32, rowValues: in, M, N, blocks, width, from, to, step; job`,
} satisfies Signatures;

/**
 * Columns of a block of compressed rows: W's rows of one block, 12 vectors wide, fill most of a first-level
 * cache. Forward at 64x784:784x300, fma, in µs by width: 80 151, 112 144, 160 142, 200 141, 264 143, 392 147;
 * turbo: 88, 85, 89, 93, 96, 106.
 */
export const BLOCK_WIDTH = CHAIN_BLOCK;

/**
 * Share of non-zeros up to which a set is kept compressed: the threshold of its batches, see `SparseRows`.
 */
export const SPARSE_DENSITY = 0.4;

/** Bytes looked at in one piece of the work. */
const PIECE = 1 << 20;

type Lists = Record<'starts' | 'columns' | 'bytes', Tensor>;

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

  /**
   * Undefined when the set is too dense, or too wide for 16-bit columns. `bytes` is row-major [size, width].
   */
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
    const lists = {
      starts: arena.tensor('u32', [(bytes.length / width) * blocks + 1]),
      columns: arena.tensor('u16', [entries]),
      bytes: arena.tensor('u8', [entries]),
    };
    const rows = Math.ceil(PIECE / width);
    for (let row = 0; row * width < bytes.length; row += rows) {
      compressRows(lists, bytes, width, row, rows);
      yield;
    }
    return new CompressedSet(width, scale, blocks, lists);
  }

  private constructor(width: number, scale: number, blocks: number, lists: Lists) {
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
  const words = wordsOf(bytes);
  let count = 0;
  for (let i = 0; i < words.length; i++) {
    // The lowest bit of each byte becomes whether one of its bits is set.
    let word = words[i];
    word |= word >>> 4;
    word |= word >>> 2;
    word |= word >>> 1;
    count += Math.imul(word & 0x01010101, 0x01010101) >>> 24;
  }
  for (let i = 4 * words.length; i < bytes.length; i++) count += bytes[i] === 0 ? 0 : 1;
  return count;
}

/** The bytes in fours, without what is left over; none where the first does not lie on a word. */
function wordsOf({ buffer, byteOffset, length }: Uint8Array): Uint32Array {
  return byteOffset % 4 === 0 ? new Uint32Array(buffer, byteOffset, length >> 2) : new Uint32Array();
}

/** Appends rows `first` … `first + rows - 1`, as far as there are any. */
function compressRows(lists: Lists, bytes: Uint8Array, width: number, first: number, rows: number): void {
  // Asked for anew in each piece: memory may have grown since the last one.
  const [starts, columns, values] = [lists.starts, lists.columns, lists.bytes].map((list) => list.elements());
  const words = wordsOf(bytes);
  let block = first * Math.ceil(width / BLOCK_WIDTH);
  let count = starts[block];
  const end = Math.min((first + rows) * width, bytes.length);
  for (let row = first * width; row < end; row += width) {
    for (let from = 0; from < width; from += BLOCK_WIDTH) {
      const to = Math.min(from + BLOCK_WIDTH, width);
      for (let n = from; n < to; n++) {
        const at = row + n;
        // Four zeros at once: most of them stand together.
        if ((at & 3) === 0 && n + 4 <= to && words[at >> 2] === 0) {
          n += 3;
          continue;
        }
        const byte = bytes[at];
        if (byte === 0) continue;
        columns[count] = n;
        values[count] = byte;
        count++;
      }
      starts[++block] = count;
    }
  }
}
