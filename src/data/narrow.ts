/**
 * Numbers that are kept in fewer bytes than float32 takes, made into float32. They are widened where a chunk is
 * read, and not by a kernel: what every page loads has no room for three more.
 */
import { type NumericArray, typedArrayName } from '../base/arrays.js';
import { OptionError, ShapeError, show } from '../base/errors.js';
import { widenF16 } from '../formats/bytes.js';
import type { StreamDtype, StreamedDataset } from './stream.js';

/** The classes of typed arrays that hold each type. */
export const CLASSES: Readonly<Record<StreamDtype, readonly string[]>> = {
  u8: ['Uint8Array', 'Uint8ClampedArray'],
  i8: ['Int8Array'],
  u16: ['Uint16Array'],
  f16: ['Float16Array', 'Uint16Array'],
  f32: ['Float32Array'],
};

/** What each of the half-precision numbers is, by its bits; made when the first is widened. */
let halves: Float32Array | undefined;

/** values * scale + offset, each rounded to float32, as kernels do with bytes; rows of rows one after another. */
export function widened(
  where: string,
  { dtype, scale, offset, width }: Pick<StreamedDataset, 'dtype' | 'scale' | 'offset' | 'width'>,
  given: unknown,
): Float32Array {
  const rows = Array.isArray(given) ? (given as readonly unknown[]) : [given];
  const whole = rows.map((row, i) => {
    if (CLASSES[dtype].includes(typedArrayName(row) ?? '')) return row as NumericArray;
    const expected = `${CLASSES[dtype].join(' or ')}, as dtype is ${show(dtype)}, or rows of such`;
    const place = Array.isArray(given) ? `row ${i}: ` : '';
    throw new OptionError(where, `option inputs: ${place}expected ${expected}, given ${show(row)}`);
  });
  if (Array.isArray(given)) {
    const bad = whole.findIndex((row) => row.length !== width);
    if (bad >= 0) {
      throw new ShapeError(
        where,
        `inputs: row ${bad}: expected ${width} numbers, given ${whole[bad].length}`,
      );
    }
  }
  const values = new Float32Array(whole.reduce((sum, row) => sum + row.length, 0));
  const [factor, term] = [Math.fround(scale), Math.fround(offset)];
  let at = 0;
  for (const row of whole) {
    const half = dtype === 'f16' && typedArrayName(row) === 'Uint16Array';
    if (half) halves ??= widenF16(Uint16Array.from({ length: 2 ** 16 }, (_, bits) => bits));
    for (let i = 0; i < row.length; i++) {
      const value = half ? halves![row[i]] : row[i];
      values[at + i] = Math.fround(value * factor) + term;
    }
    at += row.length;
  }
  return values;
}
