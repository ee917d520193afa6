/** What each operator of a chain adds to the model that is being read. */
import { show } from '../../errors.js';
import type { Fail } from '../protobuf.js';
import { ELU_ALPHA, NEGATIVE_SLOPE, plainOperators } from './activations.js';
import { attributeOf, type Chain } from './chain.js';
import { dataTypes, floatValues, intValues, type OnnxNode, type OnnxTensor } from './proto.js';

/** A layer by its description, as a model file has it, and its parameters. */
export interface Step {
  readonly kind: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly parameters: ReadonlyMap<
    string,
    { readonly shape: readonly number[]; readonly values: Float32Array }
  >;
}

/** What has been read so far. */
export interface Layers {
  /** Values of a sample at this point; undefined before a layer has said so. */
  width: number | undefined;
  /** Of the model's input, once known. */
  inputSize?: number;
  readonly steps: Step[];
  scale: { scale: number; offset: number } | undefined;
  softmax: boolean;
}

type Operator = (node: OnnxNode, chain: Chain, read: Layers) => void;

const nothing: Operator = () => {};

/** By name, of the default domain. */
export const operators: ReadonlyMap<string, Operator> = new Map<string, Operator>([
  ['Gemm', gemm],
  ['MatMul', matMul],
  ['Add', arithmetic],
  ['Sub', arithmetic],
  ['Mul', arithmetic],
  ['Div', arithmetic],
  ...[...plainOperators].map(([name, operator]) => [operator, activation(name)] as const),
  ['LeakyRelu', leakyRelu],
  ['Elu', elu],
  ['Gelu', gelu],
  ['BatchNormalization', batchNormalization],
  ['LayerNormalization', layerNormalization],
  ['Softmax', softmax],
  ['Flatten', flatten],
  ['Reshape', reshape],
  ['Cast', cast],
  ['Identity', nothing],
  ['Dropout', nothing],
]);

/** y = alpha · x·W + beta · b. */
function gemm(node: OnnxNode, chain: Chain, read: Layers): void {
  if (node.inputs[0] !== chain.current || intAttribute(node, 'transA', 0) !== 0) {
    chain.failAt(node, 'expected rows of samples times a constant matrix');
  }
  const alpha = attributeOf(node, 'alpha')?.float ?? 1;
  const beta = attributeOf(node, 'beta')?.float ?? 1;
  const weight = matrix(node, chain, intAttribute(node, 'transB', 0) !== 0);
  const bias = chain.constant(node, 2);
  const fail: Fail = failer(node, chain);
  addDense(node, chain, read, {
    ...weight,
    values: scaled(weight.values, alpha),
    bias: bias && scaled(broadcast(bias, weight.columns, fail), beta),
  });
}

/** x·W; a constant that is added next is the bias. */
function matMul(node: OnnxNode, chain: Chain, read: Layers): void {
  if (node.inputs[0] !== chain.current)
    chain.failAt(node, 'expected rows of samples times a constant matrix');
  addDense(node, chain, read, matrix(node, chain, false));
}

/** Before the first layer: scaling of the inputs by one number. After a product: its bias. */
function arithmetic(node: OnnxNode, chain: Chain, read: Layers): void {
  const fail: Fail = failer(node, chain);
  const swapped = node.inputs[0] !== chain.current;
  if (
    node.inputs.length !== 2 ||
    node.inputs[swapped ? 1 : 0] !== chain.current ||
    node.inputs[0] === node.inputs[1]
  ) {
    fail('expected the values before it and a constant');
  }
  const constant = chain.constant(node, swapped ? 0 : 1)!;
  const last = read.steps.at(-1);
  if (last === undefined) {
    const values = floatValues(constant, fail);
    if (values.length !== 1) fail(`expected inputs to be scaled by one number, given ${values.length}`);
    if (swapped && (node.operator === 'Sub' || node.operator === 'Div'))
      fail('expected the inputs on its left');
    read.scale = combine(node.operator, read.scale ?? { scale: 1, offset: 0 }, values[0]);
    return;
  }
  if (
    node.operator !== 'Add' ||
    last.kind !== 'dense' ||
    last.config.bias !== false ||
    read.width === undefined
  ) {
    fail('expected it to scale the inputs, or to add the bias after a product');
  }
  const values = finite(broadcast(constant, read.width, fail), fail);
  read.steps[read.steps.length - 1] = {
    kind: 'dense',
    config: { ...last.config, bias: true },
    parameters: new Map([...last.parameters, ['bias', { shape: [read.width], values }]]),
  };
}

