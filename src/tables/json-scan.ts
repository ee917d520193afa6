/**
 * Where JSON text may be cut, found by looking at its bytes alone: strings and brackets are followed, nothing
 * is parsed. What is cut out goes to JSON.parse, in pieces of a size that memory can bear.
 */

/**
 * Objects and lists within each other. JSON of tables has two or three; deeper than this it is an attack, or
 * a mistake.
 */
export const MAX_DEPTH = 500;

const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_LIST = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** Follows JSON text byte by byte, in as many pieces as it comes. */
export class JsonScanner {
  /** Brackets that are open. */
  depth = 0;
  /** The most that were. */
  deepest = 0;
  /** Behind the last comma of the outermost list in the bytes scanned last; -1 when there was none. */
  lastCut = -1;
  /** Behind the bracket that closes the outermost list; -1 before it. */
  end = -1;
  #inString = false;
  #escaped = false;

  /** Scans bytes[from, to), or up to the end of the outermost list or object. */
  scan(bytes: Uint8Array, from: number, to: number): void {
    this.lastCut = -1;
    let depth = this.depth;
    let inString = this.#inString;
    for (let p = from; p < to; p++) {
      const c = bytes[p];
      if (inString) {
        if (this.#escaped) this.#escaped = false;
        else if (c === BACKSLASH) this.#escaped = true;
        else if (c === QUOTE) inString = false;
      } else if (c === QUOTE) {
        inString = true;
      } else if (c === OPEN_LIST || c === OPEN_OBJECT) {
        if (++depth > this.deepest) this.deepest = depth;
      } else if (c === CLOSE_LIST || c === CLOSE_OBJECT) {
        if (--depth <= 0) {
          this.end = p + 1;
          break;
        }
      } else if (c === COMMA && depth === 1) {
        this.lastCut = p + 1;
      }
    }
    this.depth = depth;
    this.#inString = inString;
  }
}

/** Whether JSON text goes too deep to be parsed in little memory. */
export function isTooDeep(bytes: Uint8Array): boolean {
  // What is short cannot.
  if (bytes.length <= MAX_DEPTH) return false;
  const scanner = new JsonScanner();
  scanner.scan(bytes, 0, bytes.length);
  return scanner.deepest > MAX_DEPTH;
}
