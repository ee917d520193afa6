/** Operators that work element by element. Of arrays that are known they are computed at once. */
import * as F from '../../../graph/functions.js';
import { applyOne, type Value } from '../../../graph/value.js';
import { activation as activationOperation } from '../../../ops/activations.js';
import { dataTypes } from '../proto.js';
import { aligned } from './align.js';
import { computed, hasBatch, type Kind, type Known, known, meeting, spread } from './array.js';
import { type Given, kindOf, type NodeReader, type TracedOperator } from './context.js';
import { dimsOf, isKnown, type Term, tracedTerm } from './traced.js';

type Operand = Value | number;

/** What is computed of terms, element by element: of values by `live`, of numbers by `compute`. */
export function elementwise(
  node: NodeReader,
  terms: readonly Term[],
  kind: Kind,
  live: (...values: Operand[]) => Value,
  compute?: (...values: number[]) => number,
): Term {
  const { fail } = node;
  if (compute && terms.every(isKnown)) return computed(kind, terms, compute, fail);
  const dims = meeting(terms.map(dimsOf), fail);
  if (terms.every(isKnown)) {
    // Nothing that is known is computed twice in two ways.
    const [first, ...others] = terms;
    return elementwise(node, [tracedTerm(spread(first, dims), fail), ...others], kind, live);
  }
  const { values, axes } = aligned(terms, dims, fail);
  return { value: live(...values), axes, kind };
}

interface Binary {
  readonly live: (a: Operand, b: Operand) => Value;
  readonly compute: (a: number, b: number) => number;
  /** Of whole numbers, where that differs. */
  readonly whole?: Omit<Binary, 'whole'>;
  /** What it makes, where that is not what it is made of. */
  readonly kind?: Kind;
}

/** Towards 0, as whole numbers are divided. */
const truncated = (x: Value) => F.mul(F.sign(x), F.floor(F.abs(x)));

const binaries: Readonly<Record<string, Binary>> = {
  Add: { live: F.add, compute: (a, b) => a + b },
  Sub: { live: F.sub, compute: (a, b) => a - b },
  Mul: { live: F.mul, compute: (a, b) => a * b },
  Div: {
    live: F.div,
    compute: (a, b) => a / b,
    whole: { live: (a, b) => truncated(F.div(a, b)), compute: (a, b) => Math.trunc(a / b) },
  },
  Equal: { live: F.equal, compute: (a, b) => Number(a === b), kind: 'bool' },
  Greater: { live: F.greater, compute: (a, b) => Number(a > b), kind: 'bool' },
  GreaterOrEqual: { live: F.greaterEqual, compute: (a, b) => Number(a >= b), kind: 'bool' },
  Less: { live: F.less, compute: (a, b) => Number(a < b), kind: 'bool' },
  LessOrEqual: { live: F.lessEqual, compute: (a, b) => Number(a <= b), kind: 'bool' },
  And: { live: F.mul, compute: (a, b) => Number(a !== 0 && b !== 0), kind: 'bool' },
  Or: { live: F.maximum, compute: (a, b) => Number(a !== 0 || b !== 0), kind: 'bool' },
  Xor: { live: F.notEqual, compute: (a, b) => Number(a !== b), kind: 'bool' },
};

function binary(own: Binary): TracedOperator {
  return {
    inputs: 2,
    read(node) {
      const [a, b] = node.terms(2);
      const isWhole = a.kind !== 'float';
      const { live, compute } = (isWhole && own.whole) || own;
      return elementwise(node, [a, b], own.kind ?? a.kind, live, compute);
    },
  };
}

/** Of as many inputs as there are. */
function variadic(
  live: (a: Operand, b: Operand) => Value,
  compute: (a: number, b: number) => number,
): TracedOperator {
  return {
    inputs: Number.MAX_SAFE_INTEGER,
    read(node) {
      const terms = node.terms();
      if (terms.length === 0) node.fail('expected at least one input');
      return terms.reduce((a, b) => elementwise(node, [a, b], a.kind, live, compute));
    },
  };
}

interface Unary {
  readonly live: (x: Operand) => Value;
  readonly compute?: (x: number) => number;
}

function unary({ live, compute }: Unary, kind?: Kind): TracedOperator {
  return {
    inputs: 1,
    read: (node) => elementwise(node, [node.term(0)], kind ?? node.kind(0), live, compute),
  };
}

const SELU = { alpha: 1.6732632423543772, gamma: 1.0507009873554805 };

const HALF = 0.5;

function roundEven(x: number): number {
  const down = Math.floor(x);
  const rest = x - down;
  if (rest !== HALF) return Math.round(x);
  return down % 2 === 0 ? down : down + 1;
}

