/**
 * Kernels that are cut along one axis, and how: a letter for each argument, and what an element costs one thread, in nanoseconds,
 * roughly. The numbers of the jobs follow from the order, which is that of assembly/threads/lines.ts.
 *
 *   e  pointer, moved by elements or columns      r  pointer, moved by rows; its leading dimension follows
 *   n  what is cut                                w  the other side: n · w elements in all
 *   o  number, moved by the range                 f  float32                                 _  anything else
 */
import type { Kernels } from '../kernels.js';
import type { ThreadPool } from './pool.js';
import type { Splitter } from './split.js';

const FIRST = 16;

const specs = {
  exp: ['een', 0.8],
  log: ['een', 0.9],
  sigmoid_forward: ['een', 1.2],
  sigmoid_backward: ['eeen', 0.2],
  tanh_forward: ['een', 1.2],
  tanh_backward: ['eeen', 0.2],
  relu_forward: ['een', 0.15],
  relu_backward: ['eeen', 0.2],
  leaky_relu_forward: ['eenf', 0.2],
  leaky_relu_backward: ['eeenf', 0.2],
  gelu_forward: ['een', 2.5],
  gelu_backward: ['eeen', 3.5],
  gelu_tanh_forward: ['een', 2],
  gelu_tanh_backward: ['eeen', 2.5],
  silu_forward: ['een', 1.3],
  silu_backward: ['eeen', 1.6],
  softplus_forward: ['een', 2],
  softplus_backward: ['eeen', 1.3],
  elu_forward: ['eenf', 1.3],
  elu_backward: ['eeenf', 1],
  softmax_forward: ['r_r_nw', 1.2],
  softmax_backward: ['r_r_r_nw', 0.4],
  softmax_cross_entropy: ['er_r_enwf', 1.2],
  weighted_cross_entropy: ['er_r_ee_nwff', 2],
  squared_error: ['er_r_r_enwf', 0.5],
  absolute_error: ['er_r_r_enwf', 0.5],
  huber_error: ['er_r_r_enwff', 0.6],
  binary_cross_entropy: ['er_r_r_enwff', 3],
  row_weights: ['eee_n', 0.5],
  positive: ['er_n', 0.5],
  argmax: ['er_nw', 0.7],
  add_bias: ['r_r__nw', 0.2],
  column_sums: ['ee_wn_', 0.2],
  gather_u8: ['r__enwff', 0.15],
  gather_f32: ['r__enw', 0.2],
  expand_compressed: ['r____enw_f', 0.2],
  dropout_forward: ['r_r_r_nw_____of', 2],
  batch_norm_statistics: ['eeeee_wnff', 0.5],
  batch_norm_running: ['eeeenf', 0.5],
  batch_norm_forward: ['r___r___nw', 0.3],
  batch_norm_backward: ['e_eeeee_e_ewn_', 0.6],
  layer_norm_forward: ['r_eer___nwf', 0.8],
  layer_norm_backward: ['r_eer_r__nw', 0.8],
  layer_norm_parameters: ['ee__e_e_wn', 0.4],
  embedding_forward: ['r_r___nw_', 0.3],
  embedding_backward: ['e_e__e_wn_', 0.4],
  copy_columns: ['r_r_nw', 0.2],
  sgd_step: ['eenf', 0.2],
  sgd_momentum_step: ['eeenfff_f', 0.3],
  adam_step: ['eeeenfffffffff', 0.8],
  rmsprop_step: ['eeeeenffffff', 0.7],
  adagrad_step: ['eeenfff', 0.6],
  multiply: ['eeen', 0.2],
  scale: ['enf', 0.15],
  add_scaled: ['eenf_', 0.2],
  clamp: ['enf', 0.15],
  penalize: ['eenff', 0.25],
  move_towards: ['eenf', 0.2],
  swap: ['een', 0.25],
} as const satisfies { readonly [name in keyof Kernels]?: readonly [letters: string, cost: number] };

/** Their names. */
export const lineNames: readonly string[] = Object.keys(specs);

/** What moves how: the codes of assembly/threads/lines.ts. */
const codes: Readonly<Record<string, number>> = { e: 1, r: 2, n: 3, o: 4 };

/** Elements that begin on cache lines; and whole steps of the loops over elements and columns. */
const LINE = 16;

const ARGUMENTS = 16;
/** Where the codes stand behind the arguments. */
const CODES = 20;

type Call = (...args: (number | undefined)[]) => void;

/** Each of these kernels, cut where that pays. */
export function lineKernels(one: Kernels, pool: ThreadPool, splitter: Splitter): Partial<Kernels> {
  const { words, floats } = pool;
  // One place for all calls: a call allocates nothing.
  const given = new Float64Array(ARGUMENTS);

  function cut(kernel: Call, code: number, letters: string, cost: number): Call {
    const length = letters.indexOf('n');
    const width = letters.indexOf('w');
    const step = letters.includes('r') ? 1 : LINE;
    const isFloat = Array.from(letters, (letter) => letter === 'f');
    const moves = new Uint8Array(ARGUMENTS);
    for (const [i, letter] of Array.from(letters).entries()) moves[i] = codes[letter] ?? 0;
    const packed = new Int32Array(moves.buffer);
    return (a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p) => {
      given[0] = a!;
      given[1] = b!;
      given[2] = c!;
      given[3] = d!;
      given[4] = e!;
      given[5] = f!;
      given[6] = g!;
      given[7] = h!;
      given[8] = i!;
      given[9] = j!;
      given[10] = k!;
      given[11] = l!;
      given[12] = m!;
      given[13] = n!;
      given[14] = o!;
      given[15] = p!;
      const size = given[length];
      const chunks = splitter.line(size, step, width < 0 ? cost : cost * given[width]);
      if (chunks === 0) {
        kernel(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p);
        return;
      }
      for (let at = 0; at < isFloat.length; at++) {
        if (isFloat[at]) floats[at] = given[at];
        else words[at] = given[at];
      }
      words.set(packed, CODES);
      pool.run(code, chunks, splitter.rows);
    };
  }

  const entries = Object.entries(specs).map(([name, [letters, cost]], index) => {
    const kernel = one[name as keyof typeof specs] as unknown as Call;
    return [name, cut(kernel, FIRST + index, letters, cost)];
  });
  return Object.fromEntries(entries);
}
