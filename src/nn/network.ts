import { OptionError, ShapeError, show } from '../base/errors.js';
import { OptionReader } from '../base/options.js';
import { attributesOf, inputLeaf, isParameter, parameterLeaf } from '../graph/leaves.js';
import { rewrite } from '../graph/rewrite.js';
import { checkValue, isValue, type Node, nodesOf, type Value } from '../graph/value.js';
import { sameShape, showShape } from '../ops/operation.js';
import { type Graph, graphOf, isBuffer, makeNetwork, type Network, nameScopes, type Port } from './model.js';
import { predictSeveral } from './several.js';

/** Values by name, or one that needs none. */
export type Named<T> = T | Readonly<Record<string, T>>;

/**
 * A model of what these values are made of, its parameters initialised from `seed` (0 by default). One input
 * and one output, or several by name. Parameters of layers that another model has too are shared with it.
 *
 *     const image = input([28, 28]);
 *     const model = network(image, dense(10)(flatten(image)), { seed: 1 });
 *
 * @throws OptionError for inputs that are none, for an output that depends on an input that is not named, or
 * on none, and for a model
 *   without parameters.
 */
export function network(inputs: Named<Value>, outputs: Named<Value>, options?: { seed?: number }): Network {
  const where = 'network';
  const reader = new OptionReader(where, options);
  const seed = reader.integer('seed', { min: 0 }, 0);
  reader.end();
  const given = readPorts(
    where,
    'inputs',
    inputs,
    (i, { node }) => attributesOf(node, inputLeaf).name ?? nameOf('input', i),
  );
  for (const [name, { node }] of given) {
    if ((node.operation as unknown) === inputLeaf) continue;
    throw new OptionError(
      where,
      `inputs: ${name}: expected what input() gives, given the result of ${node.operation.name}`,
    );
  }
  const seen = new Map<Node, string>();
  for (const [name, { node }] of given) {
    const before = seen.get(node);
    if (before !== undefined) {
      throw new OptionError(where, `inputs: ${before} and ${name} are the same value`);
    }
    seen.set(node, name);
  }
  const results = readPorts(where, 'outputs', outputs, (i) => nameOf('output', i));
  const nodes = nodesOf([...results.values()]);
  const names = nameScopes(nodes);
  const named = (node: Node) =>
    [...node.scopes.map(({ owner }) => names.get(owner)!), attributesOf(node, parameterLeaf).name].join('.');
  return networkOf(where, given, results, { seed, names, named, streams: new Map() });
}

/**
 * A model of values whose layers and parameters have names already; `streams` are those that are not the
 * places of their nodes.
 */
export function networkOf(
  where: string,
  given: ReadonlyMap<string, Value>,
  results: ReadonlyMap<string, Value>,
  {
    seed,
    named,
    names,
    streams,
  }: Pick<Network, 'seed'> & Pick<Graph, 'names' | 'streams'> & { named: (node: Node) => string },
): Network {
  const nodes = nodesOf([...results.values()]);
  checkInputs(where, given, results, nodes);
  const graph: Graph = {
    inputs: [...given.values()],
    outputs: [...results.values()],
    parameters: nodes.filter(isParameter).map(({ outputs }) => outputs[0]),
    buffers: nodes.filter(isBuffer).map(({ outputs }) => outputs[0]),
    streams: new Map(nodes.map((node, i) => [node, streams.get(node) ?? i])),
    names,
    predictSeveral,
  };
  if (graph.parameters.length === 0) {
    throw new OptionError(
      where,
      'expected at least one parameter, given a graph without any: nothing could be trained',
    );
  }
  const ports = (values: ReadonlyMap<string, Value>): Port[] =>
    [...values].map(([name, { shape }]) => ({ name, shape: shape.dims }));
  return makeNetwork(where, graph, { inputs: ports(given), outputs: ports(results), seed, named }, {});
}

function nameOf(what: string, index: number): string {
  return index === 0 ? what : `${what}${index}`;
}

function readPorts(
  where: string,
  what: string,
  given: Named<Value>,
  nameFor: (index: number, value: Value) => string,
): Map<string, Value> {
  const ports = new Map<string, Value>();
  if (isValue(given)) return ports.set(nameFor(0, given), given);
  if (typeof given !== 'object' || given === null || Object.keys(given).length === 0) {
    throw new OptionError(where, `${what}: expected a value, or values by name, given ${show(given)}`);
  }
  for (const [name, value] of Object.entries(given)) {
    checkValue(where, `${what}: ${name}`, value);
    ports.set(name, value);
  }
  return ports;
}

function checkInputs(
  where: string,
  given: ReadonlyMap<string, Value>,
  outputs: ReadonlyMap<string, Value>,
  nodes: readonly Node[],
): void {
  const own = new Set([...given.values()].map(({ node }) => node));
  for (const node of nodes) {
    if ((node.operation as unknown) !== inputLeaf || own.has(node)) continue;
    const { shape, name } = attributesOf(node, inputLeaf);
    const which = name === undefined ? 'an input' : `the input ${show(name)}`;
    throw new OptionError(
      where,
      `an output depends on ${which} ${showShape(shape)} that is not among the inputs`,
    );
  }
  for (const [name, value] of outputs) {
    if (!value.shape.rows) {
      throw new ShapeError(
        where,
        `output ${name}: expected a value for each row, given ${showShape(value.shape)}`,
      );
    }
    if (!nodesOf([value]).some((node) => own.has(node))) {
      throw new OptionError(where, `output ${name} does not depend on any input`);
    }
  }
  for (const [name, { node }] of given) {
    if (!nodes.includes(node)) throw new OptionError(where, `no output depends on the input ${name}`);
  }
}

/**
 * What a model gives for other values in place of its inputs: a part of another network, with the same
 * parameters. One value or, for a model of several inputs, values by name; as many come back.
 *
 *     const features = callModel(trunk, image);
 *     const model = network(image, dense(3)(features));
 *
 * @throws OptionError for something that is no model, or values that are not those of its inputs; ShapeError
 * for other shapes.
 */
export function callModel(model: Network, values: Named<Value>): Value & Readonly<Record<string, Value>> {
  const where = 'callModel';
  const graph = graphOf(where, model);
  const given = readPorts(where, 'values', values, () => model.inputs[0].name);
  const known = new Map<Value, Value>();
  for (const [i, { name }] of model.inputs.entries()) {
    const value = given.get(name);
    if (!value) throw new OptionError(where, `values: expected one for the input ${show(name)}, given none`);
    const expected = graph.inputs[i].shape;
    if (!sameShape(value.shape, expected)) {
      throw new ShapeError(
        where,
        `input ${name}: expected ${showShape(expected)}, given ${showShape(value.shape)}`,
      );
    }
    known.set(graph.inputs[i], value);
  }
  const unknown = [...given.keys()].find((name) => !model.inputs.some((port) => port.name === name));
  if (unknown !== undefined) throw new OptionError(where, `values: the model has no input ${show(unknown)}`);
  rewrite(graph.outputs, known);
  const results = graph.outputs.map((value) => known.get(value) ?? value);
  if (results.length === 1) return results[0] as ReturnType<typeof callModel>;
  return Object.fromEntries(model.outputs.map(({ name }, i) => [name, results[i]])) as ReturnType<
    typeof callModel
  >;
}
