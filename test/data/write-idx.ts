/** A small IDX writer for the tests, with DataView, independent of the reader under test. */
import type { IdxType } from '../../src/data/idx.js';

const TYPES = {
  u8: { code: 0x08, bytes: 1, set: (view: DataView, at: number, value: number) => view.setUint8(at, value) },
  i8: { code: 0x09, bytes: 1, set: (view: DataView, at: number, value: number) => view.setInt8(at, value) },
  i16: { code: 0x0b, bytes: 2, set: (view: DataView, at: number, value: number) => view.setInt16(at, value) },
  i32: { code: 0x0c, bytes: 4, set: (view: DataView, at: number, value: number) => view.setInt32(at, value) },
  f32: {
    code: 0x0d,
    bytes: 4,
    set: (view: DataView, at: number, value: number) => view.setFloat32(at, value),
  },
  f64: {
    code: 0x0e,
    bytes: 8,
    set: (view: DataView, at: number, value: number) => view.setFloat64(at, value),
  },
};

/** The bytes of an IDX file; it is for the caller that the number of values is the product of `dims`. */
export function writeIdx(
  type: IdxType,
  dims: readonly number[],
  values: ArrayLike<number>,
): Uint8Array<ArrayBuffer> {
  const { code, bytes, set } = TYPES[type];
  const start = 4 + 4 * dims.length;
  const view = new DataView(new ArrayBuffer(start + bytes * values.length));
  view.setUint8(2, code);
  view.setUint8(3, dims.length);
  dims.forEach((dim, i) => {
    view.setUint32(4 + 4 * i, dim);
  });
  for (let i = 0; i < values.length; i++) set(view, start + bytes * i, values[i]);
  return new Uint8Array(view.buffer);
}
