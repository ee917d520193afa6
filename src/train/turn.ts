/** Long loops let the event loop turn now and then, so that signals, timers and pages stay alive. */
import { platform } from '#platform';

export class Turn {
  #last = performance.now();
  /** Spent in turns so far, which is no time of the loop's own. */
  milliseconds = 0;
  readonly #then: (() => void | Promise<void>) | undefined;

  /** `then` is called at each turn, and waited for. */
  constructor(then?: () => void | Promise<void>) {
    this.#then = then;
  }

  due(): boolean {
    return performance.now() - this.#last > platform.turnInterval;
  }

  async take(): Promise<void> {
    const began = performance.now();
    await platform.yieldToEventLoop();
    await this.#then?.();
    this.#last = performance.now();
    this.milliseconds += this.#last - began;
  }
}

/** Does `work` to its end, with a turn between its pieces whenever one is due. */
export async function inTurns<T>(work: Generator<void, T>, turn: Turn): Promise<T> {
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
    if (turn.due()) await turn.take();
  }
}
