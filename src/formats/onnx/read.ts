/**
 * Reads an ONNX file as a model: the operators that `write.ts` writes for layers, and what PyTorch and Keras
 * export for the same, from one input to one output. Each node adds to what makes its input (reading.ts), and
 * of that a model is made (build.ts). Whatever is read is taken for hostile; what is not understood is
 * refused, with the node's name.
 */
import { checkBytes, elementsOf, isMap } from '../../base/arrays.js';
import { FormatError, LanegradError, OptionError, show } from '../../base/errors.js';
import { OptionReader } from '../../base/options.js';
import { lossOf } from '../../nn/loss-config.js';
import { readLossFor } from '../../nn/loss-read.js';
import { binaryCrossEntropy, type Loss, softmaxCrossEntropy } from '../../nn/losses.js';
import { freeze, type Network } from '../../nn/model.js';
import { checkFile } from '../bytes.js';
import { type BasicMetadata, type MetadataSection, readDescription } from '../model-metadata.js';
import type { Fail } from '../protobuf.js';
import { buildModel } from './build.js';
import { decodeModel } from './decode.js';
import { EMBEDDING, embeddingOperator, OWN_DOMAIN } from './embeddings.js';
import { Flow } from './flow.js';
import { ShapeNumbers } from './fold.js';
import { imageOperators } from './image-operators.js';
import { joined } from './joined.js';
import { joins, readJoin } from './joins.js';
import type { Operator } from './operator.js';
import { rowOperators } from './operators.js';
import { type OnnxModel, type OnnxNode, type OnnxValue, PRODUCER } from './proto.js';
import { Reading, Source } from './reading.js';
import { traceModel } from './trace/model.js';

/** Operators have meant what they mean to layers since then. */
const MIN_OPSET = 9;

/** What `readOnnx` makes of a file. */
export interface OnnxImport {
  /** A list of layers, which `isSequential` tells, where they stand in a row. */
  readonly model: Network;
  /** How inputs are made and what classes are called, when the graph or the file's own metadata tell it. */
  readonly metadata: BasicMetadata;
  /**
   * Whether the graph ends with softmax or with sigmoid, which is then read as the link of a loss. The model
   * ends before it: its outputs are logits, and it remembers the loss, by which `predict` applies the link.
   */
  readonly softmax: boolean;
  readonly sigmoid: boolean;
}

/** A section of the metadata that may have nodes of its own before and behind the model's layers. */
export interface FramedSection<T = unknown> extends MetadataSection<T> {
  /**
   * The model without these nodes, if it has them. Throws OptionError for a section that cannot be read; fails
   * for nodes that are others than it says.
   */
  withoutFrame(onnx: OnnxModel, given: unknown, fail: Fail): OnnxModel;
}

/** How `readOnnx` reads a file. */
export interface ReadOnnxOptions {
  /**
   * The bytes of the files beside the model that hold its weights, such as `model.onnx.data`, by the paths
   * that `onnxDataFiles` gives. None by default. `loadOnnx` of lanegrad/node reads them itself.
   */
  externalData?: ReadonlyMap<string, Uint8Array>;
  /**
   * Lengths of one row's axes for inputs that leave some open, such as the length of a text: `{ input_ids: [128] }`.
   * The batch is always open.
   */
  shapes?: Readonly<Record<string, readonly number[]>>;
}

/**
 * Rebuilds a model from an ONNX file's bytes. Weights become [in, out], kernels [height, width, in, out];
 * values wider or narrower than float32 are converted. Images have their channels last, whatever the file
 * says. Values of an input [batch, …] of more than two axes become one row, as Flatten makes it, where no
 * operator on images reads them.
 *
 * @param where The file's name, for messages.
 * @param sections What the metadata may hold beside what any model's may, and stands around the layers.
 * @throws FormatError, naming the node where there is one, when the file is not ONNX, its graph has other
 *   operators than those that are known, or several inputs or outputs, shapes do not fit, a value is NaN or
 *   infinite, or weights are in a file that was not given, or is too short.
 * @throws OptionError for `bytes` that are none, and unknown options.
 */
export function readOnnx(
  bytes: Uint8Array,
  where: string,
  options?: ReadOnnxOptions,
  sections: readonly FramedSection[] = [],
): OnnxImport {
  const file = checkFile('readOnnx', bytes, where);
  const { externalData, shapes } = readOptions(options);
  const fail: Fail = (problem, cause) => {
    throw new FormatError(where, problem, { cause });
  };
  const onnx = withoutFrame(decodeModel(file, fail, externalData), sections, fail);
  const fileBytes = [file, ...externalData.values()].reduce((total, { length }) => total + length, 0);
  let asLayers: FormatError | undefined;
  try {
    if (shapes.size === 0) return readLayers(joined(onnx, fail), fileBytes, sections, fail);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    asLayers = error;
  }
  try {
    return readGraph(onnx, shapes, sections, fail);
  } catch (error) {
    if (!(error instanceof FormatError) || !asLayers) throw error;
    throw isOfLayers(onnx) ? asLayers : error;
  }
}

