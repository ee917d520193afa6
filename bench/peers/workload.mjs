/**
 * The workload that all peers share: the network, its initial weights, the batches, the matrices. Twin of
 * workload in peers.py.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';

export const INPUTS = 784;
export const HIDDEN = 300;
export const CLASSES = 10;
export const BATCH = 64;
/**
 * Lower on dense data, whose labels mean nothing: with 0.5 its rounding errors grow until no two peers agree.
 */
export const learningRate = ({ dense }) => (dense ? 0.05 : 0.5);
/** MNIST's first 55,000 training rows; the file's other 5,000 are lanegrad's validation set. */
const TRAINING_ROWS = 55000;

/** Number `index` of stream `seed`, uniform in (0, 1): a 32-bit integer hash, 24 bits of which are kept. */
export function uniform(seed, index) {
  let x = (Math.imul(index, 0x9e3779b9) + Math.imul(seed, 0x85ebca6b)) | 0;
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
  return (((x ^ (x >>> 15)) >>> 8) + 0.5) / 2 ** 24;
}

/** Uniform in [-limit, limit). */
export function uniformMatrix(seed, length, limit) {
  return Float32Array.from({ length }, (_, i) => (2 * uniform(seed, i) - 1) * limit);
}

/** Standard normal, by Box and Muller. */
function gaussianMatrix(seed, length) {
  const out = new Float32Array(length);
  for (let i = 0; i < length; i++) {
    const radius = Math.sqrt(-2 * Math.log(uniform(seed, 2 * i)));
    out[i] = radius * Math.cos(2 * Math.PI * uniform(seed, 2 * i + 1));
  }
  return out;
}

/** Weights are [in, out], row-major. */
export function initialWeights() {
  return {
    w1: uniformMatrix(1, INPUTS * HIDDEN, Math.sqrt(6 / (INPUTS + HIDDEN))),
    b1: new Float32Array(HIDDEN),
    w2: uniformMatrix(2, HIDDEN * CLASSES, Math.sqrt(6 / (HIDDEN + CLASSES))),
    b2: new Float32Array(CLASSES),
  };
}

/** `x` holds rows of 784 float32, `y` their labels. */
export function loadRows({ data, dense, rows }) {
  const count = Math.min(rows ?? TRAINING_ROWS, TRAINING_ROWS);
  const y = readIdx(join(data, 'train-labels-idx1-ubyte'), 0x801, 8, count);
  if (dense) return { x: gaussianMatrix(3, count * INPUTS), y };
  const pixels = readIdx(join(data, 'train-images-idx3-ubyte'), 0x803, 16, count * INPUTS);
  return { x: Float32Array.from(pixels, (pixel) => pixel / 255), y };
}

/** Batches in file order, then the rest of the rows: `{ size, x, y, oneHot }` each. */
export function toBatches({ x, y }, batch = BATCH, width = INPUTS) {
  const batches = [];
  for (let start = 0; start < y.length; start += batch) {
    const labels = y.subarray(start, start + batch);
    const oneHot = new Float32Array(labels.length * CLASSES);
    for (const [row, label] of labels.entries()) oneHot[row * CLASSES + label] = 1;
    const inputs = x.subarray(start * width, (start + labels.length) * width);
    batches.push({ size: labels.length, x: inputs, y: labels, oneHot });
  }
  return batches;
}

/** `64x784:784x300` and its two factors, uniform in [-1, 1). */
export function parseProduct(shape) {
  const [, M, K, K2, N] = (/^(\d+)x(\d+):(\d+)x(\d+)$/.exec(shape) ?? []).map(Number);
  if (!M || !N || !K || K !== K2) throw new Error(`not a product: '${shape}', expected MxK:KxN`);
  return { M, N, K, a: uniformMatrix(4, M * K, 1), b: uniformMatrix(5, K * N, 1) };
}

/** Throws unless `c`, looked at in 64 places, is a·b. */
export function checkProduct({ M, N, K, a, b }, c) {
  if (c.length !== M * N) throw new Error(`product has ${c.length} elements, expected ${M * N}`);
  for (let i = 0; i < 64; i++) {
    const at = i === 63 ? M * N - 1 : Math.floor((i * M * N) / 63.5);
    const [row, column] = [Math.floor(at / N), at % N];
    let sum = 0;
    for (let k = 0; k < K; k++) sum += a[row * K + k] * b[k * N + column];
    if (!(Math.abs(c[at] - sum) <= 1e-5 * K))
      throw new Error(`product[${row}, ${column}] is ${c[at]}, expected ${sum}`);
  }
}

function readIdx(path, magic, header, length) {
  const bytes = new Uint8Array(header + length);
  const file = openSync(path, 'r');
  try {
    const read = readSync(file, bytes);
    if (read !== bytes.length) throw new Error(`${path}: ${read} bytes, expected ${bytes.length} at least`);
  } finally {
    closeSync(file);
  }
  if (new DataView(bytes.buffer).getUint32(0) !== magic)
    throw new Error(`${path}: not the expected IDX file`);
  return bytes.subarray(header);
}
