/**
 * One training run of the experiments, from its configuration to its result. It chooses nothing and keeps
 * nothing.
 */

import { NonFiniteError } from '../../base/errors.js';
import { type Dataset, sliceDataset } from '../../data/dataset.js';
import type { Splits } from '../../data/folder.js';
import type { Engine } from '../../engine/engine.js';
import { dense } from '../../nn/dense.js';
import { sgd } from '../../nn/optimizers.js';
import { type Sequential, sequential } from '../../nn/sequential.js';
import { weightsSha256 } from '../../run/weights.js';
import type { LongOptions } from '../../tasks/executor.js';
import { evaluate } from '../../train/evaluate.js';
import { fit } from '../../train/fit.js';
import type { HiddenUnits, RunConfig, RunEpoch, RunResult, TestResult } from './types.js';

const LOSS = 'softmaxCrossEntropy';

/**
 * Trains as `config` says. A loss that ceases to be a number ends the run and is a result, not an error; a
 * test is then left out.
 *
 * @throws OptionError when the sets hold fewer images than are asked for. An abort rejects with the signal's
 * reason.
 */
export async function runExperiment(
  engine: Engine,
  splits: Splits,
  config: RunConfig,
  { onProgress, signal }: LongOptions = {},
): Promise<RunResult> {
  const { learningRate, batchSize, epochs, seed, window } = config;
  const whole = config.set === 'full' ? splits.full : splits.train;
  const train = sliceDataset(whole, 0, config.trainSize);
  const validation =
    config.validationSize > 0 ? sliceDataset(splits.validation, 0, config.validationSize) : undefined;
  const model = sequential(
    train.width,
    [dense(config.hidden, { activation: 'sigmoid' }), dense(train.classes)],
    { seed },
  );
  const records: RunEpoch[] = [];
  const windows: number[] = [];
  let stepsPerEpoch = 0;
  let steps = 0;
  let windowSum = 0;
  let diverged: string | undefined;
  try {
    await fit(engine, model, train, {
      loss: LOSS,
      optimizer: sgd({ learningRate }),
      batchSize,
      epochs,
      ...(validation && { validation }),
      ...(signal && { signal }),
      onTrainBegin: (plan) => {
        stepsPerEpoch = plan.stepsPerEpoch;
      },
      onStep: ({ step, loss }) => {
        steps = step;
        windowSum += loss;
        if (step % window > 0) return;
        windows.push(rounded(windowSum / window));
        windowSum = 0;
      },
      onEpoch: ({ epoch, loss, accuracy, validation: score, seconds }) => {
        if (score && !Number.isFinite(score.loss)) {
          throw new NonFiniteError(
            'fit',
            `the validation loss of epoch ${epoch} is not finite`,
            steps,
            epoch,
          );
        }
        records.push({ epoch, loss, accuracy, ...(score && { validation: score }), seconds });
        onProgress?.({ what: 'epochs', done: epoch, total: epochs, detail: (score ?? { loss }).loss });
      },
    });
  } catch (error) {
    if (!(error instanceof NonFiniteError)) throw error;
    diverged = error.message;
  }
  signal?.throwIfAborted();
  const measured = diverged === undefined && config.test;
  return {
    epochs: records,
    windows,
    steps,
    stepsPerEpoch,
    seconds: records.reduce((sum, { seconds }) => sum + seconds, 0),
    ...(diverged !== undefined && { diverged }),
    weightsSha256: await weightsSha256(model),
    ...(measured && { test: await test(engine, model, splits.test) }),
    ...(config.units > 0 && { units: hiddenUnits(model, train, config.units) }),
    engine: engine.info,
  };
}

async function test(engine: Engine, model: Sequential, set: Dataset): Promise<TestResult> {
  const { size, loss, accuracy, confusion } = await evaluate(engine, model, set, { loss: LOSS });
  return { size, loss, accuracy, confusion };
}

/** The hidden units that speak loudest: by the sum of their absolute weights to the outputs. */
function hiddenUnits(model: Sequential, set: Dataset, limit: number): HiddenUnits {
  const [, hidden, classes] = model.sizes;
  const [first, , second] = model.parameters;
  const voice = Array.from({ length: hidden }, (_, unit) =>
    second.values
      .subarray(unit * classes, (unit + 1) * classes)
      .reduce((sum, weight) => sum + Math.abs(weight), 0),
  );
  const loudest = voice
    .map((_, unit) => unit)
    .sort((a, b) => voice[b] - voice[a] || a - b)
    .slice(0, limit);
  const [height, width] = set.imageShape?.length === 2 ? set.imageShape : [1, set.width];
  return {
    height,
    width,
    units: loudest.map((index) => {
      const weights = Array.from({ length: set.width }, (_, pixel) => first.values[pixel * hidden + index]);
      const largest = weights.reduce((most, weight) => Math.max(most, Math.abs(weight)), 0);
      const share = (weight: number) => Math.round((100 * weight) / (largest || 1)) / 100;
      return { index, weights: weights.map(share), largest };
    }),
  };
}

/** Six digits: a loss has no more, and there are thousands of them. */
function rounded(value: number): number {
  return Number(value.toPrecision(6));
}
