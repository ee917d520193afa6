/**
 * How many threads an engine takes that may choose: a typical product is computed by one, by half of them and by all,
 * in turns. Where other work keeps the cores busy, threads wait for one that is off its core, for some milliseconds
 * each time: so a span without such a stall decides at once, and else several spans do together.
 */

/** By so much more threads must be faster. */
const LEAD = 1.1;
/** Milliseconds of a span: longer than a thread is commonly left on its core while others wait for it. */
const SPAN = 8;
const SPANS = 5;
/** A product that takes so many times the usual time has met a stall. */
const STALL = 4;

export interface ThreadTimes {
  readonly threads: number;
  /** Milliseconds of a product, by the numbers of threads that were tried. */
  readonly times: ReadonlyMap<number, number>;
}

/** `run` computes a product on so many threads, and `now` is the time in milliseconds. */
export function measureThreads(
  all: number,
  run: (threads: number) => void,
  now: () => number = () => performance.now(),
): ThreadTimes {
  const counts = all > 2 ? [1, all >> 1, all] : [1, all];
  // The first finds memory that was never touched, and threads that sleep.
  for (const count of counts) run(count);
  let means: number[][] = [];
  while (means.length < SPANS) {
    const times: number[][] = counts.map(() => []);
    const began = now();
    do {
      for (const [i, count] of counts.entries()) {
        const start = now();
        run(count);
        times[i].push(now() - start);
      }
    } while (times[0].length < 3 || now() - began < SPAN);
    const mean = times.map((each) => each.reduce((sum, time) => sum + time) / each.length);
    if (times.every((each) => Math.max(...each) < STALL * median(each))) {
      means = [mean];
      break;
    }
    means.push(mean);
  }
  // Of the spans' means, what is rare does not move the median.
  const times = new Map(counts.map((count, i) => [count, median(means.map((mean) => mean[i]))]));
  let threads = 1;
  for (const [count, time] of times) if (time * LEAD < times.get(threads)!) threads = count;
  return { threads, times };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}
