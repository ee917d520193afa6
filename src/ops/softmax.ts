/** Softmax and its cross-entropy with labels, on logits [rows, classes]. */

import { ShapeError } from '../base/errors.js';
import type { Signatures } from '../engine/signatures.js';
import type { Tensor } from '../engine/tensor.js';
import { type Call, checkPlaces, checkSameEngine, checkTensor } from './check.js';
import { asMatrix, type Operation, one, showShape } from './operation.js';

export const signatures = {
  /** Each row: y = e^(x - max x) / Σ e^(x - max x). May be in place. */
  softmax_forward: 'y: out rows, ldy, x: in rows, ldx, M: cut, N: across; 1.2 ns',
  /** Each row: dx = y ⊙ (dy - Σ dy y), the Jacobian's product with dy. May be in place (dx = dy). */
  softmax_backward: 'dx: out rows, lddx, y: saved rows, ldy, dy: in rows, lddy, M: cut, N: across; 0.4 ns',
  /**
   * losses[m] = ln Σ e^x[m] - x[m, labels[m]]; dx = (softmax(x) - onehot) · scale, where shares of a row's
   * largest below 2⁻⁶⁴ count as 0 (their products would be denormal numbers, and slow). Labels are i32 in [0,
   * N). Stable for logits of any finite size. An absent dx leaves the gradient out. dx may be x.
   */
  softmax_cross_entropy: `losses: out each, dx: out rows, lddx, x: in rows, ldx, labels: in each i32, M: cut,
    N: across, scale: f32; 1.2 ns`,
} satisfies Signatures;

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
 * losses[m] = cross-entropy of softmax(logits[m]) against labels[m], in nats; dLogits (left out when absent)
 * is the gradient of scale · Σ losses. Labels (i32) must be below the number of columns: see `checkPlaces`.
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

/** Of the last axis: exp(x) over its sum. */
export const softmaxOperation: Operation<object> = {
  name: 'softmax',
  infer(where, [x]) {
    if (x.dims.length > 0) return [x];
    throw new ShapeError(where, `expected a last axis to go along, given ${showShape(x)}`);
  },
  derivative: (rule) => [one(rule, softmaxGradient, [rule.outputs[0], rule.gradients[0]!], {})],
  bind: ({ inputs: [x], outputs }) => softmax({ y: asMatrix(outputs[0]!), x: asMatrix(x) }),
};

const softmaxGradient: Operation<object> = {
  name: 'softmaxGradient',
  infer: (_, [y]) => [y],
  bind: ({ inputs: [y, dy], outputs }) =>
    softmaxBackward({ dx: asMatrix(outputs[0]!), y: asMatrix(y), dy: asMatrix(dy) }),
};
