/** The exported kernels and nothing else. Conventions: README.md beside this file; contract: src/engine/kernels.ts. */
export { gemm_nn, gemm_nt, gemm_tn, pack_b, workspace_size } from './gemm/driver';
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
export { add_bias, argmax, column_sums, count_equal, sum, sum_absolutes, sum_squares } from './reduce';
export { sgd_step } from './optimizer';
export { gather_f32, gather_i32, gather_u8 } from './gather';
export { random_normal, random_permutation, random_uniform } from './random';
export { compress_rows, expand_compressed, gather_entries, gather_starts, transpose_compressed } from './compressed';
export { sparse_forward, sparse_gemm, sparse_sgd } from './sparse';
export {
  elu_backward,
  elu_forward,
  gelu_backward,
  gelu_forward,
  gelu_tanh_backward,
  gelu_tanh_forward,
  leaky_relu_backward,
  leaky_relu_forward,
  silu_backward,
  silu_forward,
  softplus_backward,
  softplus_forward,
} from './smooth';
export { dropout_forward } from './dropout';
export {
  batch_norm_backward,
  batch_norm_forward,
  batch_norm_running,
  batch_norm_statistics,
  layer_norm_backward,
  layer_norm_forward,
  layer_norm_parameters,
} from './norm';
export { copy_columns, embedding_backward, embedding_forward } from './embedding';
export {
  absolute_error,
  binary_cross_entropy,
  huber_error,
  positive,
  row_weights,
  squared_error,
  weighted_cross_entropy,
} from './losses';
export { adagrad_step, adam_step, rmsprop_step, sgd_momentum_step } from './optimizers';
export { add_scaled, clamp, move_towards, multiply, penalize, scale, swap } from './update';
