/** A data set in an engine's memory, and the order in which its rows are visited. */
import { isFloat32Array, isUint8Array } from '../base/arrays.js';
import { checkedLabels, checkWeights } from '../data/answers.js';
import type { Dataset } from '../data/dataset.js';
import { checkFinite } from '../data/numbers.js';
import type { Engine } from '../engine/engine.js';
import type { Arena, Tensor } from '../engine/tensor.js';
import type { Plan } from '../nn/compile.js';
import { CompressedSet } from '../ops/compressed.js';
import { gatherLabels, gatherRows } from '../ops/gather.js';
import { permute } from '../ops/random.js';
import { sum } from '../ops/reduce.js';
import { inTurns, type Turn } from './turn.js';

/** Streams of random numbers: parameters take their index; the order of an epoch begins here. */
const ORDER_STREAM = 0x80000000;

/** Values that are copied between two turns. */
const PIECE = 1 << 20;

export class BatchSource {
  readonly size: number;
  readonly #set: Dataset;
  readonly #arena: Arena;
  readonly #inputs: Tensor | CompressedSet;
  readonly #labels: Tensor | undefined;
  /** [size, width]; made of labels when a loss of targets first asks for them. */
  #targets: Tensor | undefined;
  /** [size, 1] */
  readonly #weights: Tensor | undefined;
  readonly #order: Tensor;
  readonly #loaders = new Map<Plan, (start: number) => void>();

  /** Brings the set into the engine's memory, in turns. Throws DataError, with the row, for an answer or an input that is none. */
  static async open(engine: Engine, set: Dataset, turn: Turn, where?: string): Promise<BatchSource> {
    const arena = engine.arena();
    try {
      const inputs = await inTurns(upload(arena, set, where), turn);
      return new BatchSource(engine, set, where, { arena, inputs });
    } catch (error) {
      arena.dispose();
      throw error;
    }
  }

  constructor(
    engine: Engine,
    set: Dataset,
    where = 'data set',
    uploaded?: { arena: Arena; inputs: Tensor | CompressedSet },
  ) {
    this.size = set.size;
    this.#set = set;
    this.#arena = uploaded?.arena ?? engine.arena();
    try {
      this.#inputs = uploaded?.inputs ?? atOnce(upload(this.#arena, set, where));
      const { size, labels, classes, targets, targetWidth, weights } = set;
      // Kernels take them for places and factors. The set may have changed since it was made: what is copied is what is checked.
      if (targets) checkFinite({ where, one: 'target' }, targets, targetWidth!);
      if (weights) checkWeights(where, weights);
      this.#labels = targets
        ? undefined
        : this.#arena.tensor('i32', [size]).write(checkedLabels(where, labels, classes));
      this.#targets = targets && this.#arena.tensor('float', [size, targetWidth!]).write(targets);
      this.#weights = weights && this.#arena.tensor('float', [size, 1]).write(weights);
      this.#order = this.#arena.tensor('u32', [set.size]);
    } catch (error) {
      this.#arena.dispose();
      throw error;
    }
    this.sequential();
  }

  /** Rows come as they stand in the set. */
  sequential(): void {
    this.#order.write(Uint32Array.from({ length: this.size }, (_, i) => i));
  }

  /** Rows come in an order that depends on the seed and the epoch (from 0) alone. */
  shuffle(seed: number, epoch: number): void {
    permute(this.#order, seed, ORDER_STREAM + epoch)();
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
    const inputs = this.#inputs;
    const indices = this.#order;
    const answers = this.#bindAnswers(plan);
    if (inputs instanceof CompressedSet) {
      return (start) => {
        answers(start);
        plan.loadCompressed(inputs, indices, start);
      };
    }
    const { scale, offset } = this.#set;
    const rows = gatherRows({ y: plan.inputs, from: inputs, indices, scale, offset });
    return (start) => {
      answers(start);
      rows(start);
      plan.loaded();
    };
  }

  /** Labels, targets and weights, of what the set has and the plan's loss looks at. */
  #bindAnswers(plan: Plan): (start: number) => void {
    const indices = this.#order;
    const calls: ((start: number) => void)[] = [];
    if (this.#labels) calls.push(gatherLabels({ y: plan.labels, from: this.#labels, indices }));
    if (plan.targets) {
      // Of two classes and one output: the labels are the targets.
      this.#targets ??= this.#arena.tensor('float', [this.size, 1]).write(this.#labels!.read());
      calls.push(gatherRows({ y: plan.targets, from: this.#targets, indices }));
    }
    const weights = this.#weights;
    if (weights) calls.push(gatherRows({ y: plan.weights.view([plan.rows, 1]), from: weights, indices }));
    const labelled = this.#labels !== undefined;
    return (start) => {
      plan.batch.weighted = weights !== undefined;
      plan.batch.labelled = labelled;
      for (let i = 0; i < calls.length; i++) calls[i](start);
    };
  }

  /** Frees the engine's memory. Twice is fine. */
  dispose(): void {
    this.#arena.dispose();
    this.#loaders.clear();
  }
}

/** Bytes that are mostly zeros are kept compressed; with an offset no value is zero. */
function* upload(arena: Arena, set: Dataset, where = 'data set'): Generator<void, Tensor | CompressedSet> {
  const { inputs, size, width, scale, offset } = set;
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
