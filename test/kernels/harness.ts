/**
 * What the conformance suite runs on: the backends, and an arena that lays out one call's arrays between
 * guard bands. It knows no kernel; the expected values are computed in the tests, in float64.
 */
import { describe } from 'vitest';
import { platform } from '../../src/base/platform/node.js';
import { type Backend, type Kernels, RESERVED_BYTES } from '../../src/engine/kernels.js';
import { createWasmBackend } from '../../src/engine/wasm.js';
import { createReferenceBackend } from '../../src/ops/reference/index.js';

interface BackendUnderTest {
  readonly name: string;
  create(): Promise<Backend>;
}

platform.enableRelaxedSimd();

/**
 * A new binary is one more line. Turbo joins where this Node has it: .ci/run goes through the suite with Node
 * 24 too.
 */
const backends: readonly BackendUnderTest[] = [
  { name: 'reference', create: async () => createReferenceBackend() },
  { name: 'wasm simd', create: () => createWasmBackend({ binary: 'simd' }) },
  { name: 'wasm fma', create: () => createWasmBackend({ binary: 'fma' }) },
  // Everything is cut, however small, so that the seams are tested.
  { name: 'wasm simd, 3 threads', create: () => createWasmBackend({ binary: 'simd', threads: 3, worth: 0 }) },
  { name: 'wasm fma, 2 threads', create: () => createWasmBackend({ binary: 'fma', threads: 2, worth: 0 }) },
  ...(platform.turboUnavailable
    ? []
    : [
        { name: 'wasm simd turbo', create: () => createWasmBackend({ binary: 'simd', turbo: true }) },
        { name: 'wasm fma turbo', create: () => createWasmBackend({ binary: 'fma', turbo: true }) },
      ]),
];

/** The same tests for every backend. */
export function describeBackends(title: string, define: (arena: Arena) => void): void {
  for (const { name, backend } of created) describe(`${title} (${name})`, () => define(new Arena(backend)));
}

/** The reference in float64: for finite differences, which drown in float32's rounding. */
export function float64Arena(): Arena {
  return new Arena(createReferenceBackend({ precision: 'float64' }));
}

export { filled, gathered, integers, reals, spread, testNumbers } from './numbers.js';

export type Floats = Float32Array | Float64Array;
type Ints = Int32Array | Uint32Array | Uint8Array;

/** An array in the backend's memory. */
export interface Placed<T> {
  readonly pointer: number;
  /** A copy of its present values. */
  read(): T;
}

interface Block {
  readonly name: string;
  readonly start: number;
  readonly end: number;
  /** The bytes that must not change: both guards, and the array itself when it is an input. */
  readonly frozen: readonly { at: number; bytes: Uint8Array }[];
}

const GUARD = 64;
const CAPACITY = 32 * 2 ** 20;

/**
 * Lays out the arrays of one call. `input`, `output` and `placeInts` put guards around each; `check` verifies
 * that no guard and no input has changed. Pointers are aligned to their elements and, on purpose, to nothing
 * more.
 */
export class Arena {
  readonly kernels: Kernels;
  /** The products' scratch space; its guards are verified too. */
  readonly work: number;
  readonly #backend: Backend;
  readonly #workBytes: number;
  #cursor = 0;
  #blocks: Block[] = [];
  #endTaken = false;

  constructor(backend: Backend) {
    backend.reserve(CAPACITY);
    this.#backend = backend;
    this.kernels = backend.kernels;
    this.work = backend.reservedBytes + GUARD;
    this.#workBytes = backend.kernels.workspace_size();
    this.begin();
  }

  get hasThreads(): boolean {
    return 'pool' in this.#backend;
  }

  /** Whether it is the readable one, which has no tiles, blocks or caches. */
  get isReference(): boolean {
    return this.#backend.name === 'reference';
  }

  get elementBytes(): 4 | 8 {
    return this.#backend.elementBytes;
  }

