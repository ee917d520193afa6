/** A function of numbers, by its code, over rows that lie in one piece, of a multiple of eight floats. */
import {
  BINARY_ADD, BINARY_DIV, BINARY_EQUAL, BINARY_GREATER, BINARY_GREATER_EQUAL, BINARY_LESS,
  BINARY_LESS_EQUAL, BINARY_MAX, BINARY_MIN, BINARY_MUL, BINARY_NOT_EQUAL, BINARY_POW, BINARY_SUB,
  UNARY_ABS, UNARY_CEIL, UNARY_COPY, UNARY_COS, UNARY_ELU, UNARY_ERF, UNARY_EXP, UNARY_EXPM1, UNARY_FILL,
  UNARY_FLOOR, UNARY_GELU, UNARY_GELU_TANH, UNARY_LEAKY_RELU, UNARY_LOG, UNARY_LOG1P, UNARY_NEG,
  UNARY_RECIPROCAL, UNARY_RELU, UNARY_ROUND, UNARY_RSQRT, UNARY_SCALE, UNARY_SIGMOID, UNARY_SIGN,
  UNARY_SILU, UNARY_SIN, UNARY_SOFTPLUS, UNARY_SQRT, UNARY_SQUARE, UNARY_TANH,
} from '../../build/assembly/constants';
import { exp, log, relu_forward, sigmoid_forward, tanh_forward } from '../activation';
import { one4, sign4 } from '../math';
import {
  elu_forward, gelu_forward, gelu_tanh_forward, leaky_relu_forward, silu_forward, softplus_forward,
} from '../smooth';
import { erf_row, expm1_row, log1p_row } from './composite';
import { power_row, sine_row } from './double';

// Beside the codes of functions of one number, in one numbering with them.
// @ts-ignore: decorator
@inline export const SELECT: i32 = 31, BINARY: i32 = 32;
// @ts-ignore: decorator
@inline const ADD: i32 = BINARY + BINARY_ADD, SUB: i32 = BINARY + BINARY_SUB, MUL: i32 = BINARY + BINARY_MUL,
  DIV: i32 = BINARY + BINARY_DIV, MAX: i32 = BINARY + BINARY_MAX, MIN: i32 = BINARY + BINARY_MIN,
  POW: i32 = BINARY + BINARY_POW, LESS: i32 = BINARY + BINARY_LESS,
  LESS_EQUAL: i32 = BINARY + BINARY_LESS_EQUAL, GREATER: i32 = BINARY + BINARY_GREATER,
  GREATER_EQUAL: i32 = BINARY + BINARY_GREATER_EQUAL, EQUAL: i32 = BINARY + BINARY_EQUAL,
  NOT_EQUAL: i32 = BINARY + BINARY_NOT_EQUAL;

/** y = f(c, a, b), of which f may not read all; `side` is scratch space of 256 bytes. */
export function row(
  y: usize, c: usize, a: usize, b: usize, n: i32, op: i32, parameter: f32, side: usize,
): void {
  switch (op) {
    case UNARY_COPY: return memory.copy(y, a, <usize>n << 2);
    case UNARY_NEG: return map(y, a, b, n, UNARY_NEG, 0);
    case UNARY_ABS: return map(y, a, b, n, UNARY_ABS, 0);
    case UNARY_SQUARE: return map(y, a, a, n, MUL, 0);
    case UNARY_SQRT: return map(y, a, b, n, UNARY_SQRT, 0);
    case UNARY_RSQRT: return map(y, a, b, n, UNARY_RSQRT, 0);
    case UNARY_RECIPROCAL: return map(y, a, b, n, UNARY_RECIPROCAL, 0);
    case UNARY_SIGN: return map(y, a, b, n, UNARY_SIGN, 0);
    case UNARY_FLOOR: return map(y, a, b, n, UNARY_FLOOR, 0);
    case UNARY_CEIL: return map(y, a, b, n, UNARY_CEIL, 0);
    case UNARY_ROUND: return map(y, a, b, n, UNARY_ROUND, 0);
    case UNARY_EXP: return exp(y, a, n);
    case UNARY_EXPM1: return expm1_row(y, a, n, side);
    case UNARY_LOG: return log(y, a, n);
    case UNARY_LOG1P: return log1p_row(y, a, n, side);
    case UNARY_SIN: return sine_row(y, a, n, 0);
    case UNARY_COS: return sine_row(y, a, n, 1);
    case UNARY_ERF: return erf_row(y, a, n, side);
    case UNARY_RELU: return relu_forward(y, a, n);
    case UNARY_SIGMOID: return sigmoid_forward(y, a, n);
    case UNARY_TANH: return tanh_forward(y, a, n);
    case UNARY_LEAKY_RELU: return leaky_relu_forward(y, a, n, parameter);
    case UNARY_GELU: return gelu_forward(y, a, n);
    case UNARY_GELU_TANH: return gelu_tanh_forward(y, a, n);
    case UNARY_SILU: return silu_forward(y, a, n);
    case UNARY_SOFTPLUS: return softplus_forward(y, a, n);
    case UNARY_ELU: return elu_forward(y, a, n, parameter);
    case UNARY_SCALE: return map(y, a, b, n, UNARY_SCALE, parameter);
    case UNARY_FILL: return map(y, a, b, n, UNARY_FILL, parameter);
    case ADD: return map(y, a, b, n, ADD, 0);
    case SUB: return map(y, a, b, n, SUB, 0);
    case MUL: return map(y, a, b, n, MUL, 0);
    case DIV: return map(y, a, b, n, DIV, 0);
    case MAX: return map(y, a, b, n, MAX, 0);
    case MIN: return map(y, a, b, n, MIN, 0);
    case POW: return power_row(y, a, b, n);
    case LESS: return map(y, a, b, n, LESS, 0);
    case LESS_EQUAL: return map(y, a, b, n, LESS_EQUAL, 0);
    case GREATER: return map(y, b, a, n, LESS, 0);
    case GREATER_EQUAL: return map(y, b, a, n, LESS_EQUAL, 0);
    case EQUAL: return map(y, a, b, n, EQUAL, 0);
    case NOT_EQUAL: return map(y, a, b, n, NOT_EQUAL, 0);
    case SELECT: return select_row(y, c, a, b, n);
  }
}

