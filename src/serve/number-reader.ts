/** A row's numbers as JSON has them: in one array, or nested as the input's axes are, the last ones of 1 left out. */
import { elementsOf } from '../base/arrays.js';
import { DataError, ShapeError, show } from '../base/errors.js';
import { BODY } from './errors.js';

/** Writes the numbers from `start` on. */
export class NumberReader {
  readonly #words: string;
  readonly #shape: readonly number[];
  readonly #to: Uint8Array | Float32Array;
  readonly #start: number;
  readonly #end: number;
  #at: number;

  constructor(words: string, shape: readonly number[], to: Uint8Array | Float32Array, start: number) {
    this.#words = words;
    this.#shape = shape;
    this.#to = to;
    this.#start = start;
    this.#end = start + elementsOf(shape);
    this.#at = start;
  }

  read(value: unknown): void {
    const size = this.#end - this.#start;
    if (!Array.isArray(value)) {
      if (size !== 1) this.#fail(`expected an array of ${size} numbers, given ${show(value)}`);
      this.#number(value);
    } else if (Array.isArray(value[0])) {
      this.#axis(value, 0);
    } else {
      if (value.length !== size) this.#fail(`expected ${size} numbers, given ${value.length}`);
      for (const item of value) this.#number(item);
    }
  }

  #axis(value: unknown, axis: number): void {
    const dims = this.#shape.slice(axis);
    if (!Array.isArray(value) && dims.every((size) => size === 1)) {
      this.#number(value);
      return;
    }
    const [size] = dims;
    if (!Array.isArray(value) || value.length !== size) {
      const given = Array.isArray(value) ? `${value.length} of them` : show(value);
      const wanted = size ?? 'a number';
      this.#fail(
        `expected nested arrays of [${this.#shape.join(', ')}], given ${given} in place of ${wanted}`,
      );
    }
    for (const item of value as unknown[]) this.#axis(item, axis + 1);
  }

  #number(value: unknown): void {
    const column = this.#at - this.#start + 1;
    const isByte = this.#to instanceof Uint8Array;
    if (typeof value !== 'number') this.#fail(`column ${column}: expected a number, given ${show(value)}`);
    if (isByte && !(Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 255)) {
      this.#fail(`column ${column}: expected a whole number from 0 to 255, given ${show(value)}`);
    }
    if (!isByte && !Number.isFinite(Math.fround(value as number))) {
      this.#fail(`column ${column}: expected a finite number that float32 holds, given ${show(value)}`);
    }
    this.#to[this.#at++] = value as number;
  }

  #fail(problem: string): never {
    throw new (problem.startsWith('column') ? DataError : ShapeError)(BODY, `${this.#words}: ${problem}`);
  }
}
