/**
 * What a classifier of scikit-learn gives: labels, which are left out, and the probabilities that they are
 * made of.
 */
import { show } from '../../../base/errors.js';
import { matmul, reshape } from '../../../graph/functions.js';
import { attributesOf, literal } from '../../../graph/leaves.js';
import type { Value } from '../../../graph/value.js';
import { activation } from '../../../ops/activations.js';
import { sub } from '../../../ops/arithmetic.js';
import { concat, reshape as reshaping } from '../../../ops/shapes.js';
import type { Fail } from '../../protobuf.js';
import { ML_DOMAIN, type OnnxModel, type OnnxNode } from '../proto.js';
import { knownOf } from './context.js';
import { isMadeBy, numberOf } from './fuse-match.js';
import type { Link, Traced } from './traced.js';

/** What labels are made by: of probabilities, the largest one's class, or for each whether it is above one half. */
const LABELLING: readonly string[] = ['ArrayFeatureExtractor', 'Binarizer'];

/** The outputs that are numbers for each row; classes by name, which scikit-learn writes beside them, are left out. */
export function outputsOf(onnx: OnnxModel, fail: Fail): { outputs: string[]; classNames?: string[] } {
  const names = onnx.outputs.map(({ name }) => name);
  if (names.length === 0) fail('the graph has no output');
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) fail(`two outputs have one name, ${show(name)}`);
    seen.add(name);
  }
  const labels = onnx.nodes.find(
    ({ domain, operator }) => domain === ML_DOMAIN && LABELLING.includes(operator),
  );
  if (!labels || onnx.outputs.length < 2) return { outputs: names };
  const makers = new Map(onnx.nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));
  const isLabel = (name: string) => {
    for (let at: string | undefined = name, count = 0; at && count < 8; count++) {
      const node: OnnxNode | undefined = makers.get(at);
      if (node === labels) return true;
      at = node?.inputs[0];
    }
    return false;
  };
  const outputs = names.filter((name) => !isLabel(name));
  // Of several questions at once each has a name that the file does not say.
  if (outputs.length > 0 && labels.operator === 'Binarizer') return { outputs };
  const tensor = onnx.initializers.find(({ name }) => name === labels.inputs[0]);
  if (outputs.length === 0 || !tensor) return { outputs: names };
  const classNames = tensor.strings ?? Array.from(knownOf(tensor, fail).values, String);
  return { outputs, classNames: [...classNames] };
}

/**
 * [1 - sigmoid(z), sigmoid(z)], the probabilities of two classes, as softmax of [0, z]: what they are made of
 * is then learned as it is of three.
 */
export function twoClasses({ value, axes, kind }: Traced): Link | undefined {
  if (!isMadeBy(value, concat) || axes.length !== 2 || value.shape.dims.join() !== '2') return undefined;
  const [rest, positive, ...others] = value.node.inputs.map(bare);
  if (others.length > 0 || !isMadeBy(rest, sub) || !isMadeBy(positive, activation)) return undefined;
  const [one, own] = rest.node.inputs;
  if (
    bare(own) !== positive ||
    numberOf(one) !== 1 ||
    attributesOf(positive.node, activation).name !== 'sigmoid'
  )
    return undefined;
  const before = matmul(reshape(positive.node.inputs[0], [1]), literal([0, 1], [1, 2]));
  return { kind: 'softmax', before: { value: before, axes, kind }, of: value };
}

/** A value of one number a row before its axes of length 1 were changed. */
function bare(value: Value): Value {
  let own = value;
  while (isMadeBy(own, reshaping)) [own] = own.node.inputs;
  return own;
}
