/**
 * Reads an ONNX file as a sequential model: a chain of the operators that `write.ts` writes, and of what
 * PyTorch and Keras export for the same layers. Whatever is read is taken for hostile; what is not understood
 * is refused, with the node's name.
 */
import { checkBytes, elementsOf, isMap } from '../../base/arrays.js';
import { FormatError, LanegradError, OptionError, show } from '../../base/errors.js';
import { OptionReader } from '../../base/options.js';
import { makeLayer } from '../../nn/layers.js';
import { lossOf } from '../../nn/loss-config.js';
import { readLossFor } from '../../nn/loss-read.js';
import { binaryCrossEntropy, type Loss, softmaxCrossEntropy } from '../../nn/losses.js';
import { setParameters } from '../../nn/model.js';
import { type Sequential, sequential } from '../../nn/sequential.js';
import { checkFile } from '../bytes.js';
import { type BasicMetadata, readDescription } from '../model-metadata.js';
import type { Fail } from '../protobuf.js';
import { Chain } from './chain.js';
import { decodeModel } from './decode.js';
import { type Operator, operators } from './operators.js';
import { type OnnxModel, type OnnxNode, type OnnxValue, PRODUCER } from './proto.js';
import { Reading } from './reading.js';

/** Operators have meant what they mean here since then. */
const MIN_OPSET = 9;

/** What `readOnnx` makes of a file. */
export interface OnnxImport {
  readonly model: Sequential;
  /** How inputs are made and what classes are called, when the graph or the file's own metadata tell it. */
  readonly metadata: BasicMetadata;
  /**
   * Whether the graph ends with softmax or with sigmoid, which is then read as the link of a loss. The model
   * ends before it: its outputs are logits, and it remembers the loss, by which `predict` applies the link.
   */
  readonly softmax: boolean;
  readonly sigmoid: boolean;
}

/** How `readOnnx` reads a file. */
export interface ReadOnnxOptions {
  /**
   * The bytes of the files beside the model that hold its weights, such as `model.onnx.data`, by the paths
   * that `onnxDataFiles` gives. None by default. `loadOnnx` of lanegrad/node reads them itself.
   */
  externalData?: ReadonlyMap<string, Uint8Array>;
}

/**
 * Rebuilds a model from an ONNX file's bytes. Weights become [in, out]; values wider or narrower than float32
 * are converted. Values of an input [batch, …] of more than two axes become one row, as Flatten makes it.
 *
 * @param where The file's name, for messages.
 * @throws FormatError, naming the node where there is one, when the file is not ONNX, its graph is not a
 * chain of the operators
 *   that are known, shapes do not fit, a value is NaN or infinite, or weights are in a file that was not given, or is too short.
 * @throws OptionError for `bytes` that are none, and unknown options.
 */
