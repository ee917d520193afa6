/**
 * A model in two: what is frozen from the inputs on, which gives a row the same values each time that it is
 * trained on, and the head that takes these.
 */
import { OptionError, show } from '../base/errors.js';
import { inputLeaf, isLeaf, parameterLeaf } from '../graph/leaves.js';
import { applyOne, type Node, nodesOf, type Value } from '../graph/value.js';
import { batchNormOperation } from '../ops/norm.js';
import { namesOf, rebuilt } from './derived.js';
import { type Graph, graphOf, isBuffer, type Network } from './model.js';
import { endingAt } from './subnetwork.js';

/** The two parts, which share their parameters with the model. */
export interface FrozenPart {
  /** Computes what the head takes, an output for each of its inputs; those that the head takes as they are left out. */
  readonly trunk: Network;
  readonly head: Network;
  /** The model's inputs that the head takes as they are. */
  readonly direct: readonly string[];
}

/**
 * Cuts a model where what is frozen ends. Throws OptionError where all is frozen, or nothing is that computes
 * something for each row.
 */
export function frozenPartOf(where: string, model: Network): FrozenPart {
  const graph = graphOf(where, model);
  const nodes = nodesOf(graph.outputs);
  const { still, first } = stillAmong(where, model, graph, nodes);
  for (const [i, value] of graph.outputs.entries()) {
    if (!still.has(value.node)) continue;
    const { name } = model.outputs[i];
    throw new OptionError(where, `output ${show(name)}: nothing that is trained leads to it`);
  }
  const cut = new Set<Value>();
  for (const node of nodes) {
    if (still.has(node)) continue;
    for (const value of node.inputs) if (value.shape.rows && still.has(value.node)) cut.add(value);
  }
  const computed = [...cut].filter(({ node }) => !isLeaf(node));
  if (computed.length === 0) {
    throw new OptionError(
      where,
      `expected a model that computes something frozen from its inputs on; ${first} comes first`,
    );
  }
  const taken = new Map(model.inputs.map(({ name }, i) => [graph.inputs[i], name] as const));
  const direct = [...cut].flatMap((value) => (taken.has(value) ? [taken.get(value)!] : []));
  const names = new Set(direct);
  const outputs = new Map<string, Value>();
  for (const value of computed) {
    let name = 'features';
    for (let i = 1; names.has(name); i++) name = `features${i}`;
    names.add(name);
    outputs.set(name, value);
  }
  const inputs = new Map(direct.map((name) => [name, [...taken].find(([, own]) => own === name)![0]]));
  const replaced = new Map<Value, Value>();
  for (const [name, value] of outputs) {
    const leaf = applyOne(inputLeaf, [], { shape: value.shape });
    inputs.set(name, leaf);
    replaced.set(value, leaf);
  }
  const head = rebuilt(where, model, { inputs, replaced });
  return { trunk: endingAt(where, model, outputs), head, direct };
}

/**
 * Nodes that give a row the same each time: made of inputs and of what is frozen, drop nothing, and look at
 * one row only. `first` names what is nearest to the inputs that is none.
 */
function stillAmong(where: string, model: Network, graph: Graph, nodes: readonly Node[]) {
  const frozen = new Set(
    graph.parameters.flatMap(({ node }, i) => (model.parameters[i].trainable === false ? [node] : [])),
  );
  const names = namesOf(where, model);
  const still = new Set<Node>();
  let first = 'nothing';
  const fail = (what: string) => {
    if (first === 'nothing') first = what;
  };
  for (const node of nodes) {
    if ((node.operation as unknown) === parameterLeaf && !frozen.has(node))
      fail(`the parameter ${names.get(node)}`);
    else if (isLeaf(node) || isBuffer(node)) still.add(node);
    else if (!node.inputs.every((value) => still.has(value.node))) continue;
    else if (isStill(node, frozen)) still.add(node);
    else fail(node.operation.name);
  }
  return { still, first };
}

function isStill({ operation, attributes, inputs, outputs }: Node, frozen: ReadonlySet<Node>): boolean {
  if (operation.random) return false;
  // What is made of all rows of a batch depends on which these are.
  if (inputs.some(({ shape }) => shape.rows) && !outputs[0].shape.rows) return false;
  if ((operation as unknown) !== batchNormOperation) return true;
  const [, , , ...learned] = inputs;
  const { affine } = attributes as { affine: boolean };
  return affine && learned.every(({ node }) => frozen.has(node));
}
