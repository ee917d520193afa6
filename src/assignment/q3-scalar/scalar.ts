/**
 * Question 3: the network as plain loops over float64 numbers, one sample at a time, with nothing borrowed
 * from the engine. It is the slow form that one can check by hand, and the measure of the others. Names are
 * the assignment's: x inputs, k = xW + b, h = σ(k), o = hV + c, y = softmax(o), l = -ln y at the true class;
 * `do` is the gradient with respect to o.
 */
import { ShapeError } from '../../base/errors.js';
import type { Sequential } from '../../nn/sequential.js';
import { parametersOf } from '../shared.js';

/** A matrix as its rows. */
type Rows = readonly Float64Array[];

export interface ScalarNetwork {
  /** [inputs, hidden] */
  readonly W: Rows;
  /** [hidden] */
  readonly b: Float64Array;
  /** [hidden, outputs] */
  readonly V: Rows;
  /** [outputs] */
  readonly c: Float64Array;
}

/** What forward computes: k and h [hidden], o and y [outputs], the loss l. */
export interface ScalarForward {
  readonly k: Float64Array;
  readonly h: Float64Array;
  readonly o: Float64Array;
  readonly y: Float64Array;
  l: number;
}

/**
 * Gradients of l, each of the shape of what it belongs to. Index 1 is the first layer (W, b), 2 the second
 * (V, c).
 */
export interface ScalarBackward {
  readonly dy: Float64Array;
  readonly do: Float64Array;
  readonly db2: Float64Array;
  readonly dW2: Rows;
  readonly dh: Float64Array;
  readonly dk: Float64Array;
  readonly db1: Float64Array;
  readonly dW1: Rows;
}

/** A scalar network with the values of a two-layer model. Throws ShapeError for another kind of model. */
export function scalarNetwork(model: Sequential): ScalarNetwork {
  const { W, b, V, c } = parametersOf('scalarNetwork', model);
  return { W: rowsOf(W, b.length), b: Float64Array.from(b), V: rowsOf(V, c.length), c: Float64Array.from(c) };
}

/** Zeros of the shapes that `forward` fills. */
export function emptyForward({ b, c }: ScalarNetwork): ScalarForward {
  const [H, O] = [b.length, c.length];
  return {
    k: new Float64Array(H),
    h: new Float64Array(H),
    o: new Float64Array(O),
    y: new Float64Array(O),
    l: 0,
  };
}

/** Zeros of the shapes that `backward` fills. */
export function emptyBackward({ W, b, c }: ScalarNetwork): ScalarBackward {
  const [H, O] = [b.length, c.length];
  return {
    dy: new Float64Array(O),
    do: new Float64Array(O),
    db2: new Float64Array(O),
    dW2: zeroRows(H, O),
    dh: new Float64Array(H),
    dk: new Float64Array(H),
    db1: new Float64Array(H),
    dW1: zeroRows(W.length, H),
  };
}

/**
 * One forward pass; `label` is the true class, from 0. Fills and returns `pass`, a new one by default.
 *
 * Throws ShapeError when x or the label does not fit the network.
 */
export function forward(
  { W, b, V, c }: ScalarNetwork,
  x: Float64Array,
  label: number,
  pass: ScalarForward = emptyForward({ W, b, V, c }),
): ScalarForward {
  if (x.length !== W.length || !(label >= 0 && label < c.length)) {
    const expected = `${W.length} inputs and a label below ${c.length}`;
    throw new ShapeError('forward', `expected ${expected}, given ${x.length} inputs and label ${label}`);
  }
  const { k, h, o, y } = pass;
  multiplyAdd(k, x, W, b);
  for (let j = 0; j < h.length; j++) h[j] = 1 / (1 + Math.exp(-k[j]));
  multiplyAdd(o, h, V, c);

  // The largest logit is taken off all of them: the quotient is the same and no exponential overflows.
  let max = -Infinity;
  for (let i = 0; i < o.length; i++) if (o[i] > max) max = o[i];
  let sum = 0;
  for (let i = 0; i < o.length; i++) {
    y[i] = Math.exp(o[i] - max);
    sum += y[i];
  }
  for (let i = 0; i < y.length; i++) y[i] /= sum;
  pass.l = -Math.log(y[label]);
  return pass;
}

