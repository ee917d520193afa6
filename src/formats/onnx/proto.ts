/**
 * The messages of ONNX that models need, and their bytes; `decode.ts` reads them. What the graph means is for
 * `write.ts` and `read.ts`.
 *
 * Field numbers and codes: onnx.proto3 of ONNX 1.15 (IR version 9),
 * https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3
 */
import { fromHostOrder } from '../bytes.js';
import { ProtoWriter } from '../protobuf.js';

/** The name by which our own files are told from others'. */
export const PRODUCER = 'lanegrad';

/** Operators that are not ONNX's own: LabelEncoder is of these. */
export const ML_DOMAIN = 'ai.onnx.ml';
/** The version of them that is written: the first whose LabelEncoder maps texts to numbers, of ONNX 1.8. */
export const ML_OPSET = 2;

/** TensorProto.DataType, those that are read or written. */
export const dataTypes = {
  float: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  string: 8,
  bool: 9,
  float16: 10,
  double: 11,
  uint32: 12,
  uint64: 13,
  bfloat16: 16,
} as const;

/** AttributeProto.AttributeType. */
export const attributeTypes = {
  ...{ float: 1, int: 2, string: 3, tensor: 4 },
  ...{ floats: 6, ints: 7, strings: 8 },
} as const;

export interface OnnxTensor {
  readonly name: string;
  readonly dims: readonly number[];
  readonly dataType: number;
  /** Elements, little-endian; absent when they stand in one of the lists. */
  readonly raw?: Uint8Array;
  readonly floats?: Float32Array;
  readonly doubles?: Float64Array;
  readonly ints?: readonly number[];
  readonly strings?: readonly string[];
  /** Where the elements are, when they stand in a file of their own that was not given. */
  readonly external?: ExternalData;
}

/** A stretch of a file beside the model. */
export interface ExternalData {
  /** A path from the model's folder, with slashes, that does not leave it. */
  readonly location: string;
  /** Bytes, from the start of the file. */
  readonly offset: number;
  /** Bytes; by default as many as the tensor needs. */
  readonly length?: number;
}

export interface OnnxAttribute {
  readonly name: string;
  readonly float?: number;
  readonly int?: number;
  readonly string?: string;
  readonly floats?: readonly number[];
  readonly ints?: readonly number[];
  readonly strings?: readonly string[];
  readonly tensor?: OnnxTensor;
}

export interface OnnxNode {
  readonly name: string;
  readonly operator: string;
  /** Empty, or `ai.onnx`, for ONNX's own operators. */
  readonly domain?: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: readonly OnnxAttribute[];
}

/**
 * An input or output of the graph. A dimension is a length or the name of one; undefined where the file does
 * not say.
 */
export interface OnnxValue {
  readonly name: string;
  readonly elementType: number;
  readonly shape: readonly (number | string | undefined)[] | undefined;
}

export interface OnnxModel {
  readonly irVersion: number;
  readonly producer: string;
  readonly producerVersion: string;
  /** Version of each operator set, by domain. */
  readonly opsets: ReadonlyMap<string, number>;
  readonly metadata: ReadonlyMap<string, string>;
  readonly graphName: string;
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly OnnxTensor[];
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
}

export function floatTensor(name: string, dims: readonly number[], values: Float32Array): OnnxTensor {
  return { name, dims, dataType: dataTypes.float, raw: fromHostOrder(values, 4, 'little') };
}

export function intTensor(name: string, dims: readonly number[], values: readonly number[]): OnnxTensor {
  const data = BigInt64Array.from(values, BigInt);
  return { name, dims, dataType: dataTypes.int64, raw: fromHostOrder(data, 8, 'little') };
}

export function doubleTensor(name: string, dims: readonly number[], values: readonly number[]): OnnxTensor {
  return {
    name,
    dims,
    dataType: dataTypes.double,
    raw: fromHostOrder(Float64Array.from(values), 8, 'little'),
  };
}

export function encodeModel(model: OnnxModel): ProtoWriter {
  const graph = new ProtoWriter();
  for (const node of model.nodes) graph.message(1, encodeNode(node));
  graph.string(2, model.graphName);
  for (const tensor of model.initializers) graph.message(5, encodeTensor(tensor));
  for (const value of model.inputs) graph.message(11, encodeValue(value));
  for (const value of model.outputs) graph.message(12, encodeValue(value));

  const whole = new ProtoWriter().int(1, model.irVersion);
  whole.string(2, model.producer).string(3, model.producerVersion).message(7, graph);
  for (const [domain, version] of model.opsets) {
    whole.message(8, new ProtoWriter().string(1, domain).int(2, version));
  }
  for (const [key, value] of model.metadata) {
    whole.message(14, new ProtoWriter().string(1, key).string(2, value));
  }
  return whole;
}

/** Of two nodes, by which they are the same. */
export function encodeNode({ name, operator, domain, inputs, outputs, attributes }: OnnxNode): ProtoWriter {
  const node = new ProtoWriter();
  for (const input of inputs) node.string(1, input);
  for (const output of outputs) node.string(2, output);
  node.string(3, name).string(4, operator);
  for (const attribute of attributes) node.message(5, encodeAttribute(attribute));
  return domain ? node.string(7, domain) : node;
}

function encodeAttribute(given: OnnxAttribute): ProtoWriter {
  const { name, float, int, string, floats, ints, strings, tensor } = given;
  const attribute = new ProtoWriter().string(1, name);
  if (float !== undefined) return attribute.float(2, float).int(20, attributeTypes.float);
  if (int !== undefined) return attribute.int(3, int).int(20, attributeTypes.int);
  if (string !== undefined) return attribute.string(4, string).int(20, attributeTypes.string);
  if (tensor !== undefined) return attribute.message(5, encodeTensor(tensor)).int(20, attributeTypes.tensor);
  if (floats !== undefined) {
    for (const value of floats) attribute.float(7, value);
    return attribute.int(20, attributeTypes.floats);
  }
  if (strings !== undefined) {
    for (const value of strings) attribute.string(9, value);
    return attribute.int(20, attributeTypes.strings);
  }
  for (const value of ints ?? []) attribute.int(8, value);
  return attribute.int(20, attributeTypes.ints);
}

/** Likewise of tensors whose elements are raw. */
export function encodeTensor({ name, dims, dataType, raw }: OnnxTensor): ProtoWriter {
  const tensor = new ProtoWriter().ints(1, dims).int(2, dataType).string(8, name);
  return tensor.bytes(9, raw ?? new Uint8Array(0));
}

function encodeValue({ name, elementType, shape }: OnnxValue): ProtoWriter {
  const dims = new ProtoWriter();
  for (const dim of shape ?? []) {
    const own = new ProtoWriter();
    dims.message(1, typeof dim === 'number' ? own.int(1, dim) : own.string(2, dim ?? ''));
  }
  const type = new ProtoWriter().message(1, new ProtoWriter().int(1, elementType).message(2, dims));
  return new ProtoWriter().string(1, name).message(2, type);
}