const unaries: Readonly<Record<string, Unary>> = {
  Abs: { live: F.abs, compute: Math.abs },
  Ceil: { live: F.ceil, compute: Math.ceil },
  Cos: { live: F.cos, compute: Math.cos },
  Erf: { live: F.erf },
  Exp: { live: F.exp, compute: Math.exp },
  Floor: { live: F.floor, compute: Math.floor },
  Log: { live: F.log, compute: Math.log },
  Mish: { live: (x) => F.mul(x, F.tanh(F.softplus(x))) },
  Neg: { live: F.neg, compute: (x) => -x },
  Not: { live: (x) => F.equal(x, 0), compute: (x) => Number(x === 0) },
  Reciprocal: { live: F.reciprocal, compute: (x) => 1 / x },
  Relu: { live: F.relu, compute: (x) => Math.max(x, 0) },
  Round: { live: F.round, compute: roundEven },
  Sigmoid: { live: F.sigmoid },
  Sign: { live: F.sign, compute: Math.sign },
  Sin: { live: F.sin, compute: Math.sin },
  Softplus: { live: F.softplus },
  Softsign: { live: (x) => F.div(x, F.add(F.abs(x), 1)) },
  Sqrt: { live: F.sqrt, compute: Math.sqrt },
  Tanh: { live: F.tanh, compute: Math.tanh },
};

/** An activation that has numbers of its own. */
function activation(
  attributes: readonly string[],
  live: (x: Operand, node: NodeReader) => Value,
): TracedOperator {
  return {
    inputs: 1,
    attributes,
    read: (node) => elementwise(node, [node.term(0)], 'float', (x) => live(x, node)),
  };
}

/** The approximation of gelu by tanh. */
function geluTanh(x: Operand): Value {
  return applyOne(activationOperation, [x as Value], { name: 'geluTanh' });
}

function hardSigmoid(x: Operand, alpha: number, beta: number): Value {
  return F.minimum(F.maximum(F.add(F.mul(x, alpha), beta), 0), 1);
}

const activations: Readonly<Record<string, TracedOperator>> = {
  Celu: activation(['alpha'], (x, node) => {
    const alpha = node.float('alpha', 1);
    if (!(alpha > 0)) node.fail(`expected its attribute alpha to be above 0, given ${alpha}`);
    return F.mul(F.elu(F.div(x, alpha)), alpha);
  }),
  Elu: activation(['alpha'], (x, node) => F.elu(x, node.float('alpha', 1))),
  Gelu: {
    inputs: 1,
    attributes: ['approximate'],
    read(node) {
      const isTanh = node.word('approximate', ['none', 'tanh']) === 'tanh';
      return elementwise(node, [node.term(0)], 'float', isTanh ? geluTanh : F.gelu);
    },
  },
  HardSigmoid: activation(['alpha', 'beta'], (x, node) =>
    hardSigmoid(x, node.float('alpha', 0.2), node.float('beta', 0.5)),
  ),
  HardSwish: activation([], (x) => F.mul(x, hardSigmoid(x, 1 / 6, 0.5))),
  LeakyRelu: activation(['alpha'], (x, node) => F.leakyRelu(x, node.float('alpha', 0.01))),
  Selu: activation(['alpha', 'gamma'], (x, node) =>
    F.mul(F.elu(x, node.float('alpha', SELU.alpha)), node.float('gamma', SELU.gamma)),
  ),
  ThresholdedRelu: activation(['alpha'], (x, node) => F.where(F.greater(x, node.float('alpha', 1)), x, 0)),
};

/** To another type. Whole numbers are cut towards 0. */
function cast(node: NodeReader): Given {
  const kind = kindOf(node.int('to', dataTypes.float), node.fail);
  const given = node.given(0);
  // A weight stays one, whatever the width of its numbers.
  if ('weight' in given && kind === 'float') return given;
  const x = node.term(0);
  const change = (live: (own: Operand) => Value, compute: (own: number) => number) =>
    elementwise(node, [x], kind, live, compute);
  if (kind === 'bool' && x.kind !== 'bool')
    return change(
      (own) => F.notEqual(own, 0),
      (own) => Number(own !== 0),
    );
  if (kind === 'int' && x.kind === 'float') return change((own) => truncated(own as Value), Math.trunc);
  if (!isKnown(x)) return { ...x, kind };
  // As floats, numbers of the batch could not be told from others: they are not known any more.
  const isFloat = kind === 'float' && x.kind === 'int';
  return computed(kind, [x], (own) => (isFloat && hasBatch(own) ? Number.NaN : own), node.fail);
}

function clip(node: NodeReader): Term {
  const x = node.term(0);
  const bounds = [node.float('min', Number.NEGATIVE_INFINITY), node.float('max', Number.POSITIVE_INFINITY)];
  const [least, most] = [0, 1].map((i) => {
    if (node.has(i + 1)) return node.term(i + 1);
    return Number.isFinite(bounds[i]) ? bounds[i] : undefined;
  });
  const bound = (own: Term, by: Term | number | undefined, isLeast: boolean) => {
    const [live, compute] = isLeast ? ([F.maximum, Math.max] as const) : ([F.minimum, Math.min] as const);
    if (by === undefined) return own;
    const limit = typeof by === 'number' ? known(own.kind, [], [by]) : by;
    return elementwise(node, [own, limit], own.kind, live, compute);
  };
  return bound(bound(x, least, true), most, false);
}

