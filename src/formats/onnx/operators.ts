/** What each operator on rows of numbers, or on any values, adds to the model that is being read. */
import { elementsOf } from '../../base/arrays.js';
import { show } from '../../base/errors.js';
import * as F from '../../graph/functions.js';
import type { Fail } from '../protobuf.js';
import { ELU_ALPHA, NEGATIVE_SLOPE, plainOperators } from './activations.js';
import { attributeOf, type Flow, failer, intAttribute, numberAttribute } from './flow.js';
import type { ShapeNumbers } from './fold.js';
import { finite, floatAttribute, isRowOf, moduleOf, type Operator, row } from './operator.js';
import { dataTypes, type OnnxNode, type OnnxTensor } from './proto.js';
import type { Reading, Step } from './reading.js';
import { countOf, floatValues, intValues } from './values.js';

/** By name, of the default domain. */
export const rowOperators: ReadonlyMap<string, Operator> = new Map<string, Operator>([
  ['Gemm', { read: gemm, inputs: 3, attributes: ['alpha', 'beta', 'transA', 'transB'] }],
  ['MatMul', { read: matMul, inputs: 2, attributes: [] }],
  ['Add', { read: arithmetic, inputs: 2, attributes: [], symmetric: true }],
  ['Sub', { read: arithmetic, inputs: 2, attributes: [] }],
  ['Mul', { read: arithmetic, inputs: 2, attributes: [], symmetric: true }],
  ['Div', { read: arithmetic, inputs: 2, attributes: [] }],
  ...[...plainOperators].map(([name, operator]): [string, Operator] => [
    operator,
    { read: (_node, _flow, read) => read.addActivation(name), inputs: 1, attributes: [] },
  ]),
  ['LeakyRelu', { read: leakyRelu, inputs: 1, attributes: ['alpha'] }],
  ['Elu', { read: elu, inputs: 1, attributes: ['alpha'] }],
  ['Gelu', { read: gelu, inputs: 1, attributes: ['approximate'] }],
  [
    'BatchNormalization',
    {
      ...{ read: batchNormalization, inputs: 5, ofImages: true },
      attributes: ['epsilon', 'momentum', 'training_mode'],
    },
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
function gemm(node: OnnxNode, flow: Flow, read: Reading): void {
  const fail = failer(node, flow);
  if (intAttribute(node, 'transA', 0, fail) !== 0)
    fail('expected rows of samples times a constant matrix, given their transpose');
  const alpha = numberAttribute(node, 'alpha', 1, fail);
  const beta = numberAttribute(node, 'beta', 1, fail);
  const weight = matrix(node, flow, read, intAttribute(node, 'transB', 0, fail) !== 0);
  const given = flow.optionalConstant(node, 2);
  const bias = given && finite(scaled(row(given, weight.columns, read, fail), beta), fail);
  addProduct(read, { ...weight, values: scaled(weight.values, alpha) }, bias, node, fail);
}

/** x·W; a constant that is added next is the bias. */
function matMul(node: OnnxNode, flow: Flow, read: Reading): void {
  addProduct(read, matrix(node, flow, read, false), undefined, node, failer(node, flow));
}

/**
 * Before the first layer: scaling of the inputs by one number. Right after a product: its bias. Means that are
 * subtracted, and deviations that are divided by, are a layer of their own: a number for each of a row, or for
 * each channel.
 */
function arithmetic(node: OnnxNode, flow: Flow, read: Reading): void {
  const fail: Fail = failer(node, flow);
  const { source } = read;
  const place = node.inputs.findIndex((name) => flow.isConstant(name));
  const constant = flow.constant(node, place < 0 ? placeOfOther(node, flow) : place);
  const count = countOf(constant, fail);
  const isMoments = count > 1 || (read.rank === 4 && constant.dims.length > 2);
  if (node.operator === 'Sub' && isMoments) {
    read.addMeans(moments(constant, read, fail));
    return;
  }
  if (node.operator === 'Div' && isMoments && read.endsWithMeans) {
    const deviations = moments(constant, read, fail);
    if (!deviations.every((value) => value > 0)) fail('expected deviations above 0');
    read.addDeviations(deviations);
    return;
  }
  if (!read.step) {
    const values = floatValues(constant, fail);
    if (values.length !== 1) fail(`expected inputs to be scaled by one number, given ${values.length}`);
    if (constant.dims.length > read.rank)
      fail(`expected one number, given an array of ${constant.dims.length} axes`);
    if (!read.alone) fail('expected the inputs to be scaled for all that reads them');
    source.scale = combine(node.operator, source.scale ?? { scale: 1, offset: 0 }, values[0]);
    return;
  }
  const width = node.operator === 'Add' ? read.biasWidth : undefined;
  if (width === undefined) fail('expected it to scale the inputs, or to add the bias right after a product');
  // Of images it is a number for each channel, [channels, 1, 1].
  const { dims } = constant;
  const isOfImages = read.layout === 'first' && dims.length >= 3 && dims.slice(-2).join() === '1,1';
  const own = isOfImages ? { ...constant, dims: dims.slice(0, -2) } : constant;
  if (read.layout === 'first' && !isOfImages && elementsOf(dims) !== 1)
    fail(`expected a number for each channel, given shape ${show(dims)}`);
  read.addBias(finite(row(own, width, read, fail), fail));
}

/** Where something stands that should be a constant. */
function placeOfOther(node: OnnxNode, flow: Flow): number {
  const at = node.inputs.findIndex((name) => name === '' || !flow.isValue(name));
  return at < 0 ? 1 : at;
}

/** A number for each of a row, or for each channel of images; or one for all channels. */
function moments(constant: OnnxTensor, read: Reading, fail: Fail): Float32Array {
  const count = countOf(constant, fail);
  read.source.claim(count, fail);
  const { dims } = read;
  if (read.rank !== 4 || !dims || read.layout === 'rows') {
    read.requireRows(fail);
    return read.ofFeatures(finite(row(constant, read.width ?? count, read, fail), fail));
  }
  const given = constant.dims.slice(constant.dims.findIndex((length) => length > 1));
  const isFirst = given.join() === [dims[0], 1, 1].join() && read.layout !== 'last';
  const isLast = given.join() === `${dims[2]}` && read.layout !== 'first';
  if (count > 1 && !isFirst && !isLast)
    fail(`expected a number for each channel, given shape ${show(constant.dims)}`);
  if (count > 1 && read.layout === 'open') read.decide(isFirst ? 'first' : 'last', fail);
  return finite(floatValues(constant, fail), fail);
}

function combine(operator: string, { scale, offset }: { scale: number; offset: number }, by: number) {
  if (operator === 'Mul') return { scale: scale * by, offset: offset * by };
  if (operator === 'Div') return { scale: scale / by, offset: offset / by };
  return { scale, offset: operator === 'Add' ? offset + by : offset - by };
}

function leakyRelu(node: OnnxNode, flow: Flow, read: Reading): void {
  const negativeSlope = floatAttribute(node, 'alpha', NEGATIVE_SLOPE, failer(node, flow));
  read.addActivation('leakyRelu', negativeSlope === NEGATIVE_SLOPE ? {} : { negativeSlope });
}

function elu(node: OnnxNode, flow: Flow, read: Reading): void {
  const alpha = floatAttribute(node, 'alpha', ELU_ALPHA, failer(node, flow));
  read.addActivation('elu', alpha === ELU_ALPHA ? {} : { alpha });
}

function gelu(node: OnnxNode, flow: Flow, read: Reading): void {
  const approximate = attributeOf(node, 'approximate')?.string ?? 'none';
  if (approximate !== 'none' && approximate !== 'tanh') {
    flow.failAt(node, `expected approximate to be none or tanh, given ${show(approximate)}`);
  }
  read.addActivation(approximate === 'tanh' ? 'geluTanh' : 'gelu');
}

function batchNormalization(node: OnnxNode, flow: Flow, read: Reading): void {
  const fail = failer(node, flow);
  // Before operator set 14 the statistics of the batch as further outputs were what said it.
  const trains =
    read.source.opset < 14
      ? node.outputs.slice(1).some((name) => name !== '')
      : intAttribute(node, 'training_mode', 0, fail) !== 0;
  if (trains) fail('expected it not to be in training mode');
  const parameters = featureRows(node, flow, read, ['weight', 'bias', 'runningMean', 'runningVar']);
  if (parameters.get('runningVar')?.values.some((value) => value < 0)) fail('a variance is negative');
  // ONNX's is the share of the old statistics.
  const momentum = Number((1 - floatAttribute(node, 'momentum', 0.9, fail)).toPrecision(12));
  const eps = epsilonOf(node, fail);
  const step = {
    kind: 'batchNorm',
    config: { eps, momentum, affine: true },
    parameters,
    name: moduleOf(node),
  };
  if (read.rank === 4) read.addImages(step, fail);
  else addNorm(read, step);
}

function layerNormalization(node: OnnxNode, flow: Flow, read: Reading): void {
  const fail = failer(node, flow);
  requireLastAxis(read, 'it', intAttribute(node, 'axis', -1, fail), fail);
  const parameters = featureRows(node, flow, read, ['weight', 'bias']);
  const eps = epsilonOf(node, fail);
  addNorm(read, { kind: 'layerNorm', config: { eps, affine: true }, parameters, name: moduleOf(node) });
}

/** What is added to a variance; layers have none of 0, which graphs may have. */
function epsilonOf(node: OnnxNode, fail: Fail): number {
  const eps = floatAttribute(node, 'epsilon', 1e-5, fail);
  if (eps > 0 && Number.isFinite(eps)) return eps;
  return fail(`expected its attribute epsilon to be a number of at least 0, given ${eps}`);
}

function addNorm(read: Reading, step: Omit<Step, 'inputs'>): void {
  read.add(step, step.parameters.get('weight')?.values.length as number);
}

/** The node's constants from its second input on, each a number for every feature; an absent bias is 0. */
function featureRows(
  node: OnnxNode,
  flow: Flow,
  read: Reading,
  names: readonly string[],
): Step['parameters'] {
  const fail = failer(node, flow);
  // Of images a feature is a channel, which is the second axis, of batch norm only.
  const isOfImages = names.includes('runningVar') && read.rank === 4 && read.layout !== 'rows';
  if (!isOfImages) read.requireRows(fail);
  const width = isOfImages
    ? read.requireImages(fail)[0]
    : (read.width ?? countOf(flow.constant(node, 1), fail));
  const parameters = new Map<string, { shape: readonly number[]; values: Float32Array }>();
  for (const [index, name] of names.entries()) {
    const place = index + 1;
    const tensor = name === 'bias' ? flow.optionalConstant(node, place) : flow.constant(node, place);
    const given = tensor ? countOf(tensor, fail) : width;
    const isRow = tensor === undefined || isRowOf(tensor, width);
    if (!isRow || width === 0) {
      fail(`expected ${width} numbers as its input ${place}, one a feature, given ${given}`);
    }
    const numbers = tensor ? finite(floatValues(tensor, fail), fail) : new Float32Array(width);
    const values = isOfImages ? numbers : read.ofFeatures(numbers);
    read.source.claim(width, fail);
    parameters.set(name, { shape: [width], values });
  }
  return parameters;
}

function softmax(node: OnnxNode, flow: Flow, read: Reading): void {
  const fail = failer(node, flow);
  // Before operator set 13 it ran over this axis and all behind it, which in rows is the same.
  requireLastAxis(read, 'softmax', intAttribute(node, 'axis', read.source.opset < 13 ? 1 : -1, fail), fail);
  read.softmax = true;
}

/** An axis below 0 counts from the last. */
function requireLastAxis(read: Reading, what: string, axis: number, fail: Fail): void {
  read.requireRows(fail);
  if (axis !== 1 && axis !== -1) fail(`expected ${what} over the last axis, given axis ${axis}`);
}

function flatten(node: OnnxNode, flow: Flow, read: Reading): void {
  const fail = failer(node, flow);
  const axis = intAttribute(node, 'axis', 1, fail);
  if (axis !== 1 && axis !== 1 - read.rank) fail(`expected it to keep the batch axis, given axis ${axis}`);
  read.flatten(fail);
}

function reshape(node: OnnxNode, flow: Flow, read: Reading, shapes: ShapeNumbers): void {
  const fail = failer(node, flow);
  const lengths = shapes.optional(node, 1) ?? fail('its input 1 is missing');
  const [batch, ...own] = lengths;
  // 0 takes the length that is there, unless it is to mean none.
  const copies = intAttribute(node, 'allowzero', 0, fail) === 0;
  const isBatch = batch === 'batch' || (batch === 0 && copies);
  const keepsBatch = isBatch || batch === -1 || batch === read.source.batch;
  const isFree = own.includes(-1) && batch !== -1;
  const known = own.filter((length): length is number => typeof length === 'number' && length > 0);
  const size = elementsOf(known);
  const left = isFree && read.width !== undefined ? read.width / size : -1;
  const dims = own.map((length) => (length === -1 && isFree ? left : length));
  const isRow = own.length === 1 && (known.length === 1 || isFree);
  if (!keepsBatch || !(isRow || (own.length === 3 && dims.every((length) => Number(length) > 0)))) {
    fail(
      `expected it to keep the batch axis and make rows of ${read.width ?? 'numbers'}, given ${show(lengths)}`,
    );
  }
  if (isRow) {
    const [width] = known;
    if (width > 0 && read.width !== undefined && width !== read.width) {
      fail(
        `expected it to keep the batch axis and make rows of ${read.width ?? 'numbers'}, given ${show(lengths)}`,
      );
    }
    if (width > 0) read.width = width;
    read.flatten(fail);
  } else toImages(read, dims as number[], fail);
}

/** Axes of the file: channels, height, width. */
function toImages(read: Reading, dims: readonly number[], fail: Fail): void {
  if (elementsOf(dims) !== read.width)
    fail(`expected ${read.width ?? 'a known number of'} values a row, given ${show(dims)}`);
  const [channels, height, width] = dims;
  const before = read.dims?.length === 3 ? read.dims : undefined;
  // A single channel that goes first, or last, moves nothing.
  const isOpen = read.layout === 'open' && before !== undefined;
  if (
    before?.[2] === 1 &&
    dims.join() === [1, before[0], before[1]].join() &&
    (isOpen || read.layout === 'last')
  ) {
    if (isOpen) read.decide('last', fail);
    read.layout = 'first';
    read.dims = dims;
    return;
  }
  if (before?.[0] === 1 && read.layout === 'first' && dims.join() === [before[1], before[2], 1].join()) {
    read.layout = 'last';
    read.dims = dims;
    return;
  }
  if (read.rank !== 2) read.flatten(fail);
  const own = [height, width, channels];
  const isSame = channels === 1 || height * width === 1;
  if (read.layout === 'flat' && read.image.join() !== own.join()) read.restoreOrder();
  if (isSame || read.layout === 'flat') read.addFunction('reshape', { shape: own });
  else {
    read.compute('images', (x) => F.transpose(F.reshape(x, dims), [0, 2, 3, 1]));
  }
  read.layout = 'first';
  read.dims = dims;
  read.rank = 4;
}

function cast(node: OnnxNode, flow: Flow): void {
  const to = intAttribute(node, 'to', 0, failer(node, flow));
  if (to !== dataTypes.float) flow.failAt(node, `expected a conversion to float32, given type ${to}`);
}

/** Does nothing but in training, which since operator set 12 an input may ask for at any time. */
function dropout(node: OnnxNode, flow: Flow): void {
  const fail = failer(node, flow);
  const training = flow.optionalConstant(node, 2);
  if (training && intValues(training, fail).some((value) => value !== 0))
    fail('expected it not to be in training mode');
}

interface Matrix {
  readonly values: Float32Array;
  readonly rows: number;
  readonly columns: number;
}

/** The node's second input as [in, out]. */
function matrix(node: OnnxNode, flow: Flow, read: Reading, transposed: boolean): Matrix {
  const fail = failer(node, flow);
  read.requireRows(fail);
  const tensor = flow.constant(node, 1);
  if (tensor.dims.length !== 2) return fail('expected a constant matrix as its second input');
  const values = floatValues(tensor, fail);
  read.source.claim(values.length, fail);
  const [first, second] = tensor.dims;
  if (values.length === 0) fail(`expected a matrix with values, given shape ${show(tensor.dims)}`);
  if (!transposed) return { values, rows: first, columns: second };
  const turned = new Float32Array(values.length);
  for (let i = 0; i < first; i++)
    for (let j = 0; j < second; j++) turned[j * first + i] = values[i * second + j];
  return { values: turned, rows: second, columns: first };
}

function addProduct(
  read: Reading,
  weight: Matrix,
  bias: Float32Array | undefined,
  node: OnnxNode,
  fail: Fail,
): void {
  if (read.width !== undefined && read.width !== weight.rows) {
    fail(`its weights take ${weight.rows} values, but what comes before has ${read.width}`);
  }
  finite(weight.values, fail);
  read.addProduct(weight, bias, moduleOf(node));
}

function scaled(values: Float32Array, by: number): Float32Array {
  return by === 1 ? values : values.map((value) => value * by);
}
