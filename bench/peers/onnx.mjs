/**
 * The ONNX models that ONNX Runtime runs here, written as protocol buffers by hand: github.com/onnx/onnx,
 * onnx/onnx.proto. The smallest there is, C = A·B; and the convolutional networks.
 */
import { channelsFirst, compute } from './networks.mjs';

const FLOAT = 1;

/**
 * With `b`, B is a constant of the graph, which ONNX Runtime packs once when it loads the model; without, B
 * is an input.
 */
export function matmulModel(M, N, K, b) {
  const node = [text(1, 'A'), text(1, 'B'), text(2, 'C'), text(4, 'MatMul')];
  const inputs = [valueInfo(11, 'A', [M, K])];
  if (!b) inputs.push(valueInfo(11, 'B', [K, N]));
  const constants = b ? [initializer('B', [K, N], b)] : [];
  return model('product', [message(1, ...node), ...constants, ...inputs, valueInfo(12, 'C', [M, N])]);
}

/** A network of networks.mjs: images [rows, channels, height, width] to logits. */
export function networkModel(network, rows) {
  const [height, width, channels] = network.image;
  const parts = [];
  const parameters = channelsFirst(network.parameters);
  let [count, next] = [0, 0];
  const node = (type, inputs, attributes = {}) => {
    const output = `v${count++}`;
    const given = Object.entries(attributes).map(([name, value]) => attribute(name, value));
    parts.push(message(1, ...inputs.map((name) => text(1, name)), text(2, output), text(4, type), ...given));
    return output;
  };
  const taken = () => {
    const { shape, weights, bias } = parameters[next];
    const names = [`w${next}`, `b${next}`];
    parts.push(initializer(names[0], shape, weights), initializer(names[1], [bias.length], bias));
    next++;
    return names;
  };
  const logits = compute(
    network,
    {
      conv: (x, { size, padding, stride = 1 }) =>
        node('Conv', [x, ...taken()], {
          kernel_shape: [size, size],
          pads: [padding, padding, padding, padding],
          strides: [stride, stride],
        }),
      relu: (x) => node('Relu', [x]),
      maxPool: (x, size) => node('MaxPool', [x], { kernel_shape: [size, size], strides: [size, size] }),
      add: (x, y) => node('Add', [x, y]),
      mean: (x) => node('Flatten', [node('GlobalAveragePool', [x])]),
      flatten: (x) => node('Flatten', [x]),
      dense: (x) => node('Gemm', [x, ...taken()]),
    },
    'images',
  );
  const classes = parameters[parameters.length - 1].bias.length;
  return model(network.name, [
    ...parts,
    valueInfo(11, 'images', [rows, channels, height, width]),
    valueInfo(12, logits, [rows, classes]),
  ]);
}

function model(name, graph) {
  const irVersion = integer(1, 8);
  const opset = message(8, text(1, ''), integer(2, 13));
  return new Uint8Array(Buffer.concat([irVersion, message(7, text(2, name), ...graph), opset]));
}

function initializer(name, shape, values) {
  const raw = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const dimensions = shape.map((length) => integer(1, length));
  return message(5, ...dimensions, integer(2, FLOAT), text(8, name), bytes(9, raw));
}

/** A list of integers. */
function attribute(name, values) {
  const [INTS, field] = [7, 8];
  return message(5, text(1, name), ...values.map((value) => integer(field, value)), integer(20, INTS));
}

function valueInfo(field, name, shape) {
  const dimensions = shape.map((size) => message(1, integer(1, size)));
  const tensor = message(1, integer(1, FLOAT), message(2, ...dimensions));
  return message(field, text(1, name), message(2, tensor));
}

function varint(value) {
  const out = [];
  for (; value > 127; value = Math.floor(value / 128)) out.push((value % 128) + 128);
  return Buffer.from([...out, value]);
}

function integer(field, value) {
  return Buffer.concat([varint(field * 8), varint(value)]);
}

function bytes(field, data) {
  return Buffer.concat([varint(field * 8 + 2), varint(data.length), data]);
}

function text(field, value) {
  return bytes(field, Buffer.from(value));
}

function message(field, ...parts) {
  return bytes(field, Buffer.concat(parts));
}
