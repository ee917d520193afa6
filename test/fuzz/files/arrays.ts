/**
 * Readers of arrays: NPY, NPZ, safetensors and IDX. What they accept is compared with what was written or with another
 * reading of the header, and must come back the same from the file that is written of it.
 */
import {
  type NpyArray,
  readIdx,
  readNpy,
  readNpz,
  readSafetensors,
  type WritableNpy,
  writeNpy,
  writeNpz,
  writeSafetensors,
} from '../../../src/index.js';
import {
  bytesOf,
  decodeNpy,
  elementsOf,
  idx,
  npy,
  safetensors,
  splitSafetensors,
  tensorBytes,
  zip,
} from '../encode.js';
import { joined, mutateBytes, mutateJson } from '../mutate.js';
import type { Random } from '../random.js';
import { mutateSafetensorsHeader } from '../structure/safetensors.js';
import { mutateZip, packed } from '../structure/zip.js';
import { expectThat, type FileTarget } from '../target.js';
import { comesBack, equalBytes, sameAgain, unaligned } from './same.js';

type IdxFile = ReturnType<typeof readIdx>;
type SafetensorsFile = ReturnType<typeof readSafetensors>;
type WritableTensors = Parameters<typeof writeSafetensors>[0];
type Numbers = Float32Array | Float64Array | Int32Array | Uint8Array | Int16Array;

const TYPES = [
  { descr: '<f4', safe: 'F32', make: (r: Random, n: number) => r.floats(n) },
  {
    descr: '<f8',
    safe: 'F64',
    make: (r: Random, n: number) => Float64Array.from({ length: n }, () => r.next()),
  },
  {
    descr: '<i4',
    safe: 'I32',
    make: (r: Random, n: number) => Int32Array.from({ length: n }, () => r.below(2 ** 31)),
  },
  {
    descr: '<i2',
    safe: 'I16',
    make: (r: Random, n: number) => Int16Array.from({ length: n }, () => r.below(2 ** 15)),
  },
  { descr: '|u1', safe: 'U8', make: (r: Random, n: number) => r.bytes(n) },
] satisfies { descr: string; safe: string; make: (r: Random, n: number) => Numbers }[];

function makeArray(r: Random) {
  const shape = r.list(r.below(4), () => r.below(4));
  const type = r.pick(TYPES);
  const data = type.make(r, elementsOf(shape));
  return { ...type, shape, data, tuple: `(${shape.map((length) => `${length},`).join(' ')})` };
}

function same(
  given: { shape: readonly number[]; data: ArrayLike<unknown> },
  shape: readonly number[],
  data: Numbers,
): void {
  expectThat(given.shape.join() === shape.join(), () => `shape [${given.shape}], written [${shape}]`);
  expectThat(
    equalBytes(bytesOf(given.data as unknown as Numbers), bytesOf(data)),
    () => `values ${Array.from(given.data).slice(0, 5)}, written ${data.slice(0, 5)}`,
  );
}

/** Headers that ask for more than there is, or for nothing in great number. */
function hostileNpy(r: Random): Uint8Array<ArrayBuffer> {
  const size = () =>
    r.pick([
      '0',
      '1',
      '7',
      '65536',
      '4294967296',
      '9007199254740993',
      '18446744073709551616',
      '8589934592',
      '-1',
      '20000000',
      '1L',
      '',
    ]);
  const tuple = `(${r.list(r.pick([0, 1, 2, 3, 40]), size).join(', ')}${r.pick([',', ''])})`;
  const descr = r.pick([
    '<f4',
    '>f8',
    '|b1',
    '<U0',
    '|S0',
    '<U1',
    '|S99999999',
    '<U999999999',
    '|O',
    '<M8[ns]',
    '<f2',
    '<c8',
    'f4',
    '|V3',
    '>i2',
    '=u8',
    '<f16',
  ]);
  return npy(descr, tuple, r.bytes(r.pick([0, 1, 8, 64])), r.pick(['False', 'True', 'true', '1']));
}

