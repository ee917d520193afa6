/** The options that commands share, and the kinds of values that only the command line knows. */
import type { Option } from 'commander';
import { flag, integer, type Kind, oneOf, type Setting, type SettingsTable } from '../base/settings.js';
import type { EngineOptions } from '../create/engine.js';
import { flagsOf } from './flags.js';

/** Options of every command. */
interface CommonOptions {
  json?: true;
  debug?: true;
}

/** Options of every command that computes: as `createEngine` takes them. */
export type ComputeOptions = CommonOptions & Required<Omit<EngineOptions, 'tiles'>>;

const group = 'Options:';

const common = {
  json: {
    kind: flag(),
    about: 'one JSON object as the last line of standard output; all else goes to standard error',
    group,
  },
  debug: { kind: flag(), about: 'show the stack of an error', group },
} satisfies Record<keyof CommonOptions, Setting>;

/** Where there may be a number, and a word that stands for what is best. */
function orWord<T, Word extends string>(kind: Kind<T>, word: Word): Kind<T | Word> {
  return {
    ...kind,
    expected: `${kind.expected}, or ${word}`,
    parse: (text) => (text === word ? word : kind.parse(text)),
    read: (json) => (json === word ? word : kind.read(json)),
  };
}

const engine = {
  backend: {
    kind: oneOf(['auto', 'wasm', 'reference']),
    about: 'what computes',
    group,
    fallback: 'auto',
  },
  math: {
    kind: oneOf(['auto', 'strict', 'fma']),
    about: 'strict: the same bits everywhere; fma: faster',
    group,
    fallback: 'auto',
  },
  threads: {
    kind: orWord(integer({ min: 1, max: 64 }), 'auto'),
    about: 'threads that compute; the result is the same for any number',
    group,
    fallback: 'auto',
    otherwise: 'the usable cores',
  },
  turbo: {
    kind: flag(),
    about: '256-bit code by an experiment of V8 (Node 24 and later, x86-64)',
    group,
    fallback: false,
  },
} satisfies Record<keyof Omit<EngineOptions, 'wasm' | 'tiles'>, Setting>;

export const commonTable: SettingsTable = common;
export const engineTable: SettingsTable = engine;

export function commonOptions(): Option[] {
  return flagsOf(common);
}

export function engineOptions(): Option[] {
  return flagsOf(engine, { defaults: true });
}

/** A whole number of at least 1, or `all`, which is Infinity. */
export function countOrAll(): Kind<number> {
  const count = integer({ min: 1 });
  const parse = (text: string) => (text === 'all' ? Number.POSITIVE_INFINITY : count.parse(text));
  return { ...count, expected: `${count.expected}, or all`, parse };
}

/** `A:B`, from A up to but not including B. */
export function range(): Kind<readonly [from: number, to: number]> {
  const whole = integer({ min: 0 });
  const parse = (text: string) => {
    const [from, to, ...rest] = text.split(':').map((part) => whole.parse(part));
    const good = from !== undefined && to !== undefined && rest.length === 0 && from < to;
    return good ? ([from, to] as const) : undefined;
  };
  return {
    expected: 'A:B with 0 <= A < B; B itself is left out',
    placeholder: '<A:B>',
    parse,
    read: (json) => (typeof json === 'string' ? parse(json) : undefined),
  };
}

type Interval = { everySteps: number } | { everyEpochs: number } | { everySeconds: number } | 'never';

/** `500` or `500steps`, `2epochs`, `30s`, or `never`. */
export function interval(): Kind<Interval> {
  const parse = (text: string): Interval | undefined => {
    if (text === 'never') return text;
    const [, digits, unit = 'steps'] = /^(\d+(?:\.\d*)?|\.\d+) ?(steps?|epochs?|s)?$/.exec(text.trim()) ?? [];
    const value = Number(digits);
    if (!(value > 0) || (!Number.isSafeInteger(value) && unit !== 's')) return undefined;
    if (unit === 's') return { everySeconds: value };
    return unit.startsWith('step') ? { everySteps: value } : { everyEpochs: value };
  };
  return {
    expected: 'steps such as 500, epochs such as 1epoch, seconds such as 30s, or never',
    placeholder: '<interval>',
    parse,
    read: (json) => (typeof json === 'string' ? parse(json) : undefined),
  };
}
