/**
 * Settings as data: what each is called, what it may be, what it is when nothing is said, and what it is for.
 * The reader of configuration files, the flags of the command line with their help, and the table in the docs
 * are all made of these entries.
 */
import { describeRange, inside, type NumberRange, OptionReader } from './options.js';

/** What values a setting can have, and how they are written in JSON and on the command line. */
export interface Kind<T> {
  /** For messages: `a number, at least 0`. */
  readonly expected: string;
  /** What stands for the value in help, such as `<n>`; absent for a switch. */
  readonly placeholder?: string;
  /** The names among which there is a choice. */
  readonly choices?: readonly string[];
  /**
   * The value that a word of the command line stands for; undefined for none. `before` is that of the same
   * flag given before.
   */
  parse(text: string, before?: T): T | undefined;
  /** The value that a JSON value stands for; undefined for none. */
  read(json: unknown): T | undefined;
}

/** One entry of a table of settings. Its key is its name in files, and with hyphens its flag. */
export interface Setting<T = unknown> {
  readonly kind: Kind<T>;
  /** For help and docs. */
  readonly about: string;
  /** The heading under which help lists it. */
  readonly group: string;
  /** What it is when nothing is said; absent where that is nothing, or depends on other settings. */
  readonly fallback?: T;
  /** In words, where it depends. */
  readonly otherwise?: string;
  /** Of a switch: what `--no-` and its name is for, where both may be said. */
  readonly negated?: string;
  /** What the command line takes besides values, and who reads it makes into one. */
  readonly words?: readonly string[];
  /** Names of earlier versions, which files and the command line may still use. */
  readonly formerly?: readonly string[];
}

export type SettingsTable = Readonly<Record<string, Setting>>;

type ValueOf<S> = S extends { readonly kind: Kind<infer T> } ? T : never;

/** The values of those settings that have one when nothing is said. */
type Settled<Table> = {
  -readonly [Key in keyof Table as Table[Key] extends { fallback: unknown } ? Key : never]: ValueOf<
    Table[Key]
  >;
};

/** The values of a table's settings. */
export type SettingValues<Table> = Settled<Table> & {
  -readonly [Key in keyof Table as Table[Key] extends { fallback: unknown } ? never : Key]?: ValueOf<
    Table[Key]
  >;
};

/** What the settings are when nothing is said. */
export function fallbacksOf<Table extends SettingsTable>(table: Table): Settled<Table> {
  const entries = Object.entries(table).filter(([, { fallback }]) => fallback !== undefined);
  return Object.fromEntries(entries.map(([key, { fallback }]) => [key, fallback])) as Settled<Table>;
}

/**
 * Reads settings from JSON, under their own names or earlier ones. Those that are not there stay absent.
 *
 * @param others Keys of `given` that somebody else reads.
 * @throws OptionError for a value that a setting cannot have, and for a key that is none.
 */
export function readSettingValues<Table extends SettingsTable>(
  where: string,
  table: Table,
  given: unknown,
  others: readonly string[] = [],
): Partial<SettingValues<Table>> {
  const reader = new OptionReader(where, given);
  const values: Record<string, unknown> = {};
  for (const key of others) reader.any(key);
  for (const [key, { kind, formerly = [] }] of Object.entries(table)) {
    for (const name of [...formerly, key]) {
      const accepts = (value: unknown): value is unknown => kind.read(value) !== undefined;
      const value = reader.optional(name, kind.expected, accepts);
      if (value !== undefined) values[key] = kind.read(value);
    }
  }
  reader.end();
  return values as Partial<SettingValues<Table>>;
}

