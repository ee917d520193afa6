/** A kernel whose calls become jobs of the threads where that pays. */
import type { ThreadPool } from './pool.js';
import type { Splitter } from './split.js';

/** Words of a job's arguments; behind them stand the codes of assembly/threads/lines.ts. */
const ARGUMENTS = 20;

export type Call = (...args: (number | undefined)[]) => void;

interface Cut {
  readonly kernel: Call;
  /** The job's number. */
  readonly job: number;
  /** Of each argument, whether it is float32. */
  readonly isFloat: readonly boolean[];
  readonly codes?: Int32Array;
  /**
   * Into how many chunks of the splitter's rows and columns a call is cut; 0 where one thread computes it.
   */
  chunks(given: Readonly<Float64Array>): number;
}

/** Makes such kernels. */
export function cutter(pool: ThreadPool, splitter: Splitter): (cut: Cut) => Call {
  const { words, floats } = pool;
  // One place for all calls: a call allocates nothing.
  const given = new Float64Array(ARGUMENTS);
  return ({ kernel, job, isFloat, codes, chunks }) =>
    (a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t) => {
      given[0] = a!;
      given[1] = b!;
      given[2] = c!;
      given[3] = d!;
      given[4] = e!;
      given[5] = f!;
      given[6] = g!;
      given[7] = h!;
      given[8] = i!;
      given[9] = j!;
      given[10] = k!;
      given[11] = l!;
      given[12] = m!;
      given[13] = n!;
      given[14] = o!;
      given[15] = p!;
      given[16] = q!;
      given[17] = r!;
      given[18] = s!;
      given[19] = t!;
      const parts = chunks(given);
      if (parts === 0) {
        kernel(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t);
        return;
      }
      for (let at = 0; at < isFloat.length; at++) {
        if (isFloat[at]) floats[at] = given[at];
        else words[at] = given[at];
      }
      if (codes) words.set(codes, ARGUMENTS);
      pool.run(job, parts, splitter.rows, splitter.columns);
    };
}
