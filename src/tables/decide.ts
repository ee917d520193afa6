/**
 * From what the first pass saw of a column to what is made of it: the rules by which types are inferred, and
 * their refusals.
 */

import { DataError, show } from '../base/errors.js';
import { type DateOrder, dateExample } from './dates.js';
import { NameIndex, truthValues } from './names.js';
import { numberHint, type OtherNotation, otherNotation } from './notation.js';
import type { PreparedColumn, PreparedTarget } from './preparation.js';
import type { ColumnProfile, Counts } from './profile.js';
import { MAX_CLASSES } from './split.js';

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

/**
 * Decides about an input column.
 *
 * @param type What the caller says it is; found out when undefined.
 * @param where The table's name, for messages.
 * @param dateOrder Of dates such as 02/03/2024, where no date of the column tells it.
 * @throws DataError for cells that do not fit the type.
 */
export function decideColumn(
  profile: ColumnProfile,
  type: ColumnType | undefined,
  where: string,
  dateOrder?: DateOrder,
): Decision {
  if (type === 'drop') return { drop: 'as asked' };
  if (profile.firstNested) {
    const { place, value } = profile.firstNested;
    const isAll = profile.onlyNested && profile.numbers + profile.texts === 0;
    if (isAll && type === undefined) return { drop: 'it holds lists or objects' };
    const expected = 'expected a number, a text, a date or nothing';
    const advice = `leave the column out with the type "drop"`;
    throw new DataError(where, `${place}: ${expected}, given ${value}; ${advice}`);
  }
  if (profile.numbers + profile.texts === 0) return { drop: 'it is empty' };
  switch (type ?? inferType(profile, where)) {
    case 'number':
      return decideNumber(profile, type !== undefined, where);
    case 'date':
      return decideDate(profile, type !== undefined, where, dateOrder);
    case 'boolean':
      return decideBoolean(profile, where);
    default:
      return decideCategory(profile, type !== undefined, where);
  }
}

/**
 * Decides what the target is. Throws DataError for one that is missing somewhere, constant, or of the wrong
 * type.
 */
export function decideTarget(profile: ColumnProfile, task: Task | undefined, where: string): PreparedTarget {
  const { name } = profile;
  if (profile.numbers + profile.texts === 0) {
    throw new DataError(where, `column ${show(name)}: every value of the target is missing`);
  }
  const decided = task ?? inferTask(profile, where);
  if (decided === 'regression') return decideQuantity(profile, where);
  return decideClasses(profile, task !== undefined, where);
}

function decideQuantity(profile: ColumnProfile, where: string): PreparedTarget {
  const { name, firstInfinite, firstText } = profile;
  if (firstInfinite) {
    throw new DataError(
      where,
      `${firstInfinite.place}: expected a finite number, given ${firstInfinite.value}`,
    );
  }
  if (firstText) {
    const { place, value } = firstText;
    const expected = 'expected a number as the target of a regression';
    const hint = dateTargetHint(profile) || numberHint(value);
    throw new DataError(where, `${place}: ${expected}, given ${show(value)}${hint}`);
  }
  const { mean, deviation } = profile.moments;
  if (!Number.isFinite(deviation)) {
    throw new DataError(where, `column ${show(name)}: its numbers are too large to be standardised`);
  }
  if (!(deviation > 0)) throw new DataError(where, constant(profile));
  return { kind: 'regression', name, mean, deviation };
}

function decideClasses(profile: ColumnProfile, asked: boolean, where: string): PreparedTarget {
  const { name, categories } = profile;
  const count = categories?.size ?? Number.POSITIVE_INFINITY;
  if (!categories || count > MAX_CLASSES) {
    const given = categories ? `${count}` : 'more';
    const hint = profile.texts === 0 ? '; if it is a quantity, ask for regression' : dateTargetHint(profile);
    throw new DataError(
      where,
      `column ${show(name)}: expected at most ${MAX_CLASSES} classes, given ${given}${hint}`,
    );
  }
  if (count < 2) throw new DataError(where, constant(profile));
  if (!asked && hardlyRepeats(profile)) {
    const given = `${count} different values in ${profile.numbers + profile.texts} rows`;
    const advice = `if they are classes all the same, ask for classification${dateTargetHint(profile)}`;
    throw new DataError(
      where,
      `column ${show(name)}: expected classes that repeat, given ${given}; ${advice}`,
    );
  }
  const classes = truthValues(categories.keys()) ?? sorted(categories.keys());
  return { kind: 'classification', name, classes, ...(profile.asWritten && { asWritten: true }) };
}

