/**
 * ONNX's own tests of its operators, made files that a network can be read from: what decides a shape, and
 * what is a weight, become initializers. Debian 12's libonnx-testdata has them.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeTensor, type EditableModel, editFile, floats, type NodeSpec, value } from '../schema.js';

const { LANEGRAD_ONNX_TESTS: folder = '/' } = process.env;
const DATA = join(folder, 'usr/share/libonnx-testdata/data');

export const hasCases = existsSync(DATA);

/** Inputs that decide shapes or are parameters, by operator; those of others may be values of a graph. */
const constantPlaces: Readonly<Record<string, readonly number[]>> = {
  ...{ BatchNormalization: [1, 2, 3, 4], ConstantOfShape: [0], Conv: [1, 2], ConvTranspose: [1, 2] },
  ...{ CumSum: [1], DequantizeLinear: [1, 2], Dropout: [1, 2], Expand: [1], InstanceNormalization: [1, 2] },
  ...{ GroupNormalization: [1, 2], LayerNormalization: [1, 2], OneHot: [1, 2], Pad: [1, 2, 3] },
  ...{ QuantizeLinear: [1, 2], Range: [0, 1, 2], ReduceSum: [1], Reshape: [1], Resize: [1, 2, 3] },
  ...{ Slice: [1, 2, 3, 4], Split: [1], Squeeze: [1], Tile: [1], Trilu: [1], Unsqueeze: [1], Upsample: [1] },
};

const OLDEST = 7;

/** What these make is known when a graph is read. */
const KNOWN = ['Constant', 'ConstantOfShape', 'Range', 'Shape', 'Size'];

const ZERO = { name: 'zero', type: { tensorType: { elemType: 1, shape: { dim: [{ dimValue: 1 }] } } } };

type Tensor = ReturnType<typeof decodeTensor>;

/** Which inputs are given when the network runs: all that can be, or only the first. */
export type Form = 'all' | 'first';

export interface Case {
  readonly name: string;
  /** Of its first node. */
  readonly operator: string;
  readonly operators: readonly string[];
  readonly files: Readonly<Record<Form, Uint8Array>>;
  readonly inputs: ReadonlyMap<string, Tensor>;
  readonly outputs: ReadonlyMap<string, Tensor>;
}

/** Tests of these operators and no others. */
export function casesOf(operators: ReadonlySet<string>, kind = 'node'): Case[] {
  return readdirSync(join(DATA, kind))
    .sort()
    .flatMap((name) => {
      const own = open(kind, name.replace(/^test_/, ''), operators);
      return own ?? [];
    });
}

function open(kind: string, name: string, operators: ReadonlySet<string>): Case | undefined {
  const path = join(DATA, kind, `test_${name}`);
  const set = existsSync(join(path, 'test_data_set_0')) ? 'test_data_set_0' : '';
  const tensor = (file: string) => {
    const at = join(path, set, file);
    return existsSync(at) ? decodeTensor(new Uint8Array(readFileSync(at))) : undefined;
  };
  const bytes = new Uint8Array(readFileSync(join(path, 'model.onnx')));
  let graph!: EditableModel['graph'];
  editFile(bytes, (model) => {
    graph = model.graph;
  });
  const { node } = graph;
  // Their data are stored as whole numbers of 16 bits.
  if (name.includes('BFLOAT16')) return undefined;
  if (!node.every(({ opType, domain }) => !domain && operators.has(opType))) return undefined;
  const find = (what: string, names: { name: string }[] = []) =>
    new Map(names.map((own, i) => [own.name, tensor(`${what}_${i}.pb`)!] as const));
  const constants = new Set(graph.initializer?.map((own) => own.name));
  const open = graph.input.filter((own) => !constants.has(own.name));
  const [inputs, outputs] = [find('input', open), find('output', graph.output)];
  const files = {
    all: edited(bytes, inputs, (input) => !isConstant(node, input)),
    first: edited(bytes, inputs, (input) => input === open[0]?.name && !isConstant(node, input)),
  };
  const operator = node.at(-1)!.opType;
  return { name, operator, operators: node.map(({ opType }) => opType), files, inputs, outputs };
}

function isConstant(nodes: readonly NodeSpec[], input: string): boolean {
  return nodes.some(({ opType, input: names, output }) =>
    names.some(
      (name, i) =>
        name === input &&
        (constantPlaces[opType]?.includes(i) || (opType === 'Cast' && isConstant(nodes, output[0]))),
    ),
  );
}

/** With a parameter that changes nothing, which a network has to have, and an input where nothing is left. */
function edited(
  bytes: Uint8Array,
  inputs: ReadonlyMap<string, Tensor>,
  isLive: (name: string) => boolean,
): Uint8Array {
  return editFile(bytes, ({ graph, opsetImport }) => {
    const [live, constant] = [true, false].map((is) => graph.input.filter(({ name }) => isLive(name) === is));
    // Most operators have meant the same since long before the oldest set that is read.
    for (const own of opsetImport) own.version = Math.max(Number(own.version), OLDEST);
    const given = graph.initializer ?? [];
    const isNew = ({ name }: { name: string }) => !given.some((own) => own.name === name);
    graph.input = live.filter(isNew);
    graph.initializer = [
      ...given,
      ...constant.filter(isNew).map(({ name }) => ({ ...inputs.get(name)!.given, name })),
    ];
    const needsInput = graph.input.length === 0 || graph.node.every(({ opType }) => KNOWN.includes(opType));
    if (needsInput) graph.input.push(ZERO);
    graph.initializer.push(floats('one', [1], [1]) as never);
    for (const { name } of graph.output) {
      // Numbers are floats here, whatever they were.
      graph.node.push(
        {
          opType: 'Cast',
          input: [name],
          output: [`${name}:float`],
          attribute: [{ name: 'to', i: 1, type: 2 }],
        },
        { opType: 'Mul', input: [`${name}:float`, 'one'], output: [`${name}:same`] },
        ...(needsInput ? [{ opType: 'Add', input: [`${name}:same`, 'zero'], output: [`${name}:more`] }] : []),
      );
    }
    const suffix = needsInput ? 'more' : 'same';
    graph.output = graph.output.map(({ name }) => ({
      ...(value(`${name}:${suffix}`, []) as { name: string }),
    }));
  });
}
