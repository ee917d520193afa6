/**
 * A model as one safetensors file that rebuilds itself: parameters and buffers under the model's own names
 * (`0.weight`, `1.runningMean`, …), and under the metadata key `lanegrad` a JSON text with the layers'
 * options. It opens no file.
 *
 *   {"version":1,"inputSize":784,"seed":1,"layers":[{"kind":"dense","units":300,"activation":"sigmoid","bias":true}, …],
 *    "loss":{"kind":"softmaxCrossEntropy"},"input":{"scale":0.0039,"offset":0,"imageShape":[28,28]},"classNames":["0", …]}
 *
 * A model that is no list of our layers has its graph in place of them (nn/graph-file.ts), and so may its
 * loss (nn/loss-file.ts):
 *
 *   {"version":2,"seed":1,"graph":{"inputs":{"input":"0"},"outputs":{"output":"4"},"nodes":[{"op":"input","shape":[784]}, …]}, …}
 *
 * With several inputs there is, in place of "input", how the bytes of each were scaled:
 * "inputScales":{"image":{"scale":0.0039,"offset":0}}.
 *
 * Version 2 is written only where version 1 cannot say it: for a graph, a loss of one's own or of several
 * outputs, an input of several axes, and frozen parameters of a list of layers (`"frozen":["0.weight", …]`).
 *
 * Beside it stands under `lanegrad.numerics` the version of the numerics contract by which the values were
 * computed, 1 where it is absent. Nobody asks for it when a model is read: values are values.
 *
 * Whatever is read is taken for hostile: sizes are compared with the tensors before anything is allocated.
 */
import { isFloat32Array } from '../base/arrays.js';
import { DataError, FormatError, LanegradError, OptionError, show } from '../base/errors.js';
import { OptionReader } from '../base/options.js';
import { numericsKey, numericsVersion } from '../engine/numerics.js';
import { describeGraph } from '../nn/graph-file.js';
import { type GraphParameter, readGraph } from '../nn/graph-read.js';
import { isLayerKind, makeLayer } from '../nn/layers.js';
import { readLossFor } from '../nn/loss-read.js';
import { allValues, checkModel, type Network, setParameters } from '../nn/model.js';
import { isPlain, parametersOf, type Sequential, sequential } from '../nn/sequential.js';
import { setTrainable } from '../nn/values.js';
import { isLengths } from '../ops/read.js';
import { checkFile } from './bytes.js';
import {
  type BasicMetadata,
  type Description,
  describeModel,
  type MetadataSection,
  readDescription,
} from './model-metadata.js';
import { readSafetensors, type SafeTensor, type WritableTensor, writeSafetensors } from './safetensors.js';

const KEY = 'lanegrad';
const VERSIONS: readonly unknown[] = [1, 2];

/**
 * The bytes of a model's file, which hold what the model remembers too. The same model and metadata give the
 * same bytes.
 *
 * @param sections What the metadata may hold beside what any model's may.
 * @throws DataError when a parameter is NaN or infinite: such a model is of no use, and must not replace a
 * good one.
 * @throws OptionError for metadata that do not fit the model or what it remembers, or a loss that could not
 * be read back.
 */
export function writeModel(
  model: Network,
  metadata: BasicMetadata = {},
  sections: readonly MetadataSection[] = [],
): Uint8Array {
  const where = 'writeModel';
  checkModel(where, model);
  const extra = describeModel(where, model, metadata, sections);
  const tensors = new Map<string, WritableTensor>();
  for (const { name, shape, values } of allValues(model)) {
    checkFinite(name, values, (message) => new DataError(where, message));
    tensors.set(name, { dtype: 'F32', shape, data: values });
  }
  const { seed } = model;
  const description = isPlain(model)
    ? describeLayers(where, model, extra)
    : { version: 2, seed, graph: describeGraph(model), ...extra };
  return writeSafetensors(tensors, {
    [KEY]: JSON.stringify(description),
    [numericsKey]: `${numericsVersion}`,
  });
}

/** A list of layers: version 1 where that can say everything, with its bytes. */
function describeLayers(where: string, model: Sequential, extra: Description) {
  const layers = model.layers.map(({ kind, config }) => {
    if (!isLayerKind(kind)) throw new OptionError(where, `a layer of kind ${show(kind)} cannot be saved`);
    return { kind, ...config };
  });
  const [{ shape }] = model.inputs;
  const inputSize = shape.length === 1 ? model.inputSize : shape;
  const frozen = model.parameters.filter(({ trainable }) => trainable === false).map(({ name }) => name);
  const isOld =
    shape.length === 1 && frozen.length === 0 && !['own', 'several'].includes(`${extra.loss?.kind}`);
  const rest = { ...(frozen.length > 0 && { frozen }), ...extra };
  return { version: isOld ? 1 : 2, inputSize, seed: model.seed, layers, ...rest };
}

