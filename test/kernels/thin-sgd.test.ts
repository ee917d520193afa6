/** thin_sgd against gemm_tn and sgd_step, whose bits it must have. */
import { test } from 'vitest';
import { type Arena, describeBackends, filled, gathered, reals, spread } from './harness.js';
import { expectSame } from './ulp.js';

interface Step {
  readonly M: number;
  readonly N: number;
  readonly K: number;
  readonly end?: 'w' | 'a' | 'b' | undefined;
}

const RATE = 0.3;

function operandsOf(arena: Arena, { M, N, K, end }: Step) {
  const [ldw, lda, ldb] = [N + 3, M + 1, N + 2];
  arena.begin();
  const a = arena.input('a', spread(reals(K * M, 1), K, M, lda), end === 'a');
  const b = arena.input('b', spread(reals(K * N, 2), K, N, ldb), end === 'b');
  const w = arena.output('w', spread(reals(M * N, 3), M, N, ldw), end === 'w');
  return { w, ldw, a: a.pointer, lda, b: b.pointer, ldb };
}

function atOnce(arena: Arena, step: Step): Float64Array {
  const { M, N, K } = step;
  const { w, ldw, a, lda, b, ldb } = operandsOf(arena, step);
  arena.kernels.thin_sgd(w.pointer, ldw, a, lda, b, ldb, M, N, K, RATE);
  arena.check(`thin_sgd ${M}x${N} of ${K} rows, ${step.end} at the end`);
  return gathered(w.read(), M, N, ldw);
}

function oneAfterTheOther(arena: Arena, step: Step): Float64Array {
  const { M, N, K } = step;
  const { w, ldw, a, lda, b, ldb } = operandsOf(arena, step);
  const g = arena.output('g', filled(M * N, 0));
  arena.kernels.gemm_tn(g.pointer, N, 0, arena.work, a, lda, 0, b, ldb, 0, 1, M, N, K, 0, 0);
  const row = (m: number, ld: number) => m * ld * arena.elementBytes;
  for (let m = 0; m < M; m++) arena.kernels.sgd_step(w.pointer + row(m, ldw), g.pointer + row(m, N), N, RATE);
  return gathered(w.read(), M, N, ldw);
}

describeBackends('thin_sgd', (arena) => {
  test.each([0, 1, 2, 3, 4, 5, 9])('does what the product and the step do, of %i rows', (K) => {
    for (const M of [0, 1, 7, 36]) {
      for (const N of [0, 1, 4, 31, 32, 71]) {
        for (const end of [undefined, 'w', 'a', 'b'] as const) {
          const step = { M, N, K, end };
          const expected = oneAfterTheOther(arena, step);
          expectSame(`${M}x${N} of ${K} rows`, atOnce(arena, step), expected);
        }
      }
    }
  });
});
