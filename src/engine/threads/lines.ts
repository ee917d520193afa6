/**
 * Kernels that are cut along one axis, and how: of each a letter for each argument and what an element costs
 * one thread, in nanoseconds, roughly. The build writes them from the signatures (engine/signatures.ts);
 * assembly/threads/lines.ts has the other end.
 *
 *   e  pointer, moved by elements or columns      r  pointer, moved by rows; its leading dimension follows      p  pointer that stays
 *   n  what is cut                                w  the other sides: n · w · w … elements in all               s  scratch space
 *   o  number, moved by the range                 f  float32                                                    _  any other number
 *
 * Capitals point to whole numbers.
 */
import { FIRST_LINE, LINE_ARGUMENTS } from '../constants.js';
import { kernelNames } from '../generated/kernels.js';
import { lines } from '../generated/lines.js';
import type { Kernels } from '../kernels.js';
import { type Call, cutter } from './cut.js';
import type { ThreadPool } from './pool.js';
import type { Splitter } from './split.js';

/** What moves how: the codes of assembly/threads/lines.ts. */
const codesOf: Readonly<Record<string, number>> = { e: 1, E: 1, r: 2, R: 2, n: 3, o: 4, s: 5 };

/** Elements that begin on cache lines; and whole steps of the loops over elements and columns. */
const LINE = 16;

/** Each of these kernels, cut where that pays. */
export function lineKernels(one: Kernels, pool: ThreadPool, splitter: Splitter): Partial<Kernels> {
  const cut = cutter(pool, splitter);
  const entries = lines.map(([letters, cost], index) => {
    const name = kernelNames[index] as keyof Kernels;
    const length = letters.indexOf('n');
    const widths = Array.from(letters).flatMap((letter, i) => (letter === 'w' ? [i] : []));
    const step = /r/i.test(letters) ? 1 : LINE;
    const codes = new Uint8Array(LINE_ARGUMENTS);
    for (const [i, letter] of Array.from(letters).entries()) codes[i] = codesOf[letter] ?? 0;
    const kernel = cut({
      kernel: one[name] as Call,
      job: FIRST_LINE + index,
      isFloat: Array.from(letters, (letter) => letter === 'f'),
      codes: new Int32Array(codes.buffer),
      chunks(given) {
        let each: number = cost;
        for (let i = 0; i < widths.length; i++) each *= given[widths[i]];
        return splitter.line(given[length], step, each);
      },
    });
    return [name, kernel];
  });
  return Object.fromEntries(entries);
}
