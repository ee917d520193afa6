/**
 * Closed forms in float64, written apart from the library and by other methods than its twins: what kernels,
 * layers and losses are compared with.
 */

/** Nodes and weights of Gauss and Legendre's rule on [-1, 1], by Newton's method on the polynomial. */
const [nodes, shares] = (() => {
  const n = 20;
  const x: number[] = [];
  const w: number[] = [];
  for (let i = 0; i < n; i++) {
    let z = Math.cos((Math.PI * (i + 0.75)) / (n + 0.5));
    let slope = 0;
    for (let turn = 0; turn < 50; turn++) {
      let [p, q] = [1, 0];
      for (let k = 1; k <= n; k++) [p, q] = [((2 * k - 1) * z * p - (k - 1) * q) / k, p];
      slope = (n * (z * p - q)) / (z * z - 1);
      z -= p / slope;
    }
    x.push(z);
    w.push(2 / ((1 - z * z) * slope * slope));
  }
  return [x, w];
})();

/** The normal density. */
export function density(x: number): number {
  return Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
}

/**
 * The upper tail of the normal distribution at x ≥ 0: φ(x) ∫ e^(-xt - t²/2) dt from 0 to infinity, by
 * quadrature.
 */
function tail(x: number): number {
  const reach = 45 / (x + 1);
  const panels = 12;
  let sum = 0;
  for (let panel = 0; panel < panels; panel++) {
    for (let i = 0; i < nodes.length; i++) {
      const t = (reach / panels) * (panel + (nodes[i] + 1) / 2);
      sum += (shares[i] / 2) * (reach / panels) * Math.exp(-x * t - 0.5 * t * t);
    }
  }
  return density(x) * sum;
}

/** The normal distribution function. */
export function normalCdf(x: number): number {
  if (Number.isNaN(x)) return x;
  if (x === Infinity) return 1;
  if (x === -Infinity) return 0;
  return x < 0 ? tail(-x) : 1 - tail(x);
}

export function sigmoid(x: number): number {
  return x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x));
}

export function softplus(x: number): number {
  return x > 0 ? x + Math.log1p(Math.exp(-x)) : Math.log1p(Math.exp(x));
}

/** Activations by name, as PyTorch documents them, with negative slope 0.01 and alpha 1. */
export const activationFunctions = {
  identity: (x: number) => x,
  relu: (x: number) => Math.max(x, 0),
  sigmoid,
  tanh: Math.tanh,
  leakyRelu: (x: number) => Math.max(x, 0) + 0.01 * Math.min(x, 0),
  gelu: (x: number) => x * normalCdf(x),
  geluTanh: (x: number) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  silu: (x: number) => x * sigmoid(x),
  softplus,
  elu: (x: number) => Math.max(x, 0) + Math.min(Math.expm1(x), 0),
} as const;
