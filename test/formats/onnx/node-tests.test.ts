/**
 * ONNX's own tests of convolutions, pooling, norms and padding in two dimensions that PyTorch's were converted to;
 * those of its operators are in trace/node-tests.test.ts. Debian 12's libonnx-testdata has them,
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
  'pytorch-converted': [
    ...['AvgPool2d', 'AvgPool2d_stride', 'ConstantPad2d'],
    ...['Conv2d', 'Conv2d_depthwise', 'Conv2d_depthwise_padded', 'Conv2d_depthwise_strided'],
    ...['Conv2d_depthwise_with_multiplier', 'Conv2d_dilated', 'Conv2d_groups', 'Conv2d_groups_thnn'],
    ...['Conv2d_no_bias', 'Conv2d_padding', 'Conv2d_strided', 'ConvTranspose2d', 'ConvTranspose2d_no_bias'],
    ...['MaxPool2d', 'MaxPool2d_stride_padding_dilation', 'ReflectionPad2d', 'ReplicationPad2d', 'ZeroPad2d'],
  ].map((name): [string, RegExp?] => [name]),
};
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
