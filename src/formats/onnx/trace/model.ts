/**
 * Any graph of known operators as a network: each node is read with values in place of numbers, as if the
 * graph were run. Initializers of floats become parameters; what is known is computed at once. The first axis
 * of the inputs is the batch, unless the graph works across it: then each row of ours is all of the file's
 * arrays.
 */
import { elementsOf } from '../../../base/arrays.js';
import { LanegradError, show } from '../../../base/errors.js';
import { reshape } from '../../../graph/functions.js';
import { input } from '../../../graph/leaves.js';
import { type Node, nodesOf, type Scope, type Value, withinAll } from '../../../graph/value.js';
import type { Loss } from '../../../nn/losses.js';
import { type Network, nameScopes } from '../../../nn/model.js';
import { networkOf } from '../../../nn/network.js';
import type { Fail } from '../../protobuf.js';
import { dataTypes, type OnnxModel, type OnnxNode, type OnnxValue } from '../proto.js';
import { BATCH } from './array.js';
import { outputsOf, twoClasses } from './classes.js';
import { type Given, kindOf, knownOf, NodeReader, type Tracing } from './context.js';
import { fuse } from './fuse.js';
import { plain } from './layout.js';
import { keyOf, ofImages, operators } from './operators.js';
import { checkOperators, describe, nodesFor } from './order.js';
import { isKnown, shapeOf, type Traced, tracedOf } from './traced.js';
import { isMask, type Weight, Weights } from './weights.js';

const WHERE = 'readOnnx';
const [OLDEST, NEWEST] = [7, 25];

export interface TracedModel {
  readonly model: Network;
  /** What the only output was given by, if that says what outputs are; the model ends before it. */
  readonly link?: 'softmax' | 'sigmoid';
  /** Of scikit-learn's files. */
  readonly classNames?: readonly string[];
}

/** How a graph is read that leaves something open. */
export interface TraceOptions {
  /** Lengths of inputs that the file does not say, without the batch. */
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  /** Functions at the end of the graph that are the link of a loss, and left out of the model. */
  readonly links: readonly Loss['link'][];
  /** Initializers that are no parameters, where the file's own metadata say so. */
  readonly buffers: ReadonlySet<string>;
}

export function traceModel(onnx: OnnxModel, options: TraceOptions, fail: Fail): TracedModel {
  const opset = onnx.opsets.get('') ?? 0;
  if (opset < OLDEST || opset > NEWEST)
    fail(`expected an operator set from ${OLDEST} to ${NEWEST}, given ${opset}`);
  const { outputs, classNames } = outputsOf(onnx, fail);
  const nodes = nodesFor(onnx, outputs, fail);
  checkOperators(nodes, operators, keyOf, fail);
  const constants = new Set(onnx.initializers.map(({ name }) => name));
  // Before IR version 4 constants were listed among the inputs.
  const inputs = onnx.inputs.filter(({ name }) => !constants.has(name));
  const graph = { onnx, opset, nodes, inputs, outputs, options };
  const batches = inputs.map(({ shape }) => shape?.[0]);
  const numbers = batches.filter((length) => typeof length === 'number');
  const hasBatch = inputs.every(({ shape }) => (shape?.length ?? 1) > 0) && new Set(numbers).size <= 1;
  // A graph whose lengths are all numbers may have no batch at all.
  const isFixed = inputs.every(({ shape }) => shape?.every((length) => typeof length === 'number'));
  const trace = (inRow: boolean) => {
    const traced = traceGraph(graph, inRow, inRow ? undefined : numbers[0], fail);
    return { ...traced, ...(classNames && { classNames }) };
  };
  if (!hasBatch && isFixed) return trace(true);
  try {
    return trace(false);
  } catch (error) {
    if (!isFixed || !(error instanceof LanegradError)) throw error;
    try {
      return trace(true);
    } catch {
      throw error;
    }
  }
}

interface GraphToTrace {
  readonly onnx: OnnxModel;
  readonly opset: number;
  readonly nodes: readonly OnnxNode[];
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly string[];
  readonly options: TraceOptions;
}

