/** How large a picture may be: a few bytes of a file can say anything. */
import { FormatError } from '../../base/errors.js';

/** Pixels of the largest picture that is read: one of 8,192 by 8,192. */
const MAX_PIXELS = 2 ** 26;

/** Throws FormatError for a picture without pixels, or with more than any that is worth training on. */
export function checkExtent(where: string, height: number, width: number): void {
  if (height > 0 && width > 0 && height * width <= MAX_PIXELS) return;
  const expected = `expected 1 to ${MAX_PIXELS} pixels`;
  throw new FormatError(where, `${expected}, given a picture of ${height}x${width}`);
}
