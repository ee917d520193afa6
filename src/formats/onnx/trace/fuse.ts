/**
 * Functions that exporters write as the arithmetic they are made of become one operation again: gelu in both
 * its forms, silu, and layer norm. They compute the same, faster and with less memory, and are written as what
 * they are.
 */
import { elementsOf } from '../../../base/arrays.js';
import { reshape } from '../../../graph/functions.js';
import { attributesOf, isLeaf, literalLeaf } from '../../../graph/leaves.js';
import { apply, applyOne, type Node, nodesOf, type Value, withinAll } from '../../../graph/value.js';
import { type ActivationAttributes, activation } from '../../../ops/activations.js';
import { add, div, mul, pow, sub, unaries } from '../../../ops/arithmetic.js';
import { layerNormOperation } from '../../../ops/norm.js';
import { sameShape } from '../../../ops/operation.js';
import { reduction } from '../../../ops/reduction.js';

/** What is put in place of `root`, which all of `nodes` serve. */
interface Match {
  readonly root: Value;
  readonly nodes: ReadonlySet<Node>;
  /** Of the values, as they have become. */
  readonly make: (now: (value: Value) => Value) => Value;
  readonly name: string;
}

/** The same outputs, by the operations that stand for several. */
export function fuse(outputs: readonly Value[]): Value[] {
  const nodes = nodesOf(outputs);
  const readers = new Map<Value, Node[]>();
  for (const node of nodes) {
    for (const value of new Set(node.inputs)) {
      const own = readers.get(value);
      if (own) own.push(node);
      else readers.set(value, [node]);
    }
  }
  const graph: Graph = { readers, outputs: new Set(outputs) };
  const matches = new Map<Node, Match>();
  for (const node of nodes) {
    const found = activationAt(node, graph) ?? layerNormAt(node, graph);
    if (found) matches.set(found.root.node, found);
  }
  const inner = new Set([...matches.values()].flatMap((own) => [...own.nodes]));
  const known = new Map<Value, Value>();
  const now = (value: Value) => known.get(value) ?? value;
  for (const node of nodes) {
    const match = matches.get(node);
    if (match) {
      // Beside the other nodes of the layer that the last of them stands in.
      const scopes = [...node.scopes.slice(0, -1), { name: match.name, owner: {} }];
      known.set(
        match.root,
        withinAll(scopes, () => match.make(now)),
      );
    } else if (!inner.has(node)) {
      const inputs = node.inputs.map(now);
      if (inputs.every((value, i) => value === node.inputs[i])) continue;
      const made = withinAll(node.scopes, () => apply(node.operation, inputs, node.attributes));
      for (const [i, value] of node.outputs.entries()) known.set(value, made[i]);
    }
  }
  return outputs.map(now);
}

interface Graph {
  readonly readers: ReadonlyMap<Value, readonly Node[]>;
  readonly outputs: ReadonlySet<Value>;
}

/** Whether nobody else reads what these nodes make, but for the last. */
function isPrivate({ readers, outputs }: Graph, nodes: ReadonlySet<Node>, root: Value): boolean {
  return [...nodes].every(
    (node) =>
      node === root.node ||
      node.outputs.every(
        (value) => !outputs.has(value) && (readers.get(value) ?? []).every((reader) => nodes.has(reader)),
      ),
  );
}

/** The only node that reads a value, if there is one. */
function onlyReader({ readers, outputs }: Graph, value: Value): Node | undefined {
  const own = readers.get(value) ?? [];
  return own.length === 1 && !outputs.has(value) ? own[0] : undefined;
}

export function isMadeBy({ node, index }: Value, operation: unknown): boolean {
  return (node.operation as unknown) === operation && index === 0;
}

/** The number that a value is, if it stands in the graph. */
export function numberOf({ node }: Value): number | undefined {
  if ((node.operation as unknown) !== literalLeaf) return undefined;
  const { values } = attributesOf(node, literalLeaf);
  return values.length === 1 ? values[0] : undefined;
}

/** Coefficients of xⁱ·fʲ, by `i,j`. */
type Polynomial = ReadonlyMap<string, number>;

/** An activation as the function f of a polynomial of x, in a polynomial of both. */
interface Form {
  readonly isFunction: (node: Node) => boolean;
  readonly inside: Polynomial;
  readonly whole: Polynomial;
  readonly name: ActivationAttributes['name'];
}

const isActivation = (name: string) => (node: Node) =>
  (node.operation as unknown) === activation && attributesOf(node, activation).name === name;

const HALVES: Polynomial = new Map(Object.entries({ '1,0': 0.5, '1,1': 0.5 }));

const forms: readonly Form[] = [
  {
    isFunction: ({ operation }) => operation === unaries.erf,
    inside: new Map([['1,0', Math.SQRT1_2]]),
    ...{ whole: HALVES, name: 'gelu' },
  },
  {
    isFunction: isActivation('tanh'),
    inside: new Map([
      ['1,0', Math.sqrt(2 / Math.PI)],
      ['3,0', Math.sqrt(2 / Math.PI) * 0.044715],
    ]),
    ...{ whole: HALVES, name: 'geluTanh' },
  },
  {
    isFunction: isActivation('sigmoid'),
    inside: new Map([['1,0', 1]]),
    ...{ whole: new Map([['1,1', 1]]), name: 'silu' },
  },
];

