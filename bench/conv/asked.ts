/** What issue 16 asks of convolutions, beside what one run measured. */
import type { ThreadsResult } from '../threads.js';
import type { ContestResult } from './contest.js';
import type { ConvKernelResult } from './kernels.js';
import type { NetworkName } from './networks.js';

/** A figure: what is asked of it and what was measured, both as a number of times. */
export interface AskedRow {
  readonly figure: string;
  readonly engine: string;
  readonly asked: number;
  /** Undefined where this machine could not measure it. */
  readonly measured: number | undefined;
}

export interface Measured {
  readonly kernels: readonly ConvKernelResult[];
  readonly contests: readonly ContestResult[];
  readonly threads: readonly ThreadsResult[];
  /** Whether PyTorch has AVX-512 here; undefined where there is no PyTorch. */
  readonly avx512: boolean | undefined;
}

export function askedRows({ kernels, contests, threads, avx512 }: Measured): AskedRow[] {
  const rows: AskedRow[] = [];
  const [{ shape }] = kernels;
  for (const { kernel, shape: own, engines } of kernels) {
    if (own !== shape) continue;
    const measured = engines.find(({ name }) => name === 'fma')?.ofProduct?.median;
    rows.push({ figure: `${kernel}, ${shape}, of the product`, engine: 'fma', asked: 0.75, measured });
  }
  const times = (
    task: ContestResult['task'],
    network: NetworkName,
    peer: string,
    asked: Readonly<Record<string, number>>,
    note = '',
  ) => {
    const contest = contests.find((own) => own.task === task && own.network === network);
    for (const [engine, number] of Object.entries(asked)) {
      const row = contest?.rows.find(({ name }) => name === `lanegrad ${engine}`);
      const figure = `${task} ${network}, times ${peer}${note}`;
      rows.push({ figure, engine, asked: number, measured: row?.times[peer]?.median });
    }
  };
  times('train', 'cnn', 'pytorch', { fma: 1.3, 'fma turbo': 2 });
  times('train', 'lenet5', 'pytorch', { fma: 2, 'fma turbo': 3 });
  if (avx512 === false) {
    times('train', 'resnet', 'pytorch', { fma: 0.9, 'fma turbo': 1.5 }, ' without AVX-512');
  } else {
    times('train', 'resnet', 'pytorch', { fma: 0.5, 'fma turbo': 0.9 }, avx512 ? ' with AVX-512' : '');
  }
  times('train', 'cnn', 'jax-js', { fma: 100, 'fma turbo': 100 });
  for (const network of ['cnn', 'lenet5', 'resnet'] as const) {
    times('predict', network, 'ort-web', { 'fma turbo': 1.5 });
    times('predict', network, 'ort-native', { 'fma turbo': 0.8 });
  }
  for (const { task, rates } of threads) {
    const [one, two] = rates;
    rows.push({
      figure: `${task}: ${two.name} over one`,
      ...{ engine: '', asked: 1.7 },
      measured: two.median / one.median,
    });
  }
  return rows;
}
