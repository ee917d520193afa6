/** What pooling, enlarging, padding and dropout of channels refuse, and what files say of their layers. */
import { describe, expect, test } from 'vitest';
import { OptionError, ShapeError } from '../../src/base/errors.js';
import { pad } from '../../src/graph/image-functions.js';
import { input } from '../../src/graph/leaves.js';
import { dropout } from '../../src/nn/dropout.js';
import { type Layer, parameter } from '../../src/nn/layer.js';
import { makeLayer } from '../../src/nn/layers.js';
import { avgPool2d, globalAvgPool, globalMaxPool, maxPool2d, upsample } from '../../src/nn/pool.js';

/** Numbers before and after, axis by axis. */
const pairs = (...own: [before: number, after: number][]) => own;

describe('refusals', () => {
  const image = () => input([6, 5, 2]);
  test.each<[string, () => unknown, new (...given: never[]) => Error, RegExp]>([
    ['a size of 0', () => maxPool2d(0), OptionError, /^maxPool2d: size: .*given 0/],
    ['a stride of 0', () => avgPool2d(2, { stride: 0 }), OptionError, /^avgPool2d: stride: /],
    [
      'an unknown option',
      () => maxPool2d(2, { strides: 2 } as never),
      OptionError,
      /strides.*did you mean "stride"/,
    ],
    [
      'counting padding in a maximum',
      () => maxPool2d(2, { countIncludePad: true } as never),
      OptionError,
      /countIncludePad/,
    ],
    ['null as padding', () => maxPool2d(2, { padding: null } as never), OptionError, /padding: .*given null/],
    [
      'what is no image',
      () => maxPool2d(2)(input([6, 5])),
      ShapeError,
      /maxPool2d.*expected images \[rows, height/,
    ],
    ['an image without rows', () => avgPool2d(2)(parameter('p', [6, 5, 2])), ShapeError, /given \[6, 5, 2\]/],
    [
      'a window larger than the image',
      () => maxPool2d(7)(image()),
      ShapeError,
      /7 x 7 is larger than .*6 x 5/,
    ],
    [
      'a window within the padding',
      () => maxPool2d(2, { padding: 2 })(image()),
      ShapeError,
      /window 0 lies within/,
    ],
    [
      'a mean of too many pixels',
      () => avgPool2d(2 ** 13, { stride: 1 })(input([2 ** 14, 2 ** 14, 1])),
      ShapeError,
      /more than 4194304/,
    ],
    [
      'global pooling of no image',
      () => globalAvgPool()(input([6])),
      ShapeError,
      /globalAvgPool.*expected images/,
    ],
    [
      'neither scale nor size',
      () => upsample({}),
      OptionError,
      /^upsample: expected either scale or size, given none/,
    ],
    ['scale and size', () => upsample({ scale: 2, size: 3 }), OptionError, /given both/],
    [
      'a scale that is no whole number',
      () => upsample({ scale: 1.5 }),
      OptionError,
      /^upsample: scale: .*given 1.5/,
    ],
    ['an unknown mode', () => upsample({ scale: 2, mode: 'cubic' as never }), OptionError, /mode: .*"cubic"/],
    ['a size beyond all images', () => upsample({ scale: 2 ** 20 })(image()), OptionError, /size: /],
    [
      'amounts that are no pairs',
      () => pad(image(), [1, 1, 0] as never),
      OptionError,
      /^pad: amounts: .*given \[1, 1, 0\]/,
    ],
    ['amounts below 0', () => pad(image(), pairs([0, -1], [0, 0], [0, 0])), OptionError, /amounts/],
    [
      'too few amounts',
      () => pad(image(), [[1, 1]]),
      ShapeError,
      /expected 3 pairs for \[rows, 6, 5, 2\], given 1/,
    ],
    [
      'mirrors of channels',
      () => pad(image(), pairs([0, 0], [0, 0], [1, 0]), { mode: 'edge' }),
      ShapeError,
      /channels/,
    ],
    [
      'a mirror larger than the image',
      () => pad(image(), pairs([6, 0], [0, 0], [0, 0]), { mode: 'reflect' }),
      ShapeError,
      /6 pixels/,
    ],
    ['mirrors of lines', () => pad(input([4]), [[1, 1]], { mode: 'reflect' }), ShapeError, /expected images/],
    ['a value that is none', () => pad(input([4]), [[1, 1]], { value: 1e39 }), OptionError, /value: /],
    ['no value at all', () => pad(3 as never, [[1, 1]]), OptionError, /x: expected a value/],
    [
      'channels of a single number',
      () => dropout(0.5, { channels: true })(parameter('p', [3])),
      ShapeError,
      /channels/,
    ],
    ['channels that are no flag', () => dropout(0.5, { channels: 1 } as never), OptionError, /channels/],
  ])('%s', (_, call, error, message) => {
    expect(call).toThrow(error);
    expect(call).toThrow(message);
  });
});

test('layers are made again from what files say of them', () => {
  const layers: Layer[] = [
    ...[maxPool2d(2), maxPool2d([2, 3], { stride: 1, padding: 'same', dilation: [1, 2], ceilMode: true })],
    ...[avgPool2d(3, { padding: [1, 0, 0, 1], countIncludePad: true }), globalAvgPool(), globalMaxPool()],
    ...[
      upsample({ scale: 2 }),
      upsample({ size: [3, 4], mode: 'bilinear' }),
      dropout(0.5, { channels: true }),
    ],
  ];
  for (const { kind, config } of layers) {
    const again = makeLayer({ kind, ...JSON.parse(JSON.stringify(config)) }, 0);
    expect([again.kind, again.config]).toEqual([kind, config]);
  }
  expect(() => makeLayer({ kind: 'globalAvgPool', axis: 1 }, 0)).toThrow(OptionError);
  expect(() => makeLayer({ kind: 'maxPool2d' }, 0)).toThrow(/maxPool2d: size: .*given undefined/);
});
