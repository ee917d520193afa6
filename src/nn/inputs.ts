/**
 * What a model's graph says of the numbers at its ends: which inputs it cannot take, and what its outputs
 * have been through.
 */
import { nodesOf } from '../graph/value.js';
import { type ActivationAttributes, activation } from '../ops/activations.js';
import { type EmbeddingAttributes, embedding } from '../ops/embedding.js';
import { sizeOf } from '../ops/operation.js';
import { take } from '../ops/take.js';
import { graphOf, type Network } from './model.js';

/**
 * Throws DataError, saying row and column, for numbers [rows, width] that what reads the model's input (by
 * its place) cannot take, such as categories beyond the table of an embedding. Values are `inputs[i] * scale
 * + offset`.
 */
export function checkInputs(
  where: string,
  model: Network,
  numbers: ArrayLike<number>,
  width: number,
  scale: number,
  offset: number,
  input = 0,
): void {
  const graph = graphOf(where, model);
  for (const { operation, attributes, inputs } of nodesOf(graph.outputs)) {
    if (!operation.checkInputs || inputs[0] !== graph.inputs[input]) continue;
    const shapes = inputs.map(({ shape }) => shape);
    operation.checkInputs({ where, attributes, shapes, numbers, width, scale, offset });
  }
}

interface Category {
  readonly column: number;
  readonly cardinality: number;
}

/** Columns of an input that hold category numbers, and how many categories there are. */
export function categoriesOf(model: Network, input = 0): Category[] {
  const graph = graphOf('model', model);
  return nodesOf(graph.outputs).flatMap(({ operation, attributes, inputs }): readonly Category[] => {
    if (inputs[0] !== graph.inputs[input]) return [];
    if ((operation as unknown) === embedding) return (attributes as EmbeddingAttributes).columns;
    if ((operation as unknown) !== take) return [];
    const [cardinality] = inputs[1].shape.dims;
    return Array.from({ length: sizeOf(inputs[0].shape) }, (_, column) => ({ column, cardinality }));
  });
}

/** The activation that an output of the model comes from; undefined for any other operation. */
export function finalActivation(model: Network, output = 0): string | undefined {
  const { node } = graphOf('model', model).outputs[output];
  if ((node.operation as unknown) === activation) return (node.attributes as ActivationAttributes).name;
  return node.operation.name === 'softmax' ? 'softmax' : undefined;
}

/** Numbers in a row of each value of the model's graph. */
export function valueSizes(model: Network): number[] {
  return nodesOf(graphOf('model', model).outputs).flatMap(({ outputs }) =>
    outputs.flatMap(({ shape }) => (shape.rows ? [sizeOf(shape)] : [])),
  );
}
