/**
 * The rows of a streamed set in an engine's memory: some windows of them, in a ring.
 *
 *   | window k + 1 | window k | …         rows: window k lies in slot k mod slots
 *   | order of its rows | … | the beginning again      order: a batch may go on from the last slot to the first
 *
 * While one window is trained on, chunks for the next are read. Loaded with the first set that streams.
 */
import { isUint8Array } from '../base/arrays.js';
import { OptionError } from '../base/errors.js';
import type { Global } from '../base/globals.js';
import { fillPermutation } from '../base/permutation.js';
import { type RandomSource, randomSource } from '../base/random.js';
import { ChunkReader, type Segment } from '../data/chunk-reader.js';
import { answersOf, inputsOf } from '../data/set.js';
import type { StreamedDataset } from '../data/stream.js';
import type { Engine } from '../engine/engine.js';
import type { Arena, Tensor } from '../engine/tensor.js';
import { resolveLoss } from '../nn/losses.js';
import type { Plan } from '../nn/plan.js';
import { checkFitsTargets } from './check-targets.js';
import type { MakeWhole, RowSource, SourceOptions, WholeSource } from './row-source.js';
import type { Turn } from './turn.js';

/** That of `BatchSource`: of one window, the order is the same. */
const ORDER_STREAM = 0x80000000;

/** The order of chunks among the orders of an epoch; those of windows are counted from 0. */
const CHUNKS_RUN = 0xffffffff;

type Values = Uint8Array | Float32Array | Int32Array;

/** The ring, for batches of up to so many rows. */
interface Ring {
  readonly slots: number;
  readonly batchRows: number;
  /** Each [slots · window, width of the input]. */
  readonly inputs: readonly Tensor[];
  /** Of slots · window + batchRows rows. */
  readonly source: WholeSource;
}

class StreamSource implements RowSource {
  readonly #engine: Engine;
  readonly #Source: MakeWhole;
  readonly #stream: StreamedDataset;
  readonly #where: string;
  readonly #turn: Turn;
  readonly #options: SourceOptions;
  readonly #arena: Arena;
  readonly #window: number;
  #ring: Ring | undefined;
  #reader: ChunkReader | undefined;
  /** Of all rows, where it is known: from the caller, or from the end of the first epoch. */
  #size: number | undefined;
  #shuffled: RandomSource | undefined;
  /** The window that comes next, the first that is in the ring, and the place behind the last row. */
  #next = 0;
  #first = 0;
  #end = 0;
  #ended = false;

