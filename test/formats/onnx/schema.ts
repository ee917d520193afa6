/**
 * ONNX files by an independent writer: protobufjs, and the part of onnx.proto3 that these tests need, in its
 * JSON form. What PyTorch's and Keras' exporters write is made with it.
 */
import protobuf from 'protobufjs';

const field = (id: number, type: string, rule?: 'repeated') => ({ id, type, ...(rule && { rule }) });

const root = protobuf.Root.fromJSON({
  options: { syntax: 'proto3' },
  nested: {
    Model: {
      fields: {
        irVersion: field(1, 'int64'),
        producerName: field(2, 'string'),
        graph: field(7, 'Graph'),
        opsetImport: field(8, 'Opset', 'repeated'),
        metadataProps: field(14, 'Pair', 'repeated'),
      },
    },
    Pair: { fields: { key: field(1, 'string'), value: field(2, 'string') } },
    Opset: { fields: { domain: field(1, 'string'), version: field(2, 'int64') } },
    Graph: {
      fields: {
        node: field(1, 'Node', 'repeated'),
        name: field(2, 'string'),
        initializer: field(5, 'Tensor', 'repeated'),
        input: field(11, 'Value', 'repeated'),
        output: field(12, 'Value', 'repeated'),
      },
    },
    Node: {
      fields: {
        input: field(1, 'string', 'repeated'),
        output: field(2, 'string', 'repeated'),
        name: field(3, 'string'),
        opType: field(4, 'string'),
        attribute: field(5, 'Attribute', 'repeated'),
        domain: field(7, 'string'),
      },
    },
    Attribute: {
      fields: {
        name: field(1, 'string'),
        f: field(2, 'float'),
        i: field(3, 'int64'),
        s: field(4, 'bytes'),
        t: field(5, 'Tensor'),
        floats: field(7, 'float', 'repeated'),
        ints: field(8, 'int64', 'repeated'),
        strings: field(9, 'bytes', 'repeated'),
        type: field(20, 'int32'),
      },
    },
    Tensor: {
      fields: {
        dims: field(1, 'int64', 'repeated'),
        dataType: field(2, 'int32'),
        floatData: field(4, 'float', 'repeated'),
        int32Data: field(5, 'int32', 'repeated'),
        stringData: field(6, 'bytes', 'repeated'),
        int64Data: field(7, 'int64', 'repeated'),
        name: field(8, 'string'),
        rawData: field(9, 'bytes'),
        doubleData: field(10, 'double', 'repeated'),
        externalData: field(13, 'Pair', 'repeated'),
        dataLocation: field(14, 'int32'),
      },
    },
    Value: { fields: { name: field(1, 'string'), type: field(2, 'Type') } },
    Type: { fields: { tensorType: field(1, 'TensorType') } },
    TensorType: { fields: { elemType: field(1, 'int32'), shape: field(2, 'Shape') } },
    Shape: { fields: { dim: field(1, 'Dim', 'repeated') } },
    Dim: { fields: { dimValue: field(1, 'int64'), dimParam: field(2, 'string') } },
  },
});

export interface NodeSpec {
  opType: string;
  input: string[];
  output: string[];
  name?: string;
  domain?: string;
  attribute?: object[];
}

export interface GraphSpec {
  node: NodeSpec[];
  initializer?: object[];
  input?: object[];
  output?: object[];
  opset?: number;
  /** Versions of other sets of operators. */
  domains?: Readonly<Record<string, number>>;
}

/** A file of these nodes, from `x` [batch, …inputShape] to `y`. */
export function onnxFile(
  { node, initializer = [], input, output = [value('y', [2])], opset = 17, domains = {} }: GraphSpec,
  inputShape = [4],
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const graph = { name: 'g', node, initializer, input: input ?? [value('x', inputShape)], output };
  const type = root.lookupType('Model');
  const metadataProps = Object.entries(metadata).map(([key, text]) => ({ key, value: text }));
  const others = Object.entries(domains).map(([domain, version]) => ({ domain, version }));
  const given = { irVersion: 8, graph, opsetImport: [{ version: opset }, ...others], metadataProps };
  return type.encode(type.fromObject(given)).finish();
}

