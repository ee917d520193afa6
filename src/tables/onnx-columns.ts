/**
 * The preparation of a table in front of a model: an input for each column, under its name, [batch, 1].
 * Numbers, and dates as days since 1970-01-01 UTC, are float64 and missing where NaN; categories and truth
 * values are strings, and missing where empty. It decides nothing: what is done to each column is written in
 * the preparation, as `tables/encode.ts` does it.
 */
import { OptionError, show } from '../base/errors.js';
import type { GraphBuilder } from '../formats/onnx/graph.js';
import { dataTypes, ML_DOMAIN, type OnnxValue } from '../formats/onnx/proto.js';
import { spellings } from './names.js';
import { inputsOf, type PreparedColumn, placesOf, type TablePreparation } from './preparation.js';

/** Days of a year, a week and a day: the periods that `tables/dates.ts` turns dates into. */
const PERIODS = [365.2425, 7, 1];

const toFloat = [{ name: 'to', int: dataTypes.float }];
const toDouble = [{ name: 'to', int: dataTypes.double }];

/** Adds the columns; the graph's current value is then the model's input. Returns the graph's inputs. */
export function writeTable(graph: GraphBuilder, { columns }: TablePreparation): OnnxValue[] {
  const inputs: OnnxValue[] = [];
  const parts: string[] = [];
  for (const [index, column] of columns.entries()) {
    if (column.name === '')
      throw new OptionError('writeOnnx', `column ${index} has no name, which an input of ONNX needs`);
    graph.scope = `/column${index}`;
    const isText = column.kind === 'category' || column.kind === 'boolean';
    const elementType = isText ? dataTypes.string : dataTypes.double;
    inputs.push({ name: column.name, elementType, shape: ['batch', 1] });
    parts.push(
      ...(column.kind === 'category'
        ? writeCategory(graph, column, index)
        : writeNumber(graph, column, index)),
    );
  }
  graph.scope = '/columns';
  graph.current = parts.length === 1 ? parts[0] : graph.node('Concat', parts, [{ name: 'axis', int: 1 }]);
  return inputs;
}

/** The target in its own unit. */
export function writeTarget(graph: GraphBuilder, { target }: TablePreparation): void {
  if (target.kind !== 'regression') return;
  graph.scope = '/target';
  graph.apply('Mul', [graph.floats('target.deviation', [], Float32Array.of(target.deviation))]);
  graph.apply('Add', [graph.floats('target.mean', [], Float32Array.of(target.mean))]);
}

/** Throws OptionError when a column is called as something inside the graph is. */
export function checkNames(inputs: readonly OnnxValue[], { nodes, initializers }: GraphBuilder): void {
  const taken = new Set([
    ...nodes.flatMap(({ outputs }) => outputs),
    ...initializers.map(({ name }) => name),
  ]);
  for (const { name } of inputs) {
    if (taken.has(name))
      throw new OptionError('writeOnnx', `column ${show(name)} has the name of a value within the file`);
  }
}

type Category = Extract<PreparedColumn, { kind: 'category' }>;

/** Standardised in float64 as in training, then float32; 0 where it is missing. */
function writeNumber(
  graph: GraphBuilder,
  column: Exclude<PreparedColumn, Category>,
  index: number,
): string[] {
  const value = column.kind === 'boolean' ? encodeTruth(graph, column) : column.name;
  const missing = graph.node('IsNaN', [value]);
  const zero = graph.floats(`column${index}.zero`, [], Float32Array.of(0));
  const orZero = (present: string) => graph.node('Where', [missing, zero, present]);
  const centred = graph.node('Sub', [value, graph.double(`column${index}.mean`, column.mean)]);
  const scaled = graph.node('Div', [centred, graph.double(`column${index}.deviation`, column.deviation)]);
  const parts = [orZero(graph.node('Cast', [scaled], toFloat))];
  if (column.kind === 'date') {
    const turn = graph.floats(`column${index}.turn`, [], Float32Array.of(2 * Math.PI));
    for (const [place, period] of PERIODS.slice(0, column.time ? 3 : 2).entries()) {
      const turns = graph.node('Div', [value, graph.double(`column${index}.period${place}`, period)]);
      // Whole turns are taken off in float64: a float32 holds too few digits for them.
      const phase = graph.node('Sub', [turns, graph.node('Floor', [turns])]);
      const angle = graph.node('Mul', [graph.node('Cast', [phase], toFloat), turn]);
      parts.push(orZero(graph.node('Sin', [angle])), orZero(graph.node('Cos', [angle])));
    }
  }
  if (column.indicator) parts.push(graph.node('Cast', [missing], toFloat));
  if (parts.length !== inputsOf(column))
    throw new OptionError('writeOnnx', `column ${show(column.name)} has no form in ONNX`);
  return parts;
}

/** 0 and 1, and NaN for every other text. */
function encodeTruth(
  graph: GraphBuilder,
  { name, values }: Extract<PreparedColumn, { kind: 'boolean' }>,
): string {
  const [no, yes] = [spellings(values, 0), spellings(values, 1)];
  const encoded = graph.node(
    'LabelEncoder',
    [name],
    [
      { name: 'keys_strings', strings: [...no, ...yes] },
      { name: 'values_floats', floats: [...no.map(() => 0), ...yes.map(() => 1)] },
      { name: 'default_float', float: Number.NaN },
    ],
    ML_DOMAIN,
  );
  return graph.node('Cast', [encoded], toDouble);
}

/** A category's place: as a number for an embedding, else an input for each place. */
function writeCategory(graph: GraphBuilder, column: Category, index: number): string[] {
  const { name, categories, missing, encoding, others } = column;
  const keys = [...categories, ...(missing ? [''] : [])];
  const place = graph.node(
    'LabelEncoder',
    [name],
    [
      { name: 'keys_strings', strings: keys },
      { name: 'values_int64s', ints: keys.map((_, i) => i + 1) },
      { name: 'default_int64', int: 0 },
    ],
    ML_DOMAIN,
  );
  if (encoding === 'embedding') return [graph.node('Cast', [place], toFloat)];
  const places = Array.from({ length: placesOf(column) }, (_, i) => i).slice(others ? 0 : 1);
  const constant = graph.ints(`column${index}.places`, places);
  return [graph.node('Cast', [graph.node('Equal', [place, constant])], toFloat)];
}
