/** ONNX files that are broken: cut, changed, made of too many parts, or of another format. */
import { describe, expect, test } from 'vitest';
import { FormatError } from '../../../src/base/errors.js';
import { readOnnx } from '../../../src/formats/onnx/read.js';
import { writeOnnx } from '../../../src/formats/onnx/write.js';
import { ProtoWriter } from '../../../src/formats/protobuf.js';
import { dense } from '../../../src/nn/dense.js';
import { sequential } from '../../../src/nn/sequential.js';

test('a file of many tiny parts is refused before they fill the memory', () => {
  // Each node of two bytes would be an object of some hundred.
  const graph = new Uint8Array(2 * (2 ** 20 + 1)).map((_, i) => (i % 2 === 0 ? 0x0a : 0));
  const file = new ProtoWriter().int(1, 9).bytes(7, graph).finish();
  expect(() => readOnnx(file, 'a.onnx')).toThrow(
    /^a\.onnx: the file has too many nodes, names and other parts$/,
  );
});

describe('broken files', () => {
  const good = writeOnnx(sequential(3, [dense(2, { activation: 'tanh' }), dense(2)], { seed: 1 }), {
    softmax: true,
  });

  test.each<[string, Uint8Array, RegExp]>([
    ['empty', new Uint8Array(0), /it has no graph/],
    ['text', new TextEncoder().encode('not a model'), /./],
    ['endless number', new Uint8Array(12).fill(0xff), /more than 10 bytes/],
    ['field 0', Uint8Array.of(0, 1), /field number 0/],
    ['a group', Uint8Array.of(0x0b), /wire type 3/],
    ['a field beyond the end', Uint8Array.of(0x3a, 0xff, 0xff, 0xff, 0x7f), /ends beyond its message/],
    ['a name that is not UTF-8', Uint8Array.of(0x12, 1, 0xff), /not UTF-8/],
  ])('%s', (_, file, message) => {
    expect(() => readOnnx(file, 'bad.onnx')).toThrow(FormatError);
    expect(() => readOnnx(file, 'bad.onnx')).toThrow(message);
  });

  test('every cut, and every changed byte, gives a model or a FormatError', () => {
    let refused = 0;
    const attempt = (file: Uint8Array) => {
      try {
        readOnnx(file, 'bad.onnx');
      } catch (error) {
        expect(error).toBeInstanceOf(FormatError);
        refused++;
      }
    };
    for (let length = 0; length < good.length; length++) attempt(good.subarray(0, length));
    for (let at = 0; at < good.length; at++) {
      for (const change of [1, 0x80, 0xff]) {
        const file = good.slice();
        file[at] ^= change;
        attempt(file);
      }
    }
    expect(refused).toBeGreaterThan(good.length);
  });
});
