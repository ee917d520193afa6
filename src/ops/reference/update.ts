/** What surrounds a step, on flat arrays: the readable twin of assembly/update.ts. */
import type { signatures } from '../update.js';
import type { ReferenceMemory, Twins } from './memory.js';

export function twins(memory: ReferenceMemory): Twins<typeof signatures> {
  const { shift, round } = { shift: memory.shift, round: (scalar: number) => memory.round(scalar) };
  /** Indices of pointers. */
  const index = (...pointers: number[]) => pointers.map((pointer) => pointer >>> shift);
  return {
    multiply(y, a, b, n) {
      const { f } = memory;
      const [q, p, r] = index(y, a, b);
      for (let i = 0; i < n; i++) f[q + i] = f[p + i] * f[r + i];
    },

    scale(x, n, factor) {
      const { f } = memory;
      const [p] = index(x);
      for (let i = 0; i < n; i++) f[p + i] *= round(factor);
    },

    add_scaled(y, x, n, factor, accumulate) {
      const { f } = memory;
      const [q, p] = index(y, x);
      for (let i = 0; i < n; i++) f[q + i] = (accumulate ? f[q + i] : 0) + f[p + i] * round(factor);
    },

    clamp(x, n, limit) {
      const { f } = memory;
      const [p] = index(x);
      for (let i = 0; i < n; i++) f[p + i] = Math.max(Math.min(f[p + i], round(limit)), -round(limit));
    },

    penalize(g, w, n, l1, l2) {
      const { f } = memory;
      const [q, p] = index(g, w);
      for (let i = 0; i < n; i++) f[q + i] += round(l2) * f[p + i] + round(l1) * Math.sign(f[p + i]);
    },

    move_towards(y, x, n, share) {
      const { f } = memory;
      const [q, p] = index(y, x);
      for (let i = 0; i < n; i++) f[q + i] += round(share) * (f[p + i] - f[q + i]);
    },

    swap(x, y, n) {
      const { f } = memory;
      const [p, q] = index(x, y);
      for (let i = 0; i < n; i++) [f[p + i], f[q + i]] = [f[q + i], f[p + i]];
    },
  };
}
