/**
 * Reads an ONNX file as a model: as layers of ours where its graph is made of such (read-layers.ts), else as
 * operations, whatever its form (trace/). Whatever is read is taken for hostile; what is not understood is refused,
 * with the node's name.
 */
import { checkBytes, isMap } from '../../base/arrays.js';
import { FormatError, LanegradError, OptionError, show } from '../../base/errors.js';
import { didYouMean, OptionReader } from '../../base/options.js';
import { lossOf } from '../../nn/loss-config.js';
import { readLossFor } from '../../nn/loss-read.js';
import { binaryCrossEntropy, type Loss, softmaxCrossEntropy } from '../../nn/losses.js';
import { freeze, type Network } from '../../nn/model.js';
import { checkFile } from '../bytes.js';
import { type BasicMetadata, type MetadataSection, readDescription } from '../model-metadata.js';
import type { Fail } from '../protobuf.js';
import { buildModel } from './build.js';
import { decodeModel } from './decode.js';
import { joined } from './joined.js';
import { type OnnxModel, PRODUCER } from './proto.js';
import { isOfLayers, readSteps } from './read-layers.js';
import type { Source } from './reading.js';
import { traceModel } from './trace/model.js';

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
 *   operators than those that are known, leaves a length open, shapes do not fit, a value is NaN or
 *   infinite, or weights are in a file that was not given, or is too short.
 * @throws OptionError for `bytes` that are none, unknown options, and shapes of inputs that there are not.
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
  checkShapes(shapes, onnx);
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
    throw isOfLayers(onnx) && !leavesLengthOpen(onnx) ? asLayers : error;
  }
}

/** Whether `shapes` is what is asked for. */
function leavesLengthOpen({ inputs }: OnnxModel): boolean {
  return inputs.some(({ shape }) => shape?.slice(1).some((length) => typeof length !== 'number'));
}

/** What is named must be there: a name that is misspelt would change nothing. */
function checkShapes(shapes: ReadonlyMap<string, readonly number[]>, { inputs }: OnnxModel): void {
  const names = inputs.map(({ name }) => name);
  for (const name of shapes.keys()) {
    if (names.includes(name)) continue;
    const known = `${didYouMean(name, names) || ';'} its inputs are ${names.join(', ')}`;
    throw new OptionError('readOnnx', `shapes: the graph has no input ${show(name)}${known}`);
  }
}

/** As layers of ours, one after the other or joined. */
function readLayers(
  onnx: OnnxModel,
  fileBytes: number,
  sections: readonly FramedSection[],
  fail: Fail,
): OnnxImport {
  const { read, step, inputShape, ports } = readSteps(onnx, fileBytes, fail);
  return finished(fail, () => {
    const loss = lossOfGraph(read.softmax, read.endsWithSigmoid, onnx, fail);
    const sigmoid = loss?.link === 'sigmoid' && read.endsWithSigmoid;
    if (sigmoid) read.dropSigmoid();
    read.restoreOrder();
    const model = buildModel(read.step ?? step, inputShape, ports);
    // What the graph does counts, of what it scales the metadata know the shape.
    const metadata = metadataOf(onnx, model, { loss, scale: read.source.scale, sections }, fail);
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
    const links = linksOf(onnx, fail);
    const buffers = new Set(namesIn(onnx, 'buffers', fail));
    const { model, link, classNames } = traceModel(onnx, { shapes, links, buffers }, fail);
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

/** What at a graph's end is a loss's own function: another is the network's, and stays. */
function linksOf(onnx: OnnxModel, fail: Fail): readonly Loss['link'][] {
  if (onnx.metadata.has('loss')) return [lossOfGraph(false, false, onnx, fail)!.link];
  return onnx.producer === PRODUCER ? [] : ['softmax', 'sigmoid'];
}

/** Of a loss of one's own, or of several outputs, which are read when there is a model: its link. */
function linkOf(given: object, fail: Fail): Pick<Loss, 'config' | 'link'> {
  const config = given as Loss['config'] & { readonly link?: unknown };
  const { link = 'identity' } = config;
  if (link === 'identity' || link === 'softmax' || link === 'sigmoid') return { config, link };
  return fail(`metadata "loss": expected a link, given ${show(link)}`);
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
