/**
 * The functions of values: what networks, layers and losses of one's own are written with. Where a value is
 * expected, a number will do. Shapes meet as in numpy, aligned at the last axis, but rows never meet another
 * axis. Lists of lengths are those of one row; axes are counted with the rows, which are axis 0 of a value
 * that has them, and from the end with -1.
 */
import { OptionError, ShapeError, show } from '../base/errors.js';
import { checkInteger, OptionReader } from '../base/options.js';
import type { Activation } from '../engine/kernels.js';
import { activation } from '../ops/activations.js';
import * as arithmetic from '../ops/arithmetic.js';
import { product } from '../ops/matmul.js';
import { type Operation, type Shape, showShape, sizeOf } from '../ops/operation.js';
import { reduction } from '../ops/reduction.js';
import * as shapes from '../ops/shapes.js';
import { softmaxOperation } from '../ops/softmax.js';
import { take as takeOperation } from '../ops/take.js';
import { literalLeaf, readDims } from './leaves.js';
import { applyOne, checkValue, MAX_RANK, placeOf, type Value } from './value.js';

/** A value, or a number that stands for one. */
export type Operand = Value | number;

function operand(where: string, name: string, given: Operand): Value {
  if (typeof given !== 'number') {
    checkValue(where, name, given);
    return given;
  }
  if (!isFloat32(given)) {
    throw new OptionError(where, `${name}: expected a value or a finite number, given ${show(given)}`);
  }
  return applyOne(literalLeaf, [], { shape: { rows: false, dims: [] }, values: [given] });
}

function isFloat32(value: unknown): boolean {
  return typeof value === 'number' && Number.isFinite(Math.fround(value));
}

function binary(name: string, operation: Operation<object>, a: Operand, b: Operand): Value {
  const where = placeOf(name);
  return applyOne(operation, [operand(where, 'a', a), operand(where, 'b', b)], {});
}

function unary(name: string, operation: Operation<object>, x: Operand): Value {
  return applyOne(operation, [operand(placeOf(name), 'x', x)], {});
}

function activate(name: Activation, x: Operand, parameter?: number): Value {
  const where = placeOf(name);
  const value = operand(where, 'x', x);
  if (parameter !== undefined && !isFloat32(parameter)) {
    throw new OptionError(where, `expected a finite number beside the value, given ${show(parameter)}`);
  }
  return applyOne(activation, [value], { name, ...(parameter !== undefined && { parameter }) });
}

/** The sum a + b, element by element. */
export const add = (a: Operand, b: Operand): Value => binary('add', arithmetic.add, a, b);
/** The difference a - b, element by element. */
export const sub = (a: Operand, b: Operand): Value => binary('sub', arithmetic.sub, a, b);
/** a · b, element by element. */
export const mul = (a: Operand, b: Operand): Value => binary('mul', arithmetic.mul, a, b);
/** a / b, element by element. */
export const div = (a: Operand, b: Operand): Value => binary('div', arithmetic.div, a, b);
/** a to the power of b; NaN where a is below 0 and b is no whole number. */
export const pow = (a: Operand, b: Operand): Value => binary('pow', arithmetic.pow, a, b);
/** The larger of two, NaN where one is; equal ones share the gradient. */
export const maximum = (a: Operand, b: Operand): Value => binary('maximum', arithmetic.maximum, a, b);
/** The smaller of two, NaN where one is; equal ones share the gradient. */
export const minimum = (a: Operand, b: Operand): Value => binary('minimum', arithmetic.minimum, a, b);
/** 1 where a < b, else 0; without gradient, as all comparisons. */
export const less = (a: Operand, b: Operand): Value => binary('less', arithmetic.less, a, b);
/** 1 where a ≤ b, else 0. */
export const lessEqual = (a: Operand, b: Operand): Value => binary('lessEqual', arithmetic.lessEqual, a, b);
/** 1 where a > b, else 0. */
export const greater = (a: Operand, b: Operand): Value => binary('greater', arithmetic.greater, a, b);
/** 1 where a ≥ b, else 0. */
export const greaterEqual = (a: Operand, b: Operand): Value =>
  binary('greaterEqual', arithmetic.greaterEqual, a, b);
/** 1 where a = b, else 0. */
export const equal = (a: Operand, b: Operand): Value => binary('equal', arithmetic.equal, a, b);
/** 1 where a ≠ b, else 0. */
export const notEqual = (a: Operand, b: Operand): Value => binary('notEqual', arithmetic.notEqual, a, b);

