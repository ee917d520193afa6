/** A whole assignment in miniature: real results of tiny runs on a toy set, in this thread. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Assignment, type AssignmentOptions } from '../../src/assignment/index.js';
import type { AssignmentPlan } from '../../src/assignment/plan.js';
import type { Comparison, CurvePoint } from '../../src/assignment/q7-experiments/types.js';
import { writeToy } from '../cli/toy.js';

export const tinyPlan: AssignmentPlan = {
  synthetic: { trainSize: 300, validationSize: 100, epochs: 2, gridPoints: 11 },
  tensor: { images: 40, checks: 5, hidden: 6 },
  batched: { images: 64, batchSize: 4, hidden: 6 },
  forms: { steps: 3, batchSize: 4, hidden: 6 },
  speed: { seconds: 0.02, rounds: 1, batchSize: 8, hidden: 6 },
  experiments: {
    hidden: 8,
    trainSize: 200,
    validationSize: 20,
    fullSize: 240,
    learningRates: [0.001, 1],
    batchSize: 20,
    batchSizes: [10, 20],
    compareEpochs: 2,
    compareSeeds: [1],
    finalists: 2,
    curveEpochs: 4,
    curveSeeds: [1, 2],
    finalSeeds: [1, 2],
    window: 4,
    units: 3,
  },
};

export async function temporaryFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'lanegrad-assignment-'));
}

/** Opens it in `folder`, where the toy set is too. */
export async function openTiny(folder: string, options: AssignmentOptions = {}): Promise<Assignment> {
  const data = await writeToy(join(folder, 'toy'));
  return Assignment.open({ out: join(folder, 'out'), data, plan: tinyPlan, workers: 0, ...options });
}

/** One setting with one seed. */
export const comparison = (learningRate: number, loss: number, diverged = 0): Comparison => ({
  learningRate,
  batchSize: 64,
  seeds: [1],
  diverged,
  result: {
    trainLoss: { mean: loss, deviation: 0, count: 1 },
    validationLoss: { mean: loss, deviation: 0, count: 1 },
    validationAccuracy: { mean: 1 - loss, deviation: 0, count: 1 },
  },
});

const SEEDS = 3;
const exact = (mean: number) => ({ mean, deviation: 0, count: SEEDS });

/** An epoch of three seeds that agree. */
export const point = (epoch: number, loss: number, accuracy: number): CurvePoint => ({
  epoch,
  trainLoss: exact(1 / epoch),
  trainAccuracy: exact(0.9),
  validationLoss: exact(loss),
  validationAccuracy: exact(accuracy),
});
