/**
 * The reference backend's memory: one ArrayBuffer with a view for each element type. It only grows; who owns
 * which bytes is the engine's matter.
 */
import { EngineError } from '../../base/errors.js';
import type { Kernels } from '../../engine/kernels.js';

/** What an operation's readable twins are, by its signatures. */
export type Twins<S> = Pick<Kernels, Extract<keyof S, keyof Kernels>>;

export type Precision = 'float32' | 'float64';
export type Floats = Float32Array | Float64Array;

const PAGE = 65536;
/** Pointers are unsigned 32-bit integers here too. */
const MAX_BYTES = 2 ** 32;

/** Views are replaced when the memory grows: a kernel reads them from here at each call. */
export class ReferenceMemory {
  /** log2 of a floating-point element's bytes: `pointer >>> shift` is an index into `f`. */
  readonly shift: 2 | 3;
  /** The elements, of the precision asked for. */
  f!: Floats;
  i32!: Int32Array;
  u32!: Uint32Array;
  u16!: Uint16Array;
  u8!: Uint8Array;

  constructor(precision: Precision) {
    this.shift = precision === 'float64' ? 3 : 2;
    this.#view(new ArrayBuffer(PAGE));
  }

  get buffer(): ArrayBuffer {
    return this.u8.buffer as ArrayBuffer;
  }

  /**
   * At least `bytes`, and half as much again as before, so that many small steps do not copy everything each
   * time.
   */
  reserve(bytes: number): void {
    const held = this.u8.byteLength;
    if (bytes <= held) return;
    if (bytes > MAX_BYTES) {
      throw new EngineError('memory', `expected at most 4 GiB, given ${bytes} bytes to hold`);
    }
    const size = Math.min(Math.ceil(Math.max(bytes, held * 1.5) / PAGE) * PAGE, MAX_BYTES);
    let grown: ArrayBuffer;
    try {
      grown = new ArrayBuffer(size);
    } catch (cause) {
      throw new EngineError('memory', `the runtime refused to grow to ${size} bytes`, { cause });
    }
    new Uint8Array(grown).set(this.u8);
    this.#view(grown);
  }

  /** A scalar argument in the elements' precision: the Wasm kernels receive it as float32. */
  round(scalar: number): number {
    return this.shift === 2 ? Math.fround(scalar) : scalar;
  }

  #view(buffer: ArrayBuffer): void {
    this.f = this.shift === 2 ? new Float32Array(buffer) : new Float64Array(buffer);
    this.i32 = new Int32Array(buffer);
    this.u32 = new Uint32Array(buffer);
    this.u16 = new Uint16Array(buffer);
    this.u8 = new Uint8Array(buffer);
  }
}
