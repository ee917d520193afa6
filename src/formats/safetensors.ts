/**
 * Reads and writes safetensors, the file format that PyTorch and others exchange weights in.
 *
 *   | N: u64 | header: N bytes of JSON, padded with spaces | tensors, row-major, without gaps |
 *       8                8 + N is a multiple of 8
 *
 * All little-endian. The reader refuses whatever the reference implementation's own tests call malformed (see
 * `safetensors-header.ts`). It opens no file, and knows nothing of models.
 * https://github.com/huggingface/safetensors#format
 */
import { isMap, isTypedArray, typedArrayName } from '../base/arrays.js';
import { FormatError, OptionError, ShapeError, show } from '../base/errors.js';
import { checkFile, fromHostOrder, toHostOrder, widenBf16, widenF16 } from './bytes.js';
import { foreignFormat } from './recognise.js';
import { elementBytes, isDtype, type SafeData, type SafeDtype, storageOf } from './safetensors-dtype.js';
import { MAX_HEADER_BYTES, readHeader } from './safetensors-header.js';

export type { SafeDtype } from './safetensors-dtype.js';

/** One tensor. `data` is row-major, of the product of `shape` elements; its class follows from `dtype`. */
export type SafeTensor = {
  [D in SafeDtype]: { readonly dtype: D; readonly shape: readonly number[]; readonly data: SafeData[D] };
}[SafeDtype];

/** A tensor that can be written: one that is held in its own dtype, which half floats are not. */
export type WritableTensor = Exclude<SafeTensor, { dtype: 'F16' | 'BF16' }>;

export interface SafetensorsFile {
  /** In the order of their data in the file. */
  readonly tensors: Map<string, SafeTensor>;
  /** Has no prototype, so that any key is safe to look up. Empty when the file has none. */
  readonly metadata: Record<string, string>;
}

const WHERE = 'writeSafetensors';

/**
 * Reads a whole safetensors file. Data are copied: they do not keep `bytes` alive and are aligned.
 *
 * @param where The file's name, for messages.
 * @throws FormatError, naming the tensor where there is one, for anything that the format forbids, for a
 * dtype other
 *   than those of `SafeDtype`, and for keys of an entry other than the format's three.
 * @throws OptionError for `bytes` that are none.
 */
export function readSafetensors(bytes: Uint8Array, where: string): SafetensorsFile {
  const file = checkFile('readSafetensors', bytes, where);
  const foreign = foreignFormat(file);
  if (foreign !== undefined) throw new FormatError(where, `expected a safetensors file, given ${foreign}`);
  return decodeSafetensors(file, where);
}

/**
 * @internal As `readSafetensors`, for a file that nobody mistakes for another program's: a page that trains
 * loads no more than it needs.
 */
export function decodeSafetensors(file: Uint8Array, where: string): SafetensorsFile {
  const { entries, metadata, dataStart } = readHeader(file, where);
  const tensors = new Map<string, SafeTensor>();
  for (const { name, dtype, shape, begin, end } of entries) {
    const data = decode(file.subarray(dataStart + begin, dataStart + end), dtype);
    tensors.set(name, { dtype, shape, data } as SafeTensor);
  }
  return { tensors, metadata };
}

/**
 * Writes tensors and metadata as one file's bytes. The bytes follow from names and values alone, not from the
 * order in which they are given: larger elements come first, which keeps all aligned, then names in order of
 * code units.
 *
 * @throws OptionError for anything but a map of tensors, a name, dtype or metadata that the format cannot
 * hold, or data of another class than the
 *   dtype's.
 * @throws ShapeError when data are not the product of the shape in number.
 */
