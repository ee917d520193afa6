/** ONNX Runtime as the judge of what is written, and lanegrad's own outputs to compare with. */
import { InferenceSession, Tensor } from 'onnxruntime-web';
import { createReferenceEngine } from '../../../src/create/reference.js';
import { CompiledModel } from '../../../src/nn/compile.js';
import type { Network } from '../../../src/nn/model.js';

/** Opens the file as ONNX Runtime reads it, runs it on rows of inputs, and returns its only output. */
export async function runOnnx(bytes: Uint8Array, inputs: Float32Array, width: number) {
  const session = await InferenceSession.create(bytes, {
    graphOptimizationLevel: 'basic',
    logSeverityLevel: 3,
  });
  const rows = inputs.length / width;
  const [name] = session.outputNames;
  const results = await session.run({
    [session.inputNames[0]]: new Tensor('float32', inputs, [rows, width]),
  });
  const { data, dims } = results[name];
  await session.release();
  return { name, dims: [...dims], values: data as Float32Array };
}

/** The model's outputs, before any softmax, by the reference engine in float64. */
export function runModel(model: Network, inputs: ArrayLike<number>): Float64Array {
  const engine = createReferenceEngine({ precision: 'float64' });
  const rows = inputs.length / model.inputSize;
  // Classes are of rows only; what a loss would make of the outputs does not matter here.
  const loss = model.outputs[0].shape.length > 1 ? { loss: 'meanSquaredError' as const } : {};
  const plan = new CompiledModel(engine, model, { maxRows: rows, ...loss }).plan(rows);
  plan.inputs.write(inputs);
  plan.loaded();
  plan.forward();
  return plan.outputs.read() as Float64Array;
}

export function softmaxRows(values: ArrayLike<number>, width: number): number[] {
  const all: number[] = [];
  for (let at = 0; at < values.length; at += width) {
    const row = Array.from({ length: width }, (_, i) => values[at + i]);
    const largest = Math.max(...row);
    const exps = row.map((value) => Math.exp(value - largest));
    const total = exps.reduce((sum, value) => sum + value, 0);
    all.push(...exps.map((value) => value / total));
  }
  return all;
}

/** The largest difference, of values below 1 absolute, of larger ones relative. */
export function worstDifference(got: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (got.length !== expected.length) throw new Error(`${got.length} values, expected ${expected.length}`);
  let worst = 0;
  for (let i = 0; i < got.length; i++) {
    const difference = Math.abs(got[i] - expected[i]) / Math.max(1, Math.abs(expected[i]));
    // NaN must not pass.
    if (!(difference <= worst)) worst = difference;
  }
  return worst;
}
