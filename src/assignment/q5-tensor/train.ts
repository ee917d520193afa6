/**
 * Question 5, trained: MNIST one image at a time through the tensor network, and its softmax backward
 * checked.
 */

import { OptionReader } from '../../base/options.js';
import type { Dataset } from '../../data/dataset.js';
import type { Engine } from '../../engine/engine.js';
import type { LongOptions } from '../../tasks/executor.js';
import { checkDataset, checkEngine } from '../../train/check.js';
import { evaluate } from '../../train/evaluate.js';
import { checkLoss, Pace, readLong, Samples, twoLayerModel } from '../shared.js';
import type { LossPoint, TensorResult } from '../types.js';
import { TensorNetwork } from './network.js';

const WHERE = 'trainTensor';

export interface TensorOptions extends LongOptions {
  /** Hidden units; 300 by default. */
  hidden?: number;
  /** Images to train on, each once; 10,000 by default, and never more than there are. */
  images?: number;
  /** 0.1 by default. */
  learningRate?: number;
  /** Of weights and order; 1 by default. */
  seed?: number;
  /** Images on which the Jacobian-vector product is compared with the fused gradient; 200 by default. */
  checks?: number;
}

/**
 * Trains a fresh network on `train`, one step an image, and measures it on `validation` before and after.
 *
 * Throws OptionError and ShapeError for what does not fit, NonFiniteError when a loss is no number, and the
 * signal's reason.
 */
export async function trainTensor(
  engine: Engine,
  sets: { readonly train: Dataset; readonly validation: Dataset },
  options?: TensorOptions,
): Promise<TensorResult> {
  const { train, validation } = sets;
  checkEngine(WHERE, engine);
  checkDataset(WHERE, 'train', train);
  checkDataset(WHERE, 'validation', validation);
  const reader = new OptionReader(WHERE, options);
  const hidden = reader.integer('hidden', { min: 1 }, 300);
  const images = Math.min(reader.integer('images', { min: 1 }, 10_000), train.size);
  const learningRate = reader.number('learningRate', { above: 0 }, 0.1);
  const seed = reader.integer('seed', { min: 0 }, 1);
  const checks = Math.min(reader.integer('checks', { min: 1 }, 200), images);
  const long = readLong(reader);
  reader.end();

  const pace = new Pace(long);
  const model = twoLayerModel([train.width, hidden, train.classes], seed);
  const score = async () => {
    const { loss, accuracy } = await evaluate(engine, model, validation, { loss: 'softmaxCrossEntropy' });
    return { loss, accuracy };
  };
  const before = await score();
  const network = new TensorNetwork(engine, model);
  try {
    const samples = new Samples(train, seed);
    const x = new Float32Array(train.width);
    const losses: LossPoint[] = [];
    const every = Math.max(1, Math.round(images / 100));
    // The checks are spread over the whole training: on fresh weights all outputs are alike.
    const checkEvery = Math.floor(images / checks);
    let [lossSum, since, maxDeviation, checked] = [0, 0, 0, 0];
    let milliseconds = 0;
    let began = performance.now();
    for (let i = 0; i < images; i++) {
      const label = samples.read(i, x);
      const loss = network.forward(x, label);
      checkLoss(WHERE, loss, i + 1);
      network.backward(label);
      if (i % checkEvery === 0 && checked < checks) {
        milliseconds += performance.now() - began;
        maxDeviation = Math.max(maxDeviation, deviationFromFused(network, label));
        checked++;
        began = performance.now();
      }
      network.update(learningRate);
      lossSum += loss;
      since++;
      if (since === every || i === images - 1) {
        losses.push({ images: i + 1, loss: lossSum / since });
        [lossSum, since] = [0, 0];
      }
      await pace.step('one image at a time', i + 1, images);
    }
    const seconds = (milliseconds + performance.now() - began - pace.milliseconds) / 1000;
    network.download(model);
    return {
      layers: model.sizes,
      engine: engine.info,
      learningRate,
      seed,
      images,
      losses,
      before,
      after: await score(),
      fused: { images: checked, maxDeviation },
      seconds,
      samplesPerSecond: images / seconds,
    };
  } finally {
    network.dispose();
  }
}

/** After a pass: the largest difference between do by the Jacobian-vector product and do = y - t. */
function deviationFromFused(network: TensorNetwork, label: number): number {
  const fused = network.fusedGradient(label);
  const jacobian = network.read('do');
  let max = 0;
  for (let j = 0; j < fused.length; j++) max = Math.max(max, Math.abs(jacobian[j] - fused[j]));
  return max;
}
