/** One line at the bottom of a terminal, drawn again and again. */
import { columnsOf, type Output } from './output.js';

/** Milliseconds between two drawings. */
const INTERVAL = 100;

export class LiveLine {
  readonly #out: Output;
  #drawn = 0;
  #shown = false;

  constructor(out: Output) {
    this.#out = out;
  }

  /** Whether there is a terminal and the last drawing is old enough. Draw when it says so. */
  due(): boolean {
    const now = performance.now();
    if (!this.#out.live || now - this.#drawn < INTERVAL) return false;
    this.#drawn = now;
    return true;
  }

  draw(parts: readonly string[]): void {
    const { human } = this.#out;
    // A line that wraps could not be redrawn: parts that do not fit are left out.
    let text = parts[0];
    for (const part of parts.slice(1)) {
      if (part && text.length + part.length + 2 < columnsOf(human)) text += `  ${part}`;
    }
    this.#shown = true;
    this.#out.redraw(text);
  }

  /** Erases the line. Twice is fine. */
  end(): void {
    if (!this.#shown) return;
    this.#shown = false;
    this.#out.redraw();
  }
}
