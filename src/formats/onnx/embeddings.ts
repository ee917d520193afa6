/**
 * Columns of categories that become rows of tables: how they are written, operator by operator, and found
 * again in a file as the one layer that they were.
 */
import { show } from '../../base/errors.js';
import type { EmbeddedColumn } from '../../ops/embedding.js';
import { type Flow, failer, intAttribute, intsAttribute } from './flow.js';
import type { GraphBuilder } from './graph.js';
import type { NodeIndex } from './node-index.js';
import { finite, moduleOf, type Operator } from './operator.js';
import { dataTypes, type OnnxNode } from './proto.js';
import type { Reading, StepValue } from './reading.js';
import { floatValues } from './values.js';

/** What is written of it. */
interface EmbeddingPart {
  readonly columns: readonly EmbeddedColumn[];
  /** Width of the rows of the current value. */
  readonly width: number;
  /** What names of constants begin with. */
  readonly prefix: string;
  /** The table of a column. */
  table(column: number): string;
  /** Whether categories are the model's own inputs, which others check; else they are cut to the table. */
  readonly areInputs: boolean;
}

/**
 * Each column of categories picks rows of its table; the parts, and what lies between, stand side by side
 * again.
 */
export function writeEmbedding(graph: GraphBuilder, part: EmbeddingPart): void {
  const { columns, width, prefix, table, areInputs } = part;
  const input = graph.current;
  const parts: string[] = [];
  let from = 0;
  const pass = (until: number) => {
    if (until > from) {
      const name = `${prefix}.columns${from}to${until}`;
      const range = [graph.ints(`${name}.from`, [from]), graph.ints(`${name}.to`, [until])];
      parts.push(graph.node('Slice', [input, ...range, graph.ints(`${name}.axis`, [1])]));
    }
    from = until + 1;
  };
  for (const { column, cardinality } of columns) {
    pass(column);
    const place = graph.scalarInt(`${prefix}.column${column}.place`, column);
    const categories = graph.node('Gather', [input, place], [{ name: 'axis', int: 1 }]);
    parts.push(
      writeRows(graph, { table: table(column), categories, length: areInputs ? undefined : cardinality }),
    );
  }
  pass(width);
  graph.current = parts.length === 1 ? parts[0] : graph.node('Concat', parts, [{ name: 'axis', int: 1 }]);
}

/**
 * Rows of a table by numbers. Where its `length` is given these are cut to it; inputs of a model are not, so
 * that a runtime refuses what lanegrad refuses.
 */
export function writeRows(
  graph: GraphBuilder,
  { table, categories, length }: { table: string; categories: string; length?: number | undefined },
): string {
  const bounds = length === undefined ? [] : [graph.sharedFloat(0), graph.sharedFloat(length - 1)];
  const inside = length === undefined ? categories : graph.node('Clip', [categories, ...bounds]);
  const rows = graph.node('Cast', [inside], [{ name: 'to', int: dataTypes.int64 }]);
  return graph.node('Gather', [table, rows], [{ name: 'axis', int: 0 }]);
}

/** What stands in place of the operators of an embedding; no file has it. */
export const OWN_DOMAIN = 'lanegrad';
export const EMBEDDING = 'Embedding';

/** Puts one node in place of each embedding: [x, tables], of the columns of rows of a width. */
export function joinEmbeddings(index: NodeIndex): void {
  for (const node of index.nodes) {
    const isLast = !node.domain && ['Concat', 'Gather'].includes(node.operator);
    const found = isLast ? findEmbedding(index, node) : undefined;
    if (!found) continue;
    const { x, columns, tables, width, nodes } = found;
    index.replace(
      node,
      nodes.filter((own) => own !== node),
      {
        ...node,
        ...{ operator: EMBEDDING, domain: OWN_DOMAIN, inputs: [x, ...tables] },
        attributes: [
          { name: 'columns', ints: columns },
          { name: 'width', int: width },
        ],
      },
    );
  }
}

