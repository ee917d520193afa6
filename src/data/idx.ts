/**
 * Reads IDX, the format of the MNIST files: a header of big-endian 32-bit words, then the elements,
 * big-endian too.
 *
 *   | 0 0 | type | rank | dims[0] | … | dims[rank - 1] | elements, row-major |
 *     1 1    1      1        4     …         4
 *
 * It believes no header: every number is compared with the length of the file before anything is allocated.
 * It opens no file and decompresses nothing.
 */
import { FormatError } from '../base/errors.js';
import { checkFile, toHostOrder } from '../formats/bytes.js';

interface IdxData {
  u8: Uint8Array;
  i8: Int8Array;
  i16: Int16Array;
  i32: Int32Array;
  f32: Float32Array;
  f64: Float64Array;
}

const STORAGE = {
  u8: Uint8Array,
  i8: Int8Array,
  i16: Int16Array,
  i32: Int32Array,
  f32: Float32Array,
  f64: Float64Array,
} satisfies Record<IdxType, unknown>;

const TYPES: ReadonlyMap<number, IdxType> = new Map([
  [0x08, 'u8'],
  [0x09, 'i8'],
  [0x0b, 'i16'],
  [0x0c, 'i32'],
  [0x0d, 'f32'],
  [0x0e, 'f64'],
]);

const MAX_RANK = 8;

export type IdxType = keyof IdxData;

/** `data` is row-major, of the product of `dims` elements. The class of `data` follows from `type`. */
export type IdxArray = {
  [T in IdxType]: {
    readonly type: T;
    readonly dims: readonly number[];
    readonly data: IdxData[T];
  };
}[IdxType];

/**
 * Reads a whole IDX file. Bytes (u8) come back as a view of `bytes`, other types as a copy.
 *
 * @param where The file's name, for messages.
 * @throws FormatError when the file is not IDX, is compressed, or is not exactly as long as its header says.
 */
export function readIdx(bytes: Uint8Array, where: string): IdxArray {
  const file = checkFile('readIdx', bytes, where);
  const { type, dims, headerBytes } = readIdxHeader(file, where);
  const elementBytes = STORAGE[type].BYTES_PER_ELEMENT;
  let expected = elementBytes;
  for (const dim of dims) {
    expected *= dim;
    if (!Number.isSafeInteger(headerBytes + expected)) {
      throw new FormatError(where, `the dimensions ${dims.join('x')} overflow`);
    }
  }
  const actual = file.length - headerBytes;
  if (actual !== expected) {
    const kind = actual < expected ? 'the file is too short' : 'the file has trailing bytes';
    const given = `given ${file.length}`;
    throw new FormatError(
      where,
      `${kind}: ${dims.join('x')} of ${type} needs ${headerBytes + expected} bytes, ${given}`,
    );
  }
  if (type === 'u8') {
    return { type, dims, data: new Uint8Array(file.buffer, file.byteOffset + headerBytes, expected) };
  }
  const buffer = toHostOrder(file.subarray(headerBytes), elementBytes, 'big');
  return { type, dims, data: new STORAGE[type](buffer) } as IdxArray;
}

/** @internal No header ends later in a file. */
export const IDX_HEADER_BYTES = 4 + 4 * MAX_RANK;

/** @internal The header, of the beginning of a file. */
export function readIdxHeader(
  bytes: Uint8Array,
  where: string,
): { type: IdxType; dims: number[]; headerBytes: number } {
  if (bytes.length === 0) throw new FormatError(where, 'the file is empty');
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    throw new FormatError(where, 'this is a gzip file; it must be decompressed first');
  }
  if (bytes.length < 4) {
    throw new FormatError(where, `expected an IDX header of at least 8 bytes, given ${bytes.length} bytes`);
  }
  const [first, second, code, rank] = bytes;
  if (first !== 0 || second !== 0) {
    throw new FormatError(
      where,
      `not an IDX file: expected it to begin with two zero bytes, given ${hex(first)} ${hex(second)}`,
    );
  }
  const type = TYPES.get(code);
  if (type === undefined) {
    const known = [...TYPES].map(([knownCode, name]) => `${hex(knownCode)} ${name}`).join(', ');
    throw new FormatError(where, `unknown IDX element type ${hex(code)}; expected one of ${known}`);
  }
  if (rank < 1 || rank > MAX_RANK) {
    throw new FormatError(where, `expected 1 to ${MAX_RANK} dimensions, given ${rank}`);
  }
  const headerBytes = 4 + 4 * rank;
  if (bytes.length < headerBytes) {
    const expected = `a header with ${rank} dimensions needs ${headerBytes} bytes`;
    throw new FormatError(where, `the file is too short: ${expected}, given ${bytes.length}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, headerBytes);
  const dims = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  return { type, dims, headerBytes };
}

function hex(byte: number): string {
  return `0x${byte.toString(16).padStart(2, '0')}`;
}
