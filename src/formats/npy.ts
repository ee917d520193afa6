/**
 * Reads and writes NPY, numpy's file of one array.
 *
 *   | 0x93 NUMPY | major minor | length of header: u16, from version 2 on u32 | header | elements |
 *        6             2                       little-endian
 *
 * The header is a Python dictionary, such as {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }. It
 * believes no header: sizes are compared with the file before anything is allocated. Arrays of Python objects
 * (pickles) and of records are refused.
 * https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */
import { elementsOf, typedArrayName } from '../base/arrays.js';
import { FormatError, OptionError, ShapeError, show } from '../base/errors.js';
import { eachPlace } from './axes.js';
import { type ByteOrder, checkFile, fromHostOrder, toHostOrder, widenF16 } from './bytes.js';

/** What a reader gets for each of numpy's types. */
export interface NpyData {
  float64: Float64Array;
  float32: Float32Array;
  /** Widened, which is exact. */
  float16: Float32Array;
  int64: BigInt64Array;
  uint64: BigUint64Array;
  int32: Int32Array;
  uint32: Uint32Array;
  int16: Int16Array;
  uint16: Uint16Array;
  int8: Int8Array;
  uint8: Uint8Array;
  /** 0 is false. */
  bool: Uint8Array;
  /** Of numpy's `<U…` and, as Latin-1, `|S…`; trailing zeros are left out. */
  string: string[];
}

export type NpyDtype = keyof NpyData;

/**
 * `data` is row-major, of the product of `shape` elements, also where the file was not; no shape at all is
 * one number.
 */
export type NpyArray = {
  [D in NpyDtype]: { readonly dtype: D; readonly shape: readonly number[]; readonly data: NpyData[D] };
}[NpyDtype];

/** An array that can be written: one that is held in its own type. */
export type WritableNpy = Exclude<NpyArray, { dtype: 'float16' | 'string' }>;

const STORAGE = {
  float64: Float64Array,
  float32: Float32Array,
  float16: Uint16Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int8: Int8Array,
  uint8: Uint8Array,
  bool: Uint8Array,
} satisfies Record<Exclude<NpyDtype, 'string'>, unknown>;

type NumericDtype = keyof typeof STORAGE;

/** Kind and bytes, as numpy's `descr` writes them. */
const CODES: ReadonlyMap<string, NumericDtype> = new Map([
  ['f8', 'float64'],
  ['f4', 'float32'],
  ['f2', 'float16'],
  ['i8', 'int64'],
  ['u8', 'uint64'],
  ['i4', 'int32'],
  ['u4', 'uint32'],
  ['i2', 'int16'],
  ['u2', 'uint16'],
  ['i1', 'int8'],
  ['u1', 'uint8'],
  ['b1', 'bool'],
]);

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
/** Data begin at a multiple of this. */
const ALIGNMENT = 64;
/** numpy's own limit, in bytes: headers of plain arrays have 128. */
const MAX_HEADER = 10_000;
/** @internal No header ends later in a file. */
export const NPY_HEADER_BYTES = 12 + MAX_HEADER;
/** As many as a header has room for. */
const MAX_AXES = MAX_HEADER / 2;
/** Of numpy 2. */
const MAX_RANK = 64;

/** @internal */
export interface NpyHeader {
  readonly dtype: NpyDtype;
  /** Of one element. */
  readonly bytes: number;
  readonly order: ByteOrder;
  /** Of strings: 1 for Latin-1, 4 for UTF-32. */
  readonly charBytes: 1 | 4;
  readonly fortran: boolean;
  readonly shape: readonly number[];
  readonly dataStart: number;
}

/**
 * Reads a whole NPY file. Data are copied: they do not keep `bytes` alive.
 *
 * @param where The file's name, for messages.
 * @throws FormatError when the file is not NPY, is of a type other than those of `NpyDtype`, or is not
 * exactly as long as its
 *   header says.
 * @throws OptionError for `bytes` that are none.
 */
export function readNpy(bytes: Uint8Array, where: string): NpyArray {
  return decodeNpy(checkFile('readNpy', bytes, where), where);
}

/** What a text takes in memory at least. */
const TEXT_BYTES = 32;

/**
 * @internal As `readNpy`; texts may take at most `limit` bytes, which bytes of a compressed file could go far
 * beyond.
 */
export function decodeNpy(file: Uint8Array, where: string, limit = Number.POSITIVE_INFINITY): NpyArray {
  const fail = (problem: string): never => {
    throw new FormatError(where, problem);
  };
  const header = readHeader(file, fail);
  const { dtype, shape, fortran } = header;
  const count = elementsIn(header, file.length, fail, limit);
  const data = decodeElements(file.subarray(header.dataStart), header, count);
  return { dtype, shape, data: fortran ? toRowMajor(data, shape) : data } as NpyArray;
}

