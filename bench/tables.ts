/** Results as lines of text: rates, their ratio to the reference, and their share of the machine's limit. */
import type { Rate } from './harness.js';
import type { KernelResult } from './kernels.js';
import type { TrainingResult } from './training.js';

/** One kernel at one shape: `gemm_nn 64x784:784x300   reference 2.1   strict 31.2 [31.0–31.4] 14.9x 95 %   limit 32.8`. */
export function kernelRow({ kernel, shape, unit, rates }: KernelResult): string {
  const limit = rates.find(({ name }) => name.startsWith('limit'));
  const reference = rates.find(({ name }) => name === 'reference');
  const cells = rates.map((rate) => {
    const cell = `${rate.name} ${digits(rate.median)} [${digits(rate.low)}–${digits(rate.high)}]`;
    if (rate === limit || rate === reference) return cell;
    const share = limit ? `, ${Math.round((100 * rate.median) / limit.median)} % of the limit` : '';
    return `${cell} (${ratio(rate, reference)}${share})`;
  });
  return `${`${kernel} ${shape}`.padEnd(36)} ${unit.padEnd(7)}  ${cells.join('   ')}`;
}

/** Samples per second of each engine. */
export function trainingTable({ task, network, batchSize, samples, rates }: TrainingResult): string {
  const reference = rates.find(({ name }) => name === 'reference');
  const lines = rates.map((rate) => {
    const range = `[${Math.round(rate.low)}–${Math.round(rate.high)}]`;
    const times = rate === reference ? '' : ratio(rate, reference);
    return `  ${rate.name.padEnd(12)} ${String(Math.round(rate.median)).padStart(8)} samples/s ${range.padEnd(18)} ${times}`;
  });
  return `\n${task}, ${network}, batch ${batchSize}, ${samples} samples\n${lines.join('\n')}`;
}

function ratio(rate: Rate, reference: Rate | undefined): string {
  return reference ? `${(rate.median / reference.median).toFixed(1)}x` : '';
}

function digits(value: number): string {
  return value >= 10 ? value.toFixed(1) : value.toPrecision(2);
}
