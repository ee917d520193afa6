/** Networks of images as ONNX: that ONNX Runtime computes what lanegrad does, of images with channels first. */
import { InferenceSession, Tensor } from 'onnxruntime-web';
import { describe, expect, test } from 'vitest';
import { writeOnnx } from '../../../src/formats/onnx/write.js';
import { dense } from '../../../src/nn/dense.js';
import type { Network } from '../../../src/nn/model.js';
import { avgPool2d, globalAvgPool } from '../../../src/nn/pool.js';
import { sequential } from '../../../src/nn/sequential.js';
import { reals } from '../../kernels/harness.js';
import { conv, imageModels } from './image-models.js';
import { filled } from './models.js';
import { runModel, softmaxRows, worstDifference } from './runtime.js';
import { decodeFile } from './schema.js';

const BOUND = 2e-5;

interface FileNode {
  readonly opType: string;
}

async function run(bytes: Uint8Array, model: Network, rows: number) {
  const session = await InferenceSession.create(bytes, {
    graphOptimizationLevel: 'basic',
    logSeverityLevel: 3,
  });
  const layout = layoutOf(bytes);
  const [{ name, shape }] = model.inputs;
  const numbers = Float32Array.from(reals(rows * model.inputSize, 9));
  const isFirst = layout[name] === 'NCHW';
  const [H, W, C] = shape;
  const dims = isFirst ? [rows, C, H, W] : [rows, ...shape];
  const given = isFirst ? turned(numbers, [rows, H, W, C], [0, 3, 1, 2]) : numbers;
  const [output] = session.outputNames;
  const results = await session.run({ [name]: new Tensor('float32', given, dims) });
  await session.release();
  const { data, dims: made } = results[output];
  const values = data as Float32Array;
  return {
    numbers,
    dims: [...made],
    values: layout[output] === 'NCHW' ? turned(values, made, [0, 2, 3, 1]) : values,
  };
}

function layoutOf(bytes: Uint8Array): Record<string, string> {
  const { metadataProps = [] } = decodeFile(bytes) as { metadataProps?: { key: string; value: string }[] };
  return JSON.parse(metadataProps.find(({ key }) => key === 'layout')?.value ?? '{}');
}

/** By the definition: axis i of the result is axis axes[i]. */
function turned(values: Float32Array, shape: readonly number[], axes: readonly number[]): Float32Array {
  const strides = shape.map((_, i) => shape.slice(i + 1).reduce((a, b) => a * b, 1));
  const lengths = axes.map((axis) => shape[axis]);
  return values.map((_, place) => {
    let [rest, from] = [place, 0];
    for (let i = 3; i >= 0; i--) {
      from += (rest % lengths[i]) * strides[axes[i]];
      rest = Math.floor(rest / lengths[i]);
    }
    return values[from];
  });
}

describe('ONNX Runtime computes what lanegrad does', () => {
  test.each(Object.keys(imageModels))('%s', async (name) => {
    const [make, transposes] = imageModels[name];
    const model = filled(make());
    const bytes = writeOnnx(model);
    for (const rows of [1, 3]) {
      const { numbers, values } = await run(bytes, model, rows);
      expect(worstDifference(values, runModel(model, numbers))).toBeLessThan(BOUND);
    }
    const { graph } = decodeFile(bytes) as { graph: { node: FileNode[] } };
    const count = graph.node.filter(({ opType }) => opType === 'Transpose').length;
    expect(count).toBe(transposes);
  });
});

test('pixels that are scaled inside, probabilities, and what the file says of its images', async () => {
  const model = filled(sequential([4, 5, 3], [conv(), globalAvgPool(), dense(3)], { seed: 1 }));
  const metadata = { input: { scale: 1 / 255, offset: -0.5 }, classNames: ['a', 'b', 'c'] };
  const bytes = writeOnnx(model, { metadata, rawInputs: true, softmax: true });
  const { numbers, values } = await run(bytes, model, 2);
  const scaled = numbers.map((value) => value / 255 - 0.5);
  expect(worstDifference(values, softmaxRows(runModel(model, scaled), 3))).toBeLessThan(BOUND);
  const file = decodeFile(bytes);
  expect(layoutOf(bytes)).toEqual({ input: 'NCHW' });
  const dim = (...lengths: number[]) => ({
    type: {
      tensorType: { shape: { dim: [{ dimParam: 'batch' }, ...lengths.map((dimValue) => ({ dimValue }))] } },
    },
  });
  expect(file).toMatchObject({
    graph: {
      input: [{ name: 'input', ...dim(3, 4, 5) }],
      output: [{ name: 'probabilities', ...dim(3) }],
      initializer: [
        { name: 'input.scale' },
        { name: 'input.offset' },
        { name: '0.weight', dims: [3, 3, 3, 3] },
        { name: '0.bias', dims: [3] },
        { name: '2.weight', dims: [3, 3] },
        { name: '2.bias', dims: [3] },
      ],
    },
  });
});

test('classes of each pixel, whose softmax is over the channels', async () => {
  const model = filled(sequential([4, 4, 2], [conv(3)], { seed: 1 }));
  const bytes = writeOnnx(model, { softmax: true });
  const { numbers, dims, values } = await run(bytes, model, 2);
  expect(dims).toEqual([2, 3, 4, 4]);
  expect(layoutOf(bytes)).toEqual({ input: 'NCHW', probabilities: 'NCHW' });
  expect(worstDifference(values, softmaxRows(runModel(model, numbers), 3))).toBeLessThan(BOUND);
});

test('means whose padding is as large as their window, dilated ones, and zeros that count', async () => {
  const layers = [
    avgPool2d(2, { dilation: 2, padding: 2 }),
    avgPool2d(2, { dilation: [1, 3], padding: [1, 2, 0, 3], stride: [2, 1], ceilMode: true }),
    avgPool2d(2, { dilation: 3, padding: 2, countIncludePad: true }),
    avgPool2d(3, { dilation: 4, padding: 4, stride: 3, ceilMode: true, countIncludePad: true }),
  ];
  for (const layer of layers) {
    const model = filled(sequential([5, 6, 3], [conv(2), layer], { seed: 1 }));
    const { numbers, values } = await run(writeOnnx(model), model, 2);
    expect(worstDifference(values, runModel(model, numbers))).toBeLessThan(BOUND);
  }
});
