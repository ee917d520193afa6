/** What tests of sweeps share: spaces by chance, and what of trials must be the same wherever they ran. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import type { SpaceOptions } from '../../src/sweep/space.js';
import type { Trial } from '../../src/sweep/trial.js';

/** All of the trials but when they ran. */
export function digest(trials: readonly Trial[]): string {
  const plain = trials.map(({ started: _, ended: __, ...own }) => own);
  return createHash('sha256').update(JSON.stringify(plain)).digest('hex');
}

const number = fc
  .tuple(
    fc.double({ min: 1e-3, max: 1e3, noNaN: true }),
    fc.double({ min: 1.01, max: 1e4, noNaN: true }),
    fc.boolean(),
  )
  .map(([low, factor, log]) => ({ kind: 'number' as const, low, high: low * factor, log }));
const stepped = fc
  .tuple(
    fc.integer({ min: -20, max: 20 }),
    fc.integer({ min: 1, max: 30 }),
    fc.constantFrom(0.05, 0.1, 0.5, 2),
  )
  .map(([low, steps, step]) => ({ kind: 'number' as const, low, high: low + steps * step, step }));
const integer = fc
  .tuple(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 200 }), fc.boolean())
  .map(([low, range, log]) => ({ kind: 'integer' as const, low, high: low + range, log }));
const choice = fc
  .uniqueArray(
    fc.oneof(fc.string(), fc.boolean(), fc.integer(), fc.array(fc.integer({ min: 1 }), { minLength: 1 })),
    {
      minLength: 1,
      maxLength: 6,
      selector: (value) => (typeof value === 'string' ? value : JSON.stringify(value)),
    },
  )
  .map((values) => ({ kind: 'choice' as const, values }));

/** Spaces of which the last setting is there under a condition. */
export const spaces: fc.Arbitrary<SpaceOptions> = fc
  .tuple(fc.array(fc.oneof(number, stepped, integer, choice), { minLength: 1, maxLength: 4 }), choice, number)
  .map(([own, parent, child]) => ({
    ...Object.fromEntries(own.map((dimension, i) => [`s${i}`, dimension])),
    parent,
    child: { ...child, when: { parent: [parent.values[0]!] } },
  }));
