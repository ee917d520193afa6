/** Parameters by their names, of which a pattern may leave parts open: what is frozen, or adapted. */
import { OptionError, show } from '../base/errors.js';
import { didYouMean } from '../base/options.js';

/** Names that an error lists. */
const LISTED = 20;
/** Patterns that are looked at, at most. */
const MOST = 1000;

/**
 * Those of `all` whose names fit a pattern, or one of a list of patterns, in their own order; a star stands
 * for any characters. Throws OptionError for what is no pattern, and for one that fits none.
 */
export function matching<T extends { readonly name: string }>(
  where: string,
  all: readonly T[],
  patterns: unknown,
): T[] {
  // Of one that is longer than anyone writes, nothing is copied.
  const list: unknown[] = !Array.isArray(patterns)
    ? [patterns]
    : patterns.length <= MOST
      ? [...patterns]
      : [];
  if (list.length === 0 || !list.every((pattern) => typeof pattern === 'string')) {
    const expected = 'names with stars, such as 0.*, or a list of such';
    throw new OptionError(where, `pattern: expected ${expected}, given ${show(patterns)}`);
  }
  for (const pattern of list) {
    if (!all.some(({ name }) => fits(name, pattern))) throw noneFits(where, all, pattern);
  }
  return all.filter(({ name }) => list.some((pattern) => fits(name, pattern)));
}

/** Says which names there are: all of a few, and of many those that are like the pattern. */
function noneFits(where: string, all: readonly { readonly name: string }[], pattern: string): OptionError {
  const names = all.map(({ name }) => name);
  const parts = pattern.split('*').filter((part) => part !== '');
  const alike = names.filter((name) => parts.some((part) => name.includes(part)));
  const near = names.length <= LISTED || alike.length === 0 ? names : alike;
  const listed = `${near.slice(0, LISTED).join(', ')}${near.length > LISTED ? ', …' : ''}`;
  const hint = didYouMean(pattern, names);
  return new OptionError(where, `pattern ${show(pattern)} fits none of the parameters ${listed}${hint}`);
}

/** Whether a name is a pattern's parts, one after the other, with anything where a star stands. */
function fits(name: string, pattern: string): boolean {
  const [first, ...others] = pattern.split('*');
  const last = others.pop();
  if (last === undefined) return name === first;
  if (!name.startsWith(first)) return false;
  let at = first.length;
  for (const part of others) {
    const found = name.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return name.length >= at + last.length && name.endsWith(last);
}
