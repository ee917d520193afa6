/** From what the first pass saw of a column to what is made of it: the rules by which types are inferred, and their refusals. */
import { DataError, show } from '../errors.js';
import type { PreparedColumn, PreparedTarget } from './preparation.js';
import type { ColumnProfile, Counts } from './profile.js';

/** What a column of a table can be taken for. */
export type ColumnType = 'number' | 'category' | 'boolean' | 'date' | 'drop';
/** What a model of a table does. */
export type Task = 'classification' | 'regression';

/** A column that is used, or the reason why it is not. */
export type Decision = { readonly column: PreparedColumn } | { readonly drop: string };

/** Categories up to this many become an input each; more are embedded. */
const MAX_ONE_HOT = 32;
/** Whole numbers up to this many different ones are taken for classes. */
const MAX_NUMBER_CLASSES = 20;
const MAX_CLASSES = 1000;

/** Pairs that are taken for no and yes, whatever their case. */
const BOOLEANS: readonly (readonly [no: string, yes: string])[] = [
  ['false', 'true'],
  ['no', 'yes'],
  ['f', 't'],
  ['n', 'y'],
  ['off', 'on'],
];

/**
 * Decides about an input column.
 *
 * @param type What the caller says it is; found out when undefined.
 * @param where The table's name, for messages.
 * @throws DataError for cells that do not fit the type.
 */
export function decideColumn(profile: ColumnProfile, type: ColumnType | undefined, where: string): Decision {
  if (type === 'drop') return { drop: 'as asked' };
  if (profile.firstNested) {
    const { place, value } = profile.firstNested;
    const isAll = profile.onlyNested && profile.numbers + profile.texts === 0;
    if (isAll && type === undefined) return { drop: 'it holds lists or objects' };
    const expected = 'expected a number, a text, a date, true, false or nothing';
    const advice = `leave the column out with the type "drop"`;
    throw new DataError(where, `${place}: ${expected}, given ${value}; ${advice}`);
  }
  if (profile.numbers + profile.texts === 0) return { drop: 'it is empty' };
  switch (type ?? inferType(profile, where)) {
    case 'number':
      return decideNumber(profile, type !== undefined, where);
    case 'date':
      return decideDate(profile, where);
    case 'boolean':
      return decideBoolean(profile, where);
    default:
      return decideCategory(profile, type !== undefined, where);
  }
}

/** Decides what the target is. Throws DataError for one that is missing somewhere, constant, or of the wrong type. */
export function decideTarget(profile: ColumnProfile, task: Task | undefined, where: string): PreparedTarget {
  const { name } = profile;
  const fail = (problem: string): never => {
    throw new DataError(where, problem);
  };
  if (profile.firstInfinite) {
    const { place, value } = profile.firstInfinite;
    fail(`${place}: expected a finite number, given ${value}`);
  }
  if (profile.numbers + profile.texts === 0)
    fail(`column ${show(name)}: every value of the target is missing`);
  if ((task ?? inferTask(profile, where)) === 'regression') {
    if (profile.firstText) {
      const { place, value } = profile.firstText;
      fail(`${place}: expected a number as the target of a regression, given ${show(value)}`);
    }
    const { mean, deviation } = profile.moments;
    if (!Number.isFinite(deviation))
      fail(`column ${show(name)}: its numbers are too large to be standardised`);
    if (!(deviation > 0)) fail(constant(profile));
    return { kind: 'regression', name, mean, deviation };
  }
  const categories = profile.categories;
  const count = categories?.size ?? Number.POSITIVE_INFINITY;
  if (!categories || count > MAX_CLASSES) {
    const given = categories ? `${count}` : 'more';
    const hint = profile.texts === 0 ? '; if it is a quantity, ask for regression' : '';
    return fail(`column ${show(name)}: expected at most ${MAX_CLASSES} classes, given ${given}${hint}`);
  }
  if (count < 2) fail(constant(profile));
  return { kind: 'classification', name, classes: sorted(categories.keys()) };
}

/** By code units; numbers by size. */
function sorted(names: Iterable<string>): string[] {
  const list = [...names];
  const numeric = list.every((name) => name !== '' && Number.isFinite(Number(name)));
  return numeric ? list.sort((a, b) => Number(a) - Number(b)) : list.sort();
}

function constant(profile: ColumnProfile): string {
  const value = profile.firstNumber?.value ?? profile.firstText?.value ?? '';
  return `column ${show(profile.name)}: the target is always ${show(value)}: there is nothing to learn`;
}

function inferTask(profile: ColumnProfile, where: string): Task {
  if (profile.texts > 0) {
    checkMixed(profile, where);
    return 'classification';
  }
  const distinct = profile.categories?.size ?? Number.POSITIVE_INFINITY;
  const few = distinct === 2 || (distinct <= MAX_NUMBER_CLASSES && 3 * distinct <= profile.numbers);
  return few && !profile.firstFraction ? 'classification' : 'regression';
}

function inferType(profile: ColumnProfile, where: string): ColumnType {
  if (profile.texts === 0) return 'number';
  if (profile.numbers > 0) {
    checkMixed(profile, where);
    return 'category';
  }
  if (!profile.firstNoDate) return 'date';
  return booleanPair(profile) ? 'boolean' : 'category';
}

/** A column of numbers with a few texts is a mistake more often than it is a category: nobody but the caller knows. */
function checkMixed({ numbers, texts, firstText, name }: ColumnProfile, where: string): void {
  if (!firstText || numbers < 4 * texts) return;
  const { place, value } = firstText;
  const rest = `as ${numbers} of ${numbers + texts} values are`;
  const advice = `if it is right, type ${show(name)} as category`;
  throw new DataError(where, `${place}: expected a number, ${rest}, given ${show(value)}; ${advice}`);
}

