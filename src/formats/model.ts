/**
 * A model as one safetensors file that rebuilds itself: parameters and buffers under the model's own names (`0.weight`,
 * `1.runningMean`, …), and under the metadata key `lanegrad` a JSON text with the layers' options. It opens no file.
 *
 *   {"version":1,"inputSize":784,"seed":1,"layers":[{"kind":"dense","units":300,"activation":"sigmoid","bias":true}, …],
 *    "loss":{"kind":"softmaxCrossEntropy"},"input":{"scale":0.0039,"offset":0,"imageShape":[28,28]},"classNames":["0", …]}
 *
 * Whatever is read is taken for hostile: sizes are compared with the tensors before anything is allocated.
 */
import { isFloat32Array } from '../base/arrays.js';
import { DataError, FormatError, LanegradError, OptionError, show } from '../base/errors.js';
import { OptionReader } from '../base/options.js';
import type { Layer } from '../nn/layer.js';
import { isOwnLayer } from '../nn/layer.js';
import { isLayerKind, makeLayer } from '../nn/layers.js';
import { allValues, checkModel, setParameters } from '../nn/model.js';
import { batchNorm, layerNorm } from '../nn/normalization.js';
import { parametersOf, type Sequential, sequential } from '../nn/sequential.js';
import { checkFile } from './bytes.js';
import {
  type BasicMetadata,
  describeModel,
  type MetadataSection,
  readDescription,
} from './model-metadata.js';
import { readSafetensors, type SafeTensor, type WritableTensor, writeSafetensors } from './safetensors.js';

const KEY = 'lanegrad';
const VERSION = 1;

/**
 * The bytes of a model's file, which hold what the model remembers too. The same model and metadata give the same bytes.
 *
 * @param sections What the metadata may hold beside what any model's may.
 * @throws DataError when a parameter is NaN or infinite: such a model is of no use, and must not replace a good one.
 * @throws OptionError for metadata that do not fit the model or what it remembers, or a layer or loss that could not be read back.
 */
export function writeModel(
  model: Sequential,
  metadata: BasicMetadata = {},
  sections: readonly MetadataSection[] = [],
): Uint8Array {
  const where = 'writeModel';
  checkModel(where, model);
  const { inputSize, seed } = model;
  const layers = model.layers.map((layer) => {
    const { kind, config } = layer;
    if (!isLayerKind(kind) || isOwnLayer(layer))
      throw new OptionError(where, `a layer of kind ${show(kind)} cannot be saved`);
    return { kind, ...config };
  });
  const extra = describeModel(where, model, metadata, sections);
  const tensors = new Map<string, WritableTensor>();
  for (const { name, shape, values } of allValues(model)) {
    checkFinite(name, values, (message) => new DataError(where, message));
    tensors.set(name, { dtype: 'F32', shape, data: values });
  }
  const description = { version: VERSION, inputSize, seed, layers, ...extra };
  return writeSafetensors(tensors, { [KEY]: JSON.stringify(description) });
}

/**
 * Rebuilds a model from its file's bytes, with what it remembers: `model.loss` and `model.input`.
 *
 * @param where The file's name, for messages.
 * @param sections As for `writeModel`; the file may hold no others.
 * @throws FormatError when the file is not safetensors, has no description of a model or one that this version cannot
 *   read, lacks or adds tensors, or holds a value that is NaN or infinite.
 */
export function readModel(
  bytes: Uint8Array,
  where: string,
  sections: readonly MetadataSection[] = [],
): { model: Sequential; metadata: BasicMetadata } {
  const { tensors, metadata } = readSafetensors(checkFile('readModel', bytes, where), where);
  try {
    const description = new OptionReader(`metadata ${show(KEY)}`, parseDescription(metadata[KEY], where));
    checkVersion(description, where);
    const inputSize = description.integer('inputSize', { min: 1 });
    const seed = description.integer('seed', { min: 0 });
    const layers = description.required('layers', 'a list of layers', isList).map(makeLayer);
    checkTensors(inputSize, layers, tensors, where);
    const model = sequential(inputSize, layers, { seed });
    setParameters(model, asParameters(tensors, where));
    return { model, metadata: readDescription(description, model, sections) };
  } catch (error) {
    // Layers and options name the function at fault; here that is the file.
    if (!(error instanceof LanegradError) || error instanceof FormatError) throw error;
    throw new FormatError(where, error.message, { cause: error });
  }
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

function checkVersion(description: OptionReader, where: string): void {
  const version = description.required('version', `version ${VERSION}`, (value): value is unknown => true);
  if (version !== VERSION) {
    throw new FormatError(where, `expected a model of version ${VERSION}, given version ${show(version)}`);
  }
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

/** Compares the layers' shapes with the tensors' before a model is built of them. */
function checkTensors(
  inputSize: number,
  layers: readonly Layer[],
  tensors: ReadonlyMap<string, SafeTensor>,
  where: string,
): void {
  for (const { name, shape } of parametersOf(where, inputSize, layers)) {
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
