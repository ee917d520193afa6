/**
 * Dates as numbers: the days since 1970-01-01 UTC, and the place in the year, the week and the day as sines
 * and cosines, so that December lies beside January. Dates are written as ISO 8601 has them, or with slashes,
 * or with the year last; a time without a zone is UTC.
 */

const TIME = String.raw`(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(\.\d{1,9})?)?\s?([AP]M)?\s?(Z|[+-]\d{2}:?\d{2})?)?`;
const YEAR_FIRST = new RegExp(String.raw`^(\d{4})([-/])(\d{1,2})\2(\d{1,2})${TIME}$`, 'i');
const YEAR_LAST = new RegExp(String.raw`^(\d{1,2})([-/.])(\d{1,2})\2(\d{4})${TIME}$`, 'i');

const DAY = 86_400_000;

/**
 * What comes first in a date whose year comes last: the day, as in 31/01/2024, or the month, as in
 * 01/31/2024.
 */
export type DateOrder = 'dmy' | 'mdy';

/** A date of this order, for messages. */
export function dateExample(order: DateOrder | undefined): string {
  if (order === undefined) return '2024-01-31';
  return order === 'dmy' ? '31/01/2024' : '01/31/2024';
}

export interface DateValue {
  /** Days since 1970-01-01 UTC, with a fraction for the time. */
  readonly days: number;
  readonly hasTime: boolean;
}

/**
 * Undefined for a text that is no date, or one that no calendar has. Dates whose year comes last are read in
 * `order` only; one with points, 31.01.2024, has the day first wherever it is used.
 */
export function readDate(text: string, order?: DateOrder): DateValue | undefined {
  const trimmed = text.trim();
  const yearFirst = YEAR_FIRST.exec(trimmed);
  if (yearFirst) {
    const [, year, , month, day, ...time] = yearFirst;
    return dateOf(Number(year), Number(month), Number(day), time);
  }
  const match = order && YEAR_LAST.exec(trimmed);
  if (!match) return undefined;
  const [, first, mark, second, year, ...time] = match;
  if (order === 'dmy') return dateOf(Number(year), Number(second), Number(first), time);
  return mark === '.' ? undefined : dateOf(Number(year), Number(first), Number(second), time);
}

/** `time` is what TIME captures. */
function dateOf(
  year: number,
  month: number,
  day: number,
  [hours, minutes = '0', seconds = '0', fraction = '0', half, zone]: readonly (string | undefined)[],
): DateValue | undefined {
  // Date.UTC would take the years 0 to 99 for those of the last century.
  const midnight = new Date(0).setUTCFullYear(year, month - 1, day);
  const date = new Date(midnight);
  const exists = date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  if (!exists || Number(hours ?? 0) > 24 || Number(minutes) > 59 || Number(seconds) > 60) return undefined;
  let hour = Number(hours ?? 0);
  if (half) {
    if (hour < 1 || hour > 12) return undefined;
    hour = (hour % 12) + (/p/i.test(half) ? 12 : 0);
  }
  const time = hour * 3600 + Number(minutes) * 60 + Number(seconds) + Number(fraction);
  return {
    days: midnight / DAY + (time - zoneSeconds(zone)) / 86_400,
    hasTime: hours !== undefined,
  };
}

/**
 * What `datePhases` writes: sine and cosine for the year and the week, and for the day where there are times.
 */
export function phaseCount(hasTime: boolean): number {
  return hasTime ? 6 : 4;
}

/** Writes the sines and cosines of a date to `to` from `at` on. */
export function datePhases(days: number, hasTime: boolean, to: Float32Array, at: number): void {
  // A year of 365.2425 days drifts from the calendar's by a day at most, which no season notices.
  const phases = hasTime ? [days / 365.2425, days / 7, days] : [days / 365.2425, days / 7];
  for (const [i, phase] of phases.entries()) {
    to[at + 2 * i] = sine(phase);
    to[at + 2 * i + 1] = sine(phase + 0.25);
  }
}

/**
 * sin(2π turns), by Taylor's series on an eighth of a turn to both sides, within 1e-15. Math.sin may differ
 * in its last bit from engine to engine, and inputs should not.
 */
function sine(turns: number): number {
  const quarters = Math.round(4 * turns);
  const t = (2 * turns - quarters / 2) * Math.PI;
  const quadrant = ((quarters % 4) + 4) % 4;
  // Sine in the even quadrants, cosine in the odd ones.
  let term = quadrant % 2 === 0 ? t : 1;
  let sum = term;
  for (let k = quadrant % 2 === 0 ? 2 : 1; k < 18; k += 2) {
    term *= (-t * t) / (k * (k + 1));
    sum += term;
  }
  return quadrant < 2 ? sum : -sum;
}

function zoneSeconds(zone: string | undefined): number {
  if (!zone || /z/i.test(zone)) return 0;
  const digits = zone.replace(/\D/g, '');
  const size = Number(digits.slice(0, 2)) * 3600 + Number(digits.slice(2)) * 60;
  return zone.startsWith('-') ? -size : size;
}
