/** Losses from the JSON that loss-file.ts makes of them, which is taken for hostile. */
import { OptionError, show } from '../base/errors.js';
import { OptionReader } from '../base/options.js';
import { nodesOf, type Value } from '../graph/value.js';
import { readNode, valueAmong } from './graph-read.js';
import { lossOf } from './loss-config.js';
import { checkWeights, givens, givensOf, OF_MODEL } from './loss-file.js';
import { type Loss, type LossFunction, type LossPart, severalOf } from './losses.js';
import { graphOf, type Network } from './model.js';
import { ownLoss } from './own-loss.js';

/**
 * The loss of a model from a file, which is taken for hostile.
 *
 * @throws OptionError or ShapeError for a configuration that `describeLossFor` does not make.
 */
export function readLossFor(config: Loss['config'], model: Network): Loss {
  if (config.kind !== 'several') return readOne(config, model, 0);
  const reader = new OptionReader('loss', config);
  reader.string('kind');
  const given = reader.required('parts', 'losses by the names of outputs', isObject);
  reader.end();
  const parts: Record<string, LossPart> = {};
  for (const [index, { name }] of model.outputs.entries()) {
    const part = new OptionReader(`loss of ${show(name)}`, Object.hasOwn(given, name) ? given[name] : {});
    const own = readOne(part.required('loss', 'a loss', isObject), model, index);
    parts[name] = { loss: own, weight: part.number('weight', { min: 0 }) };
    part.end();
  }
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(parts, name));
  if (unknown !== undefined) throw new OptionError('loss', `the model has no output ${show(unknown)}`);
  return severalOf(parts);
}

function readOne(config: Loss['config'], model: Network, output: number): Loss {
  if (config.kind !== 'own') return checkWeights(model, output, lossOf(config));
  const where = 'loss';
  const reader = new OptionReader(where, config);
  reader.string('kind');
  const name = reader.string('name');
  const link = reader.oneOf('link', ['softmax', 'sigmoid', 'identity']);
  const isWidth = (value: unknown): value is number =>
    Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) < 2 ** 30;
  const targetWidth = reader.optional('targetWidth', 'a whole number of at least 1', isWidth);
  const nodes = reader.required('nodes', 'a list of nodes', Array.isArray);
  const result = reader.string('result');
  reader.end();
  const graph = graphOf(where, model);
  const ofModel = nodesOf(graph.outputs);
  const compute: LossFunction = (given) =>
    resultOf(where, nodes, result, (place) => {
      const known = givens.find((own) => own === place);
      if (known) return given[known];
      if (!place.startsWith(OF_MODEL)) return undefined;
      const [node, index = '0'] = place.slice(OF_MODEL.length).split('.');
      return ofModel[Number(node)]?.outputs[Number(index)];
    });
  // Shapes are checked at once, and not first when it is trained.
  compute(givensOf(graph.outputs[output].shape, targetWidth));
  return { ...ownLoss(compute, { link, name }), ...(targetWidth !== undefined && { targetWidth }) };
}

/** What the nodes of a loss give. `outside` knows values that are not theirs. */
function resultOf(
  where: string,
  nodes: readonly unknown[],
  result: string,
  outside: (name: string) => Value | undefined,
): Value {
  const values: (readonly Value[])[] = [];
  const among = valueAmong(values);
  const find = (at: string, name: string) => outside(name) ?? among(at, name);
  for (const [place, node] of nodes.entries()) {
    values.push(readNode(`${where}, node ${place}`, node, { find }));
  }
  return find(`${where}, result`, result);
}

function isObject(value: unknown): value is Loss['config'] {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
