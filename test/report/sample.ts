/** Small made-up runs for the report's tests. Their numbers are easy to find in a page, not plausible. */
import type { ChartData } from '../../src/report/charts.js';
import type { RunReport } from '../../src/report/index.js';
import type { EpochRecord, Evaluation, History } from '../../src/train/history.js';

/** Stands in for uPlot where a test does not look at it. */
export const NO_UPLOT = { script: '/* script of uPlot */', style: '/* style of uPlot */' };

/** A history of so many epochs; each epoch can be changed. */
export function sampleHistory(
  length: number,
  change: (record: EpochRecord) => EpochRecord = (record) => record,
): History {
  const epochs = Array.from({ length }, (_, i) =>
    change({
      epoch: i + 1,
      step: (i + 1) * 100,
      learningRate: 0.1,
      loss: 1 / (i + 1),
      accuracy: 1 - 0.5 / (i + 1),
      validation: { loss: 1.25 / (i + 1), accuracy: 0.99 - 0.5 / (i + 1) },
      seconds: 2,
      samplesPerSecond: 3200,
    }),
  );
  return { epochs, steps: length * 100, seconds: length * 2, outcome: 'completed' };
}

/** An evaluation of these predictions; losses and confidences as given. */
export function sampleEvaluation(
  classes: number,
  labels: readonly number[],
  predictions: readonly number[],
  losses: readonly number[] = labels.map(() => 0.5),
): Evaluation {
  const confusion = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  labels.forEach((label, i) => {
    confusion[label]![predictions[i]!]! += 1;
  });
  return {
    loss: losses.reduce((sum, value) => sum + value, 0) / losses.length,
    accuracy: labels.filter((label, i) => label === predictions[i]).length / labels.length,
    size: labels.length,
    confusion,
    predictions: Int32Array.from(predictions),
    losses: Float32Array.from(losses),
    confidences: Float32Array.from(labels, (_label, i) => 0.5 + (i % 10) / 20),
  };
}

/** A whole report; what is given replaces a part. */
export function sampleReport(parts: Partial<RunReport> = {}): RunReport {
  return {
    title: 'mnist · 784-300-10',
    createdAt: '2026-11-23T22:46:51Z',
    history: sampleHistory(3),
    config: {
      dataset: 'mnist',
      seed: 7,
      loss: 'softmaxCrossEntropy',
      optimizer: { name: 'sgd', momentum: 0.9 },
    },
    engine: { math: 'strict', turbo: false, threads: 2, wasmSha256: 'cafe01', runtime: 'node 24.1.0' },
    facts: { parameters: 238510, weightsSha256: 'a94a8fe5ccb1', layers: [784, 300, 10] },
    ...parts,
  };
}

/** The JSON that the page's script reads: its charts. */
export function payloadOf(page: string): ChartData[] {
  const found = /<script type="application\/json" id="charts">(.*?)<\/script>/s.exec(page);
  if (!found) throw new Error('the page has no payload');
  return JSON.parse(found[1]!);
}