  /** Forgets the arrays of the call before. */
  begin(): void {
    this.#blocks = [];
    this.#endTaken = false;
    this.#cursor = this.work + this.#workBytes + GUARD;
    // The backend's own bytes are frozen as they are.
    const reserved = new Uint8Array(this.#backend.buffer, 0, RESERVED_BYTES).slice();
    const frozen = [{ at: 0, bytes: reserved }];
    this.#blocks.push({ name: 'the reserved space', start: 0, end: RESERVED_BYTES, frozen });
    this.#blocks.push(this.#guard('work', this.work, this.#workBytes, 0x7f, false, true));
  }

  /** Floating-point elements that the call only reads. `atEnd`: its last byte is the memory's last. */
  input(name: string, values: ArrayLike<number>, atEnd = false): Placed<Floats> {
    return this.#place(name, this.#floats(values), true, atEnd);
  }

  /** Floating-point elements that the call may write; they begin as `values`. */
  output(name: string, values: ArrayLike<number>, atEnd = false): Placed<Floats> {
    return this.#place(name, this.#floats(values), false, atEnd);
  }

  inputInts<T extends Ints>(name: string, values: T, atEnd = false): Placed<T> {
    return this.#place(name, values, true, atEnd);
  }

  outputInts<T extends Ints>(name: string, values: T, atEnd = false): Placed<T> {
    return this.#place(name, values, false, atEnd);
  }

  /** Throws when a byte outside the outputs has changed. `context` opens the message. */
  check(context: string): void {
    for (const block of this.#blocks) {
      for (const { at, bytes } of block.frozen) {
        const now = new Uint8Array(this.#backend.buffer, at, bytes.length);
        if (Buffer.compare(now, bytes) === 0) continue;
        const changed = at + bytes.findIndex((byte, i) => byte !== now[i]);
        throw new Error(
          `${context}: byte ${changed} was written; ${block.name} is [${block.start}, ${block.end})`,
        );
      }
    }
  }

  #floats(values: ArrayLike<number>): Floats {
    return this.elementBytes === 8 ? new Float64Array(values) : new Float32Array(values);
  }

  #place<T extends Floats | Ints>(name: string, values: T, isInput: boolean, atEnd: boolean): Placed<T> {
    const element = values.BYTES_PER_ELEMENT;
    const total = this.#backend.buffer.byteLength;
    const start = atEnd
      ? total - values.byteLength
      : // One element past a multiple of 64: never by luck on a vector's boundary.
        Math.ceil((this.#cursor + GUARD) / 64) * 64 + element;
    if (atEnd && this.#endTaken) throw new Error('only one array can end the memory');
    if (atEnd) this.#endTaken = true;
    else this.#cursor = start + values.byteLength + GUARD;
    if (this.#cursor > total - (atEnd ? values.byteLength + GUARD : 0)) throw new Error('the arena is full');
    new Uint8Array(this.#backend.buffer).set(
      new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
      start,
    );
    const isFloat = values instanceof Float32Array || values instanceof Float64Array;
    this.#blocks.push(this.#guard(name, start, values.byteLength, isFloat ? 0xff : 0x7f, isInput, !atEnd));
    const make = values.constructor as new (buffer: ArrayBufferLike, offset: number, length: number) => T;
    const { length } = values;
    return {
      pointer: start,
      // A detached or shared buffer is never seen: slice copies.
      read: () => new make(this.#backend.buffer, start, length).slice() as T,
    };
  }

  /** Bytes of 0xff are a NaN in both precisions. */
  #guard(name: string, start: number, bytes: number, fill: number, isInput: boolean, after: boolean): Block {
    const memory = new Uint8Array(this.#backend.buffer);
    const end = start + bytes;
    memory.fill(fill, start - GUARD, start);
    if (after) memory.fill(fill, end, end + GUARD);
    const frozen = [{ at: start - GUARD, bytes: memory.slice(start - GUARD, isInput ? end : start) }];
    if (after) frozen.push({ at: end, bytes: memory.slice(end, end + GUARD) });
    return { name, start, end, frozen };
  }
}

const created = await Promise.all(
  backends.map(async ({ name, create }) => ({ name, backend: await create() })),
);
