/** Layers as text: what each stands for, what is added between them, and what is refused. */
import { describe, expect, test } from 'vitest';
import { OptionError } from '../../src/base/errors.js';
import { sequential } from '../../src/nn/sequential.js';
import { buildLayerText } from '../../src/run/layer-text.js';
import { resolveSettings } from '../../src/run/presets.js';
import { readSettings } from '../../src/run/settings.js';

const relu = { activation: 'relu' } as const;
const build = (text: string, image: number[] | undefined = [28, 28, 1]) => buildLayerText(text, image, relu);

/** Layers by their kinds, and the options that were not left as they are. */
function described(text: string, image?: number[]) {
  const usual = {
    stride: 1,
    padding: 'valid',
    dilation: 1,
    groups: 1,
    multiplier: 1,
    outputPadding: 0,
    bias: true,
  };
  return build(text, image).map(({ kind, config }) => {
    const said = Object.entries(config).filter(([key, value]) => usual[key as 'groups'] !== value);
    return [kind, Object.fromEntries(said)];
  });
}

test('each word is an option of its layer', () => {
  expect(described('conv 32 3, pool, conv 64 3, pool, dense 128')).toEqual([
    ['conv2d', { channels: 32, size: 3, activation: 'relu' }],
    ['maxPool2d', { size: 2, stride: 2 }],
    ['conv2d', { channels: 64, size: 3, activation: 'relu' }],
    ['maxPool2d', { size: 2, stride: 2 }],
    ['flatten', {}],
    ['dense', { units: 128, activation: 'relu' }],
  ]);
  expect(
    described(
      'conv 8 3x5 stride 2 padding 1x2 dilation 2 groups 1 tanh,depthwise multiplier 2 same identity, ' +
        'separable 4  silu, AvgPool 3x2 stride 1 same, convtranspose 2 4 stride 2x1 GELU, upsample 2x3 bilinear, ' +
        'dropout .25 channels, leakyRelu, layernorm, globalpool, dropout 0.5, batchnorm',
    ),
  ).toEqual([
    ['conv2d', { channels: 8, size: [3, 5], stride: 2, padding: [1, 2], dilation: 2, activation: 'tanh' }],
    ['depthwiseConv2d', { size: 3, padding: 'same', multiplier: 2, activation: 'identity' }],
    ['separableConv2d', { channels: 4, size: 3, activation: 'silu' }],
    ['avgPool2d', { size: [3, 2], padding: 'same' }],
    ['convTranspose2d', { channels: 2, size: 4, stride: [2, 1], activation: 'gelu' }],
    ['upsample', { scale: [2, 3], mode: 'bilinear' }],
    ['dropout', { rate: 0.25, channels: true }],
    ['activation', expect.objectContaining({ name: 'leakyRelu' })],
    ['layerNorm', expect.anything()],
    ['globalAvgPool', {}],
    ['dropout', { rate: 0.5 }],
    ['batchNorm', expect.anything()],
  ]);
});

test('batch norm stands before the activation and in place of the bias', () => {
  expect(
    build('conv 4 3 batchnorm, dense 5 batchnorm identity').map(({ kind, config }) => [kind, config.bias]),
  ).toEqual([
    ['conv2d', false],
    ['batchNorm', undefined],
    ['activation', undefined],
    ['flatten', undefined],
    ['dense', false],
    ['batchNorm', undefined],
  ]);
});

test('what is not in a line at the end is put so', () => {
  const kinds = (text: string, image?: number[]) => build(text, image).map(({ kind }) => kind);
  expect(kinds('conv 4 3')).toEqual(['conv2d', 'flatten']);
  expect(kinds('conv 4 3, globalmaxpool')).toEqual(['conv2d', 'globalMaxPool']);
  expect(kinds('conv 4 3, flatten, dense 3, relu, dense 2')).toEqual([
    'conv2d',
    'flatten',
    'dense',
    'activation',
    'dense',
  ]);
  expect(buildLayerText('dense 3, dropout 0.2', undefined, relu).map(({ kind }) => kind)).toEqual([
    'dense',
    'dropout',
  ]);
  expect(sequential([28, 28, 1], build('pool, dense 3')).shapes).toEqual([
    [28, 28, 1],
    [14, 14, 1],
    [196],
    [3],
  ]);
});

