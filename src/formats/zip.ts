/**
 * ZIP archives in memory, as far as NPZ needs them: reads stored and deflated entries, writes stored ones.
 * The central directory at the end of the file is what counts; local headers are only skipped. It opens no
 * file and knows nothing of what is inside.
 *
 *   | local header, name, data | … | central directory: an entry a file | end of central directory |
 *
 * All little-endian. Zip64, which numpy writes for entries of 4 GiB and more, is read where its sizes fit.
 * Source: PKWARE's APPNOTE.TXT 6.3.10, sections 4.3.7, 4.3.12, 4.3.14 to 4.3.16 and 4.5.3.
 */
import { inflateSync } from 'fflate';
import { FormatError, OptionError, show } from '../base/errors.js';
import { crc32 } from './crc.js';

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const END64 = 0x06064b50;
const LOCATOR64 = 0x07064b50;

const STORED = 0;
const DEFLATED = 8;
const ENCRYPTED = 1;
const UTF8 = 0x800;
/** Arrays in an archive: each is an object here, and can be few bytes there. */
const MAX_ENTRIES = 2 ** 18;
/** A 32-bit field that says: see the zip64 extra field. */
const ELSEWHERE = 0xffffffff;

interface Entry {
  readonly name: string;
  readonly method: number;
  readonly crc: number;
  readonly packedBytes: number;
  readonly bytes: number;
  readonly localStart: number;
}

/**
 * Reads the entries one by one, in the order of the directory; folders are left out. Stored data are views of
 * `bytes`.
 *
 * @param limit The most bytes that all entries together may grow to: a small archive may claim to hold any
 * number.
 * @throws FormatError for anything but a sound archive: a wrong checksum, a name given twice, encryption, an
 * unknown method.
 */
export function* readZip(
  bytes: Uint8Array,
  where: string,
  limit: number,
): Generator<[name: string, data: Uint8Array]> {
  const entries = readDirectory(bytes, where);
  const total = entries.reduce((sum, entry) => sum + entry.bytes, 0);
  if (total > limit) {
    throw new FormatError(
      where,
      `its entries hold ${total} bytes, more than the ${limit} allowed for an archive of ${bytes.length}`,
    );
  }
  const names = new Set<string>();
  let packedBytes = 0;
  for (const entry of entries) {
    if (entry.name.endsWith('/')) continue;
    const fail = (problem: string, cause?: unknown): never => {
      throw new FormatError(where, `entry ${show(entry.name)}: ${problem}`, { cause });
    };
    if (names.has(entry.name)) fail('is given twice');
    names.add(entry.name);
    const data = readEntry(bytes, entry, fail);
    // One piece of data under many names would be unpacked again and again.
    packedBytes += entry.packedBytes;
    if (packedBytes > bytes.length) fail('overlaps with entries before it');
    yield [entry.name, data];
  }
}

/** The names of all entries; none for what is no sound archive. */
export function zipNames(bytes: Uint8Array): string[] {
  try {
    return readDirectory(bytes, '').map(({ name }) => name);
  } catch (error) {
    if (error instanceof FormatError) return [];
    throw error;
  }
}

/**
 * Writes an archive of stored entries. fflate's writer would make a page 3.1 kB larger, of which this is 0.4:
 * it brings the compression that nothing here uses. The same entries give the same bytes: all are dated 1980-01-01.
 *
 * @throws OptionError for a name that is empty or too long, or an archive of 4 GiB or more.
 */
export function writeZip(files: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const entries = [...files].map(([name, data]) => {
    const encoded = new TextEncoder().encode(name);
    if (encoded.length === 0 || encoded.length > 0xffff) {
      throw new OptionError('writeZip', `expected a name of 1 to 65535 bytes, given ${show(name)}`);
    }
    return { name: encoded, data, crc: crc32(data) };
  });
  const localBytes = entries.reduce((sum, { name, data }) => sum + 30 + name.length + data.length, 0);
  const directoryBytes = entries.reduce((sum, { name }) => sum + 46 + name.length, 0);
  if (entries.length >= 0xffff || localBytes + directoryBytes + 22 >= ELSEWHERE) {
    throw new OptionError('writeZip', 'expected fewer than 65535 entries and less than 4 GiB');
  }
  const file = new Uint8Array(localBytes + directoryBytes + 22);
  const view = new DataView(file.buffer);
  /**
   * What local header and directory share: version 2.0, UTF-8, stored, midnight of 1980-01-01, checksum,
   * sizes, length of the name.
   */
  const common = (at: number, { name, data, crc }: (typeof entries)[number]) => {
    view.setUint16(at, 20, true);
    view.setUint16(at + 2, UTF8, true);
    view.setUint16(at + 8, (1 << 5) | 1, true);
    view.setUint32(at + 10, crc, true);
    view.setUint32(at + 14, data.length, true);
    view.setUint32(at + 18, data.length, true);
    view.setUint16(at + 22, name.length, true);
  };
  let at = 0;
  let directory = localBytes;
  for (const entry of entries) {
    view.setUint32(directory, CENTRAL, true);
    view.setUint16(directory + 4, 20, true);
    common(directory + 6, entry);
    view.setUint32(directory + 42, at, true);
    file.set(entry.name, directory + 46);
    directory += 46 + entry.name.length;

    view.setUint32(at, LOCAL, true);
    common(at + 4, entry);
    file.set(entry.name, at + 30);
    file.set(entry.data, at + 30 + entry.name.length);
    at += 30 + entry.name.length + entry.data.length;
  }
  view.setUint32(directory, END, true);
  view.setUint16(directory + 8, entries.length, true);
  view.setUint16(directory + 10, entries.length, true);
  view.setUint32(directory + 12, directoryBytes, true);
  view.setUint32(directory + 16, localBytes, true);
  return file;
}

