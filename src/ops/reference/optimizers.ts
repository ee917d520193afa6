/**
 * Optimizer steps, one pass over flat arrays: the readable twin of assembly/optimizer.ts and
 * assembly/optimizers.ts.
 */
import type { signatures } from '../optimizers.js';
import type { ReferenceMemory, Twins } from './memory.js';

/** What is smaller counts as 0: moments, and gradients where they are squared. */
const MOMENT_FLOOR = 2 ** -100;
const GRADIENT_FLOOR = 2 ** -56;

function flush(value: number, floor: number): number {
  return Math.abs(value) < floor ? 0 : value;
}

export function twins(memory: ReferenceMemory): Twins<typeof signatures> {
  const { shift, round } = { shift: memory.shift, round: (scalar: number) => memory.round(scalar) };
  /** Indices of pointers. */
  const index = (...pointers: number[]) => pointers.map((pointer) => pointer >>> shift);
  return {
    sgd_step(w, g, n, learningRate) {
      const { f } = memory;
      const [p, q] = index(w, g);
      const rate = round(learningRate);
      for (let i = 0; i < n; i++) f[p + i] -= rate * f[q + i];
    },

    sgd_momentum_step(w, buffer, g, n, learningRate, momentum, share, nesterov, weightDecay) {
      const { f } = memory;
      const [p, b, q] = index(w, buffer, g);
      for (let i = 0; i < n; i++) {
        let d = f[q + i] + round(weightDecay) * f[p + i];
        if (buffer) {
          const velocity = flush(round(momentum) * f[b + i] + round(share) * d, MOMENT_FLOOR);
          f[b + i] = velocity;
          d = nesterov ? d + round(momentum) * velocity : velocity;
        }
        f[p + i] -= round(learningRate) * d;
      }
    },

    // biome-ignore format: an argument list a line or two
    adam_step(
      w, m, v, g, n, stepSize, beta1, share1, beta2, share2, correction, eps, weightDecay, keep,
    ) {
      const { f } = memory;
      const [p, a, b, q] = index(w, m, v, g);
      for (let i = 0; i < n; i++) {
        const d = flush(f[q + i] + round(weightDecay) * f[p + i], GRADIENT_FLOOR);
        const first = flush(round(beta1) * f[a + i] + round(share1) * d, MOMENT_FLOOR);
        const second = flush(round(beta2) * f[b + i] + round(share2) * d * d, MOMENT_FLOOR);
        f[a + i] = first;
        f[b + i] = second;
        const denominator = Math.sqrt(second) * round(correction) + round(eps);
        f[p + i] = round(keep) * f[p + i] - round(stepSize) * (first / denominator);
      }
    },

    rmsprop_step(w, v, average, buffer, g, n, learningRate, alpha, share, eps, weightDecay, momentum) {
      const { f } = memory;
      const [p, s, a, b, q] = index(w, v, average, buffer, g);
      for (let i = 0; i < n; i++) {
        const d = flush(f[q + i] + round(weightDecay) * f[p + i], GRADIENT_FLOOR);
        const second = flush(round(alpha) * f[s + i] + round(share) * d * d, MOMENT_FLOOR);
        f[s + i] = second;
        let spread = second;
        if (average) {
          const mean = flush(round(alpha) * f[a + i] + round(share) * d, MOMENT_FLOOR);
          f[a + i] = mean;
          spread = Math.max(second - mean * mean, 0);
        }
        let change = d / (Math.sqrt(spread) + round(eps));
        if (buffer) {
          change = flush(round(momentum) * f[b + i] + change, MOMENT_FLOOR);
          f[b + i] = change;
        }
        f[p + i] -= round(learningRate) * change;
      }
    },

    adagrad_step(w, v, g, n, learningRate, eps, weightDecay) {
      const { f } = memory;
      const [p, s, q] = index(w, v, g);
      for (let i = 0; i < n; i++) {
        const d = flush(f[q + i] + round(weightDecay) * f[p + i], GRADIENT_FLOOR);
        const sum = f[s + i] + d * d;
        f[s + i] = sum;
        f[p + i] -= (round(learningRate) * d) / (Math.sqrt(sum) + round(eps));
      }
    },
  };
}
