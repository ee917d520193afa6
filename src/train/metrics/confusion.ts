/** Metrics that follow from the confusion matrix: accuracy, precision, recall and F1. */
import { OptionReader } from '../../base/options.js';
import { classesOf, type Metric, type MetricSum, predictedClass } from './metric.js';

/**
 * How the figures of the classes become one. `binary`: that of class 1 alone. `macro`: the mean of those of
 * all classes that occur among labels or predictions. `micro`: of the counts of all classes together.
 */
export type Average = 'binary' | 'macro' | 'micro';

/** How the numbers of the classes become one. */
export interface AverageOptions {
  /** `binary` for two classes, `macro` for more. */
  average?: Average;
}

/** What one class was taken for, and what was taken for it. */
interface Counts {
  truePositives: number;
  falsePositives: number;
  falseNegatives: number;
}

/** Share of rows whose predicted class is their label. */
export function accuracy(): Metric {
  return {
    name: 'accuracy',
    task: 'classification',
    higherIsBetter: true,
    start: (outputs) =>
      fromConfusion(outputs, (confusion) => {
        let right = 0;
        let all = 0;
        confusion.forEach((row, actual) => {
          row.forEach((n, predicted) => {
            all += n;
            if (actual === predicted) right += n;
          });
        });
        return right / all;
      }),
  };
}

/**
 * TP / (TP + FP): of the rows that are taken for the class, the share that is of it. 0 when there are none.
 */
export function precision(options?: AverageOptions): Metric {
  return averaged('precision', options, ({ truePositives, falsePositives }) =>
    ratio(truePositives, truePositives + falsePositives),
  );
}

/** TP / (TP + FN): of the rows of the class, the share that is taken for it. 0 when there are none. */
export function recall(options?: AverageOptions): Metric {
  return averaged('recall', options, ({ truePositives, falseNegatives }) =>
    ratio(truePositives, truePositives + falseNegatives),
  );
}

/** 2·TP / (2·TP + FP + FN), the harmonic mean of precision and recall. 0 when that is 0/0. */
export function f1(options?: AverageOptions): Metric {
  return averaged('f1', options, ({ truePositives, falsePositives, falseNegatives }) =>
    ratio(2 * truePositives, 2 * truePositives + falsePositives + falseNegatives),
  );
}

function averaged(base: string, options: AverageOptions | undefined, of: (counts: Counts) => number): Metric {
  const reader = new OptionReader(base, options);
  const given = reader.optional('average', '"binary", "macro" or "micro"', (value): value is Average =>
    ['binary', 'macro', 'micro'].includes(value as string),
  );
  reader.end();
  return {
    name: given ? base + given[0].toUpperCase() + given.slice(1) : base,
    task: 'classification',
    higherIsBetter: true,
    start: (outputs) => {
      const average = given ?? (classesOf(outputs) === 2 ? 'binary' : 'macro');
      return fromConfusion(outputs, (confusion) => {
        const classes = confusion.map((_, index) => countsOf(confusion, index));
        if (average === 'binary') return of(classes[1]);
        if (average === 'micro') return of(classes.reduce(add));
        const present = classes.filter((c) => c.truePositives + c.falsePositives + c.falseNegatives > 0);
        return present.reduce((total, counts) => total + of(counts), 0) / present.length;
      });
    },
  };
}

/** One class of a matrix confusion[actual][predicted]. */
function countsOf(confusion: readonly (readonly number[])[], index: number): Counts {
  const truePositives = confusion[index][index];
  const actual = confusion[index].reduce((total, n) => total + n, 0);
  const predicted = confusion.reduce((total, row) => total + row[index], 0);
  return {
    truePositives,
    falsePositives: predicted - truePositives,
    falseNegatives: actual - truePositives,
  };
}

function add(a: Counts, b: Counts): Counts {
  return {
    truePositives: a.truePositives + b.truePositives,
    falsePositives: a.falsePositives + b.falsePositives,
    falseNegatives: a.falseNegatives + b.falseNegatives,
  };
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}

function fromConfusion(outputs: number, value: (confusion: number[][]) => number): MetricSum {
  const classes = classesOf(outputs);
  const confusion = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  return {
    add({ rows, outputs: values, labels }) {
      for (let row = 0; row < rows; row++) {
        confusion[labels![row]][predictedClass(values, row, outputs)]++;
      }
    },
    value: () => value(confusion),
  };
}
