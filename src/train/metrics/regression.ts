/**
 * Metrics of predicted values: mean absolute and squared error, its root, and the coefficient of
 * determination.
 */
import type { Metric, MetricSum } from './metric.js';

/** The mean of |prediction - target| over all rows and outputs. */
export function meanAbsoluteErrorMetric(): Metric {
  return lowerIsBetter('mae', () => meanOf(Math.abs));
}

/** The mean of (prediction - target)² over all rows and outputs. */
export function meanSquaredErrorMetric(): Metric {
  return lowerIsBetter('mse', () => meanOf((error) => error * error));
}

/** The square root of the mean of (prediction - target)², in the unit of the targets. */
export function rootMeanSquaredError(): Metric {
  return lowerIsBetter('rmse', () => {
    const { add, value } = meanOf((error) => error * error);
    return { add, value: () => Math.sqrt(value()) };
  });
}

/**
 * R² = 1 - Σ (target - prediction)² / Σ (target - mean)²: 1 is perfect, 0 as good as always saying the mean.
 * The mean over the outputs. Where all targets of an output are equal it is 1 for perfect predictions, else
 * 0; and NaN for fewer than two rows, which have no spread to explain: as scikit-learn has it.
 */
export function r2(): Metric {
  return {
    name: 'r2',
    task: 'regression',
    higherIsBetter: true,
    start(width) {
      // Welford's one pass over the targets of each output.
      const mean = new Float64Array(width);
      const spread = new Float64Array(width);
      const residual = new Float64Array(width);
      let n = 0;
      return {
        add({ rows, outputs, targets }) {
          for (let row = 0; row < rows; row++) {
            n++;
            for (let i = 0; i < width; i++) {
              const target = targets![row * width + i];
              const error = outputs[row * width + i] - target;
              const delta = target - mean[i];
              mean[i] += delta / n;
              spread[i] += delta * (target - mean[i]);
              residual[i] += error * error;
            }
          }
        },
        value() {
          if (n < 2) return Number.NaN;
          let total = 0;
          for (let i = 0; i < width; i++) {
            total += spread[i] > 0 ? 1 - residual[i] / spread[i] : residual[i] > 0 ? 0 : 1;
          }
          return total / width;
        },
      };
    },
  };
}

function lowerIsBetter(name: string, start: () => MetricSum): Metric {
  return { name, task: 'regression', higherIsBetter: false, start };
}

function meanOf(f: (error: number) => number): MetricSum {
  let total = 0;
  let count = 0;
  return {
    add({ outputs, targets }) {
      for (let i = 0; i < outputs.length; i++) total += f(outputs[i] - targets![i]);
      count += outputs.length;
    },
    value: () => total / count,
  };
}
