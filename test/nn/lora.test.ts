/** Low-rank updates of matrices: they begin as nothing, alone are trained, and become part of the matrix. */
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { OptionError } from '../../src/base/errors.js';
import { createEngine } from '../../src/create/engine.js';
import { dataset } from '../../src/data/dataset.js';
import { readModel, writeModel } from '../../src/formats/model.js';
import { readOnnx } from '../../src/formats/onnx/read.js';
import { add, matmul, mean, reshape, softmax, take, transpose } from '../../src/graph/functions.js';
import { input, type Value } from '../../src/index.js';
import { conv2d } from '../../src/nn/conv.js';
import { dense } from '../../src/nn/dense.js';
import { dropout } from '../../src/nn/dropout.js';
import { embedding } from '../../src/nn/embedding.js';
import { layer, parameter } from '../../src/nn/layer.js';
import { lora, mergeLora } from '../../src/nn/lora.js';
import { type Network, remember, unfreeze } from '../../src/nn/model.js';
import { network } from '../../src/nn/network.js';
import { batchNorm } from '../../src/nn/normalization.js';
import { adam } from '../../src/nn/optimizers.js';
import { flatten } from '../../src/nn/reshape.js';
import { sequential } from '../../src/nn/sequential.js';
import { summary } from '../../src/nn/summary.js';
import { writeOnnx } from '../../src/tables/onnx.js';
import { fit } from '../../src/train/fit.js';
import { gradcheck } from '../../src/train/gradcheck.js';
import { predict } from '../../src/train/predict.js';
import { reals } from '../kernels/harness.js';

const engines = {
  strict: await createEngine({ math: 'strict', threads: 1 }),
  default: await createEngine({ threads: 1 }),
};
const { strict } = engines;
afterAll(() => {
  for (const engine of Object.values(engines)) engine.dispose();
});

/** A layer whose matrices are used as they are and turned, with a residual around it. */
const mixing = () =>
  layer('mixing', (x: Value) => {
    const weight = parameter('weight', [6, 6], 'glorotUniform', { penalised: true });
    return add(x, softmax(matmul(matmul(x, weight), transpose(weight))));
  });

const models: Record<string, () => Network> = {
  'dense layers': () =>
    sequential(6, [dense(8, { activation: 'relu' }), batchNorm(), dropout(0.3), dense(3)], { seed: 4 }),
  convolutions: () =>
    sequential([4, 3, 2], [conv2d(5, 3, { padding: 'same', activation: 'silu' }), flatten(), dense(3)], {
      seed: 4,
    }),
  'a layer of its own': () => {
    const x = input([6]);
    return network(x, dense(3)(mixing()(x)), { seed: 4 });
  },
  'tables of vectors': () => {
    const x = input([6]);
    const columns = [{ column: 0, cardinality: 3, width: 4 }];
    const vectors = take(parameter('table', [3, 5], 'glorotUniform'), x);
    const both = add(dense(5)(embedding({ columns })(x)), mean(vectors, { axis: 1 }));
    return network(x, dense(3)(reshape(both, [5])), { seed: 4 });
  },
};
const cases = Object.entries(models);

/** Equal but for rounding: a product with a sum is no sum of products. */
function expectNear(given: ArrayLike<number>, expected: ArrayLike<number>): void {
  expect(given.length).toBe(expected.length);
  const scale = Math.max(1, ...Array.from(expected, Math.abs));
  for (let i = 0; i < given.length; i++) {
    expect(Math.abs(given[i] - expected[i])).toBeLessThanOrEqual(2e-6 * scale);
  }
}

/** Rows that any of the models takes: numbers from 0 to 2, many of them 0. */
const rows = (model: Network, count = 9) =>
  reals(count * model.inputSize, 5).map((_, i) => (i % 3 === 0 ? 0 : (i * i) % 3));
const setOf = (model: Network) =>
  dataset({ inputs: rows(model, 30), labels: Array.from({ length: 30 }, (_, i) => (i * i) % 3) });
const valuesOf = ({ parameters }: Network) =>
  new Map(parameters.map(({ name, values }) => [name, [...values]] as const));
const train = (model: Network) =>
  fit(strict, model, setOf(model), {
    loss: 'softmaxCrossEntropy',
    optimizer: adam({ learningRate: 0.05 }),
    epochs: 3,
    batchSize: 8,
  });

