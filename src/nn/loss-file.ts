/**
 * Losses as JSON: ours by their configuration, those of several outputs by their parts, and one of a user's
 * own as the graph that its function makes of output, target and weights. So a process that has never seen
 * the function can go on with it; loss-read.ts is the way back.
 */
import { elementsOf } from '../base/arrays.js';
import { OptionError, show } from '../base/errors.js';
import { inputLeaf } from '../graph/leaves.js';
import { apply, isValue, type Node, nodesOf, type Value, within } from '../graph/value.js';
import type { Shape } from '../ops/operation.js';
import { describeNode, nameOf, placesOf } from './graph-file.js';
import { lossOf } from './loss-config.js';
import type { Loss, LossFunction } from './losses.js';
import { graphOf, type Network } from './model.js';

/** What a loss of one's own reads, by the names that its function knows them by. */
export const givens = ['output', 'target', 'weights'] as const;
type Givens = Parameters<LossFunction>[0];

/** Values of the model that such a loss reads otherwise, by their places there: `model 12`. */
export const OF_MODEL = 'model ';

/**
 * What makes an equal loss for this model, as JSON.
 *
 * @throws OptionError for a loss that is neither ours nor a function of values, or one that reads what is not
 * the model's.
 */
export function describeLossFor(where: string, model: Network, loss: Loss): Loss['config'] {
  const { parts } = loss;
  if (!parts) return describeOne(where, model, 0, loss);
  const entries = Object.entries(parts).map(([name, { loss: own, weight }]) => {
    const index = model.outputs.findIndex((port) => port.name === name);
    if (index < 0) throw new OptionError(where, `loss: the model has no output ${show(name)}`);
    return [name, { loss: describeOne(where, model, index, own), weight }] as const;
  });
  return { kind: 'several', parts: Object.fromEntries(entries) };
}

function describeOne(where: string, model: Network, output: number, loss: Loss): Loss['config'] {
  if (!loss.compute) return checkWeights(model, output, lossOf(loss.config ?? {})).config;
  const { kind, link, targetWidth, compute } = loss;
  const graph = graphOf(where, model);
  const given = givensOf(graph.outputs[output].shape, targetWidth);
  const result = within({ name: kind, owner: loss }, () => compute(given));
  if (!isValue(result)) {
    throw new OptionError(
      where,
      `the loss ${kind}: expected its function to give a value, given ${show(result)}`,
    );
  }
  const ofModel = placesOf(nodesOf(graph.outputs));
  const leaves = new Map<Node, string>(givens.map((name) => [given[name].node, name]));
  const own = nodesOf([result]).filter((node) => !ofModel.has(node) && !leaves.has(node));
  const places = placesOf(own);
  const name = (value: Value) => {
    if (ofModel.has(value.node)) return `${OF_MODEL}${nameOf(ofModel, value)}`;
    return leaves.get(value.node) ?? nameOf(places, value);
  };
  for (const { operation, outputs } of own) {
    if (!['input', 'parameter', 'buffer'].includes(operation.name)) continue;
    const what = `${operation.name} [${outputs[0].shape.dims.join(', ')}]`;
    throw new OptionError(where, `the loss ${kind} depends on ${what}, which is not the model's`);
  }
  return {
    ...{ kind: 'own', name: kind, link },
    ...(targetWidth !== undefined && { targetWidth }),
    nodes: own.map((node) => describeNode(node, name)),
    result: name(result),
  };
}

/** Stand-ins for what the function is called with. */
export function givensOf(output: Shape, targetWidth: number | undefined): Givens {
  const leaf = (dims: readonly number[]) => apply(inputLeaf, [], { shape: { rows: true, dims } })[0];
  const width = targetWidth ?? elementsOf(output.dims);
  return { output: leaf(output.dims), target: leaf([width]), weights: leaf([]) };
}

/** Throws OptionError for class weights that are not one a number of the output. */
export function checkWeights(model: Network, output: number, loss: Loss): Loss {
  const size = elementsOf(model.outputs[output].shape);
  const weights = loss.classWeights?.length ?? size;
  if (weights === size) return loss;
  throw new OptionError('loss', `expected ${size} class weights, one an output, given ${weights}`);
}
