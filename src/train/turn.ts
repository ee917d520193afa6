/** Long loops let the event loop turn now and then, so that signals, timers and pages stay alive. */
import { platform } from '#platform';

export class Turn {
  #last = performance.now();
  /** Spent in turns so far, which is no time of the loop's own. */
  milliseconds = 0;

  due(): boolean {
    return performance.now() - this.#last > platform.turnInterval;
  }

  async take(): Promise<void> {
    const began = performance.now();
    await platform.yieldToEventLoop();
    this.#last = performance.now();
    this.milliseconds += this.#last - began;
  }
}
