/** ONNX files of images that are refused. */
import { describe } from 'vitest';
import { kernel } from './models.js';
import { testRefusals } from './refusals.js';
import { ints, node, value, whole } from './schema.js';

describe('what is not read of images is refused, and the node named', () => {
  const conv = node('Conv', ['x', 'k'], 'y');
  const size = [2, 5, 5];
  testRefusals([
    [
      'a kernel of one dimension',
      { node: [conv], initializer: [kernel(2, 2, 3)] },
      /"Conv:y".*two dimensions/,
      size,
    ],
    [
      'another number of channels',
      { node: [conv], initializer: [kernel(2, 3, 1, 1)] },
      /"Conv:y".*takes 3 channels in 1 groups, given 2/,
      size,
    ],
    [
      'a kernel that is larger than the image',
      { node: [conv], initializer: [kernel(2, 2, 6, 6)] },
      /"Conv:y".*a window of 6 x 6 is larger/,
      size,
    ],
    [
      'strides of 0',
      { node: [{ ...conv, attribute: [ints('strides', [0, 1])] }], initializer: [kernel(2, 2, 1, 1)] },
      /"Conv:y".*stride/,
      size,
    ],
    [
      'an image of unknown size',
      { node: [conv], initializer: [kernel(2, 2, 1, 1)], input: [value('x', [2, 0, 5])] },
      /input "x": its shape has an open length, "\?"; give it as shapes/,
      size,
    ],
    [
      'a sum of other shapes',
      {
        node: [node('Conv', ['x', 'k'], 'c'), node('Add', ['x', 'c'], 'y')],
        initializer: [kernel(2, 2, 3, 3)],
      },
      /"Add:y".*same shape, given \[2, 5, 5\] and \[2, 3, 3\]/,
      size,
    ],
    [
      'arithmetic on shapes that has nothing to work on',
      {
        node: [node('Gather', ['n'], 's'), node('Reshape', ['x', 's'], 'r'), node('Conv', ['r', 'k'], 'y')],
        initializer: [whole('n', [2, 5, 5]), kernel(2, 2, 1, 1)],
      },
      /"Gather:s".*its input 1 is missing/,
      size,
    ],
    [
      'a shape below 0',
      {
        node: [
          {
            ...node('ConstantOfShape', ['n'], 's'),
            attribute: [{ name: 'value', t: whole('', [1]), type: 4 }],
          },
          node('Reshape', ['x', 's'], 'r'),
          node('Conv', ['r', 'k'], 'y'),
        ],
        initializer: [whole('n', [-3]), kernel(2, 2, 1, 1)],
      },
      /"ConstantOfShape:s".*expected constants of at most 4194304 numbers, given shape \[-3\]/,
      size,
    ],
    [
      'arithmetic on shapes that is too large',
      {
        node: [
          node('ConstantOfShape', ['n'], 's', []),
          node('Reshape', ['x', 's'], 'r'),
          node('Conv', ['r', 'k'], 'y'),
        ],
        initializer: [whole('n', [2 ** 40]), kernel(2, 2, 1, 1)],
      },
      /"ConstantOfShape:s"/,
      size,
    ],
  ]);
});
