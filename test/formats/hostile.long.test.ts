/**
 * Small files that claim, or unpack to, more than memory holds, and large ones that are made to be slow.
 * Where an answer would not take time and memory in proportion to the file it is refused before; elsewhere
 * the sizes here are such that anything quadratic would not end.
 */

import { crc32, deflateRawSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { DataError, FormatError, OptionError } from '../../src/base/errors.js';
import { didYouMean } from '../../src/base/options.js';
import { epochScalars, flattenRecord, metricsCsv, metricsEvents } from '../../src/formats/metrics.js';
import { readModel } from '../../src/formats/model.js';
import { readNpy, writeNpy } from '../../src/formats/npy.js';
import { readNpz } from '../../src/formats/npz.js';
import { onnxDataFiles } from '../../src/formats/onnx/read.js';
import { writeOnnx } from '../../src/formats/onnx/write.js';
import { ProtoWriter } from '../../src/formats/protobuf.js';
import { readPytorch, writePytorch } from '../../src/formats/pytorch.js';
import { readSafetensors, type WritableTensor, writeSafetensors } from '../../src/formats/safetensors.js';
import { writeZip } from '../../src/formats/zip.js';
import { setParameters } from '../../src/nn/model.js';
import { layerNorm } from '../../src/nn/normalization.js';
import { sequential } from '../../src/nn/sequential.js';
import { summary } from '../../src/nn/summary.js';
import { openTable } from '../../src/tables.js';
import { readList } from './onnx/models.js';

/** A safetensors file of this header and no data. */
function headerFile(header: string): Uint8Array {
  const text = new TextEncoder().encode(header);
  const file = new Uint8Array(8 + text.length);
  new DataView(file.buffer).setBigUint64(0, BigInt(text.length), true);
  file.set(text, 8);
  return file;
}

/** An NPY file of this type and shape. */
function npyFile(descr: string, shape: string, data = new Uint8Array(0)): Uint8Array {
  const header = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${shape}, }`.padEnd(117);
  const file = new Uint8Array(128 + data.length);
  file.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, 118, 0]);
  file.set(new TextEncoder().encode(`${header}\n`), 10);
  file.set(data, 128);
  return file;
}

/** An archive of one deflated entry; `claim` is its size as the directory has it. */
function deflated(data: Uint8Array, claim = data.length): Uint8Array {
  const file = writeZip(new Map([['a.npy', new Uint8Array(deflateRawSync(data))]]));
  const view = new DataView(file.buffer);
  const directory = file.length - 22 - 46 - 5;
  view.setUint16(directory + 10, 8, true);
  view.setUint32(directory + 16, crc32(data), true);
  view.setUint32(directory + 24, claim, true);
  return file;
}

describe('NPY and NPZ', () => {
  test.each([
    ['<U0', '(8589934592,)'],
    ['|S0', '(20000000,)'],
    ['<U0', '(1,)'],
  ])('texts without bytes, %s %s', (descr, shape) => {
    expect(() => readNpy(npyFile(descr, shape), 'a.npy')).toThrow(FormatError);
    expect(() => readNpy(npyFile(descr, shape), 'a.npy')).toThrow(/texts of no characters are not supported/);
  });

  test('no texts at all may have no characters', () => {
    expect(readNpy(npyFile('<U0', '(0, 3)'), 'a.npy')).toEqual({ dtype: 'string', shape: [0, 3], data: [] });
  });

  test('an archive that unpacks to 1.5 GiB, and one that says so only', () => {
    const array = npyFile('|u1', '(268435456,)');
    expect(() => readNpz(deflated(array, 1.5 * 2 ** 30), 'a.npz')).toThrow(FormatError);
    expect(() => readNpz(deflated(array, 1.5 * 2 ** 30), 'a.npz')).toThrow(
      /hold 1610612736 bytes, more than the 134217728 allowed for an archive of \d+$/,
    );
  });

  test('more is unpacked when the caller allows it, and no more than that', () => {
    const array = writeNpy({ dtype: 'uint8', shape: [1000, 1000], data: new Uint8Array(1e6) });
    const file = deflated(array);
    expect(file.length).toBeLessThan(3000);
    expect(readNpz(file, 'a.npz').get('a')?.shape).toEqual([1000, 1000]);
    expect(() => readNpz(file, 'a.npz', array.length - 1)).toThrow(/more than the 1000127 allowed/);
    expect(() => readNpz(file, 'a.npz', Number.NaN)).toThrow(OptionError);
  });

  test('texts that take more memory than their bytes', () => {
    const file = deflated(npyFile('|S1', '(8388608,)', new Uint8Array(2 ** 23)));
    expect(() => readNpz(file, 'a.npz')).toThrow(/its texts take more than the 134217728 bytes allowed/);
  });

  test('entries that share their data', () => {
    const array = writeNpy({ dtype: 'float32', shape: [500], data: new Float32Array(500) });
    const file = writeZip(
      new Map([
        ['a.npy', array],
        ['b.npy', array],
      ]),
    );
    const view = new DataView(file.buffer);
    const second = file.length - 22 - 46 - 5;
    // Of the second the data are the first's, and its own are cut out of the archive.
    view.setUint32(second + 42, 0, true);
    const local = 30 + 5 + array.length;
    const cut = Uint8Array.from([...file.subarray(0, local), ...file.subarray(2 * local)]);
    const end = new DataView(cut.buffer);
    end.setUint32(cut.length - 6, local, true);
    expect(() => readNpz(cut, 'a.npz')).toThrow(/entry "b\.npy": overlaps with entries before it/);
  });

  test('a table of 65,536 columns, and of more in several arrays', async () => {
    const { columns } = await openTable(npyFile('|i1', '(1, 65536)', new Uint8Array(65536)));
    expect(columns).toHaveLength(65536);
    const half = npyFile('|i1', '(1, 32769)', new Uint8Array(32769));
    const two = writeZip(
      new Map([
        ['a.npy', half],
        ['b.npy', half],
      ]),
    );
    await expect(openTable(two)).rejects.toThrow(/at most 65536 columns, given 65538/);
  });

  test('two columns of one name among many', async () => {
    const array = npyFile('|i1', '(1, 2)', new Uint8Array(2));
    const one = npyFile('|i1', '(1,)', new Uint8Array(1));
    const file = writeZip(
      new Map([
        ['a.npy', array],
        ['a.2.npy', one],
      ]),
    );
    await expect(openTable(file)).rejects.toThrow(/two columns are called "a\.2"/);
  });
});

describe('safetensors', () => {
  const cases: [what: string, header: string][] = [
    ['numbers', `{"w":{"shape":[${'1,'.repeat(2.2e6)}1]}}`],
    ['keys', `{"__metadata__":{${Array.from({ length: 1_050_000 }, (_, i) => `"${i}":1`).join()}}}`],
    ['strings that nothing separates', `{${'"a"'.repeat(4.3e6)}}`],
    ['words', `{${'no '.repeat(2.2e6)}}`],
  ];
  test.each(cases)('a header of millions of %s', (_, header) => {
    expect(() => readSafetensors(headerFile(header), 'a')).toThrow(FormatError);
    expect(() => readSafetensors(headerFile(header), 'a')).toThrow(
      /more than the 4194304 names, numbers and/,
    );
  });

  test('a long text, and many tensors, are read', () => {
    const note = 'x'.repeat(2e7);
    expect(readSafetensors(writeSafetensors(new Map(), { note }), 'a').metadata.note).toHaveLength(2e7);
    const tensors = new Map<string, WritableTensor>();
    for (let i = 0; i < 40_000; i++)
      tensors.set(`layer.${i}`, { dtype: 'F32', shape: [1, 1, 1, 1], data: Float32Array.of(i) });
    const read = readSafetensors(writeSafetensors(tensors), 'a').tensors;
    expect(read.size).toBe(40_000);
    expect(read.get('layer.39999')?.data[0]).toBe(39_999);
  });
});

describe('models of many layers', () => {
  const LAYERS = 20_000;
  const large = sequential(
    1,
    Array.from({ length: LAYERS }, () => layerNorm()),
    { seed: 1 },
  );

  test('setParameters', () => {
    const values = new Map(
      large.parameters.map(({ name, shape }, i) => [name, { shape, values: Float32Array.of(i) }]),
    );
    setParameters(large, values);
    expect(large.parameters.at(-1)?.values[0]).toBe(2 * LAYERS - 1);
    values.set('left.over', { shape: [1], values: Float32Array.of(1) });
    expect(() => setParameters(large, values)).toThrow(/no parameter "left\.over"/);
  });

  test('summary, and its text', () => {
    const made = summary(large);
    expect(made.layers.every(({ parameters }) => parameters === 2)).toBe(true);
    expect(String(made).split('\n')).toHaveLength(LAYERS + 5);
  });

  test('PyTorch, ONNX', () => {
    const model = sequential(
      1,
      Array.from({ length: 6_000 }, () => layerNorm()),
    );
    readPytorch(writePytorch(model), 'a', model);
    expect(readList(writeOnnx(model)).model.layers).toHaveLength(6_000);
  });
});

describe('names', () => {
  const description = (key: string) =>
    JSON.stringify({
      version: 1,
      inputSize: 1,
      seed: 0,
      layers: [{ kind: 'activation', name: 'relu' }],
      [key]: 1,
    });

  test('an unknown key of 5 million letters', () => {
    const file = writeSafetensors(new Map(), { lanegrad: description('a'.repeat(5e6)) });
    expect(() => readModel(file, 'a')).toThrow(/unknown option "a{57}…"; expected one of version, inputSize/);
    const near = writeSafetensors(new Map(), { lanegrad: description('clasNames') });
    expect(() => readModel(near, 'a')).toThrow(/did you mean "classNames"\?/);
  });

  test('two long names that differ by a letter', () => {
    const name = 'layer'.repeat(40_000);
    expect(didYouMean(`${name}s`, [`x${name}xx`, name])).toMatch(/did you mean "layerlayer/);
    expect(didYouMean(`abc${name}`, [`${name}def`])).toBe('');
  });
});

describe('metrics', () => {
  const nested = (depth: number) => {
    let record: object = { a: 1 };
    for (let i = 1; i < depth; i++) record = { a: record };
    return record;
  };

  test('nested 20,000 deep', () => {
    for (const call of [
      () => metricsCsv([nested(20_000)]),
      () => metricsEvents([nested(20_000)], 1),
      () => epochScalars(nested(20_000)),
    ]) {
      expect(call).toThrow(DataError);
      expect(call).toThrow(/nested 32 deep at most/);
    }
    expect(flattenRecord('a', nested(32))).toEqual({ [Array(32).fill('a').join('/')]: 1 });
    const loop: Record<string, unknown> = {};
    loop.again = loop;
    expect(() => metricsCsv([loop])).toThrow(DataError);
  });

  test('records that have no name in common', () => {
    const records = Array.from({ length: 20_000 }, (_, i) => ({ [`m${i}`]: i }));
    expect(() => metricsCsv(records)).toThrow(DataError);
    expect(() => metricsCsv(records)).toThrow(/20000 values for 20000 rows of 20000 columns/);
    expect(metricsCsv(records.slice(0, 2))).toBe('m0,m1\n0,\n,1\n');
  });

  test('a name of the prototype is one like others', () => {
    const record = JSON.parse('{"__proto__":1,"constructor":2}');
    expect(metricsCsv([record])).toBe('__proto__,constructor\n1,2\n');
    expect(Object.entries(epochScalars(record))).toEqual([
      ['__proto__/train', 1],
      ['constructor/train', 2],
    ]);
  });
});

describe('ONNX', () => {
  test('numbers that are not packed are as many as they are', () => {
    // Each element a field of its own, of five bytes, as a writer of protocol buffers may have it: more than
    // other fields may be.
    const count = 1000 * 1200;
    const one = new ProtoWriter().float(4, 1).finish();
    const elements = new Uint8Array(5 * count).map((_, i) => one[i % 5]);
    const about = new ProtoWriter().int(1, 1000).int(1, 1200).int(2, 1).string(8, 'w').finish();
    const tensor = new Uint8Array(about.length + elements.length);
    tensor.set(about);
    tensor.set(elements, about.length);
    const graph = new ProtoWriter()
      .message(1, new ProtoWriter().string(1, 'x').string(1, 'w').string(2, 'y').string(4, 'MatMul'))
      .bytes(5, tensor)
      .message(11, new ProtoWriter().string(1, 'x'))
      .message(12, new ProtoWriter().string(1, 'y'));
    const file = new ProtoWriter()
      .int(1, 9)
      .message(7, graph)
      .message(8, new ProtoWriter().string(1, '').int(2, 20))
      .finish();
    expect(readList(file).model.sizes).toEqual([1000, 1200]);
    expect(onnxDataFiles(file, 'a')).toEqual([]);
  });
});
