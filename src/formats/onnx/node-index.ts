/**
 * Who makes and who reads the values of a file, for what looks for several nodes that stand for one: those
 * are replaced together, where nothing else reads what lies between them.
 */
import { elementsOf } from '../../base/arrays.js';
import type { Fail } from '../protobuf.js';
import { dataTypes, type OnnxModel, type OnnxNode, type OnnxTensor } from './proto.js';
import { floatValues, intValues } from './values.js';

const FLOATS: readonly number[] = [dataTypes.float, dataTypes.double, dataTypes.float16, dataTypes.bfloat16];
const INTS: readonly number[] = [dataTypes.int64, dataTypes.int32];

export class NodeIndex {
  /** False for a file in which a value is made twice: the reader will say so. */
  readonly isSound: boolean;
  readonly #model: OnnxModel;
  readonly #fail: Fail;
  readonly #made = new Map<string, OnnxNode>();
  readonly #readers = new Map<string, number>();
  readonly #constants: ReadonlyMap<string, OnnxTensor>;
  readonly #replaced = new Map<OnnxNode, OnnxNode>();
  readonly #gone = new Set<OnnxNode>();

  constructor(model: OnnxModel, fail: Fail) {
    this.#model = model;
    this.#fail = fail;
    let count = 0;
    for (const node of model.nodes) {
      for (const name of node.outputs.filter((own) => own !== '')) {
        count++;
        this.#made.set(name, node);
      }
      for (const name of node.inputs) this.#readers.set(name, (this.#readers.get(name) ?? 0) + 1);
    }
    for (const { name } of model.outputs) this.#readers.set(name, Number.POSITIVE_INFINITY);
    this.#constants = new Map(model.initializers.map((tensor) => [tensor.name, tensor]));
    this.isSound = count === this.#made.size && this.#constants.size === model.initializers.length;
  }

  get nodes(): readonly OnnxNode[] {
    return this.#model.nodes;
  }

  /** What makes a value, if it is this operator of ONNX's own. */
  maker(name: string | undefined, operator: string): OnnxNode | undefined {
    const node = this.#made.get(name ?? '');
    return node && !node.domain && node.operator === operator ? node : undefined;
  }

  constant(name: string | undefined): OnnxTensor | undefined {
    const node = this.maker(name, 'Constant');
    const tensor = node
      ? node.attributes.find((attribute) => attribute.name === 'value')?.tensor
      : this.#constants.get(name ?? '');
    return tensor?.external ? undefined : tensor;
  }

  /** Of a constant that is one float, and gives what it meets no axis. */
  float(name: string | undefined): number | undefined {
    const tensor = this.constant(name);
    return isOne(tensor) && FLOATS.includes(tensor.dataType) ? floatValues(tensor, this.#fail)[0] : undefined;
  }

  /** Of a constant that is one whole number. */
  int(name: string | undefined): number | undefined {
    const tensor = this.constant(name);
    return isOne(tensor) && INTS.includes(tensor.dataType) ? intValues(tensor, this.#fail)[0] : undefined;
  }

  /**
   * Puts another node in place of the last of several. Does nothing where something else reads what the others
   * make, or they are part of another already.
   */
  replace(last: OnnxNode, others: readonly OnnxNode[], by: OnnxNode): void {
    const all = [last, ...others];
    const inside = new Map<string, number>();
    for (const name of all.flatMap(({ inputs }) => inputs)) inside.set(name, (inside.get(name) ?? 0) + 1);
    const isOpen = others.some(({ outputs }) =>
      outputs.some((name) => (this.#readers.get(name) ?? 0) !== (inside.get(name) ?? 0)),
    );
    if (isOpen || all.some((node) => this.#gone.has(node) || this.#replaced.has(node))) return;
    this.#replaced.set(last, by);
    for (const node of others) this.#gone.add(node);
  }

  /** The model with what was replaced. */
  result(): OnnxModel {
    if (this.#replaced.size === 0) return this.#model;
    const nodes = this.nodes
      .filter((node) => !this.#gone.has(node))
      .map((node) => this.#replaced.get(node) ?? node);
    const read = new Set(nodes.flatMap(({ inputs }) => inputs));
    // Constants that only those read must not be taken for something that leads nowhere.
    const isLeft = ({ operator, domain, outputs: [name = ''] }: OnnxNode) =>
      operator === 'Constant' && !domain && !read.has(name) && this.#readers.has(name);
    return { ...this.#model, nodes: nodes.filter((node) => !isLeft(node)) };
  }
}

function isOne(tensor: OnnxTensor | undefined): tensor is OnnxTensor {
  return tensor !== undefined && tensor.dims.length <= 1 && elementsOf(tensor.dims) === 1;
}
