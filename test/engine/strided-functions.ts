/** The functions of strided operations in float64, and how far from them a float32 may be. */
import type { BinaryOperation, UnaryOperation } from '../../src/ops/strided.js';
import { activationFunctions } from '../exact.js';
import { ulpAt } from '../kernels/ulp.js';

/** Numbers where functions bend or end. */
export const specials = [
  0,
  -0,
  NaN,
  Infinity,
  -Infinity,
  1,
  -1,
  2,
  -2,
  0.5,
  -0.5,
  1.5,
  2.5,
  -2.5,
  3,
  0.6,
  16,
  88.5,
  -104,
  1e-40,
  -1e-42,
  2 ** -149,
  1e-20,
  3e38,
  -3e38,
  16777216,
  16777217,
  1e10,
  5e21,
  -1e30,
  2 ** 127,
  22,
  710,
  8388609,
  Math.PI,
].map(Math.fround);

/** Slope, alpha and factor; exact in every precision. */
export const PARAMETER = 0.25;

interface Function<T> {
  readonly f: T;
  /** Ulps of float32 at the exact value, beyond which a result is wrong; 0: the exact value, rounded. */
  bound(...x: number[]): number;
}

const at = (ulps: number) => () => ulps;

/** ∫ e^(-t²) by Simpson's rule, apart from any series. */
export function erf(x: number): number {
  const size = Math.min(Math.abs(x), 7);
  const parts = 2000;
  const h = size / parts;
  let sum = 1 + Math.exp(-size * size);
  for (let i = 1; i < parts; i++) sum += (i % 2 ? 4 : 2) * Math.exp(-((i * h) ** 2));
  return Number.isNaN(x)
    ? x
    : (Math.sign(x) * 2 * sum * h) / 3 / Math.sqrt(Math.PI) || x * (2 / Math.sqrt(Math.PI));
}

function roundHalfToEven(x: number): number {
  const r = Math.round(x);
  return Math.abs(x % 1) === 0.5 && r % 2 !== 0 ? r - 1 : r;
}

const { relu, sigmoid, gelu, geluTanh, silu, softplus } = activationFunctions;

/** What rounding of the argument does to a tail. */
const tail = (x: number) => 8 + 4 * Math.min(x * x, 250);

export const unaryFunctions: Readonly<Record<UnaryOperation, Function<(x: number) => number>>> = {
  copy: { f: (x) => x, bound: at(0) },
  neg: { f: (x) => -x, bound: at(0) },
  abs: { f: Math.abs, bound: at(0) },
  square: { f: (x) => x * x, bound: at(0) },
  sqrt: { f: Math.sqrt, bound: at(0) },
  rsqrt: { f: (x) => 1 / Math.sqrt(x), bound: at(1.5) },
  reciprocal: { f: (x) => 1 / x, bound: at(0) },
  sign: { f: Math.sign, bound: at(0) },
  floor: { f: Math.floor, bound: at(0) },
  ceil: { f: Math.ceil, bound: at(0) },
  round: { f: roundHalfToEven, bound: at(0) },
  exp: { f: Math.exp, bound: at(2) },
  expm1: { f: Math.expm1, bound: at(5) },
  log: { f: Math.log, bound: at(2) },
  log1p: { f: Math.log1p, bound: at(3) },
  sin: { f: Math.sin, bound: at(1) },
  cos: { f: Math.cos, bound: at(1) },
  erf: { f: erf, bound: at(3) },
  relu: { f: relu, bound: at(0) },
  sigmoid: { f: sigmoid, bound: at(3) },
  tanh: { f: Math.tanh, bound: at(3) },
  leakyRelu: { f: (x) => (x < 0 ? PARAMETER * x : x), bound: at(0) },
  gelu: { f: gelu, bound: (x) => tail(x) + Math.abs(x) },
  geluTanh: { f: geluTanh, bound: (x) => 8 + 30 * Math.min(Math.abs(x) ** 3, 1e4) },
  silu: { f: silu, bound: (x) => 4 + Math.min(Math.abs(x), 200) },
  softplus: { f: softplus, bound: at(4) },
  elu: { f: (x) => (x < 0 ? PARAMETER * Math.expm1(x) : x), bound: at(3) },
  scale: { f: (x) => PARAMETER * x, bound: at(0) },
  fill: { f: () => PARAMETER, bound: at(0) },
};

export const binaryFunctions: Readonly<Record<BinaryOperation, Function<(a: number, b: number) => number>>> =
  {
    add: { f: (a, b) => a + b, bound: at(0) },
    sub: { f: (a, b) => a - b, bound: at(0) },
    mul: { f: (a, b) => a * b, bound: at(0) },
    div: { f: (a, b) => a / b, bound: at(0) },
    max: { f: Math.max, bound: at(0) },
    min: { f: Math.min, bound: at(0) },
    // The cases where C's pow is not JavaScript's.
    pow: {
      f: (a, b) => (a === 1 || (a === -1 && !Number.isFinite(b) && !Number.isNaN(b)) ? 1 : a ** b),
      bound: at(1),
    },
    less: { f: (a, b) => (a < b ? 1 : 0), bound: at(0) },
    lessEqual: { f: (a, b) => (a <= b ? 1 : 0), bound: at(0) },
    greater: { f: (a, b) => (a > b ? 1 : 0), bound: at(0) },
    greaterEqual: { f: (a, b) => (a >= b ? 1 : 0), bound: at(0) },
    equal: { f: (a, b) => (a === b ? 1 : 0), bound: at(0) },
    notEqual: { f: (a, b) => (a === b ? 0 : 1), bound: at(0) },
  };

/** Throws unless `got` is the exact value as the engine rounds it, or within `bound` of it. */
export function expectFunction(
  name: string,
  x: readonly number[],
  got: number,
  exact: number,
  round: (x: number) => number,
  bound: (...x: number[]) => number,
): void {
  const ulps = bound(...x);
  const rounded = round(exact);
  const same = Object.is(got, rounded) || (got === rounded && got === 0 && name !== 'copy' && name !== 'neg');
  // Of functions that lose their relative precision in the tails, this much is always forgiven.
  const floor = round === Math.fround ? 2 ** -140 : 1e-14 * Math.max(1, Math.abs(x[0]));
  const unit = round === Math.fround ? ulpAt(exact) : Math.max(ulpAt(exact) * 2 ** -26, 5e-324);
  const near =
    Number.isFinite(exact) && ulps > 0 && Math.abs(got - exact) <= ulps * unit + (ulps >= 3 ? floor : 0);
  const atEnd =
    ulps > 0 && Math.abs(exact) > 3.3e38 && Math.abs(got) > 3.3e38 && Math.sign(got) === Math.sign(exact);
  if (!same && !near && !atEnd) throw new Error(`${name}(${x}) is ${got}, exact ${exact}, bound ${ulps} ulp`);
}
