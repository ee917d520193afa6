/** What each operator of a chain adds to the model that is being read. */
import { show } from '../../base/errors.js';
import type { Fail } from '../protobuf.js';
import { ELU_ALPHA, NEGATIVE_SLOPE, plainOperators } from './activations.js';
import { attributeOf, type Chain } from './chain.js';
import { dataTypes, type OnnxNode, type OnnxTensor } from './proto.js';
import type { Reading, Step } from './reading.js';
import { countOf, floatValues, intValues } from './values.js';

/** How one operator is read. */
export interface Operator {
  /**
   * Adds what it does. The chain has checked the node's form: what is below, and that the values before it
   * are its first input.
   */
  read(node: OnnxNode, chain: Chain, read: Reading): void;
  /** Inputs that it may have, the values before it included. */
  readonly inputs: number;
  /** Attributes that are understood, or that change nothing. Any other may change what the operator does. */
  readonly attributes: readonly string[];
  /** Its two inputs may change places. */
  readonly symmetric?: boolean;
}

/** By name, of the default domain. */
export const operators: ReadonlyMap<string, Operator> = new Map<string, Operator>([
  ['Gemm', { read: gemm, inputs: 3, attributes: ['alpha', 'beta', 'transA', 'transB'] }],
  ['MatMul', { read: matMul, inputs: 2, attributes: [] }],
  ['Add', { read: arithmetic, inputs: 2, attributes: [], symmetric: true }],
  ['Sub', { read: arithmetic, inputs: 2, attributes: [] }],
  ['Mul', { read: arithmetic, inputs: 2, attributes: [], symmetric: true }],
  ['Div', { read: arithmetic, inputs: 2, attributes: [] }],
  ...[...plainOperators].map(([name, operator]): [string, Operator] => [
    operator,
    { read: (_node, _chain, read) => read.addActivation(name), inputs: 1, attributes: [] },
  ]),
  ['LeakyRelu', { read: leakyRelu, inputs: 1, attributes: ['alpha'] }],
  ['Elu', { read: elu, inputs: 1, attributes: ['alpha'] }],
  ['Gelu', { read: gelu, inputs: 1, attributes: ['approximate'] }],
  [
    'BatchNormalization',
    { read: batchNormalization, inputs: 5, attributes: ['epsilon', 'momentum', 'training_mode'] },
  ],
  [
    'LayerNormalization',
    { read: layerNormalization, inputs: 3, attributes: ['axis', 'epsilon', 'stash_type'] },
  ],
  ['Softmax', { read: softmax, inputs: 1, attributes: ['axis'] }],
  ['Flatten', { read: flatten, inputs: 1, attributes: ['axis'] }],
  ['Reshape', { read: reshape, inputs: 2, attributes: ['allowzero'] }],
  ['Cast', { read: cast, inputs: 1, attributes: ['to', 'saturate'] }],
  ['Identity', { read: () => {}, inputs: 1, attributes: [] }],
  ['Dropout', { read: dropout, inputs: 3, attributes: ['ratio', 'seed'] }],
]);

/** y = alpha · x·W + beta · b. */
function gemm(node: OnnxNode, chain: Chain, read: Reading): void {
  const fail = failer(node, chain);
  if (intAttribute(node, 'transA', 0, fail) !== 0)
    fail('expected rows of samples times a constant matrix, given their transpose');
  const alpha = numberAttribute(node, 'alpha', 1, fail);
  const beta = numberAttribute(node, 'beta', 1, fail);
  const weight = matrix(node, chain, read, intAttribute(node, 'transB', 0, fail) !== 0);
  const given = chain.optionalConstant(node, 2);
  const bias = given && finite(scaled(row(given, weight.columns, read, fail), beta), fail);
  addProduct(read, { ...weight, values: scaled(weight.values, alpha) }, bias, fail);
}

