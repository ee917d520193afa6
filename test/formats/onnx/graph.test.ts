/** Networks that are no lists of layers as ONNX: that ONNX Runtime computes what lanegrad does. */
import { InferenceSession, Tensor } from 'onnxruntime-web';
import { describe, expect, test } from 'vitest';
import { imageForms } from '../../../src/formats/onnx/images.js';
import { nodeForms } from '../../../src/formats/onnx/nodes.js';
import { writeOnnx } from '../../../src/formats/onnx/write.js';
import { input } from '../../../src/graph/leaves.js';
import { applyOne } from '../../../src/graph/value.js';
import { dense } from '../../../src/nn/dense.js';
import { describeGraph } from '../../../src/nn/graph-file.js';
import { layer } from '../../../src/nn/layer.js';
import { severalLosses } from '../../../src/nn/losses.js';
import { freeze, remember } from '../../../src/nn/model.js';
import { network } from '../../../src/nn/network.js';
import { sequential } from '../../../src/nn/sequential.js';
import { copyOf } from '../../../src/ops/gradients.js';
import { operations } from '../../../src/ops/registry.js';
import { graphs, numbersFor, outputsOf, twoByTwo } from '../graphs.js';
import { runModel, runOnnx, softmaxRows, worstDifference } from './runtime.js';
import { decodeFile, type EditableModel } from './schema.js';

/** Float32 on one side, float64 on the other. */
const BOUND = 2e-5;

function metadataOf(bytes: Uint8Array): Record<string, string> {
  const { metadataProps = [] } = decodeFile(bytes) as { metadataProps?: { key: string; value: string }[] };
  return Object.fromEntries(metadataProps.map(({ key, value }) => [key, value]));
}

test.each(Object.keys(graphs))('%s, of one row and of several', async (name) => {
  const model = graphs[name]();
  // Running statistics that are nothing special.
  for (const { values } of model.buffers) values.set(values.map((_, i) => 0.4 + 0.3 * i));
  const session = await InferenceSession.create(writeOnnx(model), {
    graphOptimizationLevel: 'basic',
    logSeverityLevel: 3,
  });
  expect(session.inputNames).toEqual(model.inputs.map((port) => port.name));
  expect(session.outputNames).toEqual(model.outputs.map((port) => port.name));
  for (const rows of [1, 3]) {
    const numbers = numbersFor(model, rows);
    const feeds = model.inputs.map(
      (port, i) => [port.name, new Tensor('float32', numbers[i], [rows, ...port.shape])] as const,
    );
    const results = await session.run(Object.fromEntries(feeds));
    const expected = outputsOf(model, numbers, rows);
    for (const [i, port] of model.outputs.entries()) {
      expect(results[port.name].dims).toEqual([rows, ...port.shape]);
      expect(worstDifference(results[port.name].data as Float32Array, expected[i])).toBeLessThan(BOUND);
    }
  }
  await session.release();
});

test('every operation that a graph may have is among them, and has a form', () => {
  const known = [...operations.keys()].sort();
  const forms = new Set([...Object.keys(nodeForms), ...Object.keys(imageForms)]);
  expect([...forms].sort()).toEqual(known);
  const used = Object.values(graphs).flatMap((make) => describeGraph(make()).nodes.map(({ op }) => op));
  const leaves = ['input', 'parameter', 'buffer', 'literal'];
  expect([...new Set(used)].filter((op) => !leaves.includes(op)).sort()).toEqual(known);
});

test('a list of layers with several axes a row, softmax and scaled inputs', async () => {
  const model = sequential([2, 3], [dense(2)], { seed: 1 });
  const metadata = { input: { scale: 0.5, offset: 1 } };
  const session = await InferenceSession.create(
    writeOnnx(model, { metadata, rawInputs: true, softmax: true }),
  );
  const raw = Float32Array.from({ length: 12 }, (_, i) => i / 3);
  const results = await session.run({ input: new Tensor('float32', raw, [2, 2, 3]) });
  const expected = softmaxRows(
    runModel(
      model,
      raw.map((value) => value * 0.5 + 1),
    ),
    2,
  );
  expect(worstDifference(results.probabilities.data as Float32Array, expected)).toBeLessThan(BOUND);
  await session.release();
});

test("a list with a layer of one's own", async () => {
  const own = layer('own', (x) => dense(2)(x));
  const model = sequential(3, [own], { seed: 1 });
  const inputs = Float32Array.of(1, 2, 3);
  const { name, values } = await runOnnx(writeOnnx(model), inputs, 3);
  expect(name).toBe('output');
  expect(worstDifference(values, runModel(model, inputs))).toBeLessThan(BOUND);
});

test('the metadata say what ONNX has no word for: what is not trained, and how bytes were scaled', () => {
  const model = twoByTwo();
  const inputScales = { b: { scale: 1 / 255, offset: -0.5 } };
  const loss = severalLosses('test', { species: 'softmaxCrossEntropy', amount: 'huber' });
  remember(model, { inputScales, loss });
  expect(freeze(model, 'dense.*').length).toBeGreaterThan(0);
  const texts = metadataOf(writeOnnx(model));
  expect(JSON.parse(texts.inputScales)).toEqual(inputScales);
  const { species, amount } = JSON.parse(texts.loss).parts;
  expect([species.loss.kind, amount.loss.kind]).toEqual(['softmaxCrossEntropy', 'huber']);
  expect(JSON.parse(texts.frozen)).toEqual(
    model.parameters.filter(({ trainable }) => trainable === false).map(({ name }) => name),
  );
  expect(JSON.parse(texts.buffers)).toEqual(model.buffers.map(({ name }) => name));
  expect(metadataOf(writeOnnx(sequential(2, [dense(2)])))).toEqual({});
});

test('numbers that stand in the graph are no initializers, which are parameters and buffers', () => {
  const model = graphs.arithmetic();
  const { graph } = decodeFile(writeOnnx(model)) as unknown as EditableModel;
  const arrays = (graph.initializer ?? []).filter(
    ({ dims = [], dataType }) => dataType === 1 && dims.length > 0,
  );
  expect(arrays.map(({ name }) => name).sort()).toEqual(
    [...model.parameters, ...model.buffers].map(({ name }) => name).sort(),
  );
});

describe('refusals', () => {
  test('options for one input or output of a model that has several', () => {
    expect(() => writeOnnx(twoByTwo(), { rawInputs: true })).toThrow(/expected a model of one input/);
    expect(() => writeOnnx(twoByTwo(), { softmax: true })).toThrow(/expected a model of one output/);
  });

  test('an operation without a form, which is named with its layer', () => {
    const x = input([2]);
    const odd = layer('odd', (value) => applyOne(copyOf, [value], {}));
    const model = network(x, odd(dense(2)(x)));
    expect(() => writeOnnx(model)).toThrow(/the operation "copyOf" of layer "odd" has no form in ONNX/);
  });

  test('an output that is called as something within is', () => {
    const x = input([2]);
    expect(() => writeOnnx(network({ x }, { 'dense.weight': dense(2)(x) }))).toThrow(
      /two values would be called "dense.weight"/,
    );
  });
});
