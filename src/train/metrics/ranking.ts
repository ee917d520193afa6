/**
 * Metrics of a classifier's order: whether the label is among the k largest outputs, and the area under the
 * ROC curve.
 */
import { checkInteger } from '../../base/options.js';
import type { Metric, MetricBatch, MetricSum } from './metric.js';

/**
 * Share of rows whose label is among the k largest outputs; of equal outputs the first counts as the larger.
 */
export function topK(k: number): Metric {
  checkInteger('topK', 'k', k, { min: 1 });
  return {
    name: `top${k}`,
    task: 'classification',
    higherIsBetter: true,
    start(width) {
      let hits = 0;
      let all = 0;
      return {
        add({ rows, outputs, labels }) {
          for (let row = 0; row < rows; row++) {
            const label = labels![row];
            // A single output is the logit of class 1; that of class 0 is 0.
            const at = (i: number) => (width === 1 ? i * outputs[row] : outputs[row * width + i]);
            let before = 0;
            for (let i = 0; i < Math.max(2, width); i++) {
              if (at(i) > at(label) || (at(i) === at(label) && i < label)) before++;
            }
            if (before < k) hits++;
          }
          all += rows;
        },
        value: () => hits / all,
      };
    },
  };
}

/**
 * The area under the ROC curve: how often a row of the class has a higher score than one that is not, equal
 * scores counting half. Of two classes, that of class 1; of more, the mean over the classes, each against all
 * others, of those that have rows of both kinds. NaN when there are none.
 *
 * Source: J. A. Hanley and B. J. McNeil, "The meaning and use of the area under a receiver operating
 * characteristic (ROC) curve", Radiology 143, 1982.
 */
export function rocAuc(): Metric {
  return {
    name: 'rocAuc',
    task: 'classification',
    higherIsBetter: true,
    start: (width) => (width <= 2 ? binaryAuc(width) : multiclassAuc(width)),
  };
}

function binaryAuc(width: number): MetricSum {
  const scores: number[] = [];
  const positive: boolean[] = [];
  return {
    add({ rows, outputs, labels }) {
      for (let row = 0; row < rows; row++) {
        // The difference of two logits orders rows as the probability of class 1 does, and without rounding
        // it to 1.
        scores.push(width === 1 ? outputs[row] : outputs[2 * row + 1] - outputs[2 * row]);
        positive.push(labels![row] === 1);
      }
    },
    value: () => areaUnderCurve(scores, positive),
  };
}

function multiclassAuc(width: number): MetricSum {
  const scores = Array.from({ length: width }, (): number[] => []);
  const actual: number[] = [];
  return {
    add({ rows, labels, probabilities }: MetricBatch) {
      const values = probabilities();
      for (let row = 0; row < rows; row++) {
        actual.push(labels![row]);
        for (let i = 0; i < width; i++) scores[i].push(values[row * width + i]);
      }
    },
    value() {
      const areas = scores
        .map((own, index) =>
          areaUnderCurve(
            own,
            actual.map((label) => label === index),
          ),
        )
        .filter((area) => !Number.isNaN(area));
      return areas.reduce((total, area) => total + area, 0) / areas.length;
    },
  };
}

/** From the ranks of the positive rows (Mann and Whitney's U), equal scores sharing their mean rank. */
function areaUnderCurve(scores: readonly number[], positive: readonly boolean[]): number {
  const order = scores.map((_, i) => i).sort((a, b) => scores[a] - scores[b]);
  let rankSum = 0;
  let positives = 0;
  for (let from = 0; from < order.length; ) {
    let to = from;
    let among = 0;
    for (; to < order.length && scores[order[to]] === scores[order[from]]; to++) {
      if (positive[order[to]]) among++;
    }
    // Ranks from + 1 to `to`; a score that is NaN equals none, not even itself.
    if (to === from) return Number.NaN;
    rankSum += (among * (from + 1 + to)) / 2;
    positives += among;
    from = to;
  }
  const negatives = order.length - positives;
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * negatives);
}