/** Of accepted bytes: what the header says, by another reading of it. */
function checkNpy(file: Uint8Array, read: { shape: readonly number[]; data: ArrayLike<unknown> }): void {
  const known = decodeNpy(file);
  if (!known) return;
  expectThat(
    read.shape.join() === known.shape.join(),
    () => `read [${read.shape}] of a header with [${known.shape}]`,
  );
  const count = elementsOf(known.shape);
  expectThat(read.data.length === count, () => `read ${read.data.length} values of ${count}`);
  if (count === 0 || known.fortran || !['<f4', '<f8', '<i4'].includes(known.descr)) return;
  const view = new DataView(known.bytes.buffer, known.bytes.byteOffset);
  const at = count - 1;
  const value =
    known.descr === '<f4'
      ? view.getFloat32(4 * at, true)
      : known.descr === '<f8'
        ? view.getFloat64(8 * at, true)
        : view.getInt32(4 * at, true);
  expectThat(
    Object.is(read.data[at], value),
    () => `value ${at} is ${String(read.data[at])}, written ${value}`,
  );
}

const canBeWritten = (array: NpyArray): array is WritableNpy =>
  array.dtype !== 'float16' && array.dtype !== 'string';

const npyTarget: FileTarget<NpyArray> = {
  name: 'readNpy',
  weight: 6,
  extension: 'npy',
  make(r) {
    const { descr, tuple, shape, data } = makeArray(r);
    const bytes = npy(descr, tuple, bytesOf(data));
    if (r.chance(0.15)) return { bytes, says: (read) => same(read, shape, data) };
    return { bytes: r.chance(0.4) ? hostileNpy(r) : mutateBytes(r, bytes) };
  },
  async read(bytes) {
    const read = readNpy(bytes, 'f');
    checkNpy(bytes, read);
    sameAgain('bytes at an odd place', readNpy(unaligned(bytes), 'f'), read);
    if (canBeWritten(read)) await comesBack(read, writeNpy, (file) => readNpy(file, 'g'));
    return read;
  },
};

const npzTarget: FileTarget<Map<string, NpyArray>> = {
  name: 'readNpz',
  weight: 6,
  extension: 'npz',
  make(r) {
    const arrays = r.list(r.between(1, 4), (i) => [`a${i}`, makeArray(r)] as const);
    const entries = arrays.map(
      ([name, { descr, tuple, data }]) => [`${name}.npy`, npy(descr, tuple, bytesOf(data))] as const,
    );
    const says = (read: Map<string, NpyArray>) => {
      expectThat(read.size === arrays.length, () => `${read.size} arrays, written ${arrays.length}`);
      for (const [name, { shape, data }] of arrays) same(read.get(name)!, shape, data);
    };
    if (r.chance(0.15)) return { bytes: r.chance(0.5) ? packed(entries) : zip(entries), says };
    if (r.chance(0.3)) entries[r.below(entries.length)] = ['a0.npy', hostileNpy(r)];
    return { bytes: mutateZip(r, entries) };
  },
  async read(bytes) {
    const read = readNpz(bytes, 'f');
    for (const [name, { shape, data }] of read) {
      const count = elementsOf(shape);
      expectThat(data.length === count, () => `${name}: ${data.length} values of ${count}`);
    }
    sameAgain('bytes at an odd place', readNpz(unaligned(bytes), 'f'), read);
    const arrays = [...read].filter((entry): entry is [string, WritableNpy] => canBeWritten(entry[1]));
    if (arrays.length === read.size && !read.has(''))
      await comesBack(new Map(arrays), writeNpz, (file) => readNpz(file, 'g'));
    return read;
  },
};

/** The writer has an order of its own. */
const byName = ({ tensors, metadata }: SafetensorsFile) => ({
  tensors: [...tensors].sort(([a], [b]) => (a < b ? -1 : 1)),
  metadata: Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1)),
});

