/**
 * Arrays, buffers and maps of another realm, as test runners with a page's globals hand them over, are as
 * good as our own.
 */
import { readFile } from 'node:fs/promises';
import vm from 'node:vm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  adam,
  type CheckpointOptions,
  createEngine,
  dataset,
  dense,
  type Engine,
  evaluate,
  type FitOptions,
  fit,
  predict,
  readModel,
  readNpy,
  readOnnx,
  readSafetensors,
  sequential,
  setParameters,
  writeModel,
  writeNpy,
  writeOnnx,
} from '../src/index.js';
import { openTable } from '../src/tables.js';

/** What `source` makes in a realm of its own, where `values` is what is given. */
function other<T>(source: string, values: ArrayLike<number> = []): T {
  return vm.runInNewContext(source, { values: Array.from(values) }) as T;
}
const floats = (...values: number[]) => other<Float32Array>('new Float32Array(values)', values);
const bytes = (values: Uint8Array) => other<Uint8Array<ArrayBuffer>>('new Uint8Array(values)', values);

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.dispose());

const model = sequential(2, [dense(3, { activation: 'tanh' }), dense(2)], { seed: 1 });

test('the other realm is another one', () => {
  expect(floats(1) instanceof Float32Array).toBe(false);
});

test('predict', () => {
  expect(predict(engine, model, floats(1, 2))).toEqual(predict(engine, model, [1, 2]));
});

test('dataset, fit and evaluate', async () => {
  const set = dataset({ inputs: floats(1, 2, 3, 4), labels: other('new Int32Array([0, 1])') });
  const nested = dataset({ inputs: other('[[1, 2], new Float64Array([3, 4])]'), labels: other('[0, 1]') });
  expect(nested.inputs).toEqual(Float32Array.of(1, 2, 3, 4));
  expect(dataset({ inputs: bytes(Uint8Array.of(255, 0)), labels: [0, 1] }).scale).toBe(1 / 255);
  const own = sequential(2, [dense(2, other('({ activation: "relu" })'))], other('({ seed: 1 })'));
  let saved: Uint8Array = new Uint8Array();
  const optimizer = adam();
  const save: CheckpointOptions['save'] = (file) => {
    saved = file.bytes;
  };
  const given = other<Pick<FitOptions, 'loss' | 'epochs'>>('({ loss: "softmaxCrossEntropy", epochs: 1 })');
  const options: FitOptions = Object.assign(given, { optimizer, checkpoint: { save } });
  await fit(engine, own, set, options);
  const { steps } = await fit(engine, sequential(2, [dense(2, { activation: 'relu' })], { seed: 1 }), set, {
    loss: 'softmaxCrossEntropy',
    epochs: 2,
    optimizer,
    resume: bytes(saved),
  });
  expect(steps).toBe(2);
  expect((await evaluate(engine, own, set)).size).toBe(2);
});

test('parameters in a map', () => {
  const own = sequential(1, [dense(1)]);
  const parameters = `new Map([
    ['0.weight', { shape: [1, 1], values: new Float32Array([2]) }],
    ['0.bias', { shape: [1], values: new Float32Array([1]) }],
  ])`;
  setParameters(own, other(parameters));
  expect(own.parameters.map(({ values }) => values[0])).toEqual([2, 1]);
});

test('files', async () => {
  const values = model.parameters.map((parameter) => parameter.values);
  const read = [readModel(bytes(writeModel(model)), 'm'), readOnnx(bytes(writeOnnx(model)), 'm')];
  for (const { model } of read) expect(model.parameters.map((each) => each.values)).toEqual(values);
  expect([...readSafetensors(bytes(writeModel(model)), 'm').tensors.keys()]).toHaveLength(4);
  const array = writeNpy({ dtype: 'float32', shape: [2], data: floats(1, 2) });
  expect(readNpy(bytes(array), 'a').data).toEqual(Float32Array.of(1, 2));
  const table = await openTable(bytes(new TextEncoder().encode('a,b\n1,2\n')), { name: 't' });
  expect(table.columns).toEqual(['a', 'b']);
});

test('kernels as bytes', async () => {
  const wasm = await readFile(new URL('../build/simd.wasm', import.meta.url));
  for (const given of [bytes(wasm), bytes(wasm).buffer]) {
    const own = await createEngine({ wasm: given, threads: 1 });
    expect(predict(own, model, [1, 2])).toHaveLength(2);
    own.dispose();
  }
});
