/** Training of the convolutional networks on two threads beside one, in turns, batches of 64. */
import { platform } from '../../src/base/platform/node.js';
import { createEngine } from '../../src/create/engine.js';
import { spread } from '../harness.js';
import type { ThreadsResult } from '../threads.js';
import { trainRound } from './contest.js';
import { NETWORKS } from './networks.js';

const BATCH = 64;

/** Each rate is named after the number of threads, one first. */
export async function benchConvThreads({
  quick,
  report,
}: {
  quick: boolean;
  report: (result: ThreadsResult) => void;
}): Promise<ThreadsResult[]> {
  const turbo = !platform.turboUnavailable;
  const engines = [1, 2].map(async (threads) => ({
    name: threads === 1 ? '1 thread' : `${threads} threads`,
    engine: await createEngine({ math: 'fma', threads, ...(turbo && { turbo }) }),
  }));
  const both = await Promise.all(engines);
  const results: ThreadsResult[] = [];
  const [rounds, steps] = quick ? [1, 2] : [5, 50];
  for (const network of quick ? NETWORKS.slice(0, 1) : NETWORKS) {
    const rates = both.map((): number[] => []);
    for (let round = -1; round < rounds; round++) {
      for (const [i, { engine }] of both.entries()) {
        const { rate } = await trainRound(engine, network, steps, BATCH);
        if (round >= 0) rates[i].push(rate);
      }
    }
    results.push({
      task: `train ${network}, batch ${BATCH}, fma${turbo ? ' turbo' : ''}`,
      unit: 'samples/s',
      rates: both.map(({ name }, i) => ({ name, ...spread(rates[i]) })),
    });
    report(results[results.length - 1]);
  }
  for (const { engine } of both) engine.dispose();
  return results;
}