function decideNumber(profile: ColumnProfile, asked: boolean, where: string): Decision {
  const { name, moments, missing, missingInTraining } = profile;
  if (profile.firstText) {
    const { place, value } = profile.firstText;
    throw new DataError(where, `${place}: expected a number, given ${show(value)}`);
  }
  if (profile.firstInfinite) {
    const { place, value } = profile.firstInfinite;
    throw new DataError(where, `${place}: expected a finite number, given ${value}`);
  }
  if (!profile.varies) return { drop: `it is always ${profile.firstNumber?.value}` };
  const whole = !profile.firstFraction;
  if (!asked && whole && missing === 0) {
    if (profile.consecutive && profile.numbers > 2) return { drop: 'it numbers the rows' };
    if (!profile.categories && isIdName(name)) return { drop: 'it identifies rows' };
  }
  if (moments.count > 0 && !Number.isFinite(moments.deviation)) {
    throw new DataError(where, `column ${show(name)}: its numbers are too large to be standardised`);
  }
  if (!(moments.deviation > 0)) return { drop: 'it is constant in the rows that train' };
  const indicator = missingInTraining > 0;
  return {
    column: { kind: 'number', name, mean: moments.mean, deviation: moments.deviation, indicator },
  };
}

function decideDate(profile: ColumnProfile, where: string): Decision {
  const { name, days, missingInTraining, hasTime } = profile;
  const odd = profile.firstNoDate ?? profile.firstNumber;
  if (odd) {
    const expected = 'expected a date such as 2024-01-31';
    throw new DataError(where, `${odd.place}: ${expected}, given ${show(odd.value)}`);
  }
  if (!(days.deviation > 0)) return { drop: 'it is constant' };
  const indicator = missingInTraining > 0;
  return {
    column: {
      kind: 'date',
      name,
      mean: days.mean,
      deviation: days.deviation,
      indicator,
      time: hasTime,
    },
  };
}

function decideBoolean(profile: ColumnProfile, where: string): Decision {
  const { name, categories, missingInTraining } = profile;
  const pair = booleanPair(profile) ?? (categories?.size === 2 ? sorted(categories.keys()) : undefined);
  if (!pair || !categories) {
    const given = categories ? `${categories.size}` : 'many';
    throw new DataError(where, `column ${show(name)}: expected two values, given ${given}`);
  }
  const [no, yes] = pair;
  const count = (value: string) => categories.get(value)?.train ?? 0;
  const total = count(no) + count(yes);
  const mean = count(yes) / total;
  const deviation = Math.sqrt(mean * (1 - mean));
  if (!(deviation > 0)) return { drop: 'it is constant in the rows that train' };
  return {
    column: { kind: 'boolean', name, mean, deviation, indicator: missingInTraining > 0, values: [no, yes] },
  };
}

/** The two values, as they are written, when they are a pair of words for no and yes. */
function booleanPair({ categories }: ColumnProfile): [no: string, yes: string] | undefined {
  if (categories?.size !== 2) return undefined;
  const [a, b] = [...categories.keys()];
  for (const [no, yes] of BOOLEANS) {
    if (a.toLowerCase() === no && b.toLowerCase() === yes) return [a, b];
    if (b.toLowerCase() === no && a.toLowerCase() === yes) return [b, a];
  }
  return undefined;
}

function decideCategory(profile: ColumnProfile, asked: boolean, where: string): Decision {
  const { name, categories } = profile;
  const present = profile.numbers + profile.texts;
  if (!categories) {
    if (asked) {
      throw new DataError(where, `column ${show(name)}: it has too many different values for a category`);
    }
    return { drop: 'it is text: too many different values' };
  }
  if (!asked && isText(categories.size, present)) {
    return {
      drop:
        categories.size === present
          ? 'it is text: no value occurs twice'
          : `it is text: ${categories.size} different values in ${present}`,
    };
  }
  const missing = profile.missingInTraining > 0;
  const { kept, others } = frequent(categories);
  if (kept.length === 0 || (kept.length === 1 && !missing && !others)) {
    return {
      drop: categories.size === 1 ? `it is always ${show(kept[0])}` : 'it is constant in the rows that train',
    };
  }
  const common = { kind: 'category', name, categories: sorted(kept), others, missing } as const;
  if (kept.length <= MAX_ONE_HOT) return { column: { ...common, encoding: 'oneHot' } };
  return { column: { ...common, encoding: 'embedding', width: embeddingWidth(kept.length) } };
}

/** fastai's rule of thumb for the width of an embedding (fastai.tabular.model, emb_sz_rule), with a lower limit. */
function embeddingWidth(categories: number): number {
  return Math.min(50, Math.round(1.6 * categories ** 0.56));
}

/** Values that identify rows rather than group them. */
function isText(distinct: number, present: number): boolean {
  return distinct > 20 ? 2 * distinct > present : distinct === present && present > 2;
}

/** Those that training sees twice or more; the others teach the model what an unknown value is like. */
function frequent(categories: ReadonlyMap<string, Counts>): { kept: string[]; others: boolean } {
  const seen = [...categories].filter(([, { train }]) => train > 0);
  const often = seen.filter(([, { train }]) => train > 1);
  const kept = often.length >= 2 ? often : seen;
  return { kept: kept.map(([name]) => name), others: kept.length < seen.length };
}

function isIdName(name: string): boolean {
  return /^(id|index|uuid|guid|rowid|unnamed: 0|.*[_ -]id)$/i.test(name) || /[a-z](Id|ID)$/.test(name);
}
