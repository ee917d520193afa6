/**
 * What a metric is: a number that says how good a model's outputs are, gathered batch by batch. It knows no
 * engine.
 */

/** A batch of outputs and what they should have been. Matrices are row-major. */
export interface MetricBatch {
  readonly rows: number;
  /** Logits of a classifier or of several labels, or predicted values: [rows, outputs]. */
  readonly outputs: ArrayLike<number>;
  /** [rows, outputs], softmax of the outputs, or sigmoid. Made when first asked for. */
  probabilities(): ArrayLike<number>;
  /** Classes, [rows]. Of classification alone. */
  readonly labels?: ArrayLike<number>;
  /**
   * Values to be predicted, or 1 for a label that the row has and 0 for one that it has not: [rows, outputs].
   */
  readonly targets?: ArrayLike<number>;
}

/** A metric while it is measured. */
export interface MetricSum {
  add(batch: MetricBatch): void;
  /** Of all batches so far; NaN where the metric is not defined for them. */
  value(): number;
}

/**
 * What outputs are: logits of classes, of which one is right; logits of labels, any of which may be; or
 * numbers.
 */
export type Task = 'classification' | 'multilabel' | 'regression';

/** What is measured on a set beside the loss. */
export interface Metric {
  /** The key under which its value is recorded. */
  readonly name: string;
  readonly task: Task;
  readonly higherIsBetter: boolean;
  /** Begins to measure a model with this many outputs. */
  start(outputs: number): MetricSum;
}

/** The number of classes that `outputs` stand for: a single one is the logit of class 1 against class 0. */
export function classesOf(outputs: number): number {
  return Math.max(2, outputs);
}

/**
 * The class that a row of outputs stands for: the first of the largest, or whether a single logit is above 0.
 */
export function predictedClass(outputs: ArrayLike<number>, row: number, width: number): number {
  const from = row * width;
  if (width === 1) return Number(outputs[from] > 0);
  let best = 0;
  for (let i = 1; i < width; i++) if (outputs[from + i] > outputs[from + best]) best = i;
  return best;
}
