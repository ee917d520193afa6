/**
 * A model as an ONNX file, which ONNX Runtime and others run: one operator or a few a layer, weights [in,
 * out] as they are.
 *
 *   input [batch, inputSize] → (Mul, Add: raw values scaled) → Gemm, Relu, … → (Softmax) → output [batch, outputSize]
 *
 * Any other model is written operation by operation (nodes.ts), its inputs and outputs under their own names;
 * images have their channels first where an operator of ONNX's reads them (images.ts, layouts.ts).
 *
 * Operator set and IR version are the lowest that its operators need (opsets.ts): 13 and 7 for most models. It
 * opens no file.
 */
import { DataError, OptionError, show } from '../../base/errors.js';
import { OptionReader } from '../../base/options.js';
import { mergeLora } from '../../nn/lora.js';
import { OF_MODEL } from '../../nn/loss-file.js';
import { describeLoss } from '../../nn/losses.js';
import { allValues, checkModel, type Network, type Parameter } from '../../nn/model.js';
import { isPlain, type Sequential } from '../../nn/sequential.js';
import {
  type BasicMetadata,
  type Description,
  describeModel,
  type MetadataSection,
  sectionsOf,
} from '../model-metadata.js';
import { GraphBuilder } from './graph.js';
import { layerWriters } from './layers.js';
import type { Layout } from './layouts.js';
import { settleOpset } from './opsets.js';
import { dataTypes, encodeModel, ML_DOMAIN, ML_OPSET, type OnnxValue, PRODUCER } from './proto.js';
import { checkNames, inputLayouts, type MadeOutput, writeNodes } from './write-graph.js';

const WHERE = 'writeOnnx';
/** A protocol buffer's own limit. */
const MAX_BYTES = 2 ** 31 - 1;

/** A section of the metadata that has a form in ONNX of its own. */
export interface OnnxSection<T = unknown> extends MetadataSection<T> {
  frame(section: T): OnnxFrame;
}

/** What stands before and behind a model's layers in the file. */
export interface OnnxFrame {
  /** Of the outputs, where the metadata have none. */
  readonly classNames?: readonly string[];
  /** Whether the outputs are classes, else a number; it is then called `prediction`. */
  readonly classifies: boolean;
  /** With `rawInputs`: adds what makes the model's inputs of raw values. Returns the graph's inputs. */
  begin(graph: GraphBuilder): OnnxValue[];
  /** With `rawInputs`: adds what makes raw values of the model's outputs. */
  end(graph: GraphBuilder): void;
  /** Throws OptionError for inputs that are called as something inside the graph is. */
  checkNames(inputs: readonly OnnxValue[], graph: GraphBuilder): void;
}

/** How `writeOnnx` writes a model. */
export interface WriteOnnxOptions {
  /** Kept in the file's own metadata; how inputs are made is also used by `rawInputs`. */
  metadata?: BasicMetadata;
  /**
   * Take raw values and prepare them inside: pixels from 0 to 255, scaled as `metadata.input` says, or what a
   * section of the metadata says. false by default.
   */
  rawInputs?: boolean;
  /**
   * End with softmax over the outputs, which are then called `probabilities` in place of `logits`; false by
   * default.
   */
  softmax?: boolean;
}

/**
 * The bytes of an ONNX file. Its input is `input`, float32 [batch, inputSize]; its output `logits` or, after
 * softmax, `probabilities`, float32 [batch, outputSize]; `batch` is free. Layers that only matter in training
 * are left out. A model that is no list of our layers has its inputs and outputs by their names, each [batch,
 * …]. Images that go into a convolution or the like are [batch, channels, height, width], as are images that
 * come from one; the file's metadata say so as `layout`. Low-rank updates are merged, as `mergeLora` does.
 *
 * @param sections What the metadata may hold beside what any model's may; the first that is there frames the
 *   layers.
 * @throws DataError when a parameter is NaN or infinite.
 * @throws OptionError for `rawInputs` without metadata that say how, `softmax` of a regression, either for a
 *   model of several inputs or outputs, a layer or operation that ONNX cannot express, or a file of 2 GiB or
 *   more.
 */