describe.each(cases)('%s', (_, make) => {
  test.each(Object.entries(engines))('begin with the same outputs, bit for bit, %s', (_, engine) => {
    const model = make();
    const before = predict(engine, model, rows(model));
    const adapted = lora(model, '*', { rank: 2, alpha: 8 });
    expect(predict(engine, adapted, rows(model))).toEqual(before);
    expect(adapted.inputs).toEqual(model.inputs);
    expect(adapted.outputs).toEqual(model.outputs);
  });

  test('only the updates are trained, whose gradients agree with finite differences', async () => {
    const model = make();
    const adapted = lora(model, '*', { rank: 2, alpha: 3 });
    const matrices = model.parameters.filter(({ shape }) => shape.length > 1).map(({ name }) => name);
    const updates = matrices.flatMap((name) => [`${name}.lora_a`, `${name}.lora_b`]);
    expect(
      adapted.parameters.flatMap(({ name, trainable }) => (trainable === false ? [] : [name])).sort(),
    ).toEqual(updates.sort());
    const before = valuesOf(model);
    await train(adapted);
    expect(valuesOf(model)).toEqual(before);
    for (const name of updates) expect(adapted.parameters.find((own) => own.name === name)).toBeDefined();
    for (const { name, values } of adapted.parameters) {
      if (name.endsWith('lora_b')) expect(values.some((value) => value !== 0)).toBe(true);
    }
    const { passed, parameters } = gradcheck(adapted, { set: setOf(adapted), rows: 6 });
    expect(parameters.map(({ name }) => name).sort()).toEqual(updates.sort());
    expect(passed).toBe(true);
  });

  test('merged, they give the same by the parameters that the model had', async () => {
    const model = make();
    const adapted = lora(model, '*', { rank: 2, alpha: 3 });
    await train(adapted);
    const before = predict(strict, adapted, rows(model));
    const merged = mergeLora(adapted);
    const after = predict(strict, merged, rows(model));
    expectNear(after, before);
    expect(predict(strict, adapted, rows(model))).toEqual(before);
    const shapes = ({ parameters }: Network) =>
      parameters.map(({ name, shape }) => `${name} ${shape}`).sort();
    expect(shapes(merged)).toEqual(shapes(model));
    expect(merged.loss).toBe(adapted.loss);
    expect(mergeLora(merged)).toBe(merged);
    expect(predict(strict, readModel(writeModel(merged), 'merged').model, rows(model))).toEqual(after);
  });

  test('go through files', async () => {
    const adapted = lora(make(), '*', { rank: 1 });
    await train(adapted);
    const before = predict(strict, adapted, rows(adapted));
    const bytes = writeModel(adapted);
    const { model } = readModel(bytes, 'adapted');
    expect(writeModel(model)).toEqual(bytes);
    expect(predict(strict, model, rows(adapted))).toEqual(before);
    expectNear(predict(strict, mergeLora(model), rows(adapted)), before);
    const frozen = ({ parameters }: Network) =>
      parameters.filter(({ trainable }) => trainable === false).map(({ name }) => name);
    expect(frozen(model)).toEqual(frozen(adapted));
  });
});

test('what is merged is W + alpha / rank · A·B', () => {
  fc.assert(
    fc.property(
      fc.record({
        ...{ inputs: fc.integer({ min: 1, max: 9 }), outputs: fc.integer({ min: 1, max: 9 }) },
        ...{ part: fc.double({ min: 0, max: 1, noNaN: true }), alpha: fc.integer({ min: 1, max: 50 }) },
        seed: fc.nat(),
      }),
      ({ inputs, outputs, part, alpha, seed }) => {
        const rank = Math.max(1, Math.round(part * Math.min(inputs, outputs)));
        const model = sequential(inputs, [dense(outputs)], { seed });
        const adapted = lora(model, '0.weight', { rank, alpha, seed: seed + 1 });
        const [w, , a, b] = adapted.parameters.map(({ values }) => values);
        b.set(reals(b.length, seed));
        const merged = mergeLora(adapted).parameters.find(({ name }) => name === '0.weight')!.values;
        for (let i = 0; i < inputs; i++) {
          for (let j = 0; j < outputs; j++) {
            let sum = 0;
            let scale = Math.abs(w[i * outputs + j]);
            for (let k = 0; k < rank; k++) {
              sum += a[i * rank + k] * b[k * outputs + j];
              scale += Math.abs((alpha / rank) * a[i * rank + k] * b[k * outputs + j]);
            }
            const expected = w[i * outputs + j] + (alpha / rank) * sum;
            expect(Math.abs(merged[i * outputs + j] - expected)).toBeLessThanOrEqual(1e-6 * scale);
          }
        }
        const x = reals(3 * inputs, seed + 2);
        expectNear(predict(strict, mergeLora(adapted), x), predict(strict, adapted, x));
      },
    ),
  );
});

