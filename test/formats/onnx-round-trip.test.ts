/** What we write as ONNX we read again: its outputs, most of them bit for bit, and what the file says. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FormatError } from '../../src/base/errors.js';
import { readOnnx } from '../../src/formats/onnx/read.js';
import { writeOnnx } from '../../src/formats/onnx/write.js';
import * as F from '../../src/graph/functions.js';
import { input } from '../../src/graph/leaves.js';
import type { Value } from '../../src/graph/value.js';
import { conv2d } from '../../src/nn/conv.js';
import { dense } from '../../src/nn/dense.js';
import { layer } from '../../src/nn/layer.js';
import { lora } from '../../src/nn/lora.js';
import { describeLossFor } from '../../src/nn/loss-file.js';
import {
  binaryCrossEntropy,
  huber,
  type Loss,
  type LossFunction,
  softmaxCrossEntropy,
} from '../../src/nn/losses.js';
import { freeze, type Network, remember } from '../../src/nn/model.js';
import { network } from '../../src/nn/network.js';
import { batchNorm, normalization } from '../../src/nn/normalization.js';
import { ownLoss } from '../../src/nn/own-loss.js';
import { globalAvgPool } from '../../src/nn/pool.js';
import { sequential } from '../../src/nn/sequential.js';
import { graphs, numbersFor, outputsOf } from './graphs.js';
import { imageModels } from './onnx/image-models.js';
import { filled, modelsOf } from './onnx/models.js';
import { operationModels } from './onnx/operation-models.js';
import { randomGraph } from './onnx/random-graphs.js';
import { worstDifference } from './onnx/runtime.js';

const models: Readonly<Record<string, () => Network>> = {
  ...graphs,
  ...Object.fromEntries(Object.entries(imageModels).map(([name, [make]]) => [name, make])),
  ...operationModels,
};

/** What cannot be read back: it works across the rows of a batch, has none, or is a mistake of the reader's. */
const refused: ReadonlySet<string> = new Set([
  ...['reductions', 'six axes', 'one number a row', 'values without rows'],
]);

/**
 * What comes back as more operations than it was, or with a number that the file has in float32, so that it is
 * rounded otherwise: a bias behind a product, the eps of a norm.
 */
const rounded: ReadonlySet<string> = new Set([
  ...['arithmetic', 'rows that become images of several channels'],
  'a kernel that is computed, and weights that are read in two orders',
]);

function check(model: Network, isRounded = false): void {
  const { model: back } = readOnnx(writeOnnx(model), 'back.onnx');
  // Rows of several axes are read as rows of one where no operator on images reads them.
  expect(back.inputSize).toBe(model.inputSize);
  expect(back.outputs.map(({ shape }) => shape)).toEqual(model.outputs.map(({ shape }) => shape));
  for (const rows of [1, 3]) {
    const numbers = numbersFor(model, rows);
    const [own, other] = [model, back].map((one) =>
      outputsOf(one, numbers, rows).map((values) => Array.from(values)),
    );
    if (!isRounded) expect(other).toEqual(own);
    for (const [i, values] of own.entries()) expect(worstDifference(other[i], values)).toBeLessThan(1e-6);
  }
}

test.each(Object.keys(models).filter((name) => !refused.has(name)))('%s', (name) => {
  check(filled(models[name]()), rounded.has(name));
});

test('what is refused or rounded is there', () => {
  expect([...refused, ...rounded].filter((name) => !(name in models))).toEqual([]);
});

test('what is not trained comes back so, frozen or a buffer', () => {
  const x = input(6);
  const block = layer('block', (own) => F.relu(F.add(own, dense(6)(own))));
  const moments = { mean: [0.5, 1], deviation: [2, 3] };
  const model = network(x, dense(2)(batchNorm()(block(normalization(moments)(x)))), { seed: 2 });
  freeze(model, ['block.*', 'dense.bias']);
  const { model: back } = readOnnx(writeOnnx(model), 'back.onnx');
  const states = ({ parameters, buffers }: Network) => ({
    parameters: parameters.map(({ name, trainable }) => [name, trainable !== false]).sort(),
    buffers: buffers.map(({ name }) => name).sort(),
  });
  expect(states(back)).toEqual(states(model));
});

