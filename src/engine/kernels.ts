/**
 * The kernel ABI, seen from TypeScript: what every backend implements and the engine calls. It checks nothing;
 * `assembly/README.md` holds the conventions, and the reference backend is the readable meaning of each line.
 *
 * - Order of arguments: outputs, saved for backward, inputs, sizes, scalars. Scratch space follows the outputs.
 * - A pointer is a byte offset into the engine's memory; 0 means absent. A matrix is a pointer and its leading
 *   dimension (`ld`), a 3-tensor adds a stride between its matrices. Sizes, ld and strides count elements.
 * - `B` matrices in a batch, `M` rows, `N` columns, `K` reduced. Any of them may be 0.
 * - `wide` chooses the products' tile (1: for re-vectorised code) and never the result.
 * - Sums over M or K of more than LONGEST_CHAIN terms are made of blocks, so that rounding does not grow with their number: "one sum in
 *   ascending k" is one chain of additions up to there, and beyond it a chain for each block of 160, added up in order (products), or
 *   for each of 64, added up in float64 (sums of columns). The reference adds in float64.
 * - Outputs do not overlap inputs unless a line says `in place`. NaN and infinities pass through as IEEE 754 has it.
 */
import type { LayerKernels } from './kernels-layers.js';
import type { TrainingKernels } from './kernels-training.js';

export interface Kernels extends LayerKernels, TrainingKernels {
  /** Bytes of scratch space that `work` must point to in the products. The space holds nothing between calls. */
  workspace_size(): number;

  /**
   * Forward: C = f(start + A·B), A [M, K], B [K, N], C [M, N]; start is C when `accumulate`, else the row `bias` [N]
   * if present, else 0 (then C is never read). Every element is one sum over k in ascending order. Where ldb is 0, b points to
   * what `pack_b` made of B with the same `wide`.
   */
  gemm_nn(
    c: number,
    ldc: number,
    strideC: number,
    work: number,
    a: number,
    lda: number,
    strideA: number,
    b: number,
    ldb: number,
    strideB: number,
    bias: number,
    B: number,
    M: number,
    N: number,
    K: number,
    accumulate: number,
    activation: number,
    wide: number,
  ): void;
  /**
   * B [K, N] in panels of columns, for products that share it: the panel that begins at column j lies K·j floats on, and has its
   * elements of each k side by side. Panels are 8 columns wide, or 16 with `wide` while more than 12 columns remain; the last has 4
   * where no more remain. Columns beyond N are 0. `packed` has room for K times N rounded up to 16.
   */
  pack_b(packed: number, b: number, ldb: number, N: number, K: number, wide: number): void;
  /**
   * Backward to the input: C = (start + A·Bᵀ) ⊙ f'(Y), A [M, K], B [N, K], C and Y [M, N]; start is C when `accumulate`,
   * else 0. Y is the activation's saved output; absent leaves the product as it is.
   */
  gemm_nt(
    c: number,
    ldc: number,
    strideC: number,
    work: number,
    y: number,
    ldy: number,
    strideY: number,
    a: number,
    lda: number,
    strideA: number,
    b: number,
    ldb: number,
    strideB: number,
    B: number,
    M: number,
    N: number,
    K: number,
    accumulate: number,
    activation: number,
    wide: number,
  ): void;
  /** Backward to the weights: C = start + Aᵀ·B, A [K, M], B [K, N], C [M, N]; start is C when `accumulate`, else 0. */
  gemm_tn(
    c: number,
    ldc: number,
    strideC: number,
    work: number,
    a: number,
    lda: number,
    strideA: number,
    b: number,
    ldb: number,
    strideB: number,
    B: number,
    M: number,
    N: number,
    K: number,
    accumulate: number,
    wide: number,
  ): void;

