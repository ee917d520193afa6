/**
 * What networks are written with, as functions of `lanegrad`: functions of values, leaves, layers and losses
 * of one's own, networks.
 */
import type { Network, Value } from '../../../src/index.js';
import * as lanegrad from '../../../src/index.js';
import type { Random } from '../random.js';
import { expectThat, type World } from '../target.js';
import { allFinite, type Call } from './functions.js';

const { constant, flatten, input, network, parameter, predict, reshape } = lanegrad;

/**
 * A row's numbers as they stand in [rows, 2, 3], and what a function makes of them when it is called as it
 * should be.
 */
interface Case {
  readonly args: readonly unknown[];
  readonly expected: readonly number[];
}

/** Of the case at hand: cases come one after the other. */
let current: { x: Value; row: Float32Array; expected: readonly number[]; world: World };

/** The numbers of a value that is made of the input. */
function run(value: Value): Float32Array {
  const { x, row, world } = current;
  const one = parameter('one', [1], constant(1));
  // What has no rows is given to each.
  const zero = lanegrad.mul(lanegrad.slice(flatten(x), 1, 0, 1), 0);
  const model = network(x, lanegrad.add(lanegrad.mul(reshape(value, [-1]), one), zero));
  if (model.outputSize > 1e5) return new Float32Array(0);
  return predict(world.reference, model, row, { loss: 'meanSquaredError' });
}

function graphCall(
  make: (r: Random, x: Value, row: Float32Array) => Case,
  call: (...args: never[]) => unknown,
): Call {
  return {
    valid(r, world) {
      const x = input([2, 3]);
      const row = r.floats(6);
      const { args, expected } = make(r, x, row);
      current = { x, row, expected, world };
      return args;
    },
    call: (...args) => run(call(...args) as Value),
    check(result, _, intact) {
      allFinite(result);
      if (!intact) return;
      const { expected } = current;
      const got = result as Float32Array;
      expectThat(got.length === expected.length, () => `${got.length} numbers, expected ${expected.length}`);
      for (const [i, value] of expected.entries()) {
        const holds = Math.abs(got[i] - value) <= 1e-5 * (1 + Math.abs(value));
        expectThat(holds, () => `number ${i} is ${got[i]}, expected ${value}`);
      }
    },
  };
}

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

function trained(r: Random): Network {
  const x = input([2]);
  return network(x, lanegrad.dense(2)(lanegrad.dense(3)(x)), { seed: r.below(100) });
}

function frozenNames({ parameters }: Network): string[] {
  return parameters.filter(({ trainable }) => trainable === false).map(({ name }) => name);
}

/** A value, as a layer's function gives it. */
const layerCall =
  (make: (...args: never[]) => Value): Call['call'] =>
  (...args) =>
    run(lanegrad.add(current.x, lanegrad.layer('own', () => make(...args))(current.x)));

type Maker = (...args: never[]) => Value | lanegrad.Layer;

/** Of a function that makes a layer where it is given no value: what that gives. */
function called(made: Value | lanegrad.Layer): Value {
  return typeof made === 'function' ? made(current.x) : made;
}

/** An initializer's values in place of a parameter's, which are all that is added to the input. */
const leafCall = (make: (...args: never[]) => Value): Call => ({
  ...graphCall(
    (_, __, row) => ({
      args: ['name', [3], constant(0.5)],
      expected: [...row].map((value) => value + 0.5),
    }),
    () => undefined,
  ),
  call: layerCall(make),
});