/** x·W; a constant that is added next is the bias. */
function matMul(node: OnnxNode, chain: Chain, read: Reading): void {
  addProduct(read, matrix(node, chain, read, false), undefined, failer(node, chain));
}

/**
 * Before the first layer: scaling of the inputs by one number. Right after a product: its bias. Rows of means that
 * are subtracted, and of deviations that are divided by, are a layer of their own.
 */
function arithmetic(node: OnnxNode, chain: Chain, read: Reading): void {
  const fail: Fail = failer(node, chain);
  const constant = chain.constant(node, node.inputs[0] === chain.current ? 1 : 0);
  if (node.operator === 'Sub' && countOf(constant, fail) > 1) {
    subtractMeans(constant, read, fail);
    return;
  }
  if (node.operator === 'Div' && countOf(constant, fail) > 1 && read.endsWithMeans) {
    const deviations = finite(row(constant, read.width as number, read, fail), fail);
    if (!deviations.every((value) => value > 0)) fail('expected deviations above 0');
    read.addDeviations(deviations);
    return;
  }
  if (read.steps.length === 0) {
    const values = floatValues(constant, fail);
    if (values.length !== 1) fail(`expected inputs to be scaled by one number, given ${values.length}`);
    if (constant.dims.length > read.rank)
      fail(`expected one number, given an array of ${constant.dims.length} axes`);
    read.scale = combine(node.operator, read.scale ?? { scale: 1, offset: 0 }, values[0]);
    return;
  }
  const width = node.operator === 'Add' ? read.biasWidth : undefined;
  if (width === undefined) fail('expected it to scale the inputs, or to add the bias right after a product');
  read.addBias(finite(row(constant, width, read, fail), fail));
}

function subtractMeans(constant: OnnxTensor, read: Reading, fail: Fail): void {
  read.requireRows(fail);
  const width = read.width ?? countOf(constant, fail);
  const mean = finite(row(constant, width, read, fail), fail);
  read.claim(width, fail);
  read.addMeans(mean);
}

function combine(operator: string, { scale, offset }: { scale: number; offset: number }, by: number) {
  if (operator === 'Mul') return { scale: scale * by, offset: offset * by };
  if (operator === 'Div') return { scale: scale / by, offset: offset / by };
  return { scale, offset: operator === 'Add' ? offset + by : offset - by };
}

function leakyRelu(node: OnnxNode, chain: Chain, read: Reading): void {
  const negativeSlope = floatAttribute(node, 'alpha', NEGATIVE_SLOPE, failer(node, chain));
  read.addActivation('leakyRelu', negativeSlope === NEGATIVE_SLOPE ? {} : { negativeSlope });
}

function elu(node: OnnxNode, chain: Chain, read: Reading): void {
  const alpha = floatAttribute(node, 'alpha', ELU_ALPHA, failer(node, chain));
  read.addActivation('elu', alpha === ELU_ALPHA ? {} : { alpha });
}

function gelu(node: OnnxNode, chain: Chain, read: Reading): void {
  const approximate = attributeOf(node, 'approximate')?.string ?? 'none';
  if (approximate !== 'none' && approximate !== 'tanh') {
    chain.failAt(node, `expected approximate to be none or tanh, given ${show(approximate)}`);
  }
  read.addActivation(approximate === 'tanh' ? 'geluTanh' : 'gelu');
}

function batchNormalization(node: OnnxNode, chain: Chain, read: Reading): void {
  const fail = failer(node, chain);
  // Before operator set 14 the statistics of the batch as further outputs were what said it.
  const trains =
    read.opset < 14
      ? node.outputs.slice(1).some((name) => name !== '')
      : intAttribute(node, 'training_mode', 0, fail) !== 0;
  if (trains) fail('expected it not to be in training mode');
  const parameters = featureRows(node, chain, read, ['weight', 'bias', 'runningMean', 'runningVar']);
  if (parameters.get('runningVar')?.values.some((value) => value < 0)) fail('a variance is negative');
  // ONNX's is the share of the old statistics.
  const momentum = Number((1 - floatAttribute(node, 'momentum', 0.9, fail)).toPrecision(12));
  const eps = floatAttribute(node, 'epsilon', 1e-5, fail);
  addNorm(read, { kind: 'batchNorm', config: { eps, momentum, affine: true }, parameters });
}

