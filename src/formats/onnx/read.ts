/**
 * Reads an ONNX file as a sequential model: a chain of the operators that `write.ts` writes, and of what PyTorch and Keras
 * export for the same layers. Whatever is read is taken for hostile; what is not understood is refused, with the node's name.
 */
import { FormatError, LanegradError, show } from '../../errors.js';
import { binaryCrossEntropy, type Loss, lossOf, softmaxCrossEntropy } from '../../nn/losses.js';
import { type Sequential, sequential, setParameters } from '../../nn/sequential.js';
import { OptionReader } from '../../options.js';
import { makeLayer } from '../model.js';
import { type ModelMetadata, readDescription } from '../model-metadata.js';
import type { Fail } from '../protobuf.js';
import { Chain } from './chain.js';
import { addActivation, type Layers, operators } from './operators.js';
import { decodeModel, type OnnxModel, type OnnxValue, PRODUCER } from './proto.js';

/** Operators have meant what they mean here since then. */
const MIN_OPSET = 9;

/** What `readOnnx` makes of a file. */
export interface OnnxImport {
  readonly model: Sequential;
  /** How inputs are made and what classes are called, when the graph or the file's own metadata tell it. */
  readonly metadata: ModelMetadata;
  /**
   * Whether the graph ends with softmax or with sigmoid, which is then read as the link of a loss. The model ends before it: its outputs
   * are logits, and it remembers the loss, by which `predict` applies the link.
   */
  readonly softmax: boolean;
  readonly sigmoid: boolean;
}

/**
 * Rebuilds a model from an ONNX file's bytes. Weights become [in, out]; values wider or narrower than float32 are converted.
 *
 * @param where The file's name, for messages.
 * @throws FormatError, naming the node where there is one, when the file is not ONNX, its graph is not a chain of the operators
 *   that are known, shapes do not fit, or a value is NaN or infinite.
 */
export function readOnnx(bytes: Uint8Array, where: string): OnnxImport {
  const fail: Fail = (problem, cause) => {
    throw new FormatError(where, problem, { cause });
  };
  const onnx = decodeModel(bytes, fail);
  const opset = onnx.opsets.get('') ?? 0;
  if (opset < MIN_OPSET) fail(`expected operator set ${MIN_OPSET} or later, given ${opset}`);
  const chain = new Chain(onnx, fail);
  const read: Layers = { width: widthOf(chain.input, fail), steps: [], scale: undefined, softmax: false };
  while (!chain.done) readNext(chain, read);
  chain.end();
  const inputSize = read.inputSize ?? read.width;
  if (inputSize === undefined || read.steps.length === 0) return fail('the graph has no layer');

  try {
    const loss = lossOfGraph(read, onnx, fail);
    const sigmoid = loss?.link === 'sigmoid' && endsWithSigmoid(read);
    if (sigmoid) dropSigmoid(read);
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
    const metadata = readDescription(new OptionReader('metadata', given), model);
    return { model, metadata, softmax: read.softmax, sigmoid };
  } catch (error) {
    // Layers and options name the function at fault; here that is the file.
    if (!(error instanceof LanegradError) || error instanceof FormatError) throw error;
    return fail(error.message, error);
  }
}

function readNext(chain: Chain, read: Layers): void {
  const nodes = chain.next();
  const [node] = nodes;
  if (nodes.length === 2) {
    const [gate, product] = nodes[0].operator === 'Sigmoid' ? nodes : [nodes[1], nodes[0]];
    const factors = [chain.current, gate.outputs[0]];
    const isSilu =
      gate.operator === 'Sigmoid' &&
      product.operator === 'Mul' &&
      product.inputs.length === 2 &&
      factors.every((name) => product.inputs.includes(name));
    if (!isSilu) chain.failAt(product, 'expected a chain, given a branch');
    chain.pass(gate);
    chain.pass(product);
    addActivation(read, 'silu');
    return;
  }
  if (nodes.length > 2) chain.failAt(node, 'expected a chain, given a branch');
  const operator = node.domain ? undefined : operators.get(node.operator);
  if (!operator) {
    const known = [...operators.keys()].join(', ');
    chain.failAt(node, `this operator is not supported; expected one of ${known}`);
  }
  const output = node.outputs[0] ?? '';
  if (output === '') chain.failAt(node, 'it has no output');
  if (read.softmax && !['Identity', 'Cast'].includes(node.operator))
    chain.failAt(node, 'expected nothing after softmax');
  operator(node, chain, read);
  chain.pass(node);
}

/** What the outputs are: by the file's own metadata, or by the function that the graph ends with. */
function lossOfGraph(read: Layers, { metadata, producer }: OnnxModel, fail: Fail): Loss | undefined {
  const given = readProperty(metadata, 'loss', fail);
  if (given === undefined) {
    if (read.softmax) return softmaxCrossEntropy();
    // Our own files say so where it is a link.
    return producer !== PRODUCER && endsWithSigmoid(read) ? binaryCrossEntropy() : undefined;
  }
  if (typeof given !== 'object' || given === null)
    return fail(`metadata "loss": expected a loss, given ${show(given)}`);
  const loss = lossOf({ ...given });
  if (read.softmax && loss.link !== 'softmax')
    fail(`metadata "loss": ${show(loss.kind)}, but the graph ends with softmax`);
  return loss;
}

function endsWithSigmoid({ steps }: Layers): boolean {
  const { kind, config } = steps.at(-1) ?? {};
  // One that stands alone would leave no layer.
  if (kind === 'activation') return config?.name === 'sigmoid' && steps.length > 1;
  return kind === 'dense' && config?.activation === 'sigmoid';
}

function dropSigmoid({ steps }: Layers): void {
  const last = steps.pop()!;
  if (last.kind === 'dense') steps.push({ ...last, config: { ...last.config, activation: 'identity' } });
}

/** Values of a sample; undefined where the file does not say. */
function widthOf({ name, shape }: OnnxValue, fail: Fail): number | undefined {
  if (shape === undefined) return undefined;
  if (shape.length < 2) fail(`input ${show(name)}: expected a batch of samples, given ${shape.length} axes`);
  const own = shape.slice(1);
  if (!own.every((length): length is number => typeof length === 'number' && length >= 1)) return undefined;
  const width = own.reduce((product, length) => product * length, 1);
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
