/** How a sweep is followed: a line for each trial that ends, and on a terminal a line that is redrawn below them. */

import { bar, clock } from '../base/platform/progress-line.js';
import type { SweepProgress } from '../sweep/sweep.js';
import type { Trial } from '../sweep/trial.js';
import { LiveLine } from './live-line.js';
import { type Output, printable } from './output.js';
import { settingText, short } from './sweep-text.js';

/** Characters of a trial's settings that stand in its line. */
const MOST_SETTINGS = 90;
/** Of numbers. */
const DIGITS = 5;

export class SweepLine {
  readonly #out: Output;
  readonly #line: LiveLine;
  readonly #quiet: boolean;
  #total = 0;

  constructor(out: Output, { quiet = false }: { quiet?: boolean | undefined } = {}) {
    this.#out = out;
    this.#line = new LiveLine(out);
    this.#quiet = quiet;
  }

  show({ ended, total, running, best, secondsLeft }: SweepProgress): void {
    this.#total = total;
    if (this.#quiet || !this.#line.due()) return;
    this.#line.draw([
      `${ended}/${total} trials`,
      bar(total > 0 ? ended / total : 0),
      secondsLeft === undefined ? '' : `${clock(1000 * secondsLeft)} left`,
      best ? `best ${short(best.values![0], DIGITS)} (trial ${best.number})` : '',
      running.length > 0 ? `running ${running.map(runningText).join(' · ')}` : '',
    ]);
  }

  ended({ number, state, values, reason, settings, reports }: Trial): void {
    if (this.#quiet) return;
    this.end();
    const width = String(Math.max(0, this.#total - 1)).length;
    const step = reports.at(-1)?.step;
    const what =
      state === 'failed'
        ? `failed: ${reason}`
        : `${values!.map((value) => short(value, DIGITS)).join(', ')}${state === 'pruned' ? ` pruned at step ${step}` : ''}`;
    const said = Object.entries(settings).map(([name, value]) => `${name} ${settingText(value, DIGITS)}`);
    const text = said.join(', ');
    const clipped = text.length > MOST_SETTINGS ? `${text.slice(0, MOST_SETTINGS - 1)}…` : text;
    this.#out.line(printable(`trial ${String(number).padStart(width)}  ${what}  ${clipped}`));
  }

  /** Erases the line. Twice is fine. */
  end(): void {
    this.#line.end();
  }
}

function runningText({ number, reports }: Trial): string {
  const last = reports.at(-1);
  return last ? `${number} at ${last.step}` : String(number);
}
