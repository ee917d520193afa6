/** A model in a table: its layers, their outputs and parameters. For people, and as data for programs. */
import { checkModel, type Parameter } from './model.js';
import type { Sequential } from './sequential.js';
import { valuesOf } from './values.js';

/** A row of a summary. */
export interface LayerSummary {
  /** `0`, and so on: the place, by which parameters are named. */
  readonly name: string;
  readonly kind: string;
  /** The layer's options, those that say nothing left out: `activation relu`. */
  readonly options: string;
  readonly inputSize: number;
  readonly outputSize: number;
  /** Trainable values. */
  readonly parameters: number;
  /** Values that belong to the model and are not trained, such as running statistics. */
  readonly buffers: number;
}

/** What `summary` tells of a model. */
export interface ModelSummary {
  readonly inputSize: number;
  readonly outputSize: number;
  readonly layers: readonly LayerSummary[];
  /** Trainable values of all layers. */
  readonly parameters: number;
  readonly buffers: number;
  /** Of the parameters, as float32. */
  readonly bytes: number;
  /** The table, as text of several lines. */
  toString(): string;
}

/** What a model is made of. `String(summary(model))` is a table for people. Throws OptionError for something that is no model. */
export function summary(model: Sequential): ModelSummary {
  checkModel('summary', model);
  const parameters = countByLayer(model.parameters);
  const buffers = countByLayer(model.buffers);
  const layers = model.layers.map((layer, index): LayerSummary => {
    return {
      name: String(index),
      kind: layer.kind,
      options: describeOptions(layer.config, model.sizes[index + 1]),
      inputSize: model.sizes[index],
      outputSize: model.sizes[index + 1],
      parameters: parameters.get(index) ?? 0,
      buffers: buffers.get(index) ?? 0,
    };
  });
  const result = {
    inputSize: model.inputSize,
    outputSize: model.outputSize,
    layers,
    parameters: model.parameterCount,
    buffers: model.buffers.reduce((total, buffer) => total + valuesOf(buffer).length, 0),
    bytes: 4 * model.parameterCount,
  };
  // Not a property of the data: JSON and comparisons do not see it.
  return Object.defineProperty(result, 'toString', { value: () => draw(result) });
}

/** Widths by which people call a network, such as 784-300-10: of the inputs, and of the layers with weights. */
export function layerWidths({ inputSize, layers, sizes }: Sequential): number[] {
  return [inputSize, ...sizes.slice(1).filter((_, index) => layers[index].kind === 'dense')];
}

/** Values by the place of their layer. */
function countByLayer(parameters: readonly Parameter[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const parameter of parameters) {
    counts.set(parameter.layer, (counts.get(parameter.layer) ?? 0) + valuesOf(parameter).length);
  }
  return counts;
}

/** The width stands in a column of its own, and what is false or the default of doing nothing is not worth a word. */
function describeOptions(config: Readonly<Record<string, unknown>>, width: number): string {
  return Object.entries(config)
    .filter(([key, value]) => {
      if (key === 'units' && value === width) return false;
      return !(
        value === 'identity' ||
        value === false ||
        value === undefined ||
        (key === 'bias' && value === true)
      );
    })
    .map(([key, value]) => {
      if (value === true) return key;
      return `${key} ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`;
    })
    .join(', ');
}

function draw({ inputSize, layers, parameters, buffers, bytes }: Omit<ModelSummary, 'toString'>): string {
  const write = (value: number) => value.toLocaleString('en-US');
  const rows = [
    ['', 'layer', 'options', 'output', 'parameters'],
    ['', 'input', '', write(inputSize), ''],
    ...layers.map(({ name, kind, options, outputSize, parameters: own }) => [
      name,
      kind,
      options,
      write(outputSize),
      write(own),
    ]),
  ];
  const widths = rows[0].map((_, column) => longest(rows.map((row) => row[column])));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => (column < 3 ? cell.padEnd(widths[column]) : cell.padStart(widths[column])))
      .join('  ')
      .trimEnd(),
  );
  const fixed = buffers > 0 ? `, and ${write(buffers)} values that are not trained` : '';
  const total = `${write(parameters)} parameters, ${formatBytes(bytes)}${fixed}`;
  const rule = '─'.repeat(longest(lines));
  return [lines[0], rule, ...lines.slice(1), rule, total].join('\n');
}

/** A call's arguments live on the stack, which a model of many layers would overflow. */
function longest(texts: readonly string[]): number {
  return texts.reduce((most, { length }) => Math.max(most, length), 0);
}

function formatBytes(bytes: number): string {
  if (bytes < 1e4) return `${bytes} bytes`;
  return bytes < 1e7 ? `${(bytes / 1e3).toFixed(0)} kB` : `${(bytes / 1e6).toFixed(0)} MB`;
}
