/**
 * The kernels of layers other than dense: activations whose backward needs the input, dropout, normalisation, embedding. A
 * part of the contract in kernels.ts, whose conventions hold. `May be split` names the axis along which a call may be cut
 * into calls on parts, with the same bits.
 */

// biome-ignore format: an argument list a line or two
export interface LayerKernels {
  // Element by element; y may be x, dx may be dy or x. May be split by elements. Backward reads the saved input x.

  /** y = x where x ≥ 0, else slope · x. */
  leaky_relu_forward(y: number, x: number, n: number, slope: number): void;
  /** dx = dy where x > 0, else slope · dy. */
  leaky_relu_backward(dx: number, x: number, dy: number, n: number, slope: number): void;
  /** y = x · Φ(x), Φ(x) = (1 + erf(x/√2)) / 2 (Hendrycks and Gimpel 2016); relative error 5 · 2⁻²³, and for x < 0 (5 + x²/2) · 2⁻²³. */
  gelu_forward(y: number, x: number, n: number): void;
  /** dx = dy · (Φ(x) + x · φ(x)), φ the normal density. */
  gelu_backward(dx: number, x: number, dy: number, n: number): void;
  /** y = x · (1 + tanh(√(2/π) · (x + 0.044715 x³))) / 2. */
  gelu_tanh_forward(y: number, x: number, n: number): void;
  gelu_tanh_backward(dx: number, x: number, dy: number, n: number): void;
  /** y = x · σ(x). */
  silu_forward(y: number, x: number, n: number): void;
  /** dx = dy · σ(x) · (1 + x · (1 - σ(x))). */
  silu_backward(dx: number, x: number, dy: number, n: number): void;
  /** y = ln(1 + eˣ), in the form max(x, 0) + ln(1 + e^(-|x|)): no overflow; relative error 2⁻²¹. */
  softplus_forward(y: number, x: number, n: number): void;
  /** dx = dy · σ(x). */
  softplus_backward(dx: number, x: number, dy: number, n: number): void;
  /** y = x where x ≥ 0, else alpha · (eˣ - 1), without cancellation near 0. */
  elu_forward(y: number, x: number, n: number, alpha: number): void;
  /** dx = dy where x > 0, else dy · alpha · eˣ. */
  elu_backward(dx: number, x: number, dy: number, n: number, alpha: number): void;

  /**
   * mask[m, n] = 0 with probability `rate`, else 1 / (1 - rate); y = x ⊙ mask. Element (m, n) has word n mod 4 of the Philox
   * block with counter ((first + m) · ⌈N/4⌉ + ⌊n/4⌋, batch, stream, step) and key (seedLow, seedHigh); it is dropped when
   * the top 24 bits times 2⁻²⁴ are below `rate`. May be split by rows, with `first` the number of the first. y may be x.
   */
  dropout_forward(
    y: number, ldy: number, mask: number, ldmask: number, x: number, ldx: number, M: number, N: number,
    seedLow: number, seedHigh: number, stream: number, step: number, batch: number, first: number, rate: number,
  ): void;

  /**
   * Of each column of x [M, N]: mean, rstd = 1 / √(variance + eps), the variance biased (divided by M). The running values move
   * towards mean and unbiased variance (divided by M - 1) by the share `momentum`; with one row they stay. May be split by columns.
   */
  batch_norm_statistics(
    mean: number, rstd: number, runningMean: number, runningVar: number, x: number, ldx: number,
    M: number, N: number, momentum: number, eps: number,
  ): void;
  /** mean and rstd of the running values, for predicting. May be split by columns. */
  batch_norm_running(
    mean: number, rstd: number, runningMean: number, runningVar: number, N: number, eps: number,
  ): void;
  /** y = (x - mean) · rstd · weight + bias; weight and bias [N] may be absent. May be split by rows or columns; y may be x. */
  batch_norm_forward(
    y: number, ldy: number, mean: number, rstd: number, x: number, ldx: number, weight: number, bias: number,
    M: number, N: number,
  ): void;
  /**
   * With n = (x - mean) · rstd: dweight = Σ_m dy · n, dbias = Σ_m dy, dx = weight · rstd · (dy - dbias/M - n · dweight/M); or, when
   * `training` is 0, dx = weight · rstd · dy. dx, dweight and dbias may be absent. May be split by columns; dx may be dy.
   */
  batch_norm_backward(
    dx: number, lddx: number, dweight: number, dbias: number, mean: number, rstd: number, x: number, ldx: number,
    dy: number, lddy: number, weight: number, M: number, N: number, training: number,
  ): void;

  /** Of each row: mean, rstd = 1 / √(biased variance + eps), y = (x - mean) · rstd · weight + bias. May be split by rows; y may be x. */
  layer_norm_forward(
    y: number, ldy: number, mean: number, rstd: number, x: number, ldx: number, weight: number, bias: number,
    M: number, N: number, eps: number,
  ): void;
  /** With g = dy · weight: dx = rstd · (g - Σ_n g / N - n · Σ_n g n / N). May be split by rows; dx may be dy. */
  layer_norm_backward(
    dx: number, lddx: number, mean: number, rstd: number, x: number, ldx: number, dy: number, lddy: number,
    weight: number, M: number, N: number,
  ): void;
  /** dweight = Σ_m dy · (x - mean) · rstd, dbias = Σ_m dy; either may be absent. May be split by columns. */
  layer_norm_parameters(
    dweight: number, dbias: number, mean: number, rstd: number, x: number, ldx: number, dy: number, lddy: number,
    M: number, N: number,
  ): void;

  /**
   * y[m, 0 … N - 1] = the row of the table [K, N] that x[m] (one column of a matrix) names. x is cut to a whole number within
   * 0 … K - 1; NaN is 0. May be split by rows, or by columns of the table.
   */
  embedding_forward(
    y: number, ldy: number, x: number, ldx: number, table: number, ldt: number, M: number, N: number, K: number,
  ): void;
  /**
   * dtable = 0, then dtable[x[m]] += dy[m] with m ascending. May be split by columns of the table. `lost`, laid out as dtable, is scratch
   * for what rounding takes from each sum (Kahan's summation); absent, the sums are plain chains.
   */
  embedding_backward(
    dtable: number, lddt: number, lost: number, x: number, ldx: number, dy: number, lddy: number, M: number, N: number, K: number,
  ): void;
  /** y = x. May be split by rows or columns. */
  copy_columns(y: number, ldy: number, x: number, ldx: number, M: number, N: number): void;
}
