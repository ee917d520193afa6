/**
 * The space of a study: what each setting may be, and where it lies between 0 and 1. Samplers see only the
 * latter. A space that contradicts itself is refused here, before any trial.
 */
import { isPlainObject } from '../base/arrays.js';
import { OptionError, show } from '../base/errors.js';
import { canonicalJson } from '../base/json.js';
import { OptionReader } from '../base/options.js';
import { ln } from '../base/random.js';
import { exp } from './math.js';

/** Values that choices may have: those of JSON. */
export type SettingValue =
  | string
  | number
  | boolean
  | null
  | readonly SettingValue[]
  | { readonly [key: string]: SettingValue };

/** The settings of a trial, by name: of those dimensions that are active. */
export type TrialSettings = Readonly<Record<string, SettingValue>>;

/** For which values of other settings, which are choices or whole numbers, there is this one. */
export type SettingCondition = Readonly<Record<string, SettingValue>>;

interface Range {
  /** Smallest value. */
  readonly low: number;
  /** Largest value. */
  readonly high: number;
  /** Evenly by the logarithm; false by default. */
  readonly log?: boolean;
  /** Distance of values, from `low` on; of whole numbers 1 by default. */
  readonly step?: number;
  /** Another setting's name and its value, or a list of its values, for which there is this setting. */
  readonly when?: SettingCondition;
}

/** A number between two others. */
export interface NumberOptions extends Range {
  readonly kind: 'number';
}

/** A whole number between two others, both included. */
export interface IntegerOptions extends Range {
  readonly kind: 'integer';
}

/** One of some values. */
export interface ChoiceOptions {
  readonly kind: 'choice';
  readonly values: readonly SettingValue[];
  readonly when?: SettingCondition;
}

/** What each setting may be, by its name. */
export type SpaceOptions = Readonly<Record<string, NumberOptions | IntegerOptions | ChoiceOptions>>;

interface Named {
  readonly name: string;
  /** All of them must hold; an entry lists the canonical JSON of the values that do. */
  readonly when: readonly { readonly name: string; readonly values: readonly SettingValue[] }[];
}

/** A dimension along which there is an order. */
export interface NumericDimension extends Named {
  readonly kind: 'number' | 'integer';
  readonly low: number;
  readonly high: number;
  readonly log: boolean;
  /** Absent where any number will do. */
  readonly step?: number;
}

export interface ChoiceDimension extends Named {
  readonly kind: 'choice';
  readonly values: readonly SettingValue[];
}

export type Dimension = NumericDimension | ChoiceDimension;

/** Of lists and objects in a choice; it also ends a cycle. */
const DEPTH = 8;
/** A logarithm is taken of what is no smaller. */
const LEAST_LOG = 1e-300;
/** Values of a choice, and of a list in one. */
const MOST_CHOICES = 10_000;
/** More values than a choice or a range of steps can have. */
const MOST_VALUES = 2 ** 31;

export class Space {
  /** A dimension comes after those on which it depends. */
  readonly dimensions: readonly Dimension[];

  private constructor(dimensions: readonly Dimension[]) {
    this.dimensions = dimensions;
  }

  /** Throws OptionError for a space that is empty or contradicts itself. */
  static read(where: string, given: unknown): Space {
    if (!isPlainObject(given)) {
      throw new OptionError(where, `space: expected an object with settings by name, given ${show(given)}`);
    }
    const entries = Object.entries(given);
    if (entries.length === 0)
      throw new OptionError(where, 'space: expected at least one setting, given none');
    if (Object.hasOwn(given, '__proto__'))
      throw new OptionError(where, 'space: __proto__ is no name of a setting');
    const found = new Map(
      entries.map(([name, own]) => [name, readDimension(`${where}, space.${name}`, name, own)]),
    );
    for (const own of found.values()) checkConditions(where, own, found);
    return new Space(inOrder(where, found));
  }

  /** Whether the dimension is there, given the settings on which it depends. */
  isActive(dimension: Dimension, settings: TrialSettings): boolean {
    return dimension.when.every(
      ({ name, values }) => Object.hasOwn(settings, name) && includes(values, settings[name]),
    );
  }

  /** The settings that `choose` says, dimension by dimension, of those that are active. */
  settle(choose: (dimension: Dimension) => SettingValue): TrialSettings {
    const settings: Record<string, SettingValue> = {};
    for (const dimension of this.dimensions) {
      if (this.isActive(dimension, settings)) settings[dimension.name] = choose(dimension);
    }
    return settings;
  }

