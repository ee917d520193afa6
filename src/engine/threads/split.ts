/**
 * How a kernel's outputs are cut into chunks: enough of them to keep all threads at work, none too small to
 * be worth handing out. Costs are in nanoseconds on one thread, roughly: they decide who computes, never
 * what.
 */

/** Work below this stays on the calling thread; and each chunk has at least half as much. */
const WORTH = 3_000;
/** From here on there are several chunks a thread, so that one that lags takes fewer. */
const LARGE = 500_000;
const CHUNKS_EACH = 4;
/** A chunk must end within a small part of a second: by its silence a lost thread is known. */
const LONGEST = 20_000_000;

/** Float32 of a cache line: two threads that write to one line wait for each other. */
const LINE = 16;

/** Nanoseconds of one multiply-add in a product. */
export const MULTIPLY_ADD = 0.05;

export class Splitter {
  readonly #threads: number;
  readonly #worth: number;
  /** Of the last call: how large a chunk is. `columns` only after `rectangle`. */
  rows = 0;
  columns = 0;

  /** `worth` is for tests, which want small work cut too. */
  constructor(threads: number, worth = WORTH) {
    this.#threads = threads;
    this.#worth = worth;
  }

  /** Into how many chunks; 1 where it does not pay. */
  #parts(cost: number): number {
    // Nothing to do may cost NaN: no entries in no rows.
    if (!(cost > this.#worth)) return 1;
    const threads = this.#threads;
    if (cost < LARGE * threads) return Math.min(threads, Math.max(2, Math.floor((2 * cost) / this.#worth)));
    return Math.max(threads * CHUNKS_EACH, Math.ceil(cost / LONGEST));
  }

  /**
   * `length` rows, columns or elements in multiples of `step`, each at `cost`. Returns the number of chunks,
   * 0 for none: not cut.
   */
  line(length: number, step: number, cost: number): number {
    const parts = this.#parts(length * cost);
    if (parts === 1) return 0;
    const rows = roundUp(length / parts, step);
    if (rows >= length) return 0;
    this.rows = rows;
    return Math.ceil(length / rows);
  }

  /**
   * The product C [M, N] over K, one of B: into rectangles of whole tiles, shaped so that packing their rows
   * and columns costs least. Returns the number of chunks over all B, 0 for none.
   */
  product(B: number, M: number, N: number, K: number): number {
    const parts = this.#parts(B * M * N * K * MULTIPLY_ADD);
    if (parts === 1 || M === 0 || N === 0) return 0;
    const each = Math.ceil(parts / B);
    let best = Number.POSITIVE_INFINITY;
    for (let down = 1; down <= each; down++) {
      const across = Math.ceil(each / down);
      const rows = roundUp(M / down, 6);
      const columns = roundUp(N / across, LINE);
      // Elements that are packed, and twice those of the largest chunk, which the others wait for.
      const chunks = Math.ceil(M / rows) * Math.ceil(N / columns);
      const packed = Math.ceil(N / columns) * M + Math.ceil(M / rows) * N;
      const uneven = (rows * columns * chunks) / (M * N);
      const cost = (packed / 8 + (M * N) / 16) * uneven * (each / Math.min(each, chunks));
      if (cost >= best) continue;
      best = cost;
      this.rows = rows;
      this.columns = columns;
    }
    const chunks = B * Math.ceil(M / this.rows) * Math.ceil(N / this.columns);
    return chunks > 1 ? chunks : 0;
  }

  /**
   * The output [M, N] of a product with compressed rows, at `cost` an element: to each thread its own
   * columns, the same whatever M is, so that a thread updates the weights that it reads. Columns are cut in
   * rows, in multiples of `step`, where there are many. Where cores are far apart, threads whose columns lie
   * less than 1 KiB from each other take cache lines from one another, as processors fetch ahead: padding of
   * up to 512 bytes was tried without effect, and cutting rows loses as much where they are read next.
   */
  columnShares(M: number, N: number, step: number, cost: number): number {
    const parts = this.#parts(M * N * cost);
    if (parts === 1 || M === 0 || N === 0) return 0;
    this.columns = roundUp(N / this.#threads, LINE);
    const across = Math.ceil(N / this.columns);
    this.rows = roundUp(M / Math.ceil(parts / across), step);
    return Math.ceil(M / this.rows) * across;
  }

  /**
   * Columns for each thread, the same as `columnShares` has, where each gets one part and no more; else 0.
   */
  evenColumns(M: number, N: number, cost: number): number {
    const threads = this.#threads;
    if (M === 0 || this.#parts(M * N * cost) !== threads) return 0;
    const columns = roundUp(N / threads, LINE);
    return Math.ceil(N / columns) === threads ? columns : 0;
  }
}

function roundUp(value: number, step: number): number {
  return Math.ceil(value / step) * step;
}
