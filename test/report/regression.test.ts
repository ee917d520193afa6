/** Reports of regressions, and of runs on tables. */
import { describe, expect, it } from 'vitest';
import { renderReport } from '../../src/report/index.js';
import type { RunReport } from '../../src/report/report.js';
import type { TableSummary } from '../../src/tables/summary.js';
import { NO_UPLOT, sampleHistory, sampleReport } from './sample.js';

function regression(actual: readonly number[], predicted: readonly number[]): RunReport {
  const size = actual.length;
  return sampleReport({
    history: sampleHistory(3, (record) => ({
      ...record,
      accuracy: Number.NaN,
      validation: { loss: 0.5, accuracy: Number.NaN, metrics: { r2: 0.25 * record.epoch, rmse: 7, mae: 5 } },
    })),
    test: {
      size,
      loss: 0.125,
      accuracy: Number.NaN,
      metrics: { r2: 0.875, rmse: 12.5, mae: 9.25 },
      confusion: [],
      predictions: new Int32Array(size),
      losses: new Float32Array(size),
      confidences: new Float32Array(size),
    },
    regression: { target: 'price <€>', actual, predicted },
  });
}

const summary: TableSummary = {
  table: 'houses.csv',
  format: 'csv',
  notes: [],
  warnings: ['no row is left for <test>'],
  rows: 100,
  leftOut: 4,
  inputs: 3,
  columns: [
    { name: 'area', kind: 'number', inputs: 2, missing: 25, about: '1 to 5, mean 3, deviation 1' },
    { name: '<id>', kind: 'dropped', inputs: 0, missing: 0, about: 'it numbers the rows' },
  ],
  target: {
    kind: 'classification',
    name: 'kind',
    classes: [{ name: 'a & b', train: 60, validation: 12, test: 24 }],
  },
  parts: { train: 60, validation: 12, test: 24 },
};

describe('a regression', () => {
  const page = renderReport(regression([1, 2, 3, 4], [1.5, 2, 2, 8]), NO_UPLOT);

  it('has R² where others have accuracy, and nothing that is not a number', () => {
    expect(page).toMatch(/Test R²<\/p>\s*<p class="value">0\.875</);
    expect(page).toContain('root of the mean squared error 12.5');
    expect(page).toMatch(/Mean absolute error<\/dt><dd>9\.25/);
    expect(page).toMatch(/Validation R²<\/dt><dd>0\.750/);
    const shown = page.slice(page.indexOf('<main>'), page.indexOf('</main>'));
    expect(shown).not.toMatch(/NaN|accuracy/i);
  });

  it('draws a point a sample, on one scale for both axes', () => {
    expect(page.match(/<circle /g)).toHaveLength(4);
    const points = [...page.matchAll(/<circle cx="([\d.]+)" cy="([\d.]+)"/g)].map(([, x, y]) => [
      Number(x),
      Number(y),
    ]);
    // The line of right predictions runs from (64, 400) to (464, 0).
    const distance = points.map(([x, y]) => x - 64 + y - 400);
    expect(distance[1]).toBeCloseTo(0, 1);
    expect(distance[0]).toBeLessThan(-10);
    expect(distance[2]).toBeGreaterThan(10);
    expect(page).toContain('actual price &lt;€&gt;');
  });

  it('says how large the errors are, and which are the worst', () => {
    expect(page).toMatch(/Half are below<\/th><td>0\.5</);
    expect(page).toMatch(/The largest<\/th><td>4</);
    expect(page).toMatch(/Mean error, with its sign<\/th><td>0\.875</);
    const worst = page.slice(page.indexOf('Most wrong'));
    expect(worst).toMatch(/<tr><th scope="row">3<\/th><td>4<\/td>\s*<td>8<\/td><td>4<\/td><\/tr>/);
  });

  it('draws no more than 2,000 points', () => {
    const values = Array.from({ length: 10_000 }, (_, i) => i / 7);
    const large = renderReport(regression(values, values), NO_UPLOT);
    expect(large.match(/<circle /g)).toHaveLength(2000);
    expect(large).toContain('10,000\u00a0test samples, of which 2,000 are drawn');
  });

  it('refuses values that are not pairs', () => {
    expect(() => renderReport(regression([1, 2], [1]), NO_UPLOT)).toThrow(/expected 2 predicted values/);
  });
});

describe('a table', () => {
  it('is described: columns, classes, and how rows were split', () => {
    const page = renderReport(sampleReport({ table: summary }), NO_UPLOT);
    expect(page).toContain('<a href="#table">Table</a>');
    expect(page).toMatch(/60 rows train,\s*12 validate, 24 test/);
    expect(page).toContain('4\u00a0rows had no target and were left out');
    expect(page).toMatch(
      /<th scope="row">area<\/th><td class="text">number<\/td>\s*<td>2<\/td><td>25, 25\.0/,
    );
    expect(page).toMatch(/&lt;id&gt;<\/th><td class="text">dropped<\/td>\s*<td>–<\/td>/);
    expect(page).toMatch(/a &amp; b<\/th><td>60<\/td><td>12<\/td>\s*<td>24<\/td><td>100\.0/);
  });
});
