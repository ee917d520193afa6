/** A data set in an engine's memory, and the order in which its rows are visited. */
import { isFloat32Array, isUint8Array } from '../base/arrays.js';
import { checkedLabels, checkWeights } from '../data/answers.js';
import { checkFinite } from '../data/numbers.js';
import { answersOf, type Dataset, type InputRows, inputsOf } from '../data/set.js';
import type { StreamForm } from '../data/stream.js';
import type { Engine } from '../engine/engine.js';
import type { Arena, Tensor } from '../engine/tensor.js';
import type { HeadPlan, InputPlan, Plan } from '../nn/plan.js';
import { CompressedSet } from '../ops/compressed.js';
import { gatherLabels, gatherRows } from '../ops/gather.js';
import { permute } from '../ops/random.js';
import { sum } from '../ops/reduce.js';
import type { Augmenter } from './augment/augmenter.js';
import type { SoftLabels } from './augment/prepare.js';
import type { RowSource, SourceOptions } from './row-source.js';
import { inTurns, type Turn } from './turn.js';

/** Streams of random numbers: parameters take their index; the order of an epoch begins here. */
const ORDER_STREAM = 0x80000000;

/** Values that are copied between two turns. */
const PIECE = 1 << 20;

/** What rows are copied from; images that are augmented stay where they are. */
type Upload = Tensor | CompressedSet | Augmenter;

/** One input of a set, in the engine. */
interface InputSource {
  readonly name: string | undefined;
  readonly rows: InputRows;
  readonly values: Upload;
}

/** The answers to one output. */
interface AnswerSource {
  readonly name: string | undefined;
  readonly labels: Tensor | undefined;
  /** [size, width]; made of labels when a loss of targets first asks for them, unless they change. */
  targets: Tensor | undefined;
}

export class BatchSource implements RowSource {
  readonly size: number;
  readonly #engine: Engine;
  readonly #images: Augmenter | undefined;
  readonly #soft: SoftLabels | undefined;
  readonly #arena: Arena;
  readonly #inputs: readonly InputSource[];
  /** @internal These three a stream writes to. */
  readonly answers: readonly AnswerSource[];
  /** @internal [size, 1] */
  readonly weights: Tensor | undefined;
  /** @internal [size] */
  readonly order: Tensor;
  readonly #loaders = new Map<Plan, (start: number) => void>();

  /**
   * Brings the set into the engine's memory, in turns; one that streams is brought there while it is read. Throws
   * DataError, with the row, for an answer or an input that is none.
   */
  static async open(
    engine: Engine,
    set: Dataset,
    turn: Turn,
    where?: string,
    options: SourceOptions = {},
  ): Promise<RowSource> {
    const { stream } = set as Partial<StreamForm>;
    if (stream)
      return (await import('./stream-source.js')).openStream(
        BatchSource,
        engine,
        stream,
        turn,
        where!,
        options,
      );
    const arena = engine.arena();
    try {
      const inputs = await inTurns(upload(arena, set, where, options.images), turn);
      return new BatchSource(engine, set, where, { arena, inputs, ...options });
    } catch (error) {
      arena.dispose();
      throw error;
    }
  }

  constructor(
    engine: Engine,
    set: Dataset,
    where = 'data set',
    uploaded?: SourceOptions & { arena: Arena; inputs: readonly InputSource[] },
  ) {
    this.#engine = engine;
    this.#images = uploaded?.images;
    this.#soft = uploaded?.soft;
    const { size, weights } = set;
    this.size = size;
    const arena = uploaded?.arena ?? engine.arena();
    this.#arena = arena;
    try {
      this.#inputs = uploaded?.inputs ?? atOnce(upload(arena, set, where));
      // Kernels take them for places and factors. The set may have changed since it was made: what is copied
      // is what is checked.
      this.answers = answersOf(set).map(([name, { labels, classes, targets, targetWidth }]) => {
        const place = placeOf(where, name);
        if (targets) checkFinite({ where: place, one: 'target' }, targets, targetWidth!);
        return {
          name,
          labels: targets
            ? undefined
            : arena.tensor('i32', [size]).write(checkedLabels(place, labels, classes)),
          targets: targets && arena.tensor('float', [size, targetWidth!]).write(targets),
        };
      });
      if (weights) checkWeights(where, weights);
      this.weights = weights && arena.tensor('float', [size, 1]).write(weights);
      this.order = arena.tensor('u32', [size]);
    } catch (error) {
      arena.dispose();
      throw error;
    }
    this.sequential();
  }

  /** Rows come as they stand in the set. */
  sequential(): void {
    this.order.write(Uint32Array.from({ length: this.size }, (_, i) => i));
  }