/** a where the condition is not 0, else b. What is not taken has no gradient, and may be NaN. */
export function where(condition: Operand, a: Operand, b: Operand): Value {
  const place = placeOf('where');
  const operands = Object.entries({ condition, a, b }).map(([name, given]) => operand(place, name, given));
  return applyOne(arithmetic.select3, operands, {});
}

/** The negative of each element. */
export const neg = (x: Operand): Value => unary('neg', arithmetic.unaries.neg, x);
/** The exponential eˣ of each element. */
export const exp = (x: Operand): Value => unary('exp', arithmetic.unaries.exp, x);
/** The natural logarithm. */
export const log = (x: Operand): Value => unary('log', arithmetic.unaries.log, x);
/** The square root. */
export const sqrt = (x: Operand): Value => unary('sqrt', arithmetic.unaries.sqrt, x);
/** The square x² of each element. */
export const square = (x: Operand): Value => unary('square', arithmetic.unaries.square, x);
/** |x|; its gradient at 0 is 0. */
export const abs = (x: Operand): Value => unary('abs', arithmetic.unaries.abs, x);
/** -1, 0 or 1; without gradient. */
export const sign = (x: Operand): Value => unary('sign', arithmetic.unaries.sign, x);
/** Of an angle in radians. */
export const sin = (x: Operand): Value => unary('sin', arithmetic.unaries.sin, x);
/** Of an angle in radians. */
export const cos = (x: Operand): Value => unary('cos', arithmetic.unaries.cos, x);
/** The reciprocal 1 / x of each element. */
export const reciprocal = (x: Operand): Value => unary('reciprocal', arithmetic.unaries.reciprocal, x);
/** The error function, 2/√π · ∫₀ˣ exp(-t²) dt. */
export const erf = (x: Operand): Value => unary('erf', arithmetic.unaries.erf, x);
/** The largest whole number that is at most x; without gradient. */
export const floor = (x: Operand): Value => unary('floor', arithmetic.unaries.floor, x);
/** The smallest whole number that is at least x; without gradient. */
export const ceil = (x: Operand): Value => unary('ceil', arithmetic.unaries.ceil, x);
/** The nearest whole number, the even one of two; without gradient. */
export const round = (x: Operand): Value => unary('round', arithmetic.unaries.round, x);

/** max(x, 0). */
export const relu = (x: Operand): Value => activate('relu', x);
/** 1 / (1 + e⁻ˣ). */
export const sigmoid = (x: Operand): Value => activate('sigmoid', x);
/** The hyperbolic tangent. */
export const tanh = (x: Operand): Value => activate('tanh', x);
/** x · Φ(x), Φ the normal distribution (Hendrycks and Gimpel 2016). */
export const gelu = (x: Operand): Value => activate('gelu', x);
/** x · sigmoid(x), also called swish. */
export const silu = (x: Operand): Value => activate('silu', x);
/** log(1 + eˣ). */
export const softplus = (x: Operand): Value => activate('softplus', x);
/** x, below 0 times the slope: 0.01 by default. */
export const leakyRelu = (x: Operand, negativeSlope = 0.01): Value => activate('leakyRelu', x, negativeSlope);
/** x, below 0 alpha · (eˣ - 1); alpha is 1 by default. */
export const elu = (x: Operand, alpha = 1): Value => activate('elu', x, alpha);

/** The same numbers, as if they did not depend on anything: no gradient passes. */
export const stopGradient = (x: Operand): Value => unary('stopGradient', arithmetic.stopGradient, x);

/** Which axes a reduction is over. */
export interface ReductionOptions {
  /** One or several; all of them by default, the rows too, which gives a single number. */
  axis?: number | readonly number[];
  /** Whether reduced axes stay, with length 1; false by default. */
  keepAxes?: boolean;
}

/** The sum over axes. */
export const sum = (x: Operand, options?: ReductionOptions): Value => reduce('sum', x, options);
/** The mean over axes. */
export const mean = (x: Operand, options?: ReductionOptions): Value => reduce('mean', x, options);
/** The largest over axes; several that are equal share the gradient. */
export const max = (x: Operand, options?: ReductionOptions): Value => reduce('max', x, options);
/** The smallest over axes; several that are equal share the gradient. */
export const min = (x: Operand, options?: ReductionOptions): Value => reduce('min', x, options);

