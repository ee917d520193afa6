/** Writes nodes and constants of random graphs. */
import { floats, ints, node, whole } from '../schema.js';

/** The size of the batch that runs; no other axis has it. */
export const ROWS = 3;

/** What operators are written with. */
export class Writer {
  readonly nodes: ReturnType<typeof node>[] = [];
  readonly constants: object[] = [];
  readonly opset: number;
  readonly #next: () => number;
  #count = 0;

  constructor(next: () => number) {
    this.#next = next;
    this.opset = this.pick([11, 13, 17, 18, 20, 21]);
  }

  below(n: number): number {
    return Math.floor(this.#next() * n);
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)];
  }

  chance(share: number): boolean {
    return this.#next() < share;
  }

  name(stem: string): string {
    return `${stem}${this.#count++}`;
  }

  /** Numbers from `least` on, in quarters. */
  constant(dims: readonly number[], least = -2): string {
    const name = this.name('c');
    const size = dims.reduce((a, b) => a * b, 1);
    const values = Array.from({ length: size }, () => least + this.below(16) / 4);
    this.constants.push(floats(name, [...dims], values));
    return name;
  }

  list(values: readonly number[]): string {
    const name = this.name('c');
    this.constants.push({ ...whole(name, values) });
    return name;
  }

  number(value: number): string {
    const name = this.name('c');
    this.constants.push({ ...whole(name, [value]), dims: [] });
    return name;
  }

  add(operator: string, inputs: readonly string[], attributes: object[] = []): string {
    const output = this.name('v');
    this.nodes.push(node(operator, [...inputs], output, attributes));
    return output;
  }

  /** A list that is an attribute before an operator set, and an input since. */
  withList(operator: string, x: string, key: string, values: readonly number[], since: number): string {
    if (this.opset < since) return this.add(operator, [x], [ints(key, values)]);
    return this.add(operator, [x, this.list(values)]);
  }
}