/** Fails unless a file of so many bytes has just the elements of its header. */
function elementsIn(
  { dtype, shape, bytes, dataStart }: NpyHeader,
  fileBytes: number,
  fail: (problem: string) => never,
  limit = Number.POSITIVE_INFINITY,
): number {
  const count = elementsOf(shape);
  const expected = count * bytes;
  const name = `${dtype} [${shape.join(', ')}]`;
  if (!Number.isSafeInteger(expected)) fail(`the shape [${shape.join(', ')}] overflows`);
  // Any number of them would fit into no bytes.
  if (bytes === 0 && count > 0) fail(`${name}: texts of no characters are not supported`);
  if (dtype === 'string' && count * TEXT_BYTES > limit)
    fail(`${name}: its texts take more than the ${limit} bytes allowed`);
  const given = fileBytes - dataStart;
  if (given !== expected) {
    const problem = given < expected ? 'the file is too short' : 'the file has trailing bytes';
    fail(`${problem}: ${name} needs ${expected} bytes of data, given ${given}`);
  }
  return count;
}

/** @internal Throws FormatError unless a file of so many bytes has just the elements of its header. */
export function checkNpySize(header: NpyHeader, fileBytes: number, where: string): void {
  elementsIn(header, fileBytes, (problem) => {
    throw new FormatError(where, problem);
  });
}

/**
 * Writes an array as the bytes of an NPY file, version 1, row-major and little-endian.
 *
 * @throws OptionError for something that is no array, an unknown dtype, or data of another class than the
 * dtype's.
 * @throws ShapeError when data are not the product of the shape in number.
 */
export function writeNpy(array: WritableNpy): Uint8Array {
  const where = 'writeNpy';
  if (typeof array !== 'object' || array === null)
    throw new OptionError(where, `expected { dtype, shape, data }, given ${show(array)}`);
  const { dtype, shape, data } = array;
  // Callers in JavaScript can give what the types exclude.
  const given: unknown = dtype;
  const code = [...CODES].find(([, name]) => name === given)?.[0];
  if (code === undefined || given === 'float16')
    throw new OptionError(where, `dtype ${show(given)} cannot be written`);
  if (typedArrayName(data) !== STORAGE[dtype].name) {
    throw new OptionError(where, `${dtype} is written from ${STORAGE[dtype].name}, given ${show(data)}`);
  }
  if (Array.isArray(shape) && shape.length > MAX_AXES)
    throw new OptionError(where, `a shape of ${shape.length} axes cannot be written`);
  const sizes = Array.isArray(shape) && shape.every((length) => Number.isSafeInteger(length) && length >= 0);
  if (!sizes || elementsOf(shape) !== data.length) {
    throw new ShapeError(where, `shape ${show(shape)} does not fit ${data.length} elements`);
  }
  const elementBytes = data.BYTES_PER_ELEMENT;
  // A tuple of one keeps its comma.
  const tuple = `(${shape.join(', ')}${shape.length === 1 ? ',' : ''})`;
  const order = elementBytes === 1 ? '|' : '<';
  const text = `{'descr': '${order}${code}', 'fortran_order': False, 'shape': ${tuple}, }`;
  const headerBytes = Math.ceil((10 + text.length + 1) / ALIGNMENT) * ALIGNMENT - 10;
  if (headerBytes > MAX_HEADER)
    throw new OptionError(where, `a shape of ${shape.length} axes cannot be written`);
  const file = new Uint8Array(10 + headerBytes + data.byteLength);
  file.set(MAGIC);
  file[6] = 1;
  new DataView(file.buffer).setUint16(8, headerBytes, true);
  file.set(new TextEncoder().encode(`${text.padEnd(headerBytes - 1)}\n`), 10);
  file.set(fromHostOrder(data, elementBytes, 'little'), 10 + headerBytes);
  return file;
}

/** @internal The header, of the beginning of a file. */
export function readNpyHeader(bytes: Uint8Array, where: string): NpyHeader {
  return readHeader(bytes, (problem) => {
    throw new FormatError(where, problem);
  });
}

function readHeader(bytes: Uint8Array, fail: (problem: string) => never): NpyHeader {
  if (MAGIC.some((byte, i) => bytes[i] !== byte))
    fail('not an NPY file: expected it to begin with \\x93NUMPY');
  const major = bytes[6];
  if (!(major >= 1 && major <= 3)) fail(`expected NPY of version 1, 2 or 3, given ${major}`);
  const start = major === 1 ? 10 : 12;
  if (bytes.length < start) fail('the file ends within its header');
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > MAX_HEADER) fail(`expected a header of at most ${MAX_HEADER} bytes, given ${length}`);
  if (start + length > bytes.length) fail('the file ends within its header');
  const text = String.fromCharCode(...bytes.subarray(start, start + length));
  return { ...parseHeader(text, fail), dataStart: start + length };
}

