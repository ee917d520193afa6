/**
 * What uPlot is told of a chart: gaps, bands, the ends of its axes, and what the legend says. Pictures are
 * the browser tests'.
 */
import type uPlot from 'uplot';
import { describe, expect, it } from 'vitest';
import type { ChartData } from '../../../src/report/charts.js';
import { plotOf } from '../../../src/report/client/charts.js';

const chart = (parts: Partial<ChartData>): ChartData => ({
  id: 'loss',
  x: { label: 'Epoch', values: [1, 2, 3] },
  y: { label: 'Loss' },
  lines: [],
  ...parts,
});
const line = { label: 'Training', colour: '--train' } as const;
const plot = {} as uPlot;

/** The range of an axis around values from `min` to `max`. */
function range(parts: Partial<ChartData>, axis: 'x' | 'y', min: number | null, max: number | null) {
  const [{ scales }] = plotOf(chart(parts), 400, 280);
  const { range: own } = scales?.[axis] ?? {};
  if (typeof own !== 'function') throw new TypeError(`the scale ${axis} has no range of its own`);
  return own(plot, min as number, max as number, axis);
}

describe('a line', () => {
  it('passes over what was not measured, and breaks where a number is not finite or has no logarithm', () => {
    const lines = [{ ...line, values: [null, 'NaN', -1] }];
    expect(plotOf(chart({ lines }), 400, 280)[1]).toEqual([
      [1, 2, 3],
      [undefined, null, -1],
    ]);
    expect(plotOf(chart({ lines, y: { label: 'Loss', log: 10 } }), 400, 280)[1][1]).toEqual([
      undefined,
      null,
      null,
    ]);
  });

  it('has a band between two edges that are no lines of the legend', () => {
    const lines = [{ ...line, values: [2, 'NaN', 4], band: [1, 0, 0.5] }];
    const [{ series, bands }, data] = plotOf(chart({ lines }), 400, 280);
    expect(data.slice(2)).toEqual([
      [3, null, 4.5],
      [1, null, 3.5],
    ]);
    expect(bands).toMatchObject([{ series: [2, 3] }]);
    expect(series.map((one) => one.class === 'edge-line')).toEqual([false, false, true, true]);
  });

  it.each([
    ['a loss', {}, [0.12345, 0.00678, '0.1235 ± 0.0068']],
    ['a share', { percent: true }, [97.8, 0.123, '97.80 ± 0.12 %']],
    ['a large number', {}, [12_345.6, 0, '12,346']],
    ['what is not finite', {}, ['Infinity', 0, 'Infinity']],
    ['what was not measured', {}, [null, null, '–']],
  ] as const)('says %s in the legend', (_, y, [value, deviation, text]) => {
    const lines = [{ ...line, values: [value], band: [deviation] }];
    const [{ series }] = plotOf(chart({ lines, y: { label: 'y', ...y } }), 400, 280);
    const { value: write } = series[1];
    expect(typeof write === 'function' && write(plot, 0, 1, 0)).toBe(text);
  });
});

describe('an axis', () => {
  it.each([
    ['has room around its values', {}, 1, 3, [0.84, 3.16]],
    ['does not go below zero without need', {}, 0, 10, [0, 10.8]],
    ['ends at 100 %', { percent: true }, 50, 99, [46.08, 100]],
    ['ends at round numbers when logarithmic', { log: 10 }, 0.13, 3, [0.1, 5]],
    ['has two ends for a single value', { log: 10 }, 0.5, 0.5, [0.25, 1]],
    ['has two ends for a single value that is 0', {}, 0, 0, [0, 0.1]],
    ['has two ends for none', {}, null, null, [0, 1]],
  ] as const)('%s', (_, y, min, max, expected) => {
    const [low, high] = range({ y: { label: 'y', ...y } }, 'y', min, max);
    expect(low).toBeCloseTo(expected[0], 10);
    expect(high).toBeCloseTo(expected[1], 10);
  });

  it('counts epochs in whole numbers, and names the settings that were tried and no others', () => {
    const axis = (x: ChartData['x']) => plotOf(chart({ x }), 400, 280)[0].axes?.[0] ?? {};
    expect(axis({ label: 'Epoch', values: [1, 2] }).incrs).toEqual(expect.arrayContaining([1, 2, 5, 10]));
    expect(axis({ label: 'Seconds', values: [0.5, 1] }).incrs).toBeUndefined();
    const { splits } = axis({ label: 'Rate', log: 10, values: [0.01, 0.3] });
    expect(typeof splits === 'function' && splits(plot, 0, 0, 1, 0, 0)).toEqual([0.01, 0.3]);
  });
});