function combine(operator: string, { scale, offset }: { scale: number; offset: number }, by: number) {
  if (operator === 'Mul') return { scale: scale * by, offset: offset * by };
  if (operator === 'Div') return { scale: scale / by, offset: offset / by };
  return { scale, offset: operator === 'Add' ? offset + by : offset - by };
}

/** Ends the dense layer before it, or stands on its own. */
function activation(name: string): Operator {
  return (_node, _chain, read) => addActivation(read, name);
}

/** Into the dense layer before it, where that has none yet and takes it as it is; else as a layer of its own. */
export function addActivation(
  read: Layers,
  name: string,
  options: Readonly<Record<string, number>> = {},
): void {
  const last = read.steps.at(-1);
  if (last?.kind === 'dense' && last.config.activation === 'identity' && Object.keys(options).length === 0) {
    read.steps[read.steps.length - 1] = { ...last, config: { ...last.config, activation: name } };
  } else {
    read.steps.push({ kind: 'activation', config: { name, ...options }, parameters: new Map() });
  }
}

function leakyRelu(node: OnnxNode, _: Chain, read: Layers): void {
  const negativeSlope = floatAttribute(node, 'alpha', NEGATIVE_SLOPE);
  addActivation(read, 'leakyRelu', negativeSlope === NEGATIVE_SLOPE ? {} : { negativeSlope });
}

function elu(node: OnnxNode, _: Chain, read: Layers): void {
  const alpha = floatAttribute(node, 'alpha', ELU_ALPHA);
  addActivation(read, 'elu', alpha === ELU_ALPHA ? {} : { alpha });
}

function gelu(node: OnnxNode, chain: Chain, read: Layers): void {
  const approximate = attributeOf(node, 'approximate')?.string ?? 'none';
  if (approximate !== 'none' && approximate !== 'tanh') {
    chain.failAt(node, `expected approximate to be none or tanh, given ${show(approximate)}`);
  }
  addActivation(read, approximate === 'tanh' ? 'geluTanh' : 'gelu');
}

function batchNormalization(node: OnnxNode, chain: Chain, read: Layers): void {
  if (intAttribute(node, 'training_mode', 0) !== 0)
    chain.failAt(node, 'expected it not to be in training mode');
  const names = ['weight', 'bias', 'runningMean', 'runningVar'];
  const parameters = featureRows(node, chain, read, names);
  if (parameters.get('runningVar')?.values.some((value) => value < 0))
    chain.failAt(node, 'a variance is negative');
  // ONNX's is the share of the old statistics.
  const momentum = Number((1 - floatAttribute(node, 'momentum', 0.9)).toPrecision(12));
  const eps = floatAttribute(node, 'epsilon', 1e-5);
  read.steps.push({ kind: 'batchNorm', config: { eps, momentum, affine: true }, parameters });
}

function layerNormalization(node: OnnxNode, chain: Chain, read: Layers): void {
  const axis = intAttribute(node, 'axis', -1);
  if (axis !== -1 && axis !== 1) chain.failAt(node, `expected it over the last axis, given axis ${axis}`);
  const parameters = featureRows(node, chain, read, ['weight', 'bias']);
  const eps = floatAttribute(node, 'epsilon', 1e-5);
  read.steps.push({ kind: 'layerNorm', config: { eps, affine: true }, parameters });
}

/** The node's constants from its second input on, each a number for every feature; an absent bias is 0. */
function featureRows(
  node: OnnxNode,
  chain: Chain,
  read: Layers,
  names: readonly string[],
): Step['parameters'] {
  const fail: Fail = failer(node, chain);
  if (node.inputs[0] !== chain.current) fail('expected the values before it as its first input');
  const parameters = new Map<string, { shape: readonly number[]; values: Float32Array }>();
  for (const [place, name] of names.entries()) {
    const tensor = chain.constant(node, place + 1);
    if (!tensor && name !== 'bias') fail(`its input ${place + 1} is missing`);
    const width: number = read.width ?? tensor?.dims[0] ?? 0;
    const values = tensor ? finite(floatValues(tensor, fail), fail) : new Float32Array(width);
    if (values.length !== width || width === 0) {
      fail(`expected ${width} numbers as its input ${place + 1}, one a feature, given ${values.length}`);
    }
    read.inputSize ??= width;
    read.width = width;
    parameters.set(name, { shape: [width], values });
  }
  return parameters;
}

