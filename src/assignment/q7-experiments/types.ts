/**
 * What an experiment is told and what it returns. Plain values only, so that both can be kept as JSON; a
 * run's configuration is complete, because its hash is the name under which the result is kept.
 */
import type { EngineInfo } from '../../engine/engine.js';
import type { Score } from '../../train/history.js';

/** One training run of the 784-300-10 network, entirely. */
export interface RunConfig {
  /** `train` keeps the validation images apart, `full` trains on them too. */
  readonly set: 'train' | 'full';
  /** The first so many images of the set. */
  readonly trainSize: number;
  /** The first so many images of the validation set, measured after each epoch; 0 for none. */
  readonly validationSize: number;
  readonly hidden: number;
  readonly learningRate: number;
  readonly batchSize: number;
  readonly epochs: number;
  readonly seed: number;
  /** Steps whose mean loss makes one point of the loss by step. */
  readonly window: number;
  /** Measure the canonical test set at the end, once. */
  readonly test: boolean;
  /** Hidden units whose weights are kept. */
  readonly units: number;
}

export interface RunEpoch extends Score {
  readonly epoch: number;
  readonly validation?: Score;
  readonly seconds: number;
}

export interface RunResult {
  readonly epochs: readonly RunEpoch[];
  /** Mean training loss of each whole window of steps, from the first. */
  readonly windows: readonly number[];
  readonly steps: number;
  readonly stepsPerEpoch: number;
  /** Training alone. */
  readonly seconds: number;
  /** What stopped it, when its loss ceased to be a number. */
  readonly diverged?: string;
  readonly weightsSha256: string;
  readonly test?: TestResult;
  readonly units?: HiddenUnits;
  readonly engine: EngineInfo;
}

export interface TestResult extends Score {
  readonly size: number;
  /** confusion[actual][predicted] */
  readonly confusion: readonly (readonly number[])[];
}

/** Weights from the pixels to some hidden units: those with the largest weights to the outputs. */
export interface HiddenUnits {
  readonly height: number;
  readonly width: number;
  readonly units: readonly {
    /** The unit's place in the layer, from 0. */
    readonly index: number;
    /** Row-major, as shares of `largest`, rounded to two decimals. */
    readonly weights: readonly number[];
    /** The largest absolute weight. */
    readonly largest: number;
  }[];
}

/** What is tried: everything but what the selection decides. */
export interface ExperimentPlan {
  readonly hidden: number;
  readonly trainSize: number;
  readonly validationSize: number;
  readonly fullSize: number;
  readonly learningRates: readonly number[];
  /** The batch size at which learning rates are compared. */
  readonly batchSize: number;
  readonly batchSizes: readonly number[];
  /** Of the runs that compare rates and batch sizes. */
  readonly compareEpochs: number;
  readonly compareSeeds: readonly number[];
  /** How many of the batch sizes are trained for long before one is chosen. */
  readonly finalists: number;
  /** Of the long runs, which decide how many epochs are enough. */
  readonly curveEpochs: number;
  readonly curveSeeds: readonly number[];
  readonly finalSeeds: readonly number[];
  readonly window: number;
  readonly units: number;
}

/**
 * Mean and sample standard deviation of `count` values; the deviation of a single value is 0 and says
 * nothing.
 */
export interface Spread {
  readonly mean: number;
  readonly deviation: number;
  readonly count: number;
}

/** One setting, over its seeds; those that diverged are counted, and left out of the means. */
export interface Comparison {
  readonly learningRate: number;
  readonly batchSize: number;
  readonly seeds: readonly number[];
  readonly diverged: number;
  /** Absent when all seeds diverged. After the last epoch. */
  readonly result?: {
    readonly trainLoss: Spread;
    readonly validationLoss: Spread;
    readonly validationAccuracy: Spread;
  };
}

/** A setting that did well in short runs, trained for long. */
export interface Finalist {
  readonly learningRate: number;
  readonly batchSize: number;
  readonly seeds: readonly number[];
  /** The epoch with the highest mean validation accuracy, and the results there. */
  readonly epoch: number;
  readonly validationAccuracy: Spread;
  readonly validationLoss: Spread;
}

export interface CurvePoint {
  readonly epoch: number;
  readonly trainLoss: Spread;
  readonly validationLoss: Spread;
  readonly trainAccuracy: Spread;
  readonly validationAccuracy: Spread;
}

/** Where one seed's validation loss was lowest, and where it ended. */
export interface SeedMinimum {
  readonly seed: number;
  readonly epoch: number;
  readonly loss: number;
  readonly lastEpoch: number;
  readonly lastLoss: number;
}

/** Mean and deviation over seeds of the loss by step. */
export interface LossBand {
  readonly window: number;
  readonly seeds: readonly number[];
  /** The last step of each window. */
  readonly steps: readonly number[];
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}

/** The settings that the validation results speak for. */
export interface Choice {
  readonly learningRate: number;
  readonly batchSize: number;
  readonly epochs: number;
}

export interface FinalResult {
  readonly trainSize: number;
  readonly seeds: readonly number[];
  readonly accuracy: Spread;
  readonly loss: Spread;
  /** Each seed's own, in their order. */
  readonly accuracies: readonly number[];
  readonly tests: readonly TestResult[];
  /** Of the first seed: its hidden units and the digest of its weights. */
  readonly units: HiddenUnits;
  readonly weightsSha256: string;
}

/** Question 7. */
export interface ExperimentsResult {
  readonly plan: ExperimentPlan;
  readonly engine: EngineInfo;
  readonly rates: readonly Comparison[];
  readonly batches: readonly Comparison[];
  /** By falling validation loss of the short runs. */
  readonly finalists: readonly Finalist[];
  readonly choice: Choice;
  readonly curve: readonly CurvePoint[];
  /** Of the curve's seeds. */
  readonly minima: readonly SeedMinimum[];
  readonly band: LossBand;
  readonly final: FinalResult;
  /** Distinct training runs. */
  readonly runs: number;
}
