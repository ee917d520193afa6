/**
 * The best value that the tree-structured Parzen estimator finds in so many trials, beside Optuna's on the same
 * functions: means over seeds, with their standard errors. Python is asked only where it has Optuna, or told of a file
 * with what it printed before.
 */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { SamplerOptions } from '../../src/sweep/samplers/named.js';
import { sweep } from '../../src/sweep/sweep.js';
import { type TestFunction, testFunctions } from './functions.js';

interface OptunaResults {
  readonly optuna: string;
  readonly trials: number;
  readonly at: Readonly<Record<string, number>>;
  readonly best: Readonly<Record<string, Readonly<Record<'univariate' | 'multivariate', readonly number[]>>>>;
}

interface Mean {
  readonly mean: number;
  readonly error: number;
}

export interface TpeResult {
  readonly name: string;
  readonly kind: 'univariate' | 'multivariate';
  readonly lag: number;
  readonly own: Mean;
  readonly optuna: Mean;
  /** Optuna's default, which takes settings one by one. */
  readonly optunaDefault: Mean;
  /** Not behind Optuna's of the same kind by more than its standard error. */
  readonly keepsUp: boolean;
}

/** @param known a file with what optuna_tpe.py printed. */
export async function benchTpe(
  { trials, seeds, lags, known }: { trials: number; seeds: number; lags: readonly number[]; known?: string },
  report: (result: TpeResult) => void,
): Promise<string> {
  const peer = await optuna(trials, seeds, known);
  for (const [name, fn] of Object.entries(testFunctions)) {
    const { dimensions, low, high } = fn;
    const point = Array.from({ length: dimensions }, (_, i) => low + (high - low) * (0.3 + 0.11 * i));
    if (Math.abs(fn.value(point) - peer.at[name]!) > 1e-9 * Math.abs(peer.at[name]!)) {
      throw new Error(`${name} is ${fn.value(point)} here and ${peer.at[name]} there`);
    }
    for (const kind of ['univariate', 'multivariate'] as const) {
      const sampler = { kind: 'tpe', multivariate: kind === 'multivariate' } as const;
      const theirs = meanOf(peer.best[name]![kind]);
      for (const lag of lags) {
        const own = meanOf(
          await Promise.all(Array.from({ length: seeds }, (_, seed) => best(fn, sampler, trials, seed, lag))),
        );
        report({
          name,
          kind,
          lag,
          own,
          optuna: theirs,
          optunaDefault: meanOf(peer.best[name]!.univariate),
          keepsUp: own.mean <= theirs.mean + theirs.error,
        });
      }
    }
  }
  return peer.optuna;
}

/** As a line. */
export function tpeRow({ name, kind, lag, own, optuna, optunaDefault, keepsUp }: TpeResult): string {
  const text = ({ mean, error }: Mean) => `${mean.toPrecision(4)} ± ${error.toPrecision(2)}`.padEnd(18);
  const words = `${name.padEnd(11)}${kind.padEnd(13)} lag ${lag}  ${text(own)}  optuna ${text(optuna)}`;
  return `${words}  its default ${text(optunaDefault)}${keepsUp ? '' : '  behind'}`;
}

async function best(
  { dimensions, low, high, value }: TestFunction,
  sampler: SamplerOptions,
  trials: number,
  seed: number,
  lag: number,
): Promise<number> {
  const names = Array.from({ length: dimensions }, (_, i) => `x${i}`);
  const result = await sweep({
    objective: ({ settings }) => value(names.map((name) => settings[name] as number)),
    space: Object.fromEntries(names.map((name) => [name, { kind: 'number', low, high }])),
    ...{ sampler, trials, seed, lag },
  });
  return result.best!.values![0]!;
}

async function optuna(trials: number, seeds: number, known: string | undefined): Promise<OptunaResults> {
  if (known !== undefined) return JSON.parse(await readFile(known, 'utf8')) as OptunaResults;
  const script = fileURLToPath(new URL('optuna_tpe.py', import.meta.url));
  const { stdout } = await promisify(execFile)('python3', [
    '-W',
    'ignore',
    script,
    String(trials),
    String(seeds),
  ]);
  return JSON.parse(stdout) as OptunaResults;
}

function meanOf(values: readonly number[]): Mean {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return { mean, error: Math.sqrt(variance / values.length) };
}
