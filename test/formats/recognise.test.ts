/**
 * What a file is, by its bytes; and that each reader calls a file of another program by its name, with what
 * to do about it.
 */
import { describe, expect, test } from 'vitest';
import { FormatError } from '../../src/base/errors.js';
import { readModel, writeModel } from '../../src/formats/model.js';
import { writeNpy } from '../../src/formats/npy.js';
import { readNpz, writeNpz } from '../../src/formats/npz.js';
import { readOnnx } from '../../src/formats/onnx/read.js';
import { writeOnnx } from '../../src/formats/onnx/write.js';
import { foreignFormat, formatOf } from '../../src/formats/recognise.js';
import { readSafetensors, writeSafetensors } from '../../src/formats/safetensors.js';
import { writeZip } from '../../src/formats/zip.js';
import { dense } from '../../src/nn/dense.js';
import { sequential } from '../../src/nn/sequential.js';

const model = sequential(2, [dense(2)]);
const array = { dtype: 'uint8', shape: [1], data: Uint8Array.of(1) } as const;

test.each<[format: string, bytes: Uint8Array]>([
  ['safetensors', writeModel(model)],
  ['safetensors', writeSafetensors(new Map(), { a: 'x'.repeat(0x0280) })],
  ['onnx', writeOnnx(model)],
  ['npy', writeNpy(array)],
  ['npz', writeNpz(new Map([['a', array]]))],
  ['idx', Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 1, 7)],
  ['gzip', Uint8Array.of(0x1f, 0x8b, 8, 0)],
])('%s', (format, bytes) => {
  expect(formatOf(bytes)).toBe(format);
  expect(foreignFormat(bytes)).toBeUndefined();
});

test.each([
  ['nothing', ''],
  ['a table', 'a,b\n1,2\n'],
  ['JSON', '{"a":1}'],
])('%s is none of them', (_, text) => {
  const bytes = new TextEncoder().encode(text);
  expect(formatOf(bytes)).toBeUndefined();
  expect(foreignFormat(bytes)).toBeUndefined();
});

const empty = new Uint8Array(1);
const foreign: [what: string, bytes: Uint8Array, named: RegExp, advice: RegExp][] = [
  [
    'a file of torch.save',
    writeZip(
      new Map([
        ['archive/data.pkl', empty],
        ['archive/version', empty],
      ]),
    ),
    /a file of torch\.save \(\.pt, \.pth\), whose pickle runs code/,
    /safetensors\.torch\.save_file\(model\.state_dict\(\), 'state\.safetensors'\)/,
  ],
  [
    'one of an older version',
    Uint8Array.of(0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20),
    /a pickle of Python, .*\.pth/,
    /safetensors\.torch/,
  ],
  ['a Keras model', writeZip(new Map([['model.weights.h5', empty]])), /a Keras model/, /format='onnx'/],
  ['HDF5', new TextEncoder().encode('\x89HDF\r\n\x1a\n').slice(1), /an HDF5 file/, /format='onnx'/],
  ['GGUF', new TextEncoder().encode('GGUF\x03'), /a GGUF file/, /safetensors or ONNX/],
  ['TensorFlow Lite', new TextEncoder().encode('\x1c\0\0\0TFL3'), /TensorFlow Lite/, /as ONNX/],
];

describe.each(foreign)('%s', (_, bytes, named, advice) => {
  test.each<[reader: string, read: (bytes: Uint8Array, where: string) => unknown]>([
    ['readOnnx', readOnnx],
    ['readSafetensors', readSafetensors],
    ['readModel', readModel],
    ['readNpz', readNpz],
  ])('%s', (_, read) => {
    expect(() => read(bytes, 'file.bin')).toThrow(FormatError);
    expect(() => read(bytes, 'file.bin')).toThrow(named);
    expect(() => read(bytes, 'file.bin')).toThrow(advice);
    expect(() => read(bytes, 'file.bin')).toThrow(/^file\.bin: expected .*, given a/);
  });
});
