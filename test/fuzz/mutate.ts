/** Changes to files that were right: bytes, numbers in headers, text, and values in JSON. */
import type { Random } from './random.js';

const NUMBERS = [0, 1, 2, 3, 7, 8, 127, 128, 255, 256, 65_535, 2 ** 24, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1];
const LARGE = [0n, 1n, 255n, 2n ** 31n, 2n ** 32n, 2n ** 40n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n];

/** One to four changes to bytes, more often near their beginning and end, where headers are. */
export function mutateBytes(r: Random, given: Uint8Array): Uint8Array<ArrayBuffer> {
  let bytes = Uint8Array.from(given);
  for (let count = r.between(1, 4); count > 0 && bytes.length > 0; count--) bytes = mutateOnce(r, bytes);
  return bytes;
}

function mutateOnce(r: Random, bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const { length } = bytes;
  const head = Math.min(length, 200);
  const at = r.chance(0.5) ? r.below(head) : r.chance(0.4) ? length - 1 - r.below(head) : r.below(length);
  const view = new DataView(bytes.buffer);
  const run = r.between(1, Math.min(64, length - at));
  switch (r.below(10)) {
    case 0:
      return bytes.slice(0, at);
    case 1:
      return bytes.slice(at);
    case 2:
      return joined(bytes.subarray(0, at), bytes.subarray(at + run));
    case 3:
      return joined(bytes.subarray(0, at + run), bytes.subarray(at));
    case 4:
      return joined(bytes.subarray(0, at), r.bytes(run), bytes.subarray(at));
    case 5:
      if (at + 4 <= length) view.setUint32(at, r.pick(NUMBERS), r.chance(0.7));
      return bytes;
    case 6:
      if (at + 8 <= length) view.setBigUint64(at, r.pick(LARGE), r.chance(0.7));
      return bytes;
    case 7:
      bytes[at] ^= 1 << r.below(8);
      return bytes;
    case 8:
      bytes.fill(r.pick([0, 0x20, 0x22, 0x2c, 0x7f, 0xff]), at, at + run);
      return bytes;
    default:
      bytes[at] = r.pick(NUMBERS) & 255;
      return bytes;
  }
}

/** Small pieces that mean something in text formats. */
const PIECES = [...'"\',;\t\n\r\\{}[]:#\0\ufeff-.e', '\r\n'];
const WORDS = [
  ...['NaN', 'null', 'Infinity', '1e999', '-0', '007', '0x10', 'true', '"', '""', '1,234', ''],
  ...['é', '😀', '\u202e'],
];

/** One to four changes to text. */
export function mutateText(r: Random, given: string): string {
  let text = given;
  for (let count = r.between(1, 4); count > 0; count--) {
    const at = r.below(text.length + 1);
    const end = Math.min(text.length, at + r.between(0, 20));
    const piece = r.chance(0.5) ? r.pick(PIECES) : r.pick(WORDS);
    switch (r.below(6)) {
      case 0:
        text = text.slice(0, at);
        break;
      case 1:
        text = text.slice(0, at) + text.slice(end);
        break;
      case 2:
        text = text.slice(0, end) + text.slice(at);
        break;
      case 3:
        text = text.slice(0, at) + piece.repeat(r.pick([1, 2, 30, 3000])) + text.slice(at);
        break;
      case 4:
        text = text.replaceAll(r.pick(PIECES), r.pick(PIECES));
        break;
      default:
        text = text.slice(0, at) + piece + text.slice(end);
    }
  }
  return text;
}

const JSON_VALUES: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  0.5,
  1e21,
  2 ** 32,
  2 ** 53,
  '',
  'x',
  'softmax',
  'x'.repeat(2000),
  [],
  {},
  [[]],
  [1, 2],
  ['a'],
  { a: 1 },
  { kind: 'dense' },
  [null],
  [-1],
  [1e9, 1e9],
  { toString: 1, valueOf: null },
  -0,
  1e-320,
];

/** JSON that is nested so deep that its value can be read, but neither copied nor written again. */
export const NESTED_DEEPLY = '['.repeat(5000) + ']'.repeat(5000);

type Place = readonly [holder: Record<string, unknown>, key: string];

/** Every place within an object, however deep, but for the elements of typed arrays. */
export function placesWithin(holder: object): Place[] {
  return Object.entries(holder).flatMap(([key, value]: [string, unknown]) => {
    const place: Place = [holder as Record<string, unknown>, key];
    const isOpen = typeof value === 'object' && value !== null && !ArrayBuffer.isView(value);
    return isOpen ? [place, ...placesWithin(value)] : [place];
  });
}

/** JSON text of a value in which one to three places are changed. The value itself stays as it is. */
export function mutateJson(r: Random, given: unknown): string {
  const box: Record<string, unknown> = { top: structuredClone(given) };
  for (let count = r.between(1, 3); count > 0; count--) {
    const places = placesWithin(box);
    const [holder, key] = r.pick(places);
    const [other, otherKey] = r.pick(places);
    switch (r.below(6)) {
      case 0:
        if (Array.isArray(holder)) holder.splice(Number(key), 1);
        else if (holder !== box) delete holder[key];
        break;
      case 1:
        holder[key] = structuredClone(other[otherKey]);
        break;
      case 2:
        if (holder !== box) holder[`${key}x`] = structuredClone(r.pick(JSON_VALUES));
        break;
      case 3:
        holder[key] =
          typeof holder[key] === 'number'
            ? Number(holder[key]) + r.pick([1, -1, 0.5, 2 ** 31])
            : [holder[key]];
        break;
      default:
        holder[key] = structuredClone(r.pick(JSON_VALUES));
    }
  }
  let text = JSON.stringify(box.top) ?? 'null';
  if (r.chance(0.03))
    text = text.replace(/\d+/, () => r.pick(['1e999', '01', '-', 'NaN', '12345678901234567890123']));
  if (r.chance(0.02)) text = text.replace(/\d+/, NESTED_DEEPLY);
  return text;
}

/** Changes to a list: an entry is left out, is there twice, or changes places with another. */
export function listChanges<T>(r: Random, list: T[], at: number): (() => unknown)[] {
  return [
    () => list.splice(at, 1),
    () => list.splice(r.below(list.length + 1), 0, structuredClone(list[at])),
    () => {
      const other = r.below(list.length);
      [list[at], list[other]] = [list[other], list[at]];
    },
  ];
}

export function joined(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