function traceGraph(
  { onnx, opset, nodes, inputs, outputs, options }: GraphToTrace,
  inRow: boolean,
  batch: number | undefined,
  fail: Fail,
): TracedModel {
  const values = new Map<string, Given>();
  const weights = new Weights(nodes, options.buffers);
  const read = new Set(nodes.flatMap((node) => node.inputs));
  for (const tensor of onnx.initializers) {
    // Names of classes, of which labels are made, are read by no node that is left.
    if (!read.has(tensor.name)) continue;
    const failHere: Fail = (problem, cause) => fail(`constant ${show(tensor.name)}: ${problem}`, cause);
    const array = knownOf(tensor, failHere);
    const isWeight = array.kind === 'float' && array.dims.length > 0 && !isMask(array);
    values.set(tensor.name, isWeight ? turned(weights.weight(tensor.name, array)) : array);
  }
  const images = !inRow && nodes.some(({ operator }) => ofImages.has(operator));
  const ports = new Map<string, Value>();
  for (const own of inputs) {
    const { value, traced } = inputOf(own, { inRow, batch, images, nodes, options }, fail);
    ports.set(own.name, value);
    values.set(own.name, traced);
  }
  const bytes = onnx.initializers.reduce((sum, { raw }) => sum + (raw?.length ?? 0), 0);
  const budget = { left: FREE_NUMBERS + MAX_REUSE * bytes, seen: -1 };
  const buffer: Tracing['buffer'] = (name, array) => weights.buffer(name, array);
  const weight: Tracing['weight'] = (name, array) => weights.constant(name, array);
  const graph: Tracing = { opset, batch, budget, weight, buffer };
  const scopes = new Scopes(nodes);
  for (const node of nodes) {
    const failHere: Fail = (problem, cause) => fail(`${describe(node)}: ${problem}`, cause);
    const results = readNode(node, graph, values, scopes.of(node), failHere);
    for (const own of results) account(own, graph, failHere);
    for (const [i, name] of node.outputs.entries()) {
      if (name === '') continue;
      if (i >= results.length) continue;
      const own = results[i];
      // Weights of few bits are learned as the numbers that they stand for.
      const isWeight = node.operator === 'DequantizeLinear' && !('weight' in own) && isKnown(own);
      const isLearned = isWeight && own.dims.length > 0;
      values.set(name, isLearned ? turned(weights.dequantised(node.inputs[0], name, own)) : own);
    }
  }
  const found = outputs.map((name) => {
    const own = values.get(name);
    if (!own || 'weight' in own || isKnown(own))
      return fail(`output ${show(name)}: expected a value that depends on an input`);
    return { name, traced: own };
  });
  const [{ traced: last }] = found;
  const end = last.link?.of === last.value ? last.link : twoClasses(last);
  const link = outputs.length === 1 && end && options.links.includes(end.kind) ? end : undefined;
  const made = found.map(({ name, traced }) =>
    outputValue(link ? link.before : traced, images, (problem) => fail(`output ${show(name)}: ${problem}`)),
  );
  const ends = fuse(weights.settle(made));
  const results = new Map(found.map(({ name }, i) => [name, ends[i]]));
  // An input that nothing reads is not asked for.
  const used = new Set(nodesOf([...results.values()]));
  const given = new Map([...ports].filter(([, { node }]) => used.has(node)));
  const model = weights.fill((named) => {
    const names = nameScopes([...used]);
    return networkOf(WHERE, given, results, { seed: 0, names, named, streams: new Map() });
  }, used);
  return { model, ...(link && { link: link.kind }) };
}

/** Numbers that any graph may make while it is read, and how many more for each byte of its constants. */
const FREE_NUMBERS = 2 ** 23;
const MAX_REUSE = 4;
/** What each operation of ours counts for, in numbers. */
const NODE_COST = 64;

/** Counts what a node has made: arrays, numbers that stand in the graph, operations. */
function account(made: Given, { budget }: Tracing, fail: Fail): void {
  if ('weight' in made) return;
  if (isKnown(made)) budget.left -= made.values.length;
  else {
    for (const node of madeSince(budget.seen, made.value)) {
      budget.left -= NODE_COST;
      budget.seen = Math.max(budget.seen, node.order);
      for (const { shape } of node.outputs) {
        const size = elementsOf(shape.dims);
        if (!(size <= MAX_SIZE)) fail(`expected at most ${MAX_SIZE} numbers of a value, given ${size}`);
        if (!shape.rows) budget.left -= size;
      }
    }
  }
  if (budget.left < 0) fail('the graph makes more numbers than a file of this size may ask for');
}

/** Operations that a value is made of, those that were made after the one of this order. */
function madeSince(order: number, { node }: Value): Set<Node> {
  const found = new Set<Node>();
  const stack = [node];
  for (let own = stack.pop(); own; own = stack.pop()) {
    if (found.has(own) || own.order <= order) continue;
    found.add(own);
    for (const value of own.inputs) stack.push(value.node);
  }
  return found;
}

function turned(weight: Weight): Given {
  return { weight, axes: [...weight.array.dims.keys()] };
}

function readNode(
  node: OnnxNode,
  graph: Tracing,
  values: ReadonlyMap<string, Given>,
  scopes: readonly Scope[],
  fail: Fail,
): readonly Given[] {
  const operator = operators.get(keyOf(node))!;
  const { inputs, attributes } = node;
  if (inputs.length > operator.inputs)
    fail(`expected at most ${operator.inputs} inputs, given ${inputs.length}`);
  const used = node.outputs.length;
  if (used > (operator.outputs ?? 1) && node.outputs.slice(operator.outputs ?? 1).some((name) => name !== ''))
    fail('expected only its first output to be used');
  const seen = new Set<string>();
  for (const { name } of attributes) {
    if (!operator.attributes?.includes(name)) fail(`its attribute ${show(name)} is not understood`);
    if (seen.has(name)) fail(`its attribute ${show(name)} is given twice`);
    seen.add(name);
  }
  const given = inputs.map((name) => {
    if (name === '') return undefined;
    return values.get(name) ?? fail(`its input ${show(name)} is not supported: an output that is left out`);
  });
  try {
    const made = withinAll(scopes, () => operator.read(new NodeReader(node, graph, given, fail)));
    const list = Array.isArray(made) ? (made as readonly Given[]) : [made as Given];
    return node.operator === 'Sigmoid' ? list.map((own) => withSigmoid(own, given[0])) : list;
  } catch (error) {
    // What a graph cannot take names a function; here that is a node.
    if (!(error instanceof LanegradError) || error.message.includes(describe(node))) throw error;
    return fail(error.message, error);
  }
}

