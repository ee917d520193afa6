/** Patterns of names: a star stands for any characters, and nothing else stands for anything but itself. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { matching } from '../../src/nn/patterns.js';

const texts = (letters: string[]) =>
  fc.array(fc.constantFrom(...letters), { maxLength: 8 }).map((all) => all.join(''));

test('a pattern fits what the expression fits that it stands for', () => {
  fc.assert(
    fc.property(
      fc.array(texts(['a', 'b', '.', '+']), { minLength: 1, maxLength: 12 }),
      fc.array(texts(['a', 'b', '.', '+', '*']), { minLength: 1, maxLength: 3 }),
      (names, patterns) => {
        const expressions = patterns.map(
          (pattern) =>
            new RegExp(
              `^${pattern
                .split('*')
                .map((part) => part.replaceAll(/[.+]/g, '\\$&'))
                .join('.*')}$`,
              's',
            ),
        );
        const all = names.map((name) => ({ name }));
        const expected = all.filter(({ name }) => expressions.some((own) => own.test(name)));
        if (expressions.every((own) => names.some((name) => own.test(name)))) {
          expect(matching('test', all, patterns)).toEqual(expected);
        } else {
          expect(() => matching('test', all, patterns)).toThrow(/fits none of the parameters/);
        }
      },
    ),
    { numRuns: 500 },
  );
});

test('a pattern of many stars takes no time to speak of', () => {
  const all = [{ name: `${'a'.repeat(2000)}b` }];
  expect(() => matching('test', all, `${'a*'.repeat(1000)}c`)).toThrow(/fits none/);
});
