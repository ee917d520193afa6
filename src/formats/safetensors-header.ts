/**
 * The header of a safetensors file: parsed and proved to describe the rest of the file exactly. It reads no
 * tensor's data. JSON.parse alone will not do here: of two equal keys it silently keeps the last, so that two
 * readers can see two different models in one file.
 */
import { FormatError, show } from '../base/errors.js';
import { elementBytes, isDtype, type SafeDtype, SUPPORTED } from './safetensors-dtype.js';

/** The reference implementation's limit, in bytes. */
export const MAX_HEADER_BYTES = 100_000_000;

/**
 * Strings, numbers and marks: 28 of them make a tensor of four axes. Each becomes a value, of many times its
 * bytes.
 */
const MAX_TOKENS = 2 ** 22;

/** Objects or arrays within each other: the header, a tensor's entry, its shape. */
const MAX_DEPTH = 3;

export interface HeaderEntry {
  readonly name: string;
  readonly dtype: SafeDtype;
  readonly shape: readonly number[];
  /** Bytes from the end of the header: first, and the one past the last. */
  readonly begin: number;
  readonly end: number;
}

export interface Header {
  /** In the order of their data. Together they cover the data, without holes or overlap. */
  readonly entries: readonly HeaderEntry[];
  readonly metadata: Record<string, string>;
  /** Where data begin, in bytes from the start of the file. */
  readonly dataStart: number;
}

/** @throws FormatError naming the file and, where there is one, the tensor. */
export function readHeader(bytes: Uint8Array, where: string): Header {
  const fail = (problem: string, cause?: unknown): never => {
    throw new FormatError(where, problem, { cause });
  };
  const text = headerText(bytes, fail);
  const dataStart = 8 + Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const entries: HeaderEntry[] = [];
  let metadata: Record<string, string> = Object.create(null);
  for (const [name, value] of Object.entries(parseHeader(text, fail))) {
    if (name === '__metadata__') metadata = readMetadata(value, fail);
    else entries.push(readEntry(name, value, (problem) => fail(`tensor ${show(name)}: ${problem}`)));
  }
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  checkCover(entries, bytes.length - dataStart, fail);
  return { entries, metadata, dataStart };
}

type Fail = (problem: string, cause?: unknown) => never;

function headerText(bytes: Uint8Array, fail: Fail): string {
  if (bytes.length < 8) fail(`expected a header length of 8 bytes, given a file of ${bytes.length}`);
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  if (length > BigInt(MAX_HEADER_BYTES)) {
    fail(`the header is too large: expected at most ${MAX_HEADER_BYTES} bytes, given ${length}`);
  }
  if (length > BigInt(bytes.length - 8)) {
    fail(`the header is longer than the file: ${length} bytes, of which ${bytes.length - 8} are there`);
  }
  const header = bytes.subarray(8, 8 + Number(length));
  if (header[0] !== 0x7b) fail('expected the header to begin with {');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(header);
  } catch (cause) {
    return fail('the header is not UTF-8', cause);
  }
}

function parseHeader(text: string, fail: Fail): Record<string, unknown> {
  checkTokens(text, fail);
  try {
    return JSON.parse(text);
  } catch (cause) {
    return fail(`the header is not JSON: ${cause instanceof Error ? cause.message : cause}`, cause);
  }
}

/** Codes of characters. */
const [SPACE, QUOTE, MINUS, COLON, BACKSLASH] = [0x20, 0x22, 0x2d, 0x3a, 0x5c];
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

/**
 * Walks the tokens of a JSON text and refuses what JSON.parse lets pass: a key given twice in one object
 * however it is escaped, half of a surrogate pair, numbers other than plain digits, deep nesting; and more
 * tokens than a file of models has, before any of them becomes a value. Whether the text is JSON at all is
 * left to JSON.parse, so anything may stand here; the walk ends in any case.
 */
