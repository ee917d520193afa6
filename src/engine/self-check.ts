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
  const [a, b, c, d, lists] = [0, 1, 2, 3, 4].map((area) => base + 4 * FLOATS * area);
  const end = base + 4 * FLOATS * 6;
  backend.reserve(end);
  kernels.random_normal(a, FLOATS, 1, 0, 0, 0, 0, 1);
  kernels.random_normal(b, FLOATS, 1, 0, 1, 0, 0, 1);
  for (const wide of [0, 1]) products(kernels, { a, b, c, work, wide });
  kernels.exp(d, a, 1001);
  kernels.sigmoid_forward(d + 4096, a, 1001);
  kernels.tanh_forward(d + 8192, a, 1001);
  kernels.sigmoid_backward(d + 12288, b, a, 1001);
  kernels.softmax_forward(d + 16384, 40, a, 40, 11, 37);
  kernels.relu_forward(a, a, FLOATS);
  const [starts, indices, values] = [lists, lists + 1024, lists + 4 * FLOATS];
  kernels.compress_rows(starts, indices, values, a, K, M, K, 16, K);
  kernels.sparse_gemm(c + 4 * M * N, N, starts, indices, values, b, N, a, M, N, Math.ceil(K / 16), 1, 1);
  kernels.sparse_sgd(b, N, work, starts, indices, values, b + 4 * 64 * N, N, M, N, 0.5, 1);
  kernels.sgd_step(b, c, 1001, 0.25);
  return new Uint32Array(backend.buffer, base, (end - base) / 4);
}

function products(
  kernels: Kernels,
  p: { a: number; b: number; c: number; work: number; wide: number },
): void {
  const { a, b, c, work, wide } = p;
  kernels.gemm_nn(c, N, 0, work, a, K, 0, b, N, 0, b, 1, M, N, K, 0, 1, wide);
  kernels.gemm_nt(c, N, 0, work, a, N, 0, a, K, 0, b, K, 0, 1, M, N, K, 1, 1, wide);
  kernels.gemm_tn(c, N, 0, work, a, M, 0, b, N, 0, 1, M, N, K, 1, wide);
}
