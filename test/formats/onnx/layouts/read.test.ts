/** What readers find in a model that was imported: names, statistics, classes, and what is one operation again. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readModel, writeModel } from '../../../../src/formats/model.js';
import { onnxDataFiles, readOnnx } from '../../../../src/formats/onnx/read.js';
import { describeGraph } from '../../../../src/nn/graph-file.js';
import { isTrainable } from '../../../../src/nn/training.js';
import { layoutNames, parseLayout, readLayout } from './layout.js';
import { drawInputs, runImport } from './run.js';

const open = (name: string) => readOnnx(readLayout(name).bytes, `${name}.onnx`);
const textOf = (name: string) => readFileSync(new URL(`${name}.txt`, import.meta.url), 'utf8');

/** How often an operation is there, activations by their names. */
function count(name: string, operation: string): number {
  const { nodes } = describeGraph(open(name).model);
  return nodes.filter(({ op, name: own }) => (op === 'activation' ? own : op) === operation).length;
}

describe('operations', () => {
  test.each<[layout: string, operation: string, times: number]>([
    ['torch-activations', 'gelu', 1],
    ['torch-activations', 'silu', 1],
    ['torch-residual', 'silu', 2],
    ['torch-encoder-11', 'gelu', 1],
    ['torch-encoder-11', 'layerNorm', 2],
    ['torch-encoder-17', 'layerNorm', 2],
    ['torch-vision-transformer', 'gelu', 1],
    ['torch-vision-transformer', 'layerNorm', 3],
    ['torch-gpt', 'geluTanh', 1],
    ['torch-gpt', 'layerNorm', 3],
    ['torch-bert', 'layerNorm', 1],
  ])('%s: %s, %i times', (layout, operation, times) => {
    expect(count(layout, operation)).toBe(times);
    expect(count(layout, 'erf') + count(layout, 'sqrt')).toBe(0);
  });
});

describe('parameters', () => {
  test('have the names of the file, or of the module that they are of', () => {
    const names = (name: string) => open(name).model.parameters.map((own) => own.name);
    expect(names('torch-two-inputs')).toEqual(
      ['left', 'right', 'output'].flatMap((own) => [`${own}.weight`, `${own}.bias`]),
    );
    expect(names('keras-text')).toEqual([
      'sequential.embedding.embedding_lookup.12',
      'sequential.dense.MatMul.ReadVariableOp:0',
      'sequential.dense.BiasAdd.ReadVariableOp:0',
      'sequential.dense_1.MatMul.ReadVariableOp:0',
      'sequential.dense_1.BiasAdd.ReadVariableOp:0',
    ]);
  });

  test('of 8 bits are those that they stand for', () => {
    const { model } = open('quantised');
    const names = ['conv.weight', 'conv.bias', 'fc1.weight', 'fc1.bias', 'fc2.weight', 'fc2.bias'];
    expect(model.parameters.map((own) => own.name)).toEqual(names);
    const weight = model.parameters.find((own) => own.name === 'fc2.weight')!;
    const steps = Array.from(weight.values, (value) => value / 0.005);
    expect(Math.max(...steps.map((step) => Math.abs(step - Math.round(step))))).toBeLessThan(1e-4);
  });

  test('are not what only compares, or what is infinite', () => {
    expect(open('torch-gpt').model.buffers.map((own) => own.name)).toEqual(['mask']);
    expect(open('torch-encoder-17').model.buffers).toEqual([]);
    expect(open('torch-encoder-17').model.parameters.some((own) => own.name.includes('143'))).toBe(false);
  });

  test('biases with an axis in front are not penalised, matrices are', () => {
    const penalised = open('sklearn-classes').model.parameters.filter((own) => own.penalised);
    expect(penalised.map((own) => own.name)).toEqual(['coefficient', 'coefficient1', 'coefficient2']);
  });

  test('are all trained', () => {
    for (const name of layoutNames) expect(open(name).model.parameters.every(isTrainable), name).toBe(true);
  });
});

