/** The nodes of a model's graph as ONNX operators, one after the other. */
import { OptionError, show } from '../../base/errors.js';
import { attributesOf, literalLeaf } from '../../graph/leaves.js';
import { nodesOf } from '../../graph/value.js';
import { pathOf } from '../../nn/graph-file.js';
import { allValues, graphOf, type Network } from '../../nn/model.js';
import type { GraphBuilder } from './graph.js';
import { imageFormOf, wantedFirst } from './images.js';
import { type Layout, Layouts } from './layouts.js';
import { nodeForms } from './nodes.js';

/** Which inputs of a model have their channels first in the file. */
export function inputLayouts(where: string, model: Network): Layout[] {
  const { inputs, outputs } = graphOf(where, model);
  const wanted = wantedFirst(nodesOf(outputs));
  return inputs.map((value) => (wanted.has(value) ? 'first' : 'last'));
}

/** An output of the graph. */
export interface MadeOutput {
  readonly name: string;
  /** `first` for images that were made with their channels first. */
  readonly layout: Layout;
}

/**
 * Adds the operators of a model, whose inputs have these names and the layouts of `inputLayouts`. Returns its
 * outputs.
 *
 * @throws OptionError for an operation that has no form in ONNX; it names the layer.
 */
export function writeNodes(
  where: string,
  model: Network,
  graph: GraphBuilder,
  inputs: readonly string[],
): MadeOutput[] {
  const source = graphOf(where, model);
  const layouts = new Layouts(graph);
  const first = inputLayouts(where, model);
  for (const [i, value] of source.inputs.entries()) layouts.set(value, first[i], inputs[i]);
  const values = allValues(model);
  for (const [i, value] of [...source.parameters, ...source.buffers].entries()) {
    const { name, shape, values: own } = values[i];
    layouts.setConstant(value, { name, shape, values: own, isLiteral: false });
  }
  const nodes = nodesOf(source.outputs);
  const wanted = wantedFirst(nodes);
  for (const [place, node] of nodes.entries()) {
    const [value] = node.outputs;
    if (layouts.isKnown(value)) continue;
    // No parameter's name has a slash.
    const prefix = `/${place}`;
    if ((node.operation as unknown) === literalLeaf) {
      const { shape, values: numbers } = attributesOf(node, literalLeaf);
      const own = { name: `${prefix}.literal`, shape: shape.dims, values: Float32Array.from(numbers) };
      layouts.setConstant(value, { ...own, isLiteral: true });
      continue;
    }
    const layer = pathOf(source, node.scopes);
    graph.scope = layer === '' ? '' : `/${layer.replaceAll('.', '/')}`;
    const image = imageFormOf(node)?.({ node, graph, layouts, prefix, wanted: wanted.has(value) });
    if (image) {
      layouts.set(value, image.layout, image.name, image.image);
      continue;
    }
    const write = nodeForms[node.operation.name];
    if (!write) {
      const at = layer === '' ? '' : ` of layer ${show(layer)}`;
      throw new OptionError(where, `the operation ${show(node.operation.name)}${at} has no form in ONNX`);
    }
    const part = {
      ...{ graph, attributes: node.attributes, prefix, shape: value.shape },
      ofInput: source.inputs.includes(node.inputs[0]),
      ...{
        inputs: node.inputs.map((own) => layouts.last(own)),
        shapes: node.inputs.map(({ shape }) => shape),
      },
    };
    layouts.set(value, 'last', write(part));
  }
  graph.scope = '';
  return source.outputs.map((value): MadeOutput => {
    const isFirst = layouts.has(value, 'first') && !layouts.has(value, 'last');
    return isFirst
      ? { name: layouts.first(value), layout: 'first' }
      : { name: layouts.last(value), layout: 'last' };
  });
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
