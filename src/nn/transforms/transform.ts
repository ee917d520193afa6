/**
 * What an optimizer may be a chain of: a transform changes the update, which is the gradient at first, and
 * the learning rate times what is left of it is taken from the parameters. This file says what a transform
 * is; those with names are in named.ts, those of one's own, written as functions of values, in own.ts.
 */
import type { Tensor } from '../../engine/tensor.js';
import type { Value } from '../../graph/value.js';
import type { OptimizerTensors } from '../optimizers.js';

/** A link of the chain that an optimizer is. Made by `scaleByAdam` and the others. */
export interface Transform {
  readonly name: string;
  /** JSON values that make an equal one, beside its name. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Names of the tensors that it keeps, each as large as the trained parameters and 0 at first. */
  readonly slots: readonly string[];
  /** @internal Binds it to flat tensors; a call changes `update` in place. `step` counts from 1. */
  compile(tensors: TransformTensors): (step: number, learningRate: number) => void;
}

/** What a transform is bound to: all trained parameters in a line, with zeros between them. */
export interface TransformTensors extends Omit<OptimizerTensors, 'gradients'> {
  readonly update: Tensor;
}

/**
 * What a transform of one's own is given: all are vectors of the trained parameters, but for the last two.
 */
export interface TransformValues {
  readonly update: Value;
  readonly parameter: Value;
  /** By name; as they were after the step before, and 0 at the first. */
  readonly slots: Readonly<Record<string, Value>>;
  /** One number each; the step is counted from 1. */
  readonly step: Value;
  readonly learningRate: Value;
}

/**
 * A transform of one's own, as a function of values. The vectors hold the parameters one behind the other,
 * with zeros between them that stay zero: what is computed element by element, and sums, do not notice them.
 */
export interface OwnTransform {
  readonly name: string;
  /** Names of the vectors that it keeps from one step to the next; none by default. */
  readonly slots?: readonly string[];
  /** The new update; or along with it, by name, the new value of each slot. */
  apply(
    given: TransformValues,
  ): Value | { readonly update: Value; readonly slots?: Readonly<Record<string, Value>> };
}
