/**
 * The texts of cells: freed of doubled quotes, and decoded and read as what they mean, unless they are among
 * the last ones seen: columns of categories have few.
 */
import type { CellReader } from './cells.js';

const QUOTE = 34;

/** A power of two. */
const SIZE = 2 ** 13;

export interface CellText {
  readonly bytes: Uint8Array;
  readonly text: string;
  /** NaN for a text that is no number, and for a missing value. */
  readonly number: number;
  readonly isText: boolean;
}

export class TextCache {
  /** By hash. */
  readonly #seen: (CellText | undefined)[] = new Array(SIZE);
  readonly #decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  readonly #cells: CellReader;

  constructor(cells: CellReader) {
    this.#cells = cells;
  }

  /** What the bytes of a cell say, or what is wrong with them, in words. */
  get(bytes: Uint8Array): CellText | string {
    let hash = 0x811c9dc5;
    for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ bytes[i], 0x01000193);
    const slot = (hash ^ (hash >>> 15)) & (SIZE - 1);
    const seen = this.#seen[slot];
    if (seen && equal(seen.bytes, bytes)) return seen;
    const decoded = this.#decode(bytes);
    if (typeof decoded !== 'string') this.#seen[slot] = decoded;
    return decoded;
  }

  #decode(bytes: Uint8Array): CellText | string {
    if (bytes.includes(0)) return 'expected text, given a NUL byte';
    let text: string;
    try {
      text = this.#decoder.decode(bytes);
    } catch {
      const bad = bytes.find((byte) => byte >= 0x80) ?? 0;
      return `expected UTF-8, given the byte 0x${bad.toString(16)}; save the file as UTF-8`;
    }
    // What the delimiter is not is trimmed outside quotes only; a cell of blanks is empty either way.
    const trimmed = text.trim();
    const isMissing = this.#cells.isMissing(trimmed);
    const number = isMissing ? Number.NaN : this.#cells.numberOf(trimmed);
    return { bytes: bytes.slice(), text, number, isText: Number.isNaN(number) && !isMissing };
  }
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Of two quotes in a row, one. */
export function withoutDoubled(bytes: Uint8Array, doubled: number): Uint8Array {
  const result = new Uint8Array(bytes.length - doubled);
  let length = 0;
  for (let i = 0; i < bytes.length; i++) {
    result[length++] = bytes[i];
    if (bytes[i] === QUOTE) i++;
  }
  return result;
}
