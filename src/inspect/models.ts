/** What there is to see in a model, from its own file or from ONNX. */

import { FormatError, LanegradError } from '../base/errors.js';
import type { ImageShape } from '../base/image-shape.js';
import type { InputFormat } from '../formats/model-metadata.js';
import { decodeModel } from '../formats/onnx/decode.js';
import { dataTypes, type OnnxNode, type OnnxTensor } from '../formats/onnx/proto.js';
import { floatValues, intValues } from '../formats/onnx/values.js';
import type { Fail } from '../formats/protobuf.js';
import { convolutionsOf } from '../nn/convolutions.js';
import { allValues, type Network } from '../nn/model.js';
import { isPlain, type Sequential } from '../nn/sequential.js';
import { lengthsOf, sizesOf, summary, titleOf } from '../nn/summary.js';
import { weightsSha256 } from '../run/weights.js';
import { preparationFacts } from '../tables/inspect.js';
import type { ModelMetadata } from '../tables/model-file.js';
import { type OnnxImport, readOnnx } from '../tables/onnx-read.js';
import { drawGraph } from './graph-text.js';
import type { InspectedTensor, Inspection, ModelReport, Pictures } from './types.js';

/** Layers, inputs and parameters; the first weights as pictures where inputs are images. */
export async function inspectModel(
  path: string,
  { model, metadata }: { model: Network; metadata: ModelMetadata },
): Promise<Inspection> {
  const report = await describeModel(model, metadata);
  const { input, classNames, table } = metadata;
  const { loss } = model;
  const facts: [string, string][] = [
    ['file', 'model'],
    ...(isPlain(model) ? layerFacts(model) : endFacts(model)),
    ['parameters', model.parameterCount.toLocaleString('en-US')],
    ['seed', String(model.seed)],
  ];
  if (loss) facts.push(['loss', `${loss.kind}${configText({ ...loss.config, kind: undefined })}`]);
  if (input)
    facts.push([
      'input',
      `raw * ${input.scale} + ${input.offset}${input.imageShape ? `, images ${input.imageShape.join('x')}` : ''}`,
    ]);
  if (classNames) facts.push(['classes', classNames.join(' ')]);
  if (table) facts.push(...preparationFacts(table));
  facts.push(['weights sha256', report.weightsSha256]);
  return {
    path,
    kind: 'model',
    facts,
    model: report,
    ...(!isPlain(model) && { graph: drawGraph(model) }),
    tensors: modelTensors(model, greyShape(input?.imageShape)),
  };
}

/** Of images with channels a row of weights is no picture. */
function greyShape(shape: InputFormat['imageShape']): readonly [number, number] | undefined {
  return shape && shape.length === 2 ? [shape[0], shape[1]] : undefined;
}

function layerFacts(model: Sequential): [string, string][] {
  return [
    ['layers', titleOf(model)],
    ...model.layers.map(({ kind, config }, index): [string, string] => [
      `layer ${index}`,
      `${kind} ${lengthsOf(model.shapes[index])} to ${lengthsOf(model.shapes[index + 1])}${configText(config)}`,
    ]),
  ];
}

/** Of a model that is no list of layers, which is drawn. */
function endFacts(model: Network): [string, string][] {
  return [
    ...model.inputs.map(({ name, shape }): [string, string] => ['input', `${name} ${lengthsOf(shape)}`]),
    ...model.outputs.map(({ name, shape }): [string, string] => ['output', `${name} ${lengthsOf(shape)}`]),
  ];
}

async function describeModel(model: Network, metadata: ModelMetadata): Promise<ModelReport> {
  const { seed, parameterCount } = model;
  const sizes = sizesOf(model);
  const layers = summary(model).layers.map(({ name, kind, inputSize, outputSize, parameters }, index) =>
    isPlain(model)
      ? { kind, ...model.layers[index].config, inputSize, outputSize, parameters }
      : { name, kind, inputSize, outputSize, parameters },
  );
  return {
    sizes,
    parameters: parameterCount,
    seed,
    layers,
    metadata,
    ...(model.loss && { loss: model.loss.config }),
    weightsSha256: await weightsSha256(model),
  };
}

/**
 * A file that cannot become a model is shown all the same, with the reason; so is one whose weights beside it
 * cannot be read.
 */
