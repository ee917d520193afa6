/**
 * Looks through the pages of a column of a Parquet file before the library decodes them: that the lengths and
 * counts in them agree with each other and with the bytes that are there. The library believes them, and what
 * lies makes it allocate or run without end.
 *
 *   | header, dictionary page | header, data page | header, data page | …
 *   data page: | definition levels, where values may be missing | values |
 *
 * https://parquet.apache.org/docs/file-format/data-pages/encodings/
 */
import { ThriftReader, type ThriftStruct } from './thrift.js';

export interface ParquetColumn {
  /** Values in the column chunk. */
  readonly rows: number;
  readonly type: string;
  /** Of FIXED_LEN_BYTE_ARRAY. */
  readonly typeLength: number;
  /** Whether values may be missing. */
  readonly optional: boolean;
  /** Undefined when pages are not compressed. */
  readonly decompress: ((bytes: Uint8Array, length: number) => Uint8Array) | undefined;
  /** Bytes that pages may grow to. */
  readonly limit: number;
  /** Throws. */
  fail(problem: string): never;
}

enum Page {
  Data = 0,
  Dictionary = 2,
  DataV2 = 3,
}

enum Encoding {
  Plain = 0,
  PlainDictionary = 2,
  Rle = 3,
  DeltaBinaryPacked = 5,
  DeltaLengthByteArray = 6,
  DeltaByteArray = 7,
  RleDictionary = 8,
  ByteStreamSplit = 9,
}

/** Bytes of a plain value; for BYTE_ARRAY those of its length. */
const WIDTHS: Readonly<Record<string, number>> = {
  INT32: 4,
  INT64: 8,
  INT96: 12,
  FLOAT: 4,
  DOUBLE: 8,
  BYTE_ARRAY: 4,
};

/**
 * Checks all pages in `bytes`, and that they hold `rows` values.
 *
 * @returns Their contents decompressed, in order, as far as they were compressed; and how many bytes they
 * have.
 */
export function checkPages(bytes: Uint8Array, column: ParquetColumn): { pages: Uint8Array[]; grown: number } {
  const pages: Uint8Array[] = [];
  const { fail, rows } = column;
  let grown = 0;
  let seen = 0;
  let dictionary = 0;
  const open = (packed: Uint8Array, length: number): Uint8Array => {
    grown += length;
    if (grown > column.limit)
      fail(`its pages hold ${grown} bytes and more, too many for a file of this size`);
    if (!column.decompress) return packed;
    const page = column.decompress(packed, length);
    if (page?.length !== length) fail(`a page has ${page?.length ?? 0} bytes where it says ${length}`);
    pages.push(page);
    return page;
  };
  for (let at = 0; seen < rows && at < bytes.length; ) {
    const reader = new ThriftReader(bytes, at, (problem) => fail(`a page's header: ${problem}`));
    const header = reader.struct();
    const kind = count(header, 1, fail);
    const length = count(header, 2, fail);
    const end = reader.at + count(header, 3, fail);
    if (end > bytes.length) fail('a page ends beyond its column');
    const packed = bytes.subarray(reader.at, end);
    at = end;
    if (kind === Page.Dictionary) {
      dictionary = count(part(header, 7, fail), 1, fail);
      const page = open(packed, length);
      if (dictionary * widthOf(column) > page.length) {
        fail(`a dictionary of ${dictionary} values in ${page.length} bytes`);
      }
      continue;
    }
    if (kind !== Page.Data && kind !== Page.DataV2) fail(`a page of the unknown type ${kind}`);
    const about = part(header, kind === Page.Data ? 5 : 8, fail);
    const values = count(about, 1, fail);
    seen += values;
    if (seen > rows) fail(`${seen} values and more, where there are ${rows} rows`);
    if (kind === Page.Data) {
      const page = open(packed, length);
      const levels = column.optional ? levelsOf(page, values, fail) : { end: 0, ones: values };
      checkValues(page.subarray(levels.end), count(about, 2, fail), levels.ones, dictionary, column);
    } else {
      const levels = count(about, 5, fail);
      if (count(about, 6, fail) > 0) fail('a page with repetition levels, although it holds no lists');
      if (levels > packed.length || levels > length) fail('a page whose levels are longer than it');
      const ones = column.optional ? checkRuns(packed.subarray(0, levels), 0, 1, values, fail).ones : values;
      if (ones !== values - count(about, 2, fail)) fail('a page counts its missing values wrongly');
      const rest = packed.subarray(levels);
      const isPacked = about.get(7) !== false && length > levels;
      const page = isPacked ? open(rest, length - levels) : rest;
      checkValues(page, count(about, 4, fail), ones, dictionary, column);
    }
  }
  if (seen < rows) fail(`${seen} values, where there are ${rows} rows`);
  return { pages, grown };
}

/** Levels of a page of the first version: their length, then runs of zeros and ones. */
function levelsOf(page: Uint8Array, values: number, fail: (problem: string) => never) {
  if (page.length < 4) fail('a page without levels');
  const end = 4 + new DataView(page.buffer, page.byteOffset).getUint32(0, true);
  if (end > page.length) fail('a page whose levels are longer than it');
  return { end, ones: checkRuns(page, 4, 1, values, fail).ones };
}