function reduce(
  operation: 'sum' | 'mean' | 'max' | 'min',
  x: Operand,
  options: ReductionOptions | undefined,
): Value {
  const where = placeOf(operation);
  const value = operand(where, 'x', x);
  const reader = new OptionReader(where, options);
  const isAxes = (axes: unknown): axes is number | readonly number[] =>
    typeof axes === 'number' || isShortList(axes);
  const axis = reader.optional('axis', 'the number of an axis, or a list of these', isAxes);
  const keepAxes = reader.boolean('keepAxes', false);
  reader.end();
  const { shape } = value;
  const rank = rankOf(shape);
  const given = axis === undefined ? Array.from({ length: rank }, (_, i) => i) : [axis].flat();
  const axes = [...new Set(given.map((own) => axisOf(where, shape, own)))].sort((a, b) => a - b);
  if (axes.length === 0) return value;
  const result = applyOne(reduction, [value], { operation, axes });
  if (keepAxes) return result;
  const first = Number(shape.rows);
  const dims = shape.dims.filter((_, i) => !axes.includes(i + first));
  return applyOne(shapes.reshape, [result], { shape: { rows: result.shape.rows, dims } });
}

/** exp(x) over its sum along an axis: the last by default. */
export function softmax(x: Operand, options?: { axis?: number }): Value {
  const axis = readAxis('softmax', options);
  return alongLast('softmax', x, axis, (value) => applyOne(softmaxOperation, [value], {}));
}

/** The logarithm of softmax, without loss of small ones. */
export function logSoftmax(x: Operand, options?: { axis?: number }): Value {
  const axis = readAxis('logSoftmax', options);
  const value = operand(placeOf('logSoftmax'), 'x', x);
  const shifted = sub(value, stopGradient(max(value, { axis, keepAxes: true })));
  return sub(shifted, log(sum(exp(shifted), { axis, keepAxes: true })));
}

function readAxis(name: string, options: unknown): number {
  const reader = new OptionReader(placeOf(name), options);
  const axis = reader.integer('axis', {}, -1);
  reader.end();
  return axis;
}

function alongLast(name: string, x: Operand, axis: number, compute: (value: Value) => Value): Value {
  const where = placeOf(name);
  const value = operand(where, 'x', x);
  const rank = rankOf(value.shape);
  const at = axisOf(where, value.shape, axis);
  if (at === rank - 1 && !(value.shape.rows && at === 0)) return compute(value);
  if (value.shape.rows && at === 0) {
    throw new ShapeError(
      where,
      `axis 0 are the rows of ${showShape(value.shape)}, which do not know each other`,
    );
  }
  const order = Array.from({ length: rank }, (_, i) => (i === at ? rank - 1 : i === rank - 1 ? at : i));
  return transpose(compute(transpose(value, order)), order);
}

/**
 * The product of matrices, which the last two axes are; the axes before them are equal, or b is one matrix
 * for all of a. With a [rows, …, K] and b [K, N] it is [rows, …, N].
 */
export function matmul(a: Value, b: Value): Value {
  const where = placeOf('matmul');
  checkValue(where, 'a', a);
  checkValue(where, 'b', b);
  const flat = !b.shape.rows && b.shape.dims.length === 2;
  if (!flat && Math.min(a.shape.dims.length, b.shape.dims.length) < 2) {
    throw new ShapeError(where, `expected matrices, given ${showShape(a.shape)} and ${showShape(b.shape)}`);
  }
  // A matrix that was only turned is read as it was before.
  const turned = turnedMatrix(b);
  if (turned) return applyOne(product, [a, turned], { form: 'nt', flat });
  return applyOne(product, [a, b], { form: 'nn', flat });
}

/** What `b` is the transpose of, if it is that of the last two axes. */
function turnedMatrix({ node }: Value): Value | undefined {
  if ((node.operation as unknown) !== shapes.transpose) return undefined;
  const { axes } = node.attributes as { axes: readonly number[] };
  const last = axes.length - 1;
  const swaps = axes.every((axis, i) => axis === (i === last ? last - 1 : i === last - 1 ? last : i));
  return swaps ? node.inputs[0] : undefined;
}

/** The sum of a · b along the last axis. */
export const dot = (a: Operand, b: Operand): Value => sum(mul(a, b), { axis: -1 });

/**
 * The same values, row-major, in another shape: that of one row, for a value with rows. -1 stands for what is
 * left.
 */
