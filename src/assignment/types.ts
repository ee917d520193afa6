/**
 * What the parts of the assignment return. Plain values only (numbers, strings, arrays, objects), so that a
 * result can be kept as JSON and drawn by the report; nothing here computes.
 */

import type { EngineInfo } from '../engine/engine.js';

/** One formula of questions 1 and 2. */
export interface Derivation {
  /** D1, D2, …: what tests, tables and texts refer to. */
  readonly name: string;
  readonly title: string;
  /** Paragraphs, with inline mathematics as `$…$`. */
  readonly text: readonly string[];
  /** Display formulas in LaTeX, without delimiters; the last is the result. */
  readonly latex: readonly string[];
}

/** The assignment's names, in the order in which they are computed. */
// biome-ignore format: one line a pass
export type TableName =
  | 'k' | 'h' | 'o' | 'y' | 'l'
  | 'dy' | 'do' | 'db2' | 'dW2' | 'dh' | 'dk' | 'db1' | 'dW1'

export interface GradientEntry {
  readonly name: TableName;
  readonly pass: 'forward' | 'backward';
  /** In plain text, such as `k = xW + b`. */
  readonly formula: string;
  /** Name of the derivation that it follows from, such as `D5`. */
  readonly derivation: string;
  /** Rows of the value; a vector is one row, a number one row of one. */
  readonly values: readonly (readonly number[])[];
  /** What the assignment's original table says; it has the rows of the backward pass alone. */
  readonly original?: readonly (readonly number[])[];
  /** Whether the original agrees to the digits it gives. Present where `original` is. */
  readonly agrees?: boolean;
  /** Which entries of the original are wrong and why. */
  readonly remark?: string;
}

/** Question 3: one forward and one backward pass of the scalar network by hand. */
export interface GradientTable {
  readonly example: {
    readonly x: readonly number[];
    readonly W: readonly (readonly number[])[];
    readonly b: readonly number[];
    readonly V: readonly (readonly number[])[];
    readonly c: readonly number[];
    readonly t: readonly number[];
    /** Counted from 1, as in the assignment. */
    readonly trueClass: number;
  };
  readonly entries: readonly GradientEntry[];
  /** Names of the entries in which the original table is wrong: `dy`. */
  readonly originalErrors: readonly TableName[];
}

export interface SyntheticEpoch {
  /** Counted from 1; 0 is before training. */
  readonly epoch: number;
  /** Mean loss over the whole set, measured after the epoch with its weights. */
  readonly loss: number;
  readonly accuracy: number;
  readonly validation: { readonly loss: number; readonly accuracy: number };
  /** Training alone, without the measuring; 0 for epoch 0. */
  readonly seconds: number;
}

export interface SyntheticRun {
  readonly learningRate: number;
  /** Begins with epoch 0. */
  readonly epochs: readonly SyntheticEpoch[];
  /** Whether the training loss fell from every epoch to the next. */
  readonly falling: boolean;
  /** After how many epochs the training loss was not below that of the epoch before. */
  readonly rises: number;
  /**
   * Probability of class 1, row-major from the lowest x₂: element r·columns + q is at (x₁ of column q, x₂ of
   * row r).
   */
  readonly boundary: DecisionGrid;
}

export interface DecisionGrid {
  readonly from: number;
  readonly to: number;
  /** Points along each axis, both ends included. */
  readonly points: number;
  readonly probabilities: readonly number[];
}

/** Question 4: scalar SGD on two normal features, class 1 where xᵀQx > threshold. */
export interface SyntheticResult {
  readonly layers: readonly number[];
  readonly seed: number;
  readonly trainSize: number;
  readonly validationSize: number;
  readonly Q: readonly (readonly number[])[];
  readonly threshold: number;
  /** Share of class 1 among the training points. */
  readonly classOneShare: number;
  /** One for each learning rate, in the order given. */
  readonly runs: readonly SyntheticRun[];
  /** The first validation points, to be drawn: [x₁, x₂, class]. */
  readonly points: readonly (readonly [x1: number, x2: number, label: number])[];
  readonly seconds: number;
}

export interface LossPoint {
  /** Images seen so far. */
  readonly images: number;
  /** Mean over the images since the point before. */
  readonly loss: number;
}