test('an export has no trace of them, and reads back as the merged matrices', async () => {
  const model = models['dense layers']();
  const adapted = lora(model, '*.weight', { rank: 2 });
  await train(adapted);
  const merged = mergeLora(adapted);
  const { model: read } = readOnnx(writeOnnx(merged), 'merged.onnx');
  const x = rows(model);
  for (const [i, value] of predict(strict, read, x).entries()) {
    expect(value).toBeCloseTo(predict(strict, merged, x)[i], 5);
  }
});

test('the first values of A follow from the seed, and matrices have their own', () => {
  const firsts = (seed?: number) =>
    lora(sequential(6, [dense(6), dense(6)], { seed: 1 }), '*.weight', {
      rank: 3,
      ...(seed !== undefined && { seed }),
    }).parameters.flatMap(({ name, values }) => (name.endsWith('lora_a') ? [[...values]] : []));
  expect(firsts()).toEqual(firsts(1));
  expect(firsts(2)).not.toEqual(firsts(1));
  const [first, second] = firsts();
  expect(first).not.toEqual(second);
  const largest = Math.max(...first.map(Math.abs)) * Math.sqrt(6);
  expect(largest).toBeLessThanOrEqual(1);
  expect(largest).toBeGreaterThan(0.7);
});

test('a network keeps what it remembers and what it drops, and says how much is trained', () => {
  const model = models['dense layers']();
  remember(model, { input: { scale: 1 / 255, offset: 0 } });
  const adapted = lora(model, '3.weight', { rank: 1 });
  expect(adapted.input).toEqual({ scale: 1 / 255, offset: 0 });
  expect(adapted.seed).toBe(4);
  // 8 and 3 of the 8 × 3 matrix; batch norm has 16.
  expect(summary(adapted)).toMatchObject({ parameters: 6 * 8 + 8 + 16 + 24 + 3 + 11, frozen: 99 });
  // Products with A and with B, and none with their product.
  expect(summary(adapted).multiplyAdds - summary(model).multiplyAdds).toBe(8 + 3);
  unfreeze(adapted, '3.bias');
  expect(model.parameters.find(({ name }) => name === '3.bias')?.trainable).not.toBe(false);
});

describe('refused are', () => {
  const model = () => sequential(6, [dense(8), dense(3)], { seed: 4 });
  test.each<[string, (model: Network) => unknown, RegExp]>([
    ['no model', () => lora({} as Network, '*', { rank: 1 }), /^lora: model: expected one/],
    ['a pattern of nothing', (m) => lora(m, '7.*', { rank: 1 }), /^lora: pattern "7\.\*" fits none of/],
    [
      'vectors',
      (m) => lora(m, '*.bias', { rank: 1 }),
      /^lora: expected a matrix .* given 0\.bias \[8\], 1\.bias \[3\]/,
    ],
    [
      'a rank above a side',
      (m) => lora(m, '*', { rank: 4 }),
      /option rank: expected at most 3, the shorter side of 1\.weight \[8, 3\], given 4/,
    ],
    ['a rank of 0', (m) => lora(m, '*', { rank: 0 }), /^lora: option rank/],
    ['an alpha of 0', (m) => lora(m, '*', { rank: 1, alpha: 0 }), /^lora: option alpha/],
    [
      'an option that there is not',
      (m) => lora(m, '*', { rank: 1, dropout: 1 } as never),
      /unknown option "dropout"/,
    ],
    ['no rank', (m) => lora(m, '*', undefined as never), /option rank is required/],
    [
      'a matrix twice',
      (m) => lora(lora(m, '0.*', { rank: 1 }), '*', { rank: 1 }),
      /^lora: 0\.weight is adapted already/,
    ],
    ['no model to merge', () => mergeLora({} as Network), /^mergeLora: model: expected one/],
  ])('%s', (_, run, message) => {
    const given = model();
    expect(() => run(given)).toThrow(OptionError);
    expect(() => run(model())).toThrow(message);
  });

  test('and then nothing is frozen', () => {
    const given = model();
    expect(() => lora(given, '*', { rank: 4 })).toThrow(OptionError);
    expect(given.parameters.every(({ trainable }) => trainable !== false)).toBe(true);
  });
});