function prelu(node: NodeReader): Term {
  return elementwise(node, node.terms(2), 'float', (x, slope) =>
    F.where(F.less(x, 0), F.mul(x, slope), x as Value),
  );
}

function modulo(node: NodeReader): Term {
  const [a, b] = node.terms(2);
  if (node.flag('fmod')) {
    const live = (x: Operand, y: Operand) => F.sub(x, F.mul(y, truncated(F.div(x, y))));
    return elementwise(node, [a, b], a.kind, live, (x, y) => x % y);
  }
  const live = (x: Operand, y: Operand) => F.sub(x, F.mul(y, F.floor(F.div(x, y))));
  return elementwise(node, [a, b], a.kind, live, (x, y) => x - y * Math.floor(x / y));
}

function power(node: NodeReader): Term {
  const [a, b] = node.terms(2);
  // A square has a gradient at 0, and is exact.
  const isSquare = isKnown(b) && b.values.length === 1 && b.values[0] === 2;
  if (isSquare && !isKnown(a) && b.dims.length <= a.axes.length)
    return elementwise(node, [a], a.kind, F.square);
  const live = (x: Operand, y: Operand) => F.pow(x, y);
  return elementwise(
    node,
    [a, b],
    a.kind,
    a.kind === 'int' ? (x, y) => truncated(live(x, y)) : live,
    (x, y) => x ** y,
  );
}

function where(node: NodeReader): Term {
  const [condition, a, b] = node.terms(3);
  return elementwise(node, [condition, a, b], a.kind, F.where, (own, x, y) => (own !== 0 ? x : y));
}

/** A scale or zero point: one number, or one for each place of an axis. */
function alongAxis(node: NodeReader, place: number): Known {
  const own = node.known(place) ?? node.fail(`its input ${place} is missing`);
  const rank = node.dims(0).length;
  if (own.dims.length !== 1 || rank === 0) return own;
  const axis = node.axis(node.int('axis', 1), rank);
  return { ...own, dims: Array.from({ length: rank }, (_, i) => (i === axis ? own.values.length : 1)) };
}

/** (x - zero) · scale, along one axis where there are several of both. */
function dequantize(node: NodeReader): Term {
  const zero = node.has(2) ? alongAxis(node, 2) : known('int', [], [0]);
  return elementwise(
    node,
    [node.term(0), alongAxis(node, 1), zero],
    'float',
    (a, s, z) => F.mul(z === 0 ? (a as Value) : F.sub(a, z), s),
    (a, s, z) => (a - z) * s,
  );
}

/** Rounded to the nearest of the type's numbers, as floats. */
function quantize(node: NodeReader): Term {
  const x = node.term(0);
  const scale = alongAxis(node, 1);
  const zero = node.has(2) ? alongAxis(node, 2) : undefined;
  const [least, most] = zero?.dataType === dataTypes.int8 ? [-128, 127] : [0, 255];
  if (zero && zero.dataType !== dataTypes.int8 && zero.dataType !== dataTypes.uint8)
    node.fail('expected a zero point of 8 bits');
  const live = (a: Operand, s: Operand, z: Operand = 0) =>
    F.minimum(F.maximum(F.add(F.round(F.div(a, s)), z), least), most);
  const compute = (a: number, s: number, z = 0) => Math.min(Math.max(roundEven(a / s) + z, least), most);
  return elementwise(node, zero ? [x, scale, zero] : [x, scale], 'int', live, compute);
}

/** By name. */
export const elementwiseOperators: Readonly<Record<string, TracedOperator>> = {
  ...Object.fromEntries(Object.entries(binaries).map(([name, own]) => [name, binary(own)])),
  ...Object.fromEntries(Object.entries(unaries).map(([name, own]) => [name, unary(own)])),
  ...activations,
  Cast: { inputs: 1, attributes: ['to', 'saturate'], read: cast },
  Clip: { inputs: 3, attributes: ['min', 'max'], read: clip },
  DequantizeLinear: { inputs: 3, attributes: ['axis'], read: dequantize },
  QuantizeLinear: { inputs: 3, attributes: ['axis', 'saturate'], read: quantize },
  Max: variadic(F.maximum, Math.max),
  Min: variadic(F.minimum, Math.min),
  Sum: variadic(F.add, (a, b) => a + b),
  Mean: {
    inputs: Number.MAX_SAFE_INTEGER,
    read(node) {
      const terms = node.terms();
      if (terms.length === 0) node.fail('expected at least one input');
      const sum = terms.reduce((a, b) => elementwise(node, [a, b], 'float', F.add, (x, y) => x + y));
      const count = known('float', [], [terms.length]);
      return elementwise(node, [sum, count], 'float', F.div, (x, n) => x / n);
    },
  },
  Mod: { inputs: 2, attributes: ['fmod'], read: modulo },
  PRelu: { inputs: 2, read: prelu },
  Pow: { inputs: 2, read: power },
  Where: { inputs: 3, read: where },
};
