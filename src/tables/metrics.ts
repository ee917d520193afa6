/**
 * Metrics of a regression on a table, whose target was standardised for training: errors in the target's own
 * unit.
 */

import { OptionError, show } from '../base/errors.js';
import type { Metric } from '../train/metrics/metric.js';
import { type MetricName, resolveMetrics } from '../train/metrics/resolve.js';
import { type PreparedTarget, readPreparation, type TablePreparation } from './preparation.js';

/** To which power of the target's unit each goes. */
const POWERS: Readonly<Record<string, number>> = { mae: 1, rmse: 1, mse: 2 };

/**
 * Metrics of a table's number for the option `metrics` of `fit` and `evaluate`, in the number's own unit, such as
 * years; by name alone they are in deviations of the target, as the model's outputs and its loss are. `r2`,
 * `rmse` and `mae` by default.
 *
 * @throws OptionError for something that is no preparation, a target that is a class, and a metric that is not one
 *   of regression.
 */
export function targetMetrics(preparation: TablePreparation, names?: readonly MetricName[]): Metric[] {
  const where = 'targetMetrics';
  const { target } = readPreparation(`${where}, preparation`, preparation);
  if (target.kind === 'regression') return regressionMetrics(target, names, where);
  const given = `given ${show(target.name)}, which is one of ${target.classes.length} classes`;
  throw new OptionError(where, `preparation: expected one whose target is a number, ${given}`);
}

/** Throws OptionError for a metric of classification. */
export function regressionMetrics(
  { deviation }: Extract<PreparedTarget, { kind: 'regression' }>,
  names: readonly MetricName[] = ['r2', 'rmse', 'mae'],
  where = 'metrics',
): Metric[] {
  return resolveMetrics(where, names, 'regression').map((metric) => {
    const unit = deviation ** (POWERS[metric.name] ?? 0);
    return {
      ...metric,
      start(outputs) {
        const sum = metric.start(outputs);
        return { add: (batch) => sum.add(batch), value: () => sum.value() * unit };
      },
    };
  });
}