function checkValues(
  page: Uint8Array,
  encoding: number,
  values: number,
  dictionary: number,
  column: ParquetColumn,
): void {
  const { type, fail } = column;
  const isBoolean = type === 'BOOLEAN';
  switch (encoding) {
    case Encoding.Plain:
    case Encoding.ByteStreamSplit: {
      const bytes = isBoolean ? Math.ceil(values / 8) : values * widthOf(column);
      if (bytes > page.length) fail(`a page of ${values} values in ${page.length} bytes`);
      return;
    }
    case Encoding.PlainDictionary:
    case Encoding.RleDictionary: {
      if (isBoolean) fail('a dictionary of truth values');
      if (values === 0) return;
      const width = page[0];
      if (!(width <= 32)) fail('a page whose places in the dictionary have no width');
      if (dictionary === 0) fail('a page of places in a dictionary that is not there');
      if (width > 0) checkRuns(page, 1, width, values, fail);
      return;
    }
    case Encoding.Rle:
      if (!isBoolean) fail(`runs of the type ${type}`);
      if (values > 0) checkRuns(page, 4, 1, values, fail);
      return;
    case Encoding.DeltaBinaryPacked:
    case Encoding.DeltaLengthByteArray:
      checkDeltas(page, 0, values, fail);
      return;
    case Encoding.DeltaByteArray:
      checkDeltas(page, checkDeltas(page, 0, values, fail), values, fail);
      return;
    default:
      fail(`values in the encoding ${encoding}, which is not known here`);
  }
}

/**
 * Runs of equal numbers, and numbers of `width` bits packed in groups of eight.
 *
 * @returns The place behind them, and where the width is 1, how many of them are 1.
 */
function checkRuns(
  bytes: Uint8Array,
  from: number,
  width: number,
  values: number,
  fail: (problem: string) => never,
): { end: number; ones: number } {
  const reader = new ThriftReader(bytes, from, (problem) => fail(`runs of values: ${problem}`));
  let ones = 0;
  for (let seen = 0; seen < values; ) {
    const head = reader.varint();
    const left = values - seen;
    if (head % 2 === 0) {
      const run = head / 2;
      if (run > left) fail(`a run of ${run} values where ${left} are left`);
      if (width === 1 && bytes[reader.at] === 1) ones += run;
      seen += run;
      reader.at += (width + 7) >> 3;
    } else {
      const groups = (head - 1) / 2;
      const end = reader.at + groups * width;
      if (end > bytes.length) fail(`${8 * groups} packed values in ${bytes.length} bytes`);
      if (width === 1) ones += onesIn(bytes, reader.at, Math.min(left, 8 * groups));
      seen += 8 * groups;
      reader.at = end;
    }
    if (reader.at > bytes.length) fail('runs of values: they end too early');
  }
  return { end: reader.at, ones };
}

function onesIn(bytes: Uint8Array, from: number, bits: number): number {
  let ones = 0;
  for (let bit = 0; bit < bits; bit++) ones += (bytes[from + (bit >> 3)] >> (bit & 7)) & 1;
  return ones;
}

/** Numbers as differences, in blocks of a few groups that are packed alike. Returns the place behind them. */
function checkDeltas(
  bytes: Uint8Array,
  from: number,
  values: number,
  fail: (problem: string) => never,
): number {
  const reader = new ThriftReader(bytes, from, (problem) => fail(`differences of values: ${problem}`));
  const block = reader.varint();
  const groups = reader.varint();
  const size = block / groups;
  if (!(groups >= 1 && groups <= 1024 && Number.isInteger(size) && size % 8 === 0 && size <= 2 ** 20)) {
    fail(`differences of values in blocks of ${block} in ${groups} groups`);
  }
  reader.varint();
  reader.varint();
  for (let seen = 1; seen < values; ) {
    reader.varint();
    const widths = bytes.subarray(reader.at, reader.at + groups);
    if (widths.length < groups) fail('differences of values: they end too early');
    reader.at += groups;
    for (let i = 0; i < groups && seen < values; i++) {
      if (widths[i] > 64) fail(`differences of values of ${widths[i]} bits`);
      reader.at += (size * widths[i]) / 8;
      seen += size;
    }
    if (reader.at > bytes.length) fail('differences of values: they end too early');
  }
  return reader.at;
}

function widthOf({ type, typeLength, fail }: ParquetColumn): number {
  const width = type === 'FIXED_LEN_BYTE_ARRAY' ? typeLength : WIDTHS[type];
  return width >= 1 ? width : fail(`values of the type ${type} without a length`);
}

/** A field that counts something. */
function count(header: ThriftStruct, field: number, fail: (problem: string) => never): number {
  const value = header.get(field);
  if (typeof value === 'number' && value >= 0 && value < 2 ** 31) return value;
  return fail(`a page's header lacks a count, or has one that is none`);
}

function part(header: ThriftStruct, field: number, fail: (problem: string) => never): ThriftStruct {
  const value = header.get(field);
  return typeof value === 'object' ? value : fail(`a page's header lacks what its type needs`);
}