export function writeOnnx(
  source: Network,
  options?: WriteOnnxOptions,
  sections: readonly OnnxSection[] = [],
): Uint8Array {
  checkModel(WHERE, source);
  const model = mergeLora(source);
  const reader = new OptionReader(WHERE, options);
  const given = reader.optional('metadata', "a model's metadata", (value): value is object => true);
  const rawInputs = reader.boolean('rawInputs', false);
  const softmax = reader.boolean('softmax', false);
  reader.end();
  const metadata = describeModel(WHERE, model, given ?? {}, sections);
  checkParameters(model);
  if (softmax && model.loss && model.loss.link !== 'softmax') {
    throw new OptionError(
      WHERE,
      `option softmax: expected a model that classifies, given one trained with ${describeLoss(model.loss)}`,
    );
  }

  if ((rawInputs && model.inputs.length > 1) || (softmax && model.outputs.length > 1)) {
    const what =
      rawInputs && model.inputs.length > 1
        ? 'rawInputs: expected a model of one input'
        : 'softmax: expected a model of one output';
    throw new OptionError(WHERE, `option ${what}`);
  }
  const graph = new GraphBuilder(
    model.inputs[0].name,
    allValues(model).map(({ name }) => name),
  );
  const port = ({ name, shape }: Network['inputs'][number], layout?: Layout): OnnxValue => ({
    name,
    elementType: dataTypes.float,
    shape: ['batch', ...(layout === 'first' ? [shape[2], shape[0], shape[1]] : shape)],
  });
  const [frame] = sectionsOf(metadata, sections).map(([section, value]) => section.frame(value));
  const chain = isChain(model) ? model : undefined;
  const layouts = chain ? [] : inputLayouts(WHERE, model);
  let inputs = model.inputs.map((own, i) => port(own, layouts[i]));
  if (rawInputs && frame) inputs = frame.begin(graph);
  else if (rawInputs) writeScaling(graph, metadata, sections);
  const isRegression = frame?.classifies === false;
  if (isRegression && softmax)
    throw new OptionError(WHERE, 'option softmax: expected a model that classifies, given a regression');
  const end = softmax ? 'probabilities' : isRegression ? 'prediction' : 'logits';
  const finish = (axis: number) => {
    if (softmax) graph.apply('Softmax', [], [{ name: 'axis', int: axis }]);
    if (rawInputs) frame?.end(graph);
  };
  let outputs: OnnxValue[];
  let made: readonly MadeOutput[] = [];
  if (chain) {
    outputs = [port({ name: end, shape: model.outputs[0].shape })];
    writeLayers(graph, chain);
    finish(-1);
    graph.end(end);
  } else {
    const others = model.inputs.slice(1);
    made = writeNodes(WHERE, model, graph, [graph.current, ...others.map(({ name }) => name)]);
    const isRow = isPlain(model) && model.outputs[0].shape.length === 1;
    outputs = model.outputs.map((own, i) =>
      port({ ...own, name: softmax || isRow ? end : own.name }, made[i].layout),
    );
    checkNames(
      WHERE,
      graph,
      [...inputs, ...outputs].map(({ name }) => name),
    );
    for (const [i, { name }] of outputs.entries()) {
      graph.current = made[i].name;
      if (outputs.length === 1) finish(made[i].layout === 'first' ? 1 : -1);
      graph.nodes.push({
        ...{ name: `/Identity/${name}`, operator: 'Identity' },
        ...{ inputs: [graph.current], outputs: [name], attributes: [] },
      });
    }
  }
  frame?.checkNames(inputs, graph);
  const { opset, irVersion, nodes, initializers } = settleOpset(graph.nodes);
  const encoded = encodeModel({
    irVersion,
    producer: PRODUCER,
    producerVersion: '',
    opsets: new Map([
      ['', opset],
      ...(graph.nodes.some(({ domain }) => domain) ? [[ML_DOMAIN, ML_OPSET] as const] : []),
    ]),
    metadata: describe(metadata, sections, frame, {
      ...layoutOf([
        ...imagesOf(rawInputs && frame ? [] : inputs, layouts),
        ...imagesOf(
          outputs,
          made.map(({ layout }) => layout),
        ),
      ]),
      ...constantsOf(model),
    }),
    graphName: chain ? 'sequential' : 'network',
    nodes,
    initializers: [...graph.initializers, ...initializers],
    inputs,
    outputs,
  });
  if (encoded.length > MAX_BYTES) {
    throw new OptionError(WHERE, `expected a file of at most ${MAX_BYTES} bytes, given ${encoded.length}`);
  }
  return encoded.finish();
}

/**
 * Whether it is written layer by layer, as version 1 of our own files: rows of numbers, and nothing else, go
 * through a list of our layers.
 */
