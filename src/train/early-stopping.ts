/**
 * Early stopping: training ends when the monitored number has not become better for a while. It holds no
 * weights.
 */
import { OptionReader } from '../base/options.js';
import type { Compiled } from '../nn/compiled.js';
import { readParameters, readState, writeParameters, writeState } from '../nn/state.js';
import type { EpochRecord, History } from './history.js';
import { isBetter, type Measured, type Monitor, resolveMonitor } from './monitor.js';
import type { Snapshot } from './snapshot.js';

/** When training ends before its time. */
export interface EarlyStoppingOptions {
  /**
   * `validation.loss` (the default with a validation set), `validation.accuracy`, `validation.` and a
   * metric's name, `loss` or `accuracy`.
   */
  monitor?: string;
  /** Epochs without improvement after which training stops; 5 by default. */
  patience?: number;
  /** What counts as an improvement: more than this. 0 by default. */
  minDelta?: number;
  /** `auto` (the default) takes `max` where higher is better. */
  mode?: 'auto' | 'min' | 'max';
  /**
   * Give the model the weights of its best epoch when training is over, unless it was aborted; true by
   * default.
   */
  restoreBestWeights?: boolean;
}

/** JSON values. */
export interface EarlyStoppingState {
  /** 0 before there was one. */
  readonly bestEpoch: number;
  /** Null before there was one. */
  readonly bestValue: number | null;
  /** Epochs since then. */
  readonly waited: number;
}

export class EarlyStopping {
  readonly monitor: Monitor;
  readonly restoreBestWeights: boolean;
  /** JSON values that make an equal one. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly #patience: number;
  readonly #minDelta: number;
  #state: EarlyStoppingState = { bestEpoch: 0, bestValue: null, waited: 0 };

  constructor(where: string, options: unknown, measured: Measured) {
    const reader = new OptionReader(`${where}, earlyStopping`, options);
    const isName = (value: unknown): value is string => typeof value === 'string';
    const monitor = reader.optional('monitor', 'the name of what is measured', isName);
    this.#patience = reader.integer('patience', { min: 0 }, 5);
    this.#minDelta = reader.number('minDelta', { min: 0 }, 0);
    const mode = reader.oneOf('mode', ['auto', 'min', 'max'], 'auto');
    this.restoreBestWeights = reader.boolean('restoreBestWeights', true);
    reader.end();
    this.monitor = resolveMonitor(`${where}, earlyStopping`, monitor, measured, mode);
    this.config = {
      monitor: this.monitor.name,
      mode: this.monitor.mode,
      patience: this.#patience,
      minDelta: this.#minDelta,
      restoreBestWeights: this.restoreBestWeights,
    };
  }

  /** Takes note of an epoch; returns whether it is the best so far. */
  observe(record: EpochRecord): boolean {
    const value = this.monitor.read(record);
    const { bestValue, waited, bestEpoch } = this.#state;
    const improved = isBetter(this.monitor, value, bestValue ?? Number.NaN, this.#minDelta);
    this.#state = improved
      ? { bestEpoch: record.epoch, bestValue: value, waited: 0 }
      : { bestEpoch, bestValue, waited: waited + 1 };
    return improved;
  }

  /**
   * Whether patience has run out. With a patience of 0, the first epoch that is no improvement is the last.
   */
  get stopped(): boolean {
    return this.#state.waited > 0 && this.#state.waited >= this.#patience;
  }

  get state(): EarlyStoppingState {
    return this.#state;
  }

  /** What a model is made of: parameters, and buffers such as running statistics. */
  snapshot(compiled: Compiled): Snapshot {
    const buffers = [...readState(compiled)].filter(([name]) => name.startsWith('buffer/'));
    return { parameters: readParameters(compiled), state: new Map(buffers) };
  }

  /** The best epoch, if there is one, whose values the model gets where they are kept and `restores`. */
  end(compiled: Compiled, best: Snapshot | undefined, restores: boolean): History['best'] {
    const restored = best !== undefined && restores;
    if (restored) {
      writeParameters(compiled, best.parameters);
      writeState(compiled, new Map([...readState(compiled), ...best.state]));
      compiled.download();
    }
    const { bestEpoch: epoch, bestValue: value } = this.#state;
    return value === null ? undefined : { epoch, value, monitor: this.monitor.name, restored };
  }

  /** Goes on from a state that `state` gave. */
  restore(state: EarlyStoppingState): void {
    this.#state = state;
  }
}