  /** Throws OptionError for settings that are not of this space. */
  check(where: string, settings: TrialSettings): void {
    const known = this.settle((dimension) => {
      const value = settings[dimension.name];
      if (value === undefined || !isValue(dimension, value)) {
        throw new OptionError(
          where,
          `${dimension.name}: expected a value of the space, given ${show(value)}`,
        );
      }
      return value;
    });
    const other = Object.keys(settings).find((name) => !Object.hasOwn(known, name));
    if (other !== undefined) throw new OptionError(where, `${show(other)} is no setting of the space here`);
  }
}

/** Values of a dimension that has finitely many; undefined of any other. */
export function countOf(dimension: Dimension): number | undefined {
  if (dimension.kind === 'choice') return dimension.values.length;
  const { low, high, step } = dimension;
  return step === undefined ? undefined : Math.round((high - low) / step) + 1;
}

/** The value with this number, from 0, of a dimension that has finitely many. */
export function valueAt(dimension: Dimension, index: number): SettingValue {
  if (dimension.kind === 'choice') return dimension.values[index];
  const { low, step = 1, kind } = dimension;
  const value = low + index * step;
  // Multiples of 0.1 as people write them.
  return kind === 'integer' ? value : Number(value.toPrecision(12));
}

/** Which of a dimension's values it is; of a choice -1 for none. */
export function indexOf(dimension: Dimension, value: SettingValue): number {
  if (dimension.kind === 'choice') {
    const text = canonicalJson(value);
    return dimension.values.findIndex((own) => canonicalJson(own) === text);
  }
  const { low, step = 1 } = dimension;
  return Math.round((Number(value) - low) / step);
}

/** Where steps have width, a value stands for all up to half a step around it. */
function edges({ low, high, step = 0, log }: NumericDimension): { from: number; to: number } {
  const scale = (value: number) => (log ? ln(value) : value);
  return { from: scale(low - step / 2), to: scale(high + step / 2) };
}

/** Where a number lies, from 0 to 1. */
export function toUnit(dimension: NumericDimension, value: number): number {
  const { from, to } = edges(dimension);
  const place = ((dimension.log ? ln(value) : value) - from) / (to - from);
  return Math.min(1, Math.max(0, place));
}

/** The number that lies there, or next to it. */
export function fromUnit(dimension: NumericDimension, unit: number): number {
  const { low, high, step, log } = dimension;
  const { from, to } = edges(dimension);
  const place = from + unit * (to - from);
  const value = log ? exp(place) : place;
  // 15 digits: a power of ten is then written as one.
  if (step === undefined) return Math.min(high, Math.max(low, Number(value.toPrecision(15))));
  const last = Math.round((high - low) / step);
  const index = Math.min(last, Math.max(0, Math.round((value - low) / step)));
  return valueAt(dimension, index) as number;
}

/** The part of 0 to 1 that a value stands for; undefined where it is a point. */
export function cellOf(dimension: NumericDimension, value: number): readonly [number, number] | undefined {
  const { step } = dimension;
  if (step === undefined) return undefined;
  return [toUnit(dimension, value - step / 2), toUnit(dimension, value + step / 2)];
}

function isValue(dimension: Dimension, value: SettingValue): boolean {
  if (dimension.kind === 'choice') return includes(dimension.values, value);
  return typeof value === 'number' && value >= dimension.low && value <= dimension.high;
}

function includes(values: readonly SettingValue[], value: SettingValue): boolean {
  const text = canonicalJson(value);
  return values.some((own) => canonicalJson(own) === text);
}

