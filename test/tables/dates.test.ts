import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { datePhases, phaseCount, readDate } from '../../src/tables/dates.js';

describe('dates', () => {
  it('are the days that Date counts', () => {
    const date = fc.date({
      min: new Date('0001-01-01T00:00:00Z'),
      max: new Date('9999-12-31T00:00:00Z'),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(date, (value) => {
        const read = readDate(value.toISOString());
        expect(read?.days).toBeCloseTo(value.getTime() / 86_400_000, 7);
        expect(read?.hasTime).toBe(true);
        const day = readDate(value.toISOString().slice(0, 10));
        expect(day).toEqual({ days: Math.floor(value.getTime() / 86_400_000), hasTime: false });
      }),
    );
  });

  it.each([
    ['1970-01-01', 0],
    ['1970/1/2', 1],
    ['1970-01-02T12:00', 1.5],
    ['1970-01-02 12:00:00Z', 1.5],
    ['1970-01-02T12:00:00+06:00', 1.25],
    ['1970-01-02T12:00:00.000-0600', 1.75],
    ['2000-02-29', 11_016],
  ])('%s is day %d', (text, days) => {
    expect(readDate(text)?.days).toBeCloseTo(days, 9);
  });

  it.each([
    '2023-02-29',
    '2024-13-01',
    '2024-00-10',
    '24-01-01',
    '2024-01/02',
    '2024-01-01T25:00',
    '2024',
    'May 4 2024',
  ])('%s is none', (text) => {
    expect(readDate(text)).toBeUndefined();
  });

  it('have phases of the year, the week and the day', () => {
    fc.assert(
      fc.property(fc.double({ min: -1e6, max: 1e6, noNaN: true }), (days) => {
        const phases = new Float32Array(6);
        datePhases(days, true, phases, 0);
        for (const [i, period] of [365.2425, 7, 1].entries()) {
          const angle = (2 * Math.PI * (days % period)) / period;
          expect(phases[2 * i]).toBeCloseTo(Math.sin(angle), 5);
          expect(phases[2 * i + 1]).toBeCloseTo(Math.cos(angle), 5);
        }
      }),
    );
    expect([phaseCount(false), phaseCount(true)]).toEqual([4, 6]);
  });
});
