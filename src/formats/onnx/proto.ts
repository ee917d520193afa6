/**
 * The messages of ONNX that a sequential model needs, to bytes and back. It checks what the wire format and these messages
 * demand; what the graph means is for `write.ts` and `read.ts`.
 *
 * Field numbers and codes: onnx.proto3 of ONNX 1.15 (IR version 9), https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3
 */
import { show } from '../../errors.js';
import { fromHostOrder, toHostOrder, widenBf16, widenF16 } from '../bytes.js';
import {
  asBytes,
  asFloat,
  asInt,
  asInts,
  asString,
  type Fail,
  ProtoWriter,
  readFields,
} from '../protobuf.js';

/** The name by which our own files are told from others'. */
export const PRODUCER = 'lanegrad';

/** TensorProto.DataType, those that are read or written. */
export const dataTypes = {
  float: 1,
  int32: 6,
  int64: 7,
  string: 8,
  float16: 10,
  double: 11,
  bfloat16: 16,
} as const;

/** AttributeProto.AttributeType. */
const attributeTypes = { float: 1, int: 2, string: 3, floats: 6, ints: 7, strings: 8 } as const;

export interface OnnxTensor {
  readonly name: string;
  readonly dims: readonly number[];
  readonly dataType: number;
  /** Elements, little-endian; absent when they stand in one of the lists. */
  readonly raw?: Uint8Array;
  readonly floats?: Float32Array;
  readonly ints?: readonly number[];
  readonly external?: boolean;
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

/** An input or output of the graph. A dimension is a length or the name of one; undefined where the file does not say. */
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

function encodeNode({ name, operator, domain, inputs, outputs, attributes }: OnnxNode): ProtoWriter {
  const node = new ProtoWriter();
  for (const input of inputs) node.string(1, input);
  for (const output of outputs) node.string(2, output);
  node.string(3, name).string(4, operator);
  for (const attribute of attributes) node.message(5, encodeAttribute(attribute));
  return domain ? node.string(7, domain) : node;
}

function encodeAttribute({ name, float, int, string, floats, ints, strings }: OnnxAttribute): ProtoWriter {
  const attribute = new ProtoWriter().string(1, name);
  if (float !== undefined) return attribute.float(2, float).int(20, attributeTypes.float);
  if (int !== undefined) return attribute.int(3, int).int(20, attributeTypes.int);
  if (string !== undefined) return attribute.string(4, string).int(20, attributeTypes.string);
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

function encodeTensor({ name, dims, dataType, raw }: OnnxTensor): ProtoWriter {
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

/** Parses a whole file. Tensors' data are views of `bytes`. */
export function decodeModel(bytes: Uint8Array, fail: Fail): OnnxModel {
  // Where even the outermost message is broken, it is something else.
  const failOutside: Fail = (problem, cause) => fail(`not an ONNX model: ${problem}`, cause);
  let [irVersion, producer, producerVersion] = [0, '', ''];
  const opsets = new Map<string, number>();
  const metadata = new Map<string, string>();
  let graph: Uint8Array | undefined;
  for (const field of readFields(bytes, failOutside)) {
    if (field.number === 1) irVersion = asInt(field, failOutside);
    else if (field.number === 2) producer = asString(field, failOutside);
    else if (field.number === 3) producerVersion = asString(field, failOutside);
    else if (field.number === 7) graph = asBytes(field, failOutside);
    else if (field.number === 8) opsets.set(...decodeOpset(asBytes(field, failOutside), fail));
    else if (field.number === 14) metadata.set(...decodePair(asBytes(field, failOutside), fail));
  }
  if (!graph) failOutside('it has no graph');
  const nodes: OnnxNode[] = [];
  const initializers: OnnxTensor[] = [];
  const inputs: OnnxValue[] = [];
  const outputs: OnnxValue[] = [];
  let graphName = '';
  for (const field of readFields(graph, fail)) {
    if (field.number === 1) nodes.push(decodeNode(asBytes(field, fail), nodes.length, fail));
    else if (field.number === 2) graphName = asString(field, fail);
    else if (field.number === 5) initializers.push(decodeTensor(asBytes(field, fail), fail));
    else if (field.number === 11) inputs.push(decodeValue(asBytes(field, fail), fail));
    else if (field.number === 12) outputs.push(decodeValue(asBytes(field, fail), fail));
    else if (field.number === 15) fail('sparse initializers are not supported');
  }
  const head = { irVersion, producer, producerVersion, opsets, metadata, graphName };
  return { ...head, nodes, initializers, inputs, outputs };
}

function decodeOpset(bytes: Uint8Array, fail: Fail): [domain: string, version: number] {
  let [domain, version] = ['', 0];
  for (const field of readFields(bytes, fail)) {
    if (field.number === 1) domain = asString(field, fail);
    else if (field.number === 2) version = asInt(field, fail);
  }
  return [domain === 'ai.onnx' ? '' : domain, version];
}

function decodePair(bytes: Uint8Array, fail: Fail): [key: string, value: string] {
  let [key, value] = ['', ''];
  for (const field of readFields(bytes, fail)) {
    if (field.number === 1) key = asString(field, fail);
    else if (field.number === 2) value = asString(field, fail);
  }
  return [key, value];
}

function decodeNode(bytes: Uint8Array, index: number, fail: Fail): OnnxNode {
  let [name, operator, domain] = ['', '', ''];
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes: OnnxAttribute[] = [];
  const failHere: Fail = (problem, cause) => fail(`node ${show(name || index)}: ${problem}`, cause);
  for (const field of readFields(bytes, failHere)) {
    if (field.number === 1) inputs.push(asString(field, failHere));
    else if (field.number === 2) outputs.push(asString(field, failHere));
    else if (field.number === 3) name = asString(field, failHere);
    else if (field.number === 4) operator = asString(field, failHere);
    else if (field.number === 5) attributes.push(decodeAttribute(asBytes(field, failHere), failHere));
    else if (field.number === 7) domain = asString(field, failHere);
  }
  return {
    name: name || `${operator} ${index}`,
    operator,
    domain: domain === 'ai.onnx' ? '' : domain,
    inputs,
    outputs,
    attributes,
  };
}

function decodeAttribute(bytes: Uint8Array, fail: Fail): OnnxAttribute {
  let name = '';
  let type = 0;
  let value: Omit<OnnxAttribute, 'name'> = {};
  const ints: number[] = [];
  for (const field of readFields(bytes, fail)) {
    if (field.number === 1) name = asString(field, fail);
    else if (field.number === 2) value = { float: asFloat(field, fail) };
    else if (field.number === 3) value = { int: asInt(field, fail) };
    else if (field.number === 4) value = { string: asString(field, fail) };
    else if (field.number === 5) value = { tensor: decodeTensor(asBytes(field, fail), fail) };
    else if (field.number === 8) append(ints, asInts(field, fail));
    else if (field.number === 20) type = asInt(field, fail);
  }
  if (ints.length > 0) return { name, ints };
  // Writers of proto3 leave out a value that is zero or empty.
  const absent = Object.keys(value).length === 0;
  if (absent && type === attributeTypes.int) return { name, int: 0 };
  if (absent && type === attributeTypes.float) return { name, float: 0 };
  return { name, ...value };
}

function decodeTensor(bytes: Uint8Array, fail: Fail): OnnxTensor {
  let [name, dataType, external] = ['', 0, false];
  const dims: number[] = [];
  const lists: { raw?: Uint8Array; floats?: Float32Array } = {};
  const single: number[] = [];
  const ints: number[] = [];
  for (const field of readFields(bytes, fail)) {
    if (field.number === 1) append(dims, asInts(field, fail));
    else if (field.number === 2) dataType = asInt(field, fail);
    else if (field.number === 4) {
      if (field.wire === 5) single.push(asFloat(field, fail));
      else lists.floats = packedFloats(asBytes(field, fail), fail);
    } else if (field.number === 5 || field.number === 7) append(ints, asInts(field, fail));
    else if (field.number === 8) name = asString(field, fail);
    else if (field.number === 9) lists.raw = asBytes(field, fail);
    else if (field.number === 14) external = asInt(field, fail) === 1;
  }
  if (single.length > 0) lists.floats = Float32Array.from(single);
  return { name, dims, dataType, external, ...lists, ...(ints.length > 0 && { ints }) };
}

/** A call's arguments live on the stack, which a long list would overflow. */
function append(list: number[], values: readonly number[]): void {
  for (const value of values) list.push(value);
}

function packedFloats(bytes: Uint8Array, fail: Fail): Float32Array {
  if (bytes.length % 4 !== 0) fail(`expected floats of 4 bytes, given ${bytes.length}`);
  return new Float32Array(toHostOrder(bytes, 4, 'little'));
}

function decodeValue(bytes: Uint8Array, fail: Fail): OnnxValue {
  let name = '';
  let elementType = 0;
  let shape: (number | string | undefined)[] | undefined;
  for (const field of readFields(bytes, fail)) {
    if (field.number === 1) name = asString(field, fail);
    if (field.number !== 2) continue;
    for (const type of readFields(asBytes(field, fail), fail)) {
      if (type.number !== 1) continue;
      for (const part of readFields(asBytes(type, fail), fail)) {
        if (part.number === 1) elementType = asInt(part, fail);
        if (part.number === 2) shape = decodeShape(asBytes(part, fail), fail);
      }
    }
  }
  return { name, elementType, shape };
}

function decodeShape(bytes: Uint8Array, fail: Fail): (number | string | undefined)[] {
  const dims: (number | string | undefined)[] = [];
  for (const field of readFields(bytes, fail)) {
    if (field.number !== 1) continue;
    let dim: number | string | undefined;
    for (const part of readFields(asBytes(field, fail), fail)) {
      if (part.number === 1) dim = asInt(part, fail);
      if (part.number === 2) dim = asString(part, fail);
    }
    dims.push(dim);
  }
  return dims;
}

/** The elements of a tensor of floats, of any width, as float32. Fails when there are more or fewer than its shape says. */
export function floatValues(tensor: OnnxTensor, fail: Fail): Float32Array {
  const count = countOf(tensor, fail);
  const { dataType, raw, floats, ints } = tensor;
  let values: Float32Array;
  if (dataType === dataTypes.float) values = raw ? packedFloats(raw, fail) : (floats ?? new Float32Array(0));
  else if (dataType === dataTypes.double && raw)
    values = Float32Array.from(new Float64Array(elements(raw, 8, fail)));
  else if (dataType === dataTypes.float16 || dataType === dataTypes.bfloat16) {
    // The list holds 16 bits in each number.
    const bits = raw ? new Uint16Array(elements(raw, 2, fail)) : Uint16Array.from(ints ?? []);
    values = dataType === dataTypes.float16 ? widenF16(bits) : widenBf16(bits);
  } else return fail(`expected a tensor of floats, given one of type ${dataType}`);
  if (values.length !== count) {
    fail(`a tensor of shape [${tensor.dims.join(', ')}] needs ${count} values, given ${values.length}`);
  }
  return values;
}

/** The elements of a tensor of whole numbers. */
export function intValues(tensor: OnnxTensor, fail: Fail): number[] {
  const count = countOf(tensor, fail);
  const { dataType, raw, ints = [] } = tensor;
  let values: readonly number[];
  if (dataType === dataTypes.int64) {
    values = raw ? Array.from(new BigInt64Array(elements(raw, 8, fail)), Number) : ints;
  } else if (dataType === dataTypes.int32) {
    values = raw ? Array.from(new Int32Array(elements(raw, 4, fail))) : ints;
  } else return fail(`expected a tensor of whole numbers, given one of type ${dataType}`);
  if (values.length !== count) {
    fail(`a tensor of shape [${tensor.dims.join(', ')}] needs ${count} values, given ${values.length}`);
  }
  return [...values];
}

function countOf({ dims, external }: OnnxTensor, fail: Fail): number {
  if (external) fail('its data are in another file, which is not supported');
  if (dims.some((length) => length < 0)) fail(`a shape [${dims.join(', ')}] is not allowed`);
  const count = dims.reduce((product, length) => product * length, 1);
  return Number.isSafeInteger(count) ? count : fail(`the shape [${dims.join(', ')}] overflows`);
}

function elements(raw: Uint8Array, elementBytes: number, fail: Fail): ArrayBuffer {
  if (raw.length % elementBytes !== 0)
    fail(`expected elements of ${elementBytes} bytes, given ${raw.length} bytes`);
  return toHostOrder(raw, elementBytes, 'little');
}
