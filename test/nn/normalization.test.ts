/** Normalisation of inputs by their channels, and the moments that it takes. */
import { afterAll, describe, expect, test } from 'vitest';
import { DataError, OptionError, ShapeError } from '../../src/base/errors.js';
import { createEngine } from '../../src/create/engine.js';
import { dataset } from '../../src/data/dataset.js';
import { channelMoments } from '../../src/data/moments.js';
import { dense } from '../../src/nn/dense.js';
import { normalization } from '../../src/nn/normalization.js';
import { sgd } from '../../src/nn/optimizers.js';
import { flatten } from '../../src/nn/reshape.js';
import { sequential } from '../../src/nn/sequential.js';
import { readModel, writeModel } from '../../src/tables/model-file.js';
import { fit } from '../../src/train/fit.js';
import { predict } from '../../src/train/predict.js';

const engine = await createEngine({ math: 'strict' });
afterAll(() => engine.dispose());

const pixels = Uint8Array.from({ length: 20 * 4 * 5 * 3 }, (_, i) => (i * i * 7 + [0, 90, 200][i % 3]) % 256);
const labels = Array.from({ length: 20 }, (_, i) => i % 2);
const images = dataset({ inputs: pixels, imageShape: [4, 5, 3], labels, scale: 0.5, offset: -3 });

/** By the definition, in float64. */
function momentsOf(values: readonly number[]): [mean: number, deviation: number] {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return [mean, Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length)];
}

describe('the moments of channels', () => {
  test('are those of all their pixels, of bytes as they are scaled, and of floats', () => {
    const floats = Float32Array.from(pixels, (byte) => byte * 0.5 - 3);
    for (const set of [images, dataset({ inputs: floats, imageShape: [4, 5, 3], labels })]) {
      const { mean, deviation } = channelMoments(set);
      expect(mean.length).toBe(3);
      for (const channel of [0, 1, 2]) {
        const [m, d] = momentsOf([...floats].filter((_, i) => i % 3 === channel));
        expect(mean[channel]).toBeCloseTo(m, 4);
        expect(deviation[channel]).toBeCloseTo(d, 4);
      }
    }
  });

  test('of one channel are those of all inputs, and a deviation of 0 is 1', () => {
    const { imageShape: _, ...flat } = images;
    expect(channelMoments(flat).mean.length).toBe(1);
    const still = dataset({ inputs: new Uint8Array(8).fill(51), imageShape: [2, 2], labels: [0, 1] });
    expect([...channelMoments(still).mean, ...channelMoments(still).deviation]).toEqual([
      Math.fround(0.2),
      1,
    ]);
  });

  test('are not of what is no set, has several inputs, or is not finite', () => {
    expect(() => channelMoments(3 as never)).toThrow(OptionError);
    const several = dataset({ inputs: { a: [1, 2], b: [3, 4] }, labels: [0, 1] });
    expect(() => channelMoments(several)).toThrow(/has several inputs/);
    const broken = dataset({ inputs: [1, 2, 3, 4], labels: [0, 1] });
    (broken.inputs as Float32Array)[3] = Number.NaN;
    expect(() => channelMoments(broken)).toThrow(DataError);
  });
});

describe('the layer', () => {
  test('brings each channel to mean 0 and deviation 1, in images and laid flat', () => {
    const layer = normalization(channelMoments(images));
    for (const model of [sequential([4, 5, 3], [layer, flatten()]), sequential(60, [layer])]) {
      const inputs = Float32Array.from(pixels, (byte) => byte * 0.5 - 3);
      const outputs = [...predict(engine, model, inputs)];
      for (const channel of [0, 1, 2]) {
        const [mean, deviation] = momentsOf(outputs.filter((_, i) => i % 3 === channel));
        expect(mean).toBeCloseTo(0, 4);
        expect(deviation).toBeCloseTo(1, 4);
      }
    }
  });

  test('is not trained, and is in the model file', async () => {
    const moments = channelMoments(images);
    const model = sequential([4, 5, 3], [normalization(moments), flatten(), dense(2)], { seed: 1 });
    await fit(engine, model, images, {
      ...{ loss: 'softmaxCrossEntropy', optimizer: sgd({ learningRate: 0.01 }), batchSize: 5, epochs: 2 },
    });
    expect(model.buffers.map(({ name, values }) => [name, values])).toEqual([
      ['0.mean', moments.mean],
      ['0.deviation', moments.deviation],
    ]);
    const { model: read } = readModel(writeModel(model), 'file');
    expect(predict(engine, read, pixels)).toEqual(predict(engine, model, pixels));
  });

  test('refuses moments that are none, and inputs of other channels', () => {
    const refused = (mean: unknown, deviation: unknown) => () => normalization({ mean, deviation } as never);
    expect(refused([1], [0])).toThrow(/option deviation: expected a list of finite numbers above 0/);
    expect(refused([Number.NaN], [1])).toThrow(
      /option mean: expected a list of finite numbers, one a channel/,
    );
    expect(refused([], [])).toThrow(OptionError);
    expect(refused('1', [1])).toThrow(OptionError);
    expect(refused([1, 2], [1])).toThrow(/given 2 means and 1 deviations/);
    const layer = normalization({ mean: [1, 2], deviation: [1, 2] });
    expect(() => sequential([2, 2, 3], [layer])).toThrow(ShapeError);
    expect(() => sequential([2, 2, 3], [layer])).toThrow(
      /expected inputs of 2 channels, or a multiple of them, given 3/,
    );
  });
});