  /** Throws OptionError for what cannot be done with a set that streams. */
  constructor(
    Source: MakeWhole,
    engine: Engine,
    stream: StreamedDataset,
    turn: Turn,
    where: string,
    options: SourceOptions,
  ) {
    const { schedule } = options.settings?.optimizer ?? {};
    if (stream.size === undefined && schedule && !schedule.openEnded) {
      const needs = `${schedule.kind} must know the number of all steps`;
      throw new OptionError(
        where,
        `${needs}: give streamDataset the size of the set, or use another schedule`,
      );
    }
    this.#engine = engine;
    [this.#Source, this.#stream] = [Source, stream];
    [this.#turn, this.#options] = [turn, options];
    this.#where = `${where}, ${JSON.stringify(stream.name)}`;
    this.#size = stream.size;
    this.#window = Math.min(stream.window, stream.size ?? Infinity);
    this.#arena = engine.arena();
  }

  get size(): number {
    return this.#size ?? Infinity;
  }

  shuffle(seed: number, epoch: number): void {
    this.#shuffled = randomSource(seed, ORDER_STREAM + epoch);
    this.#rewind();
  }

  ready(start: number, rows: number, signal?: { readonly aborted: boolean }): Promise<void> | undefined {
    const held = start >= this.#first * this.#window && start <= this.#end;
    // One more than the batch: whether an epoch goes on must be known when it is over.
    if (held && (this.#ended || start + rows < this.#end)) return undefined;
    return this.#advance(start, rows, held, signal);
  }

  load(plan: Plan, start: number): void {
    const { slots, source } = this.#ring!;
    source.load(plan, start % (slots * this.#window));
  }

  dispose(): void {
    this.#rewind();
    this.#ring?.source.dispose();
    this.#arena.dispose();
  }

  /** Nothing is held any more. */
  #rewind(): void {
    this.#reader?.close();
    this.#reader = undefined;
    [this.#next, this.#first, this.#end, this.#ended] = [0, 0, 0, false];
  }

  /** Fills the ring until it holds the batch and a row more, or the last row; or training is aborted. */
  async #advance(
    start: number,
    rows: number,
    held: boolean,
    signal?: Partial<Global<'AbortSignal'>>,
  ): Promise<void> {
    this.#engine.settle();
    this.#ring ??= this.#makeRing(Math.min(rows, this.size));
    if (!held || !this.#reader) {
      this.#rewind();
      this.#next = Math.floor(start / this.#window);
      this.#end = this.#next * this.#window;
      this.#reader = this.#open(this.#end);
    }
    const reader = this.#reader;
    const abort = () => reader.close();
    signal?.addEventListener?.('abort', abort);
    try {
      if (signal?.aborted) reader.close();
      while (!this.#ended && start + rows >= this.#end) {
        // What lies before the batch makes room.
        this.#first = Math.floor(start / this.#window);
        const segments = await reader.take(this.#window);
        if (reader.closed) return;
        await this.#fill(this.#ring, segments);
        await this.#lookForEnd(reader);
      }
    } finally {
      signal?.removeEventListener?.('abort', abort);
    }
    reader.ahead(this.#ended ? 0 : this.#window);
  }

  /** From `skip` on, in the order of the epoch. */
  #open(skip: number): ChunkReader {
    const { source, size } = this.#stream;
    const { compiled, soft } = this.#options;
    let order: Uint32Array | undefined;
    if ('read' in source && this.#shuffled) {
      const { chunks } = source;
      order = new Uint32Array(typeof chunks === 'number' ? chunks : chunks.length);
      fillPermutation(order, this.#shuffled, CHUNKS_RUN);
    }
    return new ChunkReader(this.#stream, {
      ...{ where: this.#where, size: this.#size, counted: size === undefined, order, skip },
      check: (rows, where) => {
        if (!compiled) return;
        // Labels that are to be mixed become probabilities when they are copied.
        const loss = soft ? resolveLoss(where, 'softmaxCrossEntropy') : compiled.loss;
        checkFitsTargets(where, 'rows', compiled.model, rows, loss);
      },
    });
  }

  /** Brings the rows of the next window into its slot, where they have the order of the set, and shuffles them. */
  async #fill({ slots, inputs, source, batchRows }: Ring, given: Segment[]): Promise<void> {
    const { answers, weights, order } = source;
    const slot = (this.#next % slots) * this.#window;
    let at = slot;
    for (const { rows, from, to } of given.sort((a, b) => a.chunk - b.chunk)) {
      const copy = (ring: Tensor | undefined, values: Values | undefined, width = 1) => {
        if (!ring || !values) return;
        ring.view([(to - from) * width], at * width).write(values.subarray(from * width, to * width));
      };
      for (const [i, [, own]] of inputsOf(rows).entries()) copy(inputs[i], own.inputs, own.width);
      for (const [i, [, { labels, targets, targetWidth }]] of answersOf(rows).entries()) {
        copy(answers[i].labels, labels);
        const ring = answers[i].targets;
        const mixed = ring && !targets ? this.#options.soft?.(labels, ring.columns) : undefined;
        copy(ring, targets ?? mixed ?? labels, mixed ? ring!.columns : targetWidth);
      }
      copy(weights, rows.weights);
      at += to - from;
      if (this.#turn.due()) await this.#turn.take();
    }
    const count = at - slot;
    if (this.#shuffled) {
      const places = new Uint32Array(count);
      fillPermutation(places, this.#shuffled, this.#next);
      for (let i = 0; i < count; i++) places[i] += slot;
      order.view([count], slot).write(places);
      // Behind the last slot the order begins again, as far as a batch may reach.
      const again = Math.min(count, batchRows - slot);
      if (again > 0) order.view([again], slots * this.#window + slot).write(places.subarray(0, again));
    }
    this.#next++;
    this.#end += count;
  }

  /** Whether the last window was the last of all. */
  async #lookForEnd(reader: ChunkReader): Promise<void> {
    if (this.#end < Math.min(this.#next * this.#window, this.size)) this.#size ??= this.#end;
    if (this.#end < this.size) return;
    // There may be more than there should be.
    await reader.end();
    this.#ended = true;
  }

  #makeRing(batchRows: number): Ring {
    const { size, form } = this.#stream;
    const arena = this.#arena;
    const windows = Math.ceil((size ?? Infinity) / this.#window);
    const slots = Math.min(Math.ceil(batchRows / this.#window) + 1, windows);
    const capacity = slots * this.#window;
    const inputs = inputsOf(form).map(([name, rows]) => {
      const values = arena.tensor(isUint8Array(rows.inputs) ? 'u8' : 'float', [capacity, rows.width]);
      return { name, rows, values };
    });
    // Answers are there for the end of the order, too, which has no rows of its own.
    const length = capacity + batchRows;
    const { targets, targetWidth = 1, weights } = form;
    const rows = {
      ...{ ...form, size: length, labels: new Int32Array(length) },
      ...(targets && { targets: new Float32Array(length * targetWidth) }),
      ...(weights && { weights: new Float32Array(length) }),
    };
    const { images, soft } = this.#options;
    // Rows are counted as the epoch has them before windows are shuffled: as in memory, where one holds all.
    images?.stream({
      values: inputs[0].values,
      row: (place) => {
        const last = this.#next - 1;
        const slot = Math.floor(place / this.#window);
        return (last - ((last - slot) % slots)) * this.#window + (place % this.#window);
      },
    });
    const source = new this.#Source(this.#engine, rows, this.#where, { arena, inputs, images, soft });
    source.order.write(Uint32Array.from({ length }, (_, i) => i % capacity));
    return { slots, batchRows, inputs: inputs.map(({ values }) => values), source };
  }
}

/** The rows of a stream as batches. Throws OptionError for what cannot be done with a set that streams. */
export function openStream(...given: ConstructorParameters<typeof StreamSource>): RowSource {
  return new StreamSource(...given);
}
