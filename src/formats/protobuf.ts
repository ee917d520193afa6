/**
 * The wire format of protocol buffers: fields in a row, each a number, a wire type and a value. It knows no message; ONNX
 * and TensorBoard's events are made of it elsewhere.
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

/** One field as it stands in the file. `bytes` holds 4 or 8 of them for fixed sizes, and is empty for a varint. */
export interface ProtoField {
  readonly number: number;
  readonly wire: number;
  readonly varint: bigint;
  readonly bytes: Uint8Array;
}

/** Throws: what is wrong in the file is for the caller to place. */
export type Fail = (problem: string, cause?: unknown) => never;

/** The fields of one message, as views. It believes no length, and `fail`s for whatever the format forbids. */
export function* readFields(message: Uint8Array, fail: Fail): Generator<ProtoField> {
  const none = message.subarray(0, 0);
  let at = 0;
  const readVarint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      if (at >= message.length) fail('a protocol buffer ends within a number');
      const byte = message[at++];
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    return fail('a number of a protocol buffer has more than 10 bytes');
  };
  const take = (length: number): Uint8Array => {
    if (length > message.length - at) {
      fail(`a field of ${length} bytes ends beyond its message, which has ${message.length - at} more`);
    }
    at += length;
    return message.subarray(at - length, at);
  };
  while (at < message.length) {
    const tag = Number(readVarint());
    const number = Math.floor(tag / 8);
    const wire = tag % 8;
    if (number < 1 || number > 0x1fffffff) fail(`field number ${number} of a protocol buffer is not allowed`);
    if (wire === 0) yield { number, wire, varint: readVarint(), bytes: none };
    else if (wire === 1) yield { number, wire, varint: 0n, bytes: take(8) };
    else if (wire === 2) yield { number, wire, varint: 0n, bytes: take(Number(readVarint())) };
    else if (wire === 5) yield { number, wire, varint: 0n, bytes: take(4) };
    else fail(`wire type ${wire} of a protocol buffer is not supported`);
  }
}

/** A field of type int32, int64 or an enumeration. */
export function asInt({ wire, varint: value }: ProtoField, fail: Fail): number {
  if (wire !== 0) fail(`expected a whole number, given wire type ${wire}`);
  return safe(BigInt.asIntN(64, value), fail);
}

export function asBytes({ wire, bytes }: ProtoField, fail: Fail): Uint8Array {
  return wire === 2 ? bytes : fail(`expected bytes, given wire type ${wire}`);
}

export function asString(field: ProtoField, fail: Fail): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(asBytes(field, fail));
  } catch (cause) {
    return fail('a string is not UTF-8', cause);
  }
}

export function asFloat({ wire, bytes }: ProtoField, fail: Fail): number {
  if (wire !== 5) fail(`expected a float, given wire type ${wire}`);
  return new DataView(bytes.buffer, bytes.byteOffset).getFloat32(0, true);
}

/** One or, packed, many whole numbers of a repeated field. */
export function asInts(field: ProtoField, fail: Fail): number[] {
  if (field.wire === 0) return [asInt(field, fail)];
  const bytes = asBytes(field, fail);
  const values: number[] = [];
  for (let at = 0; at < bytes.length; ) {
    let value = 0n;
    let shift = 0n;
    for (;;) {
      if (at >= bytes.length || shift >= 70n) fail('a list of numbers of a protocol buffer is broken');
      const byte = bytes[at++];
      value |= BigInt(byte & 0x7f) << shift;
      shift += 7n;
      if (byte < 0x80) break;
    }
    values.push(safe(BigInt.asIntN(64, value), fail));
  }
  return values;
}

function safe(value: bigint, fail: Fail): number {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : fail(`the number ${value} is too large`);
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  // Negative numbers take ten bytes, as the format has it.
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}
