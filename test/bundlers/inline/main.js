/** For bundlers that do not: the kernels come within the script, and the worker is a second entry. */
import { createEngine, createTrainer, dataset, dense, fit, sequential, sgd } from 'lanegrad/inline';
import { train } from '../train.js';

const lanegrad = { createEngine, createTrainer, dataset, dense, fit, sequential, sgd };
globalThis.outcome = train(lanegrad, { threads: 1, worker: new URL('./worker.js', import.meta.url) });
