/** Numbers and dates as text. */
import { describe, expect, it } from 'vitest';
import { confidence, count, date, duration, loss, percent, rate } from '../../src/report/format.js';

const plain = (text: string) => text.replaceAll('\u00a0', ' ');

describe('format', () => {
  it.each([
    [count(238510), '238,510'],
    [percent(0.97843), '97.84 %'],
    [confidence(0.983), '98 %'],
    [confidence(0.998), '99.8 %'],
    [confidence(0.999996), '99.99 %'],
    [confidence(1), '100 %'],
    [loss(0.06914), '0.0691'],
    [loss(0.0000123), '1.230e-5'],
    [loss(Math.LN10), '2.3026'],
    [loss(0), '0.0000'],
    [rate(0.1 * 0.97 ** 3), '0.09127'],
    [duration(3.456), '3.46 s'],
    [duration(59.99), '1 min 00 s'],
    [duration(754), '12 min 34 s'],
    [duration(7500), '2 h 05 min'],
    [date('2026-11-23T22:46:51Z'), '23 November 2026, 22:46 UTC'],
    [date('yesterday'), 'yesterday'],
  ])('%s', (given, expected) => {
    expect(plain(given)).toBe(expected);
  });

  it('says what is not a finite number', () => {
    expect([count(Number.NaN), loss(Infinity), rate(-Infinity)]).toEqual(['NaN', '∞', '−∞']);
    expect(plain(percent(Number.NaN))).toBe('NaN %');
    expect(plain(duration(Number.NaN))).toBe('NaN s');
  });
});
