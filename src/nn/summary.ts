/** A model in a table: its layers, their outputs and parameters. For people, and as data for programs. */

import { nodesOf } from '../graph/value.js';
import { checkModel, graphOf, type Network, type Parameter } from './model.js';
import { isPlain, isSequential, type Sequential } from './sequential.js';
import { type LayerSummary, multiplyAddsOf, summarizeGraph } from './summary-graph.js';
import { formatBytes, grid } from './table.js';
import { valuesOf } from './values.js';

export type { LayerSummary } from './summary-graph.js';

/** What `summary` tells of a model. */
export interface ModelSummary {
  readonly inputSize: number;
  readonly outputSize: number;
  /**
   * Of a model that is no list of layers: its outermost layers, and what is computed between them, in order.
   */
  readonly layers: readonly LayerSummary[];
  /** Values of the parameters of all layers; those of a layer that is called twice count once. */
  readonly parameters: number;
  /** How many of them are frozen; absent where none is. */
  readonly frozen?: number;
  readonly buffers: number;
  /** Of the parameters, as float32. */
  readonly bytes: number;
  /** Of all layers, for each row. */
  readonly multiplyAdds: number;
  /** The table, as text of several lines. */
  toString(): string;
}

/**
 * What a model is made of. `String(summary(model))` is a table for people. Throws OptionError for something
 * that is no model.
 */
export function summary(model: Network): ModelSummary {
  checkModel('summary', model);
  const frozen = countFrozen(model.parameters);
  const layers = isPlain(model) ? summarizeLayers(model) : summarizeGraph(model);
  const result = {
    inputSize: model.inputSize,
    outputSize: model.outputSize,
    layers,
    parameters: model.parameterCount,
    ...(frozen > 0 && { frozen }),
    buffers: model.buffers.reduce((total, buffer) => total + valuesOf(buffer).length, 0),
    bytes: 4 * model.parameterCount,
    multiplyAdds: layers.reduce((total, own) => total + own.multiplyAdds, 0),
  };
  // Not a property of the data: JSON and comparisons do not see it.
  return Object.defineProperty(result, 'toString', {
    value: () => (isPlain(model) ? drawLayers(result, model) : drawGraph(result, model)),
  });
}

function summarizeLayers(model: Sequential): LayerSummary[] {
  const parameters = countByLayer(model.parameters);
  const buffers = countByLayer(model.buffers);
  const frozen = countByLayer(model.parameters.filter(({ trainable }) => trainable === false));
  const work = new Map<number, number>();
  for (const node of nodesOf(graphOf('summary', model).outputs)) {
    // A layer's scope is named by its place.
    const index = Number(node.scopes[0]?.name);
    work.set(index, (work.get(index) ?? 0) + multiplyAddsOf(node));
  }
  return model.layers.map((layer, index): LayerSummary => {
    return {
      name: String(index),
      kind: layer.kind,
      options: describeOptions(layer.config, model.shapes[index + 1]),
      inputSize: model.sizes[index],
      outputSize: model.sizes[index + 1],
      shape: model.shapes[index + 1],
      parameters: parameters.get(index) ?? 0,
      ...(frozen.has(index) && { frozen: frozen.get(index)! }),
      buffers: buffers.get(index) ?? 0,
      multiplyAdds: work.get(index) ?? 0,
    };
  });
}

function countFrozen(parameters: readonly Parameter[]): number {
  return parameters.reduce((total, own) => total + (own.trainable === false ? valuesOf(own).length : 0), 0);
}

/**
 * Widths by which people call a network, such as 784-300-10: of the inputs, and of the layers with weights,
 * of convolutions their channels. Of what is no list of layers, of inputs and outputs.
 */
export function layerWidths(model: Network): number[] {
  const { inputSize, outputSize } = model;
  if (!isSequential(model)) return [inputSize, outputSize];
  const { layers, shapes } = model;
  const weighted = shapes.slice(1).filter((_, index) => /^dense$|conv/i.test(layers[index].kind));
  return [inputSize, ...weighted.map((shape) => shape[shape.length - 1] ?? 1)];
}

/** Numbers in a row from input to output: of each layer, or of what `summary` has a row for. */
export function sizesOf(model: Network): readonly number[] {
  if (isSequential(model)) return model.sizes;
  return [model.inputSize, ...summarizeGraph(model).map(({ outputSize }) => outputSize)];
}

/** `28x28x1`. */
export function lengthsOf(shape: readonly number[]): string {
  return shape.length === 0 ? '1' : shape.join('x');
}

