/**
 * What a random network is drawn on: the values so far, the choices that are left, and how large each value can
 * be. Every choice is a whole number, and where none are left it is 0, so that whatever is left of a recipe by
 * shrinking still is a network.
 */
import { elementsOf } from '../../../src/base/arrays.js';
import { ShapeError } from '../../../src/base/errors.js';
import * as f from '../../../src/graph/functions.js';
import { attributesOf, input, inputLeaf, isParameter, literal } from '../../../src/graph/leaves.js';
import { type Node, nodesOf, type Value } from '../../../src/graph/value.js';
import { parameter } from '../../../src/nn/layer.js';
import type { Network } from '../../../src/nn/model.js';
import { network } from '../../../src/nn/network.js';
import { sizeOf } from '../../../src/ops/operation.js';
import { reals } from '../../kernels/harness.js';
import { Bounds } from './bounds.js';

/** Rows of a batch, at most: few, a single one, and as many as a padded row has numbers. */
const batches = [4, 16, 5, 1];

export function rowsOf({ seed }: Pick<Network, 'seed'>): number {
  return batches[seed % batches.length];
}

/** Numbers a row that a value may have. */
const MOST = 160;

/** Inputs that a network may have. */
const MOST_INPUTS = 3;

/** Values of up to five axes a row: with the rows six, which is the limit. */
const shapes = [[4], [3, 4], [4, 3, 2], [1], [5, 4, 4], [2, 1, 3, 2], [17], [2, 2, 1, 2, 3]];

/** Up to here values are given to operations; larger ones are scaled first. */
const TAME = 4;

/** An initializer of numbers in ±1, of which none is special. */
const within = {
  name: 'within',
  fill(values: Float32Array, _: readonly number[], seed: number, stream: number) {
    values.set(reals(values.length, 1009 * seed + stream));
  },
};

export class Sketch {
  readonly inputs: Value[] = [];
  readonly #values: Value[] = [];
  /** Inputs, and what they are scaled to: no results that must be read. */
  readonly #sources = new Set<Value>();
  readonly #bounds = new Bounds();
  readonly #jumps: boolean;
  #choices: readonly number[] = [];
  #at = 0;
  #parameters = 0;

  /** With `jumps` functions without a derivative are of anything, else of inputs alone. */
  constructor(jumps: boolean) {
    this.#jumps = jumps;
  }

  /** The next value, by these choices. What does not fit is no part of the network; a fault is thrown. */
  add(choices: readonly number[], draw: (sketch: Sketch) => Value): void {
    this.#choices = choices;
    this.#at = 0;
    try {
      const value = draw(this);
      if (sizeOf(value.shape) <= MOST) this.#values.push(value);
    } catch (error) {
      if (!(error instanceof ShapeError)) throw error;
    }
  }

