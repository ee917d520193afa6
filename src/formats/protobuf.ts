/**
 * The wire format of protocol buffers: fields in a row, each a number, a wire type and a value. It knows no
 * message; ONNX and TensorBoard's events are made of it elsewhere.
 *
 *   | tag: varint = number << 3 | wire type | value |   0: varint   1: 8 bytes   2: length: varint, bytes   5: 4 bytes
 *
 * Source: https://protobuf.dev/programming-guides/encoding/
 */

/** Where bytes of one message are put together. Nested messages are not copied before `finish`. */
export class ProtoWriter {
  readonly #chunks: Uint8Array[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** int32, int64, bool or an enumeration: a whole number that is safe. */
  int(field: number, value: number): this {
    return this.#tag(field, 0).#add(varint(value));
  }

  float(field: number, value: number): this {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setFloat32(0, value, true);
    return this.#tag(field, 5).#add(bytes);
  }

  double(field: number, value: number): this {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setFloat64(0, value, true);
    return this.#tag(field, 1).#add(bytes);
  }

  /** Not copied: it must not be written to before `finish`. */
  bytes(field: number, value: Uint8Array): this {
    return this.#tag(field, 2).#add(varint(value.length)).#add(value);
  }

  string(field: number, value: string): this {
    return this.bytes(field, new TextEncoder().encode(value));
  }

  message(field: number, value: ProtoWriter): this {
    this.#tag(field, 2).#add(varint(value.#length));
    for (const chunk of value.#chunks) this.#add(chunk);
    return this;
  }

  /** Repeated whole numbers, packed. */
  ints(field: number, values: readonly number[]): this {
    const packed = new ProtoWriter();
    for (const value of values) packed.#add(varint(value));
    return this.message(field, packed);
  }

  finish(): Uint8Array {
    const whole = new Uint8Array(this.#length);
    let at = 0;
    for (const chunk of this.#chunks) {
      whole.set(chunk, at);
      at += chunk.length;
    }
    return whole;
  }

  #tag(field: number, wire: number): this {
    return this.#add(varint(field * 8 + wire));
  }

  #add(chunk: Uint8Array): this {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    return this;
  }
}

/**
 * One field as it stands in the file. `bytes` holds 4 or 8 of them for fixed sizes, and is empty for a
 * varint.
 */
export interface ProtoField {
  readonly number: number;
  readonly wire: number;
  /** Its 64 bits, unsigned; as a number where they are few. */
  readonly varint: number | bigint;
  readonly bytes: Uint8Array;
}

/** Throws: what is wrong in the file is for the caller to place. */
export type Fail = (problem: string, cause?: unknown) => never;

/** Fields that all messages of a file may still have together. */
export interface FieldBudget {
  left: number;
}

const NONE = new Uint8Array(0);

/**
 * The fields of one message, as views. It believes no length, and `fail`s for whatever the format forbids,
 * and where there are more fields than the budget allows.
 */
export function* readFields(message: Uint8Array, fail: Fail, budget?: FieldBudget): Generator<ProtoField> {
  const cursor = { bytes: message, at: 0 };
  const length = () => Number(readVarint(cursor, fail));
  const take = (count: number): Uint8Array => {
    const { at } = cursor;
    if (count > message.length - at) {
      fail(`a field of ${count} bytes ends beyond its message, which has ${message.length - at} more`);
    }
    cursor.at += count;
    return message.subarray(at, at + count);
  };
  while (cursor.at < message.length) {
    if (budget && --budget.left < 0) fail('the file has too many nodes, names and other parts');
    const tag = length();
    const number = Math.floor(tag / 8);
    const wire = tag % 8;
    if (number < 1 || number > 0x1fffffff) fail(`field number ${number} of a protocol buffer is not allowed`);
    if (wire === 0) yield { number, wire, varint: readVarint(cursor, fail), bytes: NONE };
    else if (wire === 1) yield { number, wire, varint: 0, bytes: take(8) };
    else if (wire === 2) yield { number, wire, varint: 0, bytes: take(length()) };
    else if (wire === 5) yield { number, wire, varint: 0, bytes: take(4) };
    else fail(`wire type ${wire} of a protocol buffer is not supported`);
  }
}

/** The next varint, unsigned. Big numbers cost much, and hardly any is one. */
function readVarint(cursor: { readonly bytes: Uint8Array; at: number }, fail: Fail): number | bigint {
  const { bytes } = cursor;
  let small = 0;
  let large = 0n;
  for (let count = 0; count < 10; count++) {
    if (cursor.at >= bytes.length) fail('a protocol buffer ends within a number');
    const byte = bytes[cursor.at++];
    if (count < 4) small |= (byte & 0x7f) << (7 * count);
    else large |= BigInt(byte & 0x7f) << BigInt(7 * count);
    if (byte < 0x80) return count < 4 ? small : BigInt.asUintN(64, large | BigInt(small));
  }
  return fail('a number of a protocol buffer has more than 10 bytes');
}

/** A field of type int32, int64 or an enumeration. */
export function asInt({ wire, varint: value }: ProtoField, fail: Fail): number {
  if (wire !== 0) fail(`expected a whole number, given wire type ${wire}`);
  return signed(value, fail);
}

export function asBytes({ wire, bytes }: ProtoField, fail: Fail): Uint8Array {
  return wire === 2 ? bytes : fail(`expected bytes, given wire type ${wire}`);
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function asString(field: ProtoField, fail: Fail): string {
  const bytes = asBytes(field, fail);
  if (bytes.length === 0) return '';
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    return fail('a string is not UTF-8', cause);
  }
}

export function asFloat({ wire, bytes }: ProtoField, fail: Fail): number {
  if (wire !== 5) fail(`expected a float, given wire type ${wire}`);
  return new DataView(bytes.buffer, bytes.byteOffset).getFloat32(0, true);
}

export function asDouble({ wire, bytes }: ProtoField, fail: Fail): number {
  if (wire !== 1) fail(`expected a double, given wire type ${wire}`);
  return new DataView(bytes.buffer, bytes.byteOffset).getFloat64(0, true);
}

/** One or, packed, many whole numbers of a repeated field. */
export function asInts(field: ProtoField, fail: Fail): number[] {
  if (field.wire === 0) return [asInt(field, fail)];
  const cursor = { bytes: asBytes(field, fail), at: 0 };
  const values: number[] = [];
  while (cursor.at < cursor.bytes.length) values.push(signed(readVarint(cursor, fail), fail));
  return values;
}

/** The number that 64 bits are in two's complement. */
function signed(bits: number | bigint, fail: Fail): number {
  if (typeof bits === 'number') return bits;
  const number = Number(BigInt.asIntN(64, bits));
  return Number.isSafeInteger(number) ? number : fail(`the number ${bits} is too large`);
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  // Negative numbers take ten bytes, as the format has it.
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}