export async function inspectOnnx(
  path: string,
  bytes: Uint8Array,
  readFiles: () => Promise<Map<string, Uint8Array>>,
): Promise<Inspection> {
  const fail: Fail = (problem) => {
    throw new FormatError(path, problem);
  };
  let externalData = new Map<string, Uint8Array>();
  const { verdict, model } = await importable(path, async () => {
    externalData = await readFiles();
    return readOnnx(bytes, path, { externalData });
  });
  const onnx = decodeModel(bytes, fail, externalData);
  const shape = (dims: readonly (number | string | undefined)[] = []) =>
    `[${dims.map((dim) => dim ?? '?').join(', ')}]`;
  const facts: [string, string][] = [
    ['file', `ONNX, IR version ${onnx.irVersion}`],
    ['opset', [...onnx.opsets].map(([domain, version]) => `${domain || 'ai.onnx'} ${version}`).join(', ')],
    ['producer', `${onnx.producer} ${onnx.producerVersion}`.trim() || 'unknown'],
    ...onnx.inputs.map(({ name, shape: dims }): [string, string] => ['input', `${name} ${shape(dims)}`]),
    ...onnx.outputs.map(({ name, shape: dims }): [string, string] => ['output', `${name} ${shape(dims)}`]),
    ['nodes', operatorCounts(onnx.nodes)],
    ['import', verdict],
  ];
  const tensors = onnx.initializers.map((tensor): InspectedTensor => {
    const { name, dims, dataType } = tensor;
    const dtype = Object.entries(dataTypes).find(([, code]) => code === dataType)?.[0] ?? `type ${dataType}`;
    return { name, dtype, shape: dims, values: tensor.external ? [] : onnxValues(tensor, dtype, fail) };
  });
  return { path, kind: 'onnx', facts, ...(model && { graph: drawGraph(model) }), tensors };
}

/** `12 Conv, 3 Relu`: the most frequent first. */
function operatorCounts(nodes: readonly OnnxNode[]): string {
  const counts = new Map<string, number>();
  for (const { operator } of nodes) counts.set(operator, (counts.get(operator) ?? 0) + 1);
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .map(([operator, count]) => `${count} ${operator}`)
    .join(', ');
}

/** Numbers of a type that is known; of others there is nothing to say. */
function onnxValues(tensor: OnnxTensor, dtype: string, fail: Fail): ArrayLike<number> {
  if (dtype === 'int64' || dtype === 'int32') return intValues(tensor, fail);
  return ['float', 'double', 'float16', 'bfloat16'].includes(dtype) ? floatValues(tensor, fail) : [];
}

interface Verdict {
  readonly verdict: string;
  readonly model?: Network;
}

async function importable(path: string, read: () => Promise<OnnxImport>): Promise<Verdict> {
  try {
    const { model, softmax, sigmoid } = await read();
    const end = softmax ? 'softmax' : sigmoid ? 'sigmoid' : undefined;
    const link = end ? `, its ${end} as the link of ${model.loss?.kind}` : '';
    return { verdict: `possible: ${titleOf(model)}${link}`, model };
  } catch (error) {
    if (!(error instanceof LanegradError)) throw error;
    return { verdict: `not possible: ${error.message.replace(`${path}: `, '')}` };
  }
}

function modelTensors(model: Network, imageShape: ImageShape | undefined): InspectedTensor[] {
  const [first] = convolutionsOf(model);
  return allValues(model).map(({ name, layer, shape, values }) => {
    const tensor = { name, dtype: 'F32', shape, values };
    const pictures = first
      ? name === first.weight?.name && filterPictures(shape, values)
      : layer === 0 && imageShape && unitPictures(shape, values, imageShape);
    return pictures ? { ...tensor, pictures } : tensor;
  });
}

/** The units of a first dense layer, by the pixels that they look at. */
function unitPictures(
  shape: readonly number[],
  values: Float32Array,
  [height, width, channels = 1]: ImageShape,
): Pictures | undefined {
  if (shape.length !== 2 || channels !== 1 || shape[0] !== height * width) return undefined;
  const units = shape[1];
  return { count: units, height, width, at: (unit, pixel) => values[pixel * units + unit] };
}

/** Kernels [height, width, in, out] of a first convolution: in colour with three channels, else their means. */
function filterPictures(
  [height, width, depth, count]: readonly number[],
  values: Float32Array,
): Pictures | undefined {
  if (height * width === 1) return undefined;
  const one = (filter: number, pixel: number, channel: number) =>
    values[(pixel * depth + channel) * count + filter];
  const common = { count, height, width, signed: true } as const;
  if (depth === 3) return { ...common, channels: 3, at: one };
  const channels = Array.from({ length: depth }, (_, channel) => channel);
  const at = (filter: number, pixel: number) =>
    channels.reduce((sum, channel) => sum + one(filter, pixel, channel), 0) / depth;
  return { ...common, at };
}

function configText(config: Readonly<Record<string, unknown>>): string {
  const parts = Object.entries(config)
    .filter(([name, value]) => name !== 'units' && value !== undefined)
    .map(([name, value]) => `${name} ${typeof value === 'object' ? JSON.stringify(value) : value}`);
  return parts.length > 0 ? `, ${parts.join(', ')}` : '';
}
