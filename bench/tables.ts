/**
 * Results as lines of text and as Markdown: rates, their ratio to the reference, and their share of the
 * machine's limit.
 */

import type { BrowserResult } from './browser.js';
import type { ClassicResult, Scores } from './classic.js';
import { convMarkdown } from './conv/tables.js';
import { digits, grid, percent, range, wide } from './format.js';
import type { Rate } from './harness.js';
import type { KernelResult } from './kernels.js';
import type { MillionResult } from './million.js';
import type { OnnxResult } from './onnx.js';
import type { PackedResult } from './packed.js';
import type { PeerResult } from './peers.js';
import type { PredictResult } from './predict.js';
import { describeBusy } from './quiet.js';
import type { BenchResults } from './results.js';
import type { StreamResult } from './stream.js';
import type { ThreadsResult } from './threads.js';
import type { TrainingResult } from './training.js';

/**
 * One kernel at one shape, a line for each engine: rate, quartiles, times the reference, share of the limit.
 */
export function kernelRow({ kernel, shape, unit, rates }: KernelResult): string {
  const reference = rates.find(({ name }) => name === 'reference');
  const lines = engines(rates).map((rate) => {
    const times = rate === reference ? '' : `  ${ratio(rate, reference).padStart(6)}`;
    const limit = limitOf(rate, rates);
    const share = limit
      ? `  ${percent(rate.median / limit.median)} of the limit ${digits(limit.median)}`
      : '';
    return `  ${rate.name.padEnd(13)} ${digits(rate.median).padStart(7)} ${unit} ${range(rate).padEnd(16)}${times}${share}`;
  });
  return `${kernel} ${shape}\n${lines.join('\n')}`;
}

/** Samples per second of each engine. */
export function trainingTable({ task, network, batchSize, samples, rates }: TrainingResult): string {
  const reference = rates.find(({ name }) => name === 'reference');
  const lines = rates.map((rate) => {
    const times = rate === reference ? '' : ratio(rate, reference);
    return `  ${rate.name.padEnd(13)} ${String(Math.round(rate.median)).padStart(8)} samples/s ${wide(rate).padEnd(18)} ${times}`;
  });
  return `\n${task}, ${network}, batch ${batchSize}, ${samples} samples\n${lines.join('\n')}`;
}

/** Samples per second, and each beside Node. */
export function browserRow({ engine, rates }: BrowserResult): string {
  const [{ median: node }] = rates;
  const cells = rates.map(
    ({ name, median }) =>
      `${name} ${Math.round(median).toLocaleString('en')} (${(median / node).toFixed(2)})`,
  );
  return `${engine}: ${cells.join(', ')} samples/s`;
}

/** A row of the table in docs/guide/tables.md. */
export function classicRow({ table, rows, lanegrad, sklearn }: ClassicResult): string {
  const cell = ({ mean, standardError }: Scores) => `${mean.toFixed(3)} ± ${standardError.toFixed(3)}`;
  return `| ${table} | ${rows.toLocaleString('en')} | ${cell(lanegrad)} | ${sklearn ? cell(sklearn) : 'not here'} |`;
}

/** Seconds from the command to its end. */
export function millionRow({ rows, columns, bytes, seconds }: MillionResult): string {
  const size = `${rows.toLocaleString('en')} rows of ${columns} numbers, ${(bytes / 1e6).toFixed(0)} MB of CSV`;
  const [first, median, last] = seconds.map((value) => value.toFixed(1));
  return `${size}: lanegrad train, one epoch, ${median} s [${first}–${last}]`;
}

/** Rows a second and resident memory, in memory and streamed; each the median with least and most. */
export function streamRow({ rows, columns, bytes, rates }: StreamResult): string {
  const size = `${rows.toLocaleString('en')} rows of ${columns} numbers, ${(bytes / 1e6).toFixed(0)} MB`;
  const text = (of: readonly number[], digits: number) => {
    const [first, median, last] = of.map((value) => (value / 1e6).toFixed(digits));
    return `${median} [${first}–${last}]`;
  };
  const lines = rates.map(({ kind, rowsPerSecond, residentBytes }) => {
    const rate = `${text(rowsPerSecond, 2)} million rows/s`;
    return `  ${kind.padEnd(7)} ${rate}, ${text(residentBytes, 0)} MB resident`;
  });
  return `${size}\n${lines.join('\n')}`;
}

