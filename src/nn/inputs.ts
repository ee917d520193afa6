/** What a model's graph says of the numbers at its ends: which inputs it cannot take, and what its outputs have been through. */
import { inputLeaf } from '../graph/leaves.js';
import { nodesOf } from '../graph/value.js';
import { type ActivationAttributes, activation } from '../ops/activation.js';
import { type EmbeddingAttributes, embedding } from '../ops/lookup.js';
import { sizeOf } from '../ops/operation.js';
import { graphOf, type Network } from './model.js';

/**
 * Throws DataError, saying row and column, for numbers [rows, width] that what reads the model's input cannot take, such as categories
 * beyond the table of an embedding. Values are `inputs[i] * scale + offset`.
 */
export function checkInputs(
  where: string,
  model: Network,
  numbers: ArrayLike<number>,
  width: number,
  scale: number,
  offset: number,
): void {
  const graph = graphOf(where, model);
  for (const { operation, attributes, inputs } of nodesOf(graph.outputs)) {
    if (!operation.checkInputs || (inputs[0].node.operation as unknown) !== inputLeaf) continue;
    const shapes = inputs.map(({ shape }) => shape);
    operation.checkInputs({ where, attributes, shapes, numbers, width, scale, offset });
  }
}

/** Columns of the input that hold category numbers, and how many categories there are. */
export function categoriesOf(model: Network): { column: number; cardinality: number }[] {
  return nodesOf(graphOf('model', model).outputs).flatMap(({ operation, attributes, inputs }) =>
    (operation as unknown) === embedding && (inputs[0].node.operation as unknown) === inputLeaf
      ? (attributes as EmbeddingAttributes).columns
      : [],
  );
}

/** The activation that the model's (first) output comes from; undefined for any other operation. */
export function finalActivation(model: Network): string | undefined {
  const [{ node }] = graphOf('model', model).outputs;
  if ((node.operation as unknown) === activation) return (node.attributes as ActivationAttributes).name;
  return node.operation.name === 'softmax' ? 'softmax' : undefined;
}

/** Numbers in a row of each value of the model's graph. */
export function valueSizes(model: Network): number[] {
  return nodesOf(graphOf('model', model).outputs).flatMap(({ outputs }) =>
    outputs.flatMap(({ shape }) => (shape.rows ? [sizeOf(shape)] : [])),
  );
}
