/**
 * How `fit` shows on a terminal that it is at work, when its caller shows nothing of each step: one line at
 * the bottom, which is drawn again and again. Node's side of the seam alone: pages draw what they like.
 */
import { isMainThread } from 'node:worker_threads';
import type { ProgressLine, StepHooks } from './types.js';

/** Milliseconds of training before there is anything to see: what is short needs no line. */
const PATIENCE = 500;
/** Milliseconds between two drawings. */
const INTERVAL = 100;
const BAR_WIDTH = 24;

/** What of standard error is needed here; tests bring their own. */
interface Terminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** A line for one training; none without a terminal, in a worker, or where `hooks` follow each step. */
export function progressLine(
  hooks: readonly StepHooks[],
  terminal: Terminal = process.stderr,
): ProgressLine | undefined {
  const follows = hooks.some(({ onStep, onBatchEnd }) => onStep ?? onBatchEnd);
  if (follows || !isMainThread || !terminal.isTTY || process.env.TERM === 'dumb') return undefined;
  const began = performance.now();
  let plan = { epochs: 0, stepsPerEpoch: 0, resumed: 0 };
  let drawn = began + PATIENCE - INTERVAL;
  let shown = false;
  let visible = false;
  let scores = '';
  const erase = () => {
    if (visible) terminal.write('\r\x1b[K');
    visible = false;
  };
  return {
    onTrainBegin({ epochs, stepsPerEpoch, resumed }) {
      plan = { epochs, stepsPerEpoch, resumed: resumed?.step ?? 0 };
    },
    onStep({ step, epoch, loss }) {
      const now = performance.now();
      if (now - drawn < INTERVAL) return;
      drawn = now;
      const { epochs, stepsPerEpoch, resumed } = plan;
      const share = step / (epochs * stepsPerEpoch);
      const left = ((now - began) / (step - resumed)) * (epochs * stepsPerEpoch - step);
      const parts = [
        `epoch ${epoch}/${epochs}`,
        `${bar(share)} ${Math.floor(100 * share)} %`,
        scores || `loss ${numberText(loss)}`,
        `${clock(left)} left`,
      ];
      // A line that wraps could not be redrawn: parts that do not fit are left out.
      let text = parts[0];
      for (const part of parts.slice(1)) {
        if (text.length + part.length + 2 < (terminal.columns || 80)) text += `  ${part}`;
      }
      shown = visible = true;
      terminal.write(`\r${text}\x1b[K`);
    },
    // Before those of the caller, who may print.
    onEpoch({ loss, accuracy, validation }) {
      erase();
      scores = scoreText('', { loss, accuracy });
      if (validation) scores += `  ${scoreText('validation ', validation)}`;
    },
    onTrainEnd({ epochs }) {
      erase();
      if (!shown || epochs.length === 0) return;
      const trained = `${epochs.length} ${epochs.length === 1 ? 'epoch' : 'epochs'}`;
      terminal.write(`${trained} in ${clock(performance.now() - began)}  ${scores}\n`);
    },
    dispose: erase,
  };
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

/** Nothing of an accuracy where there are no classes. */
function scoreText(of: string, { loss, accuracy }: { loss: number; accuracy: number }): string {
  const share = Number.isNaN(accuracy) ? '' : `  ${of}accuracy ${(100 * accuracy).toFixed(1)} %`;
  return `${of}loss ${numberText(loss)}${share}`;
}

function numberText(value: number): string {
  return value !== 0 && (value < 0.001 || value >= 10_000) ? value.toExponential(2) : value.toFixed(4);
}
