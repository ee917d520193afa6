/**
 * In which order of axes the values of a graph stand in an ONNX file. Images are [rows, height, width,
 * channels] here and [rows, channels, height, width] there. Each value has a name for every layout in which
 * somebody reads it, and is turned only where none of its names is the one that is asked for.
 */
import { elementsOf } from '../../base/arrays.js';
import { OptionError } from '../../base/errors.js';
import type { Value } from '../../graph/value.js';
import { sizeOf } from '../../ops/operation.js';
import type { GraphBuilder } from './graph.js';

/**
 * `last`: as here. `first`: of an image, its channels before its height. `flat`: of the row that an image
 * became, the order that it has with its channels first.
 */
export type Layout = 'last' | 'first' | 'flat';

/** Height, width and channels. */
export type Image = readonly number[];

/** A value that does not change: a parameter, a buffer, numbers that stand in the graph. */
interface Constant {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
  readonly isLiteral: boolean;
  /** Its names in the file, by the order in which its numbers stand there. */
  readonly written: Map<string, string>;
}

export class Layouts {
  readonly #graph: GraphBuilder;
  readonly #names = new Map<Value, Map<Layout, string>>();
  readonly #constants = new Map<Value, Constant>();
  /** Of rows that have a flat layout, the image that they were. */
  readonly #images = new Map<Value, Image>();

  constructor(graph: GraphBuilder) {
    this.#graph = graph;
  }

  /** `isLiteral`: of numbers that stand in the graph and are no parameter. */
  setConstant(value: Value, constant: Omit<Constant, 'written'>): void {
    this.#constants.set(value, { ...constant, written: new Map() });
  }

  set(value: Value, layout: Layout, name: string, image?: Image): void {
    const names = this.#names.get(value) ?? new Map<Layout, string>();
    this.#names.set(value, names.set(layout, name));
    if (image) this.#images.set(value, image);
  }

  isKnown(value: Value): boolean {
    return this.#names.has(value) || this.#constants.has(value);
  }

  isConstant(value: Value): boolean {
    return this.#constants.has(value);
  }

  /** Whether the value has a name in this layout already. */
  has(value: Value, layout: Layout): boolean {
    return this.#names.get(value)?.has(layout) ?? false;
  }

  /** The image that a row was that has a flat layout; undefined where it has none. */
  imageOf(value: Value): Image | undefined {
    return this.#images.get(value);
  }

  /** The name of the value as it is here; it is turned where it has no such name yet. */
  last(value: Value): string {
    if (this.#constants.has(value)) return this.constant(value, '', (shape, values) => [shape, values]);
    const known = this.#names.get(value);
    const name = known?.get('last');
    if (name !== undefined) return name;
    const first = known?.get('first');
    const flat = known?.get('flat');
    let turned: string | undefined;
    if (first !== undefined) turned = this.#turn(first, value.shape.dims, 'last');
    else if (flat !== undefined) turned = this.#turnRow(flat, this.#images.get(value)!, 'last');
    if (turned === undefined) {
      const { operation } = value.node;
      throw new OptionError('writeOnnx', `output ${value.index} of ${operation.name} has no form in ONNX`);
    }
    this.set(value, 'last', turned);
    return turned;
  }

  /** The name of images with their channels first. */
  first(value: Value): string {
    const known = this.#names.get(value)?.get('first');
    if (known !== undefined) return known;
    const { rows, dims } = value.shape;
    if (!rows || dims.length !== 3) {
      throw new OptionError('writeOnnx', 'an image without rows has no form in ONNX');
    }
    const turned = this.#turn(this.last(value), dims, 'first');
    this.set(value, 'first', turned);
    return turned;
  }

  /** The name of the row that an image became, in the order of channels first. */
  flat(value: Value, image: Image): string {
    const known = this.#names.get(value)?.get('flat');
    if (known !== undefined && this.#images.get(value)?.join() === image.join()) return known;
    const turned = this.#turnRow(this.last(value), image, 'first');
    this.set(value, 'flat', turned, image);
    return turned;
  }

  /**
   * A constant with its numbers in another order, `order` being the name of that. The first order that is
   * asked for has the constant's own name.
   */
  constant(
    value: Value,
    order: string,
    turn: (
      shape: readonly number[],
      values: Float32Array,
    ) => readonly [shape: readonly number[], values: Float32Array],
  ): string {
    const { name, shape, values, isLiteral, written } = this.#constants.get(value)!;
    const known = written.get(order);
    if (known !== undefined) return known;
    // No parameter's name has a slash.
    const own = written.size === 0 ? name : `${name}/${order || 'last'}`;
    const turned = turn(shape, values);
    written.set(
      order,
      isLiteral ? this.#graph.literal(own, ...turned) : this.#graph.parameter(own, ...turned),
    );
    return own;
  }

  /** Where one of the two is a line, its order is the same in both, and other axes will do. */
  #turn(name: string, dims: Image, to: 'first' | 'last'): string {
    const [height, width, channels] = dims;
    if (channels === 1 || height * width === 1) {
      return this.reshape(name, [0, ...(to === 'first' ? [channels, height, width] : dims)]);
    }
    return this.#graph.node(
      'Transpose',
      [name],
      [{ name: 'perm', ints: to === 'first' ? TO_FIRST : TO_LAST }],
    );
  }

  #turnRow(name: string, image: Image, to: 'first' | 'last'): string {
    const [height, width, channels] = image;
    const from = to === 'first' ? image : [channels, height, width];
    const turned = this.#turn(this.reshape(name, [0, ...from]), image, to);
    return this.reshape(turned, [0, elementsOf(image)]);
  }

  /** 0 is the length of the same axis of the input: the rows, however many there are. */
  reshape(name: string, lengths: readonly number[]): string {
    if (lengths.length === 2) return this.#graph.node('Flatten', [name], [{ name: 'axis', int: 1 }]);
    return this.#graph.node('Reshape', [name, this.#graph.sharedInts(`shape.${lengths.join('x')}`, lengths)]);
  }
}

const TO_FIRST = [0, 3, 1, 2];
const TO_LAST = [0, 2, 3, 1];

/** Whether a value has the shape of images. */
export function isImage({ shape }: Value): boolean {
  return shape.rows && shape.dims.length === 3;
}

/** Whether it is one number. */
export function isNumber({ shape }: Value): boolean {
  return !shape.rows && sizeOf(shape) === 1;
}
