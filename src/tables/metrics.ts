/**
 * Metrics of a regression on a table, whose target was standardised for training: errors in the target's own
 * unit.
 */

import type { Metric } from '../train/metrics/metric.js';
import { type MetricName, resolveMetrics } from '../train/metrics/resolve.js';
import type { PreparedTarget } from './preparation.js';

/** To which power of the target's unit each goes. */
const POWERS: Readonly<Record<string, number>> = { mae: 1, rmse: 1, mse: 2 };

/** Throws OptionError for a metric of classification. */
export function regressionMetrics(
  { deviation }: Extract<PreparedTarget, { kind: 'regression' }>,
  names: readonly MetricName[] = ['r2', 'rmse', 'mae'],
): Metric[] {
  return resolveMetrics('metrics', names, 'regression').map((metric) => {
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
