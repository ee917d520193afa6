/**
 * Numbers in a notation that a table is not read in, and what to do about them: thousands, decimal commas,
 * signs of currencies.
 */
import { show } from '../base/errors.js';
import { CellReader, NUMBER } from './cells.js';

/** A text that is a number in another notation. */
export interface OtherNotation {
  /** Of a currency, or of percent. */
  readonly sign?: string | undefined;
  /** What to do about it, in words. */
  readonly advice: string;
}

/**
 * Of a text with thousands grouped by commas, points, blanks or apostrophes, a decimal comma, a currency or a
 * percent sign; undefined for any other text.
 */
export function otherNotation(text: string): OtherNotation | undefined {
  // No number that a person writes is longer.
  if (text.length > 64) return undefined;
  const sign = SIGN.exec(text)?.[0];
  const bare = (sign ? text.replace(sign, '') : text).trim();
  const gap = GAPS.exec(bare)?.[1];
  const closed = gap === undefined ? bare : bare.replaceAll(gap, '');
  const marks = NOTATIONS.filter(({ reader }) => Number.isFinite(reader.numberOf(closed)));
  const isPlain = /^[+-]?\d+$/.test(closed);
  if (marks.length === 0 || (!sign && gap === undefined && isPlain)) return undefined;
  const advice = [];
  if (sign) advice.push(`remove the ${sign === '%' ? 'percent' : 'currency'} sign ${show(sign)}`);
  if (gap !== undefined) advice.push(`remove the ${show(gap)} between its digits`);
  // What reads as a number without further ado needs no more.
  if (!(advice.length > 0 && NUMBER.test(closed))) {
    advice.push(
      marks.length === 1
        ? `with ${show(marks[0].decimal)} as decimal mark it is a number: --decimal ${marks[0].decimal}`
        : 'say what the comma is, a mark of thousands or the decimal mark: --decimal . or --decimal ,',
    );
  }
  return { sign, advice: advice.join(', and ') };
}

/** Signs of currencies, with the letters before some; codes of the commonest; and percent. */
const SIGN =
  /[A-Z]{0,2}\p{Sc}|%|\b(?:USD|EUR|GBP|CHF|JPY|CNY|INR|CAD|AUD|NZD|SEK|NOK|DKK|PLN|CZK|HUF|BRL|MXN|ZAR|KRW|SGD|HKD)\b/u;
/** Groups of thousands with a blank, a narrow or fixed blank, or an apostrophe between them. */
const GAPS = /^[+-]?[1-9]\d{0,2}(?:([ \u00a0\u202f'’])\d{3})(?:\1\d{3})*(?:[.,]\d*)?$/;

const NOTATIONS = ([',', '.'] as const).map((decimal) => ({ decimal, reader: new CellReader({ decimal }) }));

/** The advice on a text in another notation, to end a message with; empty for any other text. */
export function numberHint(text: string): string {
  const advice = otherNotation(text)?.advice;
  return advice === undefined ? '' : `; ${advice}`;
}
