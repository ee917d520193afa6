/** States and gradients of optimizers at the floors below which they count as 0, one of each at a time. */
import { test } from 'vitest';
import type { Kernels } from '../../src/engine/kernels.js';
import { describeBackends, filled } from './harness.js';
import { runOn, vectorInout } from './operands.js';
import { expectSame } from './ulp.js';

/** A state, or what counts as the gradient, of a call that changes nothing but what is below its floor. */
const floors: [
  name: string,
  floor: number,
  run: (k: Kernels, at: Record<string, number>, n: number) => void,
][] = [
  ['momentum', 2 ** -100, (k, { x, zeros, w }, n) => k.sgd_momentum_step(w, x, zeros, n, 0, 1, 1, 0, 0)],
  [
    'adam, first',
    2 ** -100,
    (k, { x, zeros, w, v }, n) => k.adam_step(w, x, v, zeros, n, 0, 1, 0, 1, 0, 1, 1, 0, 1),
  ],
  [
    'adam, second',
    2 ** -100,
    (k, { x, zeros, w, v }, n) => k.adam_step(w, v, x, zeros, n, 0, 1, 0, 1, 0, 1, 1, 0, 1),
  ],
  [
    'adam, gradient',
    2 ** -56,
    (k, { x, zeros, w, v }, n) => k.adam_step(w, zeros, v, x, n, 0, 0, 1, 1, 0, 1, 1, 0, 1),
  ],
  ['rmsprop', 2 ** -100, (k, { x, zeros, w }, n) => k.rmsprop_step(w, x, 0, 0, zeros, n, 0, 1, 0, 1, 0, 0)],
  [
    'rmsprop, mean',
    2 ** -100,
    (k, { x, zeros, w, v }, n) => k.rmsprop_step(w, v, x, 0, zeros, n, 0, 1, 0, 1, 0, 0),
  ],
  [
    'rmsprop, momentum',
    2 ** -100,
    (k, { x, zeros, w, v }, n) => k.rmsprop_step(w, v, 0, x, zeros, n, 0, 1, 0, 1, 0, 1),
  ],
  [
    'rmsprop, gradient',
    2 ** -56,
    (k, { x, zeros, w, v }, n) => k.rmsprop_step(w, v, zeros, 0, x, n, 0, 0, 1, 1, 0, 0),
  ],
  ['adagrad, gradient', 2 ** -56, (k, { x, zeros, v }, n) => k.adagrad_step(zeros, v, x, n, -1, 1, 0)],
];

describeBackends('floors', (arena) => {
  test.each(floors)('%s: what is smaller becomes 0, and nothing else', (name, floor, run) => {
    const least = [1, 1 - 2 ** -24, 1 + 2 ** -23, 2, 0.5, 1.5, 2 ** 20].flatMap((v) => [
      v * floor,
      -v * floor,
    ]);
    for (const n of [14, 7, 3]) {
      const operands = {
        x: vectorInout(least.slice(0, n)),
        zeros: vectorInout(filled(n, 0)),
        w: vectorInout(filled(n, 0)),
        v: vectorInout(filled(n, 0)),
      };
      const got = runOn(arena, name, operands, ({ x, zeros, w, v }) =>
        run(arena.kernels, { x: x.pointer, zeros: zeros.pointer, w: w.pointer, v: v.pointer }, n),
      );
      const result = name.includes('gradient') ? got.zeros : got.x;
      expectSame(
        name,
        result,
        least.slice(0, n).map((value) => (Math.abs(value) < floor ? 0 : value)),
      );
    }
  });
});
