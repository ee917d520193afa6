/**
 * Which rows train, which validate, which test: decided row by row as they are read, so that one pass will do. Each class is dealt
 * out on its own, in blocks of twenty rows in a random order that depends on the seed alone; the first row of a class trains.
 */
import { fillPermutation, randomSource } from '../engine/reference/random.js';

/** Parts of a table, as they are numbered in `Splitter.assign`. */
export const PARTS = ['train', 'validation', 'test'] as const;
export type Part = (typeof PARTS)[number];

/** Shares of the rows, in steps of 5 %. */
export interface SplitFractions {
  readonly validation: number;
  readonly test: number;
}

/** Rows of a block: the shares are whole numbers of them. */
const BLOCK = 20;
/** Streams of random numbers: parameters take their index, the order of epochs begins at twice this. */
const SPLIT_STREAM = 0x40000000;

interface Stratum {
  block: Uint8Array;
  dealt: number;
}

export class Splitter {
  readonly #seed: number;
  readonly #deal: Uint8Array;
  readonly #strata = new Map<string | number, Stratum>();
  #blocks = 0;

  constructor(seed: number, { validation, test }: SplitFractions) {
    this.#seed = seed;
    this.#deal = new Uint8Array(BLOCK);
    const validationRows = Math.round(validation * BLOCK);
    const testRows = Math.round(test * BLOCK);
    this.#deal.fill(1, BLOCK - validationRows - testRows);
    this.#deal.fill(2, BLOCK - testRows);
  }

  /** The part of the next row of this class. */
  next(key: string | number): number {
    let stratum = this.#strata.get(key);
    if (!stratum) {
      stratum = { block: this.#shuffled(), dealt: 0 };
      const train = stratum.block.indexOf(0);
      if (train > 0) [stratum.block[0], stratum.block[train]] = [0, stratum.block[0]];
      this.#strata.set(key, stratum);
    } else if (stratum.dealt === BLOCK) {
      stratum.block = this.#shuffled();
      stratum.dealt = 0;
    }
    return stratum.block[stratum.dealt++];
  }

  #shuffled(): Uint8Array {
    const order = new Uint32Array(BLOCK);
    fillPermutation(order, randomSource(this.#seed, SPLIT_STREAM + this.#blocks++));
    return Uint8Array.from(order, (place) => this.#deal[place]);
  }
}
