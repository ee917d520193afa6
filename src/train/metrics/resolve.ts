/** Metrics by name, and the check of what a caller lists. */
import { OptionError, show } from '../../base/errors.js';
import { didYouMean } from '../../base/options.js';
import type { Loss } from '../../nn/losses.js';
import { accuracy, f1, precision, recall } from './confusion.js';
import type { Metric, Task } from './metric.js';
import { hammingLoss, multilabelF1, subsetAccuracy } from './multilabel.js';
import { rocAuc, topK } from './ranking.js';
import { meanAbsoluteErrorMetric, meanSquaredErrorMetric, r2, rootMeanSquaredError } from './regression.js';

const named = {
  accuracy,
  top5: () => topK(5),
  precision,
  recall,
  f1,
  rocAuc,
  mae: meanAbsoluteErrorMetric,
  mse: meanSquaredErrorMetric,
  rmse: rootMeanSquaredError,
  r2,
  multilabelF1Macro: () => multilabelF1({ average: 'macro' }),
  multilabelF1Micro: () => multilabelF1({ average: 'micro' }),
  subsetAccuracy,
  hammingLoss,
} satisfies Record<string, () => Metric>;

/**
 * Of classifiers: `accuracy`, `top5`, `precision`, `recall`, `f1` (of class 1 for two classes, else the mean
 * over the classes) and `rocAuc`. Of regression: `mae`, `mse`, `rmse` and `r2`. Of several labels at once:
 * `multilabelF1Macro`, `multilabelF1Micro`, `subsetAccuracy` and `hammingLoss`.
 */
export type MetricName = keyof typeof named;

/** What is taken for a list of metrics; for a model with several outputs: lists by the output's name. */
export type MetricsOption = MetricList | Readonly<Record<string, MetricList>>;

type MetricList = readonly (MetricName | Metric)[];

export const metricNames = Object.keys(named) as MetricName[];

/** Of one task, for help and choices. */
export function metricNamesOf(task: Task): MetricName[] {
  return metricNames.filter((name) => named[name]().task === task);
}

/**
 * The metrics of one output, which tells classes apart or does not. Throws OptionError for those that do not
 * fit it.
 */
export function resolveMetricsOf(
  where: string,
  given: unknown,
  { loss, size, classifies }: { readonly loss: Loss; readonly size: number; readonly classifies: boolean },
): readonly Metric[] {
  const ofTargets = loss.link === 'sigmoid' ? 'multilabel' : 'regression';
  const metrics = resolveMetrics(where, given, classifies ? 'classification' : ofTargets);
  const width = loss.targetWidth ?? size;
  if (metrics.length > 0 && !classifies && width !== size) {
    const problem = `they compare outputs with targets, given ${width} numbers a target for ${size} outputs`;
    throw new OptionError(where, `option metrics: ${problem}`);
  }
  return metrics;
}

/** Throws OptionError for what is no list of metrics, for a name twice, and for a metric of another task. */
export function resolveMetrics(where: string, given: unknown, task: Task): Metric[] {
  if (given === undefined) return [];
  if (!Array.isArray(given)) {
    throw new OptionError(where, `option metrics: expected a list of metrics, given ${show(given)}`);
  }
  const metrics = given.map((entry: unknown) => resolve(where, entry));
  for (const [i, { name, task: own }] of metrics.entries()) {
    // Probabilities of labels are numbers as well.
    if (own !== task && !(own === 'regression' && task === 'multilabel')) {
      throw new OptionError(where, `option metrics: ${show(name)} is of ${own}, but this is ${task}`);
    }
    if (metrics.findIndex((other) => other.name === name) < i) {
      throw new OptionError(where, `option metrics: ${show(name)} is listed twice`);
    }
  }
  return metrics;
}

function resolve(where: string, entry: unknown): Metric {
  if (typeof entry === 'string' && Object.hasOwn(named, entry)) return named[entry as MetricName]();
  if (isMetric(entry)) return entry;
  const expected = `expected one of ${metricNames.join(', ')}, or a metric such as topK(3)`;
  const hint = typeof entry === 'string' ? didYouMean(entry, metricNames) : '';
  throw new OptionError(where, `option metrics: ${expected}, given ${show(entry)}${hint}`);
}

function isMetric(value: unknown): value is Metric {
  if (typeof value !== 'object' || value === null) return false;
  const { name, task, start } = value as Partial<Metric>;
  return typeof name === 'string' && typeof task === 'string' && typeof start === 'function';
}