export const graphFunctions: Record<string, Call> = {
  abs: unary(lanegrad.abs, Math.abs),
  add: binary(lanegrad.add, (a, b) => a + b),
  buffer: leafCall(lanegrad.buffer),
  callModel: {
    valid(r, world) {
      const x = input([2]);
      const row = r.floats(2);
      current = { x, row, world, expected: [] };
      return [trained(r), r.chance(0.5) ? x : { input: x }];
    },
    call: (...args) => run(lanegrad.callModel(...(args as unknown as Parameters<typeof lanegrad.callModel>))),
    check(result, [model], intact) {
      allFinite(result);
      if (!intact) return;
      const { row, world } = current;
      const same = predict(world.reference, model as Network, row, { loss: 'meanSquaredError' });
      for (const [i, value] of same.entries()) {
        expectThat(value === (result as Float32Array)[i], () => `output ${i} is another than the model's`);
      }
    },
  },
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
  explain: {
    valid: (r) => [
      trained(r),
      { loss: 'meanSquaredError', optimizer: lanegrad.sgd({ learningRate: 1 }), rows: 3 },
    ],
    call: (...args) => lanegrad.explain(...(args as unknown as Parameters<typeof lanegrad.explain>)),
    check(result) {
      const { prediction, bytes } = result as lanegrad.Explanation;
      expectThat(prediction.steps.length > 0 && bytes.parameters > 0, () => 'nothing is explained');
    },
  },
  exp: unary(lanegrad.exp, Math.exp),
  flatten: graphCall(
    (r, x, row) => ({ args: r.chance(0.5) ? [x] : [], expected: [...row] }),
    (...args: never[]) => called((lanegrad.flatten as Maker)(...args)),
  ),
  floor: unary(lanegrad.floor, Math.floor),
  freeze: {
    valid: (r) => [trained(r), 'dense_1.*'],
    call: (...args) => {
      const [model] = args as unknown as [Network];
      return { names: lanegrad.freeze(...(args as unknown as [Network, string])), model };
    },
    check(result) {
      const { names, model } = result as { names: string[]; model: Network };
      expectThat(names.join() === frozenNames(model).join(), () => `${names} are said to be frozen`);
    },
  },
  gelu: unary(lanegrad.gelu, (x) => 0.5 * x * (1 + erf(x / Math.SQRT2))),
  greater: binary(lanegrad.greater, (a, b) => isTrue(a > b)),
  greaterEqual: binary(lanegrad.greaterEqual, (a, b) => isTrue(a >= b)),
  input: {
    valid: (r, world) => {
      current = { x: input([1]), row: r.floats(3), world, expected: [] };
      return [r.pick([3, [3], [1, 3]]), { name: 'x' }];
    },
    call(...args) {
      const x = lanegrad.input(...(args as unknown as Parameters<typeof lanegrad.input>));
      if (x.shape.dims.reduce((size, length) => size * length, 1) !== 3) return [];
      current = { ...current, x };
      return run(x);
    },
    check: (result, _, intact) => {
      allFinite(result);
      if (intact) expectThat(String(result) === String(current.row), () => `${String(result)}`);
    },
  },
  isSequential: {
    valid: (r) => [trained(r)],
    call: (...args) => lanegrad.isSequential(...(args as unknown as [Network])),
    check: (result, _, intact) =>
      intact && expectThat(result === false, () => 'a graph is no list of layers'),
  },
  layer: {
    ...graphCall(
      (_, __, row) => ({
        args: ['own', (value: Value) => lanegrad.mul(value, parameter('p', [1], constant(2)))],
        expected: [...row].map((value) => 2 * value),
      }),
      () => undefined,
    ),
    call: (...args) =>
      run(lanegrad.layer(...(args as unknown as Parameters<typeof lanegrad.layer>))(current.x)),
  },
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
  network: {
    weight: 3,
    valid(r, world) {
      const [a, b] = [input([2]), input([3], { name: 'second' })];
      const both = lanegrad.concat([a, b]);
      current = { x: a, row: r.floats(2), world, expected: [] };
      if (r.chance(0.3)) return [a, lanegrad.dense(2)(a), { seed: 1 }];
      return [{ a, b }, { c: lanegrad.dense(2)(both), d: lanegrad.dense(1)(b) }, { seed: 1 }];
    },
    call: (...args) => network(...(args as unknown as Parameters<typeof network>)),
    check(model) {
      const { parameters, inputs, outputs } = model as Network;
      expectThat(parameters.length > 0 && inputs.length > 0 && outputs.length > 0, () => 'nothing in it');
      for (const { name, values } of parameters) allFinite(values, name);
    },
  },
  notEqual: binary(lanegrad.notEqual, (a, b) => isTrue(a !== b)),
  oneHot: graphCall((r) => {
    const place = r.below(4);
    const x = lanegrad.literal([place], [1]);
    return { args: [x, 4], expected: [0, 1, 2, 3].map((i) => isTrue(i === place)) };
  }, lanegrad.oneHot),
  ownLoss: {
    weight: 2,
    valid: (r, world) => {
      current = { x: input([2]), row: r.floats(2), world, expected: [] };
      const squared: lanegrad.LossFunction = ({ output, target }) =>
        lanegrad.mean(lanegrad.square(lanegrad.sub(output, target)), { axis: 1 });
      return [squared, { link: r.pick(['identity', 'sigmoid', 'softmax']), name: 'mine' }];
    },
    call(...args) {
      const loss = lanegrad.ownLoss(...(args as unknown as Parameters<typeof lanegrad.ownLoss>));
      const { x, row, world } = current;
      const model = network(x, lanegrad.mul(x, parameter('one', [1], constant(1))));
      const optimizer = lanegrad.sgd({ learningRate: 0.1 });
      const { heap } = world.reference;
      const { top } = heap;
      const compiled = new lanegrad.CompiledModel(world.reference, model, { maxRows: 1, loss, optimizer });
      try {
        const plan = compiled.plan(1);
        plan.inputs.write(row);
        plan.loaded();
        plan.targets!.fill(0);
        plan.forward(true);
        const value = plan.loss() / plan.weight();
        plan.backward();
        return [value, ...[...compiled.readGradients().values()].map((gradient) => gradient[0])];
      } finally {
        compiled.dispose();
        expectThat(heap.top === top, () => 'memory is left');
      }
    },
    check(result, _, intact) {
      if (!intact) return;
      const mean = total([...current.row].map((value) => value ** 2)) / 2;
      const [loss, gradient] = result as number[];
      expectThat(Math.abs(loss - mean) < 1e-5 * (1 + mean), () => `a loss of ${loss}, expected ${mean}`);
      expectThat(Math.abs(gradient - 2 * mean) < 1e-5 * (1 + mean), () => `a gradient of ${gradient}`);
    },
  },
  pad: graphCall((r, x, row) => {
    const [before, value] = [r.below(3), r.floats(1)[0]];
    const amounts = [
      [0, 0],
      [before, 1],
    ];
    const expected = lines(row).flatMap((line) => [...new Array(before).fill(value), ...line, value]);
    return { args: [x, amounts, { mode: 'constant', value }], expected };
  }, lanegrad.pad),
  parameter: leafCall(lanegrad.parameter),
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
  subnetwork: {
    valid: (r) => [trained(r), r.pick(['dense', ['dense'], ['dense_1', 'dense']])],
    call: lanegrad.subnetwork,
    check(result, [, names]) {
      const { outputs } = result as Network;
      const expected = Array.isArray(names) ? [...new Set(names)] : [names];
      expectThat(outputs.map(({ name }) => name).join() === expected.join(), () => `outputs of ${names}`);
    },
  },
  unfreeze: {
    valid(r) {
      const model = trained(r);
      lanegrad.freeze(model, '*');
      return [model, 'dense.*'];
    },
    call: (...args) => {
      const [model] = args as unknown as [Network];
      return { names: lanegrad.unfreeze(...(args as unknown as [Network, string])), model };
    },
    check(result) {
      const { names, model } = result as { names: string[]; model: Network };
      const left = frozenNames(model);
      expectThat(names.length > 0 && names.every((name) => !left.includes(name)), () => `${left} are frozen`);
    },
  },
  where: graphCall((_, x, row) => {
    const args = [lanegrad.greater(x, 0), x, 7];
    return { args, expected: [...row].map((value) => (value > 0 ? value : 7)) };
  }, lanegrad.where),
};