/** What people call a model: `784-300-10`, or which inputs and outputs it has. */
export function titleOf(model: Network): string {
  if (isSequential(model)) return model.shapes.map(lengthsOf).join('-');
  const ports = (list: Network['inputs']) =>
    list.map(({ name, shape }) => `${name} [${shape.join(', ')}]`).join(', ');
  const { inputs, outputs } = model;
  return `${ports(inputs)} to ${ports(outputs)}`;
}

/** Values by the place of their layer. */
function countByLayer(parameters: readonly Parameter[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const parameter of parameters) {
    counts.set(parameter.layer, (counts.get(parameter.layer) ?? 0) + valuesOf(parameter).length);
  }
  return counts;
}

/** Options that most layers have so: they do nothing. */
const USUAL: Readonly<Record<string, unknown>> = {
  ...{ bias: true, stride: 1, padding: 'valid', dilation: 1, groups: 1, multiplier: 1, outputPadding: 0 },
};

/**
 * The shape stands in a column of its own, and what is false or the default of doing nothing is not worth a
 * word.
 */
function describeOptions(config: Readonly<Record<string, unknown>>, shape: readonly number[]): string {
  return Object.entries(config)
    .filter(([key, value]) => {
      if (key === 'units' || key === 'channels') return value !== shape[shape.length - 1];
      if (key === 'shape') return false;
      return value !== 'identity' && value !== false && value !== undefined && value !== USUAL[key];
    })
    .map(([key, value]) => {
      if (value === true) return key;
      return `${key} ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`;
    })
    .join(', ');
}

type Counted = Omit<ModelSummary, 'toString'>;

function drawLayers(summary: Counted, { shapes: [inputShape] }: Sequential): string {
  const rows = [
    ['', 'layer', 'options', 'output', 'parameters', 'multiply-adds'],
    ['', 'input', '', lengths(inputShape), '', ''],
    ...summary.layers.map(({ name, kind, options, shape, parameters, multiplyAdds }) => [
      name,
      kind,
      options,
      lengths(shape),
      write(parameters),
      writeSome(multiplyAdds),
    ]),
  ];
  return draw(rows, [3, 4, 5], summary);
}

/** Layers by their names, with the shapes of what they give for each row. */
function drawGraph(summary: Counted, { inputs, outputs }: Network): string {
  const rows = [
    ['layer', 'kind', 'output', 'parameters', 'bytes', 'multiply-adds'],
    ...inputs.map(({ name, shape }) => [name, 'input', lengths(shape), '', '', '']),
    ...summary.layers.map(({ name, kind, shape, parameters, frozen, multiplyAdds }) => [
      name,
      kind === name ? '' : kind,
      lengths(shape),
      parameters === 0 ? '' : `${write(parameters)}${describeFrozen(parameters, frozen)}`,
      parameters === 0 ? '' : formatBytes(4 * parameters),
      writeSome(multiplyAdds),
    ]),
    ...(outputs.length > 1
      ? outputs.map(({ name, shape }) => [name, 'output', lengths(shape), '', '', ''])
      : []),
  ];
  return draw(rows, [2, 3, 4, 5], summary);
}

function describeFrozen(all: number, frozen: number | undefined): string {
  if (frozen === undefined) return '';
  return frozen === all ? ', frozen' : `, ${write(frozen)} frozen`;
}

function draw(rows: readonly string[][], right: readonly number[], summary: Counted): string {
  const { parameters, frozen, buffers, bytes, multiplyAdds } = summary;
  const lines = grid(rows, right);
  const still = frozen === undefined ? '' : `, ${write(frozen)} of them frozen`;
  const fixed = buffers > 0 ? `, and ${write(buffers)} values that are not trained` : '';
  const work = `${write(multiplyAdds)} multiply-adds a row`;
  const total = `${write(parameters)} parameters, ${formatBytes(bytes)}${still}${fixed}; ${work}`;
  const rule = '─'.repeat(lines.reduce((most, { length }) => Math.max(most, length), 0));
  return [lines[0], rule, ...lines.slice(1), rule, total].join('\n');
}

/** `28 x 28 x 1`. */
function lengths(shape: readonly number[]): string {
  return shape.length === 0 ? '1' : shape.map(write).join(' x ');
}

/** Nothing for none. */
function writeSome(count: number): string {
  return count === 0 ? '' : write(count);
}

function write(value: number): string {
  return value.toLocaleString('en-US');
}