  /**
   * Compresses x [M, N] to what is not zero, its columns in blocks of `width` (a multiple of 8): block j of row m has the entries
   * starts[m · blocks + j] … starts[m · blocks + j + 1] - 1 (i32, M · blocks + 1 numbers), with column · step in `offsets` (i32,
   * ascending) and `values`. Returns the number of entries; or -1, with nothing usable written, once the rows so far hold
   * more than `limit` each on average, two rows of grace. The lists need limit · (M + 2) + N + 1 places.
   */
  compress_rows(
    starts: number,
    offsets: number,
    values: number,
    x: number,
    ldx: number,
    M: number,
    N: number,
    width: number,
    limit: number,
    step: number,
  ): number;
  /**
   * `starts` for rows order[0 … M - 1] (u32) of a data set that is kept compressed: rowStarts (u32) as starts above. Returns the number of
   * entries, or -1, with nothing usable written, when there would be more than `capacity`.
   */
  gather_starts(
    starts: number,
    rowStarts: number,
    order: number,
    M: number,
    blocks: number,
    capacity: number,
  ): number;
  /** The other lists for those rows: columns are u16, bytes u8, offset = column · step, value = byte · scale. */
  gather_entries(
    offsets: number,
    values: number,
    starts: number,
    rowStarts: number,
    columns: number,
    bytes: number,
    order: number,
    M: number,
    blocks: number,
    scale: number,
    step: number,
  ): void;
  /** y [M, N] = those rows, uncompressed. */
  expand_compressed(
    y: number,
    ldy: number,
    rowStarts: number,
    columns: number,
    bytes: number,
    order: number,
    M: number,
    N: number,
    blocks: number,
    scale: number,
  ): void;
  /**
   * The compressed columns of a matrix [M, N], each of one block, from its compressed rows, whose blocks have `width` columns: those of
   * the blocks from … to - 1, at least one in all. offset = row · step, as in the rows. starts has N + 1 places, the last of which is written with the last block.
   */
  transpose_compressed(
    starts: number,
    offsets: number,
    values: number,
    rowStarts: number,
    rowOffsets: number,
    rowValues: number,
    M: number,
    N: number,
    blocks: number,
    width: number,
    from: number,
    to: number,
    step: number,
  ): void;
  /**
   * C = f(start + S·B): S compressed, M rows of `blocks`, at least 1, its step the leading dimension of B [·, N]; C [M, N]; start is the
   * row `bias` if present, else 0. N is a multiple of 4: rows are padded. The order of the sums is that of `gemm_nn`; skipped terms
   * would have added zeros. `span` is 0, or 160 · step where the dense product makes its sums of blocks.
   */
  sparse_gemm(
    c: number,
    ldc: number,
    starts: number,
    offsets: number,
    values: number,
    b: number,
    bias: number,
    M: number,
    N: number,
    blocks: number,
    span: number,
    activation: number,
    wide: number,
  ): void;
  /**
   * `sparse_gemm` of S [M, K], and with it the compressed columns of S, as `transpose_compressed` makes them: what training will ask
   * for. In one, because two threads then wait for each other once.
   */
  sparse_forward(
    c: number,
    ldc: number,
    columnStarts: number,
    columnOffsets: number,
    columnValues: number,
    starts: number,
    offsets: number,
    values: number,
    b: number,
    bias: number,
    M: number,
    N: number,
    K: number,
    blocks: number,
    width: number,
    step: number,
    span: number,
    activation: number,
    wide: number,
  ): void;
  /** W = W - rate · (S·B) where S, of one block a row, has entries; other rows are left alone. N is a multiple of 4. */
  sparse_sgd(
    w: number,
    ldw: number,
    work: number,
    starts: number,
    offsets: number,
    values: number,
    b: number,
    M: number,
    N: number,
    span: number,
    rate: number,
    wide: number,
  ): void;

  /** y[m, n] = x[m, n] + bias[n]. May be in place (y = x). */
  add_bias(y: number, ldy: number, x: number, ldx: number, bias: number, M: number, N: number): void;
  /** y[n] = start + Σ_m x[m, n], m ascending; start is y when `accumulate`, else 0. */
  column_sums(y: number, x: number, ldx: number, M: number, N: number, accumulate: number): void;
  /** Σ x[i] in float64: of blocks of 65,536 elements one by one, then of their sums in order. */
  sum(x: number, n: number): number;

  /** y = eˣ; 2 ulp; overflow gives infinity, underflow goes through denormals to 0. May be in place, like all up to `relu_backward`. */
  exp(y: number, x: number, n: number): void;
  /** y = ln x; 2 ulp; ln 0 = -infinity, of a negative NaN. */
  log(y: number, x: number, n: number): void;
  identity_forward(y: number, x: number, n: number): void;
  /** dx = dy. */
  identity_backward(dx: number, y: number, dy: number, n: number): void;
  /** y = 1 / (1 + e⁻ˣ); 3 ulp. */
  sigmoid_forward(y: number, x: number, n: number): void;
  /** dx = dy · y (1 - y). */
  sigmoid_backward(dx: number, y: number, dy: number, n: number): void;
  /** y = tanh x; 3 ulp. */
  tanh_forward(y: number, x: number, n: number): void;
  /** dx = dy · (1 - y²). */
  tanh_backward(dx: number, y: number, dy: number, n: number): void;
  /** y = max(x, 0); NaN stays NaN. */
  relu_forward(y: number, x: number, n: number): void;
  /** dx = dy where y > 0, else 0. */
  relu_backward(dx: number, y: number, dy: number, n: number): void;

