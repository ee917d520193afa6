/** ONNX: what the reader accepts must compute what the file says, and what is written what the model does. */
import { CompiledModel, type Engine, type Network, readOnnx, writeOnnx } from '../../../src/index.js';
import { numbersFor, outputsOf } from '../../formats/graphs.js';
import { randomGraph } from '../../formats/onnx/random-graphs.js';
import { needsBatch, steps, randomGraph as tracedGraph } from '../../formats/onnx/trace/random-graph.js';
import { bytesOf, elementsOf, proto } from '../encode.js';
import { hostileGraph } from '../hostile-graphs.js';
import { mutateBytes } from '../mutate.js';
import type { Random } from '../random.js';
import { expectThat, must, type Target, type World } from '../target.js';
import { allFiniteIn } from './functions.js';
import { run, someModel } from './models.js';

/** A chain of ONNX operators with weights of its own, and what it computes of one row. */
function onnxChain(r: Random): { file: Uint8Array; input: Float32Array; output: number[]; nodes: string } {
  const width = r.between(1, 3);
  const input = r.floats(width);
  let row = [...input];
  let last = 'x';
  const nodes: [number, ReturnType<typeof proto>][] = [];
  const weights: [number, ReturnType<typeof proto>][] = [];
  const kinds: string[] = [];
  const constant = (dims: number[], values: number[]): string => {
    const name = `w${weights.length}`;
    weights.push([
      5,
      proto([
        ...dims.map((dim) => [1, dim] as const),
        [2, 1],
        [8, name],
        [9, bytesOf(Float32Array.from(values))],
      ]),
    ]);
    return name;
  };
  const node = (kind: string, inputs: string[], compute: (row: number[]) => number[]): void => {
    const output = `t${nodes.length}`;
    nodes.push([1, proto([...inputs.map((name) => [1, name] as const), [2, output], [4, kind]])]);
    row = compute(row);
    last = output;
    kinds.push(kind);
  };
  const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
  const unary: Record<string, (x: number) => number> = {
    Relu: (x) => Math.max(0, x),
    Tanh: Math.tanh,
    Sigmoid: sigmoid,
  };
  for (let count = r.between(1, 5); count > 0; count--) {
    const kind = r.pick([
      'MatMul',
      'MatMul',
      'Add',
      'Relu',
      'Tanh',
      'Sigmoid',
      'Softmax',
      'Identity',
      'Gemm',
    ]);
    if (kind === 'MatMul' || kind === 'Gemm') {
      const [inside, outside] = [row.length, r.between(1, 3)];
      const w = [...r.floats(inside * outside)];
      const b = kind === 'Gemm' ? [...r.floats(outside)] : new Array<number>(outside).fill(0);
      const inputs = [last, constant([inside, outside], w)];
      if (kind === 'Gemm') inputs.push(constant([outside], b));
      node(kind, inputs, (x) =>
        b.map((bias, j) => x.reduce((sum, value, i) => sum + value * w[i * outside + j], bias)),
      );
    } else if (kind === 'Add') {
      const b = [...r.floats(row.length)];
      node(kind, r.chance(0.5) ? [last, constant([b.length], b)] : [constant([b.length], b), last], (x) =>
        x.map((value, i) => value + b[i]),
      );
    } else if (kind === 'Softmax') {
      node(kind, [last], (x) => {
        const powers = x.map((value) => Math.exp(value - Math.max(...x)));
        return powers.map((power) => power / powers.reduce((a, b) => a + b));
      });
    } else if (kind === 'Identity') node(kind, [last], (x) => x);
    else node(kind, [last], (x) => x.map(unary[kind]));
  }
  const value = (name: string, size: number) =>
    proto([
      [1, name],
      [
        2,
        [
          [
            1,
            [
              [1, 1],
              [
                2,
                [
                  [1, [[2, 'N']]],
                  [1, [[1, size]]],
                ],
              ],
            ],
          ],
        ],
      ],
    ]);
  const graph = proto([
    ...nodes,
    [2, 'g'],
    ...weights,
    [11, value('x', width)],
    [12, value(last, row.length)],
  ]);
  return {
    file: proto([
      [1, 8],
      [7, graph],
      [
        8,
        [
          [1, ''],
          [2, 17],
        ],
      ],
    ]),
    input,
    output: row,
    nodes: kinds.join(' '),
  };
}

export const onnxTarget: Target = {
  name: 'readOnnx',
  weight: 10,
  async run(r, world) {
    if (r.chance(0.4)) {
      const { file, input, output, nodes } = onnxChain(r);
      checkChain(world, readOnnx(file, 'f'), input, output, nodes);
      return;
    }
    const model = (r.chance(0.3) && randomGraph(r.below(2 ** 20))) || someModel(r);
    const file = r.chance(0.3) ? onnxChain(r).file : writeOnnx(model);
    const { model: read } = readOnnx(mutateBytes(r, file), 'f');
    allFiniteIn(read);
    run(world, read);
  },
};