/** Whether what is wrong with a graph is best said in terms of layers. */
function isOfLayers({ nodes, inputs, outputs, initializers, opsets }: OnnxModel): boolean {
  // What is older is read as a graph only.
  if ((opsets.get('') ?? 0) < MIN_OPSET) return false;
  const constants = new Set(initializers.map(({ name }) => name));
  const isOne = outputs.length === 1 && inputs.filter(({ name }) => !constants.has(name)).length === 1;
  const known = (name: string) => operators.has(name) || joins.includes(name) || name === 'Constant';
  return isOne && nodes.every(({ domain, operator }) => !domain && known(operator));
}

/** As layers of ours, one after the other or joined. */
function readLayers(
  onnx: OnnxModel,
  fileBytes: number,
  sections: readonly FramedSection[],
  fail: Fail,
): OnnxImport {
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
  return finished(fail, () => {
    const loss = lossOfGraph(read.softmax, read.endsWithSigmoid, onnx, fail);
    const sigmoid = loss?.link === 'sigmoid' && read.endsWithSigmoid;
    if (sigmoid) read.dropSigmoid();
    read.restoreOrder();
    const model = buildModel(read.step!, inputShape);
    // What the graph does counts, of what it scales the metadata know the shape.
    const metadata = metadataOf(onnx, model, { loss, scale: source.scale, sections }, fail);
    return { model, metadata, softmax: read.softmax, sigmoid };
  });
}

/** As operations, any way that they are joined. */
function readGraph(
  onnx: OnnxModel,
  shapes: ReadonlyMap<string, readonly number[]>,
  sections: readonly FramedSection[],
  fail: Fail,
): OnnxImport {
  return finished(fail, () => {
    const keepsLink = onnx.producer !== PRODUCER || onnx.metadata.has('loss');
    const buffers = new Set(namesIn(onnx, 'buffers', fail));
    const { model, link, classNames } = traceModel(onnx, { shapes, keepsLink, buffers }, fail);
    const [softmax, sigmoid] = [link === 'softmax', link === 'sigmoid'];
    const loss = lossOfGraph(softmax, sigmoid, onnx, fail);
    return {
      model,
      metadata: metadataOf(onnx, model, { loss, names: classNames, sections }, fail),
      softmax,
      sigmoid,
    };
  });
}

/** What the graph and the reader of it know, beside what the metadata say. */
interface Known {
  readonly loss: Pick<Loss, 'config'> | undefined;
  readonly scale?: Source['scale'];
  readonly names?: readonly string[] | undefined;
  readonly sections: readonly FramedSection[];
}

/** Names of initializers in our own files' metadata. */
function namesIn({ metadata, producer }: OnnxModel, key: string, fail: Fail): readonly string[] {
  const given = producer === PRODUCER ? readProperty(metadata, key, fail) : undefined;
  if (given === undefined) return [];
  if (Array.isArray(given) && given.every((name) => typeof name === 'string')) return given;
  return fail(`metadata ${show(key)}: expected a list of names, given ${show(given)}`);
}

/** What was frozen is so again, where the model's parameters are called as the file's are. */
function freezeAgain(onnx: OnnxModel, model: Network, fail: Fail): void {
  const names = namesIn(onnx, 'frozen', fail);
  const known = new Set(onnx.initializers.map(({ name }) => name));
  if (names.length === 0 || !model.parameters.every(({ name }) => known.has(name))) return;
  const own = new Set(names);
  const found = model.parameters.filter(({ name }) => own.has(name)).map(({ name }) => name);
  if (found.length > 0) freeze(model, found);
}

function metadataOf(onnx: OnnxModel, model: Network, known: Known, fail: Fail): BasicMetadata {
  freezeAgain(onnx, model, fail);
  const { loss, scale, names, sections } = known;
  const property = (name: string) => readProperty(onnx.metadata, name, fail);
  const [input, inputScales] = [property('input'), property('inputScales')];
  const classNames = property('classNames') ?? names;
  const given = {
    ...(loss && { loss: loss.config }),
    ...(input !== undefined && { input }),
    ...(scale && { input: { ...(typeof input === 'object' ? input : {}), ...scale } }),
    ...(inputScales !== undefined && model.inputs.length > 1 && { inputScales }),
    ...(classNames !== undefined && { classNames }),
    ...sectionsIn(onnx, sections, fail),
  };
  return readDescription(new OptionReader('metadata', given), model, readLossFor, sections);
}

