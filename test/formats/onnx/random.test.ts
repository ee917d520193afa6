/** Random graphs, most of them no chain of layers: each is refused, or read as what ONNX Runtime computes. */
import { InferenceSession, Tensor } from 'onnxruntime-web';
import { expect, test } from 'vitest';
import { FormatError } from '../../../src/base/errors.js';
import { readOnnx } from '../../../src/formats/onnx/read.js';
import { testNumbers } from '../../kernels/harness.js';
import { runModel, softmaxRows, worstDifference } from './runtime.js';
import { float, floats, int, node, onnxFile, raw, value } from './schema.js';

const GRAPHS = 600;
const ROWS = 2;

/**
 * A graph from x [batch, …shape] to y: a few operators in a row, their constants mostly of shapes that fit.
 */
function randomGraph(next: () => number) {
  const below = (n: number) => Math.floor(next() * n);
  const pick = <T>(list: readonly T[]): T => list[below(list.length)];
  const some = <T>(share: number, ...list: T[]): T[] => (next() < share ? list : []);
  const shape = pick([[4], [4], [4], [1, 4], [2, 2], [4, 1]]);
  const opset = pick([9, 11, 12, 13, 14, 17, 20]);
  const nodes: ReturnType<typeof node>[] = [];
  const initializer: object[] = [];
  let [current, count, width] = ['x', 0, 4];
  const name = (stem: string) => `${stem}${count++}`;
  const constant = (dims: number[], least = -2) => {
    const own = name('c');
    const size = dims.reduce((product, length) => product * length, 1);
    initializer.push(
      floats(
        own,
        dims,
        Array.from({ length: size }, () => least + below(16) / 4),
      ),
    );
    return own;
  };
  const ints = (type: number, data: BigInt64Array | Uint8Array, dims: number[]) => {
    const own = name('c');
    initializer.push(raw(own, dims, type, data));
    return own;
  };
  const add = (operator: string, constants: string[] = [], attributes: object[] = [], first = false) => {
    const output = name('v');
    nodes.push(node(operator, first ? [...constants, current] : [current, ...constants], output, attributes));
    current = output;
  };
  const features = (least?: number) => constant(pick([[width], [width], [1, width], [1]]), least);
  const operators: (() => void)[] = [
    () => {
      const columns = 1 + below(4);
      add('MatMul', [
        constant(
          pick([
            [width, columns],
            [width, columns],
            [columns, width],
          ]),
        ),
      ]);
      width = columns;
    },
    () => {
      const columns = 1 + below(4);
      const turned = next() < 0.5;
      const weight = constant(turned ? [columns, width] : [width, columns]);
      const bias = some(0.7, pick([[columns], [1], [], [1, columns], [1, 1]])).map((dims) => constant(dims));
      const factors = [...some(0.3, float('alpha', 0.5)), ...some(0.3, float('beta', -2))];
      add('Gemm', [weight, ...bias], [...some(turned ? 1 : 0, int('transB', 1)), ...factors]);
      width = columns;
    },
    () => add('Add', [constant(pick([[width], [width], [1, width], [1, 1, width], []]))], [], next() < 0.3),
    () => add(pick(['Mul', 'Sub', 'Div']), [constant(pick([[], [1], [1, 1], [1, 1, 1]]), 0.5)]),
    () => add(pick(['Relu', 'Tanh', 'Sigmoid', 'Softplus', 'Identity'])),
    () => add('LeakyRelu', [], some(0.5, float('alpha', 0.3))),
    () => add('Softmax', [], some(0.5, int('axis', pick([1, -1, 0, -2, 2])))),
    () => add('Dropout', some(opset < 12 ? 0 : 0.5, '', ints(9, Uint8Array.of(0), []))),
    () =>
      add(
        'BatchNormalization',
        [0.5, -2, -2, 0.5].map((least) => constant([width], least)),
      ),
    () =>
      add(
        'LayerNormalization',
        [features(0.5), ...some(0.5, features())],
        [float('epsilon', 0.1), ...some(0.4, int('axis', pick([1, -1, 0, -2])))],
      ),
    () => add('Flatten', [], some(0.5, int('axis', pick([1, -1, -2, 0, 2])))),
    () => {
      const lengths = pick([
        [-1, width],
        [0, -1],
        [0, width],
        [-1, 2],
        [0, 1, -1],
      ]);
      add('Reshape', [ints(7, BigInt64Array.from(lengths, BigInt), [lengths.length])]);
    },
    () => {
      const gate = name('v');
      nodes.push(node('Sigmoid', [current], gate));
      add('Mul', [gate], [], next() < 0.5);
    },
  ];
  if (next() < 0.25) operators[3]();
  if (shape.length > 1 && next() < 0.5) add('Flatten');
  for (let i = 1 + below(5); i > 0; i--) pick(operators)();
  nodes.push(node('Identity', [current], 'y'));
  // What the output's shape is, the runtime finds out.
  const output = [{ name: 'y', type: { tensorType: { elemType: 1 } } }];
  const file = onnxFile({ node: nodes, initializer, input: [value('x', shape)], output, opset });
  return { file, shape, operators: nodes.map(({ opType }) => opType).join(' ') };
}

/** Undefined where the runtime does not take the file either. */
async function runtimeOutput(file: Uint8Array, inputs: Float32Array, shape: number[]) {
  try {
    const session = await InferenceSession.create(file, { logSeverityLevel: 4 });
    const { y } = await session.run({ x: new Tensor('float32', inputs, [ROWS, ...shape]) });
    await session.release();
    return y.data as Float32Array;
  } catch {
    return undefined;
  }
}

test('a graph is refused, or read as what it computes', async () => {
  const next = testNumbers(14);
  let compared = 0;
  let refused = 0;
  for (let i = 0; i < GRAPHS; i++) {
    const { file, shape, operators } = randomGraph(next);
    let read: ReturnType<typeof readOnnx>;
    try {
      read = readOnnx(file, 'random.onnx');
    } catch (error) {
      expect(error).toBeInstanceOf(FormatError);
      refused++;
      continue;
    }
    const inputs = Float32Array.from({ length: 4 * ROWS }, () => Math.round(8 * next()) / 2 - 2);
    const expected = await runtimeOutput(file, inputs, shape);
    if (!expected) continue;
    const { scale, offset } = read.metadata.input ?? { scale: 1, offset: 0 };
    const outputs = runModel(
      read.model,
      inputs.map((x) => x * scale + offset),
    );
    const got = read.softmax
      ? softmaxRows(outputs, read.model.outputSize)
      : outputs.map((x) => (read.sigmoid ? 1 / (1 + Math.exp(-x)) : x));
    expect(worstDifference(got, expected), `graph ${i}: ${operators}`).toBeLessThan(1e-4);
    compared++;
  }
  // Both happen, or this would test nothing.
  expect(compared).toBeGreaterThan(GRAPHS / 10);
  expect(refused).toBeGreaterThan(GRAPHS / 4);
}, 120_000);