  /** Each row: y = e^(x - max x) / Σ e^(x - max x). May be in place. */
  softmax_forward(y: number, ldy: number, x: number, ldx: number, M: number, N: number): void;
  /** Each row: dx = y ⊙ (dy - Σ dy y), the Jacobian's product with dy. May be in place (dx = dy). */
  softmax_backward(
    dx: number,
    lddx: number,
    y: number,
    ldy: number,
    dy: number,
    lddy: number,
    M: number,
    N: number,
  ): void;
  /**
   * losses[m] = ln Σ e^x[m] - x[m, labels[m]]; dx = (softmax(x) - onehot) · scale, where shares of
   * a row's largest below 2⁻⁶⁴ count as 0 (their products would be denormal numbers, and slow). Labels are i32 in [0, N).
   * Stable for logits of any finite size. An absent dx leaves the gradient out. dx may be x.
   */
  softmax_cross_entropy(
    losses: number,
    dx: number,
    lddx: number,
    x: number,
    ldx: number,
    labels: number,
    M: number,
    N: number,
    scale: number,
  ): void;

  /** w = w - learningRate · g. */
  sgd_step(w: number, g: number, n: number, learningRate: number): void;

  /** y[m, n] = x[indices[m], n] · scale + offset: x is u8 with rows of N, indices u32. */
  gather_u8(
    y: number,
    ldy: number,
    x: number,
    indices: number,
    M: number,
    N: number,
    scale: number,
    offset: number,
  ): void;
  /** y[m, n] = x[indices[m], n]: x has rows of N, indices u32. */
  gather_f32(y: number, ldy: number, x: number, indices: number, M: number, N: number): void;
  /** y[m] = x[indices[m]]: y and x are i32, indices u32. */
  gather_i32(y: number, x: number, indices: number, M: number): void;

  /** y[m] (i32) = the first column of row m's largest value; NaN is never the largest; 0 when nothing is. */
  argmax(y: number, x: number, ldx: number, M: number, N: number): void;
  /** How many of the n i32 pairs are equal. */
  count_equal(x: number, y: number, n: number): number;

  /**
   * Philox4x32-10 (Salmon et al. 2011): element i is word i mod 4 of the block with counter (i / 4, 0, stream, 0) and key
   * (seedLow, seedHigh). y[j] is made of element first + j. Bits are the same in every backend.
   * uniform: low + (high - low) · u with u the top 24 bits times 2⁻²⁴, each operation rounded to float32.
   */
  random_uniform(
    y: number,
    n: number,
    seedLow: number,
    seedHigh: number,
    stream: number,
    first: number,
    low: number,
    high: number,
  ): void;
  /** mean + deviation · Φ⁻¹((bits + ½) 2⁻³²), in float64 (Wichura 1988, AS 241), then rounded. */
  random_normal(
    y: number,
    n: number,
    seedLow: number,
    seedHigh: number,
    stream: number,
    first: number,
    mean: number,
    deviation: number,
  ): void;
  /** y (u32) = a permutation of 0 … n - 1: Fisher and Yates from the end, i swaps with ⌊(i + 1) · bits_i 2⁻³²⌋. */
  random_permutation(y: number, n: number, seedLow: number, seedHigh: number, stream: number): void;
}

/** Terms of a sum up to which it is one chain of float32 additions: the same in assembly/chain.ts. */
export const LONGEST_CHAIN = 4160;

/** Codes of the `activation` arguments above. */
export const activationCodes = { identity: 0, sigmoid: 1, tanh: 2, relu: 3 } as const;

/** Activations that products apply at their end, and whose derivative is a function of the output. */
export type FusedActivation = keyof typeof activationCodes;

/** Activations whose derivative needs the input. */
export type SmoothActivation = 'leakyRelu' | 'gelu' | 'geluTanh' | 'silu' | 'softplus' | 'elu';

/** Activations by name; formulas as in PyTorch. */
export type Activation = FusedActivation | SmoothActivation;

/** Bytes at the start of every memory that belong to the kernels: zeros, then constants. Nothing else may lie there. */
export const RESERVED_BYTES = 640;

/** What an engine runs on: kernels and the memory that their pointers point into. */
export interface Backend {
  readonly name: 'wasm' | 'reference';
  readonly kernels: Kernels;
  /** Bytes of a floating-point element: 4, or 8 in the reference backend's float64 mode. */
  readonly elementBytes: 4 | 8;
  /** Detached by growth: read it when used, never keep it. */
  readonly buffer: ArrayBufferLike;
  /** Makes the buffer at least `bytes` long, keeping its contents. Throws EngineError when that is refused. */
  reserve(bytes: number): void;
  /** The first bytes of the buffer that belong to the backend itself: RESERVED_BYTES, and more where there are threads. */
  readonly reservedBytes: number;
  /** Ends what runs for the backend. Twice is fine. */
  dispose(): void;
}