/** Of each engine the rate with weights packed by each product, with weights packed before, and the gain. */
export function packedRow({ task, unit, rates }: PackedResult): string {
  const lines = rates.map(({ name, again, kept, gain }) => {
    const [before, after] = [again, kept].map((rate) => rateText(rate, unit).padStart(7));
    const range = `[${gain.low.toFixed(2)}–${gain.high.toFixed(2)}]`;
    return `  ${name.padEnd(13)} ${before} to ${after} ${unit}  ${gain.median.toFixed(2)}x ${range}`;
  });
  return `${task}\n${lines.join('\n')}`;
}

/** Microseconds for one row, beside the bound plan and the reference. */
export function predictRow({ network, rows }: PredictResult): string {
  const lines = rows.map(({ engine, way, time, overPlan, overReference }) => {
    const range = `[${digits(time.low)}–${digits(time.high)}]`.padEnd(16);
    const plan = way === 'plan' ? ''.padEnd(15) : `${overPlan.toFixed(2)} of the plan`.padEnd(15);
    const reference = engine === 'reference' ? '' : `${overReference.toFixed(1)}x the reference`;
    return `  ${engine.padEnd(13)} ${way.padEnd(10)} ${digits(time.median).padStart(7)} µs ${range} ${plan}  ${reference}`;
  });
  return `one row, ${network}\n${lines.join('\n')}`;
}

/** What a batch takes, beside ONNX Runtime web. */
export function onnxRow({ network, rows, runs }: OnnxResult): string {
  const lines = runs.map(({ name, time, overOrt }, i) => {
    const range = `[${digits(time.low)}–${digits(time.high)}]`.padEnd(18);
    const over = i === 0 ? '' : `${overOrt.toFixed(2)} of its time`;
    return `  ${name.padEnd(22)} ${digits(time.median).padStart(8)} µs ${range} ${over}`;
  });
  return `${network}, ${rows === 1 ? 'one row' : `${rows} rows`}\n${lines.join('\n')}`;
}

/** Rates by number of threads, and what more of them gain. */
export function threadsRow({ task, unit, rates }: ThreadsResult): string {
  const [first] = rates;
  const lines = rates.map((rate) => {
    const value = rateText(rate.median, unit);
    const spread = unit === 'samples/s' ? wide(rate) : range(rate);
    const times = rate === first ? '' : `${(rate.median / first.median).toFixed(2)}x`;
    return `  ${rate.name.padEnd(13)} ${value.padStart(8)} ${unit} ${spread.padEnd(18)} ${times}`;
  });
  return `${task}\n${lines.join('\n')}`;
}

/** lanegrad and its peers at one task. */
export function peerTable({ task, unit, rows }: PeerResult): string {
  const lines = rows.map((row) => {
    const value = rateText(row.median, unit);
    const loss = row.loss === undefined ? '' : `  loss of ten steps ${row.loss.toFixed(4)}`;
    return `  ${row.name.padEnd(22)} ${value.padStart(8)} ${unit} ${(unit === 'GFLOPS' ? range(row) : wide(row)).padEnd(18)}${loss}`;
  });
  return `\n${task}\n${lines.join('\n')}`;
}

function rateText(value: number, unit: string): string {
  return unit === 'samples/s' ? String(Math.round(value)) : digits(value);
}