/** A file of any kind that is read: a chain, a network, or a graph of traced operators. */
export function anyOnnx(r: Random): Uint8Array {
  return r.pick([
    () => onnxChain(r).file,
    () => writeOnnx((r.chance(0.5) && randomGraph(r.below(2 ** 20))) || someModel(r)),
    () => tracedFile(r),
  ])();
}

function tracedFile(r: Random): Uint8Array {
  const form = r.pick(['open', 'fixed', 'none'] as const);
  const own = form === 'none' ? names.filter((name) => !needsBatch.includes(name)) : names;
  return tracedGraph(() => r.next(), r.pick(own), { form, offset: 'offset' }).file;
}

/** Graphs of all operators that are read, changed: what is accepted runs, and comes back from a file. */
export const onnxGraphTarget: Target = {
  name: 'readOnnx of any graph',
  weight: 6,
  async run(r, world) {
    const { model } = readOnnx(hostileGraph(r, tracedFile(r)), 'f');
    allFiniteIn(model);
    const size = [...model.inputs, ...model.outputs].reduce((sum, { shape }) => sum + elementsOf(shape), 0);
    if (size > 1e5 || model.parameterCount > 1e6) return;
    const outputs = outputsOf(model, numbersFor(model, 2), 2, world.reference);
    for (const [i, { shape }] of model.outputs.entries())
      expectThat(outputs[i].length === 2 * elementsOf(shape), () => 'outputs of another number');
    const written = writeOnnx(model);
    await must('its own file', () => readOnnx(written, 'g'));
  },
};

const names = Object.keys(steps);

export const onnxWriteTarget: Target = {
  name: 'writeOnnx, and back',
  weight: 2,
  async run(r, { reference }) {
    const model = r.chance(0.3) ? someModel(r) : randomGraph(r.below(2 ** 20));
    if (!model) return;
    const file = await must('a model', () => writeOnnx(model));
    const { model: read } = readOnnx(file, 'f');
    checkOutputs(model, read, reference);
  },
};

/** What was written must compute what the model does. */
export function checkOutputs(model: Network, read: Network, reference: Engine): void {
  const numbers = numbersFor(model, 2);
  const [expected, given] = [model, read].map((own) =>
    outputsOf(own, numbers, 2, reference).map((values) => Array.from(values)),
  );
  // What is NaN or infinite on both sides is the same.
  const isClose = (a: number, b: number) => Object.is(a, b) || Math.abs(a - b) <= 1e-4 * (1 + Math.abs(b));
  for (const [i, { shape }] of model.outputs.entries()) {
    // Images come back with their channels last, whether they were images to the model or not.
    const isImage = [...model.inputs, { shape }].some((port) => port.shape.length === 3);
    expectThat(
      isImage || expected[i].every((value, j) => isClose(given[i][j], value)),
      () => `written ${expected[i]}, read as ${given[i]}`,
    );
  }
}

/**
 * A softmax or sigmoid at the end may have been taken for the link of the loss: then the outputs are its
 * logits.
 */
function checkChain(
  world: World,
  { model, metadata }: ReturnType<typeof readOnnx>,
  input: Float32Array,
  output: readonly number[],
  nodes: string,
): void {
  const compiled = new CompiledModel(world.reference, model, { maxRows: 1 });
  try {
    const plan = compiled.plan(1);
    // What the graph does to its inputs at once is told, and left to who makes them.
    const { scale = 1, offset = 0 } = metadata.input ?? {};
    plan.inputs.write(input.map((value) => value * scale + offset));
    plan.loaded();
    plan.forward();
    let given = [...(plan.outputs.read() as Float32Array)];
    const close = (a: readonly number[]) =>
      a.length === output.length &&
      a.every((value, i) => Math.abs(value - output[i]) <= 1e-4 * (1 + Math.abs(output[i])));
    if (!close(given) && nodes.replace(/( Identity)+$/, '').endsWith('Softmax')) {
      const powers = given.map((value) => Math.exp(value - Math.max(...given)));
      given = powers.map((power) => power / powers.reduce((a, b) => a + b));
    } else if (!close(given) && nodes.replace(/( Identity)+$/, '').endsWith('Sigmoid')) {
      given = given.map((value) => 1 / (1 + Math.exp(-value)));
    }
    expectThat(close(given), () => `${nodes} gives ${output}, read as ${given}`);
  } finally {
    compiled.dispose();
  }
}
