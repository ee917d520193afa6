/** What is tried: one plan for the real thing, and one that shows all of it in well under a minute. */
import type { ExperimentPlan } from './q7-experiments/types.js';
import type { Tasks } from './tasks.js';

/** Settings of every part that computes for long. */
export interface AssignmentPlan {
  readonly synthetic: Tasks['synthetic']['settings'];
  readonly tensor: Tasks['tensor']['settings'];
  readonly batched: Tasks['batched']['settings'];
  readonly forms: Tasks['forms']['settings'];
  readonly speed: Tasks['speed']['settings'];
  readonly experiments: ExperimentPlan;
}

/** The assignment as it was set, and wider: a few minutes on two cores. */
export function fullPlan(seed: number): AssignmentPlan {
  return {
    synthetic: { seed },
    tensor: { seed },
    batched: { seed },
    forms: { seed },
    speed: { seed },
    experiments: {
      hidden: 300,
      trainSize: 55_000,
      validationSize: 5_000,
      fullSize: 60_000,
      learningRates: [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10],
      batchSize: 64,
      batchSizes: [16, 32, 64, 128, 256, 512],
      compareEpochs: 5,
      compareSeeds: seeds(seed, 3),
      finalists: 3,
      curveEpochs: 25,
      curveSeeds: seeds(seed, 5),
      finalSeeds: seeds(seed, 3),
      window: 20,
      units: 40,
    },
  };
}

/**
 * Fewer images, settings, seeds and epochs: it shows how things go, and proves little. Some 220,000 samples
 * of training, where the full plan has 30 million.
 */
export function quickPlan(seed: number): AssignmentPlan {
  const { experiments, ...full } = fullPlan(seed);
  return {
    synthetic: { ...full.synthetic, trainSize: 20_000, validationSize: 5_000, epochs: 6, gridPoints: 81 },
    tensor: { ...full.tensor, images: 2_000, checks: 50 },
    batched: { ...full.batched, images: 6_400 },
    forms: { ...full.forms, steps: 10 },
    speed: { ...full.speed, batchSize: 32, seconds: 0.1, rounds: 2 },
    experiments: {
      ...experiments,
      trainSize: 5_000,
      validationSize: 2_000,
      fullSize: 6_000,
      learningRates: [0.01, 0.1, 1, 10],
      batchSizes: [16, 64, 256],
      compareEpochs: 2,
      compareSeeds: seeds(seed, 1),
      finalists: 2,
      curveEpochs: 5,
      curveSeeds: seeds(seed, 3),
      finalSeeds: seeds(seed, 2),
    },
  };
}

function seeds(first: number, amount: number): number[] {
  return Array.from({ length: amount }, (_, i) => first + i);
}