test('weights begin as the run says', () => {
  const zero = buildLayerText('conv 4 3 batchnorm, dense 3', [5, 5, 1], { ...relu, initializer: 'zeros' });
  const { parameters } = sequential([5, 5, 1], zero);
  expect(
    parameters.filter(({ name }) => name.endsWith('weight')).map(({ values }) => Math.max(...values)),
  ).toEqual([0, 1, 0]);
});

test.each<[string, string | RegExp]>([
  ['', /^layers, layer 1, "": expected a layer, one of conv, depthwise, .*, given ""$/],
  ['conv 3,', /^layers, layer 2, "": expected a layer/],
  ['conv 3, konv 3', /^layers, layer 2, "konv 3": expected a layer, .*given "konv"; did you mean "conv"\?$/],
  ['constructor 3', /given "constructor"$/],
  ['conv', 'layers, layer 1, "conv": expected its channels behind "conv"'],
  ['dense relu', 'layers, layer 1, "dense relu": expected its units behind "dense"'],
  [
    'conv 32 3 strides 2',
    /^layers, layer 1, .*expected a word, one of same, .*given "strides"; did you mean "stride"\?$/,
  ],
  ['conv 32 3 2', 'expected channels and size behind "conv", given "2" besides'],
  ['flatten 3', 'expected no numbers behind "flatten", given "3" besides'],
  ['globalpool same', 'layers, layer 1, "globalpool same": expected no words, given "same"'],
  ['pool 2 stride', 'expected a number behind "stride", such as stride 2, given nothing'],
  ['pool 2 stride same', 'such as stride 2, given "same"'],
  ['conv 3 -1', /given "-1"$/],
  ['conv 3 3 relu tanh', 'layers, layer 1, "conv 3 3 relu tanh": activation is said twice'],
  ['conv 3 3 same padding 2', 'padding is said twice'],
  ['dropout 1', 'layers, layer 1, "dropout 1": dropout: option rate: expected a finite number'],
  ['conv 3x4', /^layers, layer 1, "conv 3x4": conv2d: channels: expected a whole number/],
  ['conv 4 3 stride 0', /^layers, layer 1, .*conv2d: stride: .*given 0$/],
  ['conv 4 3, conv 8 3 groups 3', /^layers, layer 2, .*groups: expected a number that divides 4 channels/],
  [
    'pool 4, pool 4, conv 3 2',
    /^layers, layer 3, "conv 3 2": .*a window of 2 x 2 is larger than an image of 1 x 1/,
  ],
  [
    'dense 3, conv 4',
    'layers, layer 2, "conv 4": it takes images, but what stands before it gives numbers in a line',
  ],
])('refuses %j', (text, message) => {
  expect(() => build(text)).toThrow(OptionError);
  expect(() => build(text)).toThrow(message);
});

test('refuses layers of images where there are none', () => {
  expect(() => buildLayerText('dense 3, pool', undefined, relu)).toThrow(
    'layers, layer 2, "pool": it takes images, but the data are no images',
  );
});

describe('in settings', () => {
  const given = { source: 'mnist', layers: 'conv 4 3, pool' };
  test('takes the place of hidden, and begins with relu and its rate', () => {
    expect(resolveSettings(given)).toMatchObject({
      layers: 'conv 4 3, pool',
      hidden: [],
      activation: 'relu',
      learningRate: 0.1,
    });
    expect(resolveSettings({ ...given, activation: 'tanh' })).toMatchObject({ activation: 'tanh' });
    // Those of a preset are of its own network.
    expect(resolveSettings(given, 'accurate')).not.toHaveProperty('dropout');
    expect(resolveSettings(given, 'accurate')).toMatchObject({
      hidden: [],
      activation: 'silu',
      optimizer: 'adamW',
    });
    const cnn = resolveSettings({ source: 'mnist', hidden: [30] }, 'cnn');
    expect(cnn).toMatchObject({ hidden: [30], activation: 'relu' });
    expect(cnn).not.toHaveProperty('layers');
  });

  test('is read back from config.json', () => {
    const settings = resolveSettings(given, 'cnn');
    expect(readSettings({ settings: JSON.parse(JSON.stringify(settings)) }, 'config.json')).toEqual(settings);
    expect(() => resolveSettings({ ...given, layers: 'conv' })).toThrow(
      'layers, layer 1, "conv": expected its channels',
    );
  });
});
