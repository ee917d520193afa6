/**
 * Numbers that the kernels share with what calls them. The build writes them for AssemblyScript, under the
 * same names; of a list, the place of each name: UNARY_COPY is 0.
 */

/**
 * Bytes at the start of every memory that belong to the kernels: zeros, then constants. Nothing else may lie
 * there.
 */
export const RESERVED_BYTES = 640;

/** Terms of a sum up to which it is one chain of float32 additions: see assembly/chain.ts. */
export const LONGEST_CHAIN = 4160;

/** Terms of a block of a longer sum where the sums of the blocks are added up in float64. */
export const SHORT_BLOCK = 64;

/** Terms of a block of a longer sum in a product; and so columns of a block of compressed rows. */
export const CHAIN_BLOCK = 160;

/** Elements of a block of `sum`. */
export const SUM_BLOCK = 65_536;

/** What is added up: the `kind` of `sum_blocks`. */
export const SUM_PLAIN = 0;
export const SUM_SQUARES = 1;
export const SUM_ABSOLUTES = 2;

/** Up to so many rows, products do not pack B. */
export const THIN_ROWS = 2;

/** How products are cut into tiles, one bit each; never what they are. Tiles of 16 columns, for re-vectorised code. */
export const TILING_WIDE = 1;
/** Each element of A stands four times in its panel. */
export const TILING_SPLAT = 2;
/** B is packed from 9 rows of A on, in place of 65 (fma). */
export const TILING_PACKING = 4;
/** One tile a call, for V8 up to Node 22. */
export const TILING_SINGLE = 8;
/** Tiles of 8 rows, of panels like those of TILING_SPLAT, for processors with 32 SIMD registers (fma). */
export const TILING_TALL = 16;

/** Rows of W that are updated together by `sparse_sgd`. */
export const ROWS_ASIDE = 16;

/** Codes of the `activation` arguments. */
export const IDENTITY = 0;
export const SIGMOID = 1;
export const TANH = 2;
export const RELU = 3;

/** Threads that a pool has room for. */
export const MAX_THREADS = 64;

/**
 * The job that computes nothing: what it takes to bring the threads together. The other jobs' numbers follow.
 */
export const JOB_MEET = 0;

/**
 * Kernels that are cut along one axis have numbers from here on, as jobs of the threads; those below are cut
 * otherwise.
 */
export const FIRST_LINE = 16;

/** Arguments of such a kernel at most. */
export const LINE_ARGUMENTS = 20;

// Apart, so that pages which use none of them load none.
export * from './codes.js';
export * from './geometry.js';
