/**
 * Mutants that compute the same as the kernels, whatever they are given: no test can notice them. Each entry
 * names a line of the kernels by its text, and which changes of it are meant; the reason is for a reader to
 * check. They are counted apart.
 */
import type { Mutant } from './mutants.js';

interface Equivalent {
  readonly file: string;
  /** The line begins with it. */
  readonly line: string;
  /** What is changed and into what, as `before -> after`; any change of the line unless given. */
  readonly change?: RegExp;
  /** The function that the line was inlined into; any unless given. */
  readonly kernel?: RegExp;
  readonly reason: string;
}

const equivalents: readonly Equivalent[] = [];

/** Why a mutant is none; undefined for those that a test should notice. */
export function equivalence({ file, text, before, after, kernel }: Mutant): string | undefined {
  return equivalents.find(
    (own) =>
      own.file === file &&
      text.startsWith(own.line) &&
      (own.change?.test(`${before} -> ${after}`) ?? true) &&
      (own.kernel?.test(kernel) ?? true),
  )?.reason;
}
