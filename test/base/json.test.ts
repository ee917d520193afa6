/** JSON of which equal values have one text. */
import { expect, it } from 'vitest';
import { canonicalJson } from '../../src/base/json.js';

it('writes keys in one order', () => {
  expect(canonicalJson({ b: [{ d: 1, c: 2 }], a: 3 })).toBe('{"a":3,"b":[{"c":2,"d":1}]}');
});
