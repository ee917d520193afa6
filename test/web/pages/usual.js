/** What a page imports that trains a classifier by itself. */
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
