/**
 * The messages of ONNX from a file's bytes. It checks what the wire format and these messages demand, and
 * believes no length; what the graph means is for `read.ts`. Fields that models have no use for are
 * passed over.
 */
import { show } from '../../base/errors.js';
import { toHostOrder } from '../bytes.js';
import {
  asBytes,
  asDouble,
  asFloat,
  asInt,
  asInts,
  asString,
  type Fail,
  type FieldBudget,
  readFields,
} from '../protobuf.js';
import { foreignFormat } from '../recognise.js';
import {
  attributeTypes,
  type ExternalData,
  type OnnxAttribute,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
  type OnnxValue,
} from './proto.js';
import { bytesOf, MAX_RANK } from './values.js';

/**
 * Nodes, names, attributes and other fields in a file: each takes two bytes there, and many times that here.
 */
const MAX_FIELDS = 2 ** 20;

/** What all messages of a file are read with. */
interface Source {
  readonly fail: Fail;
  readonly budget: FieldBudget;
  /** Files beside the model, by the names that it calls them. */
  readonly files: ReadonlyMap<string, Uint8Array> | undefined;
}

/**
 * Parses a whole file. Tensors' data are views of `bytes`, or of the `files` beside it; without those they
 * stay where they are.
 */
export function decodeModel(
  bytes: Uint8Array,
  fail: Fail,
  files?: ReadonlyMap<string, Uint8Array>,
): OnnxModel {
  const from: Source = { fail, budget: { left: MAX_FIELDS }, files };
  // Where even the outermost message is broken, it is something else.
  const failOutside: Fail = (problem, cause) => fail(`not an ONNX model: ${problem}`, cause);
  const foreign = foreignFormat(bytes);
  if (foreign !== undefined) fail(`expected an ONNX model, given ${foreign}`);
  let [irVersion, producer, producerVersion] = [0, '', ''];
  const opsets = new Map<string, number>();
  const metadata = new Map<string, string>();
  let graph: Uint8Array | undefined;
  for (const field of readFields(bytes, failOutside, from.budget)) {
    if (field.number === 1) irVersion = asInt(field, failOutside);
    else if (field.number === 2) producer = asString(field, failOutside);
    else if (field.number === 3) producerVersion = asString(field, failOutside);
    else if (field.number === 7) graph = asBytes(field, failOutside);
    else if (field.number === 8) opsets.set(...decodeOpset(asBytes(field, failOutside), from));
    else if (field.number === 14) metadata.set(...decodePair(asBytes(field, failOutside), from));
  }
  if (!graph) failOutside('it has no graph');
  const nodes: OnnxNode[] = [];
  const initializers: OnnxTensor[] = [];
  const inputs: OnnxValue[] = [];
  const outputs: OnnxValue[] = [];
  let graphName = '';
  for (const field of readFields(graph, fail, from.budget)) {
    if (field.number === 1) nodes.push(decodeNode(asBytes(field, fail), nodes.length, from));
    else if (field.number === 2) graphName = asString(field, fail);
    else if (field.number === 5) initializers.push(decodeTensor(asBytes(field, fail), from));
    else if (field.number === 11) inputs.push(decodeValue(asBytes(field, fail), from));
    else if (field.number === 12) outputs.push(decodeValue(asBytes(field, fail), from));
    else if (field.number === 15) fail('sparse initializers are not supported');
  }
  const head = { irVersion, producer, producerVersion, opsets, metadata, graphName };
  return { ...head, nodes, initializers, inputs, outputs };
}

function decodeOpset(bytes: Uint8Array, from: Source): [domain: string, version: number] {
  const { fail, budget } = from;
  let [domain, version] = ['', 0];
  for (const field of readFields(bytes, fail, budget)) {
    if (field.number === 1) domain = asString(field, fail);
    else if (field.number === 2) version = asInt(field, fail);
  }
  return [domain === 'ai.onnx' ? '' : domain, version];
}

function decodePair(bytes: Uint8Array, from: Source): [key: string, value: string] {
  const { fail, budget } = from;
  let [key, value] = ['', ''];
  for (const field of readFields(bytes, fail, budget)) {
    if (field.number === 1) key = asString(field, fail);
    else if (field.number === 2) value = asString(field, fail);
  }
  return [key, value];
}

