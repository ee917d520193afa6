/**
 * Small writers and decoders of the binary formats, by their specifications and by no code of the library's.
 */
import { crc32 } from 'node:zlib';
import { joined } from './mutate.js';

const text = new TextEncoder();

/** Little-endian bytes of a typed array. */
export function bytesOf(array: ArrayBufferView): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

/** How many elements an array of this shape has. */
export const elementsOf = (shape: readonly number[]): number =>
  shape.reduce((count, length) => count * length, 1);

/** NPY, version 1. */
export function npy(
  descr: string,
  shape: string,
  data: Uint8Array,
  fortran = 'False',
): Uint8Array<ArrayBuffer> {
  const header = `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': ${shape}, }`;
  const padded = `${header.padEnd(Math.ceil((header.length + 11) / 64) * 64 - 11)}\n`;
  const start = Uint8Array.of(0x93, ...text.encode('NUMPY'), 1, 0, padded.length & 255, padded.length >> 8);
  return joined(start, text.encode(padded), data);
}

interface Decoded {
  shape: number[];
  bytes: Uint8Array;
  descr: string;
  fortran: boolean;
}

/** What an NPY file of version 1 to 3 holds, if its header is plain; undefined otherwise. */
export function decodeNpy(file: Uint8Array): Decoded | undefined {
  const wide = file[6] > 1;
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const length = wide ? view.getUint32(8, true) : view.getUint16(8, true);
  const start = wide ? 12 : 10;
  const header = new TextDecoder('latin1').decode(file.subarray(start, start + length));
  const descr = /['"]descr['"]\s*:\s*['"]([^'"]*)['"]/.exec(header)?.[1];
  const order = /['"]fortran_order['"]\s*:\s*(True|False)/.exec(header)?.[1];
  const shape = /['"]shape['"]\s*:\s*\(([^)]*)\)/.exec(header)?.[1];
  if (descr === undefined || order === undefined || shape === undefined) return undefined;
  const lengths = shape
    .split(',')
    .map((each) => each.trim().replace(/L$/, ''))
    .filter(Boolean)
    .map(Number);
  return { shape: lengths, bytes: file.subarray(start + length), descr, fortran: order === 'True' };
}

/** safetensors, its header as it is given. */
export function safetensors(header: string, data: Uint8Array): Uint8Array<ArrayBuffer> {
  const json = text.encode(header);
  const padded = new Uint8Array(Math.ceil(json.length / 8) * 8).fill(0x20);
  padded.set(json);
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(padded.length), true);
  return joined(length, padded, data);
}

/** The header of a safetensors file, and the data behind it. */
export function splitSafetensors(file: Uint8Array): { header: Record<string, unknown>; data: Uint8Array } {
  const length = Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  const header: unknown = JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + length)));
  return { header: header as Record<string, unknown>, data: file.subarray(8 + length) };
}

/** The bytes of each tensor of a safetensors file. */
export function tensorBytes(
  file: Uint8Array,
): Map<string, { dtype: string; shape: number[]; bytes: Uint8Array }> {
  const { header, data } = splitSafetensors(file);
  return new Map(
    Object.entries(header)
      .filter(([name]) => name !== '__metadata__')
      .map(([name, value]) => {
        const {
          dtype,
          shape,
          data_offsets: [begin, end],
        } = value as { dtype: string; shape: number[]; data_offsets: [number, number] };
        return [name, { dtype, shape, bytes: data.subarray(begin, end) }];
      }),
  );
}

/** IDX. */
export function idx(type: number, dims: readonly number[], data: Uint8Array): Uint8Array<ArrayBuffer> {
  const head = new Uint8Array(4 + 4 * dims.length);
  head.set([0, 0, type, dims.length]);
  const view = new DataView(head.buffer);
  for (const [i, dim] of dims.entries()) view.setUint32(4 + 4 * i, dim);
  return joined(head, data);
}

/** A ZIP archive of entries that are not compressed. */
export function zip(
  entries: readonly (readonly [name: string, data: Uint8Array])[],
): Uint8Array<ArrayBuffer> {
  const locals: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  for (const [name, data] of entries) {
    const fields = (signature: number, at: number, size: number): [Uint8Array, DataView] => {
      const head = new Uint8Array(size);
      const view = new DataView(head.buffer);
      view.setUint32(0, signature, true);
      view.setUint16(at - 10, 20, true);
      view.setUint32(at, crc32(data), true);
      view.setUint32(at + 4, data.length, true);
      view.setUint32(at + 8, data.length, true);
      view.setUint16(at + 12, text.encode(name).length, true);
      return [head, view];
    };
    const [local] = fields(0x04034b50, 14, 30);
    const [central, view] = fields(0x02014b50, 16, 46);
    view.setUint32(42, offset, true);
    locals.push(local, text.encode(name), data);
    directory.push(central, text.encode(name));
    offset += local.length + text.encode(name).length + data.length;
  }
  const all = joined(...directory);
  const end = new Uint8Array(22);
  const view = new DataView(end.buffer);
  view.setUint32(0, 0x06054b50, true);
  view.setUint16(8, entries.length, true);
  view.setUint16(10, entries.length, true);
  view.setUint32(12, all.length, true);
  view.setUint32(16, offset, true);
  return joined(...locals, all, end);
}

type Field = readonly [number: number, value: number | string | Uint8Array | readonly Field[]];

/** A message of protocol buffers: numbers as varints, the rest with its length before it. */
export function proto(fields: readonly Field[]): Uint8Array<ArrayBuffer> {
  return joined(
    ...fields.map(([number, value]) => {
      if (typeof value === 'number') return Uint8Array.from([...varint(number * 8), ...varint(value)]);
      const bytes =
        typeof value === 'string' ? text.encode(value) : value instanceof Uint8Array ? value : proto(value);
      return joined(Uint8Array.from([...varint(number * 8 + 2), ...varint(bytes.length)]), bytes);
    }),
  );
}

/** A whole number, seven bits a byte, the lowest first; one below 0 as its 64 bits. */
export function varint(value: number | bigint): number[] {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest >= 128n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return [...bytes, Number(rest)];
}
