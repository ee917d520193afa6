/**
 * Whether two instances of one binary compute the same bits: the condition under which re-vectorised code is used. A small
 * problem goes through every hot kernel, with shapes that reach whole tiles and all edges.
 */
import { type Backend, type Kernels, RESERVED_BYTES } from './kernels.js';

const [M, N, K] = [13, 112, 37];
const FLOATS = 8192;

/** What it takes to compute. */
type Computer = Pick<Backend, 'kernels' | 'buffer' | 'reserve'>;

export function sameBits(a: Computer, b: Computer): boolean {
  const [x, y] = [results(a), results(b)];
  return x.every((word, i) => word === y[i]);
}

/** The memory after one call of each kernel, as words. */
function results(backend: Computer): Uint32Array {
  const { kernels } = backend;
  const work = RESERVED_BYTES;
  const base = work + kernels.workspace_size();
  // Areas of FLOATS each: two matrices, an output of many parts, lists.
  const [a, b, c, d, lists, , e] = [0, 1, 2, 3, 4, 5, 6].map((area) => base + 4 * FLOATS * area);
  const end = base + 4 * FLOATS * 7;
  backend.reserve(end);
  kernels.random_normal(a, FLOATS, 1, 0, 0, 0, 0, 1);
  kernels.random_normal(b, FLOATS, 1, 0, 1, 0, 0, 1);
  for (const wide of [0, 1]) products(kernels, { a, b, c, d, work, wide });
  kernels.exp(d, a, 1001);
  kernels.sigmoid_forward(d + 4096, a, 1001);
  kernels.tanh_forward(d + 8192, a, 1001);
  kernels.sigmoid_backward(d + 12288, b, a, 1001);
  kernels.softmax_forward(d + 16384, 40, a, 40, 11, 37);
  kernels.relu_forward(a, a, FLOATS);
  const [starts, offsets, values] = [lists, lists + 1024, lists + 4 * FLOATS];
  kernels.compress_rows(starts, offsets, values, a, K, M, K, 16, K, N);
  kernels.sparse_gemm(c + 4 * M * N, N, starts, offsets, values, b, a, M, N, Math.ceil(K / 16), 0, 1, 1);
  kernels.sparse_sgd(b, N, work, starts, offsets, values, b + 4 * 64 * N, M, N, 0, 0.5, 1);
  kernels.sgd_step(b, c, 1001, 0.25);
  layers(kernels, b, c, e);
  return new Uint32Array(backend.buffer, base, (end - base) / 4);
}

function products(
  kernels: Kernels,
  p: { a: number; b: number; c: number; d: number; work: number; wide: number },
): void {
  const { a, b, c, d, work, wide } = p;
  kernels.gemm_nn(c, N, 0, work, a, K, 0, b, N, 0, b, 1, M, N, K, 0, 1, wide);
  kernels.pack_b(d, b, N, N, K, wide);
  kernels.gemm_nn(c, N, 0, work, a, K, 0, d, 0, 0, b, 1, M, N, K, 1, 0, wide);
  kernels.gemm_nt(c, N, 0, work, a, N, 0, a, K, 0, b, K, 0, 1, M, N, K, 1, 1, wide);
  kernels.gemm_tn(c, N, 0, work, a, M, 0, b, N, 0, 1, M, N, K, 1, wide);
}

/** Layers, losses and optimizers: x and dy of at least 1001 floats; 8192 for the results. */
function layers(kernels: Kernels, x: number, dy: number, out: number): void {
  const [rows, columns] = [13, 37];
  const at = (slot: number) => out + 2048 * slot;
  kernels.gelu_forward(at(0), x, 501);
  kernels.gelu_backward(at(1), x, dy, 501);
  kernels.gelu_tanh_backward(at(2), x, dy, 501);
  kernels.silu_backward(at(3), x, dy, 501);
  kernels.softplus_forward(at(4), x, 501);
  kernels.elu_forward(at(5), x, 501, 1);
  kernels.dropout_forward(at(6), columns, at(7), columns, x, columns, rows, columns, 1, 0, 0, 1, 0, 0, 0.5);
  const [mean, rstd, running] = [0, 1, 2].map((vector) => at(8) + 256 * vector);
  kernels.batch_norm_statistics(mean, rstd, running, running + 256, x, columns, rows, columns, 0.1, 1e-5);
  kernels.batch_norm_backward(at(9), columns, 0, 0, mean, rstd, x, columns, dy, columns, x, rows, columns, 1);
  kernels.layer_norm_forward(at(10), columns, mean, rstd, x, columns, x, dy, rows, columns, 1e-5);
  kernels.layer_norm_backward(at(11), columns, mean, rstd, x, columns, dy, columns, x, rows, columns);
  kernels.binary_cross_entropy(mean, at(12), columns, x, columns, dy, columns, 0, rows, columns, 2, 1);
  kernels.adam_step(at(13), at(14), at(15), dy, 501, 0.1, 0.9, 0.1, 0.999, 0.001, 1, 1e-8, 0.1, 0.9);
}
