/** Messages of protocol buffers as trees of their fields, changed somewhere and written again. Of no schema. */
import { varint } from '../encode.js';
import { joined, listChanges, mutateBytes } from '../mutate.js';
import type { Random } from '../random.js';

interface Field {
  number: number;
  wire: number;
  /** Of wire 0 a varint; otherwise the bytes, without their length. */
  value: bigint | Uint8Array;
  /** A length that is said in place of the true one. */
  lie?: bigint;
}

/** Messages within messages that are looked into. */
const MAX_DEPTH = 10;
const VARINTS = [0n, 1n, 2n, 5n, 127n, 128n, 2n ** 31n, 2n ** 32n, 2n ** 40n, 2n ** 63n, 2n ** 64n - 1n];
const LENGTHS = [0n, 1n, 2n ** 20n, 2n ** 31n, 2n ** 32n, 2n ** 63n, 2n ** 64n - 1n];

export function mutateProto(r: Random, bytes: Uint8Array, depth = 0): Uint8Array<ArrayBuffer> {
  const fields = parse(bytes);
  if (!fields || fields.length === 0 || r.chance(0.05)) return mutateBytes(r, bytes);
  const at = r.below(fields.length);
  const field = fields[at];
  const { value } = field;
  if (
    typeof value !== 'bigint' &&
    field.wire === 2 &&
    value.length > 1 &&
    depth < MAX_DEPTH &&
    r.chance(0.8)
  ) {
    field.value = mutateProto(r, value, depth + 1);
    return write(fields);
  }
  r.pick([
    ...listChanges(r, fields, at),
    // Few are given a thousand times: what is quadratic shows.
    () => fields.splice(at, 0, ...r.list(r.pick([2, 30, 1000]), () => ({ ...field }))),
    () => {
      field.number = r.pick([0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 13, 14, 15, 20, 2 ** 29 - 1]);
    },
    () => {
      field.wire = r.below(8);
      field.value = field.wire === 0 ? 7n : r.bytes(field.wire === 1 ? 8 : 4);
    },
    () => {
      field.value = typeof value === 'bigint' ? r.pick(VARINTS) : mutateBytes(r, value);
    },
    () => {
      field.lie = r.pick(LENGTHS);
    },
    () => {
      field.value = r.pick(fields).value;
      field.wire = typeof field.value === 'bigint' ? 0 : 2;
    },
    // NaN, as a double and as floats.
    () => {
      if (typeof value !== 'bigint')
        field.value = Uint8Array.from(value, (_, i) => [0, 0, 0xc0, 0x7f, 0, 0, 0xf8, 0x7f][i % 8]);
    },
  ])();
  return write(fields);
}

/** Undefined of bytes that are no message. */
function parse(bytes: Uint8Array): Field[] | undefined {
  const fields: Field[] = [];
  for (let at = 0; at < bytes.length; ) {
    const varint = (): bigint | undefined => {
      let value = 0n;
      for (let shift = 0n; shift < 70n && at < bytes.length; shift += 7n) {
        const byte = bytes[at++];
        value |= BigInt(byte & 127) << shift;
        if (byte < 128) return value;
      }
      return undefined;
    };
    const key = varint();
    if (key === undefined || key >> 3n === 0n || key >= 2n ** 32n) return undefined;
    const [number, wire] = [Number(key >> 3n), Number(key & 7n)];
    if (wire === 0) {
      const value = varint();
      if (value === undefined) return undefined;
      fields.push({ number, wire, value });
      continue;
    }
    const length = wire === 1 ? 8n : wire === 5 ? 4n : wire === 2 ? varint() : undefined;
    if (length === undefined || length > BigInt(bytes.length - at)) return undefined;
    fields.push({ number, wire, value: bytes.slice(at, at + Number(length)) });
    at += Number(length);
  }
  return fields;
}

function write(fields: readonly Field[]): Uint8Array<ArrayBuffer> {
  return joined(
    ...fields.map(({ number, wire, value, lie }) => {
      const key = BigInt(number) * 8n + BigInt(wire);
      if (typeof value === 'bigint') return varints(key, value);
      return joined(wire === 2 ? varints(key, lie ?? BigInt(value.length)) : varints(key), value);
    }),
  );
}

const varints = (...values: bigint[]) => Uint8Array.from(values.flatMap(varint));
