/** Functions of values that images want; what has a window or a size stands among the layers (nn/pool.ts). */
import { OptionError, show } from '../base/errors.js';
import { OptionReader } from '../base/options.js';
import { PAD_MODES, pad as padOperation } from '../ops/pad.js';
import { isAmounts } from '../ops/read.js';
import { applyOne, checkValue, placeOf, type Value } from './value.js';

/** What stands around a value. */
export interface PadOptions {
  /**
   * `constant` (the default), or of images [height, width, channels], along height and width: `reflect`
   * mirrors at the last pixel, which is not repeated, and `edge` repeats it.
   */
  mode?: 'constant' | 'reflect' | 'edge';
  /** Of `constant`; 0 by default. */
  value?: number;
}

/**
 * A value with more around it: `amounts` has [before, after] for each axis of a row. Images get a frame of
 * one pixel by `pad(x, [[1, 1], [1, 1], [0, 0]])`.
 *
 * Throws OptionError for amounts that are no such pairs of whole numbers, ShapeError for too many or too few,
 * and for a mirror that is larger than the image.
 */
export function pad(
  x: Value,
  amounts: readonly (readonly [before: number, after: number])[],
  options?: PadOptions,
): Value {
  const where = placeOf('pad');
  checkValue(where, 'x', x);
  if (!isAmounts(amounts)) {
    const expected = 'expected [before, after] for each axis of a row, whole numbers of at least 0';
    throw new OptionError(where, `amounts: ${expected}, given ${show(amounts)}`);
  }
  const reader = new OptionReader(where, options);
  const mode = reader.oneOf('mode', PAD_MODES, 'constant');
  const value = Math.fround(reader.number('value', {}, 0));
  reader.end();
  if (!Number.isFinite(value))
    throw new OptionError(where, `value: expected a float32, given ${show(value)}`);
  return applyOne(padOperation, [x], {
    amounts: amounts.map(([before, after]) => [before, after] as const),
    mode,
    value,
  });
}
