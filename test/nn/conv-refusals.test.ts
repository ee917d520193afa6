/** What layers of images refuse: options, shapes, and labels of outputs that are images. */
import { describe, expect, test } from 'vitest';
import { OptionError, ShapeError } from '../../src/base/errors.js';
import { createEngine } from '../../src/create/engine.js';
import { dataset } from '../../src/data/dataset.js';
import { input } from '../../src/graph/leaves.js';
import { conv1d, conv2d, depthwiseConv2d, separableConv2d } from '../../src/nn/conv.js';
import { convTranspose2d } from '../../src/nn/conv-transpose.js';
import { type Layer, parameter } from '../../src/nn/layer.js';
import { sgd } from '../../src/nn/optimizers.js';
import { flatten, reshape } from '../../src/nn/reshape.js';
import { sequential } from '../../src/nn/sequential.js';
import { fit } from '../../src/train/fit.js';
import { numbers } from '../networks/numbers.js';

const over = (shape: number | number[], ...layers: Layer[]) => sequential(shape, layers);

describe('refuses', () => {
  const image = [8, 6, 4];
  const options: [what: string, make: () => unknown, message: string | RegExp][] = [
    ['no channels', () => conv2d(0, 3), 'conv2d: channels: expected a whole number, at least 1, given 0'],
    [
      'no size',
      () => conv2d(4, undefined as never),
      /^conv2d: size: expected a number or \[vertical, horizontal\].*given undefined$/,
    ],
    ['three sizes', () => conv2d(4, [3, 3, 3] as never), /conv2d: size: .* given \[3, 3, 3\]/],
    ['a stride of 0', () => conv2d(4, 3, { stride: 0 }), /conv2d: stride: .* at least 1.* given 0$/],
    [
      'half a stride',
      () => depthwiseConv2d(3, { stride: [1, 0.5] }),
      /depthwiseConv2d: stride: .*given \[1, 0.5\]$/,
    ],
    [
      'a dilation of 0',
      () => separableConv2d(4, 3, { dilation: 0 }),
      /separableConv2d: dilation: .*given 0$/,
    ],
    [
      'a negative padding',
      () => conv2d(4, 3, { padding: -1 }),
      /conv2d: padding: expected 'same', 'valid'.*given -1$/,
    ],
    ['a padding that is null', () => conv2d(4, 3, { padding: null as never }), /padding: .*given null$/],
    ['another padding', () => conv2d(4, 3, { padding: 'full' as never }), /padding: .*given "full"$/],
    [
      'no groups',
      () => conv2d(4, 3, { groups: 0 }),
      'conv2d: option groups: expected a whole number, at least 1, given 0',
    ],
    [
      'an option of others',
      () => conv2d(4, 3, { strides: 2 } as never),
      /conv2d: unknown option "strides"; .*did you mean "stride"\?/,
    ],
    [
      'no multiplier',
      () => depthwiseConv2d(3, { multiplier: 0 }),
      'option multiplier: expected a whole number, at least 1',
    ],
    [
      'a softmax',
      () => conv2d(4, 3, { activation: 'softmax' as never }),
      'conv2d: option activation: expected one of',
    ],
    ['a series of two sizes', () => conv1d(4, [3, 3] as never), 'conv1d: size: expected a whole number'],
    [
      'four ends of a series',
      () => conv1d(4, 3, { padding: [1, 1, 1, 1] as never }),
      /conv1d: option padding: .*given \[1, 1, 1, 1\]/,
    ],
    [
      'a padding of its output as large as the stride',
      () => convTranspose2d(4, 3, { stride: [2, 3], outputPadding: 2 }),
      'convTranspose2d: outputPadding: expected less than the stride, 2 and 3, given 2',
    ],
    [
      'a padding of its output with same',
      () => convTranspose2d(4, 3, { stride: 2, padding: 'same', outputPadding: 1 }),
      'outputPadding: with padding same there is none, given 1',
    ],
    [
      'two lengths that are left',
      () => reshape([-1, -1]),
      'reshape: shape: expected lengths of at least 1 such as [28, 28, 1], at most one of them -1, given [-1, -1]',
    ],
    ['a length of 0', () => reshape([0, 3]), /reshape: shape: .*given \[0, 3\]$/],
    ['no lengths', () => reshape([]), /reshape: shape: .*given \[\]$/],
    ['no list', () => reshape('28' as never), /reshape: shape: .*given "28"$/],
  ];
  test.each(options)('%s', (_, make, message) => {
    expect(make).toThrow(OptionError);
    expect(make).toThrow(message);
  });

  const shapes: [what: string, make: () => unknown, message: string | RegExp][] = [
    [
      'rows of numbers',
      () => over(784, conv2d(4, 3)),
      'conv2d, in layer 0: expected images [rows, height, width, channels], given [rows, 784]; the layer reshape makes images of rows of numbers',
    ],
    [
      'images without channels',
      () => over([28, 28], depthwiseConv2d(3)),
      'depthwiseConv2d, in layer 0: expected images [rows, height, width, channels], given [rows, 28, 28]',
    ],
    [
      'what was flattened',
      () => over(image, conv2d(4, 3), flatten(), conv2d(4, 3)),
      'conv2d, in layer 2: expected images [rows, height, width, channels], given [rows, 96]',
    ],
    ['volumes', () => over([2, 3, 4, 5], conv2d(4, 3)), /^conv2d, in layer 0: .*given \[rows, 2, 3, 4, 5\]$/],
    [
      'images as a series',
      () => over(image, conv1d(4, 3)),
      'conv1d, in layer 0: expected series [length, channels], given [rows, 8, 6, 4]',
    ],
    [
      'a kernel larger than the image',
      () => over(image, conv2d(4, [3, 7])),
      'conv2d, in layer 0: size: a window of 3 x 7 is larger than an image of 8 x 6, with its padding 8 x 6',
    ],
    [
      'one larger with its padding',
      () => over(image, conv2d(4, 5, { dilation: 3, padding: 2 })),
      /a window of 13 x 13 is larger than .*with its padding 12 x 10/,
    ],
    [
      'one larger than what is left',
      () => over(image, ...[0, 1, 2, 3].map(() => conv2d(4, 3))),
      /^conv2d, in layer 2: .*an image of 4 x 2/,
    ],
    [
      'groups that do not divide the image',
      () => over(image, conv2d(6, 3, { groups: 3 })),
      'conv2d, in layer 0: groups: expected a number that divides 4 channels of the image and 6 of the output, given 3',
    ],
    [
      'groups that do not divide the output',
      () => over(image, conv2d(6, 3, { groups: 4 })),
      'groups: expected a number that divides 4',
    ],
    [
      'nothing left of an output',
      () => over([1, 1, 2], convTranspose2d(1, 3, { padding: [2, 1] })),
      'convTranspose2d, in layer 0: padding: it leaves nothing of the output, which would be -1 x 1, given [2, 1]',
    ],
    ['a shape that does not fit', () => over(10, reshape([3, -1])), /^reshape, in layer 0: .*make 10/],
    [
      'a weight that is no kernel',
      () => conv2d(input(image), parameter('w', [3, 3])),
      'conv2d: weight: expected [height, width, in / groups, out], given [3, 3]',
    ],
    [
      'a weight of other channels',
      () => conv2d(input(image), parameter('w', [3, 3, 3, 2])),
      /^conv2d: expected a weight of 4 channels, given \[3, 3, 3, 2\]/,
    ],
    [
      'a weight of each row',
      () => conv2d(input(image), input([3, 3, 4, 2])),
      /^conv2d: weight: .*given \[rows, 3, 3, 4, 2\]/,
    ],
  ];
  test.each(shapes)('%s', (_, make, message) => {
    expect(make).toThrow(ShapeError);
    expect(make).toThrow(message);
  });

  test('the class labels of images whose output was not flattened', async () => {
    const model = over([4, 4, 1], conv2d(3, 3));
    const set = dataset({ inputs: numbers(32, 1), labels: [0, 2] });
    const optimizer = sgd({ learningRate: 0.1 });
    const train = fit(await createEngine(), model, set, {
      loss: 'softmaxCrossEntropy',
      optimizer,
      epochs: 1,
    });
    await expect(train).rejects.toThrow(
      'output: expected one number for each class, as softmaxCrossEntropy takes them, given [2, 2, 3] a row; is a layer flatten missing?',
    );
  });
});