function findEmbedding(index: NodeIndex, last: OnnxNode) {
  const names = last.operator === 'Concat' && intOf(last, 'axis') === 1 ? last.inputs : last.outputs;
  const nodes: OnnxNode[] = [];
  const columns: number[] = [];
  const tables: string[] = [];
  const sources = new Set<string>();
  let width = 0;
  for (const name of names) {
    const column = findColumn(index, name);
    const part = column ?? findSlice(index, name);
    if (part?.from !== width) return undefined;
    nodes.push(...part.nodes);
    sources.add(part.x);
    width = part.to;
    if (!column) continue;
    columns.push(column.from);
    tables.push(column.table);
  }
  const [x] = sources;
  return sources.size === 1 && columns.length > 0 ? { x, columns, tables, width, nodes } : undefined;
}

/** A column that picks rows of a table. */
function findColumn(index: NodeIndex, name: string) {
  const rows = index.maker(name, 'Gather');
  const [table, places] = rows?.inputs ?? [];
  const cast = index.maker(places, 'Cast');
  const clip = index.maker(cast?.inputs[0], 'Clip');
  const column = index.maker((clip ?? cast)?.inputs[0], 'Gather');
  const tensor = index.constant(table);
  const from =
    index.constant(column?.inputs[1])?.dims.length === 0 ? index.int(column?.inputs[1]) : undefined;
  if (!rows || !cast || !column || tensor?.dims.length !== 2 || from === undefined || from < 0)
    return undefined;
  const [length] = tensor.dims;
  const isCut = !clip || (index.float(clip.inputs[1]) === 0 && index.float(clip.inputs[2]) === length - 1);
  const isWhole = [dataTypes.int64, dataTypes.int32].some((type) => type === intOf(cast, 'to'));
  if (!isCut || !isWhole || intOf(rows, 'axis') !== 0 || intOf(column, 'axis') !== 1) return undefined;
  const nodes = [rows, cast, column, ...(clip ? [clip] : [])];
  return { nodes, x: column.inputs[0], from, to: from + 1, table };
}

/** Columns that pass. */
function findSlice(index: NodeIndex, name: string) {
  const node = index.maker(name, 'Slice');
  const [from, to, axis] = node?.inputs.slice(1).map((own) => index.int(own)) ?? [];
  if (node?.inputs.length !== 4 || axis !== 1 || from === undefined || to === undefined) return undefined;
  return to > from ? { nodes: [node], x: node.inputs[0], from, to } : undefined;
}

function intOf({ attributes }: OnnxNode, name: string): number {
  return attributes.find((attribute) => attribute.name === name)?.int ?? 0;
}

/** How the joined node is read. */
export const embeddingOperator: Operator = {
  inputs: Number.POSITIVE_INFINITY,
  attributes: ['columns', 'width'],
  read(node: OnnxNode, flow: Flow, read: Reading) {
    const fail = failer(node, flow);
    read.requireRows(fail);
    read.restoreOrder();
    const width = intAttribute(node, 'width', 0, fail);
    const known = read.width ?? width;
    if (known !== width) fail(`expected rows of ${width} numbers, given ${known}`);
    const parameters = new Map<string, StepValue>();
    const columns = intsAttribute(node, 'columns', [], fail).map((column, i): EmbeddedColumn => {
      const tensor = flow.constant(node, i + 1);
      const [cardinality, length] = tensor.dims;
      if (!(tensor.dims.length === 2 && cardinality >= 1 && length >= 1))
        fail(`expected tables [categories, width], given shape ${show(tensor.dims)}`);
      const values = finite(floatValues(tensor, fail), fail);
      read.source.claim(values.length, fail);
      parameters.set(`column${column}`, { shape: tensor.dims, values });
      return { column, cardinality, width: length };
    });
    const outputs = columns.reduce((total, own) => total + own.width - 1, width);
    read.add({ kind: 'embedding', config: { columns }, parameters, name: moduleOf(node) }, width, outputs);
  },
};
