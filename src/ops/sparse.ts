/**
 * Inputs that are mostly zeros. A batch's rows are compressed when it is loaded, if it is sparse enough to
 * pay; then the first layer multiplies only what is there. `active` says which path the batch at hand takes.
 */
import { ShapeError } from '../base/errors.js';
import { checkInteger } from '../base/options.js';
import { activationCodes, type FusedActivation, LONGEST_CHAIN } from '../engine/kernels.js';
import type { Signatures } from '../engine/signatures.js';
import { type Arena, paddedLength, type Tensor } from '../engine/tensor.js';
import { type Call, checkSameEngine, checkTensor } from './check.js';
import { BLOCK_WIDTH, type CompressedSet, SPARSE_DENSITY } from './compressed.js';

export const signatures = {
  /**
   * C = f(start + S·B): S compressed, M rows of `blocks`, at least 1, its step the leading dimension of B [·,
   * N]; C [M, N]; start is the row `bias` if present, else 0. N is a multiple of 4: rows are padded. The
   * order of the sums is that of `gemm_nn`; skipped terms would have added zeros. `span` is 0, or 160 · step
   * where the dense product makes its sums of blocks.
   */
  sparse_gemm: `c: out, ldc, starts: in i32, offsets: in i32, values: in, b: in, bias: in, M, N, blocks, span,
    activation, tiling; job`,
  /**
   * `sparse_gemm` of S [M, K], and with it the compressed columns of S, as `transpose_compressed` makes them:
   * what training will ask for. In one, because two threads then wait for each other once.
   */
  sparse_forward: `c: out, ldc, columnStarts: out i32, columnOffsets: out i32, columnValues: out,
    starts: in i32, offsets: in i32, values: in, b: in, bias: in, M, N, K, blocks, width, step, span,
    activation, tiling; job`,
  /**
   * W = W - rate · (S·B) where S, of one block a row, has entries; other rows are left alone. N is a multiple
   * of 4.
   */
  sparse_sgd: `w: inout, ldw, work: scratch, starts: in i32, offsets: in i32, values: in, b: in, M, N, span,
    rate: f32, tiling; job`,
} satisfies Signatures;

/**
 * Compressed rows and columns of a batch. At MNIST's density of 0.19, 64x784:784x300, fma, one thread,
 * forward and update take 300 µs where the dense products and the update take 1,160; the time grows with the
 * entries, so SPARSE_DENSITY is on the safe side.
 */
export class SparseRows {
  /** The batch, uncompressed. */
  readonly x: Tensor;
  /** Whether the batch at hand has been compressed. */
  active = false;
  readonly #limit: number;
  /** The leading dimension of W, y and dy, by which the entries of the lists find rows there. */
  readonly #step: number;
  readonly #blocks: number;
  readonly #rows: Lists;
  /** Made from the rows when the gradient first asks for them. */
  readonly #columns: Lists;
  #transposed = false;

  /** `units` columns of W will be asked for. */
  constructor(arena: Arena, x: Tensor, units: number) {
    checkTensor('SparseRows', 'x', x, 'float', [undefined, undefined]);
    checkInteger('SparseRows', 'units', units, { min: 1 });
    this.x = x;
    this.#step = paddedLength(units);
    this.#limit = Math.floor(x.columns * SPARSE_DENSITY);
    this.#blocks = Math.max(1, Math.ceil(x.columns / BLOCK_WIDTH));
    const places = this.#limit * (x.rows + 2) + x.columns + 8;
    this.#rows = lists(arena, x.rows * this.#blocks + 1, places);
    this.#columns = lists(arena, x.columns + 1, places);
  }

  /** Looks at the first `count` rows of x, and compresses them when that pays. */
  load(count: number): void {
    const { x } = this;
    const { starts, offsets, values } = this.#rows;
    const entries = x.engine.kernels.compress_rows(
      starts.pointer,
      offsets.pointer,
      values.pointer,
      x.pointer,
      x.ld,
      count,
      x.columns,
      BLOCK_WIDTH,
      this.#limit,
      this.#step,
    );
    this.active = entries >= 0;
    this.#transposed = false;
  }

  /**
   * Takes rows order[start …], `count` of them, from a compressed set. Where that is too much for the lists,
   * they are written to x instead.
   */
  loadFrom(set: CompressedSet, order: Tensor, start: number, count: number): void {
    const { x } = this;
    const { starts, offsets, values } = this.#rows;
    const { kernels } = x.engine;
    const rows = order.pointer + 4 * start;
    const capacity = this.#limit * count;
    const entries = kernels.gather_starts(
      starts.pointer,
      set.starts.pointer,
      rows,
      count,
      set.blocks,
      capacity,
    );
    if (entries >= 0) {
      kernels.gather_entries(
        offsets.pointer,
        values.pointer,
        starts.pointer,
        set.starts.pointer,
        set.columns.pointer,
        set.bytes.pointer,
        rows,
        count,
        set.blocks,
        set.scale,
        this.#step,
      );
    }
    this.active = entries >= 0;
    this.#transposed = false;
    if (!this.active) set.expand(x.firstRows(count), order, start);
  }