export function reshape(x: Value, shape: readonly number[]): Value {
  const where = placeOf('reshape');
  checkValue(where, 'x', x);
  const size = sizeOf(x.shape);
  if (!isShortList(shape) || !shape.every(Number.isSafeInteger)) {
    throw new OptionError(where, `shape: expected lengths such as [28, -1], given ${show(shape)}`);
  }
  const known = shape.reduce((total, length) => (length === -1 ? total : total * length), 1);
  const dims = shape.map((length) => (length === -1 ? size / known : length));
  if (shape.filter((length) => length === -1).length > 1 || !dims.every(Number.isInteger)) {
    throw new ShapeError(
      where,
      `expected lengths that make ${size}, with at most one -1, given [${shape.join(', ')}]`,
    );
  }
  if (dims.length > 0) readDims(where, dims);
  return applyOne(shapes.reshape, [x], { shape: { rows: x.shape.rows, dims } });
}

/** All of a row's values in a line. */
export const flatten = (x: Value): Value => reshape(x, [-1]);

/**
 * Axis i of the result is axis axes[i] of x. By default the last two change places. With rows, axis 0 stays
 * where it is.
 */
export function transpose(x: Value, axes?: readonly number[]): Value {
  const where = placeOf('transpose');
  checkValue(where, 'x', x);
  const rank = rankOf(x.shape);
  if (axes !== undefined && !isShortList(axes)) {
    throw new OptionError(where, `axes: expected a list of axes, given ${show(axes)}`);
  }
  const order = axes ?? Array.from({ length: rank }, (_, i) => (i < rank - 2 ? i : 2 * rank - 3 - i));
  const all = order.map((axis) => axisOf(where, x.shape, axis));
  return applyOne(shapes.transpose, [x], { axes: all });
}

/** The places from `begin` up to, not including, `end` of an axis; negative ones count from the end. */
export function slice(x: Value, axis: number, begin: number, end?: number): Value {
  const where = placeOf('slice');
  checkValue(where, 'x', x);
  const at = axisOf(where, x.shape, axis);
  if (x.shape.rows && at === 0)
    throw new ShapeError(where, `axis 0 are the rows of ${showShape(x.shape)}, which cannot be cut`);
  const size = x.shape.dims[at - Number(x.shape.rows)];
  const place = (name: string, given: number) => {
    checkInteger(where, name, given, { min: -size, max: size });
    return given < 0 ? given + size : given;
  };
  const [from, to] = [place('begin', begin), end === undefined ? size : place('end', end)];
  if (to <= from)
    throw new ShapeError(where, `expected at least one place of ${size}, given ${begin} to ${end ?? size}`);
  return applyOne(shapes.slice, [x], { axis: at, begin: from, length: to - from });
}

/** One behind the other along an axis: the last by default. */
export function concat(values: readonly Value[], axis = -1): Value {
  const where = placeOf('concat');
  if (!Array.isArray(values) || values.length === 0) {
    throw new OptionError(where, `values: expected a list of values, given ${show(values)}`);
  }
  for (const [i, value] of values.entries()) checkValue(where, `values[${i}]`, value);
  return applyOne(shapes.concat, values, { axis: axisOf(where, values[0].shape, axis) });
}

/**
 * The rows of a table [K, width] that whole numbers from 0 to K - 1 name: indices of any shape give that
 * shape with one axis more. Indices have no gradient; those of an input are checked in the data, others are
 * cut to the table.
 */
export function take(table: Value, indices: Value): Value {
  const where = placeOf('take');
  checkValue(where, 'table', table);
  checkValue(where, 'indices', indices);
  return applyOne(takeOperation, [indices, table], {});
}

/** Up to here float32 has every whole number. */
const MAX_CLASSES = 2 ** 24;

/** 1 at the place of each number, else 0: x [rows] or [rows, 1] gives [rows, classes]. Without gradient. */
export function oneHot(x: Value, classes: number): Value {
  const where = placeOf('oneHot');
  checkValue(where, 'x', x);
  checkInteger(where, 'classes', classes, { min: 1, max: MAX_CLASSES });
  const { dims } = x.shape;
  const column = dims[dims.length - 1] === 1 && dims.length > 0 ? x : reshape(x, [...dims, 1]);
  const places = new Float32Array(classes).map((_, i) => i);
  return equal(
    column,
    applyOne(literalLeaf, [], { shape: { rows: false, dims: [classes] }, values: places }),
  );
}

/** A list that is no longer than a value has axes. */
function isShortList(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.length <= MAX_RANK;
}

function rankOf({ rows, dims }: Shape): number {
  return dims.length + Number(rows);
}

function axisOf(where: string, shape: Shape, axis: number): number {
  const rank = rankOf(shape);
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank) {
    throw new ShapeError(where, `axis: expected an axis of ${showShape(shape)}, given ${show(axis)}`);
  }
  return axis < 0 ? axis + rank : axis;
}
