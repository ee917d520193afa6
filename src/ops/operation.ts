/**
 * What an operation is to the graph above it: how the shape of its result follows from those of its inputs,
 * what its derivative is, and how it is bound to tensors. An operation knows neither the graph nor its
 * neighbours.
 */
import { elementsOf } from '../base/arrays.js';
import type { OptionReader } from '../base/options.js';
import type { FusedActivation } from '../engine/kernels.js';
import type { Arena, Tensor } from '../engine/tensor.js';
import type { Call } from './check.js';
import type { PackedMatrix } from './packed.js';
import type { SparseRows } from './sparse.js';

/** The shape of a value: `dims` alone, or with `rows` one array of `dims` for each row of a batch. */
export interface Shape {
  readonly rows: boolean;
  readonly dims: readonly number[];
}

/** What one forward has in common with the next backward. Bound calls read it when they run. */
export interface RunState {
  /** Of the last forward: whether dropout drops and batch norm looks at the batch. */
  training: boolean;
  /** The step at hand, counted from 1. */
  step: number;
  /** The batch within the step, counted from 0: more than one where gradients are accumulated. */
  batch: number;
}

/** What may follow a product, element by element. */
export type End = 'activation' | 'derivative';

/** What makes values of values. Attributes are JSON values: a model's file holds them. */
export interface Operation<A = unknown> {
  readonly name: string;
  /** The shapes of the outputs. Throws ShapeError, in the name of `where`, for inputs that it cannot take. */
  infer(where: string, inputs: readonly Shape[], attributes: A): readonly Shape[];
  /**
   * The gradient at each input, made of other operations; undefined where there is none. Absent where nothing
   * can be derived.
   */
  derivative?<V extends Symbolic>(rule: Rule<V, A>): readonly (V | undefined)[];
  /** Gradients end here, as if it were a number that does not depend on anything. */
  readonly stops?: boolean;
  /** The calls that compute it, bound to its tensors. */
  bind(binding: Binding<A>): Call | readonly Call[];
  /** How many it takes for each row of a batch, padding counted; absent for what is no product. */
  multiplyAdds?(inputs: readonly Shape[], outputs: readonly Shape[]): number;
  /** It draws random numbers, from a stream of its own. */
  readonly random?: boolean;
  /** The output is the memory of the first input under another shape, if both lie there without gaps. */
  readonly alias?: boolean;
  /**
   * Inputs whose memory the first output may take, when nobody reads them afterwards and they lie in memory
   * alike.
   */
  readonly inPlace?: readonly number[];
  /**
   * The attributes with which it applies an activation at its own end, or multiplies by an activation's
   * derivative, whose output is then one more input. Undefined where it cannot, with so many inputs.
   */
  endWith?(end: End, activation: FusedActivation, attributes: A, inputs: number): A | undefined;
  /**
   * Of the gradient of what picks numbers: its first input is what that kept beside its output. Each number of
   * its second goes to the place of the one that was picked, all other places are 0. Whether no two go to one
   * place, or such are added up.
   */
  spreads?(attributes: A): 'apart' | 'added';
  /** Throws DataError, saying row and column, for numbers of a data set that its first input cannot take. */
  checkInputs?(check: InputCheck<A>): void;
  /**
   * Attributes from a file, which is taken for hostile: throws OptionError for what is not of their types and
   * ranges. Absent where there are none, and for what only derivatives and passes make.
   */
  read?(reader: OptionReader): A;
}

/** Whatever stands for a value while a derivative is written down. */
export interface Symbolic {
  readonly shape: Shape;
}

/** What a derivative is made from. */
export interface Rule<V extends Symbolic, A = unknown> {
  readonly attributes: A;
  readonly inputs: readonly V[];
  readonly outputs: readonly V[];
  /** At each output; undefined where nothing depends on it. At least one is there. */
  readonly gradients: readonly (V | undefined)[];
  /** Whether the gradient at an input is wanted. */
  readonly needs: readonly boolean[];
  /** The outputs of another operation. */
  apply<B>(operation: Operation<B>, inputs: readonly V[], attributes: B): readonly V[];
}

/** What calls are bound to. */
export interface Binding<A = unknown> {
  readonly attributes: A;
  readonly inputs: readonly Tensor[];
  /** Undefined for an output that nobody reads. */
  readonly outputs: readonly (Tensor | undefined)[];
  readonly state: RunState;
  /** Of random numbers; and the stream that is this operation's own. */
  readonly seed: number;
  readonly stream: number;
  /** Memory that lives as long as the calls. */
  readonly arena: Arena;
  /** Input `index`, if it is a parameter that is a matrix, where it is kept packed while it stands still. */
  packed(index: number): PackedMatrix | undefined;
  /** Whether input `index` changes only where its `version` does: a parameter. */
  stands(index: number): boolean;
  /** Whether input `index` is a parameter that training leaves as it is. */
  frozen(index: number): boolean | undefined;
  /** The first input, where a pass has found that its batches may be compressed. */
  readonly sparse?: SparseRows | undefined;
}

/** Numbers that are to be an input of an operation: `numbers[i] * scale + offset`, `width` a row. */
export interface InputCheck<A = unknown> {
  readonly where: string;
  readonly attributes: A;
  readonly shapes: readonly Shape[];
  readonly numbers: ArrayLike<number>;
  readonly width: number;
  readonly scale: number;
  readonly offset: number;
}

/** Values in one row, or of the whole where there are no rows. */
export function sizeOf({ dims }: Shape): number {
  return elementsOf(dims);
}

/** `[rows, 28, 28]`. */
export function showShape({ rows, dims }: Shape): string {
  return `[${[...(rows ? ['rows'] : []), ...dims].join(', ')}]`;
}

export function sameShape(a: Shape, b: Shape): boolean {
  return (
    a.rows === b.rows && a.dims.length === b.dims.length && a.dims.every((length, i) => length === b.dims[i])
  );
}

/** The first output of the operation, where there is one only. */
export function one<V extends Symbolic, B>(
  rule: Pick<Rule<V>, 'apply'>,
  operation: Operation<B>,
  inputs: readonly V[],
  attributes: B,
): V {
  return rule.apply(operation, inputs, attributes)[0];
}

/** The tensor as a matrix [.., columns] of all that stands before its last axis. */
export function asMatrix(tensor: Tensor): Tensor {
  return tensor.merged(2);
}
