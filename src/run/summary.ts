/** A finished run as the one object that programs read. */
import type { EngineInfo } from '../engine/engine.js';
import { layerWidths } from '../nn/summary.js';
import type { Score } from '../train/history.js';
import type { Run } from './run.js';
import type { RunSettings } from './settings.js';

/**
 * The record that `train --json` ends with. `epochs` counts those completed; `train` and `validation` are of
 * the last of them. What was not measured is null.
 */
export function summarize(run: Run, settings: RunSettings, engine: EngineInfo) {
  const { model, history, test, folder } = run;
  const last = history.epochs.at(-1);
  const samples = history.epochs.reduce(
    (total, { seconds, samplesPerSecond }) => total + seconds * samplesPerSecond,
    0,
  );
  const seconds = history.epochs.reduce((total, epoch) => total + epoch.seconds, 0);
  return {
    dataset: run.dataset,
    layers: layerWidths(model),
    parameters: model.parameterCount,
    epochs: history.epochs.length,
    batchSize: run.batchSize,
    seed: model.seed,
    learningRate: settings.learningRate,
    activation: settings.activation,
    engine,
    train: last
      ? {
          ...score(last),
          samplesPerSecond: samples / seconds,
          secondsPerEpoch: seconds / history.epochs.length,
        }
      : null,
    validation: last?.validation ? score(last.validation) : null,
    test: test ? score(test) : null,
    steps: history.steps,
    outcome: history.outcome,
    ...(history.best && { best: history.best }),
    interrupted: run.interrupted,
    weightsSha256: run.weightsSha256,
    runDir: folder.path,
    model: folder.modelPath,
    report: folder.reportPath,
  };
}

/** Of a regression there is no accuracy. */
function score({ loss, accuracy, metrics }: Score) {
  const measured = metrics && Object.keys(metrics).length > 0 && { metrics };
  return { loss, ...(!Number.isNaN(accuracy) && { accuracy }), ...measured };
}
