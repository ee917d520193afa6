/** What ONNX files end with: a softmax or a sigmoid is read as the link of a loss, and applied once. */

import { describe, expect, test } from 'vitest';
import { OptionError } from '../../../src/base/errors.js';
import { createReferenceEngine } from '../../../src/create/reference.js';
import { readOnnx } from '../../../src/formats/onnx/read.js';
import { writeOnnx } from '../../../src/formats/onnx/write.js';
import { logSoftmax, mul, sigmoid, softmax } from '../../../src/graph/functions.js';
import { input } from '../../../src/graph/leaves.js';
import type { Value } from '../../../src/graph/value.js';
import { activation } from '../../../src/nn/activations.js';
import { dense } from '../../../src/nn/dense.js';
import { binaryCrossEntropy, meanSquaredError } from '../../../src/nn/losses.js';
import { remember } from '../../../src/nn/model.js';
import { network } from '../../../src/nn/network.js';
import { sequential } from '../../../src/nn/sequential.js';
import { predict, predictProba } from '../../../src/train/predict.js';
import { readList } from './models.js';
import { runOnnx, worstDifference } from './runtime.js';
import { floats, node, onnxFile, value } from './schema.js';

const engine = createReferenceEngine();
const inputs = Float32Array.of(1, 2, -1, 0.5, -3, 0.25, 4, 1);
const product = node('Gemm', ['x', 'w'], 'h');
const w = floats('w', [4, 2], [1, -2, 0.5, 3, -1, 0.25, 2, -0.5]);
const one = floats('w', [4, 1], [1, -0.5, 0.25, 2]);
const ending = (operator: string, weights = w) =>
  onnxFile({
    node: [product, node(operator, ['h'], 'y')],
    initializer: [weights],
    output: [value('y', [weights === one ? 1 : 2])],
  });

describe('a model whose graph ends with', () => {
  test.each([
    ['one sigmoid', ending('Sigmoid', one), 'binaryCrossEntropy'],
    ['several', ending('Sigmoid'), 'binaryCrossEntropy'],
    ['softmax', ending('Softmax'), 'softmaxCrossEntropy'],
    [
      'a sigmoid behind another layer',
      onnxFile({
        node: [product, node('Tanh', ['h'], 't'), node('Sigmoid', ['t'], 'y')],
        initializer: [w],
      }),
      'binaryCrossEntropy',
    ],
  ])('%s gives the probabilities of ONNX Runtime', async (what, file, kind) => {
    const { model, softmax, sigmoid } = readOnnx(file, 'a.onnx');
    expect([softmax, sigmoid]).toEqual([what === 'softmax', what !== 'softmax']);
    expect(model.loss?.kind).toBe(kind);
    const { values } = await runOnnx(file, inputs, 4);
    for (const options of [undefined, { loss: kind as 'binaryCrossEntropy' }]) {
      expect(worstDifference(predict(engine, model, inputs, options), values)).toBeLessThan(1e-6);
    }
    expect(() => predict(engine, model, inputs, { loss: 'huber' })).toThrow(OptionError);
  });

  test('something else says nothing of its outputs', () => {
    const { model, softmax, sigmoid } = readOnnx(ending('Tanh'), 'a.onnx');
    expect([model.loss, softmax, sigmoid]).toEqual([undefined, false, false]);
    expect(() => predictProba(engine, model, inputs)).toThrow(/option loss is required/);
  });

  test('nothing but a sigmoid is a layer', () => {
    const file = onnxFile({ node: [node('Sigmoid', ['x'], 'y')], initializer: [] });
    expect(readOnnx(file, 'a.onnx')).toMatchObject({ sigmoid: false, model: { sizes: [4, 4] } });
  });
});

describe('of our own files', () => {
  const ends = () => sequential(4, [dense(3, { activation: 'tanh' }), dense(2, { activation: 'sigmoid' })]);

  test('a sigmoid is a layer, as it was, unless the loss is said to apply one', () => {
    for (const loss of [undefined, meanSquaredError()]) {
      const model = ends();
      if (loss) remember(model, { loss });
      const read = readList(writeOnnx(model));
      expect(read.sigmoid).toBe(false);
      expect(read.model.loss?.kind).toBe(loss?.kind);
      expect(read.model.layers[1].config.activation).toBe('sigmoid');
      expect(worstDifference(predict(engine, read.model, inputs), predict(engine, model, inputs))).toBe(0);
    }
  });

  test('softmax is not written for a loss with another link', () => {
    const model = sequential(4, [dense(2)]);
    remember(model, { loss: binaryCrossEntropy() });
    expect(() => writeOnnx(model, { softmax: true })).toThrow(OptionError);
  });

  test('softmax at the end of a graph whose loss has another link is the network’s own', () => {
    const metadata = { loss: '{"kind":"huber"}' };
    const file = onnxFile({ node: [product, node('Softmax', ['h'], 'y')], initializer: [w] }, [4], metadata);
    const { model, softmax } = readOnnx(file, 'a.onnx');
    expect([softmax, model.loss?.kind]).toEqual([false, 'huber']);
    const [a, b] = predict(engine, model, inputs);
    expect(a + b).toBeCloseTo(1, 6);
  });

  // Layers of a list, and operations that are none.
  const hidden: [what: string, (h: Value) => Value][] = [
    ['a list', (h) => h],
    ['a graph', (h) => mul(h, sigmoid(h))],
  ];
  const losses = [meanSquaredError(), binaryCrossEntropy()];
  test.each(hidden)('%s that ends with softmax or sigmoid of its own comes back with it', (_, own) => {
    for (const end of [softmax, sigmoid, logSoftmax]) {
      const x = input([4]);
      const model = network(x, end(own(dense(2)(x))), { seed: 1 });
      for (const loss of losses.filter(({ link }) => end !== sigmoid || link !== 'sigmoid')) {
        remember(model, { loss });
        const read = readOnnx(writeOnnx(model), 'a.onnx');
        expect([read.softmax, read.sigmoid]).toEqual([false, false]);
        expect(read.model.loss?.kind).toBe(loss.kind);
        const outputs = [read.model, model].map((given) => predict(engine, given, inputs));
        expect(worstDifference(outputs[0], outputs[1])).toBeLessThan(1e-6);
      }
    }
  });
});

test('a model that ends with the link of its loss is refused with the way out', () => {
  for (const model of [
    sequential(4, [dense(1, { activation: 'sigmoid' })]),
    sequential(4, [dense(1), activation('sigmoid')]),
  ]) {
    const run = () => predictProba(engine, model, inputs, { loss: 'binaryCrossEntropy' });
    expect(run).toThrow(OptionError);
    expect(run).toThrow(/ends with sigmoid.* would come twice; leave the activation of the last layer out/);
    expect(predict(engine, model, inputs, { loss: 'meanSquaredError' })).toHaveLength(2);
  }
});
