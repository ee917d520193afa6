/** Which operator set and IR version a file asks for: the lowest of its operators, and their forms in it. */
import { describe, expect, test } from 'vitest';
import { joinComposed } from '../../../src/formats/onnx/composed.js';
import { decodeModel } from '../../../src/formats/onnx/decode.js';
import { NodeIndex } from '../../../src/formats/onnx/node-index.js';
import { readOnnx } from '../../../src/formats/onnx/read.js';
import { writeOnnx } from '../../../src/formats/onnx/write.js';
import * as F from '../../../src/graph/functions.js';
import { input } from '../../../src/graph/leaves.js';
import { activation, activations } from '../../../src/nn/activations.js';
import { conv2d } from '../../../src/nn/conv.js';
import { dense } from '../../../src/nn/dense.js';
import { embedding } from '../../../src/nn/embedding.js';
import { zeros } from '../../../src/nn/initializers.js';
import { layer, parameter } from '../../../src/nn/layer.js';
import type { Network } from '../../../src/nn/model.js';
import { network } from '../../../src/nn/network.js';
import { batchNorm, layerNorm } from '../../../src/nn/normalization.js';
import { avgPool2d, maxPool2d, upsample } from '../../../src/nn/pool.js';
import { flatten } from '../../../src/nn/reshape.js';
import { sequential } from '../../../src/nn/sequential.js';
import { runNetwork } from './run-network.js';
import { runModel, worstDifference } from './runtime.js';
import { decodeFile, type EditableModel } from './schema.js';

const failing = (problem: string): never => {
  throw new Error(problem);
};

const decode = (bytes: Uint8Array) =>
  decodeFile(bytes) as unknown as EditableModel & { irVersion: number; graph: { node: { name: string }[] } };

function versions(model: Network): [opset: number, irVersion: number] {
  const { opsetImport, irVersion } = decode(writeOnnx(model));
  return [opsetImport[0].version, irVersion];
}

/** Means of dilated windows, whose operator came with set 19; and axes reduced, of both kinds. */
function dilated(): Network {
  const x = input([6, 5, 3]);
  const h = avgPool2d(2, { dilation: 2, stride: 1 })(conv2d(4, 3, { padding: 1 })(x));
  return network(x, F.concat([F.mean(h, { axis: 1 }), F.sum(h, { axis: 1 }), F.max(h, { axis: 1 })]), {
    seed: 1,
  });
}

describe('the lowest operator set', () => {
  test('of most models is 13', () => {
    const columns = [{ column: 2, cardinality: 4, width: 2 }];
    const rows = [
      dense(4, { activation: 'relu' }),
      batchNorm(),
      ...activations.map((name) => activation(name)),
    ];
    expect(versions(sequential(3, [embedding({ columns }), ...rows, dense(2)]))).toEqual([13, 7]);
    const images = [
      conv2d(3, 3),
      maxPool2d(2),
      upsample({ size: [5, 7] }),
      avgPool2d(2),
      flatten(),
      dense(2),
    ];
    expect(versions(sequential([8, 8, 3], images))).toEqual([13, 7]);
    const x = input([2, 3]);
    expect(versions(network(x, dense(2)(F.concat([F.mean(x, { axis: 1 }), F.sum(x, { axis: 1 })]))))).toEqual(
      [13, 7],
    );
  });

  test('of a norm of layers is 17, of means of dilated windows 19', () => {
    expect(versions(sequential(3, [dense(4), layerNorm()]))).toEqual([17, 8]);
    expect(versions(dilated())).toEqual([19, 9]);
  });

  test('decides where reductions have their axes', async () => {
    const inputsOf = (model: Network) =>
      Object.fromEntries(
        decode(writeOnnx(model))
          .graph.node.filter(({ opType }) => opType.startsWith('Reduce'))
          .map(({ opType, input: own, attribute = [] }) => [opType, [own.length, attribute.length]]),
      );
    const model = dilated();
    expect(inputsOf(model)).toEqual({ ReduceMean: [2, 1], ReduceSum: [2, 1], ReduceMax: [2, 1] });
    const x = input([2, 3]);
    const own = { axis: 1 };
    const older = network(x, dense(2)(F.concat([F.mean(x, own), F.sum(x, own), F.min(x, own)])));
    expect(inputsOf(older)).toEqual({ ReduceMean: [1, 2], ReduceSum: [2, 1], ReduceMin: [1, 2] });
    const numbers = Float32Array.from({ length: 2 * model.inputSize }, (_, i) => Math.sin(i));
    const { values } = await runNetwork(writeOnnx(model), model, [numbers], 2);
    expect(worstDifference(values[0], runModel(model, numbers))).toBeLessThan(2e-5);
  });
});

describe('GELU', () => {
  const model = () =>
    sequential(
      3,
      [dense(4, { activation: 'gelu' }), activation('geluTanh'), dense(2, { activation: 'geluTanh' })],
      {
        seed: 1,
      },
    );

  test('is operators of set 13, which are read as one', () => {
    const bytes = writeOnnx(model());
    const operators = decode(bytes).graph.node.map(({ opType }) => opType);
    expect(operators).not.toContain('Gelu');
    const back = readOnnx(bytes, 'gelu.onnx').model;
    const x = [0.5, -1, 2];
    expect(runModel(back, x)).toEqual(runModel(model(), x));
    expect(back.parameters.map(({ name }) => name)).toEqual(model().parameters.map(({ name }) => name));
  });

  test('of another function is none', () => {
    const x = input([2]);
    const half = (value: Parameters<typeof F.mul>[0]) => F.mul(value, 0.5);
    const almost = F.mul(F.mul(x, F.add(F.erf(F.div(x, 1.5)), 1)), 0.5);
    const shown = F.div(dense(2)(x), Math.SQRT2);
    const twice = F.add(half(F.mul(x, F.add(F.erf(shown), 1))), shown);
    for (const value of [almost, twice]) {
      const file = decodeModel(writeOnnx(network(x, dense(1)(value))), failing);
      const index = new NodeIndex(file, failing);
      joinComposed(index);
      expect(index.result()).toBe(file);
    }
  });
});

test('constants of our own give way to parameters of their names, and nodes are called by their layers', () => {
  const x = input([2]);
  const own = layer('input', (value) => F.add(dense(2)(value), parameter('scale', [2], zeros())));
  const outer = layer('block', (value) => F.tanh(dense(2)(value)));
  const model = network(x, F.mul(outer(x), own(x)));
  const metadata = { input: { scale: 0.5, offset: 1 } };
  const { graph } = decode(writeOnnx(model, { metadata, rawInputs: true }));
  const names = (graph.initializer ?? []).map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  for (const { name } of model.parameters) expect(names).toContain(name);
  expect(names).toContain('/input.scale');
  expect(graph.node.map(({ name }) => name)).toContain('/block/Tanh');
});
