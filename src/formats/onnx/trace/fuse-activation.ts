/** Activations by the arithmetic that they are made of, in any order of their factors: gelu in both its forms, and silu. */
import { attributesOf } from '../../../graph/leaves.js';
import { applyOne, type Node, type Value } from '../../../graph/value.js';
import { type ActivationAttributes, activation } from '../../../ops/activations.js';
import { add, div, mul, pow, sub, unaries } from '../../../ops/arithmetic.js';
import { sameShape } from '../../../ops/operation.js';
import { beside, type Graph, isPrivate, type Match, numberOf, onlyReader } from './fuse-match.js';

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
export function activationAt(node: Node, graph: Graph): Match | undefined {
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
      return { root, nodes: all, make, scopes: beside(root.node, form.name) };
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