function softmax(node: OnnxNode, chain: Chain, read: Layers): void {
  const axis = intAttribute(node, 'axis', -1);
  if (axis !== -1 && axis !== 1)
    chain.failAt(node, `expected softmax over the last axis, given axis ${axis}`);
  if (read.softmax) chain.failAt(node, 'expected softmax once');
  read.softmax = true;
}

function flatten(node: OnnxNode, chain: Chain): void {
  const axis = intAttribute(node, 'axis', 1);
  if (axis !== 1) chain.failAt(node, `expected it to keep the batch axis, given axis ${axis}`);
}

function reshape(node: OnnxNode, chain: Chain, read: Layers): void {
  const fail: Fail = failer(node, chain);
  const shape = chain.constant(node, 1);
  if (!shape) fail('expected a shape');
  const lengths = intValues(shape, fail);
  const [batch, width] = lengths;
  const keeps =
    lengths.length === 2 && (batch === -1 || batch === 0) && (width > 0 || (width === -1 && batch === 0));
  if (!keeps || (width > 0 && read.width !== undefined && width !== read.width)) {
    fail(
      `expected it to keep the batch axis and make rows of ${read.width ?? 'numbers'}, given [${lengths.join(', ')}]`,
    );
  }
  if (width > 0) read.width = width;
}

function cast(node: OnnxNode, chain: Chain): void {
  const to = intAttribute(node, 'to', 0);
  if (to !== dataTypes.float) chain.failAt(node, `expected a conversion to float32, given type ${to}`);
}

interface Matrix {
  readonly values: Float32Array;
  readonly rows: number;
  readonly columns: number;
}

/** The node's second input as [in, out]. */
function matrix(node: OnnxNode, chain: Chain, transposed: boolean): Matrix {
  const fail: Fail = failer(node, chain);
  const tensor = chain.constant(node, 1);
  if (tensor?.dims.length !== 2) return fail('expected a constant matrix as its second input');
  const values = floatValues(tensor, fail);
  const [first, second] = tensor.dims;
  if (!transposed) return { values, rows: first, columns: second };
  const turned = new Float32Array(values.length);
  for (let i = 0; i < first; i++)
    for (let j = 0; j < second; j++) turned[j * first + i] = values[i * second + j];
  return { values: turned, rows: second, columns: first };
}

function addDense(
  node: OnnxNode,
  chain: Chain,
  read: Layers,
  { values, rows, columns, bias }: Matrix & { bias?: Float32Array | undefined },
): void {
  const fail: Fail = failer(node, chain);
  if (read.width !== undefined && read.width !== rows) {
    fail(`its weights take ${rows} values, but what comes before has ${read.width}`);
  }
  const parameters = new Map([['weight', { shape: [rows, columns], values: finite(values, fail) }]]);
  if (bias) parameters.set('bias', { shape: [columns], values: finite(bias, fail) });
  const config = { units: columns, activation: 'identity', bias: bias !== undefined };
  read.steps.push({ kind: 'dense', config, parameters });
  read.inputSize ??= rows;
  read.width = columns;
}

/** A constant as a row of `length`: one number, or a row. */
function broadcast(tensor: OnnxTensor, length: number, fail: Fail): Float32Array {
  const values = floatValues(tensor, fail);
  const rows = tensor.dims.slice(0, -1);
  if (values.length === 1) return new Float32Array(length).fill(values[0]);
  if (values.length === length && rows.every((n) => n === 1)) return values;
  return fail(`expected a row of ${length} numbers, given shape [${tensor.dims.join(', ')}]`);
}

function scaled(values: Float32Array, by: number): Float32Array {
  return by === 1 ? values : values.map((value) => value * by);
}

function finite(values: Float32Array, fail: Fail): Float32Array {
  const at = values.findIndex((value) => !Number.isFinite(value));
  return at < 0 ? values : fail(`expected finite values, given ${values[at]} at ${at}`);
}

function intAttribute(node: OnnxNode, name: string, fallback: number): number {
  return attributeOf(node, name)?.int ?? fallback;
}

/** The shortest decimal number that is this float32: 0.01, and not 0.009999999776482582. */
function floatAttribute(node: OnnxNode, name: string, fallback: number): number {
  const value = attributeOf(node, name)?.float;
  if (value === undefined) return fallback;
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return value;
}

function failer(node: OnnxNode, chain: Chain): Fail {
  return (problem, cause) => chain.failAt(node, problem, cause);
}
