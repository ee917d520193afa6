/**
 * Question 6, checked and trained: gradients of a batch against the average of single images', the example of
 * question 3 against the scalar network, then SGD in mini-batches.
 */

import { OptionReader } from '../../base/options.js';
import type { Dataset } from '../../data/dataset.js';
import type { Engine } from '../../engine/engine.js';
import type { LongOptions } from '../../tasks/executor.js';
import { checkDataset, checkEngine } from '../../train/check.js';
import { evaluate } from '../../train/evaluate.js';
import { checkLoss, Pace, readLong, Samples, twoLayerModel } from '../shared.js';
import type { BatchedResult, Deviation, LossPoint } from '../types.js';
import { averageGradients, compareTensors, exampleDeviations } from './deviation.js';
import { BatchedNetwork } from './network.js';

const WHERE = 'trainBatched';

/**
 * What float32 may differ by, relative to the largest gradient: half a dozen roundings of 2⁻²⁴ on the way to
 * a term, and one for each of the samples that are added.
 */
function rounding(batchSize: number): number {
  return (8 + batchSize) * 2 ** -24;
}

export interface BatchedOptions extends LongOptions {
  /** Hidden units; 300 by default. */
  hidden?: number;
  /** Samples of the batch whose gradients are compared: one gradient of all weights each. 8 by default. */
  batchSize?: number;
  /** Samples of a training step; 32 by default. */
  trainingBatchSize?: number;
  /** 0.5 by default. */
  learningRate?: number;
  /** Images to train on, each once; the whole set by default, less what fills no batch. */
  images?: number;
  /** Of weights and order; 1 by default. */
  seed?: number;
}

/**
 * Compares the batched network with the single-image and scalar ones on `train`'s images, then trains a fresh
 * network on them in batches [1, B, inputs] and measures it on `validation`.
 *
 * Throws OptionError and ShapeError for what does not fit, NonFiniteError when a loss is no number, and the
 * signal's reason.
 */
export async function trainBatched(
  engine: Engine,
  sets: { readonly train: Dataset; readonly validation: Dataset },
  options?: BatchedOptions,
): Promise<BatchedResult> {
  const { train, validation } = sets;
  checkEngine(WHERE, engine);
  checkDataset(WHERE, 'train', train);
  checkDataset(WHERE, 'validation', validation);
  const reader = new OptionReader(WHERE, options);
  const hidden = reader.integer('hidden', { min: 1 }, 300);
  const batchSize = reader.integer('batchSize', { min: 1 }, 8);
  const trainingBatchSize = Math.min(reader.integer('trainingBatchSize', { min: 1 }, 32), train.size);
  const learningRate = reader.number('learningRate', { above: 0 }, 0.5);
  const images = Math.min(reader.integer('images', { min: 1 }, train.size), train.size);
  const seed = reader.integer('seed', { min: 0 }, 1);
  const long = readLong(reader);
  reader.end();

  const pace = new Pace(long);
  const model = twoLayerModel([train.width, hidden, train.classes], seed);
  const samples = new Samples(train, seed);
  const expected = averageGradients(engine, model, samples, batchSize);
  const perSample = new BatchedNetwork(engine, model, { groups: batchSize, rows: 1 });
  const asMatrix = new BatchedNetwork(engine, model, { groups: 1, rows: batchSize });
  let deviations: [Deviation[], Deviation[]];
  let shapes: BatchedResult['shapes'];
  try {
    shapes = perSample.shapes();
    deviations = [deviate(perSample, samples, expected), deviate(asMatrix, samples, expected)];
  } finally {
    perSample.dispose();
    asMatrix.dispose();
  }
  const example = exampleDeviations(engine);
  const maxRelative = {
    perSample: largest(deviations[0]),
    asMatrix: largest(deviations[1]),
    example: largest(example),
  };
  const tolerance = rounding(batchSize);

  const score = async () => {
    const { loss, accuracy } = await evaluate(engine, model, validation, { loss: 'softmaxCrossEntropy' });
    return { loss, accuracy };
  };
  const before = await score();
  const network = new BatchedNetwork(engine, model, { groups: 1, rows: trainingBatchSize });
  let trained: Trained;
  try {
    const steps = Math.max(1, Math.floor(images / trainingBatchSize));
    trained = await trainSteps(network, samples, steps, learningRate, pace);
    network.download(model);
  } finally {
    network.dispose();
  }
  return {
    layers: model.sizes,
    engine: engine.info,
    batchSize,
    seed,
    shapes,
    perSample: deviations[0],
    asMatrix: deviations[1],
    example,
    maxRelative,
    tolerance,
    withinRounding: Math.max(...Object.values(maxRelative)) <= tolerance,
    training: { batchSize: trainingBatchSize, learningRate, ...trained, before, after: await score() },
  };
}

/** One pass of a batch of samples against the expected mean loss and gradients. */
function deviate(
  network: BatchedNetwork,
  samples: Samples,
  expected: Map<string, Float64Array>,
): Deviation[] {
  loadBatch(network, samples, 0);
  const l = network.forward();
  network.backward();
  return [...expected].map(([name, values]) => {
    if (name === 'l') return compareTensors(name, [1], Float64Array.of(l), values);
    const key = name as 'dW1' | 'db1' | 'dW2' | 'db2';
    return compareTensors(name, network.shape(key), network.read(key), values);
  });
}

/** Copies the samples from place `start` of the order into the network's batch. */
function loadBatch(network: BatchedNetwork, samples: Samples, start: number): void {
  const [width] = network.sizes;
  for (let i = 0; i < network.batchSize; i++) {
    network.labels[i] = samples.read(start + i, network.inputs, i * width);
  }
}

interface Trained {
  images: number;
  losses: LossPoint[];
  seconds: number;
  samplesPerSecond: number;
}

async function trainSteps(
  network: BatchedNetwork,
  samples: Samples,
  steps: number,
  learningRate: number,
  pace: Pace,
): Promise<Trained> {
  const losses: LossPoint[] = [];
  const every = Math.max(1, Math.round(steps / 100));
  const turnsBefore = pace.milliseconds;
  const images = steps * network.batchSize;
  let [lossSum, since] = [0, 0];
  const began = performance.now();
  for (let step = 1; step <= steps; step++) {
    const done = step * network.batchSize;
    loadBatch(network, samples, done - network.batchSize);
    const loss = network.forward();
    checkLoss(WHERE, loss, step);
    network.backward();
    network.update(learningRate);
    lossSum += loss;
    since++;
    if (since === every || step === steps) {
      losses.push({ images: done, loss: lossSum / since });
      [lossSum, since] = [0, 0];
    }
    await pace.step('a batch at a time', done, images);
  }
  const seconds = (performance.now() - began - (pace.milliseconds - turnsBefore)) / 1000;
  return { images, losses, seconds, samplesPerSecond: images / seconds };
}

function largest(deviations: readonly Deviation[]): number {
  return Math.max(...deviations.map(({ relative }) => relative));
}