function checkTokens(text: string, fail: Fail): void {
  const open: { keys: Set<string>; key: string }[] = [];
  const refuse = (depth: number, problem: string): never => {
    const keys = open.slice(0, depth).flatMap(({ key }) => (key === '' ? [] : show(key)));
    return fail(`header at ${keys.join('.') || 'its top level'}: ${problem}`);
  };
  let tokens = 0;
  for (let at = 0; at < text.length; ) {
    const code = text.charCodeAt(at);
    // Of JSON's white space it has the highest code.
    if (code <= SPACE) {
      at++;
      continue;
    }
    if (++tokens > MAX_TOKENS)
      fail(`the header has more than the ${MAX_TOKENS} names, numbers and marks allowed`);
    if (code === OPEN_OBJECT || code === OPEN_ARRAY) {
      const depth = open.push({ keys: new Set(), key: '' });
      if (depth > MAX_DEPTH) refuse(depth, 'nested too deeply');
      at++;
    } else if (code === CLOSE_OBJECT || code === CLOSE_ARRAY) {
      open.pop();
      at++;
    } else if (code === MINUS || isDigit(code)) {
      const end = endOfNumber(text, at);
      const number = text.slice(at, end);
      if (!/^(0|[1-9][0-9]*)$/.test(number))
        refuse(open.length, `expected plain digits, given ${show(number)}`);
      at = end;
    } else if (code === QUOTE) {
      const end = endOfString(text, at);
      const string = decodeString(text, at, end, fail);
      at = end;
      const object = open.at(-1);
      if (object === undefined || !colonFollows(text, at)) continue;
      if (object.keys.has(string)) refuse(open.length - 1, `key ${show(string)} is given twice`);
      object.keys.add(string);
      object.key = string;
    } else {
      at++;
    }
  }
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** The place after the digits, signs, points and exponents that begin at `start`. */
function endOfNumber(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && (isDigit(text.charCodeAt(at)) || '.eE+-'.includes(text[at]))) at++;
  return at;
}

/**
 * The place after the quote that closes the string beginning at `start`. By hand: a regular expression
 * overflows.
 */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === BACKSLASH) at++;
    else if (code === QUOTE) return at + 1;
  }
  return text.length;
}

function colonFollows(text: string, after: number): boolean {
  let at = after;
  while (at < text.length && text.charCodeAt(at) <= SPACE) at++;
  return text.charCodeAt(at) === COLON;
}

/** The text was UTF-8, so that halves of surrogate pairs can only be escapes. */
function decodeString(text: string, start: number, end: number, fail: Fail): string {
  const inside = text.slice(start + 1, end - 1);
  if (end - start >= 2 && text.charCodeAt(end - 1) === QUOTE && !inside.includes('\\')) return inside;
  let string: unknown;
  try {
    string = JSON.parse(text.slice(start, end));
  } catch (cause) {
    fail(`the header is not JSON: ${show(text.slice(start, end))} is not a string`, cause);
  }
  if (typeof string !== 'string' || /\p{Surrogate}/u.test(string)) {
    fail(`the header is not Unicode: ${show(text.slice(start, end))} holds half of a surrogate pair`);
  }
  return string as string;
}

function readMetadata(value: unknown, fail: Fail): Record<string, string> {
  if (!isObject(value)) fail(`__metadata__: expected an object of strings, given ${show(value)}`);
  const metadata: Record<string, string> = Object.create(null);
  for (const [key, text] of Object.entries(value as object)) {
    if (typeof text !== 'string') fail(`__metadata__: ${show(key)}: expected a string, given ${show(text)}`);
    metadata[key] = text;
  }
  return metadata;
}

function readEntry(name: string, value: unknown, fail: (problem: string) => never): HeaderEntry {
  if (!isObject(value)) return fail(`expected an object, given ${show(value)}`);
  const { dtype, shape, data_offsets: offsets, ...others } = value;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) fail(`unknown key ${show(unknown)}; expected dtype, shape and data_offsets`);
  if (!isDtype(dtype)) return fail(`dtype: expected one of ${SUPPORTED.join(', ')}, given ${show(dtype)}`);
  if (!isSizes(shape))
    return fail(`shape: expected an array of whole numbers below 2^53, given ${show(shape)}`);
  if (!isSizes(offsets) || offsets.length !== 2) {
    return fail(`data_offsets: expected two whole numbers below 2^53, given ${show(offsets)}`);
  }
  const [begin, end] = offsets;
  if (begin > end) fail(`data_offsets: begin ${begin} is beyond end ${end}`);
  const size = shape.reduce((product, dim) => {
    const next = product * dim;
    return Number.isSafeInteger(next) ? next : fail(`shape ${shape.join('x')} overflows`);
  }, elementBytes(dtype));
  if (size !== end - begin) {
    fail(`${dtype} of shape [${shape.join(', ')}] needs ${size} bytes, data_offsets give ${end - begin}`);
  }
  return { name, dtype, shape, begin, end };
}

/** Each tensor begins where the one before ends, and the last ends with the file. */
function checkCover(entries: readonly HeaderEntry[], dataBytes: number, fail: Fail): void {
  let covered = 0;
  for (const { name, begin, end } of entries) {
    if (begin < covered)
      fail(`tensor ${show(name)}: its data at ${begin} overlap those before, up to ${covered}`);
    if (begin > covered) fail(`tensor ${show(name)}: its data at ${begin} leave a hole, from ${covered}`);
    covered = end;
  }
  if (covered > dataBytes)
    fail(`the file is too short: tensors need ${covered} bytes of data, given ${dataBytes}`);
  if (covered < dataBytes) fail(`trailing bytes: tensors need ${covered} bytes of data, given ${dataBytes}`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);
}
