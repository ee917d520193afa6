/**
 * Reads the chunks of a stream for one epoch: in the order of the epoch, ahead of what is asked for, each
 * checked. It brings nothing into an engine and shuffles no rows.
 */
import { DataError, OptionError, show } from '../base/errors.js';
import { readChunk } from './chunk.js';
import type { Dataset } from './set.js';
import type { InOrder, RandomAccess, StreamedDataset } from './stream.js';

/** Rows `from` up to but not including `to` of a chunk. */
export interface Segment {
  /** Its place in the source. */
  readonly chunk: number;
  readonly rows: Dataset;
  readonly from: number;
  readonly to: number;
}

/** How an epoch is read. */
export interface ReadingOptions {
  /** For messages: who reads, and what it is called there. */
  readonly where: string;
  /** The epoch's rows, where they are known. */
  readonly size: number | undefined;
  /** Whether they are known from an earlier reading, which is no statement of the caller's. */
  readonly counted: boolean;
  /** Places of the chunks, where they can be read in any order. */
  readonly order?: ArrayLike<number> | undefined;
  /** Rows that are passed over. */
  readonly skip: number;
  /** Looks at the rows of a chunk; `where` names it. */
  readonly check?: ((rows: Dataset, where: string) => void) | undefined;
}

/** What a source gives for a chunk, and where it stands. */
interface Read {
  readonly chunk: number;
  readonly given: unknown;
}

/** Chunks that are read at the same time. */
const AT_ONCE = 4;

/** Chunks without a row that are borne one after another. */
const MAX_EMPTY = 1000;

export class ChunkReader {
  readonly #stream: StreamedDataset;
  readonly #options: ReadingOptions;
  readonly #controller = new AbortController();
  readonly #chunks: Chunks;
  #queue: Segment[] = [];
  /** Rows in the queue, and those that have been read or passed over in all. */
  #queued = 0;
  #rows: number;
  #skip: number;
  #empty = 0;
  /** Rows of the last chunk, by which those of the next are estimated; of the first nothing is known. */
  #last = Infinity;
  #ended = false;
  #closed = false;
  /** Whether a row was seen that counts in the loss. */
  #weighs = false;
  /** Rows that are to be in the queue. */
  #wanted = 0;
  #pumping: Promise<void> | undefined;
  /** Ends the waiting for a source that may never answer. */
  #wake: (() => void) | undefined;
  #error: { readonly thrown: unknown } | undefined;

