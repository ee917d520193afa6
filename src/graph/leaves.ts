/**
 * Where graphs begin: inputs, parameters, buffers, numbers that stand in the graph, and gradients that come
 * from outside.
 */
import { isNumericArray } from '../base/arrays.js';
import { OptionError, ShapeError, show } from '../base/errors.js';
import { checkInteger, OptionReader } from '../base/options.js';
import type { Operation, Shape } from '../ops/operation.js';
import { sizeOf } from '../ops/operation.js';
import { applyOne, type Node, placeOf, type Value } from './value.js';

/** Leaves are placed and filled by whoever compiles the graph. */
function leaf<A extends { readonly shape: Shape }>(name: string): Operation<A> {
  return { name, infer: (_, __, { shape }) => [shape], bind: () => [] };
}

export interface InputAttributes {
  readonly shape: Shape;
  readonly name?: string;
}

/** What a parameter begins as. The same as nn's: a rule that fills an array. */
export interface InitialValues {
  readonly name?: string;
  fill(values: Float32Array, shape: readonly number[], seed: number, stream: number): void;
}

export interface ParameterAttributes {
  readonly shape: Shape;
  readonly name: string;
  readonly initializer: InitialValues;
  /** Whether L1 and L2 penalties apply. */
  readonly penalised: boolean;
  readonly trainable: boolean;
}

export interface LiteralAttributes {
  readonly shape: Shape;
  readonly values: readonly number[] | Float32Array;
}

export interface SeedAttributes {
  readonly shape: Shape;
  /** Which of the losses it comes from. */
  readonly head: number;
}

export const inputLeaf = /* @__PURE__ */ leaf<InputAttributes>('input');
export const parameterLeaf = /* @__PURE__ */ leaf<ParameterAttributes>('parameter');
export const bufferLeaf = /* @__PURE__ */ leaf<ParameterAttributes>('buffer');
export const literalLeaf = /* @__PURE__ */ leaf<LiteralAttributes>('literal');
export const seedLeaf = /* @__PURE__ */ leaf<SeedAttributes>('seed');

export function isLeaf({ operation }: Node): boolean {
  const leaves: unknown[] = [inputLeaf, parameterLeaf, bufferLeaf, literalLeaf, seedLeaf];
  return leaves.includes(operation);
}

export function isParameter({ operation }: Node): boolean {
  return (operation as unknown) === parameterLeaf;
}

export function attributesOf<A>(node: Node, _of: Operation<A>): A {
  return node.attributes as A;
}

/**
 * An input of a network: for each row of a batch an array of this shape, or so many numbers. With several
 * inputs each has a name, by which data sets have it too.
 *
 * @throws OptionError for a shape that is no list of whole numbers of at least 1.
 */
export function input(shape: number | readonly number[], options?: { name?: string }): Value {
  const where = placeOf('input');
  const dims = readDims(where, shape);
  const reader = new OptionReader(where, options);
  const isName = (name: unknown): name is string => typeof name === 'string' && name !== '';
  const name = reader.optional('name', 'a name', isName);
  reader.end();
  return applyOne(inputLeaf, [], { shape: { rows: true, dims }, ...(name !== undefined && { name }) });
}

/**
 * Numbers that stand in the graph: of this shape, row-major, the same for every row. They are no parameters
 * and never change.
 *
 * @throws OptionError for something that is no list of numbers, ShapeError for another count than the shape
 * has.
 */
export function literal(values: ArrayLike<number>, shape: readonly number[]): Value {
  const where = placeOf('literal');
  const dims = Array.isArray(shape) && shape.length === 0 ? [] : readDims(where, shape);
  if (!Array.isArray(values) && !isNumericArray(values)) {
    throw new OptionError(where, `values: expected a list of numbers, given ${show(values)}`);
  }
  const own = { rows: false, dims };
  if (values.length !== sizeOf(own)) {
    throw new ShapeError(
      where,
      `expected ${sizeOf(own)} values for [${dims.join(', ')}], given ${values.length}`,
    );
  }
  const copy = new Float32Array(values.length);
  for (let i = 0; i < copy.length; i++) {
    const value: unknown = values[i];
    if (typeof value === 'number') copy[i] = value;
    if (typeof value === 'number' && Number.isFinite(copy[i])) continue;
    throw new OptionError(where, `values[${i}]: expected a finite number, given ${show(value)}`);
  }
  return applyOne(literalLeaf, [], { shape: own, values: copy });
}

export function readDims(where: string, shape: unknown): readonly number[] {
  const dims = typeof shape === 'number' ? [shape] : shape;
  if (!Array.isArray(dims) || dims.length === 0) {
    throw new OptionError(where, `shape: expected lengths such as [28, 28, 1], given ${show(shape)}`);
  }
  for (const length of dims) checkInteger(where, `shape ${show(shape)}`, length, { min: 1 });
  return [...dims];
}
