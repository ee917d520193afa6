/** Every public export says what it is: the reference is made of these comments. */
import { expect, test } from 'vitest';
import { packageExports } from './exports.js';

test('every export of every entry has a docstring', () => {
  const all = packageExports();
  expect(new Set(all.map(({ file }) => file)).size).toBeGreaterThanOrEqual(5);
  expect(all.length).toBeGreaterThan(100);
  const missing = all.filter(({ docstring }) => docstring.length < 10);
  expect(missing.map(({ file, name }) => `${file}: ${name}`)).toEqual([]);
});
