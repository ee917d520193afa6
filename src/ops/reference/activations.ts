/**
 * exp, log and the activations, forward beside backward: the readable twin of assembly/activation.ts.
 * Backward reads the saved output y, never the input. The functions of one number are in double, from the
 * host's Math: an oracle, whose last bits may differ from one JavaScript engine to another.
 */

import { RELU, SIGMOID, TANH } from '../../engine/constants.js';
import type { Kernels } from '../../engine/kernels.js';
import type { signatures } from '../activations.js';
import type { ReferenceMemory, Twins } from './memory.js';

/** In double, e⁻ˣ overflows only where the result is below the smallest normal double. */
function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

export function twins(memory: ReferenceMemory): Twins<typeof signatures> {
  const { shift } = memory;
  return {
    exp(y, x, n) {
      const { f } = memory;
      const p = x >>> shift;
      const q = y >>> shift;
      for (let i = 0; i < n; i++) f[q + i] = Math.exp(f[p + i]);
    },
    log(y, x, n) {
      const { f } = memory;
      const p = x >>> shift;
      const q = y >>> shift;
      for (let i = 0; i < n; i++) f[q + i] = Math.log(f[p + i]);
    },
    identity_forward(y, x, n) {
      memory.f.copyWithin(y >>> shift, x >>> shift, (x >>> shift) + n);
    },
    identity_backward(dx, _y, dy, n) {
      memory.f.copyWithin(dx >>> shift, dy >>> shift, (dy >>> shift) + n);
    },
    sigmoid_forward(y, x, n) {
      const { f } = memory;
      const p = x >>> shift;
      const q = y >>> shift;
      for (let i = 0; i < n; i++) f[q + i] = sigmoid(f[p + i]);
    },
    sigmoid_backward(dx, y, dy, n) {
      const { f } = memory;
      const p = y >>> shift;
      const d = dy >>> shift;
      const q = dx >>> shift;
      for (let i = 0; i < n; i++) {
        const s = f[p + i];
        f[q + i] = f[d + i] * (s * (1 - s));
      }
    },
    tanh_forward(y, x, n) {
      const { f } = memory;
      const p = x >>> shift;
      const q = y >>> shift;
      for (let i = 0; i < n; i++) f[q + i] = Math.tanh(f[p + i]);
    },
    tanh_backward(dx, y, dy, n) {
      const { f } = memory;
      const p = y >>> shift;
      const d = dy >>> shift;
      const q = dx >>> shift;
      for (let i = 0; i < n; i++) {
        const t = f[p + i];
        f[q + i] = f[d + i] * (1 - t * t);
      }
    },
    relu_forward(y, x, n) {
      const { f } = memory;
      const p = x >>> shift;
      const q = y >>> shift;
      for (let i = 0; i < n; i++) f[q + i] = Math.max(f[p + i], 0);
    },
    relu_backward(dx, y, dy, n) {
      const { f } = memory;
      const p = y >>> shift;
      const d = dy >>> shift;
      const q = dx >>> shift;
      for (let i = 0; i < n; i++) f[q + i] = f[p + i] > 0 ? f[d + i] : 0;
    },
  };
}

/** The ends of products, on n elements from an index on. */
export function productEnds({ shift }: ReferenceMemory, kernels: Kernels) {
  return {
    /** c = f(c), by the code of f. */
    activate(code: number, c: number, n: number): void {
      const p = (c << shift) >>> 0;
      if (code === SIGMOID) kernels.sigmoid_forward(p, p, n);
      else if (code === TANH) kernels.tanh_forward(p, p, n);
      else if (code === RELU) kernels.relu_forward(p, p, n);
    },
    /** c = c · f'(x) where y = f(x). */
    differentiate(code: number, c: number, y: number, n: number): void {
      const p = (c << shift) >>> 0;
      const q = (y << shift) >>> 0;
      if (code === SIGMOID) kernels.sigmoid_backward(p, q, p, n);
      else if (code === TANH) kernels.tanh_backward(p, q, p, n);
      else if (code === RELU) kernels.relu_backward(p, q, p, n);
    },
  };
}
