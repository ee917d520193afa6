/** What a run of the fuzz suite came to: counts by target, the slowest cases, and those that failed. */
import type { Outcome } from './cases.js';
import { kindOf } from './corpus.js';

/** Of the slowest cases. */
const SHOWN = 5;

export class Tally {
  count = 0;
  /** Of the processor, in the cases alone. */
  seconds = 0;
  failed = 0;
  readonly #byKind = new Map<string, Outcome[]>();
  readonly #byTarget = new Map<string, { right: number; refused: number; failed: number }>();
  readonly #byError = new Map<string, number>();
  #slowest: Outcome[] = [];

  get targets(): number {
    return this.#byTarget.size;
  }

  add(outcome: Outcome): void {
    const { target, verdict, seconds } = outcome;
    this.count++;
    if (seconds > 0) this.seconds += seconds;
    const counts = this.#byTarget.get(target) ?? { right: 0, refused: 0, failed: 0 };
    counts[verdict.kind]++;
    this.#byTarget.set(target, counts);
    if (verdict.kind === 'refused') this.#byError.set(verdict.by, (this.#byError.get(verdict.by) ?? 0) + 1);
    if (verdict.kind === 'failed') {
      this.failed++;
      const kind = `${target}: ${kindOf(verdict.problem)}`;
      const others = this.#byKind.get(kind) ?? [];
      // As they come, for those who wait, and for a run that is ended.
      if (others.length === 0) console.log(`case ${outcome.index}, ${target}: ${verdict.problem}`);
      this.#byKind.set(kind, [...others, outcome]);
    }
    if (!(seconds > (this.#slowest[SHOWN - 1]?.seconds ?? 0))) return;
    this.#slowest = [...this.#slowest, outcome].sort((a, b) => b.seconds - a.seconds).slice(0, SHOWN);
  }

  /** Failures of one kind together. */
  get kinds(): Outcome[][] {
    return [...this.#byKind.values()];
  }

  table(): string {
    const errors = [...this.#byError]
      .sort(([, a], [, b]) => b - a)
      .map(([name, count]) => `${name} ${count}`);
    const slowest = this.#slowest.map(
      ({ index, target, seconds }) => `${target} ${seconds.toFixed(2)} s (case ${index})`,
    );
    return [
      'target                                    right  refused   failed',
      ...[...this.#byTarget]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, { right, refused, failed }]) => {
          const counts = [right, refused, failed].map((count) => String(count).padStart(8));
          return `${name.padEnd(38)} ${counts.join(' ')}`;
        }),
      `\nerrors: ${errors.join(', ')}`,
      `slowest: ${slowest.join(', ')}`,
    ].join('\n');
  }
}
