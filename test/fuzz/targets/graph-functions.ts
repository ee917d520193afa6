/** What networks are written with, as functions of `lanegrad`: functions of values. */
import type { Value } from '../../../src/index.js';
import * as lanegrad from '../../../src/index.js';
import type { Call } from './functions.js';
import { current, graphCall } from './graph-call.js';

const unary = (call: (...args: never[]) => unknown, exact: (x: number) => number, positive = false): Call =>
  graphCall((_, x, row) => {
    if (!positive) return { args: [x], expected: [...row].map(exact) };
    return {
      args: [lanegrad.add(lanegrad.square(x), 0.5)],
      expected: [...row].map((v) => exact(v * v + 0.5)),
    };
  }, call);

const binary = (call: (...args: never[]) => unknown, exact: (a: number, b: number) => number): Call =>
  graphCall((r, x, row) => {
    const b = r.floats(3).map((value) => value + 4);
    if (r.chance(0.5)) {
      const expected = [...row].map((value, i) => exact(value, b[i % 3]));
      return { args: [x, lanegrad.literal(b, [3])], expected };
    }
    return { args: [x, 3], expected: [...row].map((value) => exact(value, 3)) };
  }, call);

const isTrue = (value: boolean) => Number(value);

/** Of each of the two lines of three. */
const lines = (row: ArrayLike<number>) => [0, 3].map((from) => Array.from(row).slice(from, from + 3));
const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);

const reduction = (call: (...args: never[]) => unknown, exact: (values: readonly number[]) => number): Call =>
  graphCall((r, x, row) => {
    if (r.chance(0.3)) return { args: [x, { axis: [1, 2] }], expected: [exact([...row])] };
    return { args: [x, { axis: -1, keepAxes: r.chance(0.5) }], expected: lines(row).map(exact) };
  }, call);

const shares = (values: readonly number[]) => {
  const powers = values.map(Math.exp);
  return powers.map((power) => power / total(powers));
};

