/**
 * Batch normalisation of more rows than one chain of additions has terms, as images have them: sums by blocks
 * of rows, which threads share.
 */
import { SHORT_BLOCK } from '../engine/constants.js';
import type { Signatures } from '../engine/signatures.js';
import type { Arena, Tensor } from '../engine/tensor.js';
import type { Call } from './check.js';

export const signatures = {
  /**
   * Of each block of 64 rows of x [M, N], B blocks from number `first` on, and each column: sums[b, n] = Σ
   * (x - mean) and squares[b, n] = Σ (x - mean)²; where squares is absent, sums = Σ x. `ldblock` is 64 · ldx.
   * May be split by blocks.
   */
  block_moments: `sums: out rows, ldsums, squares: out rows, ldsquares, mean: in, x: in rows, ldblock, ldx,
    B: cut, N: across, first: first, M; 20 ns`,
  /**
   * The same of dy and of dy · (x - mean) · rstd. `ldxblock` and `lddyblock` are 64 leading dimensions. May be
   * split by blocks.
   */
  block_products: `sums: out rows, ldsums, products: out rows, ldproducts, mean: saved, rstd: saved,
    x: in rows, ldxblock, ldx, dy: in rows, lddyblock, lddy, B: cut, N: across, first: first, M; 30 ns`,
  /** y[n] = Σ_b sums[b, n] / divisor, b ascending, in float64 and rounded before it is divided. */
  block_totals: 'y: out each, sums: in each, ldsums, B: across, N: cut, divisor: f32; 1 ns',
  /**
   * What `batch_norm_statistics` gives, of a first mean, which stands in `mean`, and the sums of what deviates
   * from it and of its squares.
   */
  batch_norm_moments: `mean: inout each, rstd: out each, runningMean: inout each, runningVar: inout each,
    deviations: in each, squares: in each, M, N: cut, momentum: f32, eps: f32; 3 ns`,
  /**
   * dx of `batch_norm_backward`, of sums = Σ dy and products = Σ dy · (x - mean) · rstd over `count` rows; 0
   * where it is not training. May be split by rows; dx may be dy.
   */
  batch_norm_input_gradient: `dx: out rows, lddx, mean: saved, rstd: saved, x: in rows, ldx, dy: in rows, lddy,
    weight: in, sums: in, products: in, M: cut, N: across, count; 0.4 ns`,
} satisfies Signatures;

interface Statistics {
  readonly mean: Tensor;
  readonly rstd: Tensor;
}

/** Sums of two kinds of each block, and in all. */
function sumsOf(arena: Arena, x: Tensor) {
  const [B, N] = [Math.ceil(x.rows / SHORT_BLOCK), x.columns];
  const [blocks, blocks2] = [0, 1].map(() => arena.tensor('float', [B, N]).pointer);
  return { B, N, blocks, blocks2 };
}

/**
 * The batch's mean and rstd of each column, by which the running ones are moved; the bits of
 * `batch_norm_statistics`.
 */
export function blockStatistics(
  args: Statistics & {
    x: Tensor;
    runningMean: Tensor;
    runningVar: Tensor;
    momentum: number;
    eps: number;
    arena: Arena;
  },
): Call {
  const { x, momentum, eps, arena } = args;
  const [mean, rstd, rm, rv] = [args.mean, args.rstd, args.runningMean, args.runningVar].map(
    (own) => own.pointer,
  );
  const { kernels } = x.engine;
  const { rows: M, ld, pointer } = x;
  const { B, N, blocks, blocks2 } = sumsOf(arena, x);
  const step = SHORT_BLOCK * ld;
  const [deviations, squares] = [0, 1].map(() => arena.tensor('float', [N]).pointer);
  return () => {
    kernels.block_moments(blocks, N, 0, 0, 0, pointer, step, ld, B, N, 0, M);
    kernels.block_totals(mean, blocks, N, B, N, M);
    kernels.block_moments(blocks, N, blocks2, N, mean, pointer, step, ld, B, N, 0, M);
    kernels.block_totals(deviations, blocks, N, B, N, 1);
    kernels.block_totals(squares, blocks2, N, B, N, 1);
    kernels.batch_norm_moments(mean, rstd, rm, rv, deviations, squares, M, N, momentum, eps);
  };
}

/** The gradients of those that are present, with the bits of `batch_norm_backward`. dx may be dy. */
export function blockBackward(
  args: Statistics & {
    dx: Tensor | undefined;
    dweight: Tensor | undefined;
    dbias: Tensor | undefined;
    x: Tensor;
    dy: Tensor;
    weight: Tensor | undefined;
    arena: Arena;
  },
): (training: boolean) => void {
  const { dx, x, dy, arena } = args;
  const { kernels } = x.engine;
  const [M, m, r] = [x.rows, args.mean.pointer, args.rstd.pointer];
  const { B, N, blocks, blocks2 } = sumsOf(arena, x);
  const totalOf = (given: Tensor | undefined) => (given ?? arena.tensor('float', [N])).pointer;
  const [sums, products, weight] = [totalOf(args.dbias), totalOf(args.dweight), args.weight?.pointer ?? 0];
  const [px, py, pdx] = [x.pointer, dy.pointer, dx?.pointer ?? 0];
  const [ldx, ldy, lddx] = [x.ld, dy.ld, dx?.ld ?? 0];
  const [xstep, ystep] = [SHORT_BLOCK * ldx, SHORT_BLOCK * ldy];
  return (training) => {
    // biome-ignore format: an operand a group
    kernels.block_products(
      blocks, N, blocks2, N, m, r, px, xstep, ldx, py, ystep, ldy, B, N, 0, M,
    );
    kernels.block_totals(sums, blocks, N, B, N, 1);
    kernels.block_totals(products, blocks2, N, B, N, 1);
    if (!pdx) return;
    const count = training ? M : 0;
    // biome-ignore format: an operand a group
    kernels.batch_norm_input_gradient(
      pdx, lddx, m, r, px, ldx, py, ldy, weight, sums, products, M, N, count,
    );
  };
}
