/**
 * What is imported can be trained and written again: after a few steps on random rows ONNX Runtime gives for the
 * exported file what `predict` gives.
 */
import { InferenceSession, Tensor } from 'onnxruntime-web';
import { expect, test } from 'vitest';
import { createEngine } from '../../../../src/create/engine.js';
import { inputsOf } from '../../../../src/data/set.js';
import { readOnnx } from '../../../../src/formats/onnx/read.js';
import { writeOnnx } from '../../../../src/formats/onnx/write.js';
import type { Network } from '../../../../src/nn/model.js';
import { adam } from '../../../../src/nn/optimizers.js';
import { fit } from '../../../../src/train/fit.js';
import { predict } from '../../../../src/train/predict.js';
import { worstDifference } from '../runtime.js';
import { layoutNames, readLayout } from './layout.js';
import { trainingSet } from './run.js';

/** What the file gives for rows as the model takes them; images are channels first where the file says so. */
async function runExported(file: Uint8Array, model: Network, rows: readonly Float32Array[], size: number) {
  const session = await InferenceSession.create(file, {
    graphOptimizationLevel: 'basic',
    logSeverityLevel: 4,
  });
  expect(session.inputNames).toEqual(model.inputs.map(({ name }) => name));
  const feeds = session.inputMetadata.map((input, i) => {
    if (!input.isTensor) throw new Error('expected a tensor');
    const { shape } = model.inputs[i];
    const dims = [size, ...input.shape.slice(1).map(Number)];
    const isFirst = shape.length === 3 && dims.slice(1).join() !== shape.join();
    return [
      input.name,
      new Tensor('float32', isFirst ? channelsFirst(rows[i], shape) : rows[i], dims),
    ] as const;
  });
  const results = await session.run(Object.fromEntries(feeds));
  await session.release();
  return results;
}

function channelsFirst(values: Float32Array, [H, W, C]: readonly number[]): Float32Array {
  return values.map((_, i) => {
    const [w, h, c] = [i % W, Math.floor(i / W) % H, Math.floor(i / W / H) % C];
    const n = Math.floor(i / W / H / C);
    return values[((n * H + h) * W + w) * C + c];
  });
}

test.each(layoutNames)('%s', async (name) => {
  const layout = readLayout(name);
  const { model } = readOnnx(layout.bytes, name);
  const set = trainingSet(layout, model, 6);
  const engine = await createEngine({ backend: 'wasm', math: 'strict' });
  const before = model.parameters.map(({ values }) => values.slice());
  const optimizer = adam({ learningRate: 0.005 });
  const history = await fit(engine, model, set, {
    loss: 'meanSquaredError',
    optimizer,
    epochs: 4,
    batchSize: 3,
  });
  const losses = history.epochs.map(({ loss }) => loss);
  expect(losses.at(-1)).toBeLessThan(losses[0]);
  const moved = model.parameters.filter(({ values }, i) =>
    values.some((value, at) => value !== before[i][at]),
  );
  expect(moved.length).toBe(model.parameters.length);
  const rows = inputsOf(set).map(([, { inputs }]) => Float32Array.from(inputs));
  const given =
    rows.length === 1 ? rows[0] : Object.fromEntries(model.inputs.map((port, i) => [port.name, rows[i]]));
  const expected = predict(engine, model, given as Float32Array);
  engine.dispose();
  const results = await runExported(writeOnnx(model), model, rows, set.size);
  const [{ name: output, shape }] = model.outputs;
  const { data, dims } = Object.values(results)[0];
  const isFirst = dims.length === 4 && dims.slice(1).join() !== shape.join();
  expect(Object.keys(results).length).toBe(model.outputs.length);
  const own = isFirst ? channelsFirst(expected, shape) : expected;
  expect(worstDifference(data as Float32Array, own), output).toBeLessThan(1e-5);
});