export function writeSafetensors(
  tensors: ReadonlyMap<string, WritableTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  if (!isMap(tensors))
    throw new OptionError(WHERE, `expected a map of names and tensors, given ${show(tensors)}`);
  for (const [name, tensor] of tensors) checkTensor(name, tensor);
  const sorted = [...tensors].sort(
    ([nameA, a], [nameB, b]) => b.data.BYTES_PER_ELEMENT - a.data.BYTES_PER_ELEMENT || compare(nameA, nameB),
  );
  // Composed by hand, since an object would move keys such as "0" to the front and lose "__proto__".
  const members = metadataMember(metadata);
  let dataBytes = 0;
  for (const [name, tensor] of sorted) {
    const end = dataBytes + tensor.data.byteLength;
    const entry = { dtype: tensor.dtype, shape: tensor.shape, data_offsets: [dataBytes, end] };
    members.push(`${JSON.stringify(name)}:${JSON.stringify(entry)}`);
    dataBytes = end;
  }
  const header = new TextEncoder().encode(`{${members.join(',')}}`);
  const headerBytes = Math.ceil(header.length / 8) * 8;
  if (headerBytes > MAX_HEADER_BYTES) {
    throw new OptionError(
      WHERE,
      `the header has ${headerBytes} bytes, the format allows ${MAX_HEADER_BYTES}`,
    );
  }

  const file = new Uint8Array(8 + headerBytes + dataBytes);
  new DataView(file.buffer).setBigUint64(0, BigInt(headerBytes), true);
  file.fill(0x20, 8 + header.length, 8 + headerBytes);
  file.set(header, 8);
  let at = 8 + headerBytes;
  for (const [, { data }] of sorted) {
    file.set(fromHostOrder(data, data.BYTES_PER_ELEMENT, 'little'), at);
    at += data.byteLength;
  }
  return file;
}

function decode(bytes: Uint8Array, dtype: SafeDtype): SafeData[SafeDtype] {
  const buffer = toHostOrder(bytes, elementBytes(dtype), 'little');
  if (dtype === 'F16') return widenF16(new Uint16Array(buffer));
  if (dtype === 'BF16') return widenBf16(new Uint16Array(buffer));
  return new (storageOf(dtype))(buffer);
}

function metadataMember(metadata: Readonly<Record<string, string>>): string[] {
  if (typeof metadata !== 'object' || metadata === null)
    throw new OptionError(WHERE, `metadata: expected an object of strings, given ${show(metadata)}`);
  const pairs = Object.entries(metadata).sort(([a], [b]) => compare(a, b));
  for (const [key, value] of pairs) {
    if (typeof value !== 'string' || !isUnicode(value) || !isUnicode(key)) {
      throw new OptionError(WHERE, `metadata ${show(key)}: expected a Unicode string, given ${show(value)}`);
    }
  }
  if (pairs.length === 0) return [];
  const members = pairs.map((pair) => pair.map((text) => JSON.stringify(text)).join(':'));
  return [`"__metadata__":{${members.join(',')}}`];
}

/** Callers in JavaScript can give what the types exclude. */
function checkTensor(name: unknown, tensor: unknown): asserts tensor is WritableTensor {
  const where = `${WHERE}: tensor ${show(name)}`;
  if (typeof name !== 'string' || name === '__metadata__' || !isUnicode(name)) {
    throw new OptionError(where, 'expected a Unicode name other than "__metadata__"');
  }
  if (typeof tensor !== 'object' || tensor === null)
    throw new OptionError(where, `expected { dtype, shape, data }, given ${show(tensor)}`);
  const { dtype, shape, data } = tensor as { readonly [K in keyof WritableTensor]?: unknown };
  if (!isDtype(dtype) || dtype === 'F16' || dtype === 'BF16') {
    throw new OptionError(where, `dtype ${show(dtype)} cannot be written`);
  }
  const { name: storage } = storageOf(dtype);
  if (!isTypedArray(data) || typedArrayName(data) !== storage) {
    throw new OptionError(where, `${dtype} is written from ${storage}, given ${show(data)}`);
  }
  if (!Array.isArray(shape))
    throw new OptionError(where, `shape: expected a list of lengths, given ${show(shape)}`);
  const size = shape.reduce(
    (product, dim) => (Number.isSafeInteger(dim) && dim >= 0 ? product * dim : NaN),
    1,
  );
  if (size !== data.length) {
    throw new ShapeError(where, `shape ${show(shape)} does not fit ${data.length} elements`);
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Whether a string has no half of a surrogate pair, which UTF-8 cannot encode. */
function isUnicode(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}
