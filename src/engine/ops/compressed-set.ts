/** A data set of bytes that are mostly zeros, kept compressed: see assembly/compressed.ts for the layout. */
import { checkInteger } from '../../options.js';
import type { Arena, Tensor } from '../tensor.js';

/**
 * Columns of a block of compressed rows: W's rows of one block, 12 vectors wide, fill most of a first-level cache. Forward at
 * 64x784:784x300, fma, in µs by width: 56 252, 80 240, 112 232, 160 226, 200 225, 392 225, 784 259; turbo is best at 112 to 160.
 */
export const BLOCK_WIDTH = 160;

/** Share of non-zeros up to which a set is kept compressed: the threshold of its batches, see `SparseRows`. */
export const SPARSE_DENSITY = 0.4;

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
    checkInteger('CompressedSet.from', 'width', width, { min: 1 });
    if (width > 0xffff) return undefined;
    let entries = 0;
    for (let i = 0; i < bytes.length; i++) entries += bytes[i] === 0 ? 0 : 1;
    if (entries > bytes.length * SPARSE_DENSITY) return undefined;
    return new CompressedSet(arena, bytes, width, scale, entries);
  }

  private constructor(arena: Arena, bytes: Uint8Array, width: number, scale: number, entries: number) {
    this.width = width;
    this.scale = scale;
    this.blocks = Math.ceil(width / BLOCK_WIDTH);
    const size = bytes.length / width;
    const starts = new Uint32Array(size * this.blocks + 1);
    const columns = new Uint16Array(entries);
    const values = new Uint8Array(entries);
    let count = 0;
    let block = 0;
    for (let row = 0; row < bytes.length; row += width) {
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
    this.starts = arena.tensor('u32', [starts.length]).write(starts);
    this.columns = arena.tensor('u16', [columns.length]).write(columns);
    this.bytes = arena.tensor('u8', [values.length]).write(values);
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
