/** The normal distribution against scipy's values, and what samplers need of it. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { exp, lnSumExp, normalBelow, normalBetween, truncatedNormal } from '../../src/sweep/math.js';
import { symmetricEigen } from '../../src/sweep/samplers/eigen.js';

/** scipy.stats.norm.sf of scipy 1.10.1. */
const ABOVE: readonly (readonly [number, number])[] = [
  [0, 0.5],
  [0.5, 0.3085375387259869],
  [1, 0.15865525393145707],
  [1.5, 0.06680720126885807],
  [2, 0.022750131948179195],
  [2.9, 0.0018658133003840375],
  [3, 0.0013498980316300933],
  [3.1, 0.0009676032132183563],
  [4, 3.167124183311986e-5],
  [6, 9.865876450376946e-10],
  [10, 7.61985302416047e-24],
  [20, 2.7536241186061556e-89],
  [37, 5.7255712225239266e-300],
];

it.each(ABOVE)('the share above %d', (x, above) => {
  expect(Math.abs(normalBelow(-x) / above - 1)).toBeLessThan(1e-12);
  expect(Math.abs(normalBelow(x) - (1 - above))).toBeLessThan(1e-15);
});

it('shares between points add up, also far out', () => {
  const point = fc.double({ min: -30, max: 30, noNaN: true });
  fc.assert(
    fc.property(point, point, point, (...points) => {
      const [a, b, c] = points.sort((x, y) => x - y) as [number, number, number];
      const whole = normalBetween(a, c);
      expect(Math.abs(normalBetween(a, b) + normalBetween(b, c) - whole)).toBeLessThanOrEqual(
        1e-12 * whole + 1e-300,
      );
    }),
  );
});

it('draws of a truncated normal lie within, and have its quantiles', () => {
  const bounds = fc.tuple(
    fc.double({ min: -8, max: 0, noNaN: true }),
    fc.double({ min: 0.01, max: 8, noNaN: true }),
  );
  fc.assert(
    fc.property(bounds, fc.double({ min: 1e-6, max: 1 - 1e-6, noNaN: true }), ([a, b], u) => {
      const x = truncatedNormal(u, a, b);
      expect(x).toBeGreaterThanOrEqual(a);
      expect(x).toBeLessThanOrEqual(b);
      expect(Math.abs(normalBetween(a, x) / normalBetween(a, b) - u)).toBeLessThan(1e-9);
    }),
  );
});

it('exponentials and sums of them agree with the platform', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: -300, max: 300, noNaN: true }), { minLength: 1, maxLength: 9 }),
      (values) => {
        for (const x of values) expect(Math.abs(exp(x) / Math.exp(x) - 1)).toBeLessThan(1e-13);
        const most = Math.max(...values);
        const sum = values.reduce((total, x) => total + Math.exp(x - most), 0);
        expect(Math.abs(lnSumExp(values) - (most + Math.log(sum)))).toBeLessThan(
          1e-12 * (1 + Math.abs(most)),
        );
      },
    ),
  );
});

it('eigenvectors make the matrix again, and are orthonormal', () => {
  const entry = fc.double({ min: -10, max: 10, noNaN: true });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 8 }),
      fc.array(entry, { minLength: 64, maxLength: 64 }),
      (n, entries) => {
        const matrix = Array.from({ length: n }, (_, i) =>
          Array.from({ length: n }, (_, j) => entries[8 * Math.min(i, j) + Math.max(i, j)]!),
        );
        const { values, vectors } = symmetricEigen(matrix);
        for (let i = 0; i < n; i++) {
          for (let j = 0; j < n; j++) {
            const again = values.reduce(
              (sum, value, k) => sum + value * vectors[k]![i]! * vectors[k]![j]!,
              0,
            );
            expect(Math.abs(again - matrix[i]![j]!)).toBeLessThan(1e-11);
            const dot = vectors[i]!.reduce((sum, x, k) => sum + x * vectors[j]![k]!, 0);
            expect(Math.abs(dot - (i === j ? 1 : 0))).toBeLessThan(1e-12);
          }
        }
      },
    ),
  );
});
