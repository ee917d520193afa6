/**
 * Question 6: the network on a batch as one 3-tensor [G, R, inputs], G matrices of R rows, through batched
 * products.
 *
 *   [B, 1, inputs]   an image a matrix: Xᵀ·dK is [B, inputs, hidden], one gradient per sample, averaged afterwards
 *   [1, B, inputs]   the batch as one matrix: the product itself sums over the samples
 *
 * Both give the gradient of the mean loss, since dY already holds the factor 1/B: they differ in rounding, in
 * memory and in speed. Letters are the assignment's, large for a whole batch: K and H [G, R, hidden], O and Y
 * [G, R, outputs].
 */

import { ShapeError } from '../../base/errors.js';
import { checkInteger } from '../../base/options.js';
import type { Engine } from '../../engine/engine.js';
import type { Arena, Tensor, TypedArray } from '../../engine/tensor.js';
import type { Sequential } from '../../nn/sequential.js';
import { activateBackward } from '../../ops/activations.js';
import type { Call } from '../../ops/check.js';
import { matmul, matmulTransposedA, matmulTransposedB } from '../../ops/matmul.js';
import { sgdStep } from '../../ops/optimizers.js';
import { columnSums } from '../../ops/reduce.js';
import { softmax, softmaxBackward } from '../../ops/softmax.js';
import { checkEngine } from '../../train/check.js';
import { type Parameters, placeParameters, readParameters } from '../shared.js';

const WHERE = 'BatchedNetwork';

/**
 * Values of a pass in the order in which they are computed; `perSample` ones hold a gradient for each of the
 * G matrices.
 */
export type BatchedName =
  | 'H'
  | 'O'
  | 'Y'
  | 'dY'
  | 'dO'
  | 'db2'
  | 'perSample dW2'
  | 'dW2'
  | 'dH'
  | 'dK'
  | 'db1'
  | 'perSample dW1'
  | 'dW1';

export class BatchedNetwork {
  readonly sizes: readonly number[];
  /** Samples in a batch, G · R. */
  readonly batchSize: number;
  /** Where the next batch goes, row-major [G · R, inputs]. */
  readonly inputs: Float32Array;
  /** Its labels, from 0. */
  readonly labels: Int32Array;
  readonly #arena: Arena;
  readonly #parameters: Parameters<Tensor>;
  readonly #x: Tensor;
  readonly #values: Record<BatchedName, Tensor>;
  readonly #forward: readonly Call[];
  readonly #backward: readonly Call[];
  readonly #updates: readonly ((learningRate: number) => void)[];
  readonly #dy: Float64Array;

