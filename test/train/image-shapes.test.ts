/** Images and models that take them as images or as rows of numbers. */
import { expect, test } from 'vitest';
import { ShapeError } from '../../src/base/errors.js';
import { createEngine } from '../../src/create/engine.js';
import { dataset } from '../../src/data/dataset.js';
import { reshape } from '../../src/graph/functions.js';
import { dense } from '../../src/nn/dense.js';
import { layer } from '../../src/nn/layer.js';
import { sgd } from '../../src/nn/optimizers.js';
import { sequential } from '../../src/nn/sequential.js';
import { weightsSha256 } from '../../src/run/weights.js';
import { fit } from '../../src/train/fit.js';

const pixels = (...shape: number[]) => {
  const size = shape.reduce((product, length) => product * length, 1);
  return Uint8Array.from({ length: size }, (_, i) => (i * i * 31) % 256);
};
const images = (imageShape: readonly [number, number, number?]) =>
  dataset({
    name: 'images',
    inputs: pixels(20, ...(imageShape as readonly number[])),
    imageShape,
    labels: Array.from({ length: 20 }, (_, i) => i % 2),
  });
const flattened = layer('flattened', (x) => reshape(x, [x.shape.dims.reduce((a, b) => a * b, 1)]));
const options = {
  loss: 'softmaxCrossEntropy',
  optimizer: sgd({ learningRate: 0.1 }),
  batchSize: 8,
  epochs: 2,
} as const;

test('a model of vectors takes images flat, with the bits of a model of images', async () => {
  using engine = await createEngine({ math: 'strict' });
  const flat = sequential(36, [dense(5, { activation: 'relu' }), dense(2)], { seed: 1 });
  const shaped = sequential([4, 3, 3], [flattened, dense(5, { activation: 'relu' }), dense(2)], { seed: 1 });
  for (const [i, { values }] of flat.parameters.entries()) shaped.parameters[i].values.set(values);
  await fit(engine, flat, images([4, 3, 3]), { ...options, seed: 1 });
  await fit(engine, shaped, images([4, 3, 3]), { ...options, seed: 1 });
  expect(shaped.parameters.map(({ values }) => values)).toEqual(flat.parameters.map(({ values }) => values));
  expect(await weightsSha256(flat)).toMatch(/^[0-9a-f]{64}$/);
});

test('images of another shape are refused, those of no shape are taken by their size', async () => {
  using engine = await createEngine({ math: 'strict' });
  const model = sequential([4, 3, 3], [flattened, dense(2)]);
  const refused = (shape: readonly [number, number, number?]) => fit(engine, model, images(shape), options);
  await expect(refused([3, 4, 3])).rejects.toThrow(ShapeError);
  await expect(refused([3, 4, 3])).rejects.toThrow(/has images of 3x4x3, but the model takes 4x3x3/);
  await expect(refused([6, 6])).rejects.toThrow(/has images of 6x6x1, but the model takes 4x3x3/);
  const grey = sequential([6, 6, 1], [flattened, dense(2)]);
  await fit(engine, grey, images([6, 6]), { ...options, epochs: 1 });
  await fit(engine, grey, images([6, 6, 1]), { ...options, epochs: 1 });
  const { imageShape: _, ...shapeless } = images([4, 3, 3]);
  await fit(engine, model, shapeless, { ...options, epochs: 1 });
  expect(images([6, 6, 1]).imageShape).toEqual([6, 6]);
});
