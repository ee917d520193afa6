/** Metrics of a regression on a table, whose target was standardised for training: errors in the target's own unit. */
import type { PreparedTarget } from '../tables/preparation.js';
import type { Metric } from './metrics/metric.js';
import { meanAbsoluteErrorMetric, r2, rootMeanSquaredError } from './metrics/regression.js';

/** `r2`, `rmse` and `mae`. */
export function regressionMetrics({ deviation }: Extract<PreparedTarget, { kind: 'regression' }>): Metric[] {
  return [r2(), inUnits(rootMeanSquaredError(), deviation), inUnits(meanAbsoluteErrorMetric(), deviation)];
}

function inUnits(metric: Metric, unit: number): Metric {
  return {
    ...metric,
    start(outputs) {
      const sum = metric.start(outputs);
      return { add: (batch) => sum.add(batch), value: () => sum.value() * unit };
    },
  };
}
