/** Softmax, cross-entropy and the counting of right answers, on logits [rows, classes]. */
import type { Tensor } from '../engine/tensor.js';
import { type Call, checkPlaces, checkSameEngine, checkTensor } from './check.js';

/** y = softmax of each row of x; y may be x. */
export function softmax({ y, x }: { y: Tensor; x: Tensor }): Call {
  checkSameEngine('softmax', y, x);
  checkTensor('softmax', 'x', x, 'float', [undefined, undefined]);
  checkTensor('softmax', 'y', y, 'float', x.shape);
  const { kernels } = y.engine;
  return () => kernels.softmax_forward(y.pointer, y.ld, x.pointer, x.ld, x.rows, x.columns);
}

/** dx = the softmax's Jacobian times dy, from the saved output y; dx may be dy. */
export function softmaxBackward({ dx, y, dy }: { dx: Tensor; y: Tensor; dy: Tensor }): Call {
  checkSameEngine('softmaxBackward', dx, y, dy);
  checkTensor('softmaxBackward', 'y', y, 'float', [undefined, undefined]);
  checkTensor('softmaxBackward', 'dx', dx, 'float', y.shape);
  checkTensor('softmaxBackward', 'dy', dy, 'float', y.shape);
  const { kernels } = dx.engine;
  const [M, N] = [y.rows, y.columns];
  return () => kernels.softmax_backward(dx.pointer, dx.ld, y.pointer, y.ld, dy.pointer, dy.ld, M, N);
}

/**
 * losses[m] = cross-entropy of softmax(logits[m]) against labels[m], in nats; dLogits (left out when absent) is the
 * gradient of scale · Σ losses. Labels (i32) must be below the number of columns: see `checkPlaces`.
 */
export function softmaxCrossEntropy(args: {
  losses: Tensor;
  dLogits?: Tensor;
  logits: Tensor;
  labels: Tensor;
  scale?: number;
}): Call {
  const { losses, dLogits, logits, labels, scale = 1 } = args;
  const where = 'softmaxCrossEntropy';
  checkSameEngine(where, losses, dLogits, logits, labels);
  checkTensor(where, 'logits', logits, 'float', [undefined, undefined]);
  checkTensor(where, 'losses', losses, 'float', [logits.rows]);
  checkTensor(where, 'labels', labels, 'i32', [logits.rows]);
  if (dLogits) checkTensor(where, 'dLogits', dLogits, 'float', logits.shape);
  const { kernels } = logits.engine;
  const [M, N] = [logits.rows, logits.columns];
  const [dx, lddx] = dLogits ? [dLogits.pointer, dLogits.ld] : [0, 0];
  const checkLabels = checkPlaces(where, 'label', labels, N);
  return () => {
    checkLabels();
    kernels.softmax_cross_entropy(
      losses.pointer,
      dx,
      lddx,
      logits.pointer,
      logits.ld,
      labels.pointer,
      M,
      N,
      scale,
    );
  };
}

/** predictions (i32) = the column of each row's largest value, the first of equals. */
export function argmax({ predictions, x }: { predictions: Tensor; x: Tensor }): Call {
  checkSameEngine('argmax', predictions, x);
  checkTensor('argmax', 'x', x, 'float', [undefined, undefined]);
  checkTensor('argmax', 'predictions', predictions, 'i32', [x.rows]);
  const { kernels } = x.engine;
  return () => kernels.argmax(predictions.pointer, x.pointer, x.ld, x.rows, x.columns);
}

/** How many elements of two i32 tensors are equal. */
export function countEqual(a: Tensor, b: Tensor): () => number {
  checkSameEngine('countEqual', a, b);
  checkTensor('countEqual', 'a', a, 'i32', [undefined]);
  checkTensor('countEqual', 'b', b, 'i32', a.shape);
  const { kernels } = a.engine;
  return () => kernels.count_equal(a.pointer, b.pointer, a.size);
}

/** The sum of all elements, in float64. */
export function sum(x: Tensor): () => number {
  checkTensor('sum', 'x', x, 'float', [undefined]);
  const { kernels } = x.engine;
  return () => kernels.sum(x.pointer, x.size);
}
