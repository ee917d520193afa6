/** What the bench of convolutions measured, as lines of text and as Markdown. */
import { digits, grid, percent, range, wide } from '../format.js';
import type { AskedRow } from './asked.js';
import type { ContestResult, ContestRow } from './contest.js';
import type { ConvKernelResult } from './kernels.js';
import { descriptions } from './networks.js';
import type { ConvResult } from './results.js';

/** One kernel at one shape, a line for each engine: beside the product, the limit and the reference. */
export function convKernelRow({ kernel, shape, engines }: ConvKernelResult): string {
  const lines = engines.map(({ name, rate, product, ofProduct, ofLimit, overReference }) => {
    const cells = [
      `${digits(rate.median).padStart(7)} GFLOPS ${range(rate).padEnd(16)}`,
      ofProduct && product
        ? `${percent(ofProduct.median)} [${percent(ofProduct.low)}–${percent(ofProduct.high)}] of the product's ${digits(product.median)}`
        : 'no product',
      ofLimit ? `${percent(ofLimit.median)} of the limit` : '',
      overReference ? `${overReference.median.toFixed(1)}x the reference` : '',
    ].filter((cell) => cell !== '');
    return `  ${name.padEnd(13)} ${cells.join('  ')}`;
  });
  return `${kernel}, ${shape}\n${lines.join('\n')}`;
}

/** One network: everyone's rates, and lanegrad's beside each peer's. */
export function contestTable({ task, network, batch, rows }: ContestResult): string {
  const most = Math.max(...rows.map(({ rounds }) => rounds));
  const lines = rows.map((row) => {
    const loss = row.loss === undefined ? '' : `loss of step ${row.loss.step} ${row.loss.value.toFixed(4)}`;
    const few = row.rounds < most ? `${row.rounds} of ${most} rounds` : '';
    const cells = [
      `${samples(row).padStart(8)} samples/s ${wide(row.rate).padEnd(18)}`,
      loss,
      few,
      timesOf(row),
    ];
    return `  ${row.name.padEnd(22)} ${cells.filter((cell) => cell !== '').join('  ')}`;
  });
  return `\n${task} ${network} (${descriptions[network]}), batch ${batch}\n${lines.join('\n')}`;
}

/** The figures that are asked for; a quick run's are none. */
export function askedTable(rows: readonly AskedRow[], quick: boolean): string {
  const lines = rows.map(({ figure, engine, asked, measured }) => {
    const value = measured === undefined ? 'not here' : times(measured);
    const missed = !quick && measured !== undefined && measured < asked ? ', missed' : '';
    return `  ${figure.padEnd(84)} ${engine.padEnd(10)} ${value.padStart(8)}  asked ${asked}${missed}`;
  });
  const title = quick ? 'asked (a quick run shows that it runs, not how fast)' : 'asked';
  return `\n${title}\n${lines.join('\n')}`;
}

export function convMarkdown({ kernels, contests, asked }: ConvResult): string[] {
  const names = kernels[0].engines.map(({ name }) => name);
  const kernelRows = kernels.map(({ kernel, shape, engines }) => [
    `${kernel}, ${shape}`,
    ...engines.map(({ rate, ofProduct }) => {
      const share = ofProduct ? ` (${percent(ofProduct.median)})` : '';
      return `${digits(rate.median)}${share}`;
    }),
  ]);
  const tables = [grid(['GFLOPS (of the dense product)', ...names], kernelRows)];
  for (const { task, network, batch, rows } of contests) {
    const peers = Object.keys(rows[0].times);
    const cells = rows.map((row) => [
      row.name,
      samples(row),
      ...peers.map((peer) => (row.times[peer] ? `${times(row.times[peer].median)}x` : '')),
    ]);
    const head = [`${task} ${network}, batch ${batch}`, 'samples/s', ...peers.map((peer) => `times ${peer}`)];
    tables.push(grid(head, cells));
  }
  const askedCells = asked.map(({ figure, engine, asked: least, measured }) => [
    figure,
    engine,
    String(least),
    measured === undefined ? 'not here' : times(measured),
  ]);
  return [...tables, grid(['figure', 'engine', 'asked', 'measured'], askedCells)];
}

function samples({ rate }: ContestRow): string {
  return rate.median >= 100 ? String(Math.round(rate.median)) : digits(rate.median);
}

function timesOf(row: ContestRow): string {
  return Object.entries(row.times)
    .map(([peer, { median, low, high }]) => `${times(median)}x ${peer} [${times(low)}–${times(high)}]`)
    .join('  ');
}

function times(value: number): string {
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
