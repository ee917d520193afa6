/**
 * Random numbers of a sweep: they depend on the study's seed, the trial's number and what they are for, and on
 * nothing that has happened. Doubles of 53 bits, of Philox (base/random.ts).
 */
import { inverseNormal, philox } from '../base/random.js';

/** Apart from the streams of parameters, masks and orders, whose last counter is 0. */
const SWEEP = 0x73776570;

/** What numbers are drawn for, so that no two uses share any. */
export const purposes = { settings: 0, scramble: 1, generation: 2, explore: 3 } as const;

export class Draws {
  readonly #low: number;
  readonly #high: number;
  readonly #trial: number;
  readonly #purpose: number;
  readonly #block = new Uint32Array(4);
  #next = 0;

  constructor(seed: number, trial: number, purpose: keyof typeof purposes) {
    this.#low = seed >>> 0;
    this.#high = Math.floor(seed / 2 ** 32);
    this.#trial = trial;
    this.#purpose = purposes[purpose];
  }

  /** Evenly within (0, 1), neither end included. */
  uniform(): number {
    const half = this.#next & 1;
    if (half === 0) {
      philox(this.#block, this.#next >>> 1, this.#trial, this.#purpose, SWEEP, this.#low, this.#high);
    }
    this.#next++;
    const high = this.#block[2 * half] >>> 5;
    const low = this.#block[2 * half + 1] >>> 6;
    // 53 bits and a half of the next: never 0, and rounded to 1 by nothing.
    const bits = high * 2 ** 26 + low;
    return bits === 0 ? 2 ** -54 : bits * 2 ** -53;
  }

  /** A whole number from 0 to below `count`. */
  index(count: number): number {
    return Math.floor(this.uniform() * count);
  }

  normal(): number {
    return inverseNormal(this.uniform());
  }
}

/** 32 bits that depend on four numbers below 2³² and the seed alone. */
export function hash(seed: number, a: number, b: number, c: number): number {
  const block = new Uint32Array(4);
  philox(block, a, b, purposes.scramble ^ (c << 8), SWEEP, seed >>> 0, Math.floor(seed / 2 ** 32));
  return block[0];
}