/** All results as Markdown tables, for the README. */
export function markdown(results: BenchResults): string {
  const { runtime, cpu, date, kernels = [], peers = [] } = results;
  const { busy, tiles = [], scale = [] } = results;
  const parts = [
    `${runtime}, ${cpu}, ${date.slice(0, 10)}; medians of one run.${busy ? ` ${describeBusy(busy)}` : ''}`,
  ];
  if (tiles.length > 0) {
    const rows = tiles.flatMap(({ engine, kernel, shape, rates: [limit, ...rates] }) =>
      rates.map(({ name, median }) => [
        `${engine}, ${kernel} ${shape}`,
        name,
        digits(median),
        percent(median / limit.median),
      ]),
    );
    parts.push(grid(['product', 'tiles', 'GFLOPS', 'of the limit'], rows));
  }
  if (scale.length > 0) {
    const rows = scale.map(({ axis, width, depth, batch, threads, weights, time, gflops }) => [
      `${axis}: ${depth} x ${width}, batch ${batch}, ${threads} thread${threads > 1 ? 's' : ''}`,
      digits(time.median),
      ((1000 * time.median) / weights).toFixed(3),
      digits(gflops),
    ]);
    parts.push(grid(['network', 'µs a sample', 'ns a weight', 'GFLOPS'], rows));
  }
  if (kernels.length > 0) {
    const names = engines(kernels[0].rates).map(({ name }) => name);
    const rows = kernels.map(({ kernel, shape, unit, rates }) => [
      `${kernel} ${shape}`,
      unit,
      ...names.map((name) =>
        kernelCell(
          rates.find((rate) => rate.name === name),
          rates,
        ),
      ),
    ]);
    parts.push(grid(['kernel', 'unit', ...names], rows));
  }
  for (const training of [results.step, results.epoch]) {
    if (!training) continue;
    const reference = training.rates.find(({ name }) => name === 'reference');
    const rows = training.rates.map((rate) => [
      rate.name,
      String(Math.round(rate.median)),
      ratio(rate, reference),
    ]);
    parts.push(
      grid(
        [`${training.task}, ${training.network}, batch ${training.batchSize}`, 'samples/s', 'ratio'],
        rows,
      ),
    );
  }
  if (results.onnx) {
    const names = results.onnx[0].runs.map(({ name }) => name);
    const rows = results.onnx.map(({ network, rows: count, runs }) => [
      network,
      String(count),
      ...runs.map(
        ({ time, overOrt }, i) => `${digits(time.median)}${i === 0 ? '' : ` (${overOrt.toFixed(2)})`}`,
      ),
    ]);
    parts.push(grid(['µs a batch, and of the runtime’s time', 'rows', ...names], rows));
  }
  for (const { task, unit, rates } of results.packed ?? []) {
    const cells = rates.map(({ name, again, kept, gain }) => [
      name,
      rateText(again, unit),
      rateText(kept, unit),
      `${gain.median.toFixed(2)}x`,
    ]);
    parts.push(grid([`${task}, ${unit}`, 'packed by each product', 'packed before', 'gain'], cells));
  }
  for (const { task, unit, rates } of results.threads ?? []) {
    const cells = rates.map(({ name, median }) => [
      name,
      rateText(median, unit),
      rates.length > 1 ? `${(median / rates[0].median).toFixed(2)}x` : '',
    ]);
    parts.push(grid([task, unit, 'gain'], cells));
  }
  for (const { task, unit, rows } of peers) {
    const cells = rows.map((row) => [row.name, rateText(row.median, unit)]);
    parts.push(grid([task, unit], cells));
  }
  if (results.conv) parts.push(...convMarkdown(results.conv));
  return `${parts.join('\n\n')}\n`;
}

function kernelCell(rate: Rate | undefined, rates: readonly Rate[]): string {
  if (!rate) return '';
  const limit = limitOf(rate, rates);
  return `${digits(rate.median)}${limit ? ` (${percent(rate.median / limit.median)})` : ''}`;
}

function engines(rates: readonly Rate[]): Rate[] {
  return rates.filter(({ name }) => !name.startsWith('limit'));
}

function limitOf({ name }: Rate, rates: readonly Rate[]): Rate | undefined {
  return rates.find((rate) => rate.name === `limit of ${name}`);
}

function ratio(rate: Rate, reference: Rate | undefined): string {
  return reference ? `${(rate.median / reference.median).toFixed(1)}x` : '';
}
