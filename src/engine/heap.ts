/**
 * Places blocks in an engine's linear memory: first fit over a sorted list of gaps, neighbours joined when
 * freed. It is used when a model is compiled or a data set is uploaded, never within a training step.
 */
import type { Backend } from './kernels.js';

/** A cache line: no two tensors share one, and rows of 16 floats begin on one. */
export const ALIGNMENT = 64;

interface Block {
  start: number;
  end: number;
}

export class Heap {
  readonly #backend: Backend;
  /** Free blocks below `#top`, ascending, never adjacent. */
  readonly #gaps: Block[] = [];
  /** Everything from here on is free. */
  #top: number;
  /** From here on memory has come since, or will come, and was never handed out: it holds zeros. */
  #untouched: number;

  constructor(backend: Backend) {
    this.#backend = backend;
    this.#top = roundUp(backend.reservedBytes);
    this.#untouched = backend.buffer.byteLength;
  }

  /** Bytes in use, or lost between uses. */
  get top(): number {
    return this.#top;
  }

  /**
   * The pointer to `bytes` zeros. New memory is not written to: the system provides its pages at their first
   * use, near the thread that uses them, and none for what stays unused. Throws EngineError when memory cannot
   * grow.
   */
  allocate(bytes: number): number {
    const size = roundUp(Math.max(bytes, 1));
    const pointer = this.#take(size);
    const end = pointer + size;
    const used = Math.min(end, this.#untouched) - pointer;
    if (used > 0) new Uint8Array(this.#backend.buffer, pointer, used).fill(0);
    this.#untouched = Math.max(this.#untouched, end);
    return pointer;
  }

  #take(size: number): number {
    for (let i = 0; i < this.#gaps.length; i++) {
      const gap = this.#gaps[i];
      if (gap.end - gap.start < size) continue;
      const pointer = gap.start;
      gap.start += size;
      if (gap.start === gap.end) this.#gaps.splice(i, 1);
      return pointer;
    }
    // Growth first: when it throws, nothing has changed.
    this.#backend.reserve(this.#top + size);
    const pointer = this.#top;
    this.#top += size;
    return pointer;
  }

  /** Gives back what `allocate(bytes)` returned. */
  free(pointer: number, bytes: number): void {
    const start = pointer;
    const end = pointer + roundUp(Math.max(bytes, 1));
    let i = this.#gaps.findIndex((gap) => gap.start > start);
    if (i < 0) i = this.#gaps.length;
    this.#gaps.splice(i, 0, { start, end });
    this.#join(i);
    if (i > 0) this.#join(i - 1);
    const last = this.#gaps.at(-1);
    if (last && last.end === this.#top) {
      this.#top = last.start;
      this.#gaps.pop();
    }
  }

  #join(i: number): void {
    const left = this.#gaps[i];
    const right = this.#gaps[i + 1];
    if (!left || !right || left.end !== right.start) return;
    left.end = right.end;
    this.#gaps.splice(i + 1, 1);
  }
}

function roundUp(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}
