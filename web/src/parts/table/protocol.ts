/** What the table's part of the page and its worker say to each other. */
import type { EngineInfo } from 'lanegrad';
import type { ColumnType, PreparedColumn, TableSummary, Task } from 'lanegrad/tables';

/** A file of the visitor's, or the text of an example. */
export type Source = File | { readonly name: string; readonly text: string };

/** A table, before anything is made of it. */
export interface Opened {
  readonly name: string;
  readonly format: string;
  readonly notes: readonly string[];
  readonly columns: readonly string[];
  /** The first rows, as they are written. */
  readonly preview: readonly (readonly string[])[];
}

export interface PrepareSettings {
  readonly target: string;
  readonly task: Task | undefined;
  readonly types: Readonly<Record<string, ColumnType>>;
  readonly dropMissingTarget: boolean;
}

/** How it is trained on. */
export interface TrainSettings {
  readonly hidden: readonly number[];
  readonly dropout: number;
  readonly rate: number;
  readonly batch: number;
  readonly epochs: number;
  readonly seed: number;
}

export interface Prepared {
  readonly summary: TableSummary;
  /** Columns that are used. */
  readonly columns: readonly PreparedColumn[];
  /** What suits a table of this size. */
  readonly suited: Omit<TrainSettings, 'seed'>;
}

/** After each epoch. */
export interface EpochNews {
  readonly epoch: number;
  readonly loss: number;
  readonly validationLoss: number | null;
  /** Accuracy of classes, R² of numbers, on the rows that validate. */
  readonly score: number | null;
}

export interface Trained {
  readonly epochs: number;
  readonly outcome: 'completed' | 'stoppedEarly' | 'aborted';
  /** Whose weights the model has, where those of the last are not kept. */
  readonly bestEpoch: number | undefined;
  readonly seconds: number;
  readonly parameters: number;
  readonly rowsPerSecond: number;
  readonly test: ClassTest | NumberTest | undefined;
  readonly info: EngineInfo;
}

export interface ClassTest {
  readonly kind: 'classification';
  readonly size: number;
  readonly accuracy: number;
  readonly loss: number;
  /** Means over the classes. */
  readonly f1: number;
  /** The share of the most frequent class: what one gets without looking. */
  readonly baseline: number;
  readonly classes: readonly string[];
  readonly confusion: readonly (readonly number[])[];
}

export interface NumberTest {
  readonly kind: 'regression';
  readonly size: number;
  readonly r2: number;
  readonly rmse: number;
  readonly mae: number;
  readonly actual: Float64Array;
  readonly predicted: Float64Array;
}

export interface Prediction {
  /** The class, or the number. */
  readonly answer: string;
  /** By class, the most probable first; empty where a number is predicted. */
  readonly probabilities: readonly { readonly name: string; readonly share: number }[];
  /** Columns whose value training did not know, and that were left empty. */
  readonly unknown: readonly string[];
  readonly missing: readonly string[];
}

export type KeptFile = 'model' | 'onnx' | 'report';

/** What the worker does when asked: arguments and what it gives. */
export type Calls = {
  open: { given: Source; gives: Opened };
  prepare: { given: PrepareSettings; gives: Prepared };
  train: { given: TrainSettings; gives: Trained };
  stop: { given: undefined; gives: undefined };
  predict: { given: Readonly<Record<string, string>>; gives: Prediction };
  file: { given: KeptFile; gives: Uint8Array | string };
};