  /** Rows come in an order that depends on the seed and the epoch (from 0) alone. */
  shuffle(seed: number, epoch: number): void {
    permute(this.order, seed, ORDER_STREAM + epoch)();
  }

  /** Copies the rows from place `start` of the order into the plan's inputs and labels. */
  load(plan: Plan, start: number): void {
    let loader = this.#loaders.get(plan);
    if (!loader) {
      loader = this.#bind(plan);
      this.#loaders.set(plan, loader);
    }
    loader(start);
  }

  #bind(plan: Plan): (start: number) => void {
    const calls = [
      ...plan.ports.outputs.map((head) => this.#bindAnswers(head)),
      ...(this.weights
        ? [gatherRows({ y: plan.weights.view([plan.rows, 1]), from: this.weights, indices: this.order })]
        : []),
      // After the answers, which are mixed as the images are.
      ...plan.ports.inputs.map((input) => this.#bindInput(input, plan.targets)),
    ];
    return (start) => {
      for (let i = 0; i < calls.length; i++) calls[i](start);
    };
  }

  #bindInput(input: InputPlan, targets: Tensor | undefined): (start: number) => void {
    const indices = this.order;
    // Only a set with one input has images to change.
    if (this.#images) return this.#images.bind(this.#engine, input, targets, indices);
    const { values, rows } = named(this.#inputs, input.name);
    if (values instanceof CompressedSet) return (start) => input.loadCompressed(values, indices, start);
    const { scale, offset } = rows;
    const gather = gatherRows({ y: input.values, from: values as Tensor, indices, scale, offset });
    return (start) => {
      gather(start);
      input.loaded();
    };
  }

  /** Labels and targets, of what the set has and the output's loss looks at. */
  #bindAnswers(head: HeadPlan): (start: number) => void {
    const indices = this.order;
    const own = named(this.answers, head.name);
    const calls: ((start: number) => void)[] = [];
    if (own.labels) calls.push(gatherLabels({ y: head.labels, from: own.labels, indices }));
    if (head.targets) {
      own.targets ??= this.#targetsOf(own.labels!.read(), head.targets.columns);
      calls.push(gatherRows({ y: head.targets, from: own.targets, indices }));
    }
    const weighted = this.weights !== undefined;
    const labelled = own.labels !== undefined;
    return (start) => {
      head.batch.weighted = weighted;
      head.batch.labelled = labelled;
      for (let i = 0; i < calls.length; i++) calls[i](start);
    };
  }

  /** Labels as targets of so many numbers. */
  #targetsOf(labels: ArrayLike<number>, width: number): Tensor {
    // Of two classes and one output, and for a loss of one's own: the labels are the targets.
    const values = this.#soft?.(labels, width) ?? labels;
    return this.#arena.tensor('float', [this.size, width]).write(values);
  }

  /** Frees the engine's memory. Twice is fine. */
  dispose(): void {
    this.#arena.dispose();
    this.#loaders.clear();
  }
}

/** What is there under a name; what has none is for the only one. */
function named<T extends { readonly name: string | undefined }>(all: readonly T[], name: string): T {
  return all.find((one) => one.name === undefined || one.name === name)!;
}

function placeOf(where: string, name: string | undefined): string {
  return name === undefined ? where : `${where}, ${name}`;
}

function* upload(
  arena: Arena,
  set: Dataset,
  where = 'data set',
  images?: Augmenter,
): Generator<void, InputSource[]> {
  const sources: InputSource[] = [];
  for (const [name, rows] of inputsOf(set)) {
    const values = images ?? (yield* uploadInput(arena, rows, set.size, placeOf(where, name)));
    sources.push({ name, rows, values });
  }
  return sources;
}

/** Bytes that are mostly zeros are kept compressed; with an offset no value is zero. */
function* uploadInput(
  arena: Arena,
  { inputs, width, scale, offset }: InputRows,
  size: number,
  where: string,
): Generator<void, Tensor | CompressedSet> {
  if (isUint8Array(inputs) && offset === 0) {
    const compressed = yield* CompressedSet.compress(arena, inputs, width, scale);
    if (compressed) return compressed;
  }
  const tensor = arena.tensor(isUint8Array(inputs) ? 'u8' : 'float', [size, width]);
  const rows = Math.ceil(PIECE / width);
  for (let row = 0; row < size; row += rows) {
    const end = Math.min(row + rows, size);
    const piece = inputs.subarray(row * width, end * width);
    const copy = tensor.view([(end - row) * width], row * width).write(piece);
    if (isFloat32Array(inputs) && !Number.isFinite(sum(copy)()))
      checkFinite({ where, one: 'input' }, inputs, width);
    yield;
  }
  return tensor;
}

function atOnce<T>(work: Generator<void, T>): T {
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
  }
}
