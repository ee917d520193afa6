/** Turns words of the command line into values. What does not fit is an error that says what was given and expected. */
import { InvalidArgumentError, Option } from 'commander';
import type { EngineOptions } from '../engine/create.js';

/** Options of every command. */
interface CommonOptions {
  json?: true;
  debug?: true;
}

/** Options of every command that computes: as `createEngine` takes them. */
export type ComputeOptions = CommonOptions & Required<EngineOptions>;

export function commonOptions(): Option[] {
  return [
    new Option(
      '--json',
      'one JSON object as the last line of standard output; all else goes to standard error',
    ),
    new Option('--debug', 'show the stack of an error'),
  ];
}

export function engineOptions(): Option[] {
  return [
    new Option('--backend <name>', 'what computes').choices(['auto', 'wasm', 'reference']).default('auto'),
    new Option('--math <name>', 'strict: the same bits everywhere; fma: faster')
      .choices(['auto', 'strict', 'fma'])
      .default('auto'),
    new Option('--threads <n>', 'threads that compute; the result is the same for any number')
      .argParser(threads)
      .default('auto', 'the usable cores'),
    new Option('--turbo', '256-bit code by an experiment of V8 (Node 24 and later, x86-64)').default(false),
  ];
}

/** `auto` or a number of threads. */
function threads(text: string): 'auto' | number {
  return text === 'auto' ? 'auto' : whole({ min: 1, max: 64 })(text);
}

interface Limits {
  min?: number;
  max?: number;
}

/** A parser of whole numbers. */
export function whole({ min = 0, max = Number.MAX_SAFE_INTEGER }: Limits = {}): (text: string) => number {
  return (text) => {
    const value = toNumber(text);
    if (Number.isSafeInteger(value) && value >= min && value <= max) return value;
    const upTo = max < Number.MAX_SAFE_INTEGER ? ` and at most ${max}` : '';
    throw new InvalidArgumentError(`Expected a whole number, at least ${min}${upTo}.`);
  };
}

/** A finite number greater than 0. */
export function positive(text: string): number {
  const value = toNumber(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError('Expected a number greater than 0.');
}

/** A finite number greater than 0, or `find`. */
export function rateOrFind(text: string): number | 'find' {
  if (text === 'find') return text;
  const value = toNumber(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError('Expected a number greater than 0, or find.');
}

/** A finite number, at least 0. */
export function atLeastZero(text: string): number {
  const value = toNumber(text);
  if (Number.isFinite(value) && value >= 0) return value;
  throw new InvalidArgumentError('Expected a number, at least 0.');
}

/** A number from 0 up to but not including 1. */
export function share(text: string): number {
  const value = toNumber(text);
  if (value >= 0 && value < 1) return value;
  throw new InvalidArgumentError('Expected a number, at least 0 and less than 1, such as 0.1.');
}

/** `300,100` or `none`. */
export function widths(text: string): number[] {
  if (text === 'none') return [];
  const sizes = text.split(',').map((part) => toNumber(part.trim()));
  if (sizes.every((size) => Number.isSafeInteger(size) && size >= 1)) return sizes;
  throw new InvalidArgumentError('Expected whole numbers of at least 1 such as 300,100, or none.');
}

/** `A:B`, from A up to but not including B. */
export function range(text: string): [from: number, to: number] {
  const [from, to, ...rest] = text.split(':').map(toNumber);
  const good = rest.length === 0 && [from, to].every(Number.isSafeInteger) && 0 <= from && from < to;
  if (good) return [from, to];
  throw new InvalidArgumentError('Expected A:B with 0 <= A < B; B itself is left out.');
}

/** `500` or `500steps`, `2epochs`, `30s`, or `never`. */
export function interval(
  text: string,
): { everySteps: number } | { everyEpochs: number } | { everySeconds: number } | 'never' {
  if (text === 'never') return text;
  const [, digits, unit = 'steps'] = /^([\d.]+) ?(steps?|epochs?|s)?$/.exec(text.trim()) ?? [];
  const value = toNumber(digits ?? '');
  const whole = Number.isSafeInteger(value);
  if (value > 0 && (whole || unit === 's')) {
    if (unit === 's') return { everySeconds: value };
    return unit.startsWith('step') ? { everySteps: value } : { everyEpochs: value };
  }
  throw new InvalidArgumentError(
    'Expected steps such as 500, epochs such as 1epoch, seconds such as 30s, or never.',
  );
}

/** NaN unless all of the text is a decimal number: Number() would also read '', ' ' and '0x10'. */
function toNumber(text: string): number {
  return /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
}
