/**
 * One line at the bottom of a terminal, drawn again and again; and the bar and the clock that such lines
 * show.
 */
import { columnsOf, type Output } from './output.js';

/** Milliseconds between two drawings. */
const INTERVAL = 100;
const BAR_WIDTH = 24;

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

/** A share between 0 and 1 as a bar. */
export function bar(share: number): string {
  const full = Math.min(BAR_WIDTH, Math.round(BAR_WIDTH * share));
  return '█'.repeat(full) + '░'.repeat(BAR_WIDTH - full);
}

/** 1:05 */
export function clock(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}
