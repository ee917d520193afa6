/** How the assignment's work is followed: a line for each run that ends, and on a terminal a line that is redrawn below them. */
import type { Finished, Overview } from '../assignment/experiments-progress.js';
import { columnsOf, type Output, printable } from './output.js';

/** Milliseconds between two drawings. */
const INTERVAL = 100;
const BAR_WIDTH = 24;

export class AssignmentProgress {
  readonly #out: Output;
  #drawn = 0;
  #shown = false;

  constructor(out: Output) {
    this.#out = out;
  }

  show(overview: Overview): void {
    const now = performance.now();
    if (!this.#out.live || now - this.#drawn < INTERVAL) return;
    this.#drawn = now;
    this.#draw(overview);
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
    this.#out.line(`${done}/${total}  ${printable(label)}  ${seconds.toFixed(1)} s${left(finished)}`);
  }

  /** Erases the line. Twice is fine. */
  end(): void {
    if (!this.#shown) return;
    this.#shown = false;
    this.#out.human.write('\r\x1b[K');
  }

  #draw(overview: Overview): void {
    const { done, total, running } = overview;
    const full = total > 0 ? Math.round((BAR_WIDTH * done) / total) : 0;
    const parts = [
      `${done}/${total} runs`,
      '█'.repeat(full) + '░'.repeat(BAR_WIDTH - full),
      left(overview).trim(),
      running.map(printable).join(' · '),
    ];
    // A line that wraps could not be redrawn: parts that do not fit are left out.
    let text = parts[0];
    for (const part of parts.slice(1)) {
      if (part && text.length + part.length + 2 < columnsOf(this.#out.human)) text += `  ${part}`;
    }
    this.#shown = true;
    this.#out.human.write(`\r${text}\x1b[K`);
  }
}

/** `  1:05 left`, once that can be told. */
function left({ secondsLeft }: Overview): string {
  if (secondsLeft === undefined) return '';
  const seconds = Math.round(secondsLeft);
  return `  ${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')} left`;
}
