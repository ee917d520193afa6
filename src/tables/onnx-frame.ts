/**
 * The columns of a table in front of a model in an ONNX file, and the unit of its target behind it, taken off
 * again. What they do is said by the graph and by the metadata: they are taken off only where both say the
 * same, node by node.
 */
import { show } from '../base/errors.js';
import { GraphBuilder } from '../formats/onnx/graph.js';
import {
  dataTypes,
  encodeNode,
  encodeTensor,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
} from '../formats/onnx/proto.js';
import type { Fail, ProtoWriter } from '../formats/protobuf.js';
import { writeTable, writeTarget } from './onnx-columns.js';
import { checkPreparation, inputSizeOf, outputSizeOf, type TablePreparation } from './preparation.js';

/** The model as it was before `writeOnnx` put a table around it; the same model where it did not. */
export function withoutFrame(onnx: OnnxModel, given: unknown, fail: Fail): OnnxModel {
  const [first, ...others] = onnx.inputs;
  // A column is of float64 or of strings.
  if (first?.elementType === dataTypes.float && others.length === 0) return onnx;
  const table = checkPreparation('table', given);
  const parts = new Parts(onnx, fail);
  const start = withoutColumns(parts, onnx, table, fail);
  const end = withoutTarget(parts, onnx, table, fail);
  const float = { elementType: dataTypes.float };
  return {
    ...onnx,
    ...{ nodes: end.nodes, initializers: parts.initializers },
    inputs: [{ ...float, name: start, shape: ['batch', inputSizeOf(table)] }],
    outputs: [{ ...float, name: end.output, shape: ['batch', outputSizeOf(table)] }],
  };
}

/** The name of what the columns become. */
function withoutColumns(parts: Parts, onnx: OnnxModel, table: TablePreparation, fail: Fail): string {
  const columns = parts.builder('');
  for (const { name, elementType, shape } of writeTable(columns, table)) {
    const own = onnx.inputs.find((input) => input.name === name);
    if (own?.elementType !== elementType || own.shape?.length !== shape?.length)
      fail(`expected an input for the column ${show(name)} of its table, [batch, 1]`);
  }
  if (onnx.inputs.length !== table.columns.length)
    fail(`expected ${table.columns.length} inputs, the columns of its table, given ${onnx.inputs.length}`);
  parts.remove(columns);
  return columns.current;
}

/** The nodes that are left, and the name of what was the output before it had the target's unit. */
function withoutTarget(
  parts: Parts,
  { outputs }: OnnxModel,
  table: TablePreparation,
  fail: Fail,
): { readonly nodes: readonly OnnxNode[]; readonly output: string } {
  if (outputs.length !== 1) fail(`expected one output of a model of a table, given ${outputs.length}`);
  const [{ name: output }] = outputs;
  const unit = parts.builder('');
  writeTarget(unit, table);
  const [scaling] = unit.nodes;
  if (!scaling) return { nodes: parts.nodes, output };
  const given = parts.node(scaling.outputs[0]);
  const [start = ''] = given?.inputs ?? [];
  const target = parts.builder(start);
  writeTarget(target, table);
  const end = target.current;
  // A list of layers ends with these nodes, all else with another that gives the output its name.
  const isNamed = parts.node(end) !== undefined;
  if (!isNamed) target.end(output);
  parts.remove(target);
  const nodes = parts.nodes.map((node) => ({
    ...node,
    inputs: node.inputs.map((name) => (name === end ? start : name)),
  }));
  return { nodes, output: isNamed ? output : start };
}

/** Nodes by what they make, and constants, of which some are taken away. */
class Parts {
  readonly #nodes: Map<string, OnnxNode>;
  readonly #initializers: Map<string, OnnxTensor>;
  /** Names of constants that had to be called otherwise, as a parameter has them. */
  readonly #reserved: readonly string[];
  readonly #fail: Fail;

  constructor({ nodes, initializers }: OnnxModel, fail: Fail) {
    this.#fail = fail;
    this.#nodes = new Map(nodes.map((node) => [node.outputs[0] ?? '', node]));
    this.#initializers = new Map(initializers.map((tensor) => [tensor.name, tensor]));
    if (this.#nodes.size !== nodes.length || this.#initializers.size !== initializers.length)
      fail('two of its values have the same name');
    this.#reserved = [...this.#initializers.keys()].filter((name) => this.#initializers.has(`/${name}`));
  }

  get nodes(): readonly OnnxNode[] {
    return [...this.#nodes.values()];
  }

  get initializers(): readonly OnnxTensor[] {
    return [...this.#initializers.values()];
  }

  node(output: string): OnnxNode | undefined {
    return this.#nodes.get(output);
  }

  builder(current: string): GraphBuilder {
    return new GraphBuilder(current, this.#reserved);
  }

  /** What the builder has made must be there, and is then gone. */
  remove({ nodes, initializers }: GraphBuilder): void {
    for (const node of nodes) {
      const own = this.#nodes.get(node.outputs[0]);
      if (!own || !isSame(encodeNode(own), encodeNode(node))) {
        this.#fail(`node ${show(node.name)} (${node.operator}): it is not what its table's metadata say`);
      }
      this.#nodes.delete(node.outputs[0]);
    }
    for (const tensor of initializers) {
      const own = this.#initializers.get(tensor.name);
      if (!own || !isSame(encodeTensor(own), encodeTensor(tensor)))
        this.#fail(`constant ${show(tensor.name)}: it is not what its table's metadata say`);
      this.#initializers.delete(tensor.name);
    }
  }
}

function isSame(a: ProtoWriter, b: ProtoWriter): boolean {
  const other = b.finish();
  return a.length === b.length && a.finish().every((byte, i) => byte === other[i]);
}
