/** What a layer is: a description that a model holds, and a compiled pair of forward and backward for one batch size. */
import type { FusedActivation } from '../engine/kernels.js';
import type { Tensor } from '../engine/tensor.js';
import type { Call } from '../ops/check.js';
import type { PackedMatrix } from '../ops/packed.js';
import type { SparseRows } from '../ops/sparse.js';
import type { Initializer } from './initializers.js';

/**
 * A layer as a model holds it: its options, its parameters, and how it is compiled. Anything of this shape
 * can stand in a model.
 */
export interface Layer {
  /** The name of the function that makes it: `dense`. */
  readonly kind: string;
  /** Options that make an equal layer, JSON values only: what a saved model holds. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Width of the output for inputs of this width. Throws ShapeError for a width that the layer cannot take. */
  outputSize(inputSize: number): number;
  parameters(inputSize: number): ParameterSpec[];
  /** Values that are no parameters, but belong to the model and are saved with it, such as running statistics. */
  buffers?(inputSize: number): ParameterSpec[];
  /** Tensors that forward keeps for backward. */
  saved?(inputSize: number): SavedSpec[];
  /**
   * The activation that ends this layer, if its backward can take a gradient that was already multiplied by the
   * activation's derivative. Then the layer above does that at the end of its own product, or a call that follows its backward.
   */
  readonly endsWith?: FusedActivation;
  /** It multiplies dx by the derivative of `inputActivation` itself, and so is given that. */
  readonly takesInputActivation?: boolean;
  /** Its calls read `sparse` in place of `x` whenever that is active. */
  readonly takesSparse?: boolean;
  /** It gives no gradient to what is below, and so may only be a model's first layer. */
  readonly mustBeFirst?: boolean;
  /**
   * Throws DataError, saying row and column, for inputs [rows, width] that a first layer of this kind cannot take. Values are
   * `inputs[i] * scale + offset`.
   */
  checkInputs?(where: string, inputs: ArrayLike<number>, width: number, scale: number, offset: number): void;
  compile(context: LayerContext): LayerCalls;
}

/** A parameter that a layer has: its name, shape and first values. */
export interface ParameterSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly initializer: Initializer;
  /** Whether L1 and L2 penalties apply; a dense layer's weight. */
  readonly penalised?: boolean;
}

/** [rows, width] when `perRow` and a width is given, [rows] when none is, and else [width]. */
export type SavedSpec =
  | { readonly name: string; readonly perRow: true; readonly width?: number }
  | { readonly name: string; readonly perRow: false; readonly width: number };

/** What one forward has in common with the next backward. Compiled calls read it when they run. */
export interface RunState {
  /** Of the last forward: whether dropout drops and batch norm looks at the batch. */
  training: boolean;
  /** The step at hand, counted from 1. */
  step: number;
  /** The batch within the step, counted from 0: more than one where gradients are accumulated. */
  batch: number;
}

/** The tensors of one layer at one batch size. `gradients`, `dx` and `dy` are absent when only predicting. */
export interface LayerContext {
  readonly x: Tensor;
  readonly y: Tensor;
  readonly parameters: Readonly<Record<string, Tensor>>;
  /** The parameters that are matrices, for products to keep packed while they stand still. */
  readonly packed: Readonly<Record<string, PackedMatrix>>;
  readonly gradients?: Readonly<Record<string, Tensor>>;
  readonly buffers: Readonly<Record<string, Tensor>>;
  readonly saved: Readonly<Record<string, Tensor>>;
  /** Where the gradient with respect to x goes; absent for the first layer, whose inputs need none. */
  readonly dx?: Tensor;
  /** The layer may overwrite it. */
  readonly dy?: Tensor;
  /** For the first layer: x compressed, for batches in which it is active. */
  readonly sparse?: SparseRows;
  /** The activation that made x, by whose derivative dx is to be multiplied; only for a layer that says `takesInputActivation`. */
  readonly inputActivation?: FusedActivation;
  readonly state: RunState;
  /** The layer's place in the model: the stream of its random numbers. */
  readonly index: number;
  /** Of random numbers. */
  readonly seed: number;
}

/** What a compiled layer does, as calls that are bound to its tensors. */
export interface LayerCalls {
  readonly forward: readonly Call[];
  /** In the order in which they run. Empty when only predicting. */
  readonly backward: readonly Call[];
  /** Takes the place of `backward` and the update of `weight`, where it is active and plain SGD follows. */
  readonly fusedSgd?: FusedSgd;
}

/** A gradient and its step of plain SGD in one, where a layer can do that. */
export interface FusedSgd {
  active(): boolean;
  /** Gradients of the other parameters, and the step of `weight`. */
  run(learningRate: number): void;
}
