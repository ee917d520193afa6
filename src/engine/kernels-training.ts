/**
 * The kernels of losses, optimizers and what surrounds a step. A part of the contract in kernels.ts, whose conventions hold.
 * `May be split` names the axis along which a call may be cut into calls on parts, with the same bits.
 */

// biome-ignore format: an argument list a line or two
export interface TrainingKernels {
  // losses[m] = weights[m] · (the mean over the row's N outputs); dx is the gradient of scale · Σ losses and may be absent.
  // Absent weights are 1. Targets t [M, N]. May be split by rows; dx may be x.

  /** (x - t)². */
  squared_error(
    losses: number, dx: number, lddx: number, x: number, ldx: number, t: number, ldt: number, weights: number,
    M: number, N: number, scale: number,
  ): void;
  /** |x - t|; its derivative at 0 is 0. */
  absolute_error(
    losses: number, dx: number, lddx: number, x: number, ldx: number, t: number, ldt: number, weights: number,
    M: number, N: number, scale: number,
  ): void;
  /** ½ r² where |r| ≤ delta, else delta · (|r| - ½ delta), r = x - t (Huber 1964). */
  huber_error(
    losses: number, dx: number, lddx: number, x: number, ldx: number, t: number, ldt: number, weights: number,
    M: number, N: number, delta: number, scale: number,
  ): void;
  /** (1 - t) · x + (1 + (positiveWeight - 1) · t) · ln(1 + e⁻ˣ): x are logits. */
  binary_cross_entropy(
    losses: number, dx: number, lddx: number, x: number, ldx: number, t: number, ldt: number, weights: number,
    M: number, N: number, positiveWeight: number, scale: number,
  ): void;
  /**
   * With p = softmax(x[m]), y = labels[m] (i32), c the class weights [N] (absent: 1) and ε = smoothing: losses[m] = weights[m] ·
   * ((1 - ε) · c[y] · -ln p[y] + ε/N · Σ_n c[n] · -ln p[n]). As in `softmax_cross_entropy`, shares below 2⁻⁶⁴ count as 0 in dx.
   */
  weighted_cross_entropy(
    losses: number, dx: number, lddx: number, x: number, ldx: number, labels: number, weights: number,
    classWeights: number, M: number, N: number, smoothing: number, scale: number,
  ): void;
  /** y[m] = weights[m] · classWeights[labels[m]]; either may be absent, and labels with classWeights. May be split by rows. */
  row_weights(y: number, labels: number, weights: number, classWeights: number, M: number): void;
  /** y[m] (i32) = x[m, 0] > 0 ? 1 : 0. May be split by rows. */
  positive(y: number, x: number, ldx: number, M: number): void;

  // Optimizers. g has weightDecay · w added first. May be split by elements. Moments below 2⁻¹⁰⁰ become 0; where g is squared, it
  // counts as 0 below 2⁻⁵⁶.

  /** b = momentum · b + share · g; w = w - learningRate · (nesterov ? g + momentum · b : b). An absent buffer: b = g. */
  sgd_momentum_step(
    w: number, buffer: number, g: number, n: number, learningRate: number, momentum: number, share: number,
    nesterov: number, weightDecay: number,
  ): void;
  /**
   * m = beta1 · m + share1 · g; v = beta2 · v + share2 · g²; w = keep · w - stepSize · m / (√v · correction + eps)
   * (Kingma and Ba 2015; with keep, Loshchilov and Hutter 2019).
   */
  adam_step(
    w: number, m: number, v: number, g: number, n: number, stepSize: number, beta1: number, share1: number,
    beta2: number, share2: number, correction: number, eps: number, weightDecay: number, keep: number,
  ): void;
  /**
   * v = alpha · v + share · g²; a = alpha · a + share · g; d = g / (√(v - a²) + eps); b = momentum · b + d; w = w - learningRate · b.
   * An absent average: a = 0. An absent buffer: b = d. (Tieleman and Hinton 2012; Graves 2013.)
   */
  rmsprop_step(
    w: number, v: number, average: number, buffer: number, g: number, n: number, learningRate: number, alpha: number,
    share: number, eps: number, weightDecay: number, momentum: number,
  ): void;
  /** v = v + g²; w = w - learningRate · g / (√v + eps) (Duchi, Hazan and Singer 2011). */
  adagrad_step(
    w: number, v: number, g: number, n: number, learningRate: number, eps: number, weightDecay: number,
  ): void;

  // Flat arrays. May be split by elements.

  /** y = a ⊙ b; y may be either. */
  multiply(y: number, a: number, b: number, n: number): void;
  /** x = x · factor. */
  scale(x: number, n: number, factor: number): void;
  /** y = start + x · factor; start is y when `accumulate`, else 0. */
  add_scaled(y: number, x: number, n: number, factor: number, accumulate: number): void;
  /** x = x, but at most limit and at least -limit; NaN stays. */
  clamp(x: number, n: number, limit: number): void;
  /** g = g + l2 · w + l1 · sign(w), with sign(0) = 0. */
  penalize(g: number, w: number, n: number, l1: number, l2: number): void;
  /** y = y + share · (x - y). */
  move_towards(y: number, x: number, n: number, share: number): void;
  /** x and y change places. */
  swap(x: number, y: number, n: number): void;
  /** Σ x² in float64, in the order of `sum`. Not to be split. */
  sum_squares(x: number, n: number): number;
  /** Σ |x| in float64, in the order of `sum`. Not to be split. */
  sum_absolutes(x: number, n: number): number;
}
