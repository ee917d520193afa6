/** What the report is made from. Nothing here draws or measures anything. */
import type { TableSummary } from '../tables/summary.js';
import type { Evaluation, History } from '../train/history.js';
import type { NetworkReport } from './network.js';

/** The samples behind an evaluation, for naming classes and showing mistakes. */
export interface TestSet {
  readonly labels: Int32Array;
  readonly classNames: readonly string[];
  /** Grey, or red, green and blue; `pixels` is row-major, [size, height × width × channels]. */
  readonly images?: {
    readonly pixels: Uint8Array;
    readonly height: number;
    readonly width: number;
    /** 1 by default. */
    readonly channels?: 1 | 3;
  };
}

/** Test rows of a regression, in the target's own unit. */
export interface RegressionTest {
  readonly target: string;
  /** [size] */
  readonly actual: ArrayLike<number>;
  /** [size] */
  readonly predicted: ArrayLike<number>;
  /** Test rows in all, where only the first of them are here. */
  readonly rows?: number;
}

/** Everything that is known about a run when its page is written. */
export interface RunReport {
  /** Such as 'mnist · 784-300-10'. */
  readonly title: string;
  /** ISO date. */
  readonly createdAt: string;
  readonly history: History;
  /** Evaluation on the test set. */
  readonly test?: Evaluation;
  readonly testSet?: TestSet;
  /** For a regression, in place of `testSet`. */
  readonly regression?: RegressionTest;
  /** Its layers, and what a convolutional one looks for. */
  readonly network?: NetworkReport;
  /** Of the table that was trained on. */
  readonly table?: TableSummary;
  /** The fully resolved configuration; nested objects are allowed. */
  readonly config: Readonly<Record<string, unknown>>;
  /** What computed it: math, turbo, threads, wasmSha256, runtime … */
  readonly engine: Readonly<Record<string, unknown>>;
  readonly facts: {
    readonly parameters: number;
    readonly weightsSha256: string;
    readonly layers: readonly number[];
    readonly interrupted?: boolean;
  };
}

/** uPlot's script and style sheet, as source text. */
export interface Uplot {
  readonly script: string;
  readonly style: string;
}
