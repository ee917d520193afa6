/** Operators that make one value of several: sums of branches, products of gates, values side by side. */
import { elementsOf } from '../../base/arrays.js';
import { show } from '../../base/errors.js';
import * as F from '../../graph/functions.js';
import type { Value } from '../../graph/value.js';
import type { Fail } from '../protobuf.js';
import { type Flow, failer, intAttribute } from './flow.js';
import type { OnnxNode } from './proto.js';
import type { Reading } from './reading.js';

const elementwise: ReadonlyMap<string, (a: Value, b: Value) => Value> = new Map([
  ['Add', F.add],
  ['Sub', F.sub],
  ['Mul', F.mul],
  ['Div', F.div],
  ['Max', F.maximum],
  ['Min', F.minimum],
  ['Sum', F.add],
]);

/** Their names. */
export const joins: readonly string[] = [...elementwise.keys(), 'Concat'];

/** What a node makes of several values, each of which it may change as its own. */
export function readJoin(node: OnnxNode, flow: Flow, values: readonly Reading[]): Reading {
  const fail = failer(node, flow);
  if (values.length !== node.inputs.length) fail('expected values that the graph makes, and no constant');
  for (const read of values) read.settlePadding();
  if (node.operator === 'Mul' && values.length === 2) {
    const silu = siluOf(node, flow, values);
    if (silu) return silu;
  }
  if (values.some(({ softmax }) => softmax)) fail('expected nothing after softmax');
  const [first, ...others] = alike(values, fail);
  if (node.operator === 'Concat') return concat(first, others, intAttribute(node, 'axis', 1, fail), fail);
  const compute = elementwise.get(node.operator)!;
  let result = first;
  for (const other of others) {
    const [large, small] = sizeOf(result) >= sizeOf(other) ? [result, other] : [other, result];
    const a = large.dims ?? [large.width ?? 0];
    const b = small.dims ?? [small.width ?? 0];
    const fits = a.length === b.length && b.every((length, i) => length === a[i] || length === 1);
    if (!fits) fail(`expected values of the same shape, given ${show(a)} and ${show(b)}`);
    const isTurned = large !== result;
    large.compute(node.operator, isTurned ? (x, y) => compute(y, x) : compute, [small]);
    result = large;
  }
  return result;
}

function sizeOf({ dims, width }: Reading): number {
  return dims ? elementsOf(dims) : (width ?? 0);
}

/** x · sigmoid(x), which ends a product as any activation does where nothing else reads x. */
function siluOf(node: OnnxNode, flow: Flow, [a, b]: readonly Reading[]): Reading | undefined {
  const [x, name] = b.isSigmoidOf(a) ? [a, node.inputs[0]] : a.isSigmoidOf(b) ? [b, node.inputs[1]] : [];
  if (!x) return undefined;
  x.alone = flow.consumers(name as string).length === 2;
  x.addActivation('silu');
  return x;
}

/** All in one layout; rows that were images in the file's own order, where others are not. */
function alike(values: readonly Reading[], fail: Fail): readonly Reading[] {
  if (values.some(({ rank }) => rank === 4)) {
    const isPooled = values.every(({ layout }) => layout === 'pooled');
    const isLast = values.every(({ layout }) => layout === 'last');
    if (!isPooled && !isLast) for (const read of values) read.requireImages(fail);
    return values;
  }
  for (const read of values) read.requireRows(fail);
  const [{ layout, image }] = values;
  const isSame = values.every((read) => read.layout === layout && read.image.join() === image.join());
  if (!isSame) for (const read of values) read.restoreOrder();
  return values;
}

function concat(first: Reading, others: readonly Reading[], axis: number, fail: Fail): Reading {
  const all = [first, ...others];
  const { rank, layout } = first;
  if (axis !== 1 && axis !== 1 - rank) fail(`expected it along the second axis, given axis ${axis}`);
  if (layout === 'last') fail('expected images with their channels as the second axis');
  for (const read of all) read.restoreOrder();
  const shapes = all.map(({ dims, width }) => dims ?? [width ?? 0]);
  const [[, ...own]] = shapes;
  if (!shapes.every(([, ...other]) => other.join() === own.join()))
    fail(`expected values that agree but for the second axis, given ${shapes.map(show).join(' and ')}`);
  first.compute('Concat', (...values) => F.concat(values), others);
  first.dims = [shapes.reduce((total, [length]) => total + length, 0), ...own];
  first.width = elementsOf(first.dims);
  return first;
}
