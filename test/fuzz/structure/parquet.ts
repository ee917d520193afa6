/** Parquet by its structure: numbers of the footer, pages whose headers lie, and Thrift's compact protocol. */
import { levelsOf, onePage, type Page, varint, withFooter } from '../../tables/parquet-parts.js';
import { joined, mutateBytes, placesWithin } from '../mutate.js';
import type { Random } from '../random.js';

const NUMBERS = [0, 1, -1, 2, 3, 8, 255, 65_536, 2 ** 31 - 1, -(2 ** 31), 2 ** 31];
const LARGE = [0n, 1n, -1n, 4n, 100n, 2n ** 31n, 2n ** 40n, 2n ** 53n, 2n ** 62n, -(2n ** 62n)];
const CODECS = ['UNCOMPRESSED', 'SNAPPY', 'GZIP', 'LZO', 'BROTLI', 'LZ4', 'ZSTD', 'LZ4_RAW'];
const TYPES = ['BOOLEAN', 'INT32', 'INT64', 'INT96', 'FLOAT', 'DOUBLE', 'BYTE_ARRAY', 'FIXED_LEN_BYTE_ARRAY'];
const CONVERTED = [
  'UTF8',
  'MAP',
  'LIST',
  'ENUM',
  'DECIMAL',
  'DATE',
  'TIME_MILLIS',
  'TIMESTAMP_MICROS',
  'INTERVAL',
  'JSON',
];

/** One to three values of what the footer says, somewhere within it. */
export function mutateFooter(r: Random, file: Uint8Array): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.from(
      withFooter(file, (metadata) => {
        for (let count = r.between(1, 3); count > 0; count--) changeWithin(r, metadata);
      }),
    );
  } catch {
    // The writer does not write everything that can be said.
    return mutateBytes(r, file);
  }
}

function changeWithin(r: Random, metadata: object): void {
  const [holder, key] = r.pick(placesWithin(metadata));
  const value = holder[key];
  if (typeof value === 'bigint') holder[key] = r.chance(0.5) ? value + r.pick([1n, -1n, 4n]) : r.pick(LARGE);
  else if (typeof value === 'number') holder[key] = r.pick(NUMBERS);
  else if (typeof value === 'string') {
    const known = [CODECS, TYPES, CONVERTED, ['REQUIRED', 'OPTIONAL', 'REPEATED']];
    holder[key] = r.pick(
      known.find((names) => names.includes(value)) ?? ['', 'x', '__proto__', 'x'.repeat(3000)],
    );
  } else if (Array.isArray(value)) {
    r.pick([
      () => value.pop(),
      () => value.reverse(),
      () => value.push(...value),
      () => value.splice(0, 1),
    ])();
  } else if (r.chance(0.5)) delete holder[key];
  else holder[r.pick(['type_length', 'num_children', 'scale', 'precision'])] = r.pick(NUMBERS);
}

/** A byte of the footer's or of the first page's Thrift: a type, a length, a field's number. */
export function mutateThrift(r: Random, file: Uint8Array): Uint8Array<ArrayBuffer> {
  const footer = new DataView(file.buffer, file.byteOffset).getUint32(file.length - 8, true);
  const copy = Uint8Array.from(file);
  for (let count = r.between(1, 3); count > 0; count--) {
    const at = r.chance(0.6)
      ? file.length - 9 - r.below(Math.min(footer, file.length - 12))
      : 4 + r.below(40);
    copy[at] = r.pick([
      copy[at] ^ (1 << r.below(8)),
      (copy[at] & 0xf0) | r.below(16),
      r.below(256),
      0,
      0x19,
      0xf8,
    ]);
  }
  if (r.chance(0.8)) return copy;
  const at = file.length - 9 - r.below(Math.min(footer, file.length - 12));
  const long = r.pick([
    [255, 255, 255, 255, 15],
    [128, 128, 4],
    [255, 255, 255, 255, 255, 255, 255, 255, 255, 1],
  ]);
  return joined(copy.subarray(0, at), Uint8Array.from(long), copy.subarray(at + r.pick([0, 1, long.length])));
}

/** A page of any encoding, with levels, widths and counts that may be untrue. */
export function hostilePage(r: Random): Uint8Array<ArrayBuffer> {
  const rows = r.pick([0, 1, 7, 100, 1000]);
  const optional = r.chance(0.6);
  const encoding = r.pick([0, 0, 2, 3, 4, 5, 5, 6, 7, 8, 9, 77]);
  const count = () => r.pick([0, 1, 2, rows, rows, rows + 1, 2 * rows, 128, 2 ** 20, 2 ** 31 - 1]);
  const levels = r.pick([
    () => levelsOf(...varint(2 * rows), 1),
    () => levelsOf(...varint(2 * count()), r.below(3)),
    () => levelsOf(...varint(2 * Math.ceil(rows / 8) + 1), ...r.bytes(Math.ceil(rows / 8))),
    () => levelsOf(...r.bytes(r.below(6))),
    () => [r.below(256), 0, 0, r.pick([0, 255]), ...r.bytes(3)],
  ])();
  const differences = () => [
    ...varint(r.pick([0, 8, 128, 128, 1024, count()])),
    ...varint(r.pick([0, 1, 4, 4, 3, count()])),
    ...varint(count()),
    ...varint(r.below(300)),
    ...varint(r.below(300)),
    ...r.bytes(r.pick([0, 4, 40])),
  ];
  const values = r.pick([
    () => [...r.bytes(r.pick([0, 4 * rows, 8 * rows, rows]))],
    () => [r.pick([0, 1, 8, 32, 33, 255]), ...varint(2 * count()), ...r.bytes(5)],
    differences,
    () => [...differences(), ...differences(), ...r.bytes(20)],
  ])();
  const content = (optional || r.chance(0.1) ? [...levels, ...values] : values).slice(0, 20_000);
  const lie = () => r.pick([0, content.length, content.length - 1, content.length + 1, 2 ** 20, 2 ** 31 - 1]);
  const page: Page = {
    ...{ rows, optional, content, type: r.pick(['INT32', 'INT64', 'BYTE_ARRAY', 'BOOLEAN']) },
    codec: r.chance(0.85) ? 'UNCOMPRESSED' : 'GZIP',
    data: {
      field_2: encoding,
      ...(r.chance(0.2) && { field_1: count() }),
      ...(r.chance(0.1) && { field_3: r.below(10) }),
    },
    header: {
      ...(r.chance(0.1) && { field_1: r.pick([0, 1, 2, 3, 4, -1]) }),
      ...(r.chance(0.1) && { field_2: lie() }),
      ...(r.chance(0.1) && { field_3: lie() }),
    },
  };
  return Uint8Array.from(onePage(page));
}
