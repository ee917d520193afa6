/**
 * Which rows train, which validate, which test: decided row by row as they are read, so that one pass will
 * do. Each class is dealt out on its own, in blocks of twenty rows in a random order that depends on the seed
 * alone; the first row of a class trains.
 */
import { fillPermutation } from '../base/permutation.js';
import { fillUniform, randomSource } from '../base/random.js';
import type { TableChunk } from './types.js';

/** Parts of a table, as they are numbered in `Splitter.assign`. */
export const PARTS = ['train', 'validation', 'test'] as const;
/** A part of the rows. */
export type Part = (typeof PARTS)[number];

/** The parts of rows whose target is missing, and of those that a sample leaves out. */
export const LEFT_OUT = 3;
const NOT_SAMPLED = 4;

/** Shares of the rows, in steps of 5 %. */
interface SplitFractions {
  readonly validation: number;
  readonly test: number;
}

/** How the rows are split. */
export interface Split extends SplitFractions {
  readonly seed: number;
  /** As the caller asked for it; undefined when it was found out, which the deal cannot wait for. */
  readonly task?: 'classification' | 'regression' | undefined;
  /** Share of the rows that are taken at all; 1 when absent. */
  readonly sample?: number | undefined;
}

/** Different numbers of a target up to which they may be classes. */
const MAX_NUMBER_CLASSES = 20;
/** Classes that a target may have. */
export const MAX_CLASSES = 1000;
/**
 * Classes that are dealt out on their own. Each takes memory, and a table with more is refused once it is read; a
 * number and a text may be one class.
 */
const MAX_STRATA = 2 * MAX_CLASSES;

/** Rows of a block: the shares are whole numbers of them. */
const BLOCK = 20;
/** Streams of random numbers: parameters take their index, the order of epochs begins at twice this. */
const SPLIT_STREAM = 0x40000000;
const SAMPLE_STREAM = 0x20000000;
/** Rows whose random numbers are drawn at once. */
const SAMPLE_BLOCK = 4096;

interface Stratum {
  block: Uint8Array;
  dealt: number;
}

class Splitter {
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
    if (!stratum && this.#strata.size >= MAX_STRATA) return 0;
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

/** Gives each row of a table its part. Classes are dealt out one by one as long as the target may be one. */
export class Dealer {
  readonly #splitter: Splitter;
  readonly #seen = new Set<number>();
  readonly #isSure: boolean;
  readonly #seed: number;
  readonly #sample: number;
  readonly #draws = new Float32Array(SAMPLE_BLOCK);
  #rows = 0;
  #byClass: boolean;

  constructor({ seed, validation, test, task, sample = 1 }: Split) {
    this.#seed = seed;
    this.#sample = sample;
    this.#splitter = new Splitter(seed, { validation, test });
    this.#byClass = task !== 'regression';
    this.#isSure = task === 'classification';
  }

  /** Of the next rows: a place in `PARTS`, or `LEFT_OUT`. */
  parts(chunk: TableChunk, targetColumn: number): Uint8Array {
    const { numbers, texts } = chunk.columns[targetColumn];
    return Uint8Array.from({ length: chunk.rows }, (_, i) => {
      if (!this.#isSampled()) return NOT_SAMPLED;
      const value = numbers[i];
      const key = Number.isNaN(value) ? texts?.[i] : value;
      if (key === undefined) return LEFT_OUT;
      if (!this.#byClass) return this.#splitter.next('');
      if (typeof key === 'number' && !this.#isSure) {
        this.#seen.add(key);
        // A regression: the rows that follow are dealt out together.
        if (this.#seen.size > MAX_NUMBER_CLASSES) this.#byClass = false;
      }
      return this.#splitter.next(key);
    });
  }

  /** Whether the next row of the table is taken: by its number and the seed alone. */
  #isSampled(): boolean {
    const row = this.#rows++;
    if (this.#sample >= 1) return true;
    const place = row % SAMPLE_BLOCK;
    if (place === 0) fillUniform(this.#draws, this.#seed, SAMPLE_STREAM + row / SAMPLE_BLOCK, 0, 1);
    return this.#draws[place] < this.#sample;
  }
}
