/**
 * Metrics of several labels at once, any of which a row may have: as scikit-learn has them of matrices of
 * zeros and ones. A label is predicted where its probability is above the threshold. They are NaN where a
 * target is neither 0 nor 1.
 */
import { OptionReader } from '../../base/options.js';
import type { Metric, MetricBatch } from './metric.js';

/** From which probability on a label counts as predicted. */
export interface ThresholdOptions {
  /** 0.5 by default. */
  threshold?: number;
}

/** How the numbers of the labels become one, and when a label is predicted. */
export interface MultilabelF1Options extends ThresholdOptions {
  /** `macro`, the default: the mean over the labels. `micro`: of the counts of all labels together. */
  average?: 'macro' | 'micro';
}

/** 2·TP / (2·TP + FP + FN), of each label or of all; 0 where that is 0/0. */
export function multilabelF1(options?: MultilabelF1Options): Metric {
  const reader = new OptionReader('multilabelF1', options);
  const average = reader.oneOf('average', ['macro', 'micro'], 'macro');
  const threshold = readThreshold(reader);
  const name = `multilabelF1${average === 'macro' ? 'Macro' : 'Micro'}`;
  return make(name, true, threshold, (width) => {
    const both = new Float64Array(width);
    const either = new Float64Array(width);
    return {
      add(label, predicted, actual) {
        if (predicted && actual) both[label]++;
        either[label] += Number(predicted) + Number(actual);
      },
      value() {
        if (average === 'micro') return ratio(2 * sumOf(both), sumOf(either));
        return sumOf(both.map((count, label) => ratio(2 * count, either[label]))) / width;
      },
    };
  });
}

/** Share of rows all of whose labels are predicted right. */
export function subsetAccuracy(options?: ThresholdOptions): Metric {
  const threshold = readThreshold(new OptionReader('subsetAccuracy', options));
  return make('subsetAccuracy', true, threshold, (width) => {
    let right = 0;
    let rows = 0;
    let missed = 0;
    return {
      add(label, predicted, actual) {
        if (label === 0) missed = 0;
        if (predicted !== actual) missed++;
        if (label < width - 1) return;
        rows++;
        if (missed === 0) right++;
      },
      value: () => right / rows,
    };
  });
}

/** Share of all labels of all rows that are predicted wrong. */
export function hammingLoss(options?: ThresholdOptions): Metric {
  const threshold = readThreshold(new OptionReader('hammingLoss', options));
  return make('hammingLoss', false, threshold, () => {
    let wrong = 0;
    let all = 0;
    return {
      add(_, predicted, actual) {
        all++;
        if (predicted !== actual) wrong++;
      },
      value: () => wrong / all,
    };
  });
}

interface LabelSum {
  /** Of one row after the other, each label in order. */
  add(label: number, predicted: boolean, actual: boolean): void;
  value(): number;
}

function make(
  name: string,
  higherIsBetter: boolean,
  threshold: number,
  start: (width: number) => LabelSum,
): Metric {
  return {
    name,
    task: 'multilabel',
    higherIsBetter,
    start(width) {
      const sum = start(width);
      let isDefined = true;
      return {
        add(batch) {
          const { rows, targets } = batch;
          const isPredicted = predictionsOf(batch, threshold);
          for (let i = 0; i < rows * width; i++) {
            const target = targets![i];
            if (target !== 0 && target !== 1) isDefined = false;
            sum.add(i % width, isPredicted(i), target === 1);
          }
        },
        value: () => (isDefined ? sum.value() : Number.NaN),
      };
    },
  };
}

/** At a half the logit says it, whose sign no rounding of the probability hides. */
function predictionsOf({ outputs, probabilities }: MetricBatch, threshold: number): (i: number) => boolean {
  if (threshold === 0.5) return (i) => outputs[i] > 0;
  const values = probabilities();
  return (i) => values[i] > threshold;
}

/** Call last: it ends the reading. */
function readThreshold(reader: OptionReader): number {
  const threshold = reader.number('threshold', { above: 0, below: 1 }, 0.5);
  reader.end();
  return threshold;
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}

function sumOf(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0);
}
