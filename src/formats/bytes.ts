/**
 * What the readers and writers of binary files share: the check of what they are given, byte order,
 * half-precision floats, and how far a compressed file may grow. It knows no format. Conversions check
 * nothing: a reader has compared every length with the file before.
 */
import { checkBytes } from '../base/arrays.js';
import { OptionError, show } from '../base/errors.js';

export type ByteOrder = 'little' | 'big';

const hostOrder: ByteOrder = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? 'little' : 'big';

/**
 * The arguments of every public reader. Throws OptionError in the name of `reader` for anything but bytes,
 * and a name for messages.
 */
export function checkFile(reader: string, bytes: unknown, where: unknown): Uint8Array {
  if (typeof where !== 'string') {
    throw new OptionError(reader, `where: expected the name of the file, for messages, given ${show(where)}`);
  }
  return checkBytes(reader, 'bytes', bytes);
}

/** What any compressed file may grow to, in bytes. */
const FREE_GROWTH = 2 ** 27;
/**
 * What a larger one may grow to, as a multiple of its own size. Data that are worth training on compress by
 * less.
 */
const MAX_GROWTH = 64;

/** The most bytes that a compressed file of this size may grow to, unless the caller says otherwise. */
export function growthLimit(fileBytes: number): number {
  return Math.max(FREE_GROWTH, MAX_GROWTH * fileBytes);
}

/**
 * Copies `bytes` into a buffer of its own, as elements of the host's byte order. A copy, because a view of 2,
 * 4 or 8-byte elements must begin at a multiple of their size, which a position in a file need not be.
 *
 * @param elementBytes Bytes of one element: 1, 2, 4 or 8. It divides the length of `bytes`.
 * @param order Byte order of the file.
 */
export function toHostOrder(bytes: Uint8Array, elementBytes: number, order: ByteOrder): ArrayBuffer {
  const copy = new Uint8Array(bytes.length);
  copy.set(bytes);
  if (order !== hostOrder) reverseElements(copy, elementBytes);
  return copy.buffer;
}

/** The bytes of `data` in the given order: a view where that is the host's, otherwise a copy. */
export function fromHostOrder(data: ArrayBufferView, elementBytes: number, order: ByteOrder): Uint8Array {
  const view = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return order === hostOrder ? view : new Uint8Array(toHostOrder(view, elementBytes, order));
}

/**
 * Widens IEEE 754 binary16 (1 sign bit, 5 of exponent, 10 of fraction), given as bits; exact for every value.
 */
export function widenF16(bits: Uint16Array): Float32Array {
  return Float32Array.from(bits, (half) => {
    const sign = half & 0x8000 ? -1 : 1;
    const exponent = (half >> 10) & 0x1f;
    const fraction = half & 0x3ff;
    if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
    if (exponent === 0) return sign * fraction * 2 ** -24;
    return sign * (1024 + fraction) * 2 ** (exponent - 25);
  });
}

/** Widens bfloat16, given as bits: it is the upper half of a float32. */
export function widenBf16(bits: Uint16Array): Float32Array {
  return new Float32Array(Uint32Array.from(bits, (upper) => upper << 16).buffer);
}

function reverseElements(bytes: Uint8Array, elementBytes: number): void {
  if (elementBytes === 1) return;
  for (let at = 0; at < bytes.length; at += elementBytes) bytes.subarray(at, at + elementBytes).reverse();
}