/** Operations between a function and the end of an activation, at most. */
const MOST_STEPS = 4;
/** Those within each other that a polynomial is looked for in. */
const MOST_DEPTH = 5;
/** Constants are float32 in a file; another function is further away. */
const CLOSE = 1e-6;

/** By the function that an activation is made with. */
function activationAt(node: Node, graph: Graph): Match | undefined {
  const form = forms.find(({ isFunction }) => isFunction(node));
  if (!form) return undefined;
  const [own] = node.outputs;
  const [argument] = node.inputs;
  for (const x of operandsOf(argument)) {
    const nodes = new Set([node]);
    const inside = polynomialOf(argument, new Map([[x, '1,0']]), nodes);
    if (!inside || !isClose(inside, form.inside)) continue;
    let root = own;
    for (let step = 0; step < MOST_STEPS; step++) {
      const reader = onlyReader(graph, root);
      if (!reader) return undefined;
      [root] = reader.outputs;
      const all = new Set(nodes);
      const leaves = new Map([
        [x, '1,0'],
        [own, '0,1'],
      ]);
      const whole = polynomialOf(root, leaves, all);
      if (!whole || !isClose(whole, form.whole)) continue;
      if (!sameShape(root.shape, x.shape) || !isPrivate(graph, all, root)) return undefined;
      const make: Match['make'] = (now) => applyOne(activation, [now(x)], { name: form.name });
      return { root, nodes: all, make, name: form.name };
    }
  }
  return undefined;
}

/** Values that a polynomial may be one of. */
function operandsOf(value: Value): Set<Value> {
  const found = new Set([value]);
  let next = [value];
  for (let depth = 0; depth < MOST_DEPTH && next.length > 0; depth++) {
    next = next
      .filter(({ node }) => isArithmetic(node))
      .flatMap(({ node }) => node.inputs.filter((own) => numberOf(own) === undefined && !found.has(own)));
    for (const own of next) found.add(own);
  }
  return found;
}

const arithmetic: readonly unknown[] = [add, sub, mul, div, pow, unaries.neg, unaries.square];

function isArithmetic({ operation }: Node): boolean {
  return arithmetic.includes(operation);
}

/** A value as a polynomial of the leaves, and the nodes that make it; undefined where it is none. */
function polynomialOf(
  value: Value,
  leaves: ReadonlyMap<Value, string>,
  nodes: Set<Node>,
  depth = 0,
): Polynomial | undefined {
  const leaf = leaves.get(value);
  if (leaf !== undefined) return new Map([[leaf, 1]]);
  const constant = numberOf(value);
  if (constant !== undefined) return new Map([['0,0', constant]]);
  const { node } = value;
  if (depth > MOST_DEPTH || !isArithmetic(node)) return undefined;
  nodes.add(node);
  const [a, b = a] = node.inputs.map((own) => polynomialOf(own, leaves, nodes, depth + 1));
  if (!a || !b) return undefined;
  switch (node.operation as unknown) {
    case add:
      return sum(a, b, 1);
    case sub:
      return sum(a, b, -1);
    case mul:
    case unaries.square:
      return product(a, b);
    case unaries.neg:
      return sum(new Map(), a, -1);
  }
  const number = numberOf(node.inputs[1]);
  if (number === undefined) return undefined;
  if ((node.operation as unknown) === div) return product(a, new Map([['0,0', 1 / number]]));
  if (number === 2) return product(a, a);
  return number === 3 ? product(product(a, a), a) : undefined;
}

function sum(a: Polynomial, b: Polynomial, sign: number): Polynomial {
  const made = new Map(a);
  for (const [key, own] of b) made.set(key, (made.get(key) ?? 0) + sign * own);
  return made;
}

function product(a: Polynomial, b: Polynomial): Polynomial {
  const made = new Map<string, number>();
  for (const [left, x] of a) {
    for (const [right, y] of b) {
      const powers = right.split(',').map(Number);
      const key = left.split(',').map((power, i) => Number(power) + powers[i]);
      made.set(key.join(), (made.get(key.join()) ?? 0) + x * y);
    }
  }
  return made;
}

function isClose(given: Polynomial, expected: Polynomial): boolean {
  const near = (key: string) => {
    const value = expected.get(key) ?? 0;
    return Math.abs((given.get(key) ?? 0) - value) <= CLOSE * Math.abs(value);
  };
  return [...new Set([...given.keys(), ...expected.keys()])].every(near);
}

/** By the division, or the product, that normalises: (x - mean) / √(mean of (x - mean)² + eps). */
function layerNormAt(node: Node, graph: Graph): Match | undefined {
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
  return { root: end, nodes: all, make, name: 'layerNorm' };
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