// @ts-ignore: decorator
@inline
function map(y: usize, a: usize, b: usize, n: i32, kind: i32, parameter: f32): void {
  const factor = f32x4.splat(parameter);
  for (; n > 0; n -= 8) {
    const v0 = value(a, b, kind, factor);
    const v1 = value(a + 16, b + 16, kind, factor);
    v128.store(y, v0);
    v128.store(y, v1, 16);
    y += 32;
    a += 32;
    b += 32;
  }
}

/** Only what is used is loaded. */
// @ts-ignore: decorator
@inline
function value(a: usize, b: usize, kind: i32, factor: v128): v128 {
  if (kind == UNARY_FILL) return factor;
  const x = v128.load(a);
  if (kind == UNARY_NEG) return f32x4.neg(x);
  if (kind == UNARY_ABS) return f32x4.abs(x);
  if (kind == UNARY_SQRT) return f32x4.sqrt(x);
  if (kind == UNARY_RSQRT) return f32x4.div(one4(), f32x4.sqrt(x));
  if (kind == UNARY_RECIPROCAL) return f32x4.div(one4(), x);
  if (kind == UNARY_SIGN) return sign_of(x);
  if (kind == UNARY_FLOOR) return f32x4.floor(x);
  if (kind == UNARY_CEIL) return f32x4.ceil(x);
  if (kind == UNARY_ROUND) return f32x4.nearest(x);
  if (kind == UNARY_SCALE) return f32x4.mul(x, factor);
  const z = v128.load(b);
  if (kind == ADD) return f32x4.add(x, z);
  if (kind == SUB) return f32x4.sub(x, z);
  if (kind == MUL) return f32x4.mul(x, z);
  if (kind == DIV) return f32x4.div(x, z);
  if (kind == MAX) return f32x4.max(x, z);
  if (kind == MIN) return f32x4.min(x, z);
  if (kind == LESS) return v128.and(f32x4.lt(x, z), one4());
  if (kind == LESS_EQUAL) return v128.and(f32x4.le(x, z), one4());
  if (kind == EQUAL) return v128.and(f32x4.eq(x, z), one4());
  return v128.and(f32x4.ne(x, z), one4());
}

/** 1 or -1; zeros and NaN as they are. */
// @ts-ignore: decorator
@inline
function sign_of(x: v128): v128 {
  const differs = f32x4.gt(f32x4.abs(x), f32x4.splat(0));
  return v128.bitselect(v128.or(sign4(x), one4()), x, differs);
}

/** NaN is not 0. */
// @ts-ignore: decorator
@inline
function select_row(y: usize, c: usize, a: usize, b: usize, n: i32): void {
  for (; n > 0; n -= 4) {
    v128.store(y, v128.bitselect(v128.load(a), v128.load(b), f32x4.ne(v128.load(c), f32x4.splat(0))));
    y += 16;
    c += 16;
    a += 16;
    b += 16;
  }
}
