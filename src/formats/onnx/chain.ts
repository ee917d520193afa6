/**
 * An ONNX graph as a chain: one input, one output, and between them operators that each read what the one
 * before made, and constants. Branches, cycles and what stands beside the chain are refused. It knows no
 * operator.
 */
import { show } from '../../base/errors.js';
import type { Fail } from '../protobuf.js';
import type { OnnxAttribute, OnnxModel, OnnxNode, OnnxTensor, OnnxValue } from './proto.js';

export class Chain {
  readonly input: OnnxValue;
  readonly output: OnnxValue;
  readonly #constants = new Map<string, OnnxTensor>();
  readonly #consumers = new Map<string, OnnxNode[]>();
  readonly #rest: Set<OnnxNode>;
  readonly #fail: Fail;
  /** The value that has been reached. */
  #current: string;

  constructor({ nodes, initializers, inputs, outputs }: OnnxModel, fail: Fail) {
    this.#fail = fail;
    for (const tensor of initializers) this.#addConstant(tensor.name, tensor);
    const produced = new Set<string>();
    this.#rest = new Set(nodes);
    for (const node of nodes) {
      const [output] = node.outputs;
      for (const name of node.outputs.filter((own) => own !== '')) {
        if (produced.has(name)) this.failAt(node, `its output ${show(name)} is made by another node as well`);
        if (this.#constants.has(name))
          this.failAt(node, `its output ${show(name)} is given twice: a constant has that name`);
        produced.add(name);
      }
      if (node.operator === 'Constant' && !node.domain) {
        const { tensor } = attributeOf(node, 'value') ?? {};
        if (tensor && output !== undefined) this.#addConstant(output, tensor);
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
    this.#current = this.input.name;
    if (produced.has(this.input.name)) fail(`input ${show(this.input.name)} is made by a node as well`);
  }

  /** Whether the output has been reached. */
  get done(): boolean {
    return this.#current === this.output.name;
  }

  get current(): string {
    return this.#current;
  }

  /** The nodes that read the current value: one, or the two of a small pattern. */
  next(): readonly OnnxNode[] {
    const nodes = this.#consumers.get(this.#current) ?? [];
    if (nodes.length === 0) this.#fail(`value ${show(this.#current)} leads to no node and is not the output`);
    return nodes;
  }

  /** Goes past a node to what it makes. */
  pass(node: OnnxNode): void {
    if (!this.#rest.delete(node)) this.failAt(node, 'the graph has a cycle');
    const [output = ''] = node.outputs;
    if (
      node.outputs
        .slice(1)
        .some((name) => name !== '' && (this.#consumers.has(name) || name === this.output.name))
    ) {
      this.failAt(node, 'expected only its first output to be used');
    }
    this.#current = output;
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

  /** Call at the output: all must have been passed. */
  end(): void {
    const beyond = this.#consumers.get(this.#current)?.[0];
    if (beyond) this.failAt(beyond, 'it reads the output of the graph');
    for (const node of this.#rest) this.failAt(node, 'it is not on the way from the input to the output');
  }

  failAt(node: OnnxNode, problem: string, cause?: unknown): never {
    return this.#fail(`node ${show(node.name)} (${node.operator}): ${problem}`, cause);
  }

  #addConstant(name: string, tensor: OnnxTensor): void {
    if (this.#constants.has(name)) this.#fail(`constant ${show(name)} is given twice`);
    this.#constants.set(name, tensor);
  }

  #only(what: string, values: readonly OnnxValue[]): OnnxValue {
    if (values.length === 1) return values[0];
    return this.#fail(`expected one ${what} of the graph, given ${show(values.map(({ name }) => name))}`);
  }
}

export function attributeOf(node: OnnxNode, name: string): OnnxAttribute | undefined {
  return node.attributes.find((attribute) => attribute.name === name);
}