/** A key, and behind it a string, True or False, or a tuple of numbers, which Python 2 ends with L. */
const ITEM =
  /\s*(['"])(\w+)\1\s*:\s*(?:(['"])([^'"\\]*)\3|(True|False)|(\(\s*(?:\d{1,16}L?\s*,\s*)*(?:\d{1,16}L?\s*)?\)))\s*(?:,|(?=\}))\s*/y;

function parseHeader(text: string, fail: (problem: string) => never): Omit<NpyHeader, 'dataStart'> {
  const trimmed = text.trim();
  const items = new Map<string, string | boolean | number[]>();
  if (!trimmed.startsWith('{')) fail(`expected a Python dictionary as header, given ${show(trimmed)}`);
  if (/['"]descr['"]\s*:\s*\[/.test(trimmed))
    fail('arrays of records are not supported; save each field on its own');
  ITEM.lastIndex = 1;
  for (let at = 1; trimmed[at] !== '}'; at = ITEM.lastIndex) {
    const match = ITEM.exec(trimmed);
    if (!match) return fail(`the header is not understood: ${show(trimmed.slice(at))}`);
    const [, , key, , string, truth, tuple] = match;
    if (items.has(key)) fail(`header: key ${show(key)} is given twice`);
    items.set(key, string ?? (tuple ? (tuple.match(/\d+/g) ?? []).map(Number) : truth === 'True'));
    if (ITEM.lastIndex >= trimmed.length) fail('the header does not end with }');
  }
  if (trimmed.indexOf('}') !== trimmed.length - 1) fail('the header goes on behind its }');
  const { descr, fortran_order: fortran, shape, ...others } = Object.fromEntries(items);
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) fail(`header: unknown key ${show(unknown)}`);
  if (typeof descr !== 'string') return fail(`header: descr: expected a type such as '<f4'`);
  if (typeof fortran !== 'boolean') return fail('header: fortran_order: expected True or False');
  if (!Array.isArray(shape) || !shape.every(Number.isSafeInteger))
    return fail('header: shape: expected a tuple of numbers');
  if (shape.length > MAX_RANK) fail(`expected at most ${MAX_RANK} axes, given ${shape.length}`);
  return { ...parseDescr(descr, fail), fortran, shape };
}

function parseDescr(descr: string, fail: (problem: string) => never) {
  const [, mark, kind, size] = /^([<>|=])([a-zA-Z])(\d{0,9})$/.exec(descr) ?? [];
  const order: ByteOrder = mark === '>' ? 'big' : 'little';
  if (kind === 'O') fail('arrays of Python objects are not supported: they hold pickles, which run code');
  if ((kind === 'U' || kind === 'S') && size) {
    const charBytes: 1 | 4 = kind === 'U' ? 4 : 1;
    return { dtype: 'string' as const, bytes: charBytes * Number(size), order, charBytes };
  }
  const dtype = CODES.get(`${kind}${size}`);
  if (dtype === undefined)
    return fail(`type ${show(descr)} is not supported; expected one of ${[...CODES.keys()].join(', ')}`);
  return { dtype, bytes: STORAGE[dtype].BYTES_PER_ELEMENT, order, charBytes: 1 as const };
}

/** @internal `count` elements, which are all of `bytes`; copied. */
export function decodeElements(
  bytes: Uint8Array,
  header: Omit<NpyHeader, 'shape' | 'fortran' | 'dataStart'>,
  count: number,
): NpyData[NpyDtype] {
  const { dtype, order } = header;
  if (dtype === 'string') return decodeStrings(bytes, header, count);
  const buffer = toHostOrder(bytes, header.bytes, order);
  if (dtype === 'float16') return widenF16(new Uint16Array(buffer));
  return new STORAGE[dtype](buffer);
}

function decodeStrings(
  bytes: Uint8Array,
  { bytes: size, charBytes, order }: Pick<NpyHeader, 'bytes' | 'charBytes' | 'order'>,
  count: number,
): string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: count }, (_, i) => {
    const codes: number[] = [];
    for (let at = i * size; at < (i + 1) * size; at += charBytes) {
      const code = charBytes === 1 ? bytes[at] : view.getUint32(at, order === 'little');
      codes.push(code <= 0x10ffff ? code : 0xfffd);
    }
    while (codes.at(-1) === 0) codes.pop();
    return codes.map((code) => String.fromCodePoint(code)).join('');
  });
}

/** Turns column-major data round: the last axis then runs fastest. */
function toRowMajor<T extends NpyData[NpyDtype]>(data: T, shape: readonly number[]): T {
  if (shape.length < 2) return data;
  const turned = data.slice() as T;
  const strides = shape.map((_, axis) => elementsOf(shape.slice(0, axis)));
  eachPlace(shape, strides, (from, to) => {
    turned[to] = data[from];
  });
  return turned;
}
