/** Counts tasks as they are expected, begun and ended, and estimates the time left. It prints nothing. */

/** How far the whole is. */
export interface Overview {
  readonly done: number;
  readonly total: number;
  /** Absent until there is something to judge by. */
  readonly secondsLeft?: number;
  /** Labels of what runs now. */
  readonly running: readonly string[];
}

/** A task that has ended. */
export interface Finished extends Overview {
  readonly label: string;
  /** Of computing it; absent when the result was there already. */
  readonly seconds?: number;
}

export interface ProgressHooks {
  readonly onProgress?: ((overview: Overview) => void) | undefined;
  readonly onFinished?: ((finished: Finished) => void) | undefined;
}

interface Stage {
  left: number;
  cost: number;
}

export class Tracker {
  readonly #hooks: ProgressHooks;
  readonly #stages = new Map<string, Stage>();
  readonly #running = new Map<string, { stage: Stage; share: number; began: number }>();
  #began: number | undefined;
  #total = 0;
  #done = 0;
  #costDone = 0;

  constructor(hooks: ProgressHooks = {}) {
    this.#hooks = hooks;
  }

  /**
   * Announces `tasks` tasks of equal cost, in any unit that all stages share. Said again, before any of them,
   * it corrects.
   */
  expect(stage: string, tasks: number, cost: number): void {
    this.#total += tasks - (this.#stages.get(stage)?.left ?? 0);
    this.#stages.set(stage, { left: tasks, cost });
  }

  begin(stage: string, label: string): void {
    this.#began ??= performance.now();
    this.#running.set(label, { stage: this.#stage(stage), share: 0, began: performance.now() });
    this.#hooks.onProgress?.(this.overview());
  }

  /** How much of a running task is done, between 0 and 1. */
  advance(label: string, share: number): void {
    const task = this.#running.get(label);
    if (!task) return;
    task.share = share;
    this.#hooks.onProgress?.(this.overview());
  }

  /** A task has ended; one that was never begun was found done. */
  end(stage: string, label: string): void {
    const task = this.#running.get(label);
    const { left, cost } = this.#stage(stage);
    this.#stage(stage).left = left - 1;
    this.#done++;
    if (task) {
      this.#costDone += cost;
      this.#running.delete(label);
    }
    const seconds = task && (performance.now() - task.began) / 1000;
    this.#hooks.onFinished?.({ ...this.overview(), label, ...(seconds !== undefined && { seconds }) });
  }

  overview(): Overview {
    let costLeft = 0;
    for (const { left, cost } of this.#stages.values()) costLeft += left * cost;
    let costDone = this.#costDone;
    for (const { stage, share } of this.#running.values()) {
      costDone += stage.cost * share;
      costLeft -= stage.cost * share;
    }
    const seconds = this.#began === undefined ? 0 : (performance.now() - this.#began) / 1000;
    const known = costDone > 0 && seconds > 1;
    return {
      done: this.#done,
      total: this.#total,
      ...(known && { secondsLeft: Math.max(0, (costLeft * seconds) / costDone) }),
      running: [...this.#running.keys()],
    };
  }

  #stage(name: string): Stage {
    const stage = this.#stages.get(name);
    if (!stage) throw new RangeError(`stage ${name} was not announced`);
    return stage;
  }
}
