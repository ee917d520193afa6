/**
 * Values: what a model is a function of and what it gives. A value is a shape and the operation that makes
 * it; nothing is computed while a graph is made, but shapes are checked. Graphs never change: passes work on
 * steps (program.ts).
 */
import { OptionError, ShapeError, show } from '../base/errors.js';
import { type Operation, type Shape, type Symbolic, showShape } from '../ops/operation.js';

/**
 * An output of a node of the graph. Made by `input`, `parameter`, `literal`, layers and the functions of
 * values.
 */
export interface Value extends Symbolic {
  readonly shape: Shape;
  readonly node: Node;
  /** Which of the node's outputs. */
  readonly index: number;
}

/** An operation and what it is applied to. */
export interface Node {
  readonly operation: Operation;
  readonly inputs: readonly Value[];
  readonly attributes: unknown;
  readonly outputs: readonly Value[];
  /** The layers that it was made in, outermost first. */
  readonly scopes: readonly Scope[];
  /** Nodes are made one after the other: each after those that it is made of. */
  readonly order: number;
}

/** Axes that a value may have, its rows counted. */
export const MAX_RANK = 6;

/** A layer whose function is running: its name, and whose its parameters are. */
export interface Scope {
  readonly name: string;
  readonly owner: object;
  /** What the layer is, where its name is only its place. */
  readonly kind?: string;
}

const running: Scope[] = [];

/** Layers that may be within each other. */
export const MAX_DEPTH = 100;

/** Runs a layer's function: what it makes is the layer's. */
export function within<T>(scope: Scope, run: () => T): T {
  if (running.length >= MAX_DEPTH) {
    throw new OptionError(
      scope.name,
      `more than ${MAX_DEPTH} layers within each other: does it call itself?`,
    );
  }
  running.push(scope);
  try {
    return run();
  } finally {
    running.pop();
  }
}

/** Runs within layers that stand around each other, outermost first. */
export function withinAll<T>([scope, ...others]: readonly Scope[], run: () => T): T {
  return scope ? within(scope, () => withinAll(others, run)) : run();
}

/** In whose name errors are thrown: `add, in layer block`. */
export function placeOf(name: string): string {
  if (running.length === 0) return name;
  return `${name}, in layer ${running.map((scope) => scope.name).join('/')}`;
}

/** The outputs of an operation on values. Throws ShapeError for shapes that do not fit. */
export function apply<A>(operation: Operation<A>, inputs: readonly Value[], attributes: A): readonly Value[] {
  const where = placeOf(operation.name);
  for (const [i, value] of inputs.entries()) checkValue(where, `value ${i}`, value);
  const shapes = operation.infer(
    where,
    inputs.map(({ shape }) => shape),
    attributes,
  );
  for (const shape of shapes) checkRank(where, shape);
  const outputs: Value[] = [];
  const node: Node = {
    operation: operation as Operation,
    inputs: [...inputs],
    attributes,
    outputs,
    scopes: [...running],
    order: count++,
  };
  for (const [index, shape] of shapes.entries()) outputs.push(makeValue(shape, node, index));
  return outputs;
}

/** The output of an operation that has one. */
export function applyOne<A>(operation: Operation<A>, inputs: readonly Value[], attributes: A): Value {
  return apply(operation, inputs, attributes)[0];
}

let count = 0;

const made = new WeakSet<object>();

function makeValue(shape: Shape, node: Node, index: number): Value {
  const value: Value = { shape, node, index };
  made.add(value);
  return value;
}

/** Whether it is a value of a graph. */
export function isValue(value: unknown): value is Value {
  return typeof value === 'object' && value !== null && made.has(value);
}

/**
 * Of what a function gave in place of a value: if it is a promise, nobody waits for it any more, and its
 * rejection must not end the process.
 */
export function dropPromise(given: unknown): void {
  void Promise.resolve(given).catch(() => {});
}

export function checkValue(where: string, name: string, value: unknown): asserts value is Value {
  if (isValue(value)) return;
  throw new OptionError(where, `${name}: expected a value, as input() and layers give, given ${show(value)}`);
}

function checkRank(where: string, shape: Shape): void {
  const rank = shape.dims.length + Number(shape.rows);
  if (rank > MAX_RANK)
    throw new ShapeError(where, `expected at most ${MAX_RANK} axes, given ${showShape(shape)}`);
}

/** Nodes that these values are made of, in the order in which they were made. */
export function nodesOf(values: readonly Value[]): Node[] {
  const nodes = new Set<Node>();
  // By hand, not by recursion: a graph may be deep.
  const stack = values.map(({ node }) => node);
  for (let node = stack.pop(); node; node = stack.pop()) {
    if (nodes.has(node)) continue;
    nodes.add(node);
    for (const value of node.inputs) stack.push(value.node);
  }
  return [...nodes].sort((a, b) => a.order - b.order);
}
