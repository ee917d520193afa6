/**
 * A typed array with a shape in an engine's memory. Above the engine it is a name for data: values go in by
 * `write` and come out by `read`, as copies, since memory that grows would detach any view.
 */
import { elementsOf, isNumericArray } from '../base/arrays.js';
import { EngineError, OptionError, ShapeError, show } from '../base/errors.js';
import { checkInteger } from '../base/options.js';
import type { Heap } from './heap.js';
import type { Backend, Kernels } from './kernels.js';

/** Floats to which padded rows are rounded up: a cache line of float32. */
const ROW_STEP = 16;

/**
 * Where rows would begin a multiple of this apart, they get one line more: a column of such a matrix meets in
 * a few sets of the first-level cache. With rows of 1024 floats products are 2 to 9 % slower without.
 */
const ALIAS = 256;

/** The leading dimension of padded rows of this length. */
export function paddedLength(columns: number): number {
  const length = Math.ceil(columns / ROW_STEP) * ROW_STEP;
  return length > 0 && length % ALIAS === 0 ? length + ROW_STEP : length;
}

/** `float` is float32, except in the reference engine's float64 mode. */
export type DType = 'float' | 'i32' | 'u32' | 'u16' | 'u8';

const DTYPES: readonly DType[] = ['float', 'i32', 'u32', 'u16', 'u8'];

export type TypedArray = Float32Array | Float64Array | Int32Array | Uint32Array | Uint16Array | Uint8Array;

/** What tensors, and the operations on them, need of the engine that they belong to. */
export interface TensorEngine {
  readonly disposed: boolean;
  /** @internal Throws EngineError when the engine has been disposed of. */
  readonly backend: Backend;
  /** @internal */
  readonly kernels: Kernels;
  /** @internal */
  readonly heap: Heap;
  /** @internal Pointer to the products' scratch space. */
  readonly work: number;
  /** @internal The products' `tiling` argument. */
  readonly tiling: number;
  /** @internal The `wide` argument of convolutions, and of what packs matrices for products. */
  readonly wide: number;
}

export class Tensor {
  readonly engine: TensorEngine;
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Number of elements, padding not counted. */
  readonly size: number;
  /** @internal Byte offset into the engine's memory. */
  readonly pointer: number;
  /**
   * @internal Leading dimension: elements from one row to the next. More than `columns` when rows are padded.
   */
  readonly ld: number;
  readonly #owner: Arena;
  /** Shared with all views of the same memory. */
  readonly #changes: { count: number };
  /** What `elements` gave last. */
  #elements: TypedArray | undefined;

  /** @internal Use `Arena.tensor`. */
  constructor(
    owner: Arena,
    dtype: DType,
    shape: readonly number[],
    pointer: number,
    ld?: number,
    changes = { count: 0 },
  ) {
    this.engine = owner.engine;
    this.dtype = dtype;
    this.shape = shape;
    this.size = elementsOf(shape);
    this.pointer = pointer;
    this.ld = ld ?? this.columns;
    this.#owner = owner;
    this.#changes = changes;
  }

  get rows(): number {
    return this.shape.length > 1 ? this.shape[this.shape.length - 2] : 1;
  }

  /** Length of the last axis. */
  get columns(): number {
    return this.shape[this.shape.length - 1];
  }

  /** @internal Elements from the first to behind the last, padding counted. */
  get span(): number {
    return this.columns === 0 ? 0 : (this.size / this.columns) * this.ld;
  }

