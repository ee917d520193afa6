/** For bundlers that follow `new URL(…, import.meta.url)`: nothing to configure. */
import { createEngine, dataset, dense, fit, sequential, sgd } from 'lanegrad';
import { createTrainer } from 'lanegrad/trainer';
import { train } from '../train.js';

const lanegrad = { createEngine, createTrainer, dataset, dense, fit, sequential, sgd };
globalThis.outcome = train(lanegrad, { threads: crossOriginIsolated ? 2 : 1, worker: true });