/** What is said of a target whose values are dates: nothing predicts a point in time. */
function dateTargetHint({ numbers, dates }: ColumnProfile): string {
  if (numbers > 0 || dates.firstOdd || dates.readings.length === 0) return '';
  return '; dates cannot be predicted: put a number in their place, such as days since one of them';
}

/** By code units; numbers by size. */
function sorted(names: Iterable<string>): string[] {
  const list = [...names].sort();
  const numeric = list.every((name) => name !== '' && Number.isFinite(Number(name)));
  // Two texts of one number, 7 and 007, stay in the order of their code units.
  return numeric ? list.sort((a, b) => Number(a) - Number(b)) : list;
}

function constant(profile: ColumnProfile): string {
  const value = profile.firstNumber?.value ?? profile.firstText?.value ?? '';
  return `column ${show(profile.name)}: the target is always ${show(value)}: there is nothing to learn`;
}

function inferTask(profile: ColumnProfile, where: string): Task {
  if (profile.texts > 0) {
    const odd = numbersInOtherNotation(profile);
    if (odd) failNotation(profile, odd, 'if they are classes, ask for classification', where);
    checkMixed(profile, where);
    return 'classification';
  }
  const distinct = profile.categories?.size ?? Number.POSITIVE_INFINITY;
  const few = distinct === 2 || (distinct <= MAX_NUMBER_CLASSES && 3 * distinct <= profile.numbers);
  return few && !profile.firstFraction ? 'classification' : 'regression';
}

function inferType(profile: ColumnProfile, where: string): ColumnType {
  if (profile.texts === 0) return 'number';
  if (profile.numbers === 0 && profile.dates.readings.length > 0) return 'date';
  const odd = numbersInOtherNotation(profile);
  // With a sign, as in 5 %, they may be meant as categories; of those that are dropped the sign is named.
  if (odd && !odd.sign)
    failNotation(profile, odd, `if it is right, type ${show(profile.name)} as category`, where);
  if (profile.numbers === 0) return truthValues(profile.categories?.keys() ?? []) ? 'boolean' : 'category';
  checkMixed(profile, where);
  return 'category';
}

/**
 * The notation of a column's texts, when nearly all of them are numbers in another one than that of the
 * table.
 */
function numbersInOtherNotation({
  texts,
  values,
  firstText,
}: ColumnProfile): (OtherNotation & { text: string }) | undefined {
  if (!firstText) return undefined;
  const counted: Iterable<readonly [string, number]> = values
    ? Array.from(values, ([text, { all }]) => [text, all] as const)
    : [[firstText.value, texts] as const];
  let rows = 0;
  let first: (OtherNotation & { text: string }) | undefined;
  for (const [text, all] of counted) {
    const notation = otherNotation(text);
    if (!notation) continue;
    rows += all;
    first ??= { ...notation, text };
  }
  return rows >= 0.9 * texts ? first : undefined;
}

function failNotation(
  { name, firstText }: ColumnProfile,
  { text, advice }: OtherNotation & { text: string },
  otherwise: string,
  where: string,
): never {
  const place = firstText?.value === text ? firstText.place : `column ${show(name)}`;
  throw new DataError(where, `${place}: expected a number, given ${show(text)}; ${advice}; ${otherwise}`);
}

/**
 * A column of numbers with a few texts is a mistake more often than it is a category: nobody but the caller
 * knows.
 */
function checkMixed({ numbers, texts, firstText, name }: ColumnProfile, where: string): void {
  if (!firstText || numbers < 4 * texts) return;
  const { place, value } = firstText;
  const rest = `as ${numbers} of ${numbers + texts} values are`;
  const advice = `if it is right, type ${show(name)} as category`;
  throw new DataError(
    where,
    `${place}: expected a number, ${rest}, given ${show(value)}${numberHint(value)}; ${advice}`,
  );
}