function readDirectory(bytes: Uint8Array, where: string): Entry[] {
  const fail = (problem: string): never => {
    throw new FormatError(where, problem);
  };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { count, start, end } = findDirectory(view, fail);
  if (count > MAX_ENTRIES) fail(`expected at most ${MAX_ENTRIES} entries, given ${count}`);
  const entries: Entry[] = [];
  let at = start;
  for (let i = 0; i < count; i++) {
    if (at + 46 > end || view.getUint32(at, true) !== CENTRAL) {
      fail(`the directory is broken: expected entry ${i + 1} of ${count} at byte ${at}`);
    }
    const nameBytes = view.getUint16(at + 28, true);
    const extraBytes = view.getUint16(at + 30, true);
    const next = at + 46 + nameBytes + extraBytes + view.getUint16(at + 32, true);
    if (next > end) fail(`the directory is broken: entry ${i + 1} of ${count} ends beyond it`);
    const name = decodeName(bytes.subarray(at + 46, at + 46 + nameBytes), fail);
    if (view.getUint16(at + 8, true) & ENCRYPTED) fail(`entry ${show(name)} is encrypted`);
    const [size, packedBytes, localStart] = wideFields(
      view,
      [view.getUint32(at + 24, true), view.getUint32(at + 20, true), view.getUint32(at + 42, true)],
      at + 46 + nameBytes,
      extraBytes,
      () => fail(`entry ${show(name)}: its sizes do not fit`),
    );
    const method = view.getUint16(at + 10, true);
    entries.push({ name, method, crc: view.getUint32(at + 16, true), packedBytes, bytes: size, localStart });
    at = next;
  }
  return entries;
}

function findDirectory(view: DataView, fail: (problem: string) => never) {
  // The end record is 22 bytes and a comment of up to 65535.
  for (let at = view.byteLength - 22; at >= Math.max(0, view.byteLength - 22 - 0xffff); at--) {
    if (view.getUint32(at, true) !== END || at + 22 + view.getUint16(at + 20, true) !== view.byteLength)
      continue;
    let count = view.getUint16(at + 10, true);
    let size = view.getUint32(at + 12, true);
    let start = view.getUint32(at + 16, true);
    let end = at;
    if (count === 0xffff || size === ELSEWHERE || start === ELSEWHERE) {
      if (at < 20 || view.getUint32(at - 20, true) !== LOCATOR64) fail('the zip64 directory is missing');
      end = Number(view.getBigUint64(at - 12, true));
      if (end + 56 > at || view.getUint32(end, true) !== END64) fail('the zip64 directory is missing');
      count = Number(view.getBigUint64(end + 32, true));
      size = Number(view.getBigUint64(end + 40, true));
      start = Number(view.getBigUint64(end + 48, true));
    }
    if (start + size > end) fail('the directory lies beyond the end of the file');
    return { count, start, end: start + size };
  }
  return fail('not a ZIP archive, or one that was cut off: it has no end of central directory');
}

/** Fields that hold all ones stand, in this order, in the extra field of type 1. */
function wideFields(
  view: DataView,
  fields: [number, number, number],
  extraStart: number,
  extraBytes: number,
  fail: () => never,
): [number, number, number] {
  if (!fields.includes(ELSEWHERE)) return fields;
  for (let at = extraStart; at + 4 <= extraStart + extraBytes; ) {
    const type = view.getUint16(at, true);
    const length = view.getUint16(at + 2, true);
    if (type === 1) {
      let from = at + 4;
      const end = Math.min(from + length, extraStart + extraBytes);
      return fields.map((field) => {
        if (field !== ELSEWHERE) return field;
        if (from + 8 > end) fail();
        const wide = Number(view.getBigUint64(from, true));
        from += 8;
        return Number.isSafeInteger(wide) ? wide : fail();
      }) as [number, number, number];
    }
    at += 4 + length;
  }
  return fail();
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function decodeName(bytes: Uint8Array, fail: (problem: string) => never): string {
  try {
    return utf8.decode(bytes);
  } catch {
    return fail('the name of an entry is not UTF-8');
  }
}

function readEntry(
  archive: Uint8Array,
  { method, crc, packedBytes, bytes, localStart }: Entry,
  fail: (problem: string, cause?: unknown) => never,
): Uint8Array {
  const view = new DataView(archive.buffer, archive.byteOffset, archive.byteLength);
  if (localStart + 30 > archive.length || view.getUint32(localStart, true) !== LOCAL) {
    fail(`expected its header at byte ${localStart}`);
  }
  const start =
    localStart + 30 + view.getUint16(localStart + 26, true) + view.getUint16(localStart + 28, true);
  if (start + packedBytes > archive.length) fail('its data end beyond the file');
  const packed = archive.subarray(start, start + packedBytes);
  const data = unpack(packed, method, bytes, fail);
  if (data.length !== bytes) fail(`expected ${bytes} bytes, given ${data.length}`);
  if (crc32(data) !== crc) fail('its checksum is wrong: the file is damaged');
  return data;
}

function unpack(
  packed: Uint8Array,
  method: number,
  bytes: number,
  fail: (problem: string, cause?: unknown) => never,
): Uint8Array {
  if (method === STORED) return packed;
  if (method !== DEFLATED) return fail(`expected it stored or deflated, given method ${method}`);
  // Deflate makes at most 1032 bytes of one.
  if (bytes > 1032 * packed.length) fail(`${packed.length} bytes cannot hold the ${bytes} claimed`);
  try {
    return inflateSync(packed, { out: new Uint8Array(bytes) });
  } catch (cause) {
    return fail(`cannot be decompressed: ${(cause as Error).message}`, cause);
  }
}
