/** What a layer is: a description that a model holds, and a compiled pair of forward and backward for one batch size. */
import type { Activation } from '../engine/kernels.js';
import type { Call } from '../engine/ops/check.js';
import type { SparseRows } from '../engine/ops/sparse.js';
import type { Tensor } from '../engine/tensor.js';
import type { Initializer } from './initializers.js';

export interface Layer {
  /** The name of the function that makes it: `dense`. */
  readonly kind: string;
  /** Options that make an equal layer, JSON values only: what a saved model holds. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Width of the output for inputs of this width. */
  outputSize(inputSize: number): number;
  parameters(inputSize: number): ParameterSpec[];
  /**
   * The activation that ends this layer, if its backward can take a gradient that was already multiplied by the
   * activation's derivative. Then the layer above does that at the end of its own product.
   */
  readonly endsWith?: Activation;
  /** Its calls read `sparse` in place of `x` whenever that is active. */
  readonly takesSparse?: boolean;
  compile(context: LayerContext): LayerCalls;
}

export interface ParameterSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly initializer: Initializer;
}

/** The tensors of one layer at one batch size. `gradients`, `dx` and `dy` are absent when only predicting. */
export interface LayerContext {
  readonly x: Tensor;
  readonly y: Tensor;
  readonly parameters: Readonly<Record<string, Tensor>>;
  readonly gradients?: Readonly<Record<string, Tensor>>;
  /** Where the gradient with respect to x goes; absent for the first layer, whose inputs need none. */
  readonly dx?: Tensor;
  readonly dy?: Tensor;
  /** For the first layer: x compressed, for batches in which it is active. */
  readonly sparse?: SparseRows;
  /** The activation that made x, by whose derivative dx is to be multiplied. */
  readonly inputActivation?: Activation;
}

export interface LayerCalls {
  readonly forward: readonly Call[];
  /** In the order in which they run. Empty when only predicting. */
  readonly backward: readonly Call[];
  /** Takes the place of `backward` and the update of `weight`, where it is active and plain SGD follows. */
  readonly fusedSgd?: FusedSgd;
}

export interface FusedSgd {
  active(): boolean;
  /** Gradients of the other parameters, and the step of `weight`. */
  run(learningRate: number): void;
}
