/** What a page that trains a classifier in a worker or by itself imports. */
export {
  createEngine,
  dataset,
  dense,
  evaluate,
  fit,
  predict,
  sequential,
  sgd,
} from '../../../dist/index.js';
export { createTrainer } from '../../../dist/trainer/index.js';
