/**
 * Graphs of ONNX that were right, with something changed as no byte that flips by chance would: a number of a
 * shape, an attribute or its type, who reads what, names, operators, constants.
 */

import {
  type EditableModel,
  editFile,
  float,
  floats,
  int,
  ints,
  type NodeSpec,
  node,
  text,
  whole,
} from '../formats/onnx/schema.js';
import { elementsOf } from './encode.js';
import type { Random } from './random.js';

const WHOLE = [
  ...[0, -1, 1, 2, -2, 3, 7, 64, 65, 4096, 65_536, 16_777_217, 1_000_000_007, 2_000_000_014],
  ...[2 ** 31, -(2 ** 31), 2 ** 40, 2 ** 52, -(2 ** 52)],
];
const REAL = [0, -0, 1, -1, 0.5, 1e-30, 1e30, 3.4e38, Number.NaN, Infinity, -Infinity];
/** Types of elements: what there is, and what is not. */
const TYPES = [0, 1, 2, 3, 6, 7, 8, 9, 10, 11, 12, 13, 14, 16, 17, 22, 99];
const OPERATORS = [
  ...['If', 'Loop', 'Scan', 'NonZero', 'constructor', '', 'Shape', 'Identity', 'Cast', 'Range', 'Expand'],
  ...['ConstantOfShape', 'Reshape', 'Unsqueeze', 'Tile', 'Concat', 'Where', 'MatMul', 'Conv', 'Einsum'],
  ...['Resize', 'Gather', 'Slice', 'Pad', 'OneHot', 'Split', 'BatchNormalization', 'DequantizeLinear'],
];

interface Constant {
  name: string;
  dims: number[];
  dataType: number;
  rawData?: Uint8Array;
  floatData?: number[];
}

type Change = (r: Random, model: EditableModel) => void;

const constants = ({ graph }: EditableModel) => (graph.initializer ?? []) as Constant[];
const valuesOf = ({ graph }: EditableModel) => [
  ...graph.node.flatMap(({ input = [], output = [] }) => [...input, ...output]),
  ...['', 'x', 'y', '__proto__'],
];

/** A number of a constant: most of whole numbers, which are shapes and places. */
const changeNumber: Change = (r, model) => {
  const own = constants(model).filter(({ dims }) => dims.every((length) => length > 0));
  const shapes = own.filter(({ dataType, rawData }) => dataType === 7 && rawData?.length);
  const chosen = r.pick(shapes.length > 0 && r.chance(0.8) ? shapes : own);
  if (chosen?.dataType === 7 && chosen.rawData?.length && chosen.rawData.length % 8 === 0) {
    const values = new BigInt64Array(chosen.rawData.slice().buffer);
    values[r.below(values.length)] = BigInt(r.pick(WHOLE));
    chosen.rawData = new Uint8Array(values.buffer);
  } else if (chosen?.floatData?.length) chosen.floatData[r.below(chosen.floatData.length)] = r.pick(REAL);
};

/** Its shape, or type, or how many numbers it has. */
const changeConstant: Change = (r, model) => {
  const chosen = r.pick(constants(model));
  if (!chosen) return;
  const { dims } = chosen;
  r.pick([
    () => dims.reverse(),
    () => dims.push(1),
    () => dims.unshift(r.pick([1, 0, -1])),
    () => dims.splice(0, dims.length, ...(r.chance(0.5) ? [] : [elementsOf(dims)])),
    () => {
      if (dims.length > 0) dims[r.below(dims.length)] = r.pick(WHOLE);
    },
    () => {
      chosen.dataType = r.pick(TYPES);
    },
    () => {
      chosen.rawData = r.bytes(r.below(17));
    },
    () => model.graph.initializer?.splice(constants(model).indexOf(chosen), 1),
    () => {
      chosen.name = r.pick([...valuesOf(model), ...constants(model).map(({ name }) => name)]);
    },
    () =>
      Object.assign(
        chosen,
        whole(
          chosen.name,
          r.list(r.below(6), () => r.pick(WHOLE)),
        ),
      ),
    () => Object.assign(chosen, { floatData: [] }, floats(chosen.name, [0], [])),
  ])();
};

