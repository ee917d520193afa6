/** Random graphs of everything that is read but strings, each beside ONNX Runtime, and their gradients. */
import { InferenceSession, Tensor } from 'onnxruntime-web';
import { describe, expect, test } from 'vitest';
import { FormatError } from '../../../../src/base/errors.js';
import { createEngine } from '../../../../src/create/engine.js';
import { decodeModel } from '../../../../src/formats/onnx/decode.js';
import { traceModel } from '../../../../src/formats/onnx/trace/model.js';
import { gradcheck } from '../../../../src/train/gradcheck.js';
import { predict } from '../../../../src/train/predict.js';
import { testNumbers } from '../../../kernels/harness.js';
import { channelsLast } from '../../../networks/numbers.js';
import { worstDifference } from '../runtime.js';
import { type Form, needsBatch, type RandomGraph, randomGraph, steps } from './random-graph.js';
import { ROWS } from './writer.js';

const engine = await createEngine({ backend: 'wasm', math: 'strict' });
const names = Object.keys(steps);
const { FC_SEED = '1' } = process.env;

function read({ file }: RandomGraph) {
  const fail = (problem: string): never => {
    throw new FormatError('random.onnx', problem);
  };
  return traceModel(decodeModel(file, fail), { shapes: new Map(), links: [], buffers: new Set() }, fail)
    .model;
}

/** Undefined where the runtime does not take the file, or numbers grow too large to compare. */
async function runtimeOutput({ file, shape }: RandomGraph, inputs: Float32Array) {
  try {
    const session = await InferenceSession.create(file, {
      logSeverityLevel: 4,
      graphOptimizationLevel: 'basic',
    });
    const { y } = await session.run({ x: new Tensor('float32', inputs, [ROWS, ...shape]) });
    await session.release();
    const values = y.data as Float32Array;
    return values.every((own) => Math.abs(own) < 1e6) ? { dims: y.dims, values } : undefined;
  } catch {
    return undefined;
  }
}

/** How far the network is from the runtime; undefined where that does not run it. */
async function difference(graph: RandomGraph, inputs: Float32Array): Promise<number | undefined> {
  const expected = await runtimeOutput(graph, inputs);
  if (!expected) return undefined;
  const { shape } = graph;
  const model = read(graph);
  const [own] = model.inputs;
  // Images have their channels last here.
  const isImages = own.shape.length === 3 && shape.length === 3 && own.shape.join() !== shape.join();
  const given = isImages && own.shape[2] === shape[0];
  const x = given ? Float32Array.from(channelsLast(inputs, [ROWS, ...shape])) : inputs;
  const made = predict(engine, model, x, { loss: 'meanSquaredError' });
  const worst = worstDifference(made, expected.values);
  if (worst < 1e-4 || expected.dims.length !== 4) return worst;
  return worstDifference(made, channelsLast(expected.values, expected.dims));
}

const forms: [form: Form, each: number][] = [
  ['open', 5],
  ['fixed', 1],
  ['none', 1],
];

let [compared, made] = [0, 0];

describe.each(forms)('a batch that is %s', (form, each) => {
  test.each(names.filter((name) => form !== 'none' || !needsBatch.includes(name)))('%s', async (name) => {
    const next = testNumbers(Number(FC_SEED) * 1000 + names.indexOf(name));
    for (let i = 0; i < each; i++) {
      const graph = randomGraph(next, name, { form });
      made++;
      const count = graph.shape.reduce((a, b) => a * b, ROWS);
      const inputs = Float32Array.from({ length: count }, () => Math.round(32 * next()) / 8 - 2);
      const worst = await difference(graph, inputs);
      if (worst === undefined) continue;
      expect(worst, `graph ${i} of ${graph.shape}: ${graph.operators.join(' ')}`).toBeLessThan(1e-4);
      compared++;
    }
  });
});

test('nearly all of them run in the runtime', () => {
  expect(compared).toBeGreaterThan(0.95 * made);
});

/** What they make has no gradient. */
const flat = ['argMax', 'embed', 'oneHot', 'quantize'];

test.each(names)('gradients through %s', (name) => {
  const next = testNumbers(Number(FC_SEED) * 2000 + names.indexOf(name));
  let largest = 0;
  for (let i = 0; i < 4; i++) {
    const graph = randomGraph(next, name, { offset: 'offset' });
    const { parameters } = gradcheck(read(graph), {
      loss: 'meanSquaredError',
      rows: 2,
      samples: 6,
      seed: i + 1,
    });
    const where = `graph ${i} of ${graph.shape}: ${graph.operators.join(' ')}`;
    expect(
      parameters.filter((own) => !own.passed).map((own) => [own.name, own.error]),
      where,
    ).toEqual([]);
    largest = Math.max(
      largest,
      ...parameters.filter((own) => own.name === 'offset').map((own) => own.largest),
    );
  }
  if (!flat.includes(name)) expect(largest).toBeGreaterThan(1e-6);
});
