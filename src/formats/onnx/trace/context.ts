/** What an operator of ONNX is read with: one node, its inputs as far as they are known, and its attributes. */

import { elementsOf } from '../../../base/arrays.js';
import { show } from '../../../base/errors.js';
import * as F from '../../../graph/functions.js';
import type { Value } from '../../../graph/value.js';
import type { Fail } from '../../protobuf.js';
import { attributeOf } from '../flow.js';
import { shortest } from '../operator.js';
import { dataTypes, type OnnxNode, type OnnxTensor } from '../proto.js';
import { floatValues, intValues } from '../values.js';
import {
  checkMade,
  checkRank,
  hasBatch,
  type Kind,
  type Known,
  known,
  named,
  permute,
  spread,
} from './array.js';
import { plain, reshaped, stretched } from './layout.js';
import { dimsOf, isKnown, literalOf, type Term, type Traced, tracedOf, tracedTerm } from './traced.js';
import type { Turned, Weight } from './weights.js';

/** What an input of a node may be. */
export type Given = Term | Turned;

/** What all nodes of a graph have in common. */
export interface Tracing {
  readonly opset: number;
  /** The size of a batch where the file has a number for it. */
  readonly batch: number | undefined;
  /** Numbers that may be made still: no small file may ask for many. */
  readonly budget: { left: number; seen: number };
  /** A constant that stands in a node, under the name that the file has for it. */
  weight(name: string, array: Known): Weight;
  /** What a node changes, under a name that the file has. */
  buffer(name: string, array: Known): Weight;
}

/** How an operator is read: its outputs, of which those that nobody reads may be left out. */
export interface TracedOperator {
  read(node: NodeReader): Term | Turned | readonly (Term | Turned)[];
  /** Attributes that are understood; any other may change what the operator does. */
  readonly attributes?: readonly string[];
  /** Inputs that it may have. */
  readonly inputs: number;
  /** Outputs that it may have; 1 by default. */
  readonly outputs?: number;
}

export class NodeReader {
  readonly node: OnnxNode;
  readonly graph: Tracing;
  readonly fail: Fail;
  readonly #given: readonly (Given | undefined)[];

  constructor(node: OnnxNode, graph: Tracing, given: readonly (Given | undefined)[], fail: Fail) {
    this.node = node;
    this.graph = graph;
    this.fail = fail;
    this.#given = given;
  }

  get opset(): number {
    return this.graph.opset;
  }

  /** Inputs that are there. */
  get count(): number {
    return this.#given.length;
  }

  has(place: number): boolean {
    return this.#given[place] !== undefined;
  }

  /** An input as it is. */
  given(place: number): Given {
    return this.#given[place] ?? this.fail(`its input ${place} is missing`);
  }

  /** An input; a weight is a parameter now, as it is in the file. */
  term(place: number): Term {
    const given = this.given(place);
    return 'weight' in given ? this.#parameter(given) : given;
  }

  /** So many inputs, or all. */
  terms(count = this.count): Term[] {
    return Array.from({ length: count }, (_, place) => this.term(place));
  }

  traced(place: number): Traced {
    return tracedTerm(this.term(place), this.fail);
  }

  /** The shape of an input. */
  dims(place: number): readonly number[] {
    const given = this.given(place);
    return 'weight' in given ? given.axes.map((axis) => given.weight.array.dims[axis]) : dimsOf(given);
  }

  /** The kind of an input's elements. */
  kind(place: number): Kind {
    const given = this.given(place);
    return 'weight' in given ? 'float' : given.kind;
  }

  /** An input that has to be known when the graph is read; undefined where it is absent. */
  known(place: number): Known | undefined {
    const given = this.#given[place];
    if (given === undefined) return undefined;
    if ('weight' in given) return permute(given.weight.array, given.axes);
    return isKnown(given)
      ? given
      : this.fail(`expected its input ${show(this.node.inputs[place])} to be a constant`);
  }

  /** Numbers of an input that has to be known; undefined where it is absent. */
  numbers(place: number): number[] | undefined {
    const given = this.known(place);
    return given && Array.from(given.values);
  }

  /** One number, or none. */
  number(place: number): number | undefined {
    const values = this.numbers(place);
    if (values === undefined || values.length === 1) return values?.[0];
    return this.fail(`expected one number as input ${place}, given ${values.length}`);
  }

  /** An input that is the same for every row, with its axes turned: axis i is axes[i] of the file's. */
  weight(place: number, axes?: readonly number[], isBuffer = false): Value {
    const given = this.given(place);
    const order = axes ?? [...this.dims(place).keys()];
    if (isBuffer) {
      const array = this.known(place)!;
      return this.graph.buffer(this.node.inputs[place], array).as(order, this.fail, true);
    }
    if ('weight' in given) {
      const own = order.map((axis) => given.axes[axis]);
      return given.weight.as(own, this.fail);
    }
    if (isKnown(given)) {
      // A constant that stands in a node of the file is a weight as well.
      if (given.dataType !== undefined && given.kind === 'float')
        return this.graph.weight(this.node.inputs[place], given).as(order, this.fail);
      return literalOf(permute(given, order), this.fail);
    }
    const { value } = plain(given, this.fail);
    if (value.shape.rows) this.fail(`expected its input ${show(this.node.inputs[place])} to be a constant`);
    return order.every((axis, i) => axis === i) ? value : F.transpose(value, order);
  }

  int(name: string, fallback: number): number {
    const attribute = attributeOf(this.node, name);
    if (attribute === undefined) return fallback;
    return attribute.int ?? this.fail(`expected its attribute ${name} to be a whole number`);
  }