const changeAttribute: Change = (r, { graph }) => {
  const owner = r.pick(graph.node);
  owner.attribute = owner.attribute ?? [];
  const attributes = owner.attribute as {
    name: string;
    i?: number;
    f?: number;
    ints?: number[];
  }[];
  const chosen = attributes.length > 0 ? r.pick(attributes) : undefined;
  if (!chosen || r.chance(0.1)) {
    const name = r.pick(['axis', 'axes', 'perm', 'epsilon', 'to', 'keepdims', 'pads', 'odd', '']);
    attributes.push(r.chance(0.5) ? int(name, r.pick(WHOLE)) : (ints(name, [r.pick(WHOLE)]) as never));
    return;
  }
  const { name } = chosen;
  if (r.chance(0.25)) {
    const other = r.pick([
      () => int(name, r.pick(WHOLE)),
      () => float(name, r.pick(REAL)),
      () =>
        ints(
          name,
          r.list(r.below(5), () => r.pick(WHOLE)),
        ),
      () => text(name, r.pick(['', 'SAME_UPPER', 'ab,bc->ac', 'none'])),
    ])();
    attributes[attributes.indexOf(chosen)] = other as never;
  } else if (chosen.ints?.length) chosen.ints[r.below(chosen.ints.length)] = r.pick(WHOLE);
  else if (chosen.i !== undefined) chosen.i = r.pick(WHOLE);
  else if (chosen.f !== undefined) chosen.f = r.pick(REAL);
};

/** Who reads what: other values, the node's own, more or fewer. */
const changeInputs: Change = (r, model) => {
  const { input = [], output = [] } = r.pick(model.graph.node);
  const name = r.pick([...valuesOf(model), ...output, ...constants(model).map((own) => own.name)]);
  const what = input.length === 0 ? 0 : r.below(5);
  if (what === 0) input.push(name);
  else if (what === 1) input.pop();
  else input[r.below(input.length)] = name;
};

const changeNode: Change = (r, model) => {
  const nodes = model.graph.node;
  const at = r.below(nodes.length);
  const chosen: NodeSpec = nodes[at];
  r.pick([
    () => {
      chosen.opType = r.pick([...OPERATORS, r.pick(nodes).opType]);
    },
    () => nodes.splice(at, 1),
    () => nodes.push({ ...chosen }),
    () => nodes.reverse(),
    () => {
      chosen.output = r.pick([[], [''], [r.pick(valuesOf(model))], ['', ...(chosen.output ?? [])]]);
    },
    () => {
      chosen.domain = r.pick(['com.microsoft', 'ai.onnx.ml', 'ai.onnx', 'lanegrad']);
    },
    () => {
      chosen.name = r.pick(['', '/', '__proto__', '/a'.repeat(2000), r.pick(nodes).name ?? '']);
    },
    // Twice as much, again and again.
    () => {
      const name = r.pick(valuesOf(model));
      const own = Array.from({ length: 40 }, (_, i) =>
        node('Concat', i === 0 ? [name, name] : [`d${i - 1}`, `d${i - 1}`], `d${i}`, [
          int('axis', r.pick([0, 1, -1])),
        ]),
      );
      nodes.push(...own);
      chosen.input = [...(chosen.input ?? []).slice(0, -1), 'd39'];
    },
  ])();
};

/** The inputs' and outputs' names, types and lengths, and the operator set. */
const changeEnds: Change = (r, model) => {
  const { graph } = model;
  const ends = r.pick([graph.input, graph.output]) as {
    name: string;
    type?: { tensorType?: { elemType?: number; shape?: { dim?: object[] } } };
  }[];
  const end = r.pick(ends);
  r.pick([
    () => {
      if (end) end.name = r.pick(valuesOf(model));
    },
    () => ends.push(...(end ? [{ ...end, name: r.pick(valuesOf(model)) }] : [])),
    () => ends.pop(),
    () => {
      if (end?.type?.tensorType) end.type.tensorType.elemType = r.pick(TYPES);
    },
    () => {
      const dim = end?.type?.tensorType?.shape?.dim;
      if (dim?.length) dim[r.below(dim.length)] = r.chance(0.3) ? {} : { dimValue: r.pick(WHOLE) };
    },
    () => {
      if (end) end.type = r.pick([undefined, { tensorType: { elemType: 1 } }]);
    },
    () => {
      model.opsetImport[0].version = r.pick([-1, 0, 6, 7, 8, 9, 10, 12, 13, 18, 21, 25, 26, 2 ** 40]);
    },
  ])();
};

const changes: readonly Change[] = [
  ...[changeNumber, changeNumber, changeConstant, changeAttribute, changeAttribute],
  ...[changeInputs, changeNode, changeEnds],
];

/** One change or a few. */
export function hostileGraph(r: Random, file: Uint8Array): Uint8Array {
  return editFile(file, (model) => {
    for (let count = r.chance(0.6) ? 1 : r.between(2, 3); count > 0; count--) {
      if (model.graph.node.length > 0) r.pick(changes)(r, model);
    }
  });
}