/** Layers and options name the function at fault; here that is the file. */
function finished<T>(fail: Fail, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof LanegradError) || error instanceof FormatError) throw error;
    return fail(error.message, error);
  }
}

/**
 * The files beside an ONNX file that hold its weights, as paths from its folder with slashes; none of them
 * leads out of it. Empty for a file that holds all of its weights itself.
 *
 * @param where The file's name, for messages.
 * @throws FormatError when the file is not ONNX, or names a path that could lead out of its folder.
 */
export function onnxDataFiles(bytes: Uint8Array, where: string): string[] {
  const { initializers, nodes } = decodeModel(checkFile('onnxDataFiles', bytes, where), (problem, cause) => {
    throw new FormatError(where, problem, { cause });
  });
  const attributes = nodes.flatMap((node) => node.attributes.flatMap(({ tensor }) => tensor ?? []));
  return [...new Set([...initializers, ...attributes].flatMap(({ external }) => external?.location ?? []))];
}

function readOptions(options: unknown): {
  externalData: ReadonlyMap<string, Uint8Array>;
  shapes: ReadonlyMap<string, readonly number[]>;
} {
  const reader = new OptionReader('readOnnx', options);
  const given = reader.optional('externalData', 'a map of paths and bytes', isMap);
  const shapes = reader.optional('shapes', 'lengths by the names of inputs', isShapes) ?? {};
  reader.end();
  const externalData = Array.from(given ?? [], ([path, bytes]): [string, Uint8Array] => {
    if (typeof path !== 'string')
      throw new OptionError('readOnnx', `externalData: expected paths as keys, given ${show(path)}`);
    return [path, checkBytes('readOnnx', `externalData, ${show(path)}`, bytes)];
  });
  return { externalData: new Map(externalData), shapes: new Map(Object.entries(shapes)) };
}

function isShapes(value: unknown): value is Readonly<Record<string, readonly number[]>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.values(value).every(
    (own) => Array.isArray(own) && own.every((length) => Number.isSafeInteger(length) && length >= 1),
  );
}

/** What the file says of the sections, by their names. */
function sectionsIn(
  { metadata }: OnnxModel,
  sections: readonly FramedSection[],
  fail: Fail,
): Record<string, unknown> {
  const own = sections.map(({ name }) => [name, readProperty(metadata, name, fail)] as const);
  return Object.fromEntries(own.filter(([, given]) => given !== undefined));
}

/** The model's layers, without what prepares their inputs. */
function withoutFrame(onnx: OnnxModel, sections: readonly FramedSection[], fail: Fail): OnnxModel {
  const given = sectionsIn(onnx, sections, fail);
  try {
    return sections.reduce(
      (model, section) =>
        section.name in given ? section.withoutFrame(model, given[section.name], fail) : model,
      onnx,
    );
  } catch (error) {
    if (error instanceof OptionError) return fail(`metadata: ${error.message}`, error);
    throw error;
  }
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

/** What the outputs are: by the file's own metadata, or by the function that the graph ends with. */
function lossOfGraph(
  softmax: boolean,
  sigmoid: boolean,
  { metadata, producer }: OnnxModel,
  fail: Fail,
): Pick<Loss, 'config' | 'link'> | undefined {
  const given = readProperty(metadata, 'loss', fail);
  if (given === undefined) {
    if (softmax) return softmaxCrossEntropy();
    // Our own files say so where it is a link.
    return producer !== PRODUCER && sigmoid ? binaryCrossEntropy() : undefined;
  }
  if (typeof given !== 'object' || given === null)
    return fail(`metadata "loss": expected a loss, given ${show(given)}`);
  const isOwn = 'kind' in given && (given.kind === 'own' || given.kind === 'several');
  const loss = isOwn ? linkOf(given, fail) : lossOf({ ...given });
  if (softmax && loss.link !== 'softmax')
    fail(`metadata "loss": ${show(loss.config.kind)}, but the graph ends with softmax`);
  return loss;
}

/** Of a loss of one's own, or of several outputs, which are read when there is a model: its link. */
function linkOf(given: object, fail: Fail): Pick<Loss, 'config' | 'link'> {
  const config = given as Loss['config'] & { readonly link?: unknown };
  const { link = 'identity' } = config;
  if (link === 'identity' || link === 'softmax' || link === 'sigmoid') return { config, link };
  return fail(`metadata "loss": expected a link, given ${show(link)}`);
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

/** A JSON text of the file's metadata. */
function readProperty(metadata: ReadonlyMap<string, string>, key: string, fail: Fail): unknown {
  const text = metadata.get(key);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch (cause) {
    return fail(`metadata ${show(key)}: not JSON`, cause);
  }
}