  constructor(stream: StreamedDataset, options: ReadingOptions) {
    this.#stream = stream;
    this.#options = options;
    const { source } = stream;
    const context = { signal: this.#controller.signal };
    this.#skip = options.skip;
    if ('open' in source) this.#chunks = new OrderedChunks(() => openSource(source, context, this.#where));
    else {
      const { skipped, ...places } = placesOf(source, options);
      this.#skip -= skipped;
      const { chunks } = source;
      const rowsOf = (chunk: number) => (typeof chunks === 'object' ? chunks[chunk] : this.#last);
      const read = (index: number) => source.read(index, context);
      this.#chunks = new PlacedChunks(places, options.order, rowsOf, read);
    }
    this.#rows = options.skip - this.#skip;
  }

  /** The next rows of the epoch, as many as are asked for; fewer when it ends before, or is closed. */
  async take(rows: number): Promise<Segment[]> {
    await this.#fill(rows);
    const taken: Segment[] = [];
    for (let missing = rows; missing > 0 && this.#queue.length > 0; ) {
      const first = this.#queue[0];
      const to = Math.min(first.to, first.from + missing);
      taken.push({ ...first, to });
      missing -= to - first.from;
      this.#queued -= to - first.from;
      if (to < first.to) this.#queue[0] = { ...first, from: to };
      else this.#queue.shift();
    }
    return taken;
  }

  /** Begins to read, so that as many rows are there when they are asked for. */
  ahead(rows: number): void {
    this.#wanted = rows;
    if (this.#pumping || this.#ended || this.#closed || this.#error || this.#queued >= rows) return;
    this.#pumping = this.#pump()
      // Whoever takes rows is told.
      .catch((thrown: unknown) => {
        this.#error = { thrown };
      })
      .finally(() => {
        this.#pumping = undefined;
      });
  }

  /** Reads on to the end. Throws DataError when there are more rows than it was told of. */
  async end(): Promise<void> {
    await this.#fill(Infinity);
  }

  /** Stops reading. Twice is fine. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#controller.abort();
    this.#chunks.close();
    this.#wake?.();
  }

  get closed(): boolean {
    return this.#closed;
  }

  async #fill(rows: number): Promise<void> {
    while (this.#queued < rows && !this.#ended && !this.#closed) {
      if (this.#error) throw this.#error.thrown;
      this.ahead(rows);
      const pumping = this.#pumping;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        void pumping?.then(resolve);
      });
    }
  }

  async #pump(): Promise<void> {
    while (this.#queued < this.#wanted && !this.#ended && !this.#closed) {
      const read = await this.#next();
      if (this.#closed) return;
      if (read) this.#add(read);
      else this.#atEnd();
    }
  }

  async #next(): Promise<Read | undefined> {
    try {
      return await this.#chunks.next(this.#wanted - this.#queued);
    } catch (cause) {
      // What was opened wrongly is said already.
      if (cause instanceof OptionError && cause.where === this.#where) throw cause;
      const message = cause instanceof Error ? cause.message : show(cause);
      const place = `${this.#where}, after ${this.#rows} rows`;
      const remedy = 'checkpoints that were kept are good: go on from the last with resume';
      throw new DataError(place, `the source failed: ${message}; ${remedy}`, { cause });
    }
  }

  #add({ chunk, given }: Read): void {
    const { size, check } = this.#options;
    const where = `${this.#where}, chunk ${chunk}`;
    const rows = readChunk(where, this.#stream, given);
    const count = rows?.size ?? 0;
    const { source } = this.#stream;
    const told = 'read' in source && typeof source.chunks === 'object' ? source.chunks[chunk] : count;
    if (told !== count) {
      throw new DataError(where, `expected ${told} rows, as chunks says, given ${count}`);
    }
    this.#empty = rows ? 0 : this.#empty + 1;
    if (this.#empty > MAX_EMPTY) {
      const problem = `expected rows, given ${this.#empty} chunks without any one after another`;
      throw new DataError(where, `${problem}; a source ends when it has no more`);
    }
    this.#last = count;
    this.#rows += count;
    if (size !== undefined && this.#rows > size) this.#failOfCount(`at least ${this.#rows}`, where);
    if (!rows) return;
    this.#weighs ||= !rows.weights || rows.weights.some((weight) => weight > 0);
    const from = Math.min(this.#skip, count);
    this.#skip -= from;
    if (from === count) return;
    check?.(rows, where);
    this.#queue.push({ chunk, rows, from, to: count });
    this.#queued += count - from;
  }

  #atEnd(): void {
    const { size } = this.#options;
    if (this.#rows === 0) throw new DataError(this.#where, 'the source is empty: expected at least 1 row');
    if (size !== undefined && this.#rows < size) this.#failOfCount(String(this.#rows), this.#where);
    if (this.#skip > 0) {
      const problem = `expected more than the ${this.#options.skip} rows that training had come to`;
      throw new DataError(this.#where, `${problem}, given ${this.#rows}`);
    }
    // Nothing was learnt. Of what was passed over the weights are not known.
    if (!this.#weighs && this.#options.skip === 0) {
      throw new DataError(this.#where, 'weights: expected at least one above 0, given only zeros');
    }
    this.#ended = true;
  }

  #failOfCount(given: string, where: string): never {
    const { size, counted } = this.#options;
    const [as, remedy] = counted
      ? ['as in the epoch before', 'a source gives the same rows at every reading']
      : ['as its size says', 'give the size that there is, or none'];
    throw new DataError(where, `expected ${size} rows in all, ${as}, given ${given}; ${remedy}`);
  }

  get #where(): string {
    return this.#options.where;
  }
}

/** Chunks one after another. */
interface Chunks {
  /** undefined at the end. So many rows are missing. */
  next(missing: number): Promise<Read | undefined>;
  close(): void;
}

type ChunkIterator = Pick<AsyncIterator<unknown> | Iterator<unknown>, 'next' | 'return'>;

function openSource(source: InOrder, context: { signal: AbortSignal }, where: string): ChunkIterator {
  const given: unknown = source.open(context);
  const iterable = given as Partial<AsyncIterable<unknown> & Iterable<unknown>> | null | undefined;
  const iterator = iterable?.[Symbol.asyncIterator]?.() ?? iterable?.[Symbol.iterator]?.();
  if (iterator && typeof given === 'object') return iterator;
  // An async function that is no generator: what it comes to is nobody's, and must not end the program.
  if (given instanceof Promise) given.catch(() => {});
  const expected = 'expected it to give an async iterable, as an async generator function does';
  throw new OptionError(where, `option open: ${expected}, given ${show(given)}`);
}

class OrderedChunks implements Chunks {
  readonly #open: () => ChunkIterator;
  #iterator: ChunkIterator | undefined;
  #next = 0;
  #done = false;

  constructor(open: () => ChunkIterator) {
    this.#open = open;
  }

  async next(): Promise<Read | undefined> {
    this.#iterator ??= this.#open();
    let result: unknown;
    try {
      result = await this.#iterator.next();
    } catch (error) {
      // It has ended by itself.
      this.#done = true;
      throw error;
    }
    if (typeof result !== 'object' || result === null) {
      throw new TypeError(`its iterator gave ${show(result)}, expected an object with done and value`);
    }
    const { done, value } = result as IteratorResult<unknown>;
    // One that is iterable at once may hold promises of chunks, as `for await` has it.
    if (!done) return { chunk: this.#next++, given: await value };
    this.#done = true;
    return undefined;
  }

  close(): void {
    if (this.#done) return;
    this.#done = true;
    // Not waited for: a generator answers when what it waits for itself has come. What it throws then is of
    // no account any more.
    void (async () => this.#iterator?.return?.())().catch(() => {});
  }
}

class PlacedChunks implements Chunks {
  readonly #count: number;
  readonly #order: ArrayLike<number> | undefined;
  readonly #read: (index: number) => unknown;
  /** The rows of a chunk, as far as they are known. */
  readonly #rowsOf: (chunk: number) => number;
  /** Those that are being read, in the order in which they are wanted. */
  readonly #reading: { readonly read: Promise<Read>; readonly rows: number }[] = [];
  /** The place in the order of the chunk that is read next. */
  #next: number;

  constructor(
    { count, first }: { count: number; first: number },
    order: ArrayLike<number> | undefined,
    rowsOf: (chunk: number) => number,
    read: (index: number) => unknown,
  ) {
    [this.#count, this.#next] = [count, first];
    this.#order = order;
    this.#rowsOf = rowsOf;
    this.#read = read;
  }

  async next(missing: number): Promise<Read | undefined> {
    let rows = this.#reading.reduce((sum, one) => sum + one.rows, 0);
    while (this.#next < this.#count && this.#reading.length < AT_ONCE) {
      if (this.#reading.length > 0 && rows >= missing) break;
      const place = this.#next++;
      const chunk = this.#order?.[place] ?? place;
      const one = { read: this.#one(chunk), rows: this.#rowsOf(chunk) };
      // It may fail before it is waited for.
      one.read.catch(() => {});
      this.#reading.push(one);
      rows += one.rows;
    }
    return this.#reading.shift()?.read;
  }

  async #one(chunk: number): Promise<Read> {
    return { chunk, given: await this.#read(chunk) };
  }

  close(): void {
    this.#next = this.#count;
    this.#reading.length = 0;
  }
}

/** How many chunks there are, the place of the first that is read, and the rows of those before it. */
function placesOf({ chunks }: RandomAccess, { order, skip }: ReadingOptions) {
  const count = typeof chunks === 'number' ? chunks : chunks.length;
  let skipped = 0;
  let first = 0;
  if (typeof chunks === 'object') {
    for (; first < count; first++) {
      const rows = chunks[order?.[first] ?? first];
      if (skipped + rows > skip) break;
      skipped += rows;
    }
  }
  return { count, first, skipped };
}
