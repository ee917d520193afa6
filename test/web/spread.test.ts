/** When the demo page takes a machine for busy: by turns that differ, but for one stray at each end. */
import { expect, test } from 'vitest';
import { median, spreadOf } from '../../web/src/parts/digits/spread.js';

test('the middle of turns, and how far they are apart', () => {
  expect(median([])).toBe(0);
  expect(median([3, 1, 2])).toBe(2);
  expect(spreadOf([])).toBe(0);
  expect(spreadOf([100])).toBe(0);
  expect(spreadOf([90, 110])).toBeCloseTo(20 / 110);
  // One turn that a neighbour disturbed says nothing; several do.
  expect(spreadOf([100, 100, 100, 100, 100, 10])).toBe(0);
  expect(spreadOf([100, 100, 100, 50, 60, 10])).toBeCloseTo(50 / 100);
});
