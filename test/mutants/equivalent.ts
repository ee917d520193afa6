/**
 * Mutants that compute the same as the kernels, whatever they are given: no test can notice them. Each entry
 * names lines of the kernels by their text, and which changes of them are meant; the reason is for a reader to
 * check. They are counted apart.
 */
import { equivalents } from './equivalents.js';
import { equivalentsOfProducts } from './equivalents-products.js';
import type { Mutant } from './mutants.js';

export interface Equivalent {
  /** Of the file's path. */
  readonly file: RegExp;
  /** Of the line; with ‸, which then stands before what is changed, where the expression has one. */
  readonly line: RegExp;
  /** What is changed and into what, as `before -> after`; any change of the line unless given. */
  readonly change?: RegExp;
  /** The function that the line was inlined into; any unless given. */
  readonly kernel?: RegExp;
  readonly reason: string;
}

export const allEquivalents: readonly Equivalent[] = [...equivalents, ...equivalentsOfProducts];

/** Why a mutant is none; undefined for those that a test should notice. */
export function equivalence({ file, text, marked, before, after, kernel }: Mutant): string | undefined {
  return allEquivalents.find(
    (own) =>
      own.file.test(file) &&
      own.line.test(own.line.source.includes('‸') ? marked : text) &&
      (own.change?.test(`${before} -> ${after}`) ?? true) &&
      (own.kernel?.test(kernel) ?? true),
  )?.reason;
}
