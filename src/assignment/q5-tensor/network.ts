/**
 * Question 5: the network on tensors, one image at a time. Each line of the scalar form becomes one vector
 * operation of the engine; softmax backward is a kernel of its own, the product of the Jacobian's transpose
 * with dy, which never makes the Jacobian. Vectors are rows: x [1, inputs], k and h [1, hidden], o and y [1,
 * outputs].
 */

import { ShapeError } from '../../base/errors.js';
import type { Engine } from '../../engine/engine.js';
import type { Arena, Tensor, TypedArray } from '../../engine/tensor.js';
import type { Sequential } from '../../nn/sequential.js';
import { activate, activateBackward } from '../../ops/activations.js';
import type { Call } from '../../ops/check.js';
import { matmul, matmulTransposedA, matmulTransposedB } from '../../ops/matmul.js';
import { sgdStep } from '../../ops/optimizers.js';
import { addBias, columnSums } from '../../ops/reduce.js';
import { softmax, softmaxBackward, softmaxCrossEntropy } from '../../ops/softmax.js';
import { checkEngine } from '../../train/check.js';
import { type Parameters, placeParameters, readParameters } from '../shared.js';
import type { TableName } from '../types.js';

const WHERE = 'TensorNetwork';

export class TensorNetwork {
  readonly sizes: readonly number[];
  readonly #arena: Arena;
  readonly #parameters: Parameters<Tensor>;
  readonly #x: Tensor;
  /** All values of a pass but l, by the assignment's names. */
  readonly #values: Record<Exclude<TableName, 'l'>, Tensor>;
  readonly #forward: readonly Call[];
  /** Gradients overwritten, and added to those of the images before. */
  readonly #overwrite: readonly Call[];
  readonly #accumulate: readonly Call[];
  readonly #updates: readonly ((learningRate: number) => void)[];
  readonly #fused: { readonly labels: Tensor; readonly dLogits: Tensor; readonly run: Call };
  readonly #dy: Float64Array;
  #loss = 0;

  /** Starts from the values of a two-layer model. Throws ShapeError for another kind of model. */
  constructor(engine: Engine, model: Sequential) {
    checkEngine(WHERE, engine);
    const arena = engine.arena();
    const [I, H, O] = model.sizes;
    this.sizes = model.sizes;
    this.#arena = arena;
    this.#dy = new Float64Array(O);
    try {
      const { W, b, V, c } = placeParameters(WHERE, arena, model);
      this.#parameters = { W, b, V, c };
      const row = (size: number) => arena.tensor('float', [1, size]);
      const x = row(I);
      const [k, h, o, y, dy, dO, dh, dk] = [H, H, O, O, O, O, H, H].map(row);
      const [dW1, dW2] = [arena.tensor('float', [I, H]), arena.tensor('float', [H, O])];
      const [db1, db2] = [arena.tensor('float', [H]), arena.tensor('float', [O])];
      this.#x = x;
      this.#values = { k, h, o, y, dy, do: dO, db2, dW2, dh, dk, db1, dW1 };
      this.#forward = [
        matmul({ c: k, a: x, b: W }),
        addBias({ y: k, x: k, bias: b }),
        activate({ y: h, x: k, activation: 'sigmoid' }),
        matmul({ c: o, a: h, b: V }),
        addBias({ y: o, x: o, bias: c }),
        softmax({ y, x: o }),
      ];
      const backward = (accumulate: boolean): Call[] => [
        softmaxBackward({ dx: dO, y, dy }),
        columnSums({ y: db2, x: dO, accumulate }),
        matmulTransposedA({ c: dW2, a: h, b: dO, accumulate }),
        matmulTransposedB({ c: dh, a: dO, b: V }),
        activateBackward({ dx: dk, y: h, dy: dh, activation: 'sigmoid' }),
        columnSums({ y: db1, x: dk, accumulate }),
        matmulTransposedA({ c: dW1, a: x, b: dk, accumulate }),
      ];
      this.#overwrite = backward(false);
      this.#accumulate = backward(true);
      const pairs = [
        [W, dW1],
        [b, db1],
        [V, dW2],
        [c, db2],
      ];
      this.#updates = pairs.map(([w, g]) => sgdStep({ w, g }));
      const [labels, losses, dLogits] = [arena.tensor('i32', [1]), arena.tensor('float', [1]), row(O)];
      this.#fused = { labels, dLogits, run: softmaxCrossEntropy({ losses, dLogits, logits: o, labels }) };
    } catch (error) {
      arena.dispose();
      throw error;
    }
  }

  /**
   * The loss l = -ln y at the true class (from 0) of one image. Throws ShapeError when either does not fit.
   */
  forward(x: ArrayLike<number>, label: number): number {
    const O = this.#dy.length;
    if (!(Number.isInteger(label) && label >= 0 && label < O)) {
      throw new ShapeError(WHERE, `expected a label below ${O}, given ${label}`);
    }
    this.#x.write(x);
    for (const call of this.#forward) call();
    this.#loss = -Math.log(this.#values.y.at(label));
    return this.#loss;
  }

  /**
   * After `forward` with the same label: all gradients; with `accumulate`, those of the parameters add up.
   */
  backward(label: number, accumulate = false): void {
    const { y, dy } = this.#values;
    this.#dy[label] = -1 / y.at(label);
    dy.write(this.#dy);
    this.#dy[label] = 0;
    for (const call of accumulate ? this.#accumulate : this.#overwrite) call();
  }

  /** A step of SGD with the gradients at hand. For an average over n images the rate is divided by n. */
  update(learningRate: number): void {
    for (const step of this.#updates) step(learningRate);
  }

  /** After `forward`: the fused kernel's do = y - t, which does not go through y or dy. */
  fusedGradient(label: number): TypedArray {
    this.#fused.labels.write([label]);
    this.#fused.run();
    return this.#fused.dLogits.read();
  }

  /** A copy of a value of the last pass. */
  read(name: TableName): TypedArray {
    return name === 'l' ? Float64Array.of(this.#loss) : this.#values[name].read();
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