/** A file that was written, by the independent reader. */
export function decodeFile(bytes: Uint8Array): Record<string, unknown> {
  const type = root.lookupType('Model');
  return type.toObject(type.decode(bytes), { longs: Number });
}

export function value(name: string, shape: readonly number[], elemType = 1): object {
  // 0 is a length that the file does not say.
  const dim = [{ dimParam: 'N' }, ...shape.map((dimValue) => (dimValue === 0 ? {} : { dimValue }))];
  return { name, type: { tensorType: { elemType, shape: { dim } } } };
}

/** Float32 in the file's list of floats, as older exporters write it. */
export function floats(name: string, dims: number[], floatData: number[]): object {
  return { name, dims, dataType: 1, floatData };
}

/** Raw bytes of any type. */
export function raw(name: string, dims: number[], dataType: number, data: ArrayBufferView): object {
  return { name, dims, dataType, rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) };
}

/** A row of int64. */
export function whole(name: string, values: readonly number[]): object {
  return raw(name, [values.length], 7, BigInt64Array.from(values, BigInt));
}

export const node = (
  opType: string,
  input: string[],
  output: string,
  attribute: object[] = [],
): NodeSpec => ({
  opType,
  input,
  output: [output],
  name: `${opType}:${output}`,
  attribute,
});

export const int = (name: string, i: number) => ({ name, i, type: 2 });
export const float = (name: string, f: number) => ({ name, f, type: 1 });
export const ints = (name: string, values: readonly number[]) => ({ name, ints: values, type: 7 });
export const text = (name: string, s: string) => ({ name, s: new TextEncoder().encode(s), type: 3 });

/** What may be changed of a file. */
export interface EditableModel {
  opsetImport: { version: number }[];
  graph: {
    node: NodeSpec[];
    initializer?: { name: string; dims?: number[]; dataType?: number }[];
    input: { name: string }[];
    output: { name: string }[];
  };
}

/** A file of another writer with changes. */
export function editFile(bytes: Uint8Array, change: (model: EditableModel) => void): Uint8Array {
  const type = root.lookupType('Model');
  const model = type.toObject(type.decode(bytes), { longs: Number, arrays: true }) as EditableModel;
  change(model);
  return type.encode(type.fromObject(model)).finish();
}

/** How the numbers of a type lie in raw bytes; of strings this knows nothing. */
const rawTypes: Readonly<Record<number, (data: ArrayBuffer) => ArrayLike<number | bigint>>> = {
  1: (data) => new Float32Array(data),
  2: (data) => new Uint8Array(data),
  3: (data) => new Int8Array(data),
  4: (data) => new Uint16Array(data),
  5: (data) => new Int16Array(data),
  6: (data) => new Int32Array(data),
  7: (data) => new BigInt64Array(data),
  9: (data) => new Uint8Array(data),
  10: (data) => Array.from(new Uint16Array(data), half),
  11: (data) => new Float64Array(data),
  12: (data) => new Uint32Array(data),
  13: (data) => new BigUint64Array(data),
};

/** What 16 bits stand for: a sign, 5 bits of exponent, 10 of fraction. */
function half(bits: number): number {
  const [sign, exponent, fraction] = [bits & 0x8000 ? -1 : 1, (bits >> 10) & 31, (bits & 1023) / 1024];
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -14 : (1 + fraction) * 2 ** (exponent - 15));
}

/** A tensor in a file of its own: its message, and its numbers. */
export function decodeTensor(bytes: Uint8Array) {
  const type = root.lookupType('Tensor');
  const given = type.toObject(type.decode(bytes), { longs: Number }) as {
    dims?: number[];
    dataType: number;
    rawData?: Uint8Array;
    floatData?: number[];
    int32Data?: number[];
    int64Data?: number[];
    doubleData?: number[];
  };
  const { dims = [], dataType, rawData, floatData, int32Data, int64Data, doubleData } = given;
  const values = () => {
    const read = rawTypes[dataType];
    if (!read) throw new Error(`numbers of type ${dataType}`);
    const all = rawData
      ? read(rawData.slice().buffer)
      : (floatData ?? int32Data ?? int64Data ?? doubleData ?? []);
    return Float64Array.from(all as ArrayLike<number>, Number);
  };
  return { given, dims, dataType, values };
}
