/** What a training run tells about itself: shared by `fit`, the run folder and the report. */

/** Mean loss and share of right answers over a set, of one output. */
export interface OutputScore {
  readonly loss: number;
  /**
   * Between 0 and 1. NaN, which JSON writes as null, where there are no classes, and of several outputs
   * together.
   */
  readonly accuracy: number;
  /** Those that were asked for, by name. NaN where one is not defined for the set. */
  readonly metrics?: Readonly<Record<string, number>>;
}

/** Mean loss and share of right answers over a set. */
export interface Score extends OutputScore {
  /**
   * Where losses are given by output: each one's own. `loss` is then the sum of their losses, each times its
   * weight.
   */
  readonly outputs?: Readonly<Record<string, OutputScore>>;
}

/** What is known after an epoch. */
export interface EpochRecord extends Score {
  /** Counted from 1. */
  readonly epoch: number;
  /** Optimizer steps made since training began, at the end of this epoch. */
  readonly step: number;
  /** Of the epoch's last step. */
  readonly learningRate: number;
  /** Absent when fit was given no validation set. */
  readonly validation?: Score;
  /** Training alone, without validation. */
  readonly seconds: number;
  readonly samplesPerSecond: number;
}

/** What a training run was: its epochs, its steps, and how it ended. */
export interface History {
  readonly epochs: readonly EpochRecord[];
  /** Optimizer steps made, those of an unfinished epoch too. */
  readonly steps: number;
  /** Seconds spent in training steps. */
  readonly seconds: number;
  /**
   * `aborted` when the signal stopped it: after a step, with the parameters of that step kept. `stoppedEarly`
   * when early stopping did, after an epoch.
   */
  readonly outcome: 'completed' | 'stoppedEarly' | 'aborted';
  /** With early stopping: the epoch that was best, and whether the model has its weights. */
  readonly best?: {
    readonly epoch: number;
    readonly monitor: string;
    readonly value: number;
    readonly restored: boolean;
  };
}

/**
 * A model measured on a labelled set. Of several outputs together there are only `size` and `loss`; `outputs`
 * has the others.
 */
export interface Evaluation extends Score {
  readonly size: number;
  /** confusion[actual][predicted], counts. */
  readonly confusion: readonly (readonly number[])[];
  /** Predicted class of each sample. */
  readonly predictions: Int32Array;
  /** Loss of each sample, in nats. */
  readonly losses: Float32Array;
  /** Probability that the model gave to each sample's predicted class. */
  readonly confidences: Float32Array;
  /** Where losses are given by output: each one's own. */
  readonly outputs?: Readonly<Record<string, Omit<Evaluation, 'outputs'>>>;
}
