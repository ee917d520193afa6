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
  readonly #reserved: ReadonlySet<string>;

  /** @param reserved Names of parameters, which no other constant may take. */
  constructor(input: string, reserved: Iterable<string> = []) {
    this.current = input;
    this.#reserved = new Set(reserved);
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

  /** A parameter of the model, under its own name. */
  parameter(name: string, dims: readonly number[], values: Float32Array): string {
    this.initializers.push(floatTensor(name, dims, values));
    return name;
  }

  /**
   * Numbers that stand in the graph and are no parameter: a node of their own, by which readers tell them from
   * what is learned. Returns their name.
   */
  literal(name: string, dims: readonly number[], values: Float32Array): string {
    const attributes = [{ name: 'value', tensor: floatTensor(name, dims, values) }];
    this.nodes.push({ name, operator: 'Constant', inputs: [], outputs: [name], attributes });
    return name;
  }

  /** A constant of floats; returns its name. */
  floats(name: string, dims: readonly number[], values: Float32Array): string {
    return this.parameter(this.#freeName(name), dims, values);
  }

  /** A constant of whole numbers, 64 bits. */
  ints(name: string, values: readonly number[]): string {
    return this.#add(intTensor(this.#freeName(name), [values.length], values));
  }

  /** The same for a constant that others may have too; it is written once. */
  sharedInts(name: string, values: readonly number[]): string {
    const own = `/${name}`;
    if (!this.#shared.has(own)) this.ints(own, values);
    this.#shared.add(own);
    return own;
  }

  /** One float without axes, which others may read too; it is written once. */
  sharedFloat(value: number): string {
    const own = `/number.${Math.fround(value)}`;
    if (!this.#shared.has(own)) this.floats(own, [], Float32Array.of(value));
    this.#shared.add(own);
    return own;
  }

  /** One number in float64, without axes. */
  double(name: string, value: number): string {
    return this.#add(doubleTensor(this.#freeName(name), [], [value]));
  }

  /** One whole number, 64 bits, without axes. */
  scalarInt(name: string, value: number): string {
    return this.#add(intTensor(this.#freeName(name), [], [value]));
  }

  #add(tensor: OnnxTensor): string {
    this.initializers.push(tensor);
    return tensor.name;
  }

  /** No parameter's name has a slash. */
  #freeName(name: string): string {
    return this.#reserved.has(name) ? `/${name}` : name;
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
