/**
 * Readers of arrays: NPY, NPZ, safetensors and IDX. What they accept is compared with what was written, or
 * decoded again.
 */
import { readIdx, readNpy, readNpz, readSafetensors } from '../../../src/index.js';
import { bytesOf, decodeNpy, idx, npy, safetensors, splitSafetensors, tensorBytes, zip } from '../encode.js';
import { joined, mutateBytes, mutateJson } from '../mutate.js';
import type { Random } from '../random.js';
import { expectThat, must, type Target } from '../target.js';

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
  const data = type.make(
    r,
    shape.reduce((product, length) => product * length, 1),
  );
  return { ...type, shape, data, tuple: `(${shape.map((length) => `${length},`).join(' ')})` };
}

function same(
  given: { shape: readonly number[]; data: ArrayLike<unknown> },
  shape: readonly number[],
  data: Numbers,
): void {
  expectThat(given.shape.join() === shape.join(), () => `shape [${given.shape}], written [${shape}]`);
  expectThat(
    Buffer.compare(Buffer.from(bytesOf(given.data as unknown as Numbers)), Buffer.from(bytesOf(data))) === 0,
    () => `values ${Array.from(given.data).slice(0, 5)}, written ${data.slice(0, 5)}`,
  );
}

/** Headers that ask for more than there is, or for nothing in great number. */
function hostileNpy(r: Random): Uint8Array {
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
  const count = known.shape.reduce((product, length) => product * length, 1);
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

const npyTarget: Target = {
  name: 'readNpy',
  weight: 6,
  async run(r) {
    const { descr, tuple, shape, data } = makeArray(r);
    const file = npy(descr, tuple, bytesOf(data));
    if (r.chance(0.15)) return same(await must('an array', () => readNpy(file, 'f')), shape, data);
    const changed = r.chance(0.4) ? hostileNpy(r) : mutateBytes(r, file);
    checkNpy(changed, readNpy(changed, 'f'));
  },
};

const npzTarget: Target = {
  name: 'readNpz',
  weight: 6,
  async run(r) {
    const arrays = r.list(r.between(1, 4), (i) => [`a${i}`, makeArray(r)] as const);
    const entries = arrays.map(
      ([name, { descr, tuple, data }]) => [`${name}.npy`, npy(descr, tuple, bytesOf(data))] as const,
    );
    const file = zip(entries);
    if (r.chance(0.15)) {
      const read = await must('an archive', () => readNpz(file, 'f'));
      expectThat(read.size === arrays.length, () => `${read.size} arrays, written ${arrays.length}`);
      for (const [name, { shape, data }] of arrays) same(read.get(name)!, shape, data);
      return;
    }
    const changed = r.chance(0.3)
      ? zip([
          ...entries,
          [
            r.pick(['a0.npy', 'b', '../x.npy', '', '.npy', 'a\u0000.npy']),
            r.chance(0.5) ? hostileNpy(r) : r.bytes(9),
          ],
        ])
      : mutateBytes(r, file);
    for (const [name, read] of readNpz(changed, 'f')) {
      const count = read.shape.reduce((product, length) => product * length, 1);
      expectThat(read.data.length === count, () => `${name}: ${read.data.length} values of ${count}`);
    }
  },
};

const safetensorsTarget: Target = {
  name: 'readSafetensors',
  weight: 6,
  async run(r) {
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
    if (r.chance(0.15)) {
      const { tensors } = await must('a file', () => readSafetensors(file, 'f'));
      expectThat(tensors.size === arrays.length, () => `${tensors.size} tensors, written ${arrays.length}`);
      for (const [name, array] of arrays) same(tensors.get(name)!, array.shape, array.data);
      return;
    }
    const changed = r.chance(0.6) ? safetensors(mutateJson(r, { ...header }), data) : mutateBytes(r, file);
    const { tensors } = readSafetensors(changed, 'f');
    const known = tensorBytes(changed);
    expectThat(known.size === tensors.size, () => `${tensors.size} tensors, the header has ${known.size}`);
    for (const [name, { shape, bytes }] of known) {
      const tensor = tensors.get(name)!;
      expectThat(
        tensor.shape.join() === shape.join(),
        () => `${name}: shape [${tensor.shape}] of [${shape}]`,
      );
      const written = Buffer.from(bytes);
      const half = ['F16', 'BF16'].includes(tensor.dtype);
      expectThat(half || written.equals(bytesOf(tensor.data)), () => `${name}: other bytes than in the file`);
    }
    expectThat(
      splitSafetensors(changed).data.length ===
        [...known.values()].reduce((n, { bytes }) => n + bytes.length, 0),
      () => 'accepted bytes that no tensor holds',
    );
  },
};

const idxTarget: Target = {
  name: 'readIdx',
  weight: 3,
  async run(r) {
    const dims = r.list(r.between(1, 3), () => r.below(4));
    const count = dims.reduce((product, length) => product * length, 1);
    const data = r.bytes(count);
    const file = idx(0x08, dims, data);
    if (r.chance(0.15)) {
      const read = await must('a file', () => readIdx(file, 'f'));
      return same({ shape: read.dims, data: read.data }, dims, data);
    }
    const changed = r.chance(0.4)
      ? idx(
          r.pick([8, 9, 11, 12, 13, 14, 0, 255]),
          r.list(r.pick([0, 1, 3, 9, 255]), () => r.pick([0, 1, 2 ** 31, 2 ** 32 - 1])),
          r.bytes(r.below(40)),
        )
      : mutateBytes(r, file);
    const { dims: given, data: values } = readIdx(changed, 'f');
    const view = new DataView(changed.buffer);
    const known = Array.from({ length: changed[3] }, (_, i) => view.getUint32(4 + 4 * i));
    expectThat(given.join() === known.join(), () => `dims [${given}] of [${known}]`);
    expectThat(
      values.length === known.reduce((product, length) => product * length, 1),
      () => `${values.length} values`,
    );
  },
};

export const binaryTargets: readonly Target[] = [npyTarget, npzTarget, safetensorsTarget, idxTarget];
