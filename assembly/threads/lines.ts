/**
 * Kernels that are cut along one axis: into ranges of elements, of rows or of columns. How each argument depends on the range is
 * told by a code beside it, in the job; src/engine/threads/lines.ts writes both, and names the kernels by the same numbers.
 *
 *   code 0: as it is · 1: a pointer, moved by elements · 2: a pointer, moved by rows, its leading dimension in the next argument
 *        3: how many there are in all · 4: a number, moved by the range
 */
import { exp, log, relu_backward, relu_forward, sigmoid_backward, sigmoid_forward, tanh_backward, tanh_forward } from
  '../activation';
import { expand_compressed } from '../compressed';
import { dropout_forward } from '../dropout';
import { copy_columns, embedding_backward, embedding_forward } from '../embedding';
import { gather_f32, gather_u8 } from '../gather';
import { absolute_error, binary_cross_entropy, huber_error, positive, row_weights, squared_error, weighted_cross_entropy }
  from '../losses';
import { batch_norm_backward, batch_norm_forward, batch_norm_running, batch_norm_statistics, layer_norm_backward,
  layer_norm_forward, layer_norm_parameters } from '../norm';
import { sgd_step } from '../optimizer';
import { adagrad_step, adam_step, rmsprop_step, sgd_momentum_step } from '../optimizers';
import { add_bias, argmax, column_sums } from '../reduce';
import { elu_backward, elu_forward, gelu_backward, gelu_forward, gelu_tanh_backward, gelu_tanh_forward, leaky_relu_backward,
  leaky_relu_forward, silu_backward, silu_forward, softplus_backward, softplus_forward } from '../smooth';
import { softmax_backward, softmax_cross_entropy, softmax_forward } from '../softmax';
import { add_scaled, clamp, move_towards, multiply, penalize, scale, swap } from '../update';
import { int, real } from './job';

// @ts-ignore: decorator
@inline const EXP = 16, LOG = 17, SIGMOID_FORWARD = 18, SIGMOID_BACKWARD = 19, TANH_FORWARD = 20, TANH_BACKWARD = 21,
  RELU_FORWARD = 22, RELU_BACKWARD = 23, LEAKY_RELU_FORWARD = 24, LEAKY_RELU_BACKWARD = 25, GELU_FORWARD = 26,
  GELU_BACKWARD = 27, GELU_TANH_FORWARD = 28, GELU_TANH_BACKWARD = 29, SILU_FORWARD = 30, SILU_BACKWARD = 31,
  SOFTPLUS_FORWARD = 32, SOFTPLUS_BACKWARD = 33, ELU_FORWARD = 34, ELU_BACKWARD = 35, SOFTMAX_FORWARD = 36,
  SOFTMAX_BACKWARD = 37, SOFTMAX_CROSS_ENTROPY = 38, WEIGHTED_CROSS_ENTROPY = 39, SQUARED_ERROR = 40, ABSOLUTE_ERROR =
  41, HUBER_ERROR = 42, BINARY_CROSS_ENTROPY = 43, ROW_WEIGHTS = 44, POSITIVE = 45, ARGMAX = 46, ADD_BIAS = 47,
  COLUMN_SUMS = 48, GATHER_U8 = 49, GATHER_F32 = 50, EXPAND_COMPRESSED = 51, DROPOUT_FORWARD = 52, BATCH_NORM_STATISTICS
  = 53, BATCH_NORM_RUNNING = 54, BATCH_NORM_FORWARD = 55, BATCH_NORM_BACKWARD = 56, LAYER_NORM_FORWARD = 57,
  LAYER_NORM_BACKWARD = 58, LAYER_NORM_PARAMETERS = 59, EMBEDDING_FORWARD = 60, EMBEDDING_BACKWARD = 61, COPY_COLUMNS =
  62, SGD_STEP = 63, SGD_MOMENTUM_STEP = 64, ADAM_STEP = 65, RMSPROP_STEP = 66, ADAGRAD_STEP = 67, MULTIPLY = 68, SCALE
  = 69, ADD_SCALED = 70, CLAMP = 71, PENALIZE = 72, MOVE_TOWARDS = 73, SWAP = 74;

