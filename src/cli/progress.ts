/**
 * How training is followed. A line an epoch everywhere; on a terminal also a bar below them, which is erased
 * at the end. It measures nothing but the time.
 */

import { bar, clock } from '../base/platform/progress-line.js';
import type { StepRecord, TrainingPlan } from '../train/fit.js';
import type { EpochRecord, Score } from '../train/history.js';
import { LiveLine } from './live-line.js';
import { count, lossText, type Output, percent } from './output.js';

/** Lines that a run of many epochs prints. */
const MAX_LINES = 40;

export class Progress {
  readonly #out: Output;
  readonly #quiet: boolean;
  readonly #line: LiveLine;
  #plan: TrainingPlan = { epochs: 0, stepsPerEpoch: 0, samples: 0 };
  #began = 0;
  #epochBegan = 0;
  #epoch = 0;
  #samples = 0;
  #lossSum = 0;

  /** Print some of hundreds of short epochs; all are in the report. */
  brief = false;

  constructor(out: Output, { quiet = false }: { quiet?: boolean | undefined } = {}) {
    this.#out = out;
    this.#quiet = quiet;
    this.#line = new LiveLine(out);
  }

  begin(plan: TrainingPlan): void {
    this.#plan = plan;
    this.#began = performance.now();
  }

  step({ epoch, samples, step, loss }: StepRecord): void {
    if (this.#quiet || !this.#out.live) return;
    const now = performance.now();
    if (epoch !== this.#epoch) {
      this.#epoch = epoch;
      this.#epochBegan = now;
      this.#samples = 0;
      this.#lossSum = 0;
    }
    // Of the epoch so far: the loss of a single batch would only flicker.
    this.#lossSum += loss * (samples - this.#samples);
    this.#samples = samples;
    if (!this.#line.due()) return;
    const { epochs, stepsPerEpoch } = this.#plan;
    const share = step / (epochs * stepsPerEpoch);
    const perSecond = (1000 * samples) / Math.max(now - this.#epochBegan, 1);
    const left = ((now - this.#began) / share) * (1 - share);
    this.#line.draw([
      `epoch ${epoch}/${epochs}`,
      `${bar(share)} ${Math.floor(100 * share)} %`,
      `loss ${lossText(this.#lossSum / samples)}`,
      `${count(perSecond)} samples/s`,
      `${clock(left)} left`,
    ]);
  }

  epoch(record: EpochRecord): void {
    if (this.#quiet) return;
    this.end();
    const { epochs } = this.#plan;
    const every = this.brief ? Math.ceil(epochs / MAX_LINES) : 1;
    if (record.epoch % every === 0 || record.epoch === 1) this.#out.line(epochLine(record, epochs));
  }

  /** Erases the bar. Twice is fine. */
  end(): void {
    this.#line.end();
  }
}

function epochLine(
  { epoch, loss, accuracy, validation, samplesPerSecond }: EpochRecord,
  epochs: number,
): string {
  const total = String(epochs);
  const parts = [
    `epoch ${String(epoch).padStart(total.length)}/${total}`,
    `loss ${lossText(loss)}${accuracyText(accuracy)}`,
    ...(validation
      ? [
          `validation loss ${lossText(validation.loss)}${accuracyText(validation.accuracy)}${errorText(validation)}`,
        ]
      : []),
    `${count(samplesPerSecond)} samples/s`,
  ];
  return parts.join('   ');
}

/** Nothing where there are no classes. */
function accuracyText(accuracy: number): string {
  return Number.isNaN(accuracy) ? '' : `  accuracy ${percent(accuracy)}`;
}

/** R², where it was measured. One sample has none. */
function errorText({ metrics }: Score): string {
  if (metrics?.r2 === undefined) return '';
  return `  R² ${Number.isNaN(metrics.r2) ? 'undefined (one sample)' : metrics.r2.toFixed(4)}`;
}