function layerNormalization(node: OnnxNode, chain: Chain, read: Reading): void {
  const fail = failer(node, chain);
  requireLastAxis(read, 'it', intAttribute(node, 'axis', -1, fail), fail);
  const parameters = featureRows(node, chain, read, ['weight', 'bias']);
  const eps = floatAttribute(node, 'epsilon', 1e-5, fail);
  addNorm(read, { kind: 'layerNorm', config: { eps, affine: true }, parameters });
}

function addNorm(read: Reading, step: Step): void {
  read.add(step, step.parameters.get('weight')?.values.length as number);
}

/** The node's constants from its second input on, each a number for every feature; an absent bias is 0. */
function featureRows(
  node: OnnxNode,
  chain: Chain,
  read: Reading,
  names: readonly string[],
): Step['parameters'] {
  const fail = failer(node, chain);
  read.requireRows(fail);
  const width = read.width ?? countOf(chain.constant(node, 1), fail);
  const parameters = new Map<string, { shape: readonly number[]; values: Float32Array }>();
  for (const [index, name] of names.entries()) {
    const place = index + 1;
    const tensor = name === 'bias' ? chain.optionalConstant(node, place) : chain.constant(node, place);
    const given = tensor ? countOf(tensor, fail) : width;
    const isRow = tensor === undefined || isRowOf(tensor, width);
    if (!isRow || width === 0) {
      fail(`expected ${width} numbers as its input ${place}, one a feature, given ${given}`);
    }
    const values = tensor ? finite(floatValues(tensor, fail), fail) : new Float32Array(width);
    read.claim(width, fail);
    parameters.set(name, { shape: [width], values });
  }
  return parameters;
}

function softmax(node: OnnxNode, chain: Chain, read: Reading): void {
  const fail = failer(node, chain);
  // Before operator set 13 it ran over this axis and all behind it, which in rows is the same.
  requireLastAxis(read, 'softmax', intAttribute(node, 'axis', read.opset < 13 ? 1 : -1, fail), fail);
  read.softmax = true;
}

/** An axis below 0 counts from the last. */
function requireLastAxis(read: Reading, what: string, axis: number, fail: Fail): void {
  read.requireRows(fail);
  if (axis !== 1 && axis !== -1) fail(`expected ${what} over the last axis, given axis ${axis}`);
}

function flatten(node: OnnxNode, chain: Chain, read: Reading): void {
  const axis = intAttribute(node, 'axis', 1, failer(node, chain));
  if (axis !== 1 && axis !== 1 - read.rank)
    chain.failAt(node, `expected it to keep the batch axis, given axis ${axis}`);
  read.rank = 2;
}

function reshape(node: OnnxNode, chain: Chain, read: Reading): void {
  const fail = failer(node, chain);
  const lengths = intValues(chain.constant(node, 1), fail);
  const [batch, width] = lengths;
  // 0 takes the length that is there, unless it is to mean none.
  const copies = intAttribute(node, 'allowzero', 0, fail) === 0;
  const keeps =
    lengths.length === 2 &&
    (batch === -1 || (batch === 0 && copies)) &&
    (width > 0 || (width === -1 && batch === 0));
  if (!keeps || (width > 0 && read.width !== undefined && width !== read.width)) {
    fail(
      `expected it to keep the batch axis and make rows of ${read.width ?? 'numbers'}, given ${show(lengths)}`,
    );
  }
  if (width > 0) read.width = width;
  read.rank = 2;
}

