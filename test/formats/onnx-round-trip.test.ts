/** What we write as ONNX we read again: the outputs are the same, bit for bit, as is what the file says. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readOnnx } from '../../src/formats/onnx/read.js';
import { writeOnnx } from '../../src/formats/onnx/write.js';
import * as F from '../../src/graph/functions.js';
import { input } from '../../src/graph/leaves.js';
import type { Value } from '../../src/graph/value.js';
import { conv2d } from '../../src/nn/conv.js';
import { dense } from '../../src/nn/dense.js';
import { describeLossFor } from '../../src/nn/loss-file.js';
import {
  binaryCrossEntropy,
  huber,
  type Loss,
  type LossFunction,
  softmaxCrossEntropy,
} from '../../src/nn/losses.js';
import { type Network, remember } from '../../src/nn/model.js';
import { network } from '../../src/nn/network.js';
import { ownLoss } from '../../src/nn/own-loss.js';
import { globalAvgPool } from '../../src/nn/pool.js';
import { sequential } from '../../src/nn/sequential.js';
import { graphs, numbersFor, outputsOf } from './graphs.js';
import { imageModels } from './onnx/image-models.js';
import { filled, modelsOf } from './onnx/models.js';
import { operationModels } from './onnx/operation-models.js';
import { randomGraph } from './onnx/random-graphs.js';

const models: Readonly<Record<string, () => Network>> = {
  ...graphs,
  ...Object.fromEntries(Object.entries(imageModels).map(([name, [make]]) => [name, make])),
  ...operationModels,
};

/** Graphs that are no rows of layers, which `readOnnx` does not read yet: several ports, other operations. */
const waiting: ReadonlySet<string> = new Set([
  ...['two inputs, two outputs', 'residual', 'norms', 'arithmetic', 'comparisons and choices'],
  ...['functions of one value', 'reductions', 'softmax along axes', 'shapes', 'images', 'attention'],
  ...['rows of tables', 'pools with padding, dilation and windows at the end'],
  ...['numbers, channels and pictures that meet images', 'channels cut, joined, and their softmax'],
  ...['a norm of pixels, in our own order', 'means of rows and of columns', 'series'],
  ...['rows that become images of several channels'],
  ...['a kernel that is computed, and weights that are read in two orders'],
  ...['six axes', 'activations of four axes', 'one number a row', 'values without rows', 'tables within'],
]);
const READS_GRAPHS = waiting.size === 0;

function check(model: Network): void {
  const { model: back } = readOnnx(writeOnnx(model), 'back.onnx');
  // Rows of several axes are read as rows of one where no operator on images reads them.
  expect(back.inputSize).toBe(model.inputSize);
  expect(back.outputs.map(({ shape }) => shape)).toEqual(model.outputs.map(({ shape }) => shape));
  for (const rows of [1, 3]) {
    const numbers = numbersFor(model, rows);
    const bits = (own: Network) => outputsOf(own, numbers, rows).map((values) => Array.from(values));
    expect(bits(back)).toEqual(bits(model));
  }
}

test.each(Object.keys(models).filter((name) => !waiting.has(name)))('%s', (name) => {
  check(filled(models[name]()));
});

test('every one that waits is there', () => {
  expect([...waiting].filter((name) => !(name in models))).toEqual([]);
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

test.runIf(READS_GRAPHS)('random graphs', () => {
  for (let seed = 0; seed < 200; seed++) {
    const model = randomGraph(seed);
    if (model) check(filled(model));
  }
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