/** Abramowitz and Stegun's series 7.1.6. */
function erf(x: number): number {
  let [sum, term] = [x, x];
  for (let n = 1; n < 60; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const even = (x: number) => (Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x));

type Maker = (...args: never[]) => Value | lanegrad.Layer;

/** Of a function that makes a layer where it is given no value: what that gives. */
function called(made: Value | lanegrad.Layer): Value {
  return typeof made === 'function' ? made(current.x) : made;
}

export const graphFunctions: Record<string, Call> = {
  abs: unary(lanegrad.abs, Math.abs),
  add: binary(lanegrad.add, (a, b) => a + b),
  ceil: unary(lanegrad.ceil, Math.ceil),
  concat: graphCall((_, x, row) => {
    const expected = lines(row).flatMap((line) => [...line, ...line]);
    return { args: [[x, x], 2], expected };
  }, lanegrad.concat),
  cos: unary(lanegrad.cos, Math.cos),
  div: binary(lanegrad.div, (a, b) => a / b),
  dot: graphCall((_, x, row) => {
    return { args: [x, x], expected: lines(row).map((line) => total(line.map((value) => value ** 2))) };
  }, lanegrad.dot),
  elu: graphCall((_, x, row) => {
    return { args: [x, 2], expected: [...row].map((value) => (value > 0 ? value : 2 * Math.expm1(value))) };
  }, lanegrad.elu),
  equal: binary(lanegrad.equal, (a, b) => isTrue(a === b)),
  erf: unary(lanegrad.erf, erf),
  exp: unary(lanegrad.exp, Math.exp),
  flatten: graphCall(
    (r, x, row) => ({ args: r.chance(0.5) ? [x] : [], expected: [...row] }),
    (...args: never[]) => called((lanegrad.flatten as Maker)(...args)),
  ),
  floor: unary(lanegrad.floor, Math.floor),
  gelu: unary(lanegrad.gelu, (x) => 0.5 * x * (1 + erf(x / Math.SQRT2))),
  greater: binary(lanegrad.greater, (a, b) => isTrue(a > b)),
  greaterEqual: binary(lanegrad.greaterEqual, (a, b) => isTrue(a >= b)),
  leakyRelu: graphCall((_, x, row) => {
    return { args: [x, 0.1], expected: [...row].map((value) => (value > 0 ? value : 0.1 * value)) };
  }, lanegrad.leakyRelu),
  less: binary(lanegrad.less, (a, b) => isTrue(a < b)),
  lessEqual: binary(lanegrad.lessEqual, (a, b) => isTrue(a <= b)),
  literal: graphCall((r) => {
    const values = r.floats(6);
    return { args: [r.pick([values, [...values]]), [3, 2]], expected: [...values] };
  }, lanegrad.literal),
  log: unary(lanegrad.log, Math.log, true),
  logSoftmax: graphCall((_, x, row) => {
    return { args: [x, { axis: 2 }], expected: lines(row).flatMap((line) => shares(line).map(Math.log)) };
  }, lanegrad.logSoftmax),
  matmul: graphCall((_, x, row) => {
    const all = lines(row);
    const expected = all.flatMap((a) => all.map((b) => total(a.map((value, i) => value * b[i]))));
    return { args: [x, lanegrad.transpose(x)], expected };
  }, lanegrad.matmul),
  max: reduction(lanegrad.max, (values) => Math.max(...values)),
  maximum: binary(lanegrad.maximum, Math.max),
  mean: reduction(lanegrad.mean, (values) => total(values) / values.length),
  min: reduction(lanegrad.min, (values) => Math.min(...values)),
  minimum: binary(lanegrad.minimum, Math.min),
  mul: binary(lanegrad.mul, (a, b) => a * b),
  neg: unary(lanegrad.neg, (x) => -x),
  notEqual: binary(lanegrad.notEqual, (a, b) => isTrue(a !== b)),
  oneHot: graphCall((r) => {
    const place = r.below(4);
    const x = lanegrad.literal([place], [1]);
    return { args: [x, 4], expected: [0, 1, 2, 3].map((i) => isTrue(i === place)) };
  }, lanegrad.oneHot),
  pad: graphCall((r, x, row) => {
    const [before, value] = [r.below(3), r.floats(1)[0]];
    const amounts = [
      [0, 0],
      [before, 1],
    ];
    const expected = lines(row).flatMap((line) => [...new Array(before).fill(value), ...line, value]);
    return { args: [x, amounts, { mode: 'constant', value }], expected };
  }, lanegrad.pad),
  pow: graphCall((_, x, row) => {
    return { args: [lanegrad.exp(x), 2], expected: [...row].map((value) => Math.exp(2 * value)) };
  }, lanegrad.pow),
  reciprocal: unary(lanegrad.reciprocal, (x) => 1 / x, true),
  relu: unary(lanegrad.relu, (x) => Math.max(0, x)),
  reshape: graphCall(
    (r, x, row) => {
      const shape = r.pick([[6], [3, 2], [-1], [1, -1, 3]]);
      return { args: r.chance(0.5) ? [x, shape] : [shape], expected: [...row] };
    },
    (...args: never[]) => called((lanegrad.reshape as Maker)(...args)),
  ),
  round: unary(lanegrad.round, even),
  sigmoid: unary(lanegrad.sigmoid, sigmoid),
  sign: unary(lanegrad.sign, Math.sign),
  silu: unary(lanegrad.silu, (x) => x * sigmoid(x)),
  sin: unary(lanegrad.sin, Math.sin),
  slice: graphCall((r, x, row) => {
    const begin = r.below(3);
    return { args: [x, 2, begin, 3], expected: lines(row).flatMap((line) => line.slice(begin)) };
  }, lanegrad.slice),
  softmax: graphCall((_, x, row) => {
    return { args: [x, { axis: 2 }], expected: lines(row).flatMap(shares) };
  }, lanegrad.softmax),
  softplus: unary(lanegrad.softplus, (x) => Math.log1p(Math.exp(x))),
  sqrt: unary(lanegrad.sqrt, Math.sqrt, true),
  square: unary(lanegrad.square, (x) => x * x),
  stopGradient: unary(lanegrad.stopGradient, (x) => x),
  sub: binary(lanegrad.sub, (a, b) => a - b),
  sum: reduction(lanegrad.sum, total),
  take: graphCall((r) => {
    const table = r.floats(8);
    const places = [0, 3, r.below(4)];
    const expected = places.flatMap((place) => [...table.subarray(2 * place, 2 * place + 2)]);
    return { args: [lanegrad.literal(table, [4, 2]), lanegrad.literal(places, [3])], expected };
  }, lanegrad.take),
  tanh: unary(lanegrad.tanh, Math.tanh),
  transpose: graphCall((_, x, row) => {
    return { args: [x, [0, 2, 1]], expected: [0, 3, 1, 4, 2, 5].map((place) => row[place]) };
  }, lanegrad.transpose),
  where: graphCall((_, x, row) => {
    const args = [lanegrad.greater(x, 0), x, 7];
    return { args, expected: [...row].map((value) => (value > 0 ? value : 7)) };
  }, lanegrad.where),
};
