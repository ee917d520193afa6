/** What a page imports that trains a convolutional network by itself. */
export {
  conv2d,
  createEngine,
  dataset,
  dense,
  evaluate,
  fit,
  flatten,
  maxPool2d,
  predict,
  sequential,
  sgd,
} from '../../../dist/index.js';