const safetensorsTarget: FileTarget<SafetensorsFile> = {
  name: 'readSafetensors',
  weight: 6,
  extension: 'safetensors',
  make(r) {
    const arrays = r.list(
      r.below(4),
      (i) => [r.pick(['weight', 'é', '__proto__', '0']) + i, makeArray(r)] as const,
    );
    const ordered = arrays.toSorted(([, a], [, b]) => b.data.BYTES_PER_ELEMENT - a.data.BYTES_PER_ELEMENT);
    const header: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
    if (r.chance(0.5)) header.__metadata__ = { format: 'pt' };
    let at = 0;
    for (const [name, { safe, shape, data }] of ordered) {
      header[name] = { dtype: safe, shape, data_offsets: [at, at + data.byteLength] };
      at += data.byteLength;
    }
    const data = joined(...ordered.map(([, array]) => bytesOf(array.data)));
    const file = safetensors(JSON.stringify(header), data);
    const says = ({ tensors }: SafetensorsFile) => {
      expectThat(tensors.size === arrays.length, () => `${tensors.size} tensors, written ${arrays.length}`);
      for (const [name, array] of arrays) same(tensors.get(name)!, array.shape, array.data);
    };
    const how = r.below(20);
    if (how < 3) return { bytes: file, says };
    if (how < 9) return { bytes: safetensors(mutateJson(r, { ...header }), data) };
    return { bytes: how < 16 ? mutateSafetensorsHeader(r, { ...header }, data) : mutateBytes(r, file) };
  },
  async read(bytes) {
    const read = readSafetensors(bytes, 'f');
    const { tensors } = read;
    const known = tensorBytes(bytes);
    expectThat(known.size === tensors.size, () => `${tensors.size} tensors, the header has ${known.size}`);
    let writable = true;
    for (const [name, { shape, bytes: written }] of known) {
      const tensor = tensors.get(name)!;
      expectThat(
        tensor.shape.join() === shape.join(),
        () => `${name}: shape [${tensor.shape}] of [${shape}]`,
      );
      const half = ['F16', 'BF16'].includes(tensor.dtype);
      writable &&= !half;
      expectThat(
        half || equalBytes(written, bytesOf(tensor.data)),
        () => `${name}: other bytes than in the file`,
      );
    }
    expectThat(
      splitSafetensors(bytes).data.length ===
        [...known.values()].reduce((n, { bytes: own }) => n + own.length, 0),
      () => 'accepted bytes that no tensor holds',
    );
    sameAgain('bytes at an odd place', readSafetensors(unaligned(bytes), 'f'), read);
    if (writable)
      await comesBack(
        read,
        ({ tensors, metadata }) => writeSafetensors(tensors as WritableTensors, metadata),
        (file) => readSafetensors(file, 'g'),
        byName,
      );
    return read;
  },
};

const idxTarget: FileTarget<IdxFile> = {
  name: 'readIdx',
  weight: 3,
  extension: 'idx',
  make(r) {
    const dims = r.list(r.between(1, 3), () => r.below(4));
    const count = elementsOf(dims);
    const data = r.bytes(count);
    const file = idx(0x08, dims, data);
    if (r.chance(0.15))
      return { bytes: file, says: (read) => same({ shape: read.dims, data: read.data }, dims, data) };
    if (r.chance(0.6)) return { bytes: mutateBytes(r, file) };
    const lengths = r.list(r.pick([0, 1, 3, 9, 255]), () => r.pick([0, 1, 2 ** 31, 2 ** 32 - 1]));
    return { bytes: idx(r.pick([8, 9, 11, 12, 13, 14, 0, 255]), lengths, r.bytes(r.below(40))) };
  },
  read(bytes) {
    const read = readIdx(bytes, 'f');
    const { dims, data } = read;
    const view = new DataView(bytes.buffer);
    const known = Array.from({ length: bytes[3] }, (_, i) => view.getUint32(4 + 4 * i));
    expectThat(dims.join() === known.join(), () => `dims [${dims}] of [${known}]`);
    expectThat(data.length === elementsOf(known), () => `${data.length} values`);
    sameAgain('bytes at an odd place', readIdx(unaligned(bytes), 'f'), read);
    return read;
  },
};

export const arrayFiles: readonly FileTarget[] = [
  npyTarget,
  npzTarget,
  safetensorsTarget,
  idxTarget,
] as FileTarget[];
