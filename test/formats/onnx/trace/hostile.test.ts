/** What random graphs that were changed have shown to go wrong once. */
import { expect, test } from 'vitest';
import { FormatError } from '../../../../src/base/errors.js';
import { readOnnx } from '../../../../src/formats/onnx/read.js';
import { runModel } from '../runtime.js';
import { float, floats, type GraphSpec, node, onnxFile, whole } from '../schema.js';

const read = (graph: GraphSpec, shape?: number[], options = {}) =>
  readOnnx(onnxFile(graph, shape), 'm', options);

test('what only repeats along an axis, beside what has length 1 there, is as long as the file says', () => {
  const graph = {
    node: [node('Add', ['x', 'b'], 'h'), node('Tile', ['h', 'twice'], 't'), node('Mul', ['t', 'x'], 'y')],
    initializer: [floats('b', [3, 1], [1, 2, 3]), whole('twice', [1, 1, 2])],
  };
  const { model } = read(graph, [3, 1]);
  expect(model.outputs[0].shape).toEqual([3, 2]);
  expect([...runModel(model, [1, 2, 4, -1, 0, 5])]).toEqual([2, 2, 8, 8, 28, 28, -0, -0, 0, 0, 40, 40]);
});

const begin = node('Mul', ['x', 's'], 'h');
const [s, four] = [floats('s', [1], [2]), floats('four', [4], [1, 2, 3, 4])];
const many = Array.from({ length: 100_000 }, (_, i) => i + 1);

const refused: [what: string, graph: GraphSpec, message: RegExp][] = [
  [
    'an array of many axes',
    { node: [begin, node('Unsqueeze', ['h', 'm'], 'y')], initializer: [s, whole('m', many)] },
    /"Unsqueeze:y".*at most 64 axes, given 100002/,
  ],
  [
    'a shape of many axes',
    { node: [begin, node('Expand', ['h', 'm'], 'y')], initializer: [s, whole('m', many.fill(1))] },
    /"Expand:y".*at most 64 axes, given 100000/,
  ],
  ...[Number.NaN, -1, Number.POSITIVE_INFINITY].map((eps): [string, GraphSpec, RegExp] => [
    `an epsilon of ${eps}`,
    {
      node: [begin, node('LayerNormalization', ['h', 'four'], 'y', [float('epsilon', eps)])],
      initializer: [s, four],
    },
    /"LayerNormalization:y".*epsilon to be a number of at least 0/,
  ]),
  [
    'a momentum above 1',
    {
      node: [
        begin,
        node('BatchNormalization', ['h', 'four', 'four', 'four', 'four'], 'n', [float('momentum', 7)]),
        node('Sin', ['n'], 'y'),
      ],
      initializer: [s, four],
    },
    /"BatchNormalization:n".*momentum to be a number from 0 to 1, given 7/,
  ],
  [
    'CELU of a number below 0',
    { node: [begin, node('Celu', ['h'], 'y', [float('alpha', -1)])], initializer: [s] },
    /"Celu:y".*alpha to be above 0, given -1/,
  ],
];

test.each(refused)('%s is refused', (_, graph, message) => {
  expect(() => read(graph)).toThrow(FormatError);
  expect(() => read(graph)).toThrow(message);
});

test('what is older than layers can be is not said to be too old', () => {
  const graph = { node: [begin, node('Relu', ['h', 'h'], 'y')], initializer: [s], opset: 8 };
  expect(() => read(graph)).toThrow(/"Relu:y".*at most 1 inputs/);
});
