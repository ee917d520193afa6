/**
 * Reads a graph as layers: the operators that `write.ts` writes for them, and what PyTorch and Keras export for the
 * same, from one input to one output. Each node adds to what makes its input (reading.ts), and of that a model
 * is made (build.ts).
 */
import { elementsOf } from '../../base/arrays.js';
import { show } from '../../base/errors.js';
import type { Fail } from '../protobuf.js';
import type { PortNames } from './build.js';
import { EMBEDDING, embeddingOperator, OWN_DOMAIN } from './embeddings.js';
import { Flow } from './flow.js';
import { ShapeNumbers } from './fold.js';
import { imageOperators } from './image-operators.js';
import { joins, readJoin } from './joins.js';
import type { Operator } from './operator.js';
import { rowOperators } from './operators.js';
import type { OnnxModel, OnnxNode, OnnxValue } from './proto.js';
import { Reading, Source, type Step } from './reading.js';

/** Operators have meant what they mean to layers since then. */
const MIN_OPSET = 9;

/** Whether what is wrong with a graph is best said in terms of layers. */
export function isOfLayers({ nodes, inputs, outputs, initializers, opsets }: OnnxModel): boolean {
  // What is older is read as a graph only.
  if ((opsets.get('') ?? 0) < MIN_OPSET) return false;
  const constants = new Set(initializers.map(({ name }) => name));
  const isOne = outputs.length === 1 && inputs.filter(({ name }) => !constants.has(name)).length === 1;
  const known = (name: string) => operators.has(name) || joins.includes(name) || name === 'Constant';
  return isOne && nodes.every(({ domain, operator }) => !domain && known(operator));
}

/** A graph as layers. */
interface ReadSteps {
  readonly read: Reading;
  /** What makes the output. */
  readonly step: Step;
  /** Of one row. */
  readonly inputShape: readonly number[];
  readonly ports: PortNames;
}

/** Throws by `fail` for what is no row of layers, nor such rows joined. */
export function readSteps(onnx: OnnxModel, fileBytes: number, fail: Fail): ReadSteps {
  const opset = onnx.opsets.get('') ?? 0;
  if (opset < MIN_OPSET) fail(`expected operator set ${MIN_OPSET} or later, given ${opset}`);
  const flow = new Flow(onnx, fail);
  const first = inputOf(onnx, flow, opset, fileBytes, fail);
  const { source } = first;
  const read = readNodes(flow, first);
  read.settlePadding();
  if (read.layout === 'open') read.decide(source.inputLayout ?? 'first', fail);
  const inputShape = source.inputShape ?? (read.width === undefined ? undefined : [read.width]);
  if (inputShape === undefined || !read.step) return fail('the graph has no layer');
  const ports = { input: flow.input.name, output: flow.output.name };
  return { read, step: read.step, inputShape, ports };
}

/** By name, of the default domain. */
const operators: ReadonlyMap<string, Operator> = new Map([...rowOperators, ...imageOperators]);

/** The graph's input, of which nothing is made yet. */
function inputOf(onnx: OnnxModel, { input }: Flow, opset: number, fileBytes: number, fail: Fail): Reading {
  const width = widthOf(input, fail);
  const { shape } = input;
  const rank = shape?.length ?? 2;
  const batch = typeof shape?.[0] === 'number' ? shape[0] : undefined;
  const dims = width === undefined ? undefined : (shape!.slice(1) as number[]);
  const isImages = dims?.length === 3 && onnx.nodes.some(({ operator }) => operators.get(operator)?.ofImages);
  const source = new Source(opset, batch, fileBytes);
  return new Reading(source, { dims, rank, width, layout: isImages ? 'open' : 'rows' });
}