function withSigmoid(own: Given, before: Given | undefined): Given {
  const isRow = 'axes' in own && 'value' in own && own.axes.length === 2;
  if (!isRow || !before || !('value' in before)) return own;
  return { ...own, link: { kind: 'sigmoid', before, of: own.value } };
}

/** The layers that a node stands in, by its name: `/encoder/layer.0/MatMul`. */
class Scopes {
  readonly #owners = new Map<string, Scope>();
  /** How many nodes stand in each. */
  readonly #counts = new Map<string, number>();

  constructor(nodes: readonly OnnxNode[]) {
    for (const node of nodes) {
      if (node.operator === 'Constant') continue;
      for (const { path } of this.#paths(node)) this.#counts.set(path, (this.#counts.get(path) ?? 0) + 1);
    }
  }

  of(node: OnnxNode): readonly Scope[] {
    return this.#paths(node).map(({ path, name }) => {
      // What is all of a layer says what the layer is.
      const isAll = this.#counts.get(path) === 1 && name !== node.operator;
      const known = this.#owners.get(path) ?? { name, owner: {}, ...(isAll && { kind: node.operator }) };
      this.#owners.set(path, known);
      return known;
    });
  }

  #paths(node: OnnxNode): { readonly path: string; readonly name: string }[] {
    const segments = node.name.split(/[/.]+/).map((own) => own.replace(/[^\w:-]+/g, '_'));
    const own = segments.filter((segment) => segment !== '').slice(-MAX_SCOPES);
    if (own.length === 0) own.push(node.operator);
    return own.map((name, i) => ({ name, path: own.slice(0, i + 1).join('.') }));
  }
}

/** Layers within each other, at most; the innermost are kept. */
const MAX_SCOPES = 8;

interface InputContext {
  readonly inRow: boolean;
  readonly batch: number | undefined;
  readonly images: boolean;
  readonly nodes: readonly OnnxNode[];
  readonly options: TraceOptions;
}

/** Numbers that one input may have in a row: what fits in a WebAssembly memory. */
const MAX_SIZE = 2 ** 30;

function inputOf(
  { name, shape, elementType }: OnnxValue,
  { inRow, images, nodes, options }: InputContext,
  fail: Fail,
): { value: Value; traced: Traced } {
  const failHere: Fail = (problem) => fail(`input ${show(name)}: ${problem}`);
  if (elementType === dataTypes.string) failHere('strings are not supported');
  const kind = kindOf(elementType || dataTypes.float, failHere);
  const given = options.shapes.get(name);
  const declared = shape?.slice(Number(!inRow));
  const fits = (length: number | string | undefined, i: number) =>
    typeof length !== 'number' || length === given![i];
  if (given && declared && !(given.length === declared.length && declared.every(fits)))
    failHere(`expected shapes that go with [${declared.map((length) => length ?? '?')}], given [${given}]`);
  const own = given ?? declared ?? failHere('its shape is not known; give it as shapes');
  const dims = own.map((length) =>
    typeof length === 'number' && length >= 1
      ? length
      : failHere(`its shape has an open length, ${show(length ?? '?')}; give it as shapes`),
  );
  if (!(elementsOf(dims) <= MAX_SIZE)) failHere(`expected at most ${MAX_SIZE} numbers a row`);
  if (dims.length === 0) {
    const value = input([1], { name });
    return { value, traced: tracedOf(reshape(value, []), kind, inRow) };
  }
  const isImages =
    images &&
    dims.length === 3 &&
    !nodes.some((node) => node.operator === 'Transpose' && node.inputs[0] === name);
  if (!isImages) {
    const value = input(dims, { name });
    return { value, traced: tracedOf(value, kind, inRow) };
  }
  // Images have their channels last here.
  const [channels, height, width] = dims;
  const value = input([height, width, channels], { name });
  const traced = tracedOf(value, kind);
  return { value, traced: { ...traced, axes: [0, 3, 1, 2].map((axis) => traced.axes[axis]) } };
}

/** A value of the network, with its axes as in the file; images have their channels last. */
function outputValue(x: Traced, images: boolean, fail: Fail): Value {
  const parts = x.axes.map((own) => own.parts.join());
  const isImages = images && x.axes.length === 4 && parts.join(';') === '0;3;1;2' && shapeOf(x)[0] === BATCH;
  if (isImages) return x.value;
  const { value } = plain(x, fail);
  return value.shape.rows ? value : fail('it does not depend on an input');
}
