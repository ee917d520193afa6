/** A model's part from its inputs to what some of its layers give: features of the inputs. */
import { OptionError, show } from '../base/errors.js';
import { didYouMean } from '../base/options.js';
import { isLeaf } from '../graph/leaves.js';
import { type Node, nodesOf, type Value } from '../graph/value.js';
import { namesOf } from './derived.js';
import { type Graph, graphOf, makeNetwork, type Network, type Port } from './model.js';
import { predictSeveral } from './several.js';

/** Names that an error lists. */
const LISTED = 20;
/** Names that are asked for at most. */
const MOST = 10_000;

/**
 * What the layers of a model give, by their names: `2` or `2.conv2d` in a list of layers, `dense_1` or
 * `block.dense` otherwise. A layer that is called several times has its last call's; one that gives back what
 * it is given, and one that computes nothing for each row, are not among them.
 */
export function layerValues(where: string, model: Network): ReadonlyMap<string, Value> {
  const { outputs, names } = graphOf(where, model);
  const found = new Map<string, Value>();
  const leave = (value: Value, reader?: Node) => {
    const path: string[] = [];
    for (const [depth, { owner }] of value.node.scopes.entries()) {
      path.push(names.get(owner)!);
      if (reader?.scopes[depth]?.owner !== owner) found.set(path.join('.'), value);
    }
  };
  for (const node of nodesOf(outputs))
    for (const value of node.inputs) if (isComputed(value)) leave(value, node);
  for (const value of outputs) if (isComputed(value)) leave(value);
  return found;
}

function isComputed({ node, shape }: Value): boolean {
  return shape.rows && !isLeaf(node);
}

/**
 * The part of a model from its inputs to what the named layers give: a model with one output for each name.
 * It shares the parameters, so that it gives what the whole gives when that is trained on, and a head of
 * one's own may stand on it:
 *
 *     const trunk = subnetwork(model, '4');
 *     const image = input([28, 28, 1]);
 *     const own = network(image, dense(3)(callModel(trunk, image)));
 *
 * A layer's name is that of its parameters: `4` and, within it, `4.conv2d` in a list of layers, `dense_1`
 * otherwise; `summary` lists the outermost. Of a layer that is called several times the last call counts.
 *
 * @throws OptionError for something that is no model, and for names of no layer that computes anything.
 */
export function subnetwork(model: Network, names: string | readonly string[]): Network {
  const where = 'subnetwork';
  return partOf(where, model, readNames(where, names));
}

/** @internal The names of layers as a list. Throws OptionError. */
export function readNames(where: string, names: unknown): readonly string[] {
  // Of one that is longer than models have layers, nothing is copied.
  const list: unknown[] = !Array.isArray(names) ? [names] : names.length <= MOST ? [...names] : [];
  if (list.length > 0 && list.every((name) => typeof name === 'string')) return list;
  throw new OptionError(where, `names: expected that of a layer, or a list of such, given ${show(names)}`);
}

/** @internal The same, in the name of a function that has read names. */
export function partOf(where: string, model: Network, names: readonly string[]): Network {
  const known = layerValues(where, model);
  const results = new Map<string, Value>();
  for (const name of names)
    results.set(name, findAmong(where, 'names: expected layers of the model that compute', known, name));
  return endingAt(where, model, results);
}

/** @internal The part of a model from its inputs to these of its values, which are its outputs by name. */
export function endingAt(where: string, model: Network, results: ReadonlyMap<string, Value>): Network {
  const graph = graphOf(where, model);
  const nodes = nodesOf([...results.values()]);
  const inside = new Set(nodes);
  const given = namesOf(where, model);
  const isUsed = ({ node }: Value) => inside.has(node);
  const part: Graph = {
    inputs: graph.inputs.filter(isUsed),
    outputs: [...results.values()],
    parameters: graph.parameters.filter(isUsed),
    buffers: graph.buffers.filter(isUsed),
    ...{ streams: graph.streams, names: graph.names, predictSeveral },
  };
  const ports = {
    inputs: model.inputs.filter((_, i) => isUsed(graph.inputs[i])),
    outputs: [...results].map(([name, { shape }]): Port => ({ name, shape: shape.dims })),
  };
  return makeNetwork(where, part, { ...ports, seed: model.seed, named: (node) => given.get(node)! }, {});
}

/** @internal What a layer gives. Throws OptionError that says what is at fault, and which layers there are. */
export function findLayer(where: string, what: string, model: Network, name: string): Value {
  return findAmong(
    where,
    `${what}: expected a layer of the model that computes`,
    layerValues(where, model),
    name,
  );
}

function findAmong(where: string, expected: string, known: ReadonlyMap<string, Value>, name: string): Value {
  const value = known.get(name);
  if (value) return value;
  const all = [...known.keys()];
  const listed = `${all.slice(0, LISTED).join(', ')}${all.length > LISTED ? ', …' : ''}`;
  throw new OptionError(
    where,
    `${expected} something for each row, given ${show(name)}${didYouMean(name, all) || ';'} it has ${listed}`,
  );
}
