/**
 * The one place where options objects are read. Every option goes through a typed getter, and a key that no
 * getter asked for is an error that names it, with the nearest known key.
 */
import { isMap } from './arrays.js';
import { OptionError, show } from './errors.js';
import type { Global } from './globals.js';

/** What options often are, for `OptionReader.optional` and `required`. */
export const isText = (value: unknown): value is string => typeof value === 'string';
export const isSignal = (value: unknown): value is Global<'AbortSignal'> =>
  typeof value === 'object' && value !== null && 'aborted' in value;

export interface NumberRange {
  /** Smallest value allowed. */
  min?: number;
  /** The value must be greater than this. */
  above?: number;
  /** Largest value allowed. */
  max?: number;
  /** The value must be less than this. */
  below?: number;
}

export class OptionReader {
  readonly #where: string;
  readonly #given: Record<string, unknown>;
  readonly #asked: string[] = [];

  constructor(where: string, given: unknown) {
    if (given !== undefined && (typeof given !== 'object' || given === null || Array.isArray(given))) {
      throw new OptionError(where, `expected an options object, given ${show(given)}`);
    }
    this.#where = where;
    this.#given = (given ?? {}) as Record<string, unknown>;
  }

  /** A finite number within `range`; `fallback` when absent, required when there is none. */
  number(key: string, range: NumberRange = {}, fallback?: number): number {
    const value = this.#take(key, fallback, `a number${describeRange(range)}`);
    if (typeof value !== 'number' || !Number.isFinite(value) || !inside(value, range)) {
      this.#fail(key, `a finite number${describeRange(range)}`, value);
    }
    return value;
  }

  /** A safe integer within `range`. */
  integer(key: string, range: NumberRange = {}, fallback?: number): number {
    const value = this.#take(key, fallback, `a whole number${describeRange(range)}`);
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || !inside(value, range)) {
      this.#fail(key, `a whole number${describeRange(range)}`, value);
    }
    return value;
  }

  boolean(key: string, fallback?: boolean): boolean {
    const value = this.#take(key, fallback, 'true or false');
    if (typeof value !== 'boolean') this.#fail(key, 'true or false', value);
    return value;
  }

  string(key: string, fallback?: string): string {
    const value = this.#take(key, fallback, 'a string');
    if (typeof value !== 'string') this.#fail(key, 'a string', value);
    return value;
  }

  /** One of some words; `note` is said beside them. */
  oneOf<T extends string>(key: string, choices: readonly T[], fallback?: T, note = ''): T {
    const expected = `one of ${choices.map(show).join(', ')}${note}`;
    const value = this.#take(key, fallback, expected);
    if (!choices.includes(value as T)) this.#fail(key, expected, value);
    return value as T;
  }

  /** A value that `accepts` recognises; undefined when absent. `expected` names it in the message. */
  optional<T>(key: string, expected: string, accepts: (value: unknown) => value is T): T | undefined {
    const value = this.#peek(key);
    if (value === undefined) return undefined;
    if (!accepts(value)) this.#fail(key, expected, value);
    return value;
  }

  /** Whatever is given, for others to look at; undefined when absent. */
  any(key: string): unknown {
    return this.#peek(key);
  }

  /** Whatever is given, or a value that `accepts` recognises. */
  required(key: string, expected: string): unknown;
  required<T>(key: string, expected: string, accepts: (value: unknown) => value is T): T;
  required(key: string, expected: string, accepts?: (value: unknown) => boolean): unknown {
    const value = this.#take(key, undefined, expected);
    if (accepts && !accepts(value)) this.#fail(key, expected, value);
    return value;
  }

  callback<F extends (...args: never[]) => unknown>(key: string): F | undefined {
    return this.optional(key, 'a function', (value): value is F => typeof value === 'function');
  }

  /** Call last: throws for the first key that no getter has asked for. */
  end(): void {
    for (const key of Object.keys(this.#given)) {
      if (this.#asked.includes(key)) continue;
      const known =
        this.#asked.length > 0 ? `expected one of ${this.#asked.join(', ')}` : 'expected no options';
      throw new OptionError(
        this.#where,
        `unknown option ${show(key)}; ${known}${didYouMean(key, this.#asked)}`,
      );
    }
  }

  #peek(key: string): unknown {
    this.#asked.push(key);
    return this.#given[key];
  }

  #take(key: string, fallback: unknown, expected: string): unknown {
    const value = this.#peek(key);
    if (value !== undefined) return value;
    if (fallback === undefined) {
      const near = Object.keys(this.#given).find((given) => didYouMean(given, [key]) !== '');
      const hint = near === undefined ? '' : `; given was ${show(near)}`;
      throw new OptionError(this.#where, `option ${key} is required: ${expected}${hint}`);
    }
    return fallback;
  }

  #fail(key: string, expected: string, value: unknown): never {
    throw new OptionError(this.#where, `option ${key}: expected ${expected}, given ${show(value)}`);
  }
}

/** Checks one positional argument: a whole number within `range`. */
export function checkInteger(where: string, name: string, value: unknown, range: NumberRange = {}): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || !inside(value, range)) {
    throw new OptionError(
      where,
      `${name}: expected a whole number${describeRange(range)}, given ${show(value)}`,
    );
  }
  return value;
}

