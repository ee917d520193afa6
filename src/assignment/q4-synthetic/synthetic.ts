/**
 * Question 4: the scalar network trained on points of the plane by stochastic gradient descent, one sample at
 * a time. The boundary between the classes is an ellipse, xᵀQx = 0.6; three hidden units can enclose it by
 * three soft lines.
 */

import { OptionError, show } from '../../base/errors.js';
import { OptionReader } from '../../base/options.js';
import { fillPermutation } from '../../base/permutation.js';
import { fillNormal, randomSource } from '../../base/random.js';
import type { LongOptions } from '../../tasks/executor.js';
import {
  backward,
  emptyBackward,
  emptyForward,
  forward,
  type ScalarNetwork,
  scalarNetwork,
  update,
} from '../q3-scalar/scalar.js';
import { checkLoss, Pace, POINTS_STREAM, readLong, SAMPLE_ORDER_STREAM, twoLayerModel } from '../shared.js';
import type { DecisionGrid, SyntheticEpoch, SyntheticResult, SyntheticRun } from '../types.js';

const WHERE = 'trainSynthetic';

/** Class 1 is where xᵀQx exceeds the threshold: outside an ellipse. */
const Q: readonly (readonly number[])[] = [
  [1, -0.05],
  [1, 0.4],
];
const THRESHOLD = 0.6;

/** Points of the plane, [size, 2] row-major, and their classes. */
export interface Points {
  readonly x: Float64Array;
  readonly labels: Uint8Array;
}

/** The class of a point: 1 where xᵀQx > 0.6, else 0. */
export function syntheticClass(x1: number, x2: number): 0 | 1 {
  const [[q11, q12], [q21, q22]] = Q;
  return x1 * (q11 * x1 + q12 * x2) + x2 * (q21 * x1 + q22 * x2) > THRESHOLD ? 1 : 0;
}

/** `size` points with standard normal coordinates, the first of them the same for every size. */
export function syntheticPoints(size: number, seed: number): Points {
  const x = new Float64Array(2 * size);
  fillNormal(x, seed, POINTS_STREAM, 0, 1);
  return { x, labels: Uint8Array.from({ length: size }, (_, i) => syntheticClass(x[2 * i], x[2 * i + 1])) };
}

export interface SyntheticOptions extends LongOptions {
  /** One run each: by default the original's 0.9 and the gentler 0.01. */
  learningRates?: readonly number[];
  /** 12 by default. */
  epochs?: number;
  /** 60,000 by default. */
  trainSize?: number;
  /** 10,000 by default. */
  validationSize?: number;
  /** Hidden units; 3 by default. */
  hidden?: number;
  /** Of points, weights and orders; 1 by default. */
  seed?: number;
  /** Points along each axis of the decision boundary's grid over [-3, 3]²; 121 by default. */
  gridPoints?: number;
}

/**
 * Makes the points and trains one network per learning rate, all from the same weights in the same orders.
 *
 * Throws OptionError for options that do not fit, NonFiniteError when a loss is no number, and the signal's
 * reason.
 */