  /**
   * y = f(x·W + bias). The rows of all tensors are padded alike. While `training`, a gradient of W will be
   * asked for.
   */
  matmul(args: {
    y: Tensor;
    w: Tensor;
    bias?: Tensor | undefined;
    activation: FusedActivation;
    state: { readonly training: boolean };
  }): Call {
    const { y, w, bias, activation, state } = args;
    const where = 'SparseRows.matmul';
    checkSameEngine(where, this.x, y, w, bias);
    checkTensor(where, 'w', w, 'float', [this.x.columns, undefined]);
    checkTensor(where, 'y', y, 'float', [undefined, w.columns]);
    this.#checkPadding(where, w, y);
    const { kernels, tiling } = y.engine;
    const { starts, offsets, values } = this.#rows;
    const columns = this.#columns;
    const code = activationCodes[activation];
    const blocks = this.#blocks;
    const span = this.#span(this.x.columns);
    const predict = () =>
      kernels.sparse_gemm(
        y.pointer,
        y.ld,
        starts.pointer,
        offsets.pointer,
        values.pointer,
        w.pointer,
        bias ? bias.pointer : 0,
        y.rows,
        w.ld,
        blocks,
        span,
        code,
        tiling,
      );
    return () => {
      if (!state.training) {
        predict();
        return;
      }
      kernels.sparse_forward(
        y.pointer,
        y.ld,
        columns.starts.pointer,
        columns.offsets.pointer,
        columns.values.pointer,
        starts.pointer,
        offsets.pointer,
        values.pointer,
        w.pointer,
        bias ? bias.pointer : 0,
        y.rows,
        w.ld,
        this.x.columns,
        blocks,
        BLOCK_WIDTH,
        this.#step,
        span,
        code,
        tiling,
      );
      this.#transposed = true;
    };
  }

  /** dW = xᵀ·dy. */
  weightGradient({ dw, dy }: { dw: Tensor; dy: Tensor }): Call {
    const where = 'SparseRows.weightGradient';
    this.#checkGradient(where, dw, dy);
    const { kernels, tiling } = dy.engine;
    const { starts, offsets, values } = this.#columns;
    const span = this.#span(dy.rows);
    return () => {
      this.#transpose(dy.rows);
      kernels.sparse_gemm(
        dw.pointer,
        dw.ld,
        starts.pointer,
        offsets.pointer,
        values.pointer,
        dy.pointer,
        0,
        dw.rows,
        dy.ld,
        1,
        span,
        activationCodes.identity,
        tiling,
      );
    };
  }

  /** W = W - rate · xᵀ·dy: the gradient and its plain SGD step at once. */
  sgdStep({ w, dy }: { w: Tensor; dy: Tensor }): (rate: number) => void {
    const where = 'SparseRows.sgdStep';
    this.#checkGradient(where, w, dy);
    const { kernels, work, tiling } = dy.engine;
    const { starts, offsets, values } = this.#columns;
    const span = this.#span(dy.rows);
    return (rate) => {
      this.#transpose(dy.rows);
      kernels.sparse_sgd(
        w.pointer,
        w.ld,
        work,
        starts.pointer,
        offsets.pointer,
        values.pointer,
        dy.pointer,
        w.rows,
        dy.ld,
        span,
        rate,
        tiling,
      );
    };
  }

  #checkGradient(where: string, w: Tensor, dy: Tensor): void {
    checkSameEngine(where, this.x, w, dy);
    checkTensor(where, 'w', w, 'float', [this.x.columns, dy.columns]);
    this.#checkPadding(where, w, dy);
  }

  /** The kernels compute the padding along, and the lists were made for it: it must be there. */
  #checkPadding(where: string, a: Tensor, b: Tensor): void {
    const step = this.#step;
    if (a.ld === step && b.ld === step) return;
    throw new ShapeError(where, `expected rows padded to ${step}, given ${a.ld} and ${b.ld}`);
  }

  /** How far apart in B the blocks of a sum of so many terms lie; 0 where it is one chain. */
  #span(terms: number): number {
    return terms > LONGEST_CHAIN ? BLOCK_WIDTH * this.#step : 0;
  }

  #transpose(count: number): void {
    if (this.#transposed) return;
    const { x } = this;
    const [rows, columns] = [this.#rows, this.#columns];
    x.engine.kernels.transpose_compressed(
      columns.starts.pointer,
      columns.offsets.pointer,
      columns.values.pointer,
      rows.starts.pointer,
      rows.offsets.pointer,
      rows.values.pointer,
      count,
      x.columns,
      this.#blocks,
      BLOCK_WIDTH,
      0,
      this.#blocks,
      this.#step,
    );
    this.#transposed = true;
  }
}

interface Lists {
  readonly starts: Tensor;
  readonly offsets: Tensor;
  readonly values: Tensor;
}

function lists(arena: Arena, starts: number, places: number): Lists {
  return {
    starts: arena.tensor('i32', [starts]),
    offsets: arena.tensor('i32', [places]),
    values: arena.tensor('float', [places]),
  };
}