/**
 * Rebuilds a model from its file's bytes, with what it remembers: `model.loss`, and `model.input` or
 * `model.inputScales`.
 *
 * @param where The file's name, for messages.
 * @param sections As for `writeModel`; the file may hold no others.
 * @throws FormatError when the file is not safetensors, has no description of a model or one that this
 * version cannot
 *   read, lacks or adds tensors, or holds a value that is NaN or infinite.
 */
export function readModel(
  bytes: Uint8Array,
  where: string,
  sections: readonly MetadataSection[] = [],
): { model: Network; metadata: BasicMetadata } {
  const { tensors, metadata } = readSafetensors(checkFile('readModel', bytes, where), where);
  try {
    const description = new OptionReader(`metadata ${show(KEY)}`, parseDescription(metadata[KEY], where));
    const version = readVersion(description, where);
    const check = (parameters: readonly GraphParameter[]) => checkTensors(parameters, tensors, where);
    const model = readNetwork(description, version, check);
    setParameters(model, asParameters(tensors, where));
    return { model, metadata: readDescription(description, model, readLossFor, sections) };
  } catch (error) {
    // Layers and options name the function at fault; here that is the file.
    if (!(error instanceof LanegradError) || error instanceof FormatError) throw error;
    throw new FormatError(where, error.message, { cause: error });
  }
}

/** @internal The network of a description, without its values. `check` is called before any is allocated. */
export function readNetwork(
  description: OptionReader,
  version: unknown,
  check: (parameters: readonly GraphParameter[]) => void,
): Network {
  const graph = version === 1 ? undefined : description.optional('graph', 'a graph', isObject);
  return graph
    ? readGraph('graph', graph, description.integer('seed', { min: 0 }), check)
    : readLayers(description, version, check);
}

function parseDescription(text: string | undefined, where: string): unknown {
  if (text === undefined) {
    throw new FormatError(where, `expected a model saved by lanegrad: the metadata have no key ${show(KEY)}`);
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new FormatError(where, `metadata ${show(KEY)}: not JSON: ${(cause as Error).message}`, { cause });
  }
}

function readVersion(description: OptionReader, where: string): unknown {
  const expected = `version ${VERSIONS.join(' or ')}`;
  const version = description.required('version', expected);
  if (VERSIONS.includes(version)) return version;
  throw new FormatError(where, `expected a model of ${expected}, given version ${show(version)}`);
}

/**
 * A list of layers; since version 2 for inputs of several axes too, and with the names of parameters that are
 * frozen.
 */
function readLayers(
  description: OptionReader,
  version: unknown,
  check: (parameters: readonly GraphParameter[]) => void,
): Sequential {
  const lengths = version === 1 ? undefined : description.any('inputSize');
  const inputSize = isList(lengths)
    ? description.required('inputSize', 'a list of lengths of at least 1', isLengths)
    : description.integer('inputSize', { min: 1 });
  const seed = description.integer('seed', { min: 0 });
  const layers = description.required('layers', 'a list of layers', isList).map(makeLayer);
  const frozen = version === 1 ? undefined : description.optional('frozen', 'names of parameters', isList);
  check(parametersOf('layers', inputSize, layers));
  const model = sequential(inputSize, layers, { seed });
  for (const name of frozen ?? []) {
    const parameter = model.parameters.find((own) => own.name === name);
    if (!parameter) throw new OptionError('frozen', `the model has no parameter ${show(name)}`);
    setTrainable(parameter, false);
  }
  return model;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

/** Compares the parameters' shapes with the tensors' before a model is built of them. */
function checkTensors(
  parameters: readonly GraphParameter[],
  tensors: ReadonlyMap<string, SafeTensor>,
  where: string,
): void {
  for (const { name, shape } of parameters) {
    const tensor = tensors.get(name);
    if (!tensor) throw new FormatError(where, `tensor ${show(name)} is missing`);
    if (tensor.dtype !== 'F32' || tensor.shape.join() !== shape.join()) {
      const given = `${tensor.dtype} [${tensor.shape.join(', ')}]`;
      throw new FormatError(
        where,
        `tensor ${show(name)}: expected F32 [${shape.join(', ')}], given ${given}`,
      );
    }
  }
}

function asParameters(tensors: ReadonlyMap<string, SafeTensor>, where: string) {
  const parameters = new Map<string, { shape: readonly number[]; values: Float32Array }>();
  for (const [name, { shape, data }] of tensors) {
    if (!isFloat32Array(data)) throw new FormatError(where, `tensor ${show(name)} is not the model's`);
    checkFinite(name, data, (message) => new FormatError(where, message));
    parameters.set(name, { shape, values: data });
  }
  return parameters;
}

function checkFinite(name: string, values: Float32Array, fail: (message: string) => Error): void {
  const at = values.findIndex((value) => !Number.isFinite(value));
  if (at >= 0) throw fail(`tensor ${show(name)}: expected finite values, given ${values[at]} at ${at}`);
}