function cast(node: OnnxNode, chain: Chain): void {
  const to = intAttribute(node, 'to', 0, failer(node, chain));
  if (to !== dataTypes.float) chain.failAt(node, `expected a conversion to float32, given type ${to}`);
}

/** Does nothing but in training, which since operator set 12 an input may ask for at any time. */
function dropout(node: OnnxNode, chain: Chain): void {
  const fail = failer(node, chain);
  const training = chain.optionalConstant(node, 2);
  if (training && intValues(training, fail).some((value) => value !== 0))
    fail('expected it not to be in training mode');
}

interface Matrix {
  readonly values: Float32Array;
  readonly rows: number;
  readonly columns: number;
}

/** The node's second input as [in, out]. */
function matrix(node: OnnxNode, chain: Chain, read: Reading, transposed: boolean): Matrix {
  const fail = failer(node, chain);
  read.requireRows(fail);
  const tensor = chain.constant(node, 1);
  if (tensor.dims.length !== 2) return fail('expected a constant matrix as its second input');
  const values = floatValues(tensor, fail);
  read.claim(values.length, fail);
  const [first, second] = tensor.dims;
  if (values.length === 0) fail(`expected a matrix with values, given shape ${show(tensor.dims)}`);
  if (!transposed) return { values, rows: first, columns: second };
  const turned = new Float32Array(values.length);
  for (let i = 0; i < first; i++)
    for (let j = 0; j < second; j++) turned[j * first + i] = values[i * second + j];
  return { values: turned, rows: second, columns: first };
}

function addProduct(read: Reading, weight: Matrix, bias: Float32Array | undefined, fail: Fail): void {
  if (read.width !== undefined && read.width !== weight.rows) {
    fail(`its weights take ${weight.rows} values, but what comes before has ${read.width}`);
  }
  finite(weight.values, fail);
  read.addProduct(weight, bias);
}

/** A constant as a row of `length`: one number, or a row. */
function row(tensor: OnnxTensor, length: number, read: Reading, fail: Fail): Float32Array {
  const isNumber = tensor.dims.length <= 2 && tensor.dims.every((own) => own === 1);
  if (!isNumber && !isRowOf(tensor, length))
    fail(`expected a row of ${length} numbers, given shape ${show(tensor.dims)}`);
  const values = floatValues(tensor, fail);
  read.claim(length, fail);
  return values.length === length ? values : new Float32Array(length).fill(values[0]);
}

/** Whether it is [length] or [1, length]. With more axes, or more rows, the sum would have them too. */
function isRowOf({ dims }: OnnxTensor, length: number): boolean {
  return dims.at(-1) === length && (dims.length === 1 || (dims.length === 2 && dims[0] === 1));
}

function scaled(values: Float32Array, by: number): Float32Array {
  return by === 1 ? values : values.map((value) => value * by);
}

function finite(values: Float32Array, fail: Fail): Float32Array {
  const at = values.findIndex((value) => !Number.isFinite(value));
  return at < 0 ? values : fail(`expected finite values, given ${values[at]} at ${at}`);
}

function intAttribute(node: OnnxNode, name: string, fallback: number, fail: Fail): number {
  const attribute = attributeOf(node, name);
  if (attribute === undefined) return fallback;
  return attribute.int ?? fail(`expected its attribute ${name} to be a whole number`);
}

function numberAttribute(node: OnnxNode, name: string, fallback: number, fail: Fail): number {
  const attribute = attributeOf(node, name);
  if (attribute === undefined) return fallback;
  return attribute.float ?? fail(`expected its attribute ${name} to be a number`);
}

/**
 * As an option of a layer: the shortest decimal number that is this float32, 0.01 and not
 * 0.009999999776482582.
 */
function floatAttribute(node: OnnxNode, name: string, fallback: number, fail: Fail): number {
  const value = numberAttribute(node, name, fallback, fail);
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return value;
}

function failer(node: OnnxNode, chain: Chain): Fail {
  return (problem, cause) => chain.failAt(node, problem, cause);
}
