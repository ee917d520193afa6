/**
 * From gradients to new parameters: the optimizer with its state. What may come before it and after it stands
 * in full-update.ts. Everything is placed when it is made; a step allocates nothing.
 */

import type { NumberRange } from '../base/options.js';
import type { Arena, Tensor } from '../engine/tensor.js';
import type { Call } from '../ops/check.js';
import type { Optimizer, OptimizerTensors } from './optimizers.js';

/** What the numbers among the options may be. */
export const updateRanges = {
  clipNorm: { above: 0 },
  clipValue: { above: 0 },
  l1: { min: 0 },
  l2: { min: 0 },
  averageDecay: { min: 0, below: 1 },
} as const satisfies Partial<Record<keyof UpdateOptions, NumberRange>>;

/**
 * What happens to gradients and parameters beside the optimizer: clipping, penalties, averaging,
 * accumulating.
 */
export interface UpdateOptions {
  /**
   * Gradients are scaled so that the norm of all of them is at most this: as torch.nn.utils.clip_grad_norm_.
   */
  clipNorm?: number;
  /** Each gradient is cut to ± this, after `clipNorm`: as clip_grad_value_. */
  clipValue?: number;
  /**
   * Adds l1 · Σ |w| over the weights of dense layers to what is minimised, by way of the gradient; the loss
   * that is reported is without it.
   */
  l1?: number;
  /** Adds ½ · l2 · Σ w², likewise. */
  l2?: number;
  /**
   * Keeps a moving average of the parameters: average = averageDecay · average + (1 - averageDecay) ·
   * parameters after each step. Of `fit`, it is what is validated, and what the model is given.
   */
  averageDecay?: number;
  /** Room to accumulate gradients over several batches. */
  accumulate?: boolean;
}

export interface UpdateTensors extends Pick<OptimizerTensors, 'parameters' | 'gradients' | 'partsOf'> {
  /** Those to which penalties apply, with their gradients. */
  readonly penalised: readonly { readonly w: Tensor; readonly g: Tensor }[];
}

/** The optimizer alone. */
export class Update {
  /** By name: the optimizer's, `kind.slot`, and `average`. */
  readonly slots = new Map<string, Tensor>();
  /** Calls around the optimizer's step: on gradients, and on new parameters. */
  protected readonly before: Call[] = [];
  protected readonly after: Call[] = [];
  protected readonly parameters: Tensor;
  readonly #optimizer: Optimizer;
  readonly #tensors: OptimizerTensors;
  readonly #step: (learningRate: number, step: number) => void;

  constructor(arena: Arena, optimizer: Optimizer, { parameters, gradients, partsOf }: UpdateTensors) {
    this.#optimizer = optimizer;
    this.parameters = parameters;
    const slots = optimizer.slots.map((name) => {
      const tensor = arena.tensor('float', parameters.shape);
      this.slots.set(`${optimizer.kind}.${name}`, tensor);
      return tensor;
    });
    this.#tensors = { parameters, gradients, slots, arena, partsOf };
    this.#step = optimizer.compile(this.#tensors);
  }

  /** The update is plain SGD and nothing else. */
  get plain(): boolean {
    return this.#optimizer.plainSgd && this.before.length === 0;
  }

  /** The step from the gradients at hand. */
  run(learningRate: number, step: number): void {
    for (let i = 0; i < this.before.length; i++) this.before[i]();
    this.#step(learningRate, step);
    this.finish();
  }

  /** What follows after parameters have changed. */
  finish(): void {
    this.parameters.changed();
    for (let i = 0; i < this.after.length; i++) this.after[i]();
  }

  /** The optimizer alone, on a part of the parameters and their gradients; for one without state. */
  partial(parameters: Tensor, gradients: Tensor): (learningRate: number, step: number) => void {
    const [w, g] = [parameters.flat(), gradients.flat()];
    return this.#optimizer.compile({ ...this.#tensors, parameters: w, gradients: g });
  }
}
