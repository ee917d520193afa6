/**
 * ONNX's own tests of convolutions, pooling, norms and padding in two dimensions, as read by `readOnnx`:
 * those of its operators, and those that PyTorch's were converted to. Debian 12's libonnx-testdata has them,
 * where it is installed or unpacked in the folder LANEGRAD_ONNX_TESTS. They are skipped where they are not
 * there, but for continuous integration, which has them.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FormatError } from '../../../src/base/errors.js';
import { readOnnx } from '../../../src/formats/onnx/read.js';
import { channelsLast } from '../../networks/numbers.js';
import { runModel, worstDifference } from './runtime.js';
import { decodeTensor, editFile, floats } from './schema.js';

const { LANEGRAD_ONNX_TESTS: folder = '/' } = process.env;
const DATA = join(folder, 'usr/share/libonnx-testdata/data');
/** Operators whose meaning has not changed since then. */
const OPSET = 9;

/** By their folders; the text says what is refused of those that are not read. */
const cases: Record<string, [name: string, refused?: RegExp][]> = {
  node: [
    ...['basic_conv_with_padding', 'basic_conv_without_padding', 'conv_with_autopad_same'],
    ...['conv_with_strides_and_asymmetric_padding', 'conv_with_strides_no_padding'],
    ...['conv_with_strides_padding', 'convtranspose', 'convtranspose_autopad_same'],
    ...['convtranspose_dilations', 'convtranspose_kernel_shape', 'convtranspose_output_shape'],
    ...['convtranspose_pad', 'convtranspose_pads', 'convtranspose_with_kernel', 'averagepool_2d_ceil'],
    ...['averagepool_2d_default', 'averagepool_2d_pads', 'averagepool_2d_pads_count_include_pad'],
    ...['averagepool_2d_precomputed_pads', 'averagepool_2d_precomputed_pads_count_include_pad'],
    ...['averagepool_2d_precomputed_same_upper', 'averagepool_2d_precomputed_strides'],
    ...['averagepool_2d_same_lower', 'averagepool_2d_same_upper', 'averagepool_2d_strides'],
    ...['maxpool_2d_ceil', 'maxpool_2d_default', 'maxpool_2d_dilations', 'maxpool_2d_pads'],
    ...['maxpool_2d_precomputed_pads', 'maxpool_2d_precomputed_same_upper'],
    ...['maxpool_2d_precomputed_strides', 'maxpool_2d_same_lower', 'maxpool_2d_same_upper'],
    ...['maxpool_2d_strides', 'globalaveragepool', 'globalaveragepool_precomputed', 'globalmaxpool'],
    ...['globalmaxpool_precomputed', 'batchnorm_epsilon', 'batchnorm_example', 'constant_pad'],
    ...['maxpool_2d_uint8'],
  ].map((name): [string, RegExp?] => [name]),
  'pytorch-converted': [
    ...['AvgPool2d', 'AvgPool2d_stride', 'ConstantPad2d'],
    ...['Conv2d', 'Conv2d_depthwise', 'Conv2d_depthwise_padded', 'Conv2d_depthwise_strided'],
    ...['Conv2d_depthwise_with_multiplier', 'Conv2d_dilated', 'Conv2d_groups', 'Conv2d_groups_thnn'],
    ...['Conv2d_no_bias', 'Conv2d_padding', 'Conv2d_strided', 'ConvTranspose2d', 'ConvTranspose2d_no_bias'],
    ...['MaxPool2d', 'MaxPool2d_stride_padding_dilation', 'ReflectionPad2d', 'ReplicationPad2d', 'ZeroPad2d'],
  ].map((name): [string, RegExp?] => [name]),
};
cases.node.push(
  ['maxpool_with_argmax_2d_precomputed_pads', /only its first output/],
  ['maxpool_with_argmax_2d_precomputed_strides', /only its first output/],
);
// An attribute of operator set 6.
cases['pytorch-converted'].push(
  ['BatchNorm2d_eval', /attribute "is_test" is not understood/],
  ['BatchNorm2d_momentum_eval', /attribute "is_test" is not understood/],
);

/** Its file with constants in place of the inputs behind the first, and what it should give. */
function open(path: string) {
  const set = join(path, existsSync(join(path, 'test_data_set_0')) ? 'test_data_set_0' : '');
  const tensor = (name: string) => decodeTensor(new Uint8Array(readFileSync(join(set, name))));
  const x = tensor('input_0.pb');
  const file = editFile(new Uint8Array(readFileSync(join(path, 'model.onnx'))), (model) => {
    const { graph } = model;
    const constants = new Set((graph.initializer ?? []).map(({ name }) => name));
    const [first, ...others] = graph.input.filter(({ name }) => !constants.has(name));
    graph.initializer = [
      ...(graph.initializer ?? []),
      ...others.map(({ name }, i) => ({ ...tensor(`input_${i + 1}.pb`).given, name })),
    ];
    // A model has a parameter: a convolution that changes nothing.
    if (graph.initializer.every(({ dims = [] }) => dims.length === 0) || isPlain(graph.node[0].opType)) {
      const [, channels] = x.dims;
      const eye = Array.from({ length: channels ** 2 }, (_, i) => (i % (channels + 1) === 0 ? 1 : 0));
      graph.initializer.push(floats('same', [channels, channels, 1, 1], eye) as never);
      for (const own of graph.node) own.input = own.input.map((name) => (name === first.name ? 'own' : name));
      graph.node.unshift({ opType: 'Conv', input: [first.name, 'same'], output: ['own'] });
    }
    for (const own of model.opsetImport) own.version = Math.max(Number(own.version), OPSET);
  });
  return { x, file, y: tensor('output_0.pb') };
}

function isPlain(operator: string): boolean {
  return ['Pad', 'MaxPool', 'AveragePool', 'GlobalAveragePool', 'GlobalMaxPool'].includes(operator);
}

for (const [kind, names] of Object.entries(cases)) {
  describe.skipIf(!existsSync(DATA) && !process.env.CI)(kind, () => {
    it.each(names)('%s', (name, refused) => {
      const { x, file, y } = open(join(DATA, kind, `test_${name}`));
      if (refused) {
        expect(() => readOnnx(file, name)).toThrow(FormatError);
        expect(() => readOnnx(file, name)).toThrow(refused);
        return;
      }
      const { model } = readOnnx(file, name);
      const made = runModel(model, channelsLast(x.values(), x.dims));
      expect(worstDifference(made, channelsLast(y.values(), y.dims))).toBeLessThan(1e-5);
    });
  });
}
