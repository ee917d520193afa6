/** Attention as exporters lay it out, where the batch is one axis with others, beside ONNX Runtime. */
import { InferenceSession, Tensor } from 'onnxruntime-web';
import { expect, test } from 'vitest';
import { readOnnx } from '../../../../src/formats/onnx/read.js';
import { gradcheck } from '../../../../src/train/gradcheck.js';
import { testNumbers } from '../../../kernels/harness.js';
import { runModel, worstDifference } from '../runtime.js';
import { int, ints, onnxFile, value } from '../schema.js';
import { ROWS, Writer } from './writer.js';

/** Writes nodes one after the other, by their inputs. */
function written(shape: readonly number[], write: (w: Writer) => string) {
  const w = new Writer(testNumbers(5));
  const output = write(w);
  const file = onnxFile({
    ...{ node: w.nodes, initializer: w.constants, input: [value('x', shape)], opset: 17 },
    output: [{ name: output, type: { tensorType: { elemType: 1 } } }],
  });
  return { file, output, shape };
}

async function difference({ file, output, shape }: ReturnType<typeof written>) {
  const next = testNumbers(6);
  const inputs = Float32Array.from({ length: shape.reduce((a, b) => a * b, ROWS) }, () => 2 * next() - 1);
  const session = await InferenceSession.create(file, { logSeverityLevel: 3 });
  const results = await session.run({ x: new Tensor('float32', inputs, [ROWS, ...shape]) });
  await session.release();
  const { model } = readOnnx(file, 'attention.onnx');
  const { parameters } = gradcheck(model, { loss: 'meanSquaredError', rows: 2 });
  expect(parameters.filter((own) => !own.passed).map(({ name }) => name)).toEqual([]);
  return worstDifference(runModel(model, inputs), results[output].data as Float32Array);
}

const reshape = (w: Writer, x: string, dims: readonly number[]) => w.add('Reshape', [x, w.list(dims)]);
const transpose = (w: Writer, x: string, perm: readonly number[]) =>
  w.add('Transpose', [x], [ints('perm', perm)]);
const small = (w: Writer, dims: readonly number[]) => w.constant(dims, -0.125);

/** softmax(q kᵀ + mask) v, of values whose last axes are places and features. */
function attend(w: Writer, [q, k, v]: readonly string[], rank: number, mask?: string): string {
  const order = [...Array(rank - 2).keys(), rank - 1, rank - 2];
  const scores = w.add('Mul', [w.add('MatMul', [q, transpose(w, k, order)]), w.constant([], 0.1)]);
  const masked = mask === undefined ? scores : w.add('Add', [scores, mask]);
  return w.add('MatMul', [w.add('Softmax', [masked], [int('axis', -1)]), v]);
}

test("PyTorch's, places first, with the heads beside the batch", async () => {
  const [S, E, H] = [5, 8, 2];
  const graph = written([S, E], (w) => {
    // [batch, S, E] to [S, batch, E]; heads are cut out of E, and stand with the batch.
    const x = transpose(w, 'x', [1, 0, 2]);
    const parts = [0, 1, 2].map(() => {
      const made = w.add('Add', [w.add('MatMul', [x, small(w, [E, E])]), small(w, [E])]);
      return transpose(w, reshape(w, made, [S, -1, E / H]), [1, 0, 2]);
    });
    const made = reshape(w, transpose(w, attend(w, parts, 3), [1, 0, 2]), [S, -1, E]);
    return transpose(w, w.add('MatMul', [made, small(w, [E, E])]), [1, 0, 2]);
  });
  expect(await difference(graph)).toBeLessThan(1e-5);
});

test('of one product for all three, with a mask that is made for the batch', async () => {
  const [S, E, H] = [4, 6, 2];
  const graph = written([S, E], (w) => {
    const packed = w.add('MatMul', ['x', small(w, [E, 3 * E])]);
    const five = transpose(w, reshape(w, packed, [0, S, 3, H, E / H]), [2, 0, 3, 1, 4]);
    const parts = [0, 1, 2].map((i) => w.add('Gather', [five, w.number(i)], [int('axis', 0)]));
    // Ones for each row and place, as BERT has them: (1 - mask) · -10000.
    const batch = w.add('Gather', [w.add('Shape', ['x']), w.list([0])], [int('axis', 0)]);
    const shape = w.add('Concat', [batch, w.list([S])], [int('axis', 0)]);
    const ones = w.add('Expand', [w.constant([], 1), shape]);
    const wide = w.add('Unsqueeze', [w.add('Unsqueeze', [ones, w.list([1])]), w.list([2])]);
    const mask = w.add('Mul', [w.add('Sub', [w.constant([], 1), wide]), w.constant([], -10)]);
    const made = transpose(w, attend(w, parts, 4, mask), [0, 2, 1, 3]);
    return w.add('MatMul', [reshape(w, made, [0, S, E]), small(w, [E, 3])]);
  });
  expect(await difference(graph)).toBeLessThan(1e-5);
});

test('in windows of an image, which stand with the batch', async () => {
  const [L, C, H] = [8, 8, 2];
  const graph = written([L, L, C], (w) => {
    const cut = transpose(w, reshape(w, 'x', [-1, 2, L / 2, 2, L / 2, C]), [0, 1, 3, 2, 4, 5]);
    const places = (L / 2) ** 2;
    const packed = w.add('MatMul', [reshape(w, cut, [-1, places, C]), small(w, [C, 3 * C])]);
    const five = transpose(w, reshape(w, packed, [-1, places, 3, H, C / H]), [2, 0, 3, 1, 4]);
    const parts = [0, 1, 2].map((i) => w.add('Gather', [five, w.number(i)], [int('axis', 0)]));
    const bias = small(w, [1, H, places, places]);
    const made = transpose(w, attend(w, parts, 4, bias), [0, 2, 1, 3]);
    const back = reshape(w, reshape(w, made, [-1, places, C]), [-1, 2, 2, L / 2, L / 2, C]);
    const image = reshape(w, transpose(w, back, [0, 1, 3, 2, 4, 5]), [-1, L, L, C]);
    return w.add('Add', [image, 'x']);
  });
  expect(await difference(graph)).toBeLessThan(1e-5);
});