  flag(name: string, fallback = false): boolean {
    return this.int(name, Number(fallback)) !== 0;
  }

  ints(name: string): readonly number[] | undefined {
    const attribute = attributeOf(this.node, name);
    if (attribute === undefined) return undefined;
    // Writers leave out an empty list.
    return (
      attribute.ints ??
      (Object.keys(attribute).length === 1
        ? []
        : this.fail(`expected its attribute ${name} to be a list of whole numbers`))
    );
  }

  float(name: string, fallback: number): number {
    const attribute = attributeOf(this.node, name);
    if (attribute === undefined) return fallback;
    return shortest(attribute.float ?? this.fail(`expected its attribute ${name} to be a number`));
  }

  /** What is added to a variance, of which a root is taken. */
  epsilon(): number {
    const eps = this.float('epsilon', 1e-5);
    if (eps >= 0 && Number.isFinite(eps)) return eps;
    return this.fail(`expected its attribute epsilon to be a number of at least 0, given ${eps}`);
  }

  floats(name: string): readonly number[] | undefined {
    return attributeOf(this.node, name)?.floats;
  }

  tensor(name: string): Known | undefined {
    const tensor = attributeOf(this.node, name)?.tensor;
    return tensor && knownOf(tensor, this.fail);
  }

  /** A word; the first of the list where there is none. */
  word<W extends string>(name: string, words: readonly W[]): W {
    const given = attributeOf(this.node, name)?.string ?? words[0];
    return (
      words.find((own) => own === given) ??
      this.fail(`expected ${name} to be ${words.join(' or ')}, given ${show(given)}`)
    );
  }

  /** Numbers that are an attribute up to one operator set, and an input since. */
  list(name: string, place: number): readonly number[] | undefined {
    return this.ints(name) ?? this.numbers(place);
  }

  /** An axis of an array of this rank, counted from the first. */
  axis(given: number, rank: number): number {
    const axis = given < 0 ? given + rank : given;
    return Number.isInteger(axis) && axis >= 0 && axis < rank
      ? axis
      : this.fail(`expected an axis of ${rank}, given ${given}`);
  }

  axes(given: readonly number[], rank: number): number[] {
    checkRank(rank, this.fail);
    const axes = given.map((own) => this.axis(own, rank));
    return new Set(axes).size === axes.length ? axes : this.fail(`an axis is named twice: ${show(given)}`);
  }

  /** Call before so many numbers are made. */
  claim(count: number): void {
    const { budget } = this.graph;
    if (!(count >= 0 && count <= budget.left))
      this.fail(`it makes more numbers than a file of this size may ask for: ${count}`);
    budget.left -= count;
  }

  /** So many whole numbers, from `begin` on. */
  places(count: number, begin = 0, step = 1): number[] {
    this.claim(count);
    return Array.from({ length: count }, (_, i) => begin + i * step);
  }

  /** 0, 1, 2 and so on along one axis of a shape, whose other axes have length 1. */
  placesAlong(dims: readonly number[], axis: number): Known {
    const shape = dims.map((length, i) => (i === axis ? length : 1));
    return known('int', shape, this.places(dims[axis]));
  }

  /** Numbers that are known as a value. */
  literal(array: Known): Traced {
    return tracedTerm(array, this.fail);
  }

  /** The same elements, row-major, under other axes. */
  reshaped(x: Traced, dims: readonly number[]): Traced {
    checkRank(dims.length, this.fail);
    return reshaped(x, dims, this.graph.batch, this.fail);
  }

  reshapedTerm(x: Term, dims: readonly number[]): Term {
    if (!isKnown(x)) return this.reshaped(x, dims);
    checkRank(dims.length, this.fail);
    if (elementsOf(dims) === x.values.length) return { ...x, dims };
    return this.fail(`expected a shape of ${x.values.length} elements, given ${show(named(dims))}`);
  }

  /** Repeated along axes of length 1, aligned at the last, without being written out where it is a value. */
  stretched(x: Term, dims: readonly number[]): Term {
    checkRank(dims.length, this.fail);
    if (!isKnown(x)) return stretched(x, dims);
    if (dims.some(hasBatch)) return stretched(this.literal(x), dims);
    checkMade(dims, this.fail);
    return spread(x, dims);
  }

  #parameter({ weight, axes }: Turned): Traced {
    return tracedOf(weight.as(axes, this.fail), 'float');
  }
}

const FLOATS: readonly number[] = [dataTypes.float, dataTypes.double, dataTypes.float16, dataTypes.bfloat16];

/** What the elements of a type are here. Throws for strings and the like. */
export function kindOf(dataType: number, fail: Fail): Kind {
  if (FLOATS.includes(dataType)) return 'float';
  if (dataType === dataTypes.bool) return 'bool';
  // All whole numbers: 8 to 64 bits, with a sign or without.
  if ([2, 3, 4, 5, 6, 7, 12, 13].includes(dataType)) return 'int';
  return fail(`elements of type ${dataType} are not supported`);
}

/** A tensor of the file as an array. */
export function knownOf(tensor: OnnxTensor, fail: Fail): Known {
  const kind = kindOf(tensor.dataType, fail);
  if (kind !== 'float')
    return { ...known(kind, tensor.dims, intValues(tensor, fail)), dataType: tensor.dataType };
  return { kind, dims: tensor.dims, values: floatValues(tensor, fail), dataType: tensor.dataType };
}