describe('norms that share constants have statistics of their own', () => {
  // Before the first batch PyTorch writes what is equal, of all norms, once.
  test('as the names of one constant', () => {
    const text = textOf('torch-residual-norms').replace('(x, stem.weight)', '(own, stem.weight)');
    const file = parseLayout(`${text}own = Abs(x)`);
    const { model } = readOnnx(file.bytes, 'shared.onnx');
    const names = ['norm0', 'norm3', 'norm1', 'norm2'].flatMap((own) => [
      `${own}.running_mean`,
      `${own}.running_var`,
    ]);
    expect(model.buffers.map((own) => own.name).sort()).toEqual(names.sort());
    const own = model.parameters.map(({ name }) => name).filter((name) => name.startsWith('norm'));
    expect(own.sort()).toEqual(['norm0.bias', 'norm0.weight', 'norm1.bias', 'norm1.weight']);
  });

  test('as one initializer', () => {
    const file = parseLayout(`opset 15
input x float[N,3]
output y float[N,3]
w = draw float[3]
b = draw float[3]
v = positive float[3]
a = Abs(x)
n = BatchNormalization(a, w, b, b, v)
y = BatchNormalization(n, v, b, w, v)`);
    const { model } = readOnnx(file.bytes, 'shared.onnx');
    expect(model.parameters.map(({ name }) => name)).toEqual(['w', 'b', 'v']);
    expect(model.buffers.map(({ name }) => name)).toEqual(['b_1', 'v_1', 'w_1', 'v_2']);
    const all = [...model.parameters, ...model.buffers];
    const values = (name: string) => all.find((own) => own.name === name)!.values;
    expect(values('v_2')).toEqual(values('v'));
    expect(values('b_1')).toEqual(values('b'));
  });
});

describe('scikit-learn', () => {
  test.each<[layout: string, outputs: number, classNames?: string[], loss?: string]>([
    ['sklearn-classes', 3, ['0', '1', '7'], 'softmaxCrossEntropy'],
    ['sklearn-two-classes', 2, ['no', 'yes'], 'softmaxCrossEntropy'],
    ['sklearn-several', 3, undefined, 'binaryCrossEntropy'],
    ['sklearn-regressor', 1],
  ])('%s', (name, outputs, classNames, loss) => {
    const { model, metadata, softmax, sigmoid } = open(name);
    expect(metadata.classNames).toEqual(classNames);
    expect(model.loss?.kind).toBe(loss);
    expect([softmax, sigmoid]).toEqual([loss === 'softmaxCrossEntropy', loss === 'binaryCrossEntropy']);
    expect(model.outputs.map(({ shape }) => shape)).toEqual([[outputs]]);
  });

  test.each(['sklearn-classes', 'sklearn-two-classes'])('%s with ZipMap', (name) => {
    const output = name === 'sklearn-classes' ? 'probabilities' : 'output_probability';
    const text = textOf(name).replace(new RegExp(`^output ${output} .*$`, 'm'), 'output zipped');
    const labels = name === 'sklearn-classes' ? 'int64s=[0,1,7]' : 'strings=["no","yes"]';
    const layout = parseLayout(`${text}zipped = ai.onnx.ml.ZipMap(${output}) classlabels_${labels}`);
    const [own, plain] = [readOnnx(layout.bytes, 'zipped.onnx'), open(name)];
    expect(own.metadata).toEqual(plain.metadata);
    const inputs = drawInputs(layout, 3);
    expect(runImport(own, inputs)).toEqual(runImport(plain, inputs));
  });

  test('labels alone are refused', () => {
    const text = textOf('sklearn-classes').replace(/^output probabilities .*\n/m, '');
    expect(() => readOnnx(parseLayout(text).bytes, 'labels.onnx')).toThrow(
      /^labels\.onnx: node "ArrayFeatureExtractor" \(ai\.onnx\.ml\.ArrayFeatureExtractor\): not supported/,
    );
  });
});

test.each(layoutNames)('%s with its weights in a file beside it', (name) => {
  const { external } = readLayout(name);
  expect(onnxDataFiles(external.bytes, name)).toEqual(['weights.data']);
  const { model } = readOnnx(external.bytes, name, {
    externalData: new Map([['weights.data', external.data]]),
  });
  const values = (of: typeof model) => [...of.parameters, ...of.buffers].map((own) => [own.name, own.values]);
  expect(values(model)).toEqual(values(open(name).model));
});

test.each(layoutNames)('%s comes back from a model file', (name) => {
  const read = open(name);
  const { model } = readModel(writeModel(read.model), `${name}.lanegrad`);
  const values = (of: typeof model) => [...of.parameters, ...of.buffers].map((own) => [own.name, own.values]);
  expect(values(model)).toEqual(values(read.model));
  const layout = readLayout(name);
  const inputs = drawInputs(layout, layout.rows ?? 2);
  expect(runImport({ ...read, model }, inputs)).toEqual(runImport(read, inputs));
});

test('two inputs of one name are refused', () => {
  const file = parseLayout(`opset 13
input x float[N,3]
input x float[N,3]
output y float[N,3]
w = draw float[3]
a = Abs(x)
y = Mul(a, w)`);
  expect(() => readOnnx(file.bytes, 'two.onnx')).toThrow(/^two\.onnx: two inputs have one name, "x"$/);
});
