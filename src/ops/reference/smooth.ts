/**
 * Activations whose backward reads the saved input: the readable twin of assembly/smooth.ts. In double, from
 * the host's Math.
 */
import type { signatures } from '../smooth.js';
import type { ReferenceMemory, Twins } from './memory.js';

type Name = 'leaky_relu' | 'gelu' | 'gelu_tanh' | 'silu' | 'softplus' | 'elu';
const ROOT_2_OVER_PI = Math.sqrt(2 / Math.PI);

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

/**
 * ½ erfc(-x / √2) to about 1e-15. JavaScript has no erf: near 0 its Taylor series in the form x φ(x) Σ x²ᵏ /
 * (1·3·5 … (2k + 1)), in the tails Laplace's continued fraction of Mills' ratio (Abramowitz and Stegun
 * 26.2.11 and 26.2.14).
 */
function normalCdf(x: number): number {
  if (Math.abs(x) < 3) return 0.5 + half(x);
  return x < 0 ? tail(-x) : 1 - tail(x);
}

/** Φ(x) - ½, for |x| < 3. */
function half(x: number): number {
  let term = x;
  let sum = x;
  for (let k = 1; Math.abs(term) > 1e-17 * Math.abs(sum); k++) {
    term *= (x * x) / (2 * k + 1);
    sum += term;
  }
  return density(x) * sum;
}

/** 1 - Φ(x), for x ≥ 3. */
function tail(x: number): number {
  let fraction = x;
  for (let k = 120; k >= 1; k--) fraction = x + k / fraction;
  return density(x) / fraction;
}

function density(x: number): number {
  return Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
}

/** 2 Φ(√2 x) - 1, small values not lost. */
export function erf(x: number): number {
  const z = Math.SQRT2 * x;
  if (Math.abs(z) < 3) return 2 * half(z);
  return Math.sign(x) * (1 - 2 * tail(Math.abs(z)));
}

function geluTanhShare(x: number): number {
  return sigmoid(2 * ROOT_2_OVER_PI * (x + 0.044715 * x ** 3));
}

/** The value at x, and the derivative; `a` is the parameter of those that have one. */
export const functions: Record<Name, { f(x: number, a: number): number; d(x: number, a: number): number }> = {
  leaky_relu: { f: (x, a) => (x < 0 ? a * x : x), d: (x, a) => (x > 0 ? 1 : a) },
  gelu: {
    f: (x) => x * normalCdf(x),
    d: (x) => normalCdf(x) + (x * Math.exp(-0.5 * x * x)) / Math.sqrt(2 * Math.PI),
  },
  gelu_tanh: {
    f: (x) => x * geluTanhShare(x),
    d(x) {
      const s = geluTanhShare(x);
      // The share no longer changes, and what it is multiplied by may be infinite: 0 times infinity is NaN.
      if (s === 0 || s === 1) return s;
      return s + x * s * (1 - s) * 2 * ROOT_2_OVER_PI * (1 + 3 * 0.044715 * x * x);
    },
  },
  silu: {
    f: (x) => x * sigmoid(x),
    d(x) {
      const s = sigmoid(x);
      return s + x * s * (1 - s);
    },
  },
  softplus: { f: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))), d: sigmoid },
  elu: { f: (x, a) => (x < 0 ? a * Math.expm1(x) : x), d: (x, a) => (x > 0 ? 1 : a * Math.exp(x)) },
};

export function twins(memory: ReferenceMemory): Twins<typeof signatures> {
  const { shift } = memory;
  const forward = (name: Name) => (y: number, x: number, n: number, parameter?: number) => {
    const { f } = memory;
    const a = memory.round(parameter ?? 0);
    const p = x >>> shift;
    const q = y >>> shift;
    for (let i = 0; i < n; i++) f[q + i] = functions[name].f(f[p + i], a);
  };
  const backward = (name: Name) => (dx: number, x: number, dy: number, n: number, parameter?: number) => {
    const { f } = memory;
    const a = memory.round(parameter ?? 0);
    const p = x >>> shift;
    const d = dy >>> shift;
    const q = dx >>> shift;
    for (let i = 0; i < n; i++) f[q + i] = f[d + i] * functions[name].d(f[p + i], a);
  };
  return {
    leaky_relu_forward: forward('leaky_relu'),
    leaky_relu_backward: backward('leaky_relu'),
    gelu_forward: forward('gelu'),
    gelu_backward: backward('gelu'),
    gelu_tanh_forward: forward('gelu_tanh'),
    gelu_tanh_backward: backward('gelu_tanh'),
    silu_forward: forward('silu'),
    silu_backward: backward('silu'),
    softplus_forward: forward('softplus'),
    softplus_backward: backward('softplus'),
    elu_forward: forward('elu'),
    elu_backward: backward('elu'),
  };
}
