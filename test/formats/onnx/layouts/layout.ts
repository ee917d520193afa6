/**
 * Graphs as exporters lay them out, as text, and the ONNX files that are made of them. A line is one of
 *
 *     opset 13
 *     opset ai.onnx.ml 1
 *     input x float[N,3,8,8]
 *     input ids int64[N,5] below 20         whole numbers from 0 on
 *     output y float[N,5]
 *     output z                              one that is no array
 *     name = draw float[4,3]                a constant whose numbers are drawn; `positive` for variances
 *     name = int64[2]{0,-1}                 one whose numbers decide something
 *     a, b = Split(x, name) axis=1 @/block/Split          a node: outputs, inputs, attributes, its own name
 *
 * and what stands behind a # at the beginning of a line is said to the reader.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { elementsOf } from '../../../../src/base/arrays.js';
import { testNumbers } from '../../../kernels/harness.js';
import { type NodeSpec, onnxFile } from '../schema.js';

/** By their names in ONNX: the code, and what stands for one element. */
const types = {
  float: {
    code: 1,
    bytes: 4,
    set: (view: DataView, at: number, value: number) => view.setFloat32(at, value, true),
  },
  uint8: { code: 2, bytes: 1, set: (view: DataView, at: number, value: number) => view.setUint8(at, value) },
  int8: { code: 3, bytes: 1, set: (view: DataView, at: number, value: number) => view.setInt8(at, value) },
  int32: {
    code: 6,
    bytes: 4,
    set: (view: DataView, at: number, value: number) => view.setInt32(at, value, true),
  },
  int64: {
    ...{ code: 7, bytes: 8 },
    set: (view: DataView, at: number, value: number) => view.setBigInt64(at, BigInt(value), true),
  },
  bool: { code: 9, bytes: 1, set: (view: DataView, at: number, value: number) => view.setUint8(at, value) },
  float16: {
    code: 10,
    bytes: 2,
    set: (view: DataView, at: number, value: number) => view.setUint16(at, halfOf(value), true),
  },
  double: {
    code: 11,
    bytes: 8,
    set: (view: DataView, at: number, value: number) => view.setFloat64(at, value, true),
  },
};

type TypeName = keyof typeof types;

export interface LayoutInput {
  readonly name: string;
  readonly type: TypeName;
  /** 0 for the batch. */
  readonly dims: readonly number[];
  /** Whole numbers are from 0 to one less. */
  readonly below?: number;
}

export interface Layout {
  readonly bytes: Uint8Array;
  readonly inputs: readonly LayoutInput[];
  /** Whether the file says how many rows a batch has. */
  readonly rows: number | undefined;
  /** The file with weights in a file of its own, and that file. */
  readonly external: { readonly bytes: Uint8Array; readonly data: Uint8Array };
}

/** Names of all layouts beside this file. */
export const layoutNames: readonly string[] = readdirSync(new URL('.', import.meta.url))
  .filter((name) => name.endsWith('.txt'))
  .map((name) => name.slice(0, -'.txt'.length))
  .sort();

export function readLayout(name: string): Layout {
  return parseLayout(readFileSync(new URL(`${name}.txt`, import.meta.url), 'utf8'));
}

export function parseLayout(text: string): Layout {
  const nodes: NodeSpec[] = [];
  const constants: Constant[] = [];
  const inputs: LayoutInput[] = [];
  const outputs: object[] = [];
  let opset = 0;
  const domains: Record<string, number> = {};
  for (const line of text.split('\n').filter((own) => own.trim() !== '' && !own.startsWith('#'))) {
    const [first, ...words] = line.split(' ');
    if (first === 'opset' && words.length === 1) opset = Number(words[0]);
    else if (first === 'opset') domains[words[0]] = Number(words[1]);
    else if (first === 'input') inputs.push(inputOf(words));
    else if (first === 'output')
      outputs.push(words.length > 1 ? portOf(words[0], words[1]) : { name: words[0] });
    else if (/ = \S*\(/.test(line)) nodes.push(nodeOf(line));
    else constants.push(constantOf(line, constants.length + 1));
  }
  const input = inputs.map((own) => portOf(own.name, shapeText(own)));
  const file = (initializer: object[]) =>
    onnxFile({ node: nodes, initializer, input, output: outputs, opset, domains });
  const first = inputs[0].dims[0];
  const external = outside(constants);
  return {
    bytes: file(constants),
    inputs,
    rows: first === 0 ? undefined : first,
    external: { bytes: file(external.constants), data: external.data },
  };
}

type Constant = ReturnType<typeof tensorOf>;

/** The same constants with their bytes in a file `weights.data`. */
function outside(constants: readonly Constant[]): { constants: object[]; data: Uint8Array } {
  const chunks: Uint8Array[] = [];
  let offset = 0;
  const moved = constants.map((own) => {
    if (!('rawData' in own) || ![types.float.code, types.float16.code].includes(own.dataType)) return own;
    const { rawData, ...rest } = own;
    const entries = { location: 'weights.data', offset: `${offset}`, length: `${rawData.length}` };
    chunks.push(rawData);
    offset += rawData.length;
    const externalData = Object.entries(entries).map(([key, value]) => ({ key, value }));
    return { ...rest, dataLocation: 1, externalData };
  });
  return { constants: moved, data: Uint8Array.from(chunks.flatMap((chunk) => [...chunk])) };
}

const TENSOR = /^(\w+)\[([^\]]*)\](?:\{(.*)\})?$/;