function isChain(model: Network): model is Sequential {
  return isPlain(model) && model.shapes.every(({ length }) => length === 1);
}

/** Of inputs or outputs that are images, the order of their axes, by name. */
function imagesOf(values: readonly OnnxValue[], layouts: readonly Layout[]): [name: string, order: string][] {
  return values.flatMap(({ name, shape }, i): [string, string][] =>
    shape?.length === 4 ? [[name, layouts[i] === 'first' ? 'NCHW' : 'NHWC']] : [],
  );
}

/** Each layer by its kind. */
function writeLayers(graph: GraphBuilder, model: Sequential): void {
  const values = new Map<string, Parameter>(allValues(model).map((own) => [own.name, own]));
  for (const [index, layer] of model.layers.entries()) {
    const write = layerWriters.get(layer.kind);
    if (!write) throw new OptionError(WHERE, `a layer of kind ${show(layer.kind)} has no form in ONNX`);
    graph.scope = `/${index}`;
    const constant = (name: string) => {
      const found = values.get(`${index}.${name}`);
      return found && graph.parameter(found.name, found.shape, found.values);
    };
    const own = (name: string) => values.get(`${index}.${name}`)?.values;
    write(graph, { config: layer.config, width: model.sizes[index], index, constant, values: own });
  }
  graph.scope = '';
}

/** Whether a loss of one's own reads values within the model, whose places another graph does not have. */
function readsModel(config: object): boolean {
  const { parts, nodes, result } = config as {
    readonly parts?: Readonly<Record<string, { readonly loss: object }>>;
    readonly nodes?: readonly { readonly of?: readonly string[] }[];
    readonly result?: string;
  };
  const names = [...(nodes ?? []).flatMap(({ of = [] }) => of), result ?? ''];
  return (
    names.some((name) => name.startsWith(OF_MODEL)) ||
    Object.values(parts ?? {}).some(({ loss }) => readsModel(loss))
  );
}

function layoutOf(images: readonly [name: string, order: string][]): object {
  return images.length > 0 ? { layout: Object.fromEntries(images) } : {};
}

/**
 * Which initializers are not trained, which ONNX has no word for: parameters that are frozen, and what is no
 * parameter; of a list of layers its layers say the latter.
 */
function constantsOf(model: Network): object {
  const named = (own: readonly Parameter[]) => own.map(({ name }) => name);
  const frozen = named(model.parameters.filter(({ trainable }) => trainable === false));
  const buffers = isChain(model) ? [] : named(model.buffers);
  return { ...(frozen.length > 0 && { frozen }), ...(buffers.length > 0 && { buffers }) };
}

/** What the graph does not say, as JSON texts: what `readOnnx` gives back, and the order of images' axes. */
function describe(
  description: Description,
  sections: readonly OnnxSection[],
  frame: OnnxFrame | undefined,
  more: object,
): Map<string, string> {
  const { input, inputScales, classNames = frame?.classNames } = description;
  const loss = description.loss && readsModel(description.loss) ? undefined : description.loss;
  const own = sectionsOf(description, sections).map(([{ name }, value]) => [name, value] as const);
  const all = [...Object.entries({ loss, input, inputScales, classNames, ...more }), ...own];
  const pairs = all.filter(([, value]) => value !== undefined);
  return new Map(pairs.map(([key, value]) => [key, JSON.stringify(value)]));
}

function checkParameters(model: Network): void {
  for (const { name, values } of allValues(model)) {
    const at = values.findIndex((value) => !Number.isFinite(value));
    if (at >= 0)
      throw new DataError(WHERE, `parameter ${name}: expected finite values, given ${values[at]} at ${at}`);
  }
}

/** In the kernels' order: a product that is rounded, then the sum. */
function writeScaling(graph: GraphBuilder, { input }: BasicMetadata, sections: readonly OnnxSection[]): void {
  if (!input) {
    const places = ['input', ...sections.map(({ name }) => name)].map((name) => `metadata.${name}`);
    throw new OptionError(
      WHERE,
      `option rawInputs: expected ${places.join(' or ')}, which say how raw values are prepared`,
    );
  }
  graph.scope = '/input';
  graph.apply('Mul', [graph.floats('input.scale', [], Float32Array.of(input.scale))]);
  if (input.offset !== 0)
    graph.apply('Add', [graph.floats('input.offset', [], Float32Array.of(input.offset))]);
}
