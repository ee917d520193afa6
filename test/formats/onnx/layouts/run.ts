/** Rows for a layout's inputs, what ONNX Runtime makes of them, and what a model of ours does. */
import { InferenceSession, Tensor } from 'onnxruntime-web';
import { elementsOf } from '../../../../src/base/arrays.js';
import { createReferenceEngine } from '../../../../src/create/reference.js';
import { dataset } from '../../../../src/data/dataset.js';
import type { Dataset } from '../../../../src/data/set.js';
import type { OnnxImport } from '../../../../src/formats/onnx/read.js';
import { CompiledModel } from '../../../../src/nn/compile.js';
import type { Network, Port } from '../../../../src/nn/model.js';
import { reals, testNumbers } from '../../../kernels/harness.js';
import { channelsLast } from '../../../networks/numbers.js';
import { softmaxRows } from '../runtime.js';
import type { Layout, LayoutInput } from './layout.js';

export interface Numbers {
  readonly dims: readonly number[];
  readonly values: ArrayLike<number>;
}

/** Inputs in ±1, or whole numbers, for so many rows, in the file's order. */
export function drawInputs({ inputs }: Layout, rows: number, seed = 1): Map<string, Numbers> {
  return new Map(
    inputs.map(({ name, dims: own, below }, i) => {
      const next = testNumbers(101 * seed + i);
      const dims = own.map((length) => (length === 0 ? rows : length));
      const draw = () => (below === undefined ? Math.fround(2 * next() - 1) : Math.floor(below * next()));
      return [name, { dims, values: Float32Array.from({ length: elementsOf(dims) }, draw) }];
    }),
  );
}

/** All outputs of ONNX Runtime that are tensors of numbers. */
export async function runFile(
  bytes: Uint8Array,
  { inputs }: Pick<Layout, 'inputs'>,
  given: ReadonlyMap<string, Numbers>,
): Promise<Map<string, Numbers>> {
  const session = await InferenceSession.create(bytes, {
    graphOptimizationLevel: 'basic',
    logSeverityLevel: 4,
  });
  const feeds = inputs.map(({ name, type }) => [name, tensorOf(type, given.get(name)!)] as const);
  const results = await session.run(Object.fromEntries(feeds));
  await session.release();
  return new Map(
    Object.entries(results).flatMap(([name, { type, data, dims }]) =>
      type === 'float32' ? [[name, { dims, values: data as Float32Array }] as const] : [],
    ),
  );
}

function tensorOf(type: LayoutInput['type'], { dims, values }: Numbers): Tensor {
  if (type === 'int64') return new Tensor('int64', BigInt64Array.from(Array.from(values), BigInt), dims);
  if (type === 'int32') return new Tensor('int32', Int32Array.from(values), dims);
  return new Tensor('float32', Float32Array.from(values), dims);
}

/** Numbers of the file as a port of the model has them: images have their channels last. */
export function forPort(port: Port, { dims, values }: Numbers): ArrayLike<number> {
  const isTurned = dims.length === 4 && port.shape.length === 3 && port.shape.join() !== dims.slice(1).join();
  return isTurned ? channelsLast(values, dims) : values;
}

/** What the model gives by the reference engine in float64, behind the link that the file ends with. */
export function runImport(
  { model, softmax, sigmoid }: Pick<OnnxImport, 'model' | 'softmax' | 'sigmoid'>,
  inputs: ReadonlyMap<string, Numbers>,
): ArrayLike<number>[] {
  // Lists of layers have names of their own for both ends. A row may be all of the file's arrays.
  const given = (place: number) => inputs.get(model.inputs[place].name) ?? [...inputs.values()][place];
  const rows = given(0).values.length / elementsOf(model.inputs[0].shape);
  const engine = createReferenceEngine({ precision: 'float64' });
  const losses = model.outputs.map(({ name }) => [name, 'meanSquaredError'] as const);
  const loss = losses.length === 1 ? 'meanSquaredError' : Object.fromEntries(losses);
  const plan = new CompiledModel(engine, model, { maxRows: rows, loss }).plan(rows);
  for (const [i, port] of model.inputs.entries()) {
    plan.ports.inputs[i].values.write(forPort(port, given(i)));
    plan.ports.inputs[i].loaded();
  }
  plan.forward();
  const outputs = model.outputs.map(({ shape }, i) => {
    const values = Array.from(plan.ports.outputs[i].outputs.read());
    if (softmax) return softmaxRows(values, elementsOf(shape));
    return sigmoid ? values.map((own) => 1 / (1 + Math.exp(-own))) : values;
  });
  engine.dispose();
  return outputs;
}

/** Rows for a model that was read of a layout, by the names of its ports, and targets in ±1. */
export function trainingSet(layout: Layout, model: Network, rows: number): Dataset {
  const drawn = [...drawInputs(layout, layout.rows ?? rows, 7).entries()];
  const given = model.inputs.map((port, i) => {
    const [, numbers] = drawn.find(([name]) => name === port.name) ?? drawn[i];
    return [port.name, Float32Array.from(forPort(port, numbers))] as const;
  });
  const size = given[0][1].length / elementsOf(model.inputs[0].shape);
  const targets = model.outputs.map(({ name, shape }, i) => {
    const width = elementsOf(shape);
    return [name, { values: Float32Array.from(reals(size * width, 50 + i)), targetWidth: width }] as const;
  });
  return dataset({
    inputs: given.length === 1 ? given[0][1] : Object.fromEntries(given),
    ...(given.length === 1 && { width: elementsOf(model.inputs[0].shape) }),
    ...(targets.length === 1
      ? { targets: targets[0][1].values, targetWidth: targets[0][1].targetWidth }
      : { targets: Object.fromEntries(targets) }),
  });
}