function decideNumber(profile: ColumnProfile, asked: boolean, where: string): Decision {
  const { name, moments, missing, missingInTraining } = profile;
  if (profile.firstText) {
    const { place, value } = profile.firstText;
    throw new DataError(where, `${place}: expected a number, given ${show(value)}${numberHint(value)}`);
  }
  if (profile.firstInfinite) {
    const { place, value } = profile.firstInfinite;
    throw new DataError(where, `${place}: expected a finite number, given ${value}`);
  }
  if (!profile.varies) return { drop: `it is always ${profile.firstNumber?.value}` };
  const whole = !profile.firstFraction;
  if (!asked && whole && missing === 0) {
    if (profile.numbersRows) return { drop: 'it numbers the rows' };
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

function decideDate(
  profile: ColumnProfile,
  asked: boolean,
  where: string,
  dateOrder: DateOrder | undefined,
): Decision {
  const { name, dates, missingInTraining } = profile;
  const odd = dates.firstOdd ?? profile.firstNumber;
  if (odd) {
    const expected = `expected a date such as ${dateExample(dates.lastOrder)}`;
    throw new DataError(where, `${odd.place}: ${expected}, given ${show(odd.value)}`);
  }
  const { readings } = dates;
  const reading = readings.length === 1 ? readings[0] : readings.find(({ order }) => order === dateOrder);
  if (!reading) {
    const problem = 'day and month cannot be told apart: say --date-order dmy or --date-order mdy';
    if (asked) throw new DataError(where, `column ${show(name)}: ${problem}`);
    return { drop: `its dates are ambiguous: ${problem}` };
  }
  const { days, hasTime, order } = reading;
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
      ...(order && { order }),
    },
  };
}

function decideBoolean(profile: ColumnProfile, where: string): Decision {
  const { name, categories, missingInTraining, asWritten } = profile;
  const names = categories ? [...categories.keys()] : [];
  const pair = truthValues(names) ?? (names.length === 2 ? sorted(names) : undefined);
  if (!pair || !categories) {
    const given = categories ? `${categories.size}` : 'many';
    throw new DataError(where, `column ${show(name)}: expected two values, given ${given}`);
  }
  const [no, yes] = pair;
  const index = new NameIndex({ names: pair, truth: true });
  const counts = [0, 0];
  for (const [text, { train }] of categories) counts[index.find(text)] += train;
  const mean = counts[1] / (counts[0] + counts[1]);
  const deviation = Math.sqrt(mean * (1 - mean));
  if (!(deviation > 0)) return { drop: 'it is constant in the rows that train' };
  return {
    column: {
      kind: 'boolean',
      name,
      mean,
      deviation,
      indicator: missingInTraining > 0,
      values: [no, yes],
      ...(asWritten && { asWritten: true }),
    },
  };
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
  if (!asked && hardlyRepeats(profile)) {
    const sizes = `${categories.size} different values in ${present}`;
    const text = `it is text: ${categories.size === present ? 'no value occurs twice' : sizes}`;
    return { drop: `${text}${numberHint(profile.firstText?.value ?? '')}` };
  }
  const missing = profile.missingInTraining > 0;
  const { kept, others } = frequent(categories);
  if (kept.length === 0 || (kept.length === 1 && !missing && !others)) {
    return {
      drop: categories.size === 1 ? `it is always ${show(kept[0])}` : 'it is constant in the rows that train',
    };
  }
  const written = profile.asWritten && ({ asWritten: true } as const);
  const common = { kind: 'category', name, categories: sorted(kept), others, missing, ...written } as const;
  if (kept.length <= MAX_ONE_HOT) return { column: { ...common, encoding: 'oneHot' } };
  return { column: { ...common, encoding: 'embedding', width: embeddingWidth(kept.length) } };
}

/**
 * fastai's rule of thumb for the width of an embedding (fastai.tabular.model, emb_sz_rule), with a lower
 * limit.
 */
function embeddingWidth(categories: number): number {
  return Math.min(50, Math.round(1.6 * categories ** 0.56));
}

/** Whether the values identify rows rather than group them. */
export function hardlyRepeats({ categories, numbers, texts }: ColumnProfile): boolean {
  const present = numbers + texts;
  const distinct = categories?.size ?? present;
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