/** All nodes, each after those whose values it reads; returns what makes the output. */
function readNodes(flow: Flow, first: Reading): Reading {
  const shapes = new ShapeNumbers(flow);
  const values = new Map<string, Reading>([[flow.input.name, first]]);
  const made = new Map<string, OnnxNode | undefined>([[flow.input.name, undefined]]);
  for (const node of flow.nodes()) {
    const names = [...new Set(node.inputs)].filter((name) => values.has(name));
    const [output = ''] = node.outputs;
    if (node.operator === 'Shape' && !node.domain && names.length === 1) {
      if (output !== '') shapes.setShape(node, values.get(names[0])!);
      flow.pass(node);
      continue;
    }
    if (names.length === 0) {
      if (shapes.fold(node)) flow.pass(node);
      continue;
    }
    // A value that its shape, too, is asked of has one reader still.
    const readers = (name: string) =>
      flow.consumers(name).filter(({ operator }) => operator !== 'Shape').length;
    const own = names.map((name) => values.get(name)!.copy(readers(name) === 1));
    const read =
      own.length > 1 ? readSeveral(node, flow, own) : readOne(node, flow, names[0], own[0], shapes);
    flow.pass(node);
    values.set(output, read);
    made.set(output, node);
  }
  flow.end(made);
  return values.get(flow.output.name)!;
}

function readSeveral(node: OnnxNode, flow: Flow, values: readonly Reading[]): Reading {
  if (node.domain || !joins.includes(node.operator)) {
    flow.failAt(
      node,
      `this operator is not supported where it reads a branch; expected one of ${joins.join(', ')}`,
    );
  }
  checkAttributes(node, node.operator === 'Concat' ? ['axis'] : [], flow);
  if ((node.outputs[0] ?? '') === '') flow.failAt(node, 'it has no output');
  return readJoin(node, flow, values);
}

function readOne(node: OnnxNode, flow: Flow, name: string, read: Reading, shapes: ShapeNumbers): Reading {
  const isJoined = node.domain === OWN_DOMAIN && node.operator === EMBEDDING;
  const operator = isJoined ? embeddingOperator : node.domain ? undefined : operators.get(node.operator);
  if (!operator) {
    const known = [...operators.keys()].join(', ');
    return flow.failAt(node, `this operator is not supported; expected one of ${known}`);
  }
  if ((node.outputs[0] ?? '') === '') flow.failAt(node, 'it has no output');
  if (read.softmax && !['Identity', 'Cast'].includes(node.operator))
    flow.failAt(node, 'expected nothing after softmax');
  checkForm(node, operator, flow, name);
  if (!operator.takesPadding) read.settlePadding();
  operator.read(node, flow, read, shapes);
  return read;
}

/**
 * The values before a node must be what the operator works on, and all that the node says must be understood.
 */
function checkForm(node: OnnxNode, operator: Operator, flow: Flow, name: string): void {
  const { inputs } = node;
  if (inputs.length > operator.inputs) {
    flow.failAt(node, `expected at most ${operator.inputs} inputs, given ${inputs.length}`);
  }
  const place = inputs.indexOf(name);
  if (place !== inputs.lastIndexOf(name))
    flow.failAt(node, 'expected the values before it once, and a constant');
  if (place > 0 && !operator.symmetric) flow.failAt(node, 'expected the values before it as its first input');
  checkAttributes(node, operator.attributes, flow);
}

function checkAttributes(node: OnnxNode, known: readonly string[], flow: Flow): void {
  const seen = new Set<string>();
  for (const { name } of node.attributes) {
    if (!known.includes(name)) flow.failAt(node, `its attribute ${show(name)} is not understood`);
    if (seen.has(name)) flow.failAt(node, `its attribute ${show(name)} is given twice`);
    seen.add(name);
  }
}

/** Values of a sample; undefined where the file does not say. */
function widthOf({ name, shape }: OnnxValue, fail: Fail): number | undefined {
  if (shape === undefined) return undefined;
  if (shape.length < 2) fail(`input ${show(name)}: expected a batch of samples, given ${shape.length} axes`);
  const own = shape.slice(1);
  if (!own.every((length): length is number => typeof length === 'number' && length >= 1)) return undefined;
  const width = elementsOf(own);
  return Number.isSafeInteger(width) ? width : fail(`input ${show(name)}: its shape overflows`);
}
