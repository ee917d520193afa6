/** The nodes of a model's graph as ONNX operators, one after the other. */
import { OptionError, show } from '../../base/errors.js';
import { attributesOf, literalLeaf } from '../../graph/leaves.js';
import { nodesOf, type Value } from '../../graph/value.js';
import { pathOf } from '../../nn/graph-file.js';
import { allValues, graphOf, type Network } from '../../nn/model.js';
import type { GraphBuilder } from './graph.js';
import { nodeForms } from './nodes.js';

/**
 * Adds the operators of a model, whose inputs have these names. Returns the names of its outputs.
 *
 * @throws OptionError for an operation that has no form in ONNX; it names the layer.
 */
export function writeNodes(
  where: string,
  model: Network,
  graph: GraphBuilder,
  inputs: readonly string[],
): string[] {
  const source = graphOf(where, model);
  const names = new Map<Value, string>(source.inputs.map((value, i) => [value, inputs[i]]));
  const values = allValues(model);
  for (const [i, value] of [...source.parameters, ...source.buffers].entries()) {
    const { name, shape, values: own } = values[i];
    names.set(value, graph.floats(name, shape, own));
  }
  const nameOf = (value: Value): string => {
    const name = names.get(value);
    if (name !== undefined) return name;
    throw new OptionError(where, `output ${value.index} of ${value.node.operation.name} has no form in ONNX`);
  };
  for (const [place, node] of nodesOf(source.outputs).entries()) {
    const [value] = node.outputs;
    if (names.has(value)) continue;
    // No parameter's name has a slash.
    const prefix = `/${place}`;
    if ((node.operation as unknown) === literalLeaf) {
      const { shape, values: numbers } = attributesOf(node, literalLeaf);
      names.set(value, graph.floats(`${prefix}.literal`, shape.dims, Float32Array.from(numbers)));
      continue;
    }
    const layer = pathOf(source, node.scopes);
    const write = nodeForms[node.operation.name];
    if (!write) {
      const at = layer === '' ? '' : ` of layer ${show(layer)}`;
      throw new OptionError(where, `the operation ${show(node.operation.name)}${at} has no form in ONNX`);
    }
    graph.scope = layer === '' ? '' : `/${layer.replaceAll('.', '/')}`;
    const part = {
      ...{ graph, attributes: node.attributes, prefix, shape: value.shape },
      ...{ inputs: node.inputs.map(nameOf), shapes: node.inputs.map(({ shape }) => shape) },
    };
    names.set(value, write(part));
  }
  graph.scope = '';
  return source.outputs.map(nameOf);
}

/** Throws OptionError where an input, an output and something within are called alike. */
export function checkNames(where: string, graph: GraphBuilder, ports: readonly string[]): void {
  const taken = new Set<string>([
    ...graph.initializers.map(({ name }) => name),
    ...graph.nodes.flatMap(({ outputs }) => outputs),
  ]);
  for (const name of ports) {
    if (taken.has(name)) throw new OptionError(where, `two values would be called ${show(name)}`);
    taken.add(name);
  }
}
