/**
 * Kernels that are cut along one axis, and how: of each a letter for each argument and what an element costs one thread, in nanoseconds,
 * roughly. The build writes them from the signatures (engine/signatures.ts); assembly/threads/lines.ts has the other end.
 *
 *   e  pointer, moved by elements or columns      r  pointer, moved by rows; its leading dimension follows      p  pointer that stays
 *   n  what is cut                                w  the other side: n · w elements in all
 *   o  number, moved by the range                 f  float32                                                    _  any other number
 *
 * Capitals point to whole numbers.
 */
import { FIRST_LINE, LINE_ARGUMENTS } from '../constants.js';
import { kernelNames } from '../generated/kernels.js';
import { lines } from '../generated/lines.js';
import type { Kernels } from '../kernels.js';
import type { ThreadPool } from './pool.js';
import type { Splitter } from './split.js';

/** What moves how: the codes of assembly/threads/lines.ts. */
const codes: Readonly<Record<string, number>> = { e: 1, E: 1, r: 2, R: 2, n: 3, o: 4 };

/** Elements that begin on cache lines; and whole steps of the loops over elements and columns. */
const LINE = 16;

/** Where the codes stand behind the arguments. */
const CODES = 20;

type Call = (...args: (number | undefined)[]) => void;

/** Each of these kernels, cut where that pays. */
export function lineKernels(one: Kernels, pool: ThreadPool, splitter: Splitter): Partial<Kernels> {
  const { words, floats } = pool;
  // One place for all calls: a call allocates nothing.
  const given = new Float64Array(LINE_ARGUMENTS);

  function cut(kernel: Call, code: number, letters: string, cost: number): Call {
    const length = letters.indexOf('n');
    const width = letters.indexOf('w');
    const step = /r/i.test(letters) ? 1 : LINE;
    const isFloat = Array.from(letters, (letter) => letter === 'f');
    const moves = new Uint8Array(LINE_ARGUMENTS);
    for (const [i, letter] of Array.from(letters).entries()) moves[i] = codes[letter] ?? 0;
    const packed = new Int32Array(moves.buffer);
    return (a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p) => {
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
      const size = given[length];
      const chunks = splitter.line(size, step, width < 0 ? cost : cost * given[width]);
      if (chunks === 0) {
        kernel(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p);
        return;
      }
      for (let at = 0; at < isFloat.length; at++) {
        if (isFloat[at]) floats[at] = given[at];
        else words[at] = given[at];
      }
      words.set(packed, CODES);
      pool.run(code, chunks, splitter.rows);
    };
  }

  const entries = lines.map(([letters, cost], index) => {
    const name = kernelNames[index] as keyof Kernels;
    return [name, cut(one[name] as Call, FIRST_LINE + index, letters, cost)];
  });
  return Object.fromEntries(entries);
}
