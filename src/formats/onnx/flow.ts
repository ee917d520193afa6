/**
 * How values flow through an ONNX graph: one input, one output, between them operators, each after those
 * whose values it reads, and constants. Cycles and what leads nowhere are refused. It knows no operator but
 * Constant.
 */
import { show } from '../../base/errors.js';
import type { Fail } from '../protobuf.js';
import type { OnnxAttribute, OnnxModel, OnnxNode, OnnxTensor, OnnxValue } from './proto.js';

export class Flow {
  readonly input: OnnxValue;
  readonly output: OnnxValue;
  readonly #constants = new Map<string, OnnxTensor>();
  readonly #consumers = new Map<string, OnnxNode[]>();
  readonly #produced = new Set<string>();
  readonly #rest: Set<OnnxNode>;
  readonly #fail: Fail;

  constructor({ nodes, initializers, inputs, outputs }: OnnxModel, fail: Fail) {
    this.#fail = fail;
    for (const tensor of initializers) this.addConstant(tensor.name, tensor);
    this.#rest = new Set(nodes);
    for (const node of nodes) {
      const [output] = node.outputs;
      for (const name of node.outputs.filter((own) => own !== '')) {
        if (this.#produced.has(name))
          this.failAt(node, `its output ${show(name)} is made by another node as well`);
        if (this.#constants.has(name))
          this.failAt(node, `its output ${show(name)} is given twice: a constant has that name`);
        this.#produced.add(name);
      }
      if (node.operator === 'Constant' && !node.domain) {
        const { tensor } = attributeOf(node, 'value') ?? {};
        if (tensor && output !== undefined) this.addConstant(output, tensor);
        else this.failAt(node, 'expected a constant tensor as attribute value');
        this.#rest.delete(node);
      }
      for (const name of new Set(node.inputs)) {
        const known = this.#consumers.get(name);
        if (known) known.push(node);
        else this.#consumers.set(name, [node]);
      }
    }
    // Before IR version 4 constants were listed among the inputs.
    const free = inputs.filter(({ name }) => !this.#constants.has(name));
    this.input = this.#only('input', free);
    this.output = this.#only('output', outputs);
    if (this.#produced.has(this.input.name)) fail(`input ${show(this.input.name)} is made by a node as well`);
  }

  /** Nodes, each after those that make what it reads; those in a cycle are left out. */
  *nodes(): Generator<OnnxNode> {
    const waits = new Map<OnnxNode, number>();
    const ready: OnnxNode[] = [];
    for (const node of this.#rest) {
      const count = [...new Set(node.inputs)].filter((name) => this.#isMade(name)).length;
      waits.set(node, count);
      if (count === 0) ready.push(node);
    }
    for (let i = 0; i < ready.length; i++) {
      yield ready[i];
      for (const name of new Set(ready[i].outputs)) {
        for (const next of this.consumers(name)) {
          const left = (waits.get(next) ?? 0) - 1;
          waits.set(next, left);
          if (left === 0) ready.push(next);
        }
      }
    }
  }

  /** The nodes that read a value. */
  consumers(name: string): readonly OnnxNode[] {
    return name === '' ? [] : (this.#consumers.get(name) ?? []);
  }

  /** Call for each node that has been read. */
  pass(node: OnnxNode): void {
    this.#rest.delete(node);
    const used = (name: string) => this.#consumers.has(name) || name === this.output.name;
    if (node.outputs.slice(1).some((name) => name !== '' && used(name))) {
      this.failAt(node, 'expected only its first output to be used');
    }
  }

  isConstant(name: string): boolean {
    return this.#constants.has(name);
  }

  /** Whether it is the input, or some node makes it. */
  isValue(name: string): boolean {
    return name === this.input.name || this.#isMade(name);
  }

  /** A value that is known when the graph is read; it has a name of its own. */
  addConstant(name: string, tensor: OnnxTensor): void {
    if (this.#constants.has(name)) this.#fail(`constant ${show(name)} is given twice`);
    this.#constants.set(name, tensor);
  }

  /** The node's input at this place as a constant; undefined when it is absent. */
  optionalConstant(node: OnnxNode, place: number): OnnxTensor | undefined {
    const name = node.inputs[place] ?? '';
    if (name === '') return undefined;
    return (
      this.#constants.get(name) ?? this.failAt(node, `expected its input ${show(name)} to be a constant`)
    );
  }

  constant(node: OnnxNode, place: number): OnnxTensor {
    return this.optionalConstant(node, place) ?? this.failAt(node, `its input ${place} is missing`);
  }

  /** Call when all has been read: `made` are the values that were, by the node that makes them. */
  end(made: ReadonlyMap<string, OnnxNode | undefined>): void {
    const { name } = this.output;
    const [beyond] = this.consumers(name);
    if (beyond) this.failAt(beyond, 'it reads the output of the graph');
    for (const [own, node] of made) {
      if (own === name || this.consumers(own).length > 0) continue;
      if (node && made.has(name))
        this.failAt(node, 'a branch that leads nowhere: it is not on the way from the input to the output');
      this.#fail(`value ${show(own)} leads to no node and is not the output`);
    }
    for (const node of this.#rest) this.failAt(node, 'it is not on the way from the input to the output');
    if (!made.has(name)) this.#fail(`its output ${show(name)} is made by no node`);
  }

  failAt(node: OnnxNode, problem: string, cause?: unknown): never {
    return this.#fail(`node ${show(node.name)} (${node.operator}): ${problem}`, cause);
  }

  #isMade(name: string): boolean {
    return this.#produced.has(name) && !this.#constants.has(name);
  }

  #only(what: string, values: readonly OnnxValue[]): OnnxValue {
    if (values.length === 1) return values[0];
    return this.#fail(`expected one ${what} of the graph, given ${show(values.map(({ name }) => name))}`);
  }
}

export function attributeOf(node: OnnxNode, name: string): OnnxAttribute | undefined {
  return node.attributes.find((attribute) => attribute.name === name);
}

/** Of a node that cannot be read: an error that names it. */
export function failer(node: OnnxNode, flow: Flow): Fail {
  return (problem, cause) => flow.failAt(node, problem, cause);
}

export function intAttribute(node: OnnxNode, name: string, fallback: number, fail: Fail): number {
  const attribute = attributeOf(node, name);
  if (attribute === undefined) return fallback;
  return attribute.int ?? fail(`expected its attribute ${name} to be a whole number`);
}

export function intsAttribute(
  node: OnnxNode,
  name: string,
  fallback: readonly number[],
  fail: Fail,
): readonly number[] {
  const attribute = attributeOf(node, name);
  if (attribute === undefined) return fallback;
  return attribute.ints ?? fail(`expected its attribute ${name} to be a list of whole numbers`);
}

export function numberAttribute(node: OnnxNode, name: string, fallback: number, fail: Fail): number {
  const attribute = attributeOf(node, name);
  if (attribute === undefined) return fallback;
  return attribute.float ?? fail(`expected its attribute ${name} to be a number`);
}

export function wordAttribute(node: OnnxNode, name: string, words: readonly string[], fail: Fail): string {
  const given = attributeOf(node, name)?.string ?? words[0];
  return words.includes(given)
    ? given
    : fail(`expected ${name} to be ${words.join(' or ')}, given ${show(given)}`);
}