function readDimension(where: string, name: string, given: unknown): Dimension {
  const reader = new OptionReader(where, given);
  const kind = reader.oneOf('kind', ['number', 'integer', 'choice']);
  const isObject = (value: unknown): value is SettingCondition => isPlainObject(value);
  const condition = reader.optional('when', 'an object with settings and their values', isObject) ?? {};
  const when = Object.entries(condition).map(([other, values]) => ({
    name: other,
    values: (Array.isArray(values) ? values : [values]) as readonly SettingValue[],
  }));
  if (kind === 'choice') {
    const isList = (value: unknown): value is readonly SettingValue[] =>
      Array.isArray(value) && value.length <= MOST_CHOICES;
    const values = reader.required('values', `a list of at most ${MOST_CHOICES} values`, isList);
    reader.end();
    checkChoice(where, values);
    return { kind, name, when, values };
  }
  const low = kind === 'integer' ? reader.integer('low') : reader.number('low');
  const high = kind === 'integer' ? reader.integer('high') : reader.number('high');
  const log = reader.boolean('log', false);
  const isStep = (value: unknown): value is number =>
    typeof value === 'number' &&
    (kind === 'integer' ? Number.isSafeInteger(value) : Number.isFinite(value)) &&
    value > 0;
  const expected = kind === 'integer' ? 'a whole number, at least 1' : 'a number greater than 0';
  const step = reader.optional('step', expected, isStep);
  reader.end();
  checkRange(where, low, high, log, step);
  const own = step ?? (kind === 'integer' ? 1 : undefined);
  return { kind, name, when, low, high, log, ...(own !== undefined && { step: own }) };
}

function checkChoice(where: string, values: readonly unknown[]): void {
  if (values.length === 0) throw new OptionError(where, 'values: expected at least one, given none');
  const seen = new Set<string>();
  for (const value of values) {
    if (!isJson(value)) throw new OptionError(where, `values: expected values of JSON, given ${show(value)}`);
    // A list and the text that it is written as would be one in the journal.
    const text = typeof value === 'string' ? value : canonicalJson(value);
    if (seen.has(text))
      throw new OptionError(where, `values: expected each one once, given ${show(value)} twice`);
    seen.add(text);
  }
}

function isJson(value: unknown, depth = 0): boolean {
  if (depth > DEPTH) return false;
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value);
  if (Array.isArray(value))
    return value.length <= MOST_CHOICES && value.every((own) => isJson(own, depth + 1));
  return isPlainObject(value) && Object.values(value).every((own) => isJson(own, depth + 1));
}

function checkRange(where: string, low: number, high: number, log: boolean, step: number | undefined): void {
  if (!(low < high))
    throw new OptionError(where, `expected low to be less than high, given ${low} and ${high}`);
  if (!Number.isFinite(high - low)) throw new OptionError(where, 'expected low and high to be nearer');
  if (log && low < LEAST_LOG) {
    throw new OptionError(where, `low: expected a number greater than 0 for a logarithm, given ${low}`);
  }
  if (log && step !== undefined) {
    throw new OptionError(where, 'expected log or step, given both: steps are no longer even in a logarithm');
  }
  if (step === undefined) return;
  const steps = (high - low) / step;
  if (steps > MOST_VALUES)
    throw new OptionError(where, `step: expected fewer than 2^31 steps, given ${steps}`);
  if (Math.abs(steps - Math.round(steps)) > 1e-9 * steps || Math.round(steps) < 1) {
    const reached = low + Math.floor(steps) * step;
    throw new OptionError(
      where,
      `expected whole steps of ${step} from ${low} to ${high}; the last of them ends at ${Number(reached.toPrecision(12))}`,
    );
  }
}

/** A condition names another setting that has such values. */
function checkConditions(
  where: string,
  { name, when }: Dimension,
  all: ReadonlyMap<string, Dimension>,
): void {
  for (const { name: other, values } of when) {
    const at = `${where}, space.${name}, when.${other}`;
    const parent = all.get(other);
    if (!parent)
      throw new OptionError(at, `expected the name of another setting, one of ${[...all.keys()].join(', ')}`);
    if (parent.kind === 'number')
      throw new OptionError(at, 'expected a choice or a whole number to depend on');
    if (values.length === 0 || values.length > MOST_CHOICES) {
      throw new OptionError(at, `expected at least one value, given ${values.length}`);
    }
    const strange = values.find((value) => !isJson(value) || !isValue(parent, value));
    if (strange !== undefined) throw new OptionError(at, `${other} is never ${show(strange)}`);
  }
}

function inOrder(where: string, all: ReadonlyMap<string, Dimension>): Dimension[] {
  const ordered: Dimension[] = [];
  const open = new Set(all.keys());
  while (open.size > 0) {
    const ready = [...open].filter((name) => all.get(name)!.when.every((other) => !open.has(other.name)));
    if (ready.length === 0) {
      throw new OptionError(where, `space: ${[...open].join(', ')} depend on each other in a circle`);
    }
    for (const name of ready) {
      ordered.push(all.get(name)!);
      open.delete(name);
    }
  }
  return ordered;
}
