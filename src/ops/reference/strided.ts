/**
 * Tensors of any strides: the readable twin of assembly/strided/elementwise.ts. Functions are in double, from
 * the host's Math.
 */
import { BINARY, UNARY } from '../../engine/codes.js';
import type { BinaryOperation, signatures, UnaryOperation } from '../strided.js';
import type { ReferenceMemory, Twins } from './memory.js';
import { erf, functions } from './smooth.js';

const { leaky_relu, gelu, gelu_tanh, silu, softplus, elu } = functions;

const unary: Record<UnaryOperation, (x: number, parameter: number) => number> = {
  copy: (x) => x,
  neg: (x) => -x,
  abs: Math.abs,
  square: (x) => x * x,
  sqrt: Math.sqrt,
  rsqrt: (x) => 1 / Math.sqrt(x),
  reciprocal: (x) => 1 / x,
  sign: Math.sign,
  floor: Math.floor,
  ceil: Math.ceil,
  round: roundHalfToEven,
  exp: Math.exp,
  expm1: Math.expm1,
  log: Math.log,
  log1p: Math.log1p,
  sin: Math.sin,
  cos: Math.cos,
  erf,
  relu: (x) => Math.max(x, 0),
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  tanh: Math.tanh,
  leakyRelu: leaky_relu.f,
  gelu: gelu.f,
  geluTanh: gelu_tanh.f,
  silu: silu.f,
  softplus: softplus.f,
  elu: elu.f,
  scale: (x, factor) => x * factor,
  fill: (_x, value) => value,
};

const binary: Record<BinaryOperation, (a: number, b: number) => number> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  max: (a, b) => Math.max(a, b),
  min: (a, b) => Math.min(a, b),
  pow: power,
  less: (a, b) => Number(a < b),
  lessEqual: (a, b) => Number(a <= b),
  greater: (a, b) => Number(a > b),
  greaterEqual: (a, b) => Number(a >= b),
  equal: (a, b) => Number(a === b),
  notEqual: (a, b) => Number(a !== b),
};

function roundHalfToEven(x: number): number {
  const below = Math.floor(x);
  // Halves are where the two are as far; -0 and -0.5 keep their sign by the multiplication.
  if (x - below === 0.5) return 2 * Math.round(x / 2);
  return Math.round(x);
}

/** IEEE 754's; JavaScript makes NaN of 1 to the power of NaN, and of ±1 to the power of infinity. */
function power(a: number, b: number): number {
  if (a === 1 || (a === -1 && Math.abs(b) === Infinity)) return 1;
  return a ** b;
}

export function twins(memory: ReferenceMemory): Twins<typeof signatures> {
  const { shift } = memory;
  return {
    strided_unary(y, sy0, sy1, sy2, _work, x, sx0, sx1, sx2, D0, D1, D2, op, parameter) {
      const { f } = memory;
      const of = unary[UNARY[op]];
      const a = memory.round(parameter);
      for (let i = 0; i < D0; i++) {
        for (let j = 0; j < D1; j++) {
          const p = (x >>> shift) + i * sx0 + j * sx1;
          const q = (y >>> shift) + i * sy0 + j * sy1;
          for (let k = 0; k < D2; k++) f[q + k * sy2] = of(f[p + k * sx2], a);
        }
      }
    },

    strided_binary(y, sy0, sy1, sy2, _work, a, sa0, sa1, sa2, b, sb0, sb1, sb2, D0, D1, D2, op) {
      const { f } = memory;
      const of = binary[BINARY[op]];
      for (let i = 0; i < D0; i++) {
        for (let j = 0; j < D1; j++) {
          const p = (a >>> shift) + i * sa0 + j * sa1;
          const q = (b >>> shift) + i * sb0 + j * sb1;
          const r = (y >>> shift) + i * sy0 + j * sy1;
          for (let k = 0; k < D2; k++) f[r + k * sy2] = of(f[p + k * sa2], f[q + k * sb2]);
        }
      }
    },

    // biome-ignore format: an argument list a line or two
    strided_select(
      y, sy0, sy1, sy2, _work, c, sc0, sc1, sc2, a, sa0, sa1, sa2, b, sb0, sb1, sb2, D0, D1, D2,
    ) {
      const { f } = memory;
      for (let i = 0; i < D0; i++) {
        for (let j = 0; j < D1; j++) {
          const o = (c >>> shift) + i * sc0 + j * sc1;
          const p = (a >>> shift) + i * sa0 + j * sa1;
          const q = (b >>> shift) + i * sb0 + j * sb1;
          const r = (y >>> shift) + i * sy0 + j * sy1;
          for (let k = 0; k < D2; k++) {
            f[r + k * sy2] = f[o + k * sc2] !== 0 ? f[p + k * sa2] : f[q + k * sb2];
          }
        }
      }
    },
  };
}
