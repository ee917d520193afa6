/** The exported kernels and nothing else. Conventions: README.md beside this file; contract: src/engine/kernels.ts. */
export { gemm_nn, gemm_nt, gemm_tn, workspace_size } from './gemm/driver';
export {
  exp,
  identity_backward,
  identity_forward,
  log,
  relu_backward,
  relu_forward,
  sigmoid_backward,
  sigmoid_forward,
  tanh_backward,
  tanh_forward,
} from './activation';
export { write_constants } from './math';
export { softmax_backward, softmax_cross_entropy, softmax_forward } from './softmax';
export { add_bias, argmax, column_sums, count_equal, sum } from './reduce';
export { sgd_step } from './optimizer';
export { gather_f32, gather_i32, gather_u8 } from './gather';
export { random_normal, random_permutation, random_uniform } from './random';
export { expand_compressed, gather_entries, gather_starts } from './compressed';
export { compress_rows, sparse_gemm, sparse_sgd, transpose_compressed } from './sparse';
