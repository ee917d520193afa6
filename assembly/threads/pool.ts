/**
 * The threads of one engine, seen from Wasm: a job is published by the engine's own thread and its chunks are
 * claimed by whoever comes first. Nobody waits for a thread that has not claimed anything, so one that sleeps
 * or lags delays nothing.
 *
 * Each thread has a share of the chunks, the same each time, so that what it wrote lies in its cache when it
 * reads it again; when its own share is done it helps with the others'.
 *
 *   pool:    0  done        i32   chunks that are finished             (words that different threads write lie on lines of their own)
 *           64  generation  i32   goes up with every job: what sleepers wait on
 *           68  sleepers    i32
 *           72  stop        i32   1: everyone goes home
 *          128  waiting     i32   1: the publisher sleeps until all is done
 *          192  threads     i32   written once, by the host
 *          196  chunks      i32   of the job
 *          200  job         i32   kernel, rows and columns of a chunk, then its arguments (32 words): see jobs.ts
 *          384  state       i32   of each thread: 0 starting, 1 at work, 2 failed (64 words; the worker's script sets 2)
 *          640  claims      i64   of each thread's share: next chunk | end << 32      (64 lines)
 *
 * A chunk is claimed by adding 1 to a claim: the sum says which chunk, and whether there was one, in one
 * word; so a thread that comes late gets a chunk of the job that is there now, or none. A job cannot end, nor
 * its arguments change, while a claimed chunk is not done.
 */
import { run_chunk } from './jobs';

// @ts-ignore: decorator
@inline const DONE: usize = 0, GENERATION: usize = 64, SLEEPERS: usize = 68, STOP: usize = 72, WAITING: usize = 128,
  THREADS: usize = 192, CHUNKS: usize = 196, JOB: usize = 200, STATE: usize = 384, CLAIMS: usize = 640;

/**
 * Looks, for jobs, before a thread lies down; a look takes a nanosecond or two. Longer than the pauses within
 * a training step.
 */
// @ts-ignore: decorator
@inline const LOOKS: i32 = 100_000;

// @ts-ignore: decorator
@inline
function has_chunk(word: i64): bool {
  return <i32>word < <i32>(word >> 32);
}

/** Whether any share has a chunk left. */
function any_chunk(pool: usize): bool {
  const end = pool + CLAIMS + (load<usize>(pool + THREADS) << 6);
  for (let claim = pool + CLAIMS; claim < end; claim += 64) {
    if (has_chunk(atomic.load<i64>(claim))) return true;
  }
  return false;
}

/** Claims a chunk, of the thread's own share first, and does it; false when there is none left. */
function take(pool: usize, index: i32, work: usize): bool {
  const threads = load<i32>(pool + THREADS);
  for (let i = 0; i < threads; i++) {
    let share = index + i;
    if (share >= threads) share -= threads;
    const claim = pool + CLAIMS + (<usize>share << 6);
    if (!has_chunk(atomic.load<i64>(claim))) continue;
    const word = atomic.add<i64>(claim, 1);
    if (!has_chunk(word)) continue;
    const chunks = load<i32>(pool + CHUNKS);
    run_chunk(pool + JOB, <i32>word, work);
    const done = atomic.add<i32>(pool + DONE, 1) + 1;
    if (done == chunks && atomic.load<i32>(pool + WAITING)) atomic.notify(pool + DONE, 1);
    return true;
  }
  return false;
}

/** A thread's life: chunks, and sleep when there are none; returns when the pool is stopped. */
export function thread_main(pool: usize, index: i32, work: usize): void {
  atomic.store<i32>(pool + STATE + (<usize>index << 2), 1);
  let looks = 0;
  while (!atomic.load<i32>(pool + STOP)) {
    if (take(pool, index, work)) {
      looks = 0;
    } else if (++looks > LOOKS) {
      // The generation is read before the last look: a job published after it changes the generation, and
      // nobody sleeps.
      const generation = atomic.load<i32>(pool + GENERATION);
      atomic.add<i32>(pool + SLEEPERS, 1);
      if (!any_chunk(pool) && !atomic.load<i32>(pool + STOP)) {
        atomic.wait<i32>(pool + GENERATION, generation, -1);
      }
      atomic.sub<i32>(pool + SLEEPERS, 1);
      looks = 0;
    }
  }
}

/** Publishes the job at `pool`, of so many chunks, and helps with it. Returns what `pool_wait` does. */
export function pool_run(pool: usize, work: usize, chunks: i32): i32 {
  const threads = load<i32>(pool + THREADS);
  store<i32>(pool + CHUNKS, chunks);
  atomic.store<i32>(pool + DONE, 0);
  let next = 0;
  for (let share = 0; share < threads; share++) {
    const end = (share + 1) * chunks / threads;
    atomic.store<i64>(pool + CLAIMS + (<usize>share << 6), (<i64>end << 32) | <i64>next);
    next = end;
  }
  atomic.add<i32>(pool + GENERATION, 1);
  if (atomic.load<i32>(pool + SLEEPERS)) atomic.notify(pool + GENERATION, chunks - 1);
  while (take(pool, 0, work)) {}
  return pool_wait(pool, chunks, 0);
}

/**
 * 1 when all chunks are done. After some looking about returns 0; or sleeps first, `nanoseconds` at most,
 * where the caller may: a page's main thread may not, and gives 0.
 */
export function pool_wait(pool: usize, chunks: i32, nanoseconds: i64): i32 {
  for (let looks = 0; looks < LOOKS; looks++) {
    if (atomic.load<i32>(pool + DONE) == chunks) return 1;
  }
  if (nanoseconds > 0) {
    atomic.store<i32>(pool + WAITING, 1);
    const done = atomic.load<i32>(pool + DONE);
    if (done != chunks) atomic.wait<i32>(pool + DONE, done, nanoseconds);
    atomic.store<i32>(pool + WAITING, 0);
  }
  return atomic.load<i32>(pool + DONE) == chunks ? 1 : 0;
}

/** Sends all threads home; those asleep too. */
export function pool_stop(pool: usize): void {
  atomic.store<i32>(pool + STOP, 1);
  atomic.add<i32>(pool + GENERATION, 1);
  atomic.notify(pool + GENERATION, -1);
}