// @ts-ignore: decorator
@inline const CODES: usize = 92;

/** Argument i for the range that begins at `from`. */
function part(job: usize, i: i32, from: i32): i32 {
  const value = int(job, i);
  const code = load<u8>(job + CODES + <usize>i);
  if (code == 3) return min(load<i32>(job, 4), value - from);
  if (code == 4) return value + from;
  if (value == 0) return 0;
  if (code == 1) return value + (from << 2);
  return value + ((from * int(job, i + 1)) << 2);
}

export function line(job: usize, kernel: i32, chunk: i32): void {
  const from = chunk * load<i32>(job, 4);
  switch (kernel) {
    case EXP: return exp(part(job, 0, from), part(job, 1, from), part(job, 2, from));
    case LOG: return log(part(job, 0, from), part(job, 1, from), part(job, 2, from));
    case SIGMOID_FORWARD: return sigmoid_forward(part(job, 0, from), part(job, 1, from), part(job, 2, from));
    case SIGMOID_BACKWARD: return sigmoid_backward(part(job, 0, from), part(job, 1, from), part(job, 2, from), part(job, 3,
      from));
    case TANH_FORWARD: return tanh_forward(part(job, 0, from), part(job, 1, from), part(job, 2, from));
    case TANH_BACKWARD: return tanh_backward(part(job, 0, from), part(job, 1, from), part(job, 2, from), part(job, 3, from));
    case RELU_FORWARD: return relu_forward(part(job, 0, from), part(job, 1, from), part(job, 2, from));
    case RELU_BACKWARD: return relu_backward(part(job, 0, from), part(job, 1, from), part(job, 2, from), part(job, 3, from));
    case LEAKY_RELU_FORWARD: return leaky_relu_forward(part(job, 0, from), part(job, 1, from), part(job, 2, from), real(job,
      3));
    case LEAKY_RELU_BACKWARD: return leaky_relu_backward(part(job, 0, from), part(job, 1, from), part(job, 2, from), part(job,
      3, from), real(job, 4));
    case GELU_FORWARD: return gelu_forward(part(job, 0, from), part(job, 1, from), part(job, 2, from));
    case GELU_BACKWARD: return gelu_backward(part(job, 0, from), part(job, 1, from), part(job, 2, from), part(job, 3, from));
    case GELU_TANH_FORWARD: return gelu_tanh_forward(part(job, 0, from), part(job, 1, from), part(job, 2, from));
    case GELU_TANH_BACKWARD: return gelu_tanh_backward(part(job, 0, from), part(job, 1, from), part(job, 2, from), part(job,
      3, from));
    case SILU_FORWARD: return silu_forward(part(job, 0, from), part(job, 1, from), part(job, 2, from));
    case SILU_BACKWARD: return silu_backward(part(job, 0, from), part(job, 1, from), part(job, 2, from), part(job, 3, from));
    case SOFTPLUS_FORWARD: return softplus_forward(part(job, 0, from), part(job, 1, from), part(job, 2, from));
    case SOFTPLUS_BACKWARD: return softplus_backward(part(job, 0, from), part(job, 1, from), part(job, 2, from), part(job, 3,
      from));
    case ELU_FORWARD: return elu_forward(part(job, 0, from), part(job, 1, from), part(job, 2, from), real(job, 3));
    case ELU_BACKWARD: return elu_backward(part(job, 0, from), part(job, 1, from), part(job, 2, from), part(job, 3, from),
      real(job, 4));
    case SOFTMAX_FORWARD: return softmax_forward(part(job, 0, from), int(job, 1), part(job, 2, from), int(job, 3), part(job,
      4, from), int(job, 5));
    case SOFTMAX_BACKWARD: return softmax_backward(part(job, 0, from), int(job, 1), part(job, 2, from), int(job, 3), part(job,
      4, from), int(job, 5), part(job, 6, from), int(job, 7));
    case SOFTMAX_CROSS_ENTROPY: return softmax_cross_entropy(part(job, 0, from), part(job, 1, from), int(job, 2), part(job, 3,
      from), int(job, 4), part(job, 5, from), part(job, 6, from), int(job, 7), real(job, 8));
    case WEIGHTED_CROSS_ENTROPY: return weighted_cross_entropy(part(job, 0, from), part(job, 1, from), int(job, 2), part(job,
      3, from), int(job, 4), part(job, 5, from), part(job, 6, from), int(job, 7), part(job, 8, from), int(job, 9), real(job,
      10), real(job, 11));
    case SQUARED_ERROR: return squared_error(part(job, 0, from), part(job, 1, from), int(job, 2), part(job, 3, from), int(job,
      4), part(job, 5, from), int(job, 6), part(job, 7, from), part(job, 8, from), int(job, 9), real(job, 10));
    case ABSOLUTE_ERROR: return absolute_error(part(job, 0, from), part(job, 1, from), int(job, 2), part(job, 3, from),
      int(job, 4), part(job, 5, from), int(job, 6), part(job, 7, from), part(job, 8, from), int(job, 9), real(job, 10));
    case HUBER_ERROR: return huber_error(part(job, 0, from), part(job, 1, from), int(job, 2), part(job, 3, from), int(job, 4),
      part(job, 5, from), int(job, 6), part(job, 7, from), part(job, 8, from), int(job, 9), real(job, 10), real(job, 11));
    case BINARY_CROSS_ENTROPY: return binary_cross_entropy(part(job, 0, from), part(job, 1, from), int(job, 2), part(job, 3,
      from), int(job, 4), part(job, 5, from), int(job, 6), part(job, 7, from), part(job, 8, from), int(job, 9), real(job, 10),
      real(job, 11));
    case ROW_WEIGHTS: return row_weights(part(job, 0, from), part(job, 1, from), part(job, 2, from), int(job, 3), part(job, 4,
      from));
    case POSITIVE: return positive(part(job, 0, from), part(job, 1, from), int(job, 2), part(job, 3, from));
    case ARGMAX: return argmax(part(job, 0, from), part(job, 1, from), int(job, 2), part(job, 3, from), int(job, 4));
    case ADD_BIAS: return add_bias(part(job, 0, from), int(job, 1), part(job, 2, from), int(job, 3), int(job, 4), part(job, 5,
      from), int(job, 6));
    case COLUMN_SUMS: return column_sums(part(job, 0, from), part(job, 1, from), int(job, 2), int(job, 3), part(job, 4, from),
      int(job, 5));
    case GATHER_U8: return gather_u8(part(job, 0, from), int(job, 1), int(job, 2), part(job, 3, from), part(job, 4, from),
      int(job, 5), real(job, 6), real(job, 7));
    case GATHER_F32: return gather_f32(part(job, 0, from), int(job, 1), int(job, 2), part(job, 3, from), part(job, 4, from),
      int(job, 5));
    case EXPAND_COMPRESSED: return expand_compressed(part(job, 0, from), int(job, 1), int(job, 2), int(job, 3), int(job, 4),
      part(job, 5, from), part(job, 6, from), int(job, 7), int(job, 8), real(job, 9));
    case DROPOUT_FORWARD: return dropout_forward(part(job, 0, from), int(job, 1), part(job, 2, from), int(job, 3), part(job,
      4, from), int(job, 5), part(job, 6, from), int(job, 7), int(job, 8), int(job, 9), int(job, 10), int(job, 11), int(job,
      12), part(job, 13, from), real(job, 14));
    case BATCH_NORM_STATISTICS: return batch_norm_statistics(part(job, 0, from), part(job, 1, from), part(job, 2, from),
      part(job, 3, from), part(job, 4, from), int(job, 5), int(job, 6), part(job, 7, from), real(job, 8), real(job, 9));
    case BATCH_NORM_RUNNING: return batch_norm_running(part(job, 0, from), part(job, 1, from), part(job, 2, from), part(job,
      3, from), part(job, 4, from), real(job, 5));
    case BATCH_NORM_FORWARD: return batch_norm_forward(part(job, 0, from), int(job, 1), int(job, 2), int(job, 3), part(job, 4,
      from), int(job, 5), int(job, 6), int(job, 7), part(job, 8, from), int(job, 9));
    case BATCH_NORM_BACKWARD: return batch_norm_backward(part(job, 0, from), int(job, 1), part(job, 2, from), part(job, 3,
      from), part(job, 4, from), part(job, 5, from), part(job, 6, from), int(job, 7), part(job, 8, from), int(job, 9),
      part(job, 10, from), int(job, 11), part(job, 12, from), int(job, 13));
    case LAYER_NORM_FORWARD: return layer_norm_forward(part(job, 0, from), int(job, 1), part(job, 2, from), part(job, 3,
      from), part(job, 4, from), int(job, 5), int(job, 6), int(job, 7), part(job, 8, from), int(job, 9), real(job, 10));
    case LAYER_NORM_BACKWARD: return layer_norm_backward(part(job, 0, from), int(job, 1), part(job, 2, from), part(job, 3,
      from), part(job, 4, from), int(job, 5), part(job, 6, from), int(job, 7), int(job, 8), part(job, 9, from), int(job, 10));
    case LAYER_NORM_PARAMETERS: return layer_norm_parameters(part(job, 0, from), part(job, 1, from), int(job, 2), int(job, 3),
      part(job, 4, from), int(job, 5), part(job, 6, from), int(job, 7), int(job, 8), part(job, 9, from));
    case EMBEDDING_FORWARD: return embedding_forward(part(job, 0, from), int(job, 1), part(job, 2, from), int(job, 3),
      int(job, 4), int(job, 5), part(job, 6, from), int(job, 7), int(job, 8));
    case EMBEDDING_BACKWARD: return embedding_backward(part(job, 0, from), int(job, 1), part(job, 2, from), int(job, 3), int(job,
      4), part(job, 5, from), int(job, 6), int(job, 7), part(job, 8, from), int(job, 9));
    case COPY_COLUMNS: return copy_columns(part(job, 0, from), int(job, 1), part(job, 2, from), int(job, 3), part(job, 4,
      from), int(job, 5));
    case SGD_STEP: return sgd_step(part(job, 0, from), part(job, 1, from), part(job, 2, from), real(job, 3));
    case SGD_MOMENTUM_STEP: return sgd_momentum_step(part(job, 0, from), part(job, 1, from), part(job, 2, from), part(job, 3,
      from), real(job, 4), real(job, 5), real(job, 6), int(job, 7), real(job, 8));
    case ADAM_STEP: return adam_step(part(job, 0, from), part(job, 1, from), part(job, 2, from), part(job, 3, from), part(job,
      4, from), real(job, 5), real(job, 6), real(job, 7), real(job, 8), real(job, 9), real(job, 10), real(job, 11), real(job,
      12), real(job, 13));
    case RMSPROP_STEP: return rmsprop_step(part(job, 0, from), part(job, 1, from), part(job, 2, from), part(job, 3, from),
      part(job, 4, from), part(job, 5, from), real(job, 6), real(job, 7), real(job, 8), real(job, 9), real(job, 10), real(job,
      11));
    case ADAGRAD_STEP: return adagrad_step(part(job, 0, from), part(job, 1, from), part(job, 2, from), part(job, 3, from),
      real(job, 4), real(job, 5), real(job, 6));
    case MULTIPLY: return multiply(part(job, 0, from), part(job, 1, from), part(job, 2, from), part(job, 3, from));
    case SCALE: return scale(part(job, 0, from), part(job, 1, from), real(job, 2));
    case ADD_SCALED: return add_scaled(part(job, 0, from), part(job, 1, from), part(job, 2, from), real(job, 3), int(job, 4));
    case CLAMP: return clamp(part(job, 0, from), part(job, 1, from), real(job, 2));
    case PENALIZE: return penalize(part(job, 0, from), part(job, 1, from), part(job, 2, from), real(job, 3), real(job, 4));
    case MOVE_TOWARDS: return move_towards(part(job, 0, from), part(job, 1, from), part(job, 2, from), real(job, 3));
    case SWAP: return swap(part(job, 0, from), part(job, 1, from), part(job, 2, from));
  }
}
