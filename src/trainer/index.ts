/**
 * lanegrad/trainer: training behind an interface that never blocks, in a worker or on the calling thread.
 *
 * @module lanegrad/trainer
 */
export { createTrainer } from './create.js';
export type { Progress, Trainer, TrainerFitOptions, TrainerOptions } from './types.js';
