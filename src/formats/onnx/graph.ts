/**
 * Puts an ONNX graph together, value by value: each operator is a node that reads named values and makes one.
 */
import {
  doubleTensor,
  floatTensor,
  intTensor,
  type OnnxAttribute,
  type OnnxNode,
  type OnnxTensor,
} from './proto.js';

export class GraphBuilder {
  readonly nodes: OnnxNode[] = [];
  readonly initializers: OnnxTensor[] = [];
  /** The value that the next layer reads. */
  current: string;
  /** What new names begin with: the layer's place. */
  scope = '';

  /** Nodes by what their names begin with. */
  readonly #taken = new Map<string, number>();
  readonly #shared = new Set<string>();

  constructor(input: string) {
    this.current = input;
  }

  /** Adds a node that reads `inputs`; returns the name of what it makes. */
  node(
    operator: string,
    inputs: readonly string[],
    attributes: readonly OnnxAttribute[] = [],
    domain = '',
  ): string {
    const base = `${this.scope}/${operator}`;
    const taken = this.#taken.get(base) ?? 0;
    this.#taken.set(base, taken + 1);
    const name = taken === 0 ? base : `${base}_${taken}`;
    this.nodes.push({ name, operator, domain, inputs, outputs: [name], attributes });
    return name;
  }

  /** As `node`, of the current value and constants; what it makes is the new current value. */
  apply(
    operator: string,
    constants: readonly string[] = [],
    attributes: readonly OnnxAttribute[] = [],
  ): void {
    this.current = this.node(operator, [this.current, ...constants], attributes);
  }

  /** A constant of floats; returns its name. */
  floats(name: string, dims: readonly number[], values: Float32Array): string {
    this.initializers.push(floatTensor(name, dims, values));
    return name;
  }

  /** A constant of whole numbers, 64 bits. */
  ints(name: string, values: readonly number[]): string {
    this.initializers.push(intTensor(name, [values.length], values));
    return name;
  }

  /** The same for a constant that others may have too; it is written once. */
  sharedInts(name: string, values: readonly number[]): string {
    const own = `/${name}`;
    if (!this.#shared.has(own)) this.ints(own, values);
    this.#shared.add(own);
    return own;
  }

  /** One number in float64, without axes. */
  double(name: string, value: number): string {
    this.initializers.push(doubleTensor(name, [], [value]));
    return name;
  }

  /** One whole number, 64 bits, without axes. */
  scalarInt(name: string, value: number): string {
    this.initializers.push(intTensor(name, [], [value]));
    return name;
  }

  /** Gives the current value the name under which the graph returns it. */
  end(output: string): void {
    const last = this.nodes.at(-1);
    // Nothing may read the old name, which holds for the end of a chain.
    if (last && last.outputs[0] === this.current) {
      this.nodes[this.nodes.length - 1] = { ...last, outputs: [output] };
    } else {
      this.nodes.push({
        name: '/Identity',
        operator: 'Identity',
        inputs: [this.current],
        outputs: [output],
        attributes: [],
      });
    }
    this.current = output;
  }
}