/** Question 5: one image at a time, softmax backward through the Jacobian-vector product. */
export interface TensorResult {
  readonly layers: readonly number[];
  readonly engine: EngineInfo;
  readonly learningRate: number;
  readonly seed: number;
  readonly images: number;
  readonly losses: readonly LossPoint[];
  /** Before and after training, on the validation set. */
  readonly before: { readonly loss: number; readonly accuracy: number };
  readonly after: { readonly loss: number; readonly accuracy: number };
  /** Jacobian-vector product against the fused softmax cross-entropy gradient, elementwise. */
  readonly fused: {
    readonly images: number;
    /** Largest |jvp - fused|; the gradients themselves lie within [-1, 1]. */
    readonly maxDeviation: number;
  };
  readonly seconds: number;
  readonly samplesPerSecond: number;
}

/** How far two tensors of the same meaning are apart. */
export interface Deviation {
  readonly name: string;
  readonly shape: readonly number[];
  /** Largest absolute value of what is expected. */
  readonly scale: number;
  /** Largest absolute difference. */
  readonly absolute: number;
  /** `absolute / scale`, or 0 when both are 0. */
  readonly relative: number;
}

/** Question 6: a batch as one 3-tensor [B, 1, inputs] through batched products. */
export interface BatchedResult {
  readonly layers: readonly number[];
  readonly engine: EngineInfo;
  readonly batchSize: number;
  readonly seed: number;
  /**
   * Shapes of the tensors of one pass by name, such as X [8, 1, 784], in the order in which they are
   * computed.
   */
  readonly shapes: readonly { readonly name: string; readonly shape: readonly number[] }[];
  /**
   * Average of per-sample gradients, and of the batch as one matrix, against that of the single-image
   * network.
   */
  readonly perSample: readonly Deviation[];
  readonly asMatrix: readonly Deviation[];
  /** The example of question 3 through the batched network, against the scalar network. */
  readonly example: readonly Deviation[];
  /** The largest relative deviation of each. */
  readonly maxRelative: { readonly perSample: number; readonly asMatrix: number; readonly example: number };
  /** Float32 rounding allowed for: what the three above must stay under. */
  readonly tolerance: number;
  readonly withinRounding: boolean;
  /** SGD over the whole training set in mini-batches. */
  readonly training: {
    readonly batchSize: number;
    readonly learningRate: number;
    readonly images: number;
    readonly losses: readonly LossPoint[];
    readonly before: { readonly loss: number; readonly accuracy: number };
    readonly after: { readonly loss: number; readonly accuracy: number };
    readonly seconds: number;
    readonly samplesPerSecond: number;
  };
}

/**
 * scalar: loops over numbers. tensor: one image at a time. batched: 3-tensors. fit: the library's compiled
 * model.
 */
export type FormName = 'scalar' | 'tensor' | 'batched' | 'fit';

export interface FormRun {
  readonly form: FormName;
  /** For tables: `scalar loops`, `tensor, reference`, `batched, Wasm strict`, … */
  readonly label: string;
  /** Absent for the scalar form, which needs none. */
  readonly engine?: EngineInfo;
  /** Mean loss of each step's batch before its update. */
  readonly losses: readonly number[];
  /** Largest relative difference from the scalar form's loss, over all steps. */
  readonly maxRelativeDifference: number;
  readonly seconds: number;
}

/** Question 7, first half: all forms from the same weights on the same samples. */
export interface FormsResult {
  readonly layers: readonly number[];
  readonly steps: number;
  readonly batchSize: number;
  readonly learningRate: number;
  readonly seed: number;
  /** The scalar form first. */
  readonly forms: readonly FormRun[];
  /** Largest (max - min) / min over the forms' losses at a step, and where: counted from 1. */
  readonly maxRelativeDifference: number;
  readonly worstStep: number;
  /** 1e-5 */
  readonly tolerance: number;
  readonly agree: boolean;
}

export interface SpeedRow {
  readonly form: FormName;
  readonly label: string;
  readonly engine?: EngineInfo;
  readonly threads: number;
  /** Samples in one step. */
  readonly batchSize: number;
  /** Over the rounds. */
  readonly samplesPerSecond: { readonly median: number; readonly min: number; readonly max: number };
  /** Median, as a multiple of the scalar form's. */
  readonly timesScalar: number;
}

/**
 * Question 7, second half: whole training steps (forward, backward, update) of each form, rounds interleaved.
 */
export interface SpeedResult {
  readonly layers: readonly number[];
  readonly batchSize: number;
  readonly rounds: number;
  readonly secondsPerForm: number;
  readonly runtime: string;
  readonly rows: readonly SpeedRow[];
}