/**
 * One backward pass after `forward`, by the chain rule through every intermediate value. Fills and returns
 * `gradients`, new ones by default; nothing is added to what they held.
 */
export function backward(
  network: ScalarNetwork,
  x: Float64Array,
  label: number,
  { h, y }: ScalarForward,
  gradients: ScalarBackward = emptyBackward(network),
): ScalarBackward {
  const { V } = network;
  const { dy, do: dO, db2, dW2, dh, dk, db1, dW1 } = gradients;

  // The loss looks at one output only.
  for (let i = 0; i < dy.length; i++) dy[i] = i === label ? -1 / y[i] : 0;

  // Through softmax's Jacobian: ∂y_i/∂o_j = y_i (1 - y_i) for i = j, else -y_i y_j.
  for (let j = 0; j < dO.length; j++) {
    let total = 0;
    for (let i = 0; i < dy.length; i++) total += dy[i] * (i === j ? y[i] * (1 - y[i]) : -y[i] * y[j]);
    dO[j] = total;
  }

  for (let i = 0; i < db2.length; i++) db2[i] = dO[i];
  outer(dW2, h, dO);
  for (let j = 0; j < dh.length; j++) {
    const weights = V[j];
    let total = 0;
    for (let i = 0; i < dO.length; i++) total += dO[i] * weights[i];
    dh[j] = total;
  }

  for (let j = 0; j < dk.length; j++) dk[j] = dh[j] * h[j] * (1 - h[j]);
  for (let j = 0; j < db1.length; j++) db1[j] = dk[j];
  outer(dW1, x, dk);
  return gradients;
}

/** sums += gradients, for the parameters' gradients: those of a batch are their average. */
export function addGradients(sums: ScalarBackward, gradients: ScalarBackward): void {
  addRows(sums.dW1, gradients.dW1, 1);
  addVector(sums.db1, gradients.db1, 1);
  addRows(sums.dW2, gradients.dW2, 1);
  addVector(sums.db2, gradients.db2, 1);
}

/** A step of SGD: every parameter minus learningRate times its gradient. */
export function update(network: ScalarNetwork, gradients: ScalarBackward, learningRate: number): void {
  addRows(network.W, gradients.dW1, -learningRate);
  addVector(network.b, gradients.db1, -learningRate);
  addRows(network.V, gradients.dW2, -learningRate);
  addVector(network.c, gradients.db2, -learningRate);
}

/** z[j] = start[j] + Σ_i x[i] rows[i][j] */
function multiplyAdd(z: Float64Array, x: Float64Array, rows: Rows, start: Float64Array): void {
  for (let j = 0; j < z.length; j++) z[j] = start[j];
  for (let i = 0; i < x.length; i++) {
    const row = rows[i];
    const factor = x[i];
    for (let j = 0; j < z.length; j++) z[j] += factor * row[j];
  }
}

/** rows[i][j] = x[i] d[j] */
function outer(rows: Rows, x: Float64Array, d: Float64Array): void {
  for (let i = 0; i < x.length; i++) {
    const row = rows[i];
    const factor = x[i];
    for (let j = 0; j < d.length; j++) row[j] = factor * d[j];
  }
}

function addRows(target: Rows, source: Rows, factor: number): void {
  for (let i = 0; i < target.length; i++) addVector(target[i], source[i], factor);
}

function addVector(target: Float64Array, source: Float64Array, factor: number): void {
  for (let j = 0; j < target.length; j++) target[j] += factor * source[j];
}

function rowsOf(values: ArrayLike<number>, columns: number): Rows {
  const rows = zeroRows(values.length / columns, columns);
  for (let i = 0; i < values.length; i++) rows[Math.floor(i / columns)][i % columns] = values[i];
  return rows;
}

function zeroRows(rows: number, columns: number): Rows {
  return Array.from({ length: rows }, () => new Float64Array(columns));
}
