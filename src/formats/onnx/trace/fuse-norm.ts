/** Layer norm by the arithmetic that it is made of, with weight and bias where they follow. */
import { elementsOf } from '../../../base/arrays.js';
import { reshape } from '../../../graph/functions.js';
import { attributesOf, isLeaf } from '../../../graph/leaves.js';
import { applyOne, type Node, type Value } from '../../../graph/value.js';
import { add, div, mul, pow, sub, unaries } from '../../../ops/arithmetic.js';
import { layerNormOperation } from '../../../ops/norm.js';
import { reduction } from '../../../ops/reduction.js';
import { beside, type Graph, isMadeBy, isPrivate, type Match, numberOf, onlyReader } from './fuse-match.js';

/** By the division, or the product, that normalises: (x - mean) / √(mean of (x - mean)² + eps). */
export function layerNormAt(node: Node, graph: Graph): Match | undefined {
  const nodes = new Set([node]);
  const parts = quotientOf(node, nodes);
  const inside = parts && take(parts.deviation, add, nodes);
  const eps = inside?.map(numberOf).find((own) => own !== undefined);
  const variance = inside?.find((own) => numberOf(own) === undefined);
  if (!parts || !variance || eps === undefined || !(eps > 0)) return undefined;
  const { shifted } = parts;
  const squares = meanOf(variance, nodes);
  const root = squares && rootOf(squares.of, nodes);
  const centred = take(shifted, sub, nodes);
  const mean = centred && meanOf(centred[1], nodes);
  if (!squares || !root || !mean || mean.of !== centred[0]) return undefined;
  if (root !== shifted) {
    // Both are subtracted anew by some.
    const again = take(root, sub, nodes);
    const own = again && meanOf(again[1], nodes);
    if (!own || again[0] !== mean.of || own.of !== mean.of || own.axes.join() !== mean.axes.join())
      return undefined;
  }
  const x = mean.of;
  const rank = x.shape.dims.length + Number(x.shape.rows);
  const isLast = mean.axes.every((axis, i) => axis === rank - mean.axes.length + i);
  const crossesRows = x.shape.rows && mean.axes.includes(0);
  if (mean.axes.join() !== squares.axes.join() || !isLast || crossesRows) return undefined;
  const features = x.shape.dims.slice(-mean.axes.length);
  const [normalised] = node.outputs;
  const affine = affineOf(normalised, features, graph);
  const all = new Set([...nodes, ...(affine?.nodes ?? [])]);
  const end = affine?.root ?? normalised;
  if (!isPrivate(graph, all, end)) return undefined;
  const width = elementsOf(features);
  const make: Match['make'] = (now) => {
    const flat = features.length === 1;
    const own = flat ? now(x) : reshape(now(x), [...x.shape.dims.slice(0, -features.length), width]);
    const learned = affine ? [affine.weight, affine.bias].map((value) => vector(now(value), width)) : [];
    const made = applyOne(layerNormOperation, [own, ...learned], { eps, affine: learned.length > 0 });
    return flat ? made : reshape(made, x.shape.dims);
  };
  return { root: end, nodes: all, make, scopes: beside(end.node, 'layerNorm') };
}

function vector(value: Value, width: number): Value {
  return value.shape.dims.length === 1 ? value : reshape(value, [width]);
}

/** The inputs of a value, if this operation makes it, which is then one of the nodes. */
function take(value: Value, operation: unknown, nodes: Set<Node>): readonly Value[] | undefined {
  if (!isMadeBy(value, operation)) return undefined;
  nodes.add(value.node);
  return value.node.inputs;
}

/** What is divided by a deviation, and the square of that. */
function quotientOf(
  node: Node,
  nodes: Set<Node>,
): { readonly shifted: Value; readonly deviation: Value } | undefined {
  const [a, b] = node.inputs;
  if ((node.operation as unknown) === div) {
    const deviation = powerOf(b, 0.5, nodes);
    return deviation && { shifted: a, deviation };
  }
  if ((node.operation as unknown) !== mul) return undefined;
  for (const [shifted, inverse] of [
    [a, b],
    [b, a],
  ]) {
    const deviation = powerOf(inverse, -0.5, nodes);
    if (deviation) return { shifted, deviation };
  }
  return undefined;
}

/** What this value is √v, or 1 / √v, of. */
function powerOf(value: Value, exponent: number, nodes: Set<Node>): Value | undefined {
  const [x, number] = value.node.inputs;
  const isPower = isMadeBy(value, pow) && numberOf(number) === exponent;
  const isRoot = exponent === 0.5 && isMadeBy(value, unaries.sqrt);
  if (isPower || isRoot) {
    nodes.add(value.node);
    return x;
  }
  if (exponent > 0) return undefined;
  const isQuotient = isMadeBy(value, div) && numberOf(x) === 1;
  if (!isQuotient && !isMadeBy(value, unaries.reciprocal)) return undefined;
  const found = powerOf(isQuotient ? number : x, -exponent, nodes);
  if (found) nodes.add(value.node);
  return found;
}

/** What a value is the square of. */
function rootOf(value: Value, nodes: Set<Node>): Value | undefined {
  const [a, b] = value.node.inputs;
  const isSquare =
    isMadeBy(value, unaries.square) ||
    (isMadeBy(value, mul) && a === b) ||
    (isMadeBy(value, pow) && numberOf(b) === 2);
  if (isSquare) nodes.add(value.node);
  return isSquare ? a : undefined;
}

/** What a value is the mean of, over these axes, which stay. */
function meanOf(
  value: Value,
  nodes: Set<Node>,
): { readonly of: Value; readonly axes: readonly number[] } | undefined {
  const inputs = take(value, reduction, nodes);
  if (!inputs) return undefined;
  const { operation, axes } = attributesOf(value.node, reduction);
  return operation === 'mean' ? { of: inputs[0], axes } : undefined;
}

/** The weight and the bias that follow, one of each for each feature. */
function affineOf(
  value: Value,
  features: readonly number[],
  graph: Graph,
):
  | { readonly root: Value; readonly weight: Value; readonly bias: Value; readonly nodes: Node[] }
  | undefined {
  const follow = (from: Value, operation: unknown) => {
    const reader = onlyReader(graph, from);
    if (!reader || (reader.operation as unknown) !== operation) return undefined;
    const other = reader.inputs.find((own) => own !== from);
    return other && isOf(other, features) ? { node: reader, other } : undefined;
  };
  const scaled = follow(value, mul);
  const shifted = scaled && follow(scaled.node.outputs[0], add);
  if (!shifted) return undefined;
  const nodes = [scaled.node, shifted.node];
  return { root: shifted.node.outputs[0], weight: scaled.other, bias: shifted.other, nodes };
}

/** Whether it is one number for each feature, the same for all rows. */
function isOf({ shape, node }: Value, features: readonly number[]): boolean {
  const extra = shape.dims.length - features.length;
  const isVector = extra >= 0 && shape.dims.slice(0, extra).every((length) => length === 1);
  return !shape.rows && isLeaf(node) && isVector && shape.dims.slice(extra).join() === features.join();
}
