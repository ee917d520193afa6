/**
 * Every case whose bits are laid down: each kernel over the classes of shapes that it has ways of its own
 * for. Cases of one key have one hash: products with either tile, and with panels that were packed before.
 */
import type { GoldenCase } from './case.js';
import { elementCases } from './elements.js';
import { imageCases } from './images.js';
import { productCases } from './products.js';
import { rowCases } from './rows.js';
import { stridedCases } from './strided.js';

export { type Computer, type GoldenCase, hashOf, keyOf } from './case.js';

export const goldenCases: readonly GoldenCase[] = [
  ...[...elementCases, ...rowCases, ...productCases, ...stridedCases, ...imageCases],
];
