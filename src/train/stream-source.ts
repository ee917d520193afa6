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
import { fillPermutation } from '../base/permutation.js';
import { type RandomSource, randomSource } from '../base/random.js';
import { ChunkReader, type Segment } from '../data/chunk-reader.js';
import { answersOf, inputsOf } from '../data/set.js';
import type { StreamedDataset, StreamForm } from '../data/stream.js';
import type { Engine } from '../engine/engine.js';
import type { Arena, Tensor } from '../engine/tensor.js';
import type { HeadPlan, Plan } from '../nn/plan.js';
import { gatherLabels, gatherRows } from '../ops/gather.js';
import { ORDER_STREAM } from '../ops/random.js';
import { checkFits } from './check.js';
import type { RowSource, SourceOptions } from './row-source.js';
import type { Turn } from './turn.js';

/** The order of chunks among the orders of an epoch; those of windows are counted from 0. */
const CHUNKS_RUN = 0xffffffff;

type Floats = Uint8Array | Float32Array | Int32Array;

/** The ring, for batches of up to so many rows. */
interface Ring {
  readonly slots: number;
  readonly batchRows: number;
  /** Each [slots · window, width of the input]. */
  readonly inputs: readonly Tensor[];
  readonly answers: readonly RingAnswers[];
  /** [slots · window, 1] */
  readonly weights: Tensor | undefined;
  /** Places in the ring: [slots · window + batchRows]. */
  readonly order: Tensor;
}

interface RingAnswers {
  /** [slots · window] */
  readonly labels: Tensor | undefined;
  /** [slots · window, width]; made of labels when a loss of targets first asks for them. */
  targets: Tensor | undefined;
}

export class StreamSource implements RowSource {
  readonly #stream: StreamedDataset;
  readonly #where: string;
  readonly #turn: Turn;
  readonly #options: SourceOptions;
  readonly #arena: Arena;
  readonly #window: number;
  readonly #loaders = new Map<Plan, (start: number) => void>();
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
  constructor(engine: Engine, form: StreamForm, turn: Turn, where: string, options: SourceOptions) {
    const { stream } = form;
    if (options.images) {
      const remedy = 'change them where the source makes its chunks';
      throw new OptionError('fit', `option augment: images of a set that streams are not changed; ${remedy}`);
    }
    const { schedule } = options.settings?.optimizer ?? {};
    if (stream.size === undefined && schedule && !schedule.openEnded) {
      const needs = `${schedule.kind} must know the number of all steps`;
      throw new OptionError(
        where,
        `${needs}: give streamDataset the size of the set, or use another schedule`,
      );
    }
    this.#stream = stream;
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
  }

  begin(): void {
    this.#rewind();
  }

