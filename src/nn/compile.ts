/** The models that users compile themselves, with losses of their own. */
import type { Engine } from '../engine/engine.js';
import { Compiled } from './compiled.js';
import { FullUpdate } from './full-update.js';
import type { Network } from './model.js';
import { totalOf, traceable } from './own-loss.js';
import type { CompileOptions } from './plan.js';
import { readParameters, readState, writeParameters, writeState } from './state.js';

export type { CompileOptions, Plan } from './plan.js';

/**
 * A model laid out in an engine's memory for batches of up to `maxRows`: what `fit`, `evaluate` and
 * `predict` run on.
 */
export class CompiledModel extends Compiled {
  constructor(engine: Engine, model: Network, options: CompileOptions) {
    super(engine, model, options, { traceable, totalOf, FullUpdate });
  }

  /** A copy of the engine's values, by parameter name; the model keeps its own. */
  readParameters(): Map<string, Float32Array> {
    return readParameters(this);
  }

  /**
   * Replaces the engine's values, not the model's. Throws ShapeError for one that is missing or has another
   * length.
   */
  writeParameters(values: ReadonlyMap<string, ArrayLike<number>>): void {
    writeParameters(this, values);
  }

  /** A copy of the gradients, by parameter name, of what is trained. Only after `backward`. */
  readGradients(): Map<string, ArrayLike<number>> {
    const { gradientViews } = this.carried();
    return new Map(
      this.model.parameters.flatMap(({ name }, i) => {
        const view = gradientViews[i];
        return view ? [[name, view.read()] as const] : [];
      }),
    );
  }

  /** Bytes of what a batch computes: neither parameters nor gradients of parameters, inputs and answers. */
  get workBytes(): number {
    return this.carried().workBytes;
  }

  /**
   * A copy of what training carries along beside the parameters: the optimizer's tensors by parameter
   * (`adam.m/0.weight`), the moving average (`average/0.weight`) and the layers' buffers
   * (`buffer/1.runningMean`). Gathered gradients are not among it.
   */
  readState(): Map<string, Float32Array> {
    return readState(this);
  }

  /**
   * Puts back what `readState` gave. Throws ShapeError, before anything is changed, for names or lengths that
   * are not this model's.
   */
  writeState(state: ReadonlyMap<string, Float32Array>): void {
    writeState(this, state);
  }
}