export async function trainSynthetic(options?: SyntheticOptions): Promise<SyntheticResult> {
  const reader = new OptionReader(WHERE, options);
  const learningRates = reader.optional('learningRates', 'an array of numbers above 0', isRates) ?? [
    0.9, 0.01,
  ];
  const epochs = reader.integer('epochs', { min: 1 }, 12);
  const trainSize = reader.integer('trainSize', { min: 1 }, 60_000);
  const validationSize = reader.integer('validationSize', { min: 1 }, 10_000);
  const hidden = reader.integer('hidden', { min: 1 }, 3);
  const seed = reader.integer('seed', { min: 0 }, 1);
  const gridPoints = reader.integer('gridPoints', { min: 2 }, 121);
  const long = readLong(reader);
  reader.end();
  if (learningRates.length === 0) {
    throw new OptionError(WHERE, `option learningRates: expected one at least, given ${show(learningRates)}`);
  }

  const pace = new Pace(long);
  const began = performance.now();
  const points = syntheticPoints(trainSize + validationSize, seed);
  const train = slice(points, 0, trainSize);
  const validation = slice(points, trainSize, trainSize + validationSize);
  const model = twoLayerModel([2, hidden, 2], seed);
  const total = learningRates.length * epochs * trainSize;
  const runs: SyntheticRun[] = [];
  for (const [r, learningRate] of learningRates.entries()) {
    const network = scalarNetwork(model);
    const records = [measureEpoch(network, train, validation, 0, 0)];
    for (let epoch = 1; epoch <= epochs; epoch++) {
      const before = (r * epochs + epoch - 1) * trainSize;
      const order = new Uint32Array(trainSize);
      fillPermutation(order, randomSource(seed, SAMPLE_ORDER_STREAM + epoch - 1));
      const seconds = await trainEpoch(network, train, order, learningRate, epoch, (done) =>
        pace.step(`learning rate ${learningRate}, epoch ${epoch}`, before + done, total),
      );
      records.push(measureEpoch(network, train, validation, epoch, seconds));
    }
    const rises = records.filter(({ loss }, i) => i > 0 && !(loss < records[i - 1].loss)).length;
    runs.push({
      learningRate,
      epochs: records,
      falling: rises === 0,
      rises,
      boundary: decisionGrid(network, gridPoints),
    });
  }
  return {
    layers: model.sizes,
    seed,
    trainSize,
    validationSize,
    Q,
    threshold: THRESHOLD,
    classOneShare: train.labels.reduce((count, label) => count + label, 0) / trainSize,
    runs,
    points: Array.from({ length: Math.min(1500, validationSize) }, (_, i) => [
      validation.x[2 * i],
      validation.x[2 * i + 1],
      validation.labels[i],
    ]),
    seconds: (performance.now() - began) / 1000,
  };
}

/** One pass over the points, a step each; returns the seconds it took. */
async function trainEpoch(
  network: ScalarNetwork,
  { x, labels }: Points,
  order: Uint32Array,
  learningRate: number,
  epoch: number,
  progress: (done: number) => Promise<void>,
): Promise<number> {
  const pass = emptyForward(network);
  const gradients = emptyBackward(network);
  const point = new Float64Array(2);
  const CHUNK = 2000;
  let seconds = 0;
  for (let start = 0; start < order.length; start += CHUNK) {
    const end = Math.min(start + CHUNK, order.length);
    const began = performance.now();
    for (let s = start; s < end; s++) {
      const i = order[s];
      point[0] = x[2 * i];
      point[1] = x[2 * i + 1];
      forward(network, point, labels[i], pass);
      if (!Number.isFinite(pass.l)) checkLoss(WHERE, pass.l, (epoch - 1) * order.length + s + 1, epoch);
      backward(network, point, labels[i], pass, gradients);
      update(network, gradients, learningRate);
    }
    seconds += (performance.now() - began) / 1000;
    await progress(end);
  }
  return seconds;
}

function measureEpoch(
  network: ScalarNetwork,
  train: Points,
  validation: Points,
  epoch: number,
  seconds: number,
): SyntheticEpoch {
  return { epoch, ...measure(network, train), validation: measure(network, validation), seconds };
}

/** Mean loss and accuracy over points. */
function measure(network: ScalarNetwork, { x, labels }: Points): { loss: number; accuracy: number } {
  const pass = emptyForward(network);
  const point = new Float64Array(2);
  let loss = 0;
  let correct = 0;
  for (let i = 0; i < labels.length; i++) {
    point[0] = x[2 * i];
    point[1] = x[2 * i + 1];
    loss += forward(network, point, labels[i], pass).l;
    if (Number(pass.y[1] > pass.y[0]) === labels[i]) correct++;
  }
  return { loss: loss / labels.length, accuracy: correct / labels.length };
}

/** Probability of class 1 on a square grid over [-3, 3]². */
function decisionGrid(network: ScalarNetwork, points: number): DecisionGrid {
  const [from, to] = [-3, 3];
  const at = (i: number) => from + ((to - from) * i) / (points - 1);
  const pass = emptyForward(network);
  const point = new Float64Array(2);
  const probabilities = Array.from({ length: points * points }, (_, i) => {
    point[0] = at(i % points);
    point[1] = at(Math.floor(i / points));
    return forward(network, point, 1, pass).y[1];
  });
  return { from, to, points, probabilities };
}

function slice({ x, labels }: Points, from: number, to: number): Points {
  return { x: x.subarray(2 * from, 2 * to), labels: labels.subarray(from, to) };
}

function isRates(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((rate) => Number.isFinite(rate) && rate > 0);
}
