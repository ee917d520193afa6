/**
 * The convolutional networks that peers share, as networks.json describes them: their initial weights, their
 * batches, and what they compute, in terms of a peer's own functions. Twin of networks.py.
 *
 * Images are [height, width, channels], weights [height, width, in, out] and [in, out]; for libraries whose
 * channels come first, `channelsFirst` turns both.
 */
import { readFileSync } from 'node:fs';
import { BATCH, loadRows, toBatches, uniform, uniformMatrix } from './workload.mjs';

const networks = JSON.parse(readFileSync(new URL('networks.json', import.meta.url), 'utf8'));

/** Rows that rounds go through again and again: fifty batches. */
const ROWS = 3200;

/**
 * The network of this name: `{ name, image, learningRate, layers, parameters }`. A parameter is `{ shape,
 * weights, bias }`, and for the first dense layer after convolutions `flattened`, the image whose values are
 * its inputs.
 */
export function networkOf(name) {
  if (!networks[name]) {
    throw new Error(`no such network: '${name}', expected ${Object.keys(networks).join(', ')}`);
  }
  const network = networks[name];
  const parameters = [];
  const add = (shape, more) => {
    const outputs = shape[shape.length - 1];
    const area = shape.length === 4 ? shape[0] * shape[1] : 1;
    const [length, fans] = [shape.reduce((a, b) => a * b), area * (shape[shape.length - 2] + outputs)];
    const i = parameters.length;
    const weights = uniformMatrix(100 + i, length, Math.sqrt(6 / fans));
    // Not 0: what precedes a relu must not be 0 wherever an image is, where libraries differ in the
    // derivative.
    parameters.push({ shape, weights, bias: uniformMatrix(200 + i, outputs, 0.1), ...more });
  };
  const ops = {
    conv([height, width, channels], { conv, size, padding, stride = 1 }) {
      add([size, size, channels, conv]);
      const out = (length) => Math.floor((length + 2 * padding - size) / stride) + 1;
      return [out(height), out(width), conv];
    },
    relu: (x) => x,
    add: (x) => x,
    maxPool: ([height, width, channels], size) => [
      Math.floor(height / size),
      Math.floor(width / size),
      channels,
    ],
    mean: ([, , channels]) => [channels],
    flatten: (image) => Object.assign([image.reduce((a, b) => a * b)], { flattened: image }),
    dense(inputs, units) {
      add([inputs[0], units], inputs.flattened && { flattened: inputs.flattened });
      return [units];
    },
  };
  compute(network, ops, network.image);
  return { name, ...network, parameters };
}

/**
 * What the network computes of `x`, by the functions of `ops`: conv(x, layer), relu(x), maxPool(x, size),
 * add(x, y), mean(x) over height and width, flatten(x), dense(x, units). Layers that have parameters are met
 * in the order of `parameters`; relu follows each of them but the last and the second of a block, where it
 * follows the sum.
 */
export function compute({ layers }, ops, x) {
  const last = layers[layers.length - 1];
  let value = x;
  for (const layer of layers) {
    if (layer.conv) value = ops.relu(ops.conv(value, layer));
    else if (layer.maxPool) value = ops.maxPool(value, layer.maxPool);
    else if (layer.block) {
      const conv = { conv: layer.block, size: 3, padding: 1 };
      value = ops.relu(ops.add(ops.conv(ops.relu(ops.conv(value, conv)), conv), value));
    } else if (layer.mean) value = ops.mean(value);
    else if (layer.flatten) value = ops.flatten(value);
    else {
      value = ops.dense(value, layer.dense);
      if (layer !== last) value = ops.relu(value);
    }
  }
  return value;
}

/** Weights as [out, in, height, width]; those behind a flatten as if the channels had come first there. */
export function channelsFirst(parameters) {
  return parameters.map(({ shape, weights, bias, flattened }) => {
    if (shape.length === 4) {
      const [height, width, inputs, outputs] = shape;
      const turned = turn(weights, height * width, inputs, outputs);
      return { shape: [outputs, inputs, height, width], weights: turned, bias };
    }
    if (!flattened) return { shape, weights, bias };
    const [height, width, channels] = flattened;
    const [, units] = shape;
    const turned = new Float32Array(weights.length);
    for (let place = 0; place < height * width; place++) {
      for (let c = 0; c < channels; c++) {
        const from = (place * channels + c) * units;
        turned.set(weights.subarray(from, from + units), (c * height * width + place) * units);
      }
    }
    return { shape, weights: turned, bias };
  });
}

/** [rows, height, width, channels] as [rows, channels, height, width]. */
export function imagesChannelsFirst(x, [height, width, channels]) {
  const out = new Float32Array(x.length);
  const area = height * width;
  for (let row = 0; row < x.length; row += area * channels) {
    for (let place = 0; place < area; place++) {
      for (let c = 0; c < channels; c++) out[row + c * area + place] = x[row + place * channels + c];
    }
  }
  return out;
}

/** `{ size, x, y, oneHot }` each, of so many rows. */
export function networkBatches(network, { data, rows = ROWS }, batch = BATCH) {
  const { x, y } = loadRows({ data, rows });
  const width = network.image.reduce((a, b) => a * b);
  return toBatches({ x: network.image[2] === 3 ? coloured(x, y.length) : x, y }, batch, width);
}

/** MNIST's digits in the middle of 32 by 32 pixels, of one colour each, on a ground of one colour each. */
function coloured(x, rows) {
  const out = new Float32Array(rows * 32 * 32 * 3);
  for (let row = 0; row < rows; row++) {
    for (let channel = 0; channel < 3; channel++) {
      const [ink, ground] = [uniform(6, row * 6 + channel), uniform(6, row * 6 + 3 + channel)];
      for (let place = 0; place < 32 * 32; place++) {
        const [top, left] = [Math.floor(place / 32) - 2, (place % 32) - 2];
        const inside = top >= 0 && top < 28 && left >= 0 && left < 28;
        const pixel = inside ? x[row * 784 + top * 28 + left] : 0;
        out[(row * 32 * 32 + place) * 3 + channel] = pixel * ink + (1 - pixel) * ground;
      }
    }
  }
  return out;
}

/** [in][out] with an inner size before them, [inner, in, out] as [out, in, inner]. */
function turn(values, inner, inputs, outputs) {
  const turned = new Float32Array(values.length);
  for (let k = 0; k < inner; k++) {
    for (let i = 0; i < inputs; i++) {
      for (let o = 0; o < outputs; o++) {
        turned[(o * inputs + i) * inner + k] = values[(k * inputs + i) * outputs + o];
      }
    }
  }
  return turned;
}