  /** The same memory under another shape, from element `offset` on; `ld` pads the rows of the view. */
  view(shape: readonly number[], offset = 0, ld?: number): Tensor {
    checkShape('Tensor.view', shape);
    checkInteger('Tensor.view', 'offset', offset);
    const pointer = this.pointer + offset * this.elementBytes;
    const tensor = new Tensor(this.#owner, this.dtype, shape, pointer, ld, this.#changes);
    if (this.ld !== this.columns || !(offset >= 0 && offset + tensor.span <= this.size)) {
      throw new ShapeError('Tensor.view', `${formatShape(shape)} from ${offset} does not fit in ${this}`);
    }
    return tensor;
  }

  /** The first `count` entries of the first axis, the same memory. */
  firstRows(count: number): Tensor {
    if (!(Number.isInteger(count) && count >= 0 && count <= this.shape[0])) {
      throw new ShapeError('Tensor.firstRows', `${this} has no ${show(count)} rows`);
    }
    const shape = [count, ...this.shape.slice(1)];
    const ld = shape.length > 1 ? this.ld : count;
    return new Tensor(this.#owner, this.dtype, shape, this.pointer, ld, this.#changes);
  }

  /**
   * @internal The same memory with `rank` axes: all before the last `rank` - 1 become one. A vector becomes a
   * matrix of one row.
   */
  merged(rank: number): Tensor {
    if (this.shape.length === rank) return this;
    const last = this.shape.slice(Math.max(0, this.shape.length - rank + 1));
    const first = last.includes(0) ? 0 : this.size / elementsOf(last);
    const ones = new Array<number>(rank - 1 - last.length).fill(1);
    return new Tensor(
      this.#owner,
      this.dtype,
      [first, ...ones, ...last],
      this.pointer,
      this.ld,
      this.#changes,
    );
  }

  /** @internal The same memory under a shape of as many elements. */
  reshaped(shape: readonly number[], ld: number): Tensor {
    return new Tensor(this.#owner, this.dtype, shape, this.pointer, ld, this.#changes);
  }

  /** @internal All elements as a vector; only where no row is padded. */
  line(): Tensor {
    return this.view([this.size]);
  }

  /** @internal The same memory as one row, padding and all. */
  flat(): Tensor {
    return new Tensor(this.#owner, this.dtype, [this.span], this.pointer, undefined, this.#changes);
  }

  /**
   * @internal So many elements (as many as this has, padding counted), in memory that lives as long as this.
   */
  scratch(size = this.span): Tensor {
    return this.#owner.tensor(this.dtype, [size]);
  }

  /**
   * A copy of the values, row-major: all of them, or those of the first `count` entries of the first axis.
   */
  read(count?: number): TypedArray {
    const raw = this.#raw();
    const { columns, ld } = this;
    const size = count === undefined ? this.size : this.#entries('Tensor.read', count);
    const values = raw.slice(0, size);
    if (ld === columns) return values;
    for (let row = 1; row * columns < size; row++) {
      values.set(raw.subarray(row * ld, row * ld + columns), row * columns);
    }
    return values;
  }

  /**
   * Copies `values` in, row-major; there must be exactly `size` of them. With `from`, they are whole entries
   * of the first axis, as many as there are values for, and take the places from that entry on; the others
   * stay. Throws ShapeError when they do not fit.
   */
  write(values: ArrayLike<number>, from?: number): this {
    checkNumbers('Tensor.write', values);
    const { columns, ld } = this;
    const { length } = values;
    const first = from === undefined ? 0 : this.#entries('Tensor.write', from);
    if (from === undefined ? length !== this.size : !this.#holds(length, first)) {
      const entry = this.size / this.shape[0];
      const expected =
        from === undefined
          ? `${this.size} values`
          : `whole entries of ${entry} values, up to ${this.size - first}`;
      throw new ShapeError('Tensor.write', `expected ${expected} for ${this}, given ${length}`);
    }
    const raw = this.#raw();
    this.changed();
    if (ld === columns || length <= columns) {
      raw.set(values, ld === columns ? first : (first / columns) * ld);
      return this;
    }
    let at = (first / columns) * ld;
    for (let i = 0; i < length; at += ld - columns) {
      for (const end = i + columns; i < end; i++) raw[at++] = values[i];
    }
    return this;
  }

  /** Elements of the first `count` entries of the first axis. */
  #entries(where: string, count: number): number {
    if (!(Number.isInteger(count) && count >= 0 && count <= this.shape[0])) {
      throw new ShapeError(where, `${this} has no ${count} entries along its first axis`);
    }
    return count === 0 ? 0 : (this.size / this.shape[0]) * count;
  }

  /** Whether so many values are whole entries of the first axis and fit behind element `first`. */
  #holds(length: number, first: number): boolean {
    const entry = this.size / this.shape[0];
    return first + length <= this.size && (length === 0 || length % entry === 0);
  }

  /** Sets every element, padding too. */
  fill(value: number): this {
    if (typeof value !== 'number') {
      throw new OptionError('Tensor.fill', `expected a number, given ${show(value)}`);
    }
    this.#raw().fill(value);
    this.changed();
    return this;
  }

  /**
   * How often this memory, or any view of it, has been changed: by `write` and `fill`, and by kernels whose
   * callers say so with `changed`, as those do that change a model's parameters.
   */
  get version(): number {
    return this.#changes.count;
  }

  /** @internal After a kernel has changed it. */
  changed(): void {
    this.#changes.count++;
  }

  /**
   * @internal The memory itself, padding and all, for what writes to it at every step: to be asked for anew each
   * time, as memory that grows detaches it.
   */
  elements(): TypedArray {
    const { buffer } = this.engine.backend;
    if (this.#elements?.buffer !== buffer || this.#owner.disposed) this.#elements = this.#raw();
    return this.#elements!;
  }

  /** Element `i` of the flattened tensor. */
  at(i: number): number {
    checkInteger('Tensor.at', 'i', i, { min: 0, below: this.size });
    return this.#raw()[Math.floor(i / this.columns) * this.ld + (i % this.columns)];
  }

  toString(): string {
    return `${this.dtype} ${formatShape(this.shape)}`;
  }

  /** @internal */
  get elementBytes(): number {
    return bytesOf(this.engine, this.dtype);
  }

  #raw(): TypedArray {
    if (this.#owner.disposed) throw new EngineError('Tensor', `${this} has been disposed of`);
    const buffer = this.engine.backend.buffer;
    switch (this.dtype) {
      case 'float':
        return this.engine.backend.elementBytes === 8
          ? new Float64Array(buffer, this.pointer, this.span)
          : new Float32Array(buffer, this.pointer, this.span);
      case 'i32':
        return new Int32Array(buffer, this.pointer, this.span);
      case 'u32':
        return new Uint32Array(buffer, this.pointer, this.span);
      case 'u16':
        return new Uint16Array(buffer, this.pointer, this.span);
      case 'u8':
        return new Uint8Array(buffer, this.pointer, this.span);
    }
  }
}

/** Tensors that live and die together: those of a compiled model, or of an uploaded data set. */
export class Arena {
  readonly engine: TensorEngine;
  readonly #blocks: [pointer: number, bytes: number][] = [];
  #disposed = false;

  /** @internal Use `Engine.arena`. */
  constructor(engine: TensorEngine) {
    this.engine = engine;
  }

  get disposed(): boolean {
    return this.#disposed || this.engine.disposed;
  }

  /** A tensor of zeros whose rows each begin on a cache line; the padding between them stays zero. */
  padded(dtype: DType, shape: readonly number[]): Tensor {
    checkShape('Arena.padded', shape);
    return this.#place(dtype, shape, paddedLength(shape[shape.length - 1]));
  }

  /** @internal A tensor of zeros that lies in memory as this one does. */
  like({ dtype, shape, ld }: Tensor): Tensor {
    return this.#place(dtype, shape, ld);
  }

  /** A dense tensor filled with zeros. Throws EngineError when memory cannot grow. */
  tensor(dtype: DType, shape: readonly number[]): Tensor {
    checkShape('Arena.tensor', shape);
    return this.#place(dtype, shape, shape[shape.length - 1]);
  }

  #place(dtype: DType, shape: readonly number[], ld: number): Tensor {
    if (this.disposed) throw new EngineError('Arena.tensor', 'the arena or its engine has been disposed of');
    if (!DTYPES.includes(dtype)) {
      throw new OptionError(
        'Arena.tensor',
        `dtype: expected one of ${DTYPES.join(', ')}, given ${show(dtype)}`,
      );
    }
    const columns = shape[shape.length - 1];
    const bytes = (columns === 0 ? 0 : (elementsOf(shape) / columns) * ld) * bytesOf(this.engine, dtype);
    const pointer = this.engine.heap.allocate(bytes);
    this.#blocks.push([pointer, bytes]);
    return new Tensor(this, dtype, shape, pointer, ld);
  }

  /** Frees all its tensors. Twice is fine. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    if (this.engine.disposed) return;
    for (const [pointer, bytes] of this.#blocks) this.engine.heap.free(pointer, bytes);
  }
}

/** Axes that a tensor may have: none of ours has more than two, and a shape is no list of a million. */
const MAX_AXES = 8;

/** Throws OptionError for anything but a list of lengths. */
function checkShape(where: string, shape: unknown): void {
  if (!Array.isArray(shape) || shape.length === 0 || shape.length > MAX_AXES) {
    throw new OptionError(where, `shape: expected 1 to ${MAX_AXES} lengths, given ${show(shape)}`);
  }
  for (const length of shape) checkInteger(where, `shape ${show(shape)}`, length, { min: 0 });
}

/** Throws OptionError for anything but numbers, ShapeError for another count of them. */
function checkNumbers(where: string, values: ArrayLike<number>): void {
  const isTyped = isNumericArray(values);
  if (!isTyped && !Array.isArray(values)) {
    throw new OptionError(
      where,
      `values: expected an array of numbers or a typed array, given ${show(values)}`,
    );
  }
  if (isTyped) return;
  // Not by a method, which would pass over holes.
  for (let i = 0; i < values.length; i++) {
    if (typeof values[i] === 'number') continue;
    throw new OptionError(where, `values[${i}]: expected a number, given ${show(values[i])}`);
  }
}

export function formatShape(shape: readonly number[]): string {
  return `[${shape.join(', ')}]`;
}

function bytesOf(engine: TensorEngine, dtype: DType): number {
  if (dtype === 'float') return engine.backend.elementBytes;
  return dtype === 'u8' ? 1 : dtype === 'u16' ? 2 : 4;
}