  ready(start: number, rows: number): Promise<void> | undefined {
    const held = start >= this.#first * this.#window && start <= this.#end;
    // One more than the batch: whether an epoch goes on must be known when it is over.
    if (held && (this.#ended || start + rows < this.#end)) return undefined;
    return this.#advance(start, rows, held);
  }

  load(plan: Plan, start: number): void {
    let loader = this.#loaders.get(plan);
    if (!loader) {
      loader = this.#bind(plan);
      this.#loaders.set(plan, loader);
    }
    loader(start);
  }

  dispose(): void {
    this.#rewind();
    this.#arena.dispose();
    this.#loaders.clear();
  }

  /** Nothing is held any more. */
  #rewind(): void {
    this.#reader?.close();
    this.#reader = undefined;
    [this.#next, this.#first, this.#end, this.#ended] = [0, 0, 0, false];
  }

  /** Fills the ring until it holds the batch and a row more, or the last row; or training is aborted. */
  async #advance(start: number, rows: number, held: boolean): Promise<void> {
    this.#ring ??= this.#makeRing(rows);
    if (!held || !this.#reader) {
      this.#rewind();
      this.#next = Math.floor(start / this.#window);
      this.#end = this.#next * this.#window;
      this.#reader = this.#open(this.#end);
    }
    const reader = this.#reader;
    const signal = this.#options.settings?.signal as Partial<AbortSignal> | undefined;
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
    const { compiled } = this.#options;
    let order: Uint32Array | undefined;
    if ('read' in source && this.#shuffled) {
      const { chunks } = source;
      order = new Uint32Array(typeof chunks === 'number' ? chunks : chunks.length);
      fillPermutation(order, this.#shuffled, CHUNKS_RUN);
    }
    return new ChunkReader(this.#stream, {
      ...{ where: this.#where, size: this.#size, counted: size === undefined, order, skip },
      check: (rows, where) => {
        if (compiled) checkFits(where, 'rows', compiled.model, rows, compiled.loss);
      },
    });
  }

  /** Brings the rows of the next window into its slot, where they have the order of the set, and shuffles them. */
  async #fill({ slots, inputs, answers, weights, order, batchRows }: Ring, given: Segment[]): Promise<void> {
    const slot = (this.#next % slots) * this.#window;
    let at = slot;
    for (const { rows, from, to } of given.sort((a, b) => a.chunk - b.chunk)) {
      const copy = (ring: Tensor | undefined, values: Floats | undefined, width = 1) => {
        if (!ring || !values) return;
        ring.view([(to - from) * width], at * width).write(values.subarray(from * width, to * width));
      };
      for (const [i, [, own]] of inputsOf(rows).entries()) copy(inputs[i], own.inputs, own.width);
      for (const [i, [, { labels, targets, targetWidth }]] of answersOf(rows).entries()) {
        copy(answers[i].labels, labels);
        copy(answers[i].targets, targets ?? labels, targetWidth);
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
    const windows = Math.ceil((size ?? Infinity) / this.#window);
    const slots = Math.min(Math.ceil(batchRows / this.#window) + 1, windows);
    const capacity = slots * this.#window;
    const arena = this.#arena;
    const order = arena.tensor('u32', [capacity + batchRows]);
    return {
      ...{ slots, batchRows },
      inputs: inputsOf(form).map(([, { inputs, width }]) =>
        arena.tensor(isUint8Array(inputs) ? 'u8' : 'float', [capacity, width]),
      ),
      answers: answersOf(form).map(([, { targets, targetWidth }]) => ({
        labels: targets ? undefined : arena.tensor('i32', [capacity]),
        targets: targets && arena.tensor('float', [capacity, targetWidth!]),
      })),
      weights: form.weights && arena.tensor('float', [capacity, 1]),
      order: order.write(Uint32Array.from({ length: capacity + batchRows }, (_, i) => i % capacity)),
    };
  }

  #bind(plan: Plan): (start: number) => void {
    const { form } = this.#stream;
    const { inputs, answers, weights, order: indices, slots } = this.#ring!;
    const capacity = slots * this.#window;
    const own = <T>(
      all: readonly (readonly [string | undefined, unknown])[],
      of: readonly T[],
      name: string,
    ): T => of[all.findIndex(([other]) => other === undefined || other === name)];
    const calls = [
      ...plan.ports.outputs.map((head) => this.#bindAnswers(head, own(answersOf(form), answers, head.name))),
      ...(weights ? [gatherRows({ y: plan.weights.view([plan.rows, 1]), from: weights, indices })] : []),
      ...plan.ports.inputs.map((input) => {
        const from = own(inputsOf(form), inputs, input.name);
        const { scale, offset } = own(inputsOf(form), inputsOf(form), input.name)[1];
        const gather = gatherRows({ y: input.values, from, indices, scale, offset });
        return (start: number) => {
          gather(start);
          input.loaded();
        };
      }),
    ];
    return (start) => {
      const place = start % capacity;
      for (let i = 0; i < calls.length; i++) calls[i](place);
    };
  }

  /** Labels and targets, of what the set has and the output's loss looks at. */
  #bindAnswers(head: HeadPlan, own: RingAnswers): (start: number) => void {
    const { order: indices, weights } = this.#ring!;
    const { labels } = own;
    const calls: ((start: number) => void)[] = [];
    if (labels) calls.push(gatherLabels({ y: head.labels, from: labels, indices }));
    if (head.targets) {
      // Of two classes and one output, and for a loss of one's own: the labels are the targets.
      own.targets ??= this.#arena.tensor('float', [labels!.size, head.targets.columns]).write(labels!.read());
      calls.push(gatherRows({ y: head.targets, from: own.targets, indices }));
    }
    return (start) => {
      head.batch.weighted = weights !== undefined;
      head.batch.labelled = labels !== undefined;
      for (let i = 0; i < calls.length; i++) calls[i](start);
    };
  }
}
