/**
 * Structs of Thrift's compact protocol, as the footer and the page headers of Parquet are written. It is here
 * to find out, before the library that reads Parquet allocates anything, whether what they say of themselves
 * can be true. https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
 */

/** Fields that are numbers, truths or structs, by their number; the others are passed over. */
export type ThriftStruct = ReadonlyMap<number, number | boolean | ThriftStructValue>;
interface ThriftStructValue extends ReadonlyMap<number, number | boolean | ThriftStructValue> {}

/** Structs within structs. Parquet has six. */
const MAX_DEPTH = 32;

/** Reads one struct. `fail` throws. */
export class ThriftReader {
  /** Of the next byte. */
  at: number;
  readonly #bytes: Uint8Array;
  readonly #fail: (problem: string) => never;

  constructor(bytes: Uint8Array, at: number, fail: (problem: string) => never) {
    this.#bytes = bytes;
    this.at = at;
    this.#fail = fail;
  }

  struct(depth = 0): ThriftStruct {
    if (depth > MAX_DEPTH) this.#fail(`more than ${MAX_DEPTH} structs within each other`);
    const fields = new Map<number, number | boolean | ThriftStruct>();
    for (let field = 0; ; ) {
      const head = this.#byte();
      const type = head & 15;
      if (type === 0) return fields;
      const delta = head >> 4;
      field = delta > 0 ? field + delta : this.#zigzag();
      const value = this.#value(type, depth);
      if (value !== undefined) fields.set(field, value);
    }
  }

  #value(type: number, depth: number): number | boolean | ThriftStruct | undefined {
    switch (type) {
      case 1:
      case 2:
        return type === 1;
      case 3:
        return this.#byte();
      case 4:
      case 5:
      case 6:
        return this.#zigzag();
      case 7:
        this.#skip(8);
        return undefined;
      case 8:
        this.#skip(this.varint());
        return undefined;
      case 9:
        this.#list(depth);
        return undefined;
      case 12:
        return this.struct(depth + 1);
      default:
        return this.#fail(`a value of the unknown type ${type}`);
    }
  }

  #list(depth: number): void {
    if (depth > MAX_DEPTH) this.#fail(`more than ${MAX_DEPTH} lists within each other`);
    const head = this.#byte();
    const type = head & 15;
    const length = head >> 4 === 15 ? this.varint() : head >> 4;
    // An element has a byte at least: what is allocated for a list is no more than what is there.
    if (length > this.#bytes.length - this.at) this.#fail(`a list of ${length} where fewer bytes are left`);
    for (let i = 0; i < length; i++) {
      if (type === 1 || type === 2) this.#byte();
      else this.#value(type, depth + 1);
    }
  }

  /** An unsigned number of at most ten bytes; beyond 2^53 it is rounded. */
  varint(): number {
    let value = 0;
    for (let i = 0, scale = 1; i < 10; i++, scale *= 128) {
      const byte = this.#byte();
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
    return this.#fail('a number of more than ten bytes');
  }

  #zigzag(): number {
    const value = this.varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  #byte(): number {
    if (this.at >= this.#bytes.length) this.#fail('it ends too early');
    return this.#bytes[this.at++];
  }

  #skip(length: number): void {
    if (length > this.#bytes.length - this.at) this.#fail('it ends too early');
    this.at += length;
  }
}
