/**
 * How the assignment's work is followed: a line for each run that ends, and on a terminal a line that is
 * redrawn below them.
 */

import { bar, clock } from '../base/platform/progress-line.js';
import type { Finished, Overview } from '../tasks/progress.js';
import { LiveLine } from './live-line.js';
import { type Output, printable } from './output.js';

export class AssignmentProgress {
  readonly #out: Output;
  readonly #line: LiveLine;

  constructor(out: Output) {
    this.#out = out;
    this.#line = new LiveLine(out);
  }

  show(overview: Overview): void {
    if (!this.#line.due()) return;
    const { done, total, running } = overview;
    this.#line.draw([
      `${done}/${total} runs`,
      bar(total > 0 ? done / total : 0),
      left(overview),
      running.map(printable).join(' · '),
    ]);
  }

  finished(finished: Finished): void {
    const { label, seconds, done, total } = finished;
    // What was found done needs no line of its own.
    if (seconds === undefined) return;
    if (this.#out.live) {
      this.show(finished);
      return;
    }
    // Where nothing can be redrawn, a line is all there is.
    this.#out.line(
      `${done}/${total}  ${printable(label)}  ${seconds.toFixed(1)} s  ${left(finished)}`.trimEnd(),
    );
  }

  /** Erases the line. Twice is fine. */
  end(): void {
    this.#line.end();
  }
}

/** `1:05 left`, once that can be told. */
function left({ secondsLeft }: Overview): string {
  return secondsLeft === undefined ? '' : `${clock(1000 * secondsLeft)} left`;
}
