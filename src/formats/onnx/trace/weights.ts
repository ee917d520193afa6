/**
 * Initializers that become parameters of a model. They have the names that the file gives them, and lie as
 * their first reader wants them: what a convolution or a product would turn at each step is turned once.
 */
import { show } from '../../../base/errors.js';
import * as F from '../../../graph/functions.js';
import { bufferLeaf, isParameter, parameterLeaf } from '../../../graph/leaves.js';
import { rewrite } from '../../../graph/rewrite.js';
import { applyOne, type Node, nodesOf, type Value } from '../../../graph/value.js';
import { zeros } from '../../../nn/initializers.js';
import { type Network, setParameters } from '../../../nn/model.js';
import type { Fail } from '../../protobuf.js';
import type { OnnxNode } from '../proto.js';
import { type Known, permute } from './array.js';

export class Weight {
  readonly name: string;
  readonly array: Known;
  /** Axis i of the parameter is this axis of the file's, once it is there. */
  #axes: readonly number[] | undefined;
  #value: Value | undefined;
  readonly isShared: boolean;
  /** Whether it is kept, but not trained, whatever reads it. */
  readonly #isBuffer: boolean;

  /** @param isShared Whether several nodes read it: it then stays as it is in the file. */
  constructor(name: string, array: Known, isShared: boolean, isBuffer: boolean) {
    this.name = name;
    this.array = array;
    this.isShared = isShared;
    this.#isBuffer = isBuffer;
  }

  /** The parameter, once a node has read it. */
  get value(): Value | undefined {
    return this.#value;
  }

  /** The numbers that the parameter begins with. */
  get initial(): Known {
    return permute(this.array, this.#axes ?? [...this.array.dims.keys()]);
  }

  /** With axis i that of the file's at axes[i]; `isBuffer`: what is kept, but not trained. */
  as(axes: readonly number[], fail: Fail, isBuffer = false): Value {
    const own = [...this.array.dims.keys()];
    if (!this.#value) {
      this.#check(fail);
      this.#axes = this.isShared ? own : axes;
      const dims = this.#axes.map((axis) => this.array.dims[axis]);
      this.#value = this.#leaf(dims, isBuffer || this.#isBuffer);
    }
    const order = axes.map((axis) => this.#axes!.indexOf(axis));
    return order.every((axis, i) => axis === i) ? this.#value : F.transpose(this.#value, order);
  }

  /** Kept, but not trained, from now on. Returns it as it was. */
  keep(): Value {
    const before = this.#value!;
    this.#value = this.#leaf(before.shape.dims, true);
    return before;
  }

  #leaf(dims: readonly number[], isBuffer: boolean): Value {
    return applyOne(isBuffer ? bufferLeaf : parameterLeaf, [], {
      ...{ shape: { rows: false, dims }, name: this.name, initializer: zeros() },
      // Biases may have axes of length 1 in front.
      penalised: !isBuffer && dims.slice(0, -1).some((length) => length > 1),
      trainable: !isBuffer,
    });
  }

  #check(fail: Fail): void {
    const { values, dims } = this.array;
    if (values.length === 0) fail(`constant ${show(this.name)}: expected values, given shape ${show(dims)}`);
    const at = values.findIndex((value) => !Number.isFinite(value));
    if (at >= 0) fail(`constant ${show(this.name)}: expected finite values, given ${values[at]} at ${at}`);
  }
}

/** What is added to scores that must not count. */
const LEAST_OF_MASK = -1e4;

/** Whether it is no weight, but says which of several values count: 0, or -∞ and what stands for it. */
export function isMask({ values }: Known): boolean {
  return (
    values.every((value) => value === 0 || value <= LEAST_OF_MASK) && values.some((value) => value !== 0)
  );
}

/** A weight whose axes a node has turned: axis i is that of the weight's at axes[i]. */
export interface Turned {
  readonly weight: Weight;
  readonly axes: readonly number[];
}

/** Parameters and buffers that nodes have read, under names that are no two's. */
export class Weights {
  readonly #named = new Map<string, Weight>();
  readonly #all: Weight[] = [];
  readonly #readers = new Map<string, number>();
  readonly #taken = new Set<string>();

  readonly #buffers: ReadonlySet<string>;

  /** @param buffers Names of what is no parameter, where the file says that. */
  constructor(nodes: readonly OnnxNode[], buffers: ReadonlySet<string>) {
    this.#buffers = buffers;
    for (const { inputs } of nodes)
      for (const name of inputs) this.#readers.set(name, (this.#readers.get(name) ?? 0) + 1);
  }

  weight(name: string, array: Known): Weight {
    const made = this.#add(name, array, name);
    this.#named.set(name, made);
    return made;
  }

  /** Of a constant that several nodes may read. */
  constant(name: string, array: Known): Weight {
    return this.#named.get(name) ?? this.weight(name, array);
  }

  /** Of an initializer that nodes read as `output`, once they have its numbers. */
  dequantised(name: string, output: string, array: Known): Weight {
    return this.#add(name.replace(/_quantized$/, ''), array, output);
  }

  /**
   * What a node changes is its own: exporters make one constant of all that are equal, as norms that have
   * seen no batch are.
   */
  buffer(name: string, array: Known): Weight {
    const own = this.#named.get(name);
    return own && !own.isShared && !own.value ? own : this.#add(name, array, name);
  }

  /**
   * The same values with buffers in place of parameters that no gradient can reach, such as masks that are
   * only compared with a number.
   */
  settle(values: readonly Value[]): Value[] {
    const reached = new Set(values.map(({ node }) => node));
    for (const node of nodesOf(values).reverse()) {
      if (!reached.has(node) || node.operation.stops) continue;
      for (const own of node.inputs) reached.add(own.node);
    }
    const known = new Map<Value, Value>();
    for (const own of this.#all) {
      if (!own.value || !isParameter(own.value.node) || reached.has(own.value.node)) continue;
      known.set(own.keep(), own.value);
    }
    if (known.size > 0) rewrite(values, known);
    return values.map((value) => known.get(value) ?? value);
  }

  #add(name: string, array: Known, readAs: string): Weight {
    // As PyTorch's names are; what names of parameters cannot have becomes a line.
    const clean =
      name
        .replace(/^\/+/, '')
        .replaceAll('/', '.')
        .replace(/[^\w.:-]+/g, '_') || 'weight';
    let free = clean;
    for (let i = 1; this.#taken.has(free); i++) free = `${clean}_${i}`;
    this.#taken.add(free);
    const isShared = (this.#readers.get(readAs) ?? 0) > 1;
    const made = new Weight(free, array, isShared, this.#buffers.has(name));
    this.#all.push(made);
    return made;
  }

  /** The network with the numbers of the file. */
  fill(make: (named: (node: Node) => string) => Network, used: ReadonlySet<Node>): Network {
    const own = this.#all.filter(({ value }) => value && used.has(value.node));
    const names = new Map(own.map((weight) => [weight.value!.node, weight.name]));
    const model = make((node) => names.get(node)!);
    const tensors = own.map(({ name, initial }) => {
      const { dims, values } = initial;
      return [name, { shape: dims, values: values as Float32Array }] as const;
    });
    setParameters(model, new Map(tensors));
    return model;
  }
}
