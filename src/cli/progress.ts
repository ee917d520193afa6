/**
 * How training is followed. A line an epoch everywhere; on a terminal also a bar below them, which is erased at the
 * end. It measures nothing but the time.
 */
import type { StepRecord, TrainingPlan } from '../train/fit.js';
import type { EpochRecord } from '../train/history.js';
import { columnsOf, count, lossText, type Output, percent } from './output.js';

/** Milliseconds between two drawings of the bar. */
const INTERVAL = 100;
const BAR_WIDTH = 24;

export class Progress {
  readonly #out: Output;
  readonly #quiet: boolean;
  #plan: TrainingPlan = { epochs: 0, stepsPerEpoch: 0, samples: 0 };
  #began = 0;
  #epochBegan = 0;
  #epoch = 0;
  #samples = 0;
  #lossSum = 0;
  #drawn = 0;
  #shown = false;

  constructor(out: Output, { quiet = false }: { quiet?: boolean | undefined } = {}) {
    this.#out = out;
    this.#quiet = quiet;
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
    if (now - this.#drawn < INTERVAL) return;
    this.#drawn = now;
    const { epochs, stepsPerEpoch } = this.#plan;
    const share = step / (epochs * stepsPerEpoch);
    const perSecond = (1000 * samples) / Math.max(now - this.#epochBegan, 1);
    const left = ((now - this.#began) / share) * (1 - share);
    this.#draw([
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
    this.#out.line(epochLine(record, this.#plan.epochs));
  }

  /** Erases the bar. Twice is fine. */
  end(): void {
    if (!this.#shown) return;
    this.#shown = false;
    this.#out.human.write('\r\x1b[K');
  }

  #draw(parts: readonly string[]): void {
    const { human } = this.#out;
    // A line that wraps could not be redrawn: parts that do not fit are left out.
    let text = parts[0];
    for (const part of parts.slice(1)) {
      if (text.length + part.length + 2 < columnsOf(human)) text += `  ${part}`;
    }
    this.#shown = true;
    human.write(`\r${text}\x1b[K`);
  }
}

function epochLine(
  { epoch, loss, accuracy, validation, samplesPerSecond }: EpochRecord,
  epochs: number,
): string {
  const total = String(epochs);
  const parts = [
    `epoch ${String(epoch).padStart(total.length)}/${total}`,
    `loss ${lossText(loss)}  accuracy ${percent(accuracy)}`,
    ...(validation
      ? [`validation loss ${lossText(validation.loss)}  accuracy ${percent(validation.accuracy)}`]
      : []),
    `${count(samplesPerSecond)} samples/s`,
  ];
  return parts.join('   ');
}

function bar(share: number): string {
  const full = Math.min(BAR_WIDTH, Math.round(BAR_WIDTH * share));
  return '█'.repeat(full) + '░'.repeat(BAR_WIDTH - full);
}

/** 1:05 */
function clock(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}