export function readOnnx(bytes: Uint8Array, where: string, options?: ReadOnnxOptions): OnnxImport {
  const file = checkFile('readOnnx', bytes, where);
  const externalData = readOptions(options);
  const fail: Fail = (problem, cause) => {
    throw new FormatError(where, problem, { cause });
  };
  const onnx = decodeModel(file, fail, externalData);
  const opset = onnx.opsets.get('') ?? 0;
  if (opset < MIN_OPSET) fail(`expected operator set ${MIN_OPSET} or later, given ${opset}`);
  const chain = new Chain(onnx, fail);
  const fileBytes = [file, ...externalData.values()].reduce((total, { length }) => total + length, 0);
  const rank = chain.input.shape?.length ?? 2;
  const read = new Reading(opset, rank, widthOf(chain.input, fail), fileBytes);
  while (!chain.done) readNext(chain, read);
  chain.end();
  const inputSize = read.inputSize ?? read.width;
  if (inputSize === undefined || read.steps.length === 0) return fail('the graph has no layer');

  try {
    const loss = lossOfGraph(read, onnx, fail);
    const sigmoid = loss?.link === 'sigmoid' && read.endsWithSigmoid;
    if (sigmoid) read.dropSigmoid();
    const layers = read.steps.map(({ kind, config }, index) => makeLayer({ kind, ...config }, index));
    const model = sequential(inputSize, layers);
    setParameters(
      model,
      new Map(
        read.steps.flatMap(({ parameters }, index) =>
          [...parameters].map(([name, tensor]) => [`${index}.${name}`, tensor] as const),
        ),
      ),
    );
    const input = readProperty(onnx.metadata, 'input', fail);
    const classNames = readProperty(onnx.metadata, 'classNames', fail);
    const given = {
      ...(loss && { loss: loss.config }),
      ...(input !== undefined && { input }),
      // What the graph does counts, of what it scales the metadata know the shape.
      ...(read.scale && { input: { ...(typeof input === 'object' ? input : {}), ...read.scale } }),
      ...(classNames !== undefined && { classNames }),
    };
    const metadata = readDescription(new OptionReader('metadata', given), model, readLossFor);
    return { model, metadata, softmax: read.softmax, sigmoid };
  } catch (error) {
    // Layers and options name the function at fault; here that is the file.
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

function readOptions(options: unknown): ReadonlyMap<string, Uint8Array> {
  const reader = new OptionReader('readOnnx', options);
  const given = reader.optional('externalData', 'a map of paths and bytes', isMap);
  reader.end();
  return new Map(
    Array.from(given ?? [], ([path, bytes]) => {
      if (typeof path !== 'string')
        throw new OptionError('readOnnx', `externalData: expected paths as keys, given ${show(path)}`);
      return [path, checkBytes('readOnnx', `externalData, ${show(path)}`, bytes)];
    }),
  );
}

function readNext(chain: Chain, read: Reading): void {
  const nodes = chain.next();
  const [node] = nodes;
  if (nodes.length === 2) {
    readSilu(chain, read, nodes);
    return;
  }
  if (nodes.length > 2) chain.failAt(node, 'expected a chain, given a branch');
  const operator = node.domain ? undefined : operators.get(node.operator);
  if (!operator) {
    const known = [...operators.keys()].join(', ');
    chain.failAt(node, `this operator is not supported; expected one of ${known}`);
  }
  if ((node.outputs[0] ?? '') === '') chain.failAt(node, 'it has no output');
  if (read.softmax && !['Identity', 'Cast'].includes(node.operator))
    chain.failAt(node, 'expected nothing after softmax');
  checkForm(node, operator, chain);
  operator.read(node, chain, read);
  chain.pass(node);
}

/** What the outputs are: by the file's own metadata, or by the function that the graph ends with. */
function lossOfGraph(read: Reading, { metadata, producer }: OnnxModel, fail: Fail): Loss | undefined {
  const given = readProperty(metadata, 'loss', fail);
  if (given === undefined) {
    if (read.softmax) return softmaxCrossEntropy();
    // Our own files say so where it is a link.
    return producer !== PRODUCER && read.endsWithSigmoid ? binaryCrossEntropy() : undefined;
  }
  if (typeof given !== 'object' || given === null)
    return fail(`metadata "loss": expected a loss, given ${show(given)}`);
  const loss = lossOf({ ...given });
  if (read.softmax && loss.link !== 'softmax')
    fail(`metadata "loss": ${show(loss.kind)}, but the graph ends with softmax`);
  return loss;
}

/**
 * The values before a node must be what the operator works on, and all that the node says must be understood.
 */
function checkForm(node: OnnxNode, operator: Operator, chain: Chain): void {
  const { inputs, attributes } = node;
  if (inputs.length > operator.inputs) {
    chain.failAt(node, `expected at most ${operator.inputs} inputs, given ${inputs.length}`);
  }
  const place = inputs.indexOf(chain.current);
  if (place !== inputs.lastIndexOf(chain.current))
    chain.failAt(node, 'expected the values before it once, and a constant');
  if (place > 0 && !operator.symmetric)
    chain.failAt(node, 'expected the values before it as its first input');
  const seen = new Set<string>();
  for (const { name } of attributes) {
    if (!operator.attributes.includes(name))
      chain.failAt(node, `its attribute ${show(name)} is not understood`);
    if (seen.has(name)) chain.failAt(node, `its attribute ${show(name)} is given twice`);
    seen.add(name);
  }
}

/** x · sigmoid(x): the one pattern in which two nodes read a value. */
function readSilu(chain: Chain, read: Reading, nodes: readonly OnnxNode[]): void {
  const [gate, product] = nodes[0].operator === 'Sigmoid' ? nodes : [nodes[1], nodes[0]];
  const isPlain = ({ domain, attributes }: OnnxNode) => !domain && attributes.length === 0;
  const isSilu =
    nodes.every(isPlain) &&
    gate.operator === 'Sigmoid' &&
    gate.inputs.length === 1 &&
    product.operator === 'Mul' &&
    product.inputs.length === 2 &&
    [chain.current, gate.outputs[0]].every((name) => product.inputs.includes(name));
  if (!isSilu || read.softmax) chain.failAt(product, 'expected a chain, given a branch');
  chain.pass(gate);
  chain.pass(product);
  read.addActivation('silu');
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