/** Throws OptionError for something that is no Map. */
export function checkMap(where: string, name: string, value: unknown): void {
  if (!isMap(value)) throw new OptionError(where, `${name}: expected a Map, given ${show(value)}`);
}

/** Throws OptionError for something that is no path of a file or folder. */
export function checkPath(where: string, path: unknown): asserts path is string {
  if (typeof path === 'string' && path !== '' && !path.includes('\0')) return;
  throw new OptionError(
    where,
    `path: expected the path of a file or folder as a string, given ${show(path)}`,
  );
}

/** The phrase `; did you mean "x"?` when one of `known` is within two edits of `word`, else nothing. */
export function didYouMean(word: string, known: readonly string[]): string {
  let best = '';
  // Two edits of a word of two letters would lead anywhere.
  let bestDistance = Math.min(3, Math.ceil(word.length / 2));
  for (const candidate of known) {
    // So many edits there are at least; a word of a million letters is not compared with any.
    if (Math.abs(candidate.length - word.length) >= bestDistance) continue;
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase(), bestDistance);
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best ? `; did you mean ${show(best)}?` : '';
}

/** @internal */
export function inside(value: number, { min, above, max, below }: NumberRange): boolean {
  return (
    (min === undefined || value >= min) &&
    (above === undefined || value > above) &&
    (max === undefined || value <= max) &&
    (below === undefined || value < below)
  );
}

/** @internal For messages: `, at least 0 and less than 1`, or nothing. */
export function describeRange({ min, above, max, below }: NumberRange): string {
  const parts: string[] = [];
  if (min !== undefined) parts.push(`at least ${min}`);
  if (above !== undefined) parts.push(`greater than ${above}`);
  if (max !== undefined) parts.push(`at most ${max}`);
  if (below !== undefined) parts.push(`less than ${below}`);
  return parts.length > 0 ? `, ${parts.join(' and ')}` : '';
}

/**
 * Levenshtein's distance where it is at most `limit`, else any larger number. A cell of the table that lies
 * further from its diagonal than that cannot be on the way, so that only a band of it is filled: a row of the
 * table at a time, `limit` cells to both sides.
 */
function editDistance(a: string, b: string, limit: number): number {
  const width = 2 * limit + 1;
  const beyond = limit + 1;
  // Cell k of row i stands for column i + k - limit.
  let row = Array.from({ length: width }, (_, k) => (k < limit ? beyond : k - limit));
  for (let i = 1; i <= a.length; i++) {
    const next = new Array<number>(width).fill(beyond);
    for (let k = 0; k < width; k++) {
      const j = i + k - limit;
      if (j === 0) next[k] = i;
      if (j < 1 || j > b.length) continue;
      const replaced = row[k] + (a[i - 1] === b[j - 1] ? 0 : 1);
      const removed = k + 1 < width ? row[k + 1] + 1 : beyond;
      const added = k > 0 ? next[k - 1] + 1 : beyond;
      next[k] = Math.min(replaced, removed, added);
    }
    row = next;
  }
  return row[b.length - a.length + limit] ?? beyond;
}
