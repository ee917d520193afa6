/** Drawings as MNIST would hold them: size, place, soft edges. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { centreOfMass, type Point, renderDigit } from '../../web/src/parts/digits/digit.js';

const coordinate = fc.double({ min: 0, max: 1, noNaN: true });
const point = fc.record({ x: coordinate, y: coordinate });
const strokes = fc.array(fc.array(point, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 4 });

/** Bounds of what is more than half covered. */
function box(pixels: Float32Array): { width: number; height: number } {
  const at = [...pixels.entries()].filter(([, value]) => value > 0.5).map(([i]) => i);
  const [xs, ys] = [at.map((i) => i % 28), at.map((i) => Math.floor(i / 28))];
  return { width: Math.max(...xs) - Math.min(...xs) + 1, height: Math.max(...ys) - Math.min(...ys) + 1 };
}

test('nothing drawn is nothing', () => {
  expect(renderDigit([])).toBeUndefined();
  expect(renderDigit([[]])).toBeUndefined();
});

test('whatever is drawn lies in the middle, between 0 and 1', () => {
  fc.assert(
    fc.property(strokes, (drawn) => {
      const pixels = renderDigit(drawn)!;
      expect(pixels.length).toBe(784);
      expect(pixels.every((value) => value >= 0 && value <= 1)).toBe(true);
      expect(Math.max(...pixels)).toBeGreaterThan(0.9);
      const { x, y } = centreOfMass(pixels);
      expect(Math.hypot(x - 14, y - 14)).toBeLessThan(1);
    }),
  );
});

test('size and place on the pad do not matter', () => {
  const seven: Point[] = [
    { x: 0.1, y: 0.1 },
    { x: 0.9, y: 0.1 },
    { x: 0.4, y: 0.9 },
  ];
  const whole = renderDigit([seven])!;
  const small = renderDigit([seven.map(({ x, y }) => ({ x: 0.6 + 0.3 * x, y: 0.5 + 0.3 * y }))])!;
  for (const [i, value] of whole.entries()) expect(small[i]).toBeCloseTo(value, 4);
  expect(box(whole)).toEqual({ width: 20, height: 20 });
});

test('a line is about two and a half pixels wide, and a dot stays a dot', () => {
  const line = renderDigit([
    [
      { x: 0.5, y: 0.1 },
      { x: 0.5, y: 0.9 },
    ],
  ])!;
  const { height } = box(line);
  expect(height).toBe(20);
  const row = line.subarray(14 * 28, 15 * 28).reduce((sum, value) => sum + value, 0);
  expect(row).toBeGreaterThan(2);
  expect(row).toBeLessThan(3.5);
  const dot = box(renderDigit([[{ x: 0.2, y: 0.2 }]])!);
  expect(Math.max(dot.width, dot.height)).toBeLessThanOrEqual(4);
});
