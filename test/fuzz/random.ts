/**
 * Random numbers by a seed: a case is made of its seed and its number alone, so that any one can be made
 * again. What was drawn can be kept and drawn once more, also with some of it left out.
 */
export class Random {
  #state: number;
  #tape: readonly number[] | undefined;
  /** Whole numbers below 2^32 that were drawn, once `record` was called. */
  drawn: number[] | undefined;

  constructor(seed: number, stream = 0) {
    this.#state = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(stream + 1, 0x85ebca6b)) >>> 0;
    for (let i = 0; i < 4; i++) this.next();
  }

  /** Draws these numbers, and zeros after them. */
  static of(tape: readonly number[]): Random {
    const random = new Random(0);
    random.#tape = tape;
    random.#state = 0;
    return random;
  }

  record(): this {
    this.drawn = [];
    return this;
  }

  /** At least 0, less than 1. */
  next(): number {
    const number = this.#tape ? (this.#tape[this.#state++] ?? 0) : this.#splitmix32();
    this.drawn?.push(number);
    return number / 2 ** 32;
  }

  #splitmix32(): number {
    this.#state = (this.#state + 0x9e3779b9) >>> 0;
    let z = this.#state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  }

  /** A whole number, at least 0, less than `limit`. */
  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)];
  }

  /** `length` entries that `make` makes. */
  list<T>(length: number, make: (index: number) => T): T[] {
    return Array.from({ length }, (_, index) => make(index));
  }

  bytes(length: number): Uint8Array<ArrayBuffer> {
    return Uint8Array.from({ length }, () => this.below(256));
  }

  /** A number that float32 has, of modest size. */
  float(size = 2): number {
    return Math.fround((this.next() - 0.5) * 2 * size);
  }

  floats(length: number, size = 2): Float32Array<ArrayBuffer> {
    return Float32Array.from({ length }, () => this.float(size));
  }
}
