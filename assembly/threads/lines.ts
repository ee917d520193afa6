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
@inline const ARGUMENTS: i32 = 16, CODES: usize = 92;

/** Argument i for the range that begins at `from`. */
// @ts-ignore: decorator
@inline
function part(job: usize, i: i32, from: i32): i32 {
  const value = int(job, i);
  const code = load<u8>(job + CODES + <usize>i);
  if (code == 0 || value == 0 && code < 3) return value;
  if (code == 1) return value + (from << 2);
  if (code == 2) return value + ((from * int(job, i + 1)) << 2);
  if (code == 3) return min(load<i32>(job, 4), value - from);
  return value + from;
}

/** `args` is scratch space of the thread's own, which none of these kernels uses: its arguments for this range, laid out as a job. */
export function line(job: usize, kernel: i32, chunk: i32, args: usize): void {
  const from = chunk * load<i32>(job, 4);
  // All of them, moved or not: cheaper to compile than a case of its own for each.
  for (let i = 0; i < ARGUMENTS; i++) store<i32>(args + 12 + (<usize>i << 2), part(job, i, from));
  switch (kernel) {
    case EXP: return exp(int(args, 0), int(args, 1), int(args, 2));
    case LOG: return log(int(args, 0), int(args, 1), int(args, 2));
    case SIGMOID_FORWARD: return sigmoid_forward(int(args, 0), int(args, 1), int(args, 2));
    case SIGMOID_BACKWARD: return sigmoid_backward(int(args, 0), int(args, 1), int(args, 2), int(args, 3));
    case TANH_FORWARD: return tanh_forward(int(args, 0), int(args, 1), int(args, 2));
    case TANH_BACKWARD: return tanh_backward(int(args, 0), int(args, 1), int(args, 2), int(args, 3));
    case RELU_FORWARD: return relu_forward(int(args, 0), int(args, 1), int(args, 2));
    case RELU_BACKWARD: return relu_backward(int(args, 0), int(args, 1), int(args, 2), int(args, 3));
    case LEAKY_RELU_FORWARD: return leaky_relu_forward(int(args, 0), int(args, 1), int(args, 2), real(args, 3));
        case LEAKY_RELU_BACKWARD: return leaky_relu_backward(int(args, 0), int(args, 1), int(args, 2), int(args, 3),
      real(args, 4));
    case GELU_FORWARD: return gelu_forward(int(args, 0), int(args, 1), int(args, 2));
    case GELU_BACKWARD: return gelu_backward(int(args, 0), int(args, 1), int(args, 2), int(args, 3));
    case GELU_TANH_FORWARD: return gelu_tanh_forward(int(args, 0), int(args, 1), int(args, 2));
    case GELU_TANH_BACKWARD: return gelu_tanh_backward(int(args, 0), int(args, 1), int(args, 2), int(args, 3));
    case SILU_FORWARD: return silu_forward(int(args, 0), int(args, 1), int(args, 2));
    case SILU_BACKWARD: return silu_backward(int(args, 0), int(args, 1), int(args, 2), int(args, 3));
    case SOFTPLUS_FORWARD: return softplus_forward(int(args, 0), int(args, 1), int(args, 2));
    case SOFTPLUS_BACKWARD: return softplus_backward(int(args, 0), int(args, 1), int(args, 2), int(args, 3));
    case ELU_FORWARD: return elu_forward(int(args, 0), int(args, 1), int(args, 2), real(args, 3));
    case ELU_BACKWARD: return elu_backward(int(args, 0), int(args, 1), int(args, 2), int(args, 3), real(args, 4));
        case SOFTMAX_FORWARD: return softmax_forward(int(args, 0), int(args, 1), int(args, 2), int(args, 3), int(args,
      4), int(args, 5));
        case SOFTMAX_BACKWARD: return softmax_backward(int(args, 0), int(args, 1), int(args, 2), int(args, 3),
      int(args, 4), int(args, 5), int(args, 6), int(args, 7));
        case SOFTMAX_CROSS_ENTROPY: return softmax_cross_entropy(int(args, 0), int(args, 1), int(args, 2), int(args,
      3), int(args, 4), int(args, 5), int(args, 6), int(args, 7), real(args, 8));
        case WEIGHTED_CROSS_ENTROPY: return weighted_cross_entropy(int(args, 0), int(args, 1), int(args, 2), int(args,
      3), int(args, 4), int(args, 5), int(args, 6), int(args, 7), int(args, 8), int(args, 9), real(args, 10),
      real(args, 11));
        case SQUARED_ERROR: return squared_error(int(args, 0), int(args, 1), int(args, 2), int(args, 3), int(args, 4),
      int(args, 5), int(args, 6), int(args, 7), int(args, 8), int(args, 9), real(args, 10));
        case ABSOLUTE_ERROR: return absolute_error(int(args, 0), int(args, 1), int(args, 2), int(args, 3), int(args,
      4), int(args, 5), int(args, 6), int(args, 7), int(args, 8), int(args, 9), real(args, 10));
        case HUBER_ERROR: return huber_error(int(args, 0), int(args, 1), int(args, 2), int(args, 3), int(args, 4),
      int(args, 5), int(args, 6), int(args, 7), int(args, 8), int(args, 9), real(args, 10), real(args, 11));
        case BINARY_CROSS_ENTROPY: return binary_cross_entropy(int(args, 0), int(args, 1), int(args, 2), int(args, 3),
      int(args, 4), int(args, 5), int(args, 6), int(args, 7), int(args, 8), int(args, 9), real(args, 10), real(args,
      11));
    case ROW_WEIGHTS: return row_weights(int(args, 0), int(args, 1), int(args, 2), int(args, 3), int(args, 4));
    case POSITIVE: return positive(int(args, 0), int(args, 1), int(args, 2), int(args, 3));
    case ARGMAX: return argmax(int(args, 0), int(args, 1), int(args, 2), int(args, 3), int(args, 4));
        case ADD_BIAS: return add_bias(int(args, 0), int(args, 1), int(args, 2), int(args, 3), int(args, 4), int(args,
      5), int(args, 6));
        case COLUMN_SUMS: return column_sums(int(args, 0), int(args, 1), int(args, 2), int(args, 3), int(args, 4),
      int(args, 5));
        case GATHER_U8: return gather_u8(int(args, 0), int(args, 1), int(args, 2), int(args, 3), int(args, 4),
      int(args, 5), real(args, 6), real(args, 7));
        case GATHER_F32: return gather_f32(int(args, 0), int(args, 1), int(args, 2), int(args, 3), int(args, 4),
      int(args, 5));
        case EXPAND_COMPRESSED: return expand_compressed(int(args, 0), int(args, 1), int(args, 2), int(args, 3),
      int(args, 4), int(args, 5), int(args, 6), int(args, 7), int(args, 8), real(args, 9));
        case DROPOUT_FORWARD: return dropout_forward(int(args, 0), int(args, 1), int(args, 2), int(args, 3), int(args,
      4), int(args, 5), int(args, 6), int(args, 7), int(args, 8), int(args, 9), int(args, 10), int(args, 11),
      int(args, 12), int(args, 13), real(args, 14));
        case BATCH_NORM_STATISTICS: return batch_norm_statistics(int(args, 0), int(args, 1), int(args, 2), int(args,
      3), int(args, 4), int(args, 5), int(args, 6), int(args, 7), real(args, 8), real(args, 9));
        case BATCH_NORM_RUNNING: return batch_norm_running(int(args, 0), int(args, 1), int(args, 2), int(args, 3),
      int(args, 4), real(args, 5));
        case BATCH_NORM_FORWARD: return batch_norm_forward(int(args, 0), int(args, 1), int(args, 2), int(args, 3),
      int(args, 4), int(args, 5), int(args, 6), int(args, 7), int(args, 8), int(args, 9));
        case BATCH_NORM_BACKWARD: return batch_norm_backward(int(args, 0), int(args, 1), int(args, 2), int(args, 3),
      int(args, 4), int(args, 5), int(args, 6), int(args, 7), int(args, 8), int(args, 9), int(args, 10), int(args,
      11), int(args, 12), int(args, 13));
        case LAYER_NORM_FORWARD: return layer_norm_forward(int(args, 0), int(args, 1), int(args, 2), int(args, 3),
      int(args, 4), int(args, 5), int(args, 6), int(args, 7), int(args, 8), int(args, 9), real(args, 10));
        case LAYER_NORM_BACKWARD: return layer_norm_backward(int(args, 0), int(args, 1), int(args, 2), int(args, 3),
      int(args, 4), int(args, 5), int(args, 6), int(args, 7), int(args, 8), int(args, 9), int(args, 10));
        case LAYER_NORM_PARAMETERS: return layer_norm_parameters(int(args, 0), int(args, 1), int(args, 2), int(args,
      3), int(args, 4), int(args, 5), int(args, 6), int(args, 7), int(args, 8), int(args, 9));
        case EMBEDDING_FORWARD: return embedding_forward(int(args, 0), int(args, 1), int(args, 2), int(args, 3),
      int(args, 4), int(args, 5), int(args, 6), int(args, 7), int(args, 8));
        case EMBEDDING_BACKWARD: return embedding_backward(int(args, 0), int(args, 1), int(args, 2), int(args, 3),
      int(args, 4), int(args, 5), int(args, 6), int(args, 7), int(args, 8), int(args, 9));
        case COPY_COLUMNS: return copy_columns(int(args, 0), int(args, 1), int(args, 2), int(args, 3), int(args, 4),
      int(args, 5));
    case SGD_STEP: return sgd_step(int(args, 0), int(args, 1), int(args, 2), real(args, 3));
        case SGD_MOMENTUM_STEP: return sgd_momentum_step(int(args, 0), int(args, 1), int(args, 2), int(args, 3),
      real(args, 4), real(args, 5), real(args, 6), int(args, 7), real(args, 8));
        case ADAM_STEP: return adam_step(int(args, 0), int(args, 1), int(args, 2), int(args, 3), int(args, 4),
      real(args, 5), real(args, 6), real(args, 7), real(args, 8), real(args, 9), real(args, 10), real(args, 11),
      real(args, 12), real(args, 13));
        case RMSPROP_STEP: return rmsprop_step(int(args, 0), int(args, 1), int(args, 2), int(args, 3), int(args, 4),
      int(args, 5), real(args, 6), real(args, 7), real(args, 8), real(args, 9), real(args, 10), real(args, 11));
        case ADAGRAD_STEP: return adagrad_step(int(args, 0), int(args, 1), int(args, 2), int(args, 3), real(args, 4),
      real(args, 5), real(args, 6));
    case MULTIPLY: return multiply(int(args, 0), int(args, 1), int(args, 2), int(args, 3));
    case SCALE: return scale(int(args, 0), int(args, 1), real(args, 2));
    case ADD_SCALED: return add_scaled(int(args, 0), int(args, 1), int(args, 2), real(args, 3), int(args, 4));
    case CLAMP: return clamp(int(args, 0), int(args, 1), real(args, 2));
    case PENALIZE: return penalize(int(args, 0), int(args, 1), int(args, 2), real(args, 3), real(args, 4));
    case MOVE_TOWARDS: return move_towards(int(args, 0), int(args, 1), int(args, 2), real(args, 3));
    case SWAP: return swap(int(args, 0), int(args, 1), int(args, 2));
  }
}
