/** Temperatures and calibration errors against closed forms. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fitTemperature, reliabilityOf } from '../../src/train/calibration.js';

/** Rows of two classes, all with the same logits, of which `right` of `count` have the class that is expected. */
function alike(gap: number, right: number, count: number) {
  return {
    logits: Array.from({ length: count }, () => [gap, 0]).flat(),
    labels: Array.from({ length: count }, (_, i) => (i < right ? 0 : 1)),
    classes: 2,
  };
}

test('rows that are alike get the confidence with which they are right', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.5, max: 8, noNaN: true }),
      fc.integer({ min: 52, max: 98 }),
      (gap, right) => {
        const answered = alike(gap, right, 100);
        // softmax([gap / T, 0]) = [r, 1 - r].
        const expected = gap / Math.log(right / (100 - right));
        const temperature = fitTemperature(answered);
        if (expected < 0.05 || expected > 20) {
          expect(temperature).toBeUndefined();
          return;
        }
        expect(temperature! / expected).toBeCloseTo(1, 9);
        const { accuracy, calibrationError, loss } = reliabilityOf(answered, temperature);
        expect(accuracy).toBeCloseTo(right / 100, 12);
        expect(calibrationError).toBeLessThan(1e-9);
        const [p, q] = [right / 100, 1 - right / 100];
        expect(loss).toBeCloseTo(-p * Math.log(p) - q * Math.log(q), 9);
      },
    ),
  );
});

test('no temperature nearby has a smaller loss', () => {
  const rows = fc.record({
    classes: fc.integer({ min: 2, max: 5 }),
    count: fc.integer({ min: 3, max: 40 }),
    seed: fc.integer({ min: 1, max: 1e6 }),
    weighted: fc.boolean(),
  });
  fc.assert(
    fc.property(rows, ({ classes, count, seed, weighted }) => {
      const noise = (i: number) => Math.sin(seed * 12.9898 + i * 78.233) * 4;
      const answered = {
        logits: Float32Array.from({ length: count * classes }, (_, i) => noise(i)),
        labels: Int32Array.from(
          { length: count },
          (_, i) => Math.floor(Math.abs(noise(i + 0.5) * 100)) % classes,
        ),
        ...{
          classes,
          weights: weighted ? Float32Array.from({ length: count }, (_, i) => 1 + (i % 3)) : undefined,
        },
      };
      const lossAt = (temperature: number) => reliabilityOf(answered, temperature).loss;
      const best = fitTemperature(answered);
      if (best === undefined) {
        // Then the smallest loss lies at an end of where it is looked for, or beyond.
        const ends = Math.min(lossAt(0.05), lossAt(20));
        for (let t = 0.06; t < 19; t *= 1.1) expect(lossAt(t)).toBeGreaterThanOrEqual(ends - 1e-9);
        return;
      }
      for (let t = 0.05; t < 20; t *= 1.05) expect(lossAt(t)).toBeGreaterThanOrEqual(lossAt(best) - 1e-12);
    }),
  );
});

describe('no temperature is the best', () => {
  test('of rows that are all right', () => expect(fitTemperature(alike(3, 50, 50))).toBeUndefined());
  test('of rows that are mostly wrong', () => expect(fitTemperature(alike(3, 10, 50))).toBeUndefined());
  test('of rows that say nothing', () => expect(fitTemperature(alike(0, 10, 50))).toBeUndefined());
});

test('the error is the mean distance of confidence and accuracy, bin by bin', () => {
  // Confidences 0.6 and 0.9, in bins of their own; of the first half is right, of the others all are.
  const gap = (p: number) => Math.log(p / (1 - p));
  const answered = {
    logits: [0.6, 0.6, 0.9, 0.9].flatMap((p) => [0, gap(p)]),
    ...{ labels: [1, 0, 1, 1], classes: 2 },
  };
  const { accuracy, calibrationError, loss } = reliabilityOf(answered);
  expect(accuracy).toBe(0.75);
  expect(calibrationError).toBeCloseTo((2 * 0.1 + 2 * 0.1) / 4, 12);
  expect(loss).toBeCloseTo(-(Math.log(0.6) + Math.log(0.4) + 2 * Math.log(0.9)) / 4, 12);
  // The row that is wrong counts three times.
  const weighted = reliabilityOf({ ...answered, weights: [1, 3, 1, 1] });
  expect(weighted.accuracy).toBe(0.5);
  expect(weighted.calibrationError).toBeCloseTo((Math.abs(1 - 4 * 0.6) + 2 * 0.1) / 6, 12);
});