test('random graphs', () => {
  let read = 0;
  for (let seed = 0; seed < 400; seed++) {
    const model = randomGraph(seed);
    // Images that no operator on images makes come back with their axes in another order.
    const isImage = ({ shape }: Network['inputs'][number]) => shape.length === 3;
    if (!model || model.inputs.some(isImage) || model.outputs.some(isImage)) continue;
    try {
      check(filled(model), true);
      read++;
    } catch (error) {
      // Some work across the rows of a batch.
      if (!(error instanceof FormatError)) throw error;
    }
  }
  expect(read).toBeGreaterThan(75);
});

test('random lists of layers', () => {
  // Embeddings want whole numbers: those of models.ts are tested by its own inputs.
  fc.assert(
    fc.property(modelsOf(false), (model) => {
      fc.pre(model.layers.some(({ kind }) => !['activation', 'dropout'].includes(kind)));
      check(model);
    }),
    { numRuns: 60 },
  );
});

describe("a loss of one's own", () => {
  const model = (loss: (hidden: Value) => Loss) => {
    const x = input([3]);
    const hidden = dense(4, { activation: 'tanh' })(x);
    const own = network(x, dense(2)(hidden), { seed: 1 });
    remember(own, { loss: loss(hidden) });
    return own;
  };
  const squares = ({ output, target }: Parameters<LossFunction>[0]) =>
    F.mean(F.square(F.sub(output, target)), { axis: -1 });

  test('comes back as what it computes', () => {
    const before = model(() => ownLoss(squares, { link: 'sigmoid' }));
    const { loss } = readOnnx(writeOnnx(before), 'back.onnx').model;
    expect(loss?.link).toBe('sigmoid');
    expect(describeLossFor('test', before, loss!)).toEqual(describeLossFor('test', before, before.loss!));
  });

  test('but not where it reads values within the model', () => {
    const before = model((hidden) =>
      ownLoss((given) => F.add(squares(given), F.mul(0.1, F.mean(F.abs(hidden), { axis: -1 })))),
    );
    expect(readOnnx(writeOnnx(before), 'back.onnx').model.loss).toBeUndefined();
  });
});

describe('what the file says', () => {
  const list = (outputs: number) =>
    sequential(4, [dense(3, { activation: 'gelu' }), dense(outputs)], { seed: 1 });

  test.each<[string, Network, Loss]>([
    ['softmax', list(3), softmaxCrossEntropy()],
    ['sigmoid', list(2), binaryCrossEntropy()],
    ['identity', list(1), huber({ delta: 0.5 })],
    [
      'images',
      sequential([5, 4, 3], [conv2d(2, 3), globalAvgPool(), dense(2)], { seed: 1 }),
      softmaxCrossEntropy(),
    ],
  ])('a loss of link %s, and how inputs are made', (_, model, loss) => {
    const input = { scale: 1 / 255, offset: -0.5 };
    remember(model, { loss, input });
    const classNames = ['only the first'];
    const isClasses = loss.link === 'softmax';
    for (const rawInputs of [false, true]) {
      for (const softmax of isClasses ? [false, true] : [false]) {
        const bytes = writeOnnx(model, { metadata: { input, classNames }, rawInputs, softmax });
        const back = readOnnx(bytes, 'back.onnx');
        expect(back.model.loss?.config).toEqual(loss.config);
        expect(back.metadata.classNames).toEqual(classNames);
        expect(back.model.input?.scale).toBeCloseTo(input.scale, 8);
        expect(back.model.input?.offset).toBe(input.offset);
        expect(back.softmax).toBe(softmax);
        const numbers = numbersFor(model, 2);
        expect(outputsOf(back.model, numbers, 2)).toEqual(outputsOf(model, numbers, 2));
      }
    }
  });
});

test('low-rank updates are written as part of their matrices', () => {
  const model = filled(lora(filled(graphs.residual()), '*.weight', { rank: 2, alpha: 4 }));
  const { model: back } = readOnnx(writeOnnx(model), 'back.onnx');
  expect(back.parameters.map(({ name }) => name).some((name) => name.includes('lora'))).toBe(false);
  const numbers = numbersFor(model, 3);
  const [own, other] = [model, back].map((one) => outputsOf(one, numbers, 3));
  for (const [i, values] of own.entries()) expect(worstDifference(other[i], values)).toBeLessThan(1e-5);
});
