/** Lengths that a file leaves open, and that `shapes` says. */
import { expect, test } from 'vitest';
import { FormatError, OptionError } from '../../../src/base/errors.js';
import { readOnnx } from '../../../src/formats/onnx/read.js';
import { runModel } from './runtime.js';
import { floats, int, node, onnxFile, value } from './schema.js';

/** The mean over the length of what a product makes of each of its vectors of two. */
const file = onnxFile({
  input: [value('text', [0, 2])],
  node: [
    node('MatMul', ['text', 'w'], 'm'),
    {
      ...node('ReduceMean', ['m'], 'y'),
      attribute: [int('keepdims', 0), { name: 'axes', type: 7, ints: [1] }],
    },
  ],
  initializer: [floats('w', [2, 2], [1, 2, 3, 4])],
});
const read = (shapes?: Record<string, number[]>) => readOnnx(file, 'text.onnx', shapes && { shapes });

test('are asked for, by the name of the input', () => {
  expect(() => read()).toThrow(FormatError);
  expect(() => read()).toThrow('input "text": its shape has an open length, "?"; give it as shapes');
});

test('are those of the network', () => {
  const { model } = read({ text: [3, 2] });
  expect(model.inputs).toEqual([{ name: 'text', shape: [3, 2] }]);
  expect([...runModel(model, [1, 0, 0, 1, 1, 1])]).toEqual([(1 + 3 + 4) / 3, (2 + 4 + 6) / 3]);
});

test.each<[Record<string, number[]>, typeof FormatError | typeof OptionError, RegExp]>([
  [
    { txt: [3, 2] },
    OptionError,
    /shapes: the graph has no input "txt"; did you mean "text"\? its inputs are text/,
  ],
  [{ text: [3, 5] }, FormatError, /input "text": expected shapes that go with \[\?,2\], given \[3,5\]/],
  [{ text: [3] }, FormatError, /expected shapes that go with \[\?,2\], given \[3\]/],
  [{ text: [1, 3, 2] }, FormatError, /expected shapes that go with \[\?,2\], given \[1,3,2\]/],
])('%j are refused', (shapes, error, message) => {
  expect(() => read(shapes)).toThrow(error);
  expect(() => read(shapes)).toThrow(message);
});
