/** A network with another end: what is computed up to a value, and a head of one's own on it. */
import { OptionError, show } from '../base/errors.js';
import { OptionReader } from '../base/options.js';
import { attributesOf, inputLeaf, isParameter, parameterLeaf } from '../graph/leaves.js';
import { dropPromise, isValue, type Node, nodesOf, type Value } from '../graph/value.js';
import { namesOf } from './derived.js';
import { graphOf, type Network, remember } from './model.js';
import { networkOf } from './network.js';
import { findLayer } from './subnetwork.js';

/** Where `replaceOutput` puts a head, and what it makes of it. */
export interface ReplaceOutputOptions {
  /**
   * The layer whose value the head takes, by the names that `subnetwork` takes; by default what the last
   * matrix product or convolution before the output takes or, where that is part of a sum or the like, what
   * the whole of it takes.
   */
  at?: string;
  /** Of the output; by default that of the output it stands in place of, or `output` where there are several. */
  name?: string;
  /** Of the head's first values; the model's own by default. */
  seed?: number;
}

/**
 * A network whose output is `head` of a value of `model`: a layer, or a function of values, in place of the
 * last layer with weights and of all behind it, or on a layer that is named. What comes before is shared, with
 * its parameters and their names; the head's are new.
 *
 *     const own = replaceOutput(model, dense(3));
 *     const deeper = replaceOutput(model, (x) => dense(3)(dropout(0.2)(x)), { at: 'encoder' });
 *
 * The network has not been trained: it knows no loss. How bytes of its inputs are scaled it still does.
 *
 * Throws OptionError for something that is no model or no function, for a head that gives no value, for a
 * layer that there is not, for a model of several outputs without `at`, and where no one value leads to the last
 * product or convolution; ShapeError for a head that cannot take the value.
 */
export function replaceOutput(
  model: Network,
  head: (value: Value) => Value,
  options?: ReplaceOutputOptions,
): Network {
  const where = 'replaceOutput';
  const graph = graphOf(where, model);
  if (typeof head !== 'function') {
    throw new OptionError(where, `head: expected a layer, or a function of values, given ${show(head)}`);
  }
  const reader = new OptionReader(where, options);
  const isName = (name: unknown): name is string => typeof name === 'string' && name !== '';
  const at = reader.optional('at', 'the name of a layer', isName);
  const [{ name: only }] = model.outputs;
  const name = reader.optional('name', 'a name', isName) ?? (model.outputs.length === 1 ? only : 'output');
  const seed = reader.integer('seed', { min: 0 }, model.seed);
  reader.end();
  const from = at === undefined ? lastTaken(where, model) : findLayer(where, 'option at', model, at);
  const output = head(from);
  if (!isValue(output)) {
    dropPromise(output);
    throw new OptionError(where, `head: expected it to give a value, given ${show(output)}`);
  }
  const nodes = nodesOf([output]);
  const inside = new Set(nodes);
  const inputs = model.inputs.flatMap(({ name: own }, i) =>
    inside.has(graph.inputs[i].node) ? [[own, graph.inputs[i]] as const] : [],
  );
  const before = namesOf(where, model);
  const kept = [...before].flatMap(([node, own]) => (inside.has(node) ? [own] : []));
  const names = namesOfLayers(graph.names, kept, nodes);
  const named = (node: Node) => before.get(node) ?? ownName(node, names);
  // What the head drops at random is drawn apart from what the rest does.
  const first = 1 + Math.max(-1, ...graph.streams.values());
  const streams = new Map(nodes.map((node, i) => [node, graph.streams.get(node) ?? first + i]));
  const made = networkOf(where, new Map(inputs), new Map([[name, output]]), { seed, names, named, streams });
  const { input, inputScales } = model;
  const scales = Object.entries(inputScales ?? {}).filter(([own]) => inputs.some(([other]) => other === own));
  remember(made, {
    ...(input && { input }),
    ...(scales.length > 0 && { inputScales: Object.fromEntries(scales) }),
  });
  return made;
}

/**
 * What the last product or convolution takes: from the output back, the first value through which all goes,
 * behind which something is computed with a parameter of two axes or more.
 */
function lastTaken(where: string, model: Network): Value {
  const { outputs } = model;
  if (outputs.length > 1) {
    const names = outputs.map(({ name }) => name).join(', ');
    throw new OptionError(
      where,
      `option at: expected the name of a layer, as there are several outputs: ${names}`,
    );
  }
  // What is still to be looked at. A node comes after those that it is made of: the latest is the next.
  const ahead = new Set(graphOf(where, model).outputs);
  let found = false;
  for (;;) {
    const [value] = [...ahead].sort((a, b) => b.node.order - a.node.order);
    if (found && ahead.size === 1 && value.shape.rows) return value;
    if ((value.node.operation as unknown) === inputLeaf) break;
    for (const own of value.node.outputs) ahead.delete(own);
    for (const own of value.node.inputs) {
      if (own.shape.rows || isMadeOf(own, isInput)) ahead.add(own);
      else found ||= isMadeOf(own, isMatrix);
    }
  }
  throw new OptionError(
    where,
    'option at: expected the name of a layer, as there is no value that all goes through to the last product or convolution',
  );
}

function isMadeOf(value: Value, what: (node: Node) => boolean): boolean {
  return nodesOf([value]).some(what);
}

const isInput = ({ operation }: Node) => (operation as unknown) === inputLeaf;

/** Whether it is a parameter that is a matrix or a kernel. */
function isMatrix(node: Node): boolean {
  return isParameter(node) && attributesOf(node, parameterLeaf).shape.dims.length > 1;
}

/** The layers' names, with those of new layers, which neither a layer nor a parameter beside them has. */
function namesOfLayers(
  known: ReadonlyMap<object, string>,
  parameters: readonly string[],
  nodes: readonly Node[],
): Map<object, string> {
  const names = new Map(known);
  const pathOf = (scopes: Node['scopes']) => scopes.map(({ owner }) => names.get(owner)!);
  const taken = new Set<string>();
  const take = (path: readonly string[]) => {
    for (let depth = 1; depth <= path.length; depth++) taken.add(path.slice(0, depth).join('.'));
  };
  for (const name of parameters) take(name.split('.'));
  for (const { scopes } of nodes) {
    if (scopes.every(({ owner }) => known.has(owner))) take(pathOf(scopes));
  }
  for (const { scopes } of nodes) {
    for (const [depth, { name, owner }] of scopes.entries()) {
      if (names.has(owner)) continue;
      const around = pathOf(scopes.slice(0, depth));
      let own = name;
      for (let i = 1; taken.has([...around, own].join('.')); i++) own = `${name}_${i}`;
      names.set(owner, own);
      take([...around, own]);
    }
  }
  return names;
}

function ownName(node: Node, names: ReadonlyMap<object, string>): string {
  const { name } = attributesOf(node, parameterLeaf);
  return [...node.scopes.map(({ owner }) => names.get(owner)!), name].join('.');
}
