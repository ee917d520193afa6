/** Statistics and small charts. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { barChart, fitColumns, numberText, sparkline } from '../../src/cli/inspect-text.js';
import { describeValues } from '../../src/inspect/statistics.js';

describe('statistics', () => {
  test('of a few numbers', () => {
    expect(describeValues([0, 1, 2, 3, Number.NaN, Number.NEGATIVE_INFINITY], 3)).toEqual({
      count: 6,
      min: 0,
      max: 3,
      mean: 1.5,
      deviation: Math.sqrt(1.25),
      zeros: 1,
      nonFinite: 2,
      histogram: [1, 1, 2],
    });
  });

  test('of none, of equal ones, of big integers', () => {
    expect(describeValues([])).toMatchObject({ count: 0, min: null, deviation: null, histogram: [] });
    expect(describeValues([Number.NaN])).toMatchObject({ count: 1, mean: null, nonFinite: 1 });
    expect(describeValues([5, 5], 2)).toMatchObject({ deviation: 0, histogram: [2, 0] });
    expect(describeValues(BigInt64Array.of(1n, 3n))).toMatchObject({ mean: 2, deviation: 1 });
    expect(describeValues([-1e308, 1e308], 2)).toMatchObject({ min: -1e308, max: 1e308 });
  });

  test('a large mean does not spoil the deviation', () => {
    expect(describeValues([1e9, 1e9 + 1, 1e9 + 2]).deviation).toBeCloseTo(Math.sqrt(2 / 3), 9);
  });

  test('the bins hold all finite values, in order', () => {
    const values = fc.array(fc.double({ noNaN: true, min: -1e6, max: 1e6 }), { minLength: 1 });
    fc.assert(
      fc.property(values, fc.integer({ min: 1, max: 30 }), (list, bins) => {
        const { histogram, min, max, mean } = describeValues(list, bins);
        expect(histogram.reduce((sum, own) => sum + own, 0)).toBe(list.length);
        expect(min).toBe(Math.min(...list));
        expect(max).toBe(Math.max(...list));
        expect(mean).toBeGreaterThanOrEqual(min! - 1e-6);
        expect(mean).toBeLessThanOrEqual(max! + 1e-6);
      }),
    );
  });
});

describe('charts', () => {
  test('sparkline', () => {
    expect(sparkline([0, 1, 2, 3, 4, 5, 6, 7])).toBe('▁▂▃▄▅▆▇█');
    expect(sparkline([3, 3])).toBe('▁▁');
    expect(sparkline([])).toBe('');
    expect(
      sparkline(
        Array.from({ length: 100 }, (_, i) => i),
        4,
      ),
    ).toBe('▁▃▆█');
  });

  test('bars keep to the width', () => {
    const lines = barChart([1, 10, 0], -1, 2, 30);
    expect(lines).toHaveLength(3);
    expect(lines.every((line) => line.length <= 30)).toBe(true);
    expect(lines[1]).toMatch(/^ 0 {2}█+ {2}10$/);
    expect(lines[2]).toMatch(/^ 1 +0$/);
    expect(barChart([], null, null, 30)).toEqual([]);
  });

  test('numbers in four digits', () => {
    expect([0, 12, 1.23456, -0.00012345, 123456789, 1e-20, 0.1 + 0.2].map(numberText)).toEqual([
      '0',
      '12',
      '1.235',
      '-1.23e-4',
      '1.235e+8',
      '1.00e-20',
      '0.3',
    ]);
    expect(numberText(null)).toBe('-');
  });

  test('columns that do not fit are left out in the order given', () => {
    const rows = [
      ['name', 'one', 'two'],
      ['a', '11111', '22222'],
    ];
    expect(fitColumns(rows, [0], 80, [2, 1])[0]).toBe('name    one    two');
    expect(fitColumns(rows, [0], 12, [2, 1])[0]).toBe('name    one');
    expect(fitColumns(rows, [0], 1, [2, 1])).toEqual(['name', 'a']);
  });
});