function decodeNode(bytes: Uint8Array, index: number, from: Source): OnnxNode {
  let [name, operator, domain] = ['', '', ''];
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes: OnnxAttribute[] = [];
  const failHere: Fail = (problem, cause) => from.fail(`node ${show(name || index)}: ${problem}`, cause);
  for (const field of readFields(bytes, failHere, from.budget)) {
    if (field.number === 1) inputs.push(asString(field, failHere));
    else if (field.number === 2) outputs.push(asString(field, failHere));
    else if (field.number === 3) name = asString(field, failHere);
    else if (field.number === 4) operator = asString(field, failHere);
    else if (field.number === 5)
      attributes.push(decodeAttribute(asBytes(field, failHere), { ...from, fail: failHere }));
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

function decodeAttribute(bytes: Uint8Array, from: Source): OnnxAttribute {
  const { fail, budget } = from;
  let name = '';
  let type = 0;
  let value: Omit<OnnxAttribute, 'name'> = {};
  const ints: number[] = [];
  const floats: number[] = [];
  const strings: string[] = [];
  for (const field of readFields(bytes, fail, budget)) {
    if (field.number === 1) name = asString(field, fail);
    else if (field.number === 2) value = { float: asFloat(field, fail) };
    else if (field.number === 3) value = { int: asInt(field, fail) };
    else if (field.number === 4) value = { string: asString(field, fail) };
    else if (field.number === 5) value = { tensor: decodeTensor(asBytes(field, fail), from) };
    else if (field.number === 7) {
      if (field.wire === 5) floats.push(asFloat(field, fail));
      else append(floats, packed(Float32Array, asBytes(field, fail), fail));
    } else if (field.number === 8) append(ints, asInts(field, fail));
    else if (field.number === 9) strings.push(asString(field, fail));
    else if (field.number === 20) type = asInt(field, fail);
  }
  if (ints.length > 0) return { name, ints };
  if (floats.length > 0) return { name, floats };
  if (strings.length > 0) return { name, strings };
  // Writers of proto3 leave out a value that is zero or empty.
  const absent = Object.keys(value).length === 0;
  if (absent && type === attributeTypes.int) return { name, int: 0 };
  if (absent && type === attributeTypes.float) return { name, float: 0 };
  return { name, ...value };
}

function decodeTensor(bytes: Uint8Array, from: Source): OnnxTensor {
  let [name, dataType, isExternal] = ['', 0, false];
  const dims: number[] = [];
  const single: number[] = [];
  const ints: number[] = [];
  const entries: [key: string, value: string][] = [];
  const strings: string[] = [];
  let [raw, floats, doubles]: [Uint8Array?, Float32Array?, Float64Array?] = [];
  const fail: Fail = (problem, cause) => from.fail(`tensor ${show(name)}: ${problem}`, cause);
  // Elements may be fields of their own: they are numbers, of which a file may have many.
  for (const field of readFields(bytes, fail)) {
    if (field.number === 1) append(dims, asInts(field, fail));
    else if (field.number === 2) dataType = asInt(field, fail);
    else if (field.number === 3) fail('tensors in segments are not supported');
    else if (field.number === 4) {
      if (field.wire === 5) single.push(asFloat(field, fail));
      else floats = packed(Float32Array, asBytes(field, fail), fail);
    } else if (field.number === 5 || field.number === 7 || field.number === 11)
      append(ints, asInts(field, fail));
    else if (field.number === 6) {
      if (strings.length === MAX_STRINGS) fail(`expected at most ${MAX_STRINGS} strings`);
      strings.push(asString(field, fail));
    } else if (field.number === 8) name = asString(field, fail);
    else if (field.number === 9) raw = asBytes(field, fail);
    else if (field.number === 10) {
      if (field.wire === 1) single.push(asDouble(field, fail));
      else doubles = packed(Float64Array, asBytes(field, fail), fail);
    } else if (field.number === 13) {
      if (entries.length === MAX_ENTRIES) fail(`expected at most ${MAX_ENTRIES} words on where its data are`);
      entries.push(decodePair(asBytes(field, fail), { ...from, fail }));
    } else if (field.number === 14) isExternal = asInt(field, fail) === 1;
  }
  if (dims.length > MAX_RANK) fail(`expected at most ${MAX_RANK} axes, given ${dims.length}`);
  if (single.length > 0) [floats, doubles] = [Float32Array.from(single), Float64Array.from(single)];
  const tensor = {
    name,
    dims,
    dataType,
    ...(floats && { floats }),
    ...(doubles && { doubles }),
    ...(ints.length > 0 && { ints }),
    ...(strings.length > 0 && { strings }),
  };
  if (!isExternal) return { ...tensor, ...(raw && { raw }) };
  const external = readExternal(entries, fail);
  const file = from.files?.get(external.location);
  return file ? { ...tensor, raw: stretchOf(file, external, tensor, fail) } : { ...tensor, external };
}

/** Names of classes. */
const MAX_STRINGS = 2 ** 16;
/** location, offset, length, checksum, and what others may add. */
const MAX_ENTRIES = 16;

function readExternal(entries: readonly (readonly [string, string])[], fail: Fail): ExternalData {
  const given = new Map(entries);
  if (given.size !== entries.length) fail('where its data are is said twice');
  const location = given.get('location');
  if (location === undefined) return fail('its data are in another file, but it does not say in which');
  if (!isInside(location)) {
    fail(`its data are in ${show(location)}: expected a path of a file in the model's folder, or below it`);
  }
  const number = (key: string): number | undefined => {
    const text = given.get(key);
    if (text === undefined) return undefined;
    return /^\d{1,15}$/.test(text)
      ? Number(text)
      : fail(`${key} of its data: expected a whole number, given ${show(text)}`);
  };
  const length = number('length');
  return { location, offset: number('offset') ?? 0, ...(length !== undefined && { length }) };
}

/**
 * Whether a path with slashes cannot lead out of the folder that it is of. Backslashes and drives are
 * Windows' own ways out.
 */
function isInside(path: string): boolean {
  return !/^$|^\/|[\\\0]|^[A-Za-z]:/.test(path) && !path.split('/').includes('..');
}

function stretchOf(
  file: Uint8Array,
  { location, offset, length }: ExternalData,
  tensor: OnnxTensor,
  fail: Fail,
): Uint8Array {
  const needed = length ?? bytesOf(tensor, fail);
  if (offset + needed > file.length) {
    fail(`its data end beyond ${show(location)}: ${needed} bytes from ${offset} on, of ${file.length}`);
  }
  return file.subarray(offset, offset + needed);
}

/** A call's arguments live on the stack, which a long list would overflow. */
function append(list: number[], values: Iterable<number>): void {
  for (const value of values) list.push(value);
}

function packed<T extends Float32Array | Float64Array>(
  type: { new (buffer: ArrayBuffer): T; readonly BYTES_PER_ELEMENT: number },
  bytes: Uint8Array,
  fail: Fail,
): T {
  const size = type.BYTES_PER_ELEMENT;
  if (bytes.length % size !== 0) fail(`expected numbers of ${size} bytes, given ${bytes.length} bytes`);
  return new type(toHostOrder(bytes, size, 'little'));
}

function decodeValue(bytes: Uint8Array, from: Source): OnnxValue {
  const { fail, budget } = from;
  let name = '';
  let elementType = 0;
  let shape: (number | string | undefined)[] | undefined;
  for (const field of readFields(bytes, fail, budget)) {
    if (field.number === 1) name = asString(field, fail);
    if (field.number !== 2) continue;
    for (const type of readFields(asBytes(field, fail), fail, budget)) {
      if (type.number !== 1) continue;
      for (const part of readFields(asBytes(type, fail), fail, budget)) {
        if (part.number === 1) elementType = asInt(part, fail);
        if (part.number === 2) shape = decodeShape(asBytes(part, fail), from);
      }
    }
  }
  return { name, elementType, shape };
}

function decodeShape(bytes: Uint8Array, from: Source): (number | string | undefined)[] {
  const { fail, budget } = from;
  const dims: (number | string | undefined)[] = [];
  for (const field of readFields(bytes, fail, budget)) {
    if (field.number !== 1) continue;
    let dim: number | string | undefined;
    for (const part of readFields(asBytes(field, fail), fail, budget)) {
      if (part.number === 1) dim = asInt(part, fail);
      if (part.number === 2) dim = asString(part, fail);
    }
    dims.push(dim);
  }
  return dims;
}
