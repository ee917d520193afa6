/**
 * Comparing candidates within one run. tinybench times each of them in short slices that take turns, round
 * after round, so that a machine whose speed drifts slows all alike. Reported is the median of the rounds and
 * the range of its middle half.
 */
import { Bench } from 'tinybench';
import { platform } from '../src/base/platform/node.js';

export interface Candidate {
  readonly name: string;
  /** What one run does, in the unit of the table: floating-point operations, samples, elements. */
  readonly amount: number;
  run(): unknown;
}

export interface Rate {
  readonly name: string;
  /** Amount per second: median over the rounds, and its quartiles. */
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

export interface Effort {
  rounds: number;
  /** Milliseconds for each candidate in each round. */
  slice: number;
}

export async function compare(candidates: readonly Candidate[], effort: Effort): Promise<Rate[]> {
  const rates = await everyRound(candidates, effort);
  return candidates.map(({ name }, i) => ({ name, ...spread(rates[i]) }));
}

/** The rates of each candidate in each round. */
export async function everyRound(
  candidates: readonly Candidate[],
  { rounds, slice }: Effort,
): Promise<number[][]> {
  const rates = candidates.map((): number[] => []);
  // Round -1 warms up: V8 must have compiled everything with its optimizing compiler before a figure counts.
  for (let round = -1; round < rounds; round++) {
    const bench = new Bench({ time: slice, iterations: 1, warmup: false });
    for (const [i, candidate] of candidates.entries()) {
      // What turbo code leaves behind in the registers must not slow the next candidate down.
      bench.add(String(i), () => void candidate.run(), { beforeAll: () => platform.leaveTurbo() });
    }
    await bench.run();
    for (const [i, candidate] of candidates.entries()) {
      const { result } = bench.tasks[i];
      if (result.state !== 'completed') throw new Error(`${candidate.name}: ${result.state}`);
      if (round >= 0) rates[i].push((1000 * candidate.amount) / result.latency.p50);
    }
  }
  return rates;
}

/** Median and quartiles. */
export function spread(values: readonly number[]): { median: number; low: number; high: number } {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))];
  return { median: at(0.5), low: at(0.25), high: at(0.75) };
}