function shapeOf(text: string): { type: TypeName; dims: (number | string)[]; values: string[] | undefined } {
  const [, type, dims, values] = TENSOR.exec(text) ?? fault(text);
  const lengths = dims === '' ? [] : dims.split(',').map((own) => (/^\d+$/.test(own) ? Number(own) : own));
  return { type: type as TypeName, dims: lengths, values: values === '' ? [] : values?.split(',') };
}

function fault(text: string): never {
  throw new Error(`not understood: ${text}`);
}

function inputOf([name, shape, word, below]: string[]): LayoutInput {
  const { type, dims } = shapeOf(shape);
  const own = dims.map((length) => (typeof length === 'number' ? length : 0));
  return { name, type, dims: own, ...(word === 'below' && { below: Number(below) }) };
}

function shapeText({ type, dims }: LayoutInput): string {
  return `${type}[${dims.map((length) => (length === 0 ? 'N' : length)).join()}]`;
}

function portOf(name: string, shape: string): object {
  const { type, dims } = shapeOf(shape);
  const dim = dims.map((length) =>
    typeof length === 'number' ? { dimValue: length } : { dimParam: length },
  );
  const elemType = type === ('string' as string) ? 8 : types[type].code;
  return { name, type: { tensorType: { elemType, shape: { dim } } } };
}

function constantOf(line: string, seed: number) {
  const [name, rest] = line.split(' = ');
  const [kind, shape] = rest.split(' ');
  if (shape === undefined) return tensorOf(name, rest);
  const { type, dims } = shapeOf(shape);
  const next = testNumbers(seed);
  const draw = () => {
    const value = next();
    if (kind === 'positive') return value + 0.5;
    return type.includes('int') ? Math.floor(value * 200) - (type === 'uint8' ? 0 : 100) : value - 0.5;
  };
  return tensor(name, type, dims as number[], Array.from({ length: elementsOf(dims as number[]) }, draw));
}

function tensorOf(name: string, text: string) {
  const { type, dims, values = [] } = shapeOf(text);
  if (type === ('string' as string)) {
    const stringData = values.map((own) => new TextEncoder().encode(own));
    return { name, dims: dims as number[], dataType: 8, stringData };
  }
  const numbers = values.map((own) =>
    own.endsWith('inf') ? Number(`${own}inity`.replace('inf', 'Inf')) : Number(own),
  );
  return tensor(name, type, dims as number[], numbers);
}

function tensor(name: string, type: TypeName, dims: readonly number[], values: readonly number[]) {
  const { code, bytes, set } = types[type];
  const rawData = new Uint8Array(values.length * bytes);
  const view = new DataView(rawData.buffer);
  for (const [i, value] of values.entries()) set(view, i * bytes, value);
  return { name, dims, dataType: code, rawData };
}

/** Bits of the nearest float16 of a number in ±2, which is not tiny. */
function halfOf(value: number): number {
  const exponent = Math.max(-14, Math.floor(Math.log2(Math.abs(value) || 2 ** -14)));
  const fraction = Math.round((Math.abs(value) / 2 ** exponent) * 1024);
  // A fraction below 1024 is that of a number without a leading 1; one of 2048 carries over.
  return (value < 0 ? 0x8000 : 0) + ((exponent + 14) << 10) + fraction;
}

function nodeOf(line: string): NodeSpec {
  const [, outputs, operator, inputs, rest] = /^(.*?) = ([\w.]+)\((.*?)\)(.*)$/.exec(line) ?? fault(line);
  const at = rest.lastIndexOf(' @');
  const words = (at < 0 ? rest : rest.slice(0, at)).trim();
  const dot = operator.lastIndexOf('.');
  const list = (names: string) => (names === '' ? [] : names.split(',').map((own) => own.trim()));
  return {
    ...{ opType: operator.slice(dot + 1), input: list(inputs), output: list(outputs) },
    ...(at >= 0 && { name: rest.slice(at + 2) }),
    ...(dot >= 0 && { domain: operator.slice(0, dot) }),
    attribute: words === '' ? [] : words.split(' ').map(attributeOf),
  };
}

function attributeOf(text: string): object {
  const at = text.indexOf('=');
  const [name, given] = [text.slice(0, at), text.slice(at + 1)];
  const isFloat = (own: string) => /[.einf]/.test(own);
  if (given.startsWith('"')) return { name, type: 3, s: new TextEncoder().encode(given.slice(1, -1)) };
  if (TENSOR.test(given)) return { name, type: 4, t: tensorOf('', given) };
  if (!given.startsWith('['))
    return isFloat(given) ? { name, type: 1, f: Number(given) } : { name, type: 2, i: Number(given) };
  const list = given === '[]' ? [] : given.slice(1, -1).split(',');
  if (list.some((own) => own.startsWith('"'))) {
    return { name, type: 8, strings: list.map((own) => new TextEncoder().encode(own.slice(1, -1))) };
  }
  return list.some(isFloat)
    ? { name, type: 6, floats: list.map(Number) }
    : { name, type: 7, ints: list.map(Number) };
}
