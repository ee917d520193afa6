/**
 * The smallest ONNX model there is, C = A·B, written as protocol buffers by hand: github.com/onnx/onnx,
 * onnx/onnx.proto.
 */

const FLOAT = 1;

/**
 * With `b`, B is a constant of the graph, which ONNX Runtime packs once when it loads the model; without, B
 * is an input.
 */
export function matmulModel(M, N, K, b) {
  const node = [text(1, 'A'), text(1, 'B'), text(2, 'C'), text(4, 'MatMul')];
  const inputs = [valueInfo(11, 'A', [M, K])];
  if (!b) inputs.push(valueInfo(11, 'B', [K, N]));
  const constants = b
    ? [
        message(
          5,
          integer(1, K),
          integer(1, N),
          integer(2, FLOAT),
          text(8, 'B'),
          bytes(9, new Uint8Array(b.buffer)),
        ),
      ]
    : [];
  const graph = [
    message(1, ...node),
    text(2, 'product'),
    ...constants,
    ...inputs,
    valueInfo(12, 'C', [M, N]),
  ];
  const irVersion = integer(1, 8);
  const opset = message(8, text(1, ''), integer(2, 13));
  return new Uint8Array(Buffer.concat([irVersion, message(7, ...graph), opset]));
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