  /**
   * Starts from the values of a two-layer model, for batches of `groups` matrices of `rows` rows.
   *
   * Throws ShapeError for another kind of model and OptionError for sizes that are not positive whole
   * numbers.
   */
  constructor(engine: Engine, model: Sequential, { groups, rows }: { groups: number; rows: number }) {
    checkEngine(WHERE, engine);
    checkInteger(WHERE, 'groups', groups, { min: 1 });
    checkInteger(WHERE, 'rows', rows, { min: 1 });
    const [I, N, M] = model.sizes;
    const B = groups * rows;
    this.sizes = model.sizes;
    this.batchSize = B;
    this.inputs = new Float32Array(B * I);
    this.labels = new Int32Array(B);
    this.#dy = new Float64Array(B * M);
    const arena = engine.arena();
    this.#arena = arena;
    try {
      const { W, b, V, c } = placeParameters(WHERE, arena, model);
      this.#parameters = { W, b, V, c };
      const batch = (size: number) => arena.tensor('float', [groups, rows, size]);
      const x = batch(I);
      const [H, O, Y, dY, dO, dH, dK] = [N, M, M, M, M, N, N].map(batch);
      const [db1, db2] = [N, M].map((size) => arena.tensor('float', [size]));
      const first = gradients(arena, groups, I, N);
      const second = gradients(arena, groups, N, M);
      this.#x = x;
      this.#values = {
        H,
        O,
        Y,
        dY,
        dO,
        db2,
        'perSample dW2': second.each,
        dW2: second.sum,
        dH,
        dK,
        db1,
        'perSample dW1': first.each,
        dW1: first.sum,
      };
      // Softmax and sums see the same memory as one matrix, a sample a row.
      const flat = (tensor: Tensor) => tensor.view([B, tensor.columns]);
      this.#forward = [
        matmul({ c: H, a: x, b: W, bias: b, activation: 'sigmoid' }),
        matmul({ c: O, a: H, b: V, bias: c }),
        softmax({ y: flat(Y), x: flat(O) }),
      ];
      this.#backward = [
        softmaxBackward({ dx: flat(dO), y: flat(Y), dy: flat(dY) }),
        columnSums({ y: db2, x: flat(dO) }),
        matmulTransposedA({ c: second.each, a: H, b: dO }),
        ...second.summing,
        matmulTransposedB({ c: dH, a: dO, b: V }),
        activateBackward({ dx: dK, y: H, dy: dH, activation: 'sigmoid' }),
        columnSums({ y: db1, x: flat(dK) }),
        matmulTransposedA({ c: first.each, a: x, b: dK }),
        ...first.summing,
      ];
      const pairs = [
        [W, first.sum],
        [b, db1],
        [V, second.sum],
        [c, db2],
      ];
      this.#updates = pairs.map(([w, g]) => sgdStep({ w, g }));
    } catch (error) {
      arena.dispose();
      throw error;
    }
  }

  /**
   * Runs the batch in `inputs` and `labels`; returns its mean loss. Throws ShapeError for a label that is no
   * class.
   */
  forward(): number {
    const { labels } = this;
    const M = this.#dy.length / this.batchSize;
    for (const label of labels) {
      if (!(label >= 0 && label < M)) {
        throw new ShapeError(WHERE, `expected labels below ${M}, given ${label}`);
      }
    }
    this.#x.write(this.inputs);
    for (const call of this.#forward) call();
    const y = this.#values.Y.read();
    let loss = 0;
    for (let i = 0; i < labels.length; i++) loss -= Math.log(y[i * M + labels[i]]);
    return loss / labels.length;
  }

  /** After `forward`: gradients of the mean loss. */
  backward(): void {
    const { labels } = this;
    const M = this.#dy.length / this.batchSize;
    const y = this.#values.Y.read();
    this.#dy.fill(0);
    for (let i = 0; i < labels.length; i++) {
      const at = i * M + labels[i];
      this.#dy[at] = -1 / (labels.length * y[at]);
    }
    this.#values.dY.write(this.#dy);
    for (const call of this.#backward) call();
  }

  /** A step of SGD with the gradients at hand. */
  update(learningRate: number): void {
    for (const step of this.#updates) step(learningRate);
  }

  /** A copy of a value of the last pass. */
  read(name: BatchedName): TypedArray {
    return this.#values[name].read();
  }

  shape(name: BatchedName): readonly number[] {
    return this.#values[name].shape;
  }

  /** Shapes of the inputs X and of every value. */
  shapes(): { name: string; shape: readonly number[] }[] {
    const values = Object.entries(this.#values).map(([name, { shape }]) => ({ name, shape }));
    return [{ name: 'X', shape: this.#x.shape }, ...values];
  }

  /** Copies the parameters into a model of the same sizes. */
  download(model: Sequential): void {
    readParameters(WHERE, this.#parameters, model);
  }

  /** Frees the engine's memory. Twice is fine. */
  dispose(): void {
    this.#arena.dispose();
  }
}

/**
 * A gradient for each matrix of the batch [G, in, out] and their sum [in, out], which are the same memory for
 * G = 1.
 */
function gradients(
  arena: Arena,
  groups: number,
  inputs: number,
  outputs: number,
): { each: Tensor; sum: Tensor; summing: Call[] } {
  const each = arena.tensor('float', [groups, inputs, outputs]);
  if (groups === 1) return { each, sum: each.view([inputs, outputs]), summing: [] };
  const sum = arena.tensor('float', [inputs, outputs]);
  const size = inputs * outputs;
  return { each, sum, summing: [columnSums({ y: sum.view([size]), x: each.view([groups, size]) })] };
}