/** The flag of a setting: `batchSize` is `--batch-size`. */
export function flagOf(key: string): string {
  return `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** NaN unless all of the text is a decimal number: Number() would also read '', ' ' and '0x10'. */
function toNumber(text: string): number {
  return /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
}

function numeric(expected: string, accepts: (value: number) => boolean, placeholder: string): Kind<number> {
  const read = (json: unknown) => (typeof json === 'number' && accepts(json) ? json : undefined);
  return { expected, placeholder, read, parse: (text) => read(toNumber(text)) };
}

/** A finite number within `range`. */
export function number(range: NumberRange = {}, placeholder = '<number>'): Kind<number> {
  const accepts = (value: number) => Number.isFinite(value) && inside(value, range);
  return numeric(`a number${describeRange(range)}`, accepts, placeholder);
}

/** A whole number within `range`. */
export function integer(range: NumberRange = {}, placeholder = '<n>'): Kind<number> {
  const accepts = (value: number) => Number.isSafeInteger(value) && inside(value, range);
  return numeric(`a whole number${describeRange(range)}`, accepts, placeholder);
}

const UNITS = ['K', 'M', 'G', 'T'];

/** Bytes within `range`: in JSON a number; on the command line 512M or 1.5G, each unit 1024 of the one before. */
export function byteCount(range: NumberRange & { readonly min: number }): Kind<number> {
  const { read } = integer(range);
  return {
    expected: `bytes such as 512M or 2G, at least ${byteText(range.min)}`,
    placeholder: '<bytes>',
    read,
    parse(words) {
      const [, digits = '', unit = ''] = /^(\d+(?:\.\d+)?)([KMGT]?)(?:i?B)?$/i.exec(words.trim()) ?? [];
      return read(Math.floor(toNumber(digits) * 1024 ** (1 + UNITS.indexOf(unit.toUpperCase()))));
    },
  };
}

/** Bytes in words: 512 MiB. */
export function byteText(bytes: number): string {
  const power = Math.max(0, Math.min(UNITS.length, Math.floor(Math.log2(Math.max(1, bytes)) / 10)));
  if (power === 0) return `${bytes} bytes`;
  return `${Number((bytes / 1024 ** power).toPrecision(3))} ${UNITS[power - 1]}iB`;
}

/**
 * True or false: on the command line a switch, which begins with `no-` where it is true when nothing is said.
 */
export function flag(): Kind<boolean> {
  const read = (json: unknown) => (typeof json === 'boolean' ? json : undefined);
  return { expected: 'true or false', read, parse: () => undefined };
}

/** Any text. */
export function text(placeholder: string): Kind<string> {
  const read = (json: unknown) => (typeof json === 'string' ? json : undefined);
  return { expected: 'a text', placeholder, read, parse: read };
}

/** One of some names. */
export function oneOf<const T extends string>(choices: readonly T[], placeholder = '<name>'): Kind<T> {
  const read = (json: unknown) => choices.find((name) => name === json);
  const expected = choices.length === 1 ? choices[0] : `one of ${choices.join(', ')}`;
  return { expected, placeholder, choices, read, parse: read };
}

/** Several of some names; on the command line with commas between them. */
export function listOf<const T extends string>(choices: readonly T[], example: string): Kind<readonly T[]> {
  const read = (json: unknown) =>
    Array.isArray(json) && json.every((name) => choices.includes(name)) ? (json as T[]) : undefined;
  return {
    expected: `names such as ${example}, of ${choices.join(', ')}`,
    placeholder: '<names>',
    read,
    parse: (words) => read(words.split(',').map((name) => name.trim())),
  };
}

/** Several texts; on the command line with commas between them. */
export function texts(placeholder: string, example: string): Kind<readonly string[]> {
  const isText = (item: unknown) => typeof item === 'string' && item !== '';
  const read = (json: unknown) =>
    Array.isArray(json) && json.length > 0 && json.every(isText) ? (json as string[]) : undefined;
  return {
    expected: `texts such as ${example}`,
    placeholder,
    read,
    parse: (words) => read(words.split(',').map((word) => word.trim())),
  };
}

/** Whole numbers of at least 1, of which there may be none; on the command line `300,100`, or `none`. */
export function widths(): Kind<readonly number[]> {
  const read = (json: unknown) =>
    Array.isArray(json) && json.every((width) => Number.isSafeInteger(width) && width >= 1)
      ? (json as number[])
      : undefined;
  return {
    expected: 'whole numbers of at least 1 such as 300,100, or none',
    placeholder: '<widths>',
    read,
    parse: (words) => (words === 'none' ? [] : read(words.split(',').map((part) => toNumber(part.trim())))),
  };
}

/**
 * A name alone, or an object with options besides: `{ kind: 'huber', delta: 2 }`. Who makes it checks the
 * options.
 */
export type Choice<Name extends string> =
  | Name
  | ({ readonly kind: Name } & Readonly<Record<string, unknown>>);

/**
 * A name with options of its own: on the command line `huber:delta=2`, more of them with commas between,
 * several numbers of one with slashes. `formerly` says which names stand for which in files and habits of
 * earlier versions.
 */
export function choice<const Name extends string>(
  choices: readonly Name[],
  example: string,
  formerly: Readonly<Record<string, Name>> = {},
): Kind<Choice<Name>> {
  const nameOf = (name: unknown): Name | undefined =>
    choices.find((known) => known === name) ??
    (typeof name === 'string' && Object.hasOwn(formerly, name) ? formerly[name] : undefined);
  const withOptions = (name: unknown, options: Readonly<Record<string, unknown>>) => {
    const kind = nameOf(name);
    if (kind === undefined) return undefined;
    return Object.keys(options).length === 0 ? kind : { kind, ...options };
  };
  return {
    expected: `one of ${choices.join(', ')}, or one with options such as ${example}`,
    placeholder: '<name>',
    choices,
    read(json) {
      if (typeof json !== 'object' || json === null || Array.isArray(json)) return nameOf(json);
      const { kind, ...options } = json as Record<string, unknown>;
      return withOptions(kind, options);
    },
    parse(words) {
      const [, name, rest] = /^([^:]*)(?::(.*))?$/s.exec(words) ?? [];
      if (rest === undefined) return nameOf(name);
      const pairs = rest.split(',').map((pair) => /^(?!kind=)([^=]+)=(.+)$/s.exec(pair.trim()));
      if (!pairs.every((pair) => pair !== null)) return undefined;
      return withOptions(name, Object.fromEntries(pairs.map(([, key, value]) => [key, toValue(value)])));
    },
  };
}

/** The name and the options of a choice. */
export function partsOf<Name extends string>(
  given: Choice<Name>,
): { kind: Name; options: Readonly<Record<string, unknown>> } {
  if (typeof given === 'string') return { kind: given, options: {} };
  const { kind, ...options } = given;
  return { kind, options };
}

/** The choice as an object, whether or not there are options. */
export function configOf<Name extends string>(
  given: Choice<Name>,
): { readonly kind: Name } & Readonly<Record<string, unknown>> {
  return typeof given === 'string' ? { kind: given } : given;
}

/** What a text in a choice's options stands for: a number, several, a truth, or itself. */
function toValue(words: string): unknown {
  if (words === 'true' || words === 'false') return words === 'true';
  const numbers = words.split('/').map(toNumber);
  if (numbers.some(Number.isNaN)) return words;
  return numbers.length === 1 ? numbers[0] : numbers;
}