  below(count: number): number {
    return (this.#choices[this.#at++] ?? 0) % count;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)];
  }

  /** The simple way is the one that is drawn where no choices are left. */
  chance(): boolean {
    return this.below(2) === 1;
  }

  /** A value of at least `axes` axes a row, tame; the last first, and then a new one. */
  value(axes = 0, fits: (value: Value) => boolean = () => true, most = TAME): Value {
    const own = this.#values.filter((value) => value.shape.dims.length >= axes && fits(value)).reverse();
    const canAdd = own.length === 0 || this.inputs.length < MOST_INPUTS;
    // Every other time the last one, or networks would be wide and flat.
    const place = this.chance() ? this.below(own.length + Number(canAdd)) : 0;
    return this.tame(own[place] ?? this.#source(axes, fits), most);
  }

  /** Images [height, width, channels]. */
  image(): Value {
    return this.value(3, ({ shape }) => shape.rows && shape.dims.length === 3);
  }

  /** Values between 0.1 and 0.9. */
  share(): Value {
    return f.sigmoid(this.value(0, undefined, 2));
  }

  /** What may jump, or has no derivative: without `jumps` an input itself, which no parameter changes. */
  jumping(): Value {
    if (this.#jumps) return this.value(1, ({ shape }) => shape.rows);
    if (this.inputs.length === 0) this.#source(0, () => true);
    return this.pick(this.inputs);
  }

  /** Not larger than `most`: scaled by a power of two where it could be. */
  tame(value: Value, most = TAME): Value {
    const bound = this.#bounds.of(value);
    return bound <= most ? value : f.mul(value, 2 ** -Math.ceil(Math.log2(bound / most)));
  }

  weight(...dims: number[]): Value {
    return parameter(`w${this.#parameters++}`, dims, within);
  }

  /** What meets x: a parameter, a number, a literal, all of some of its axes; or another value. */
  operand(x: Value): Value | number {
    const { dims } = x.shape;
    const some = () => dims.slice(this.below(dims.length + 1)).map((length) => (this.chance() ? 1 : length));
    const kind = this.below(5);
    if (kind === 1) return x;
    if (kind === 2) return (this.below(17) - 8) / 4;
    if (kind === 3) {
      const own = some();
      return literal(reals(elementsOf(own), this.below(99)), own);
    }
    if (kind === 4) return this.value(0, ({ shape }) => shape.dims.length === dims.length);
    const own = some();
    return this.weight(...(own.length > 0 ? own : [1]));
  }

  /** An axis of a row's, counted with the rows. */
  axis(x: Value): number {
    return this.below(x.shape.dims.length) + Number(x.shape.rows);
  }

  #source(axes: number, fits: (value: Value) => boolean): Value {
    const made = shapes.map((dims) => input(dims, { name: `x${this.inputs.length}` }));
    const own = this.pick(made.filter((value) => value.shape.dims.length >= axes && fits(value)));
    if (!own) throw new ShapeError('Sketch', 'no shape of an input fits');
    this.inputs.push(own);
    const scaled = f.mul(own, this.weight(own.shape.dims.at(-1)!));
    for (const value of [own, scaled]) this.#sources.add(value);
    this.#values.push(scaled);
    return scaled;
  }

  /** The network of all results that nothing reads; undefined where there is none of an input. */
  network(seed: number): Network | undefined {
    const results = this.#values.filter((value) => !this.#sources.has(value));
    const ofInput = (value: Value) => nodesOf([value]).some(isInput);
    const read = new Set(results.flatMap(({ node }) => nodesOf(node.inputs)));
    const ends = results.filter(({ node }) => !read.has(node));
    const [first, ...others] = ends.filter((value) => value.shape.rows && ofInput(value)).reverse();
    if (!first) return undefined;
    const outputs = others.slice(0, 2);
    const rest = ends.filter((value) => value !== first && !outputs.includes(value));
    const added = rest.reduce((total, value) => f.add(total, numberOf(value, total)), first);
    const all = [added, ...outputs].map((own) => (own.shape.dims.length > 0 ? own : f.reshape(own, [1])));
    // Without any parameter there would be nothing to train.
    if (!nodesOf(all).some(isParameter)) all[0] = f.add(all[0], this.weight(1));
    const used = new Set(nodesOf(all));
    const model = network(
      Object.fromEntries(this.inputs.filter(({ node }) => used.has(node)).map((own) => [nameOf(own), own])),
      Object.fromEntries(all.map((own, i) => [`y${i}`, own])),
      { seed },
    );
    fill(model);
    return model;
  }
}

/** One number of a value, or one a row, in as many axes as another has. */
function numberOf(value: Value, like: Value): Value {
  const { rows, dims } = value.shape;
  if (!rows) return f.mean(value);
  const mean = dims.length > 0 ? f.mean(value, { axis: dims.map((_, i) => i + 1) }) : value;
  return f.reshape(
    mean,
    like.shape.dims.map(() => 1),
  );
}

/** No bias is 0 and no weight of a norm is 1, which would hide much. */
function fill({ parameters, buffers }: Network): void {
  for (const [i, { values, shape }] of parameters.entries()) {
    values.set(reals(values.length, 31 + i, shape.length > 1 ? 1 : 0.75));
  }
  for (const [i, { values, name }] of buffers.entries()) {
    const least = name.endsWith('Var') || name.endsWith('deviation') ? 1 : 0;
    values.set(reals(values.length, 67 + i, 0.5).map((value) => value + least));
  }
}

function isInput({ operation }: Node): boolean {
  return (operation as unknown) === inputLeaf;
}

function nameOf({ node }: Value): string {
  return attributesOf(node, inputLeaf).name!;
}
