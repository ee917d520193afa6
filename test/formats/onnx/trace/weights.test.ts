/** What becomes a parameter, wherever a file keeps it, and what drops while a network is trained. */
import { expect, test } from 'vitest';
import { createReferenceEngine } from '../../../../src/create/reference.js';
import { readOnnx } from '../../../../src/formats/onnx/read.js';
import { CompiledModel } from '../../../../src/nn/compile.js';
import { runModel } from '../runtime.js';
import { float, floats, int, node, onnxFile, raw } from '../schema.js';

/** y = max(x · w, x · w), which is no list of layers, with w as `nodes` make it. */
function product(nodes: ReturnType<typeof node>[], initializer: object[], weight = 'w') {
  const made = node('MatMul', ['x', weight], 'a');
  const file = onnxFile({
    ...{ node: [...nodes, made, node('Max', ['a', 'a'], 'y')], initializer, opset: 13 },
  });
  return readOnnx(file, 'weights.onnx').model;
}

const eight = [1, -2, 3, -4, 5, -6, 7, -8];
const x = [1, 0, 2, 0];
/** Rows 0 and 2 of the matrix [4, 2]: once the first, twice the other. */
const expected = [1 + 2 * 5, -2 + 2 * -6];

test.each([
  ['a constant that is a node', [{ ...node('Constant', [], 'w'), attribute: [tensor()] }], [], 'w'],
  [
    'one of whole numbers and a scale',
    [node('DequantizeLinear', ['q', 's'], 'w')],
    [
      raw(
        'q',
        [4, 2],
        3,
        Int8Array.from(eight, (own) => 2 * own),
      ),
      floats('s', [], [0.5]),
    ],
    'q',
  ],
  [
    'one of 64 bits',
    [node('Cast', ['d'], 'w', [int('to', 1)])],
    [raw('d', [4, 2], 11, Float64Array.from(eight))],
    'd',
  ],
])('%s is a parameter', (_, nodes, initializer, name) => {
  const model = product(nodes, initializer);
  expect(model.parameters.map((own) => [own.name, [...own.shape], [...own.values]])).toEqual([
    [name, [4, 2], eight],
  ]);
  expect([...runModel(model, x)]).toEqual(expected);
});

function tensor() {
  return { name: 'value', type: 4, t: floats('', [4, 2], eight) };
}

test('dropout drops while a network is trained, and only then', () => {
  const nodes = [
    node('MatMul', ['x', 'w'], 'a'),
    node('Dropout', ['a'], 'b', [float('ratio', 0.5)]),
    node('Max', ['b', 'b'], 'y'),
  ];
  const file = onnxFile({ node: nodes, initializer: [floats('w', [4, 2], eight)], opset: 11 });
  const { model } = readOnnx(file, 'dropout.onnx');
  const compiled = new CompiledModel(createReferenceEngine(), model, { maxRows: 8 });
  const plan = compiled.plan(8);
  plan.inputs.write(Array.from({ length: 32 }, (_, i) => x[i % 4]));
  plan.forward();
  expect([...plan.outputs.read()]).toEqual(Array.from({ length: 16 }, (_, i) => expected[i % 2]));
  plan.forward(true);
  const dropped = [...plan.outputs.read()];
  expect(dropped.filter((own, i) => own === 2 * expected[i % 2]).length).toBeGreaterThan(0);
  expect(dropped.filter((own) => own === 0).length).toBeGreaterThan(0);
  compiled.dispose();
});
