/**
 * How each operation of a graph is written as ONNX operators, by its name: one entry each. Those whose
 * operators work on images, with their channels first, stand in images.ts.
 */
import type { ActivationAttributes } from '../../ops/activations.js';
import type { EmbeddingAttributes } from '../../ops/embedding.js';
import type { ProductAttributes } from '../../ops/matmul.js';
import type { BatchNormAttributes, LayerNormAttributes } from '../../ops/norm.js';
import type { Shape } from '../../ops/operation.js';
import type { ReductionAttributes } from '../../ops/reduction.js';
import type { SliceAttributes } from '../../ops/shapes.js';
import { writeActivation } from './activations.js';
import { writeEmbedding, writeRows } from './embeddings.js';
import type { GraphBuilder } from './graph.js';
import { dataTypes } from './proto.js';

/** What an operation's writer is given. */
export interface NodePart<A = unknown> {
  readonly graph: GraphBuilder;
  readonly attributes: A;
  /** Names of what it reads, and their shapes; rows are the first axis in ONNX. */
  readonly inputs: readonly string[];
  readonly shapes: readonly Shape[];
  /** The shape of its first output. */
  readonly shape: Shape;
  /** What names of constants begin with that are its own. */
  readonly prefix: string;
  /** Whether the first of what it reads is an input of the model. */
  readonly ofInput: boolean;
}

/** Adds the operators; returns the name of what they make. */
type Form<A> = (part: NodePart<A>) => string;

function form<A>(write: Form<A>): Form<unknown> {
  return write as Form<unknown>;
}

/** One operator that reads what the operation reads. */
const plain = (operator: string) => form<unknown>(({ graph, inputs }) => graph.node(operator, inputs));

/** ONNX's comparisons make booleans, ours 0 and 1. */
const comparison = (operator: string, negated = false) =>
  form<unknown>(({ graph, inputs }) => {
    const truth = graph.node(operator, inputs);
    return toFloat(graph, negated ? graph.node('Not', [truth]) : truth);
  });

const same = form<unknown>(({ inputs }) => inputs[0]);

export const nodeForms: Readonly<Record<string, Form<unknown>>> = {
  matmul: form<ProductAttributes>(writeProduct),
  activation: form<ActivationAttributes>(({ graph, inputs, attributes: { name, parameter } }) => {
    graph.current = inputs[0];
    const given = parameter !== undefined && { negativeSlope: parameter, alpha: parameter };
    writeActivation(graph, name, { ...given });
    return graph.current;
  }),
  // Does nothing but in training.
  dropout: same,
  stopGradient: same,
  batchNorm: form<BatchNormAttributes>(writeBatchNorm),
  layerNorm: form<LayerNormAttributes>(writeLayerNorm),
  embedding: form<EmbeddingAttributes>((part) => {
    const { graph, attributes, shapes, prefix, ofInput } = part;
    const [x, ...tables] = part.inputs;
    graph.current = x;
    const { columns } = attributes;
    writeEmbedding(graph, {
      ...{ columns, width: shapes[0].dims[0], prefix, areInputs: ofInput },
      table: (column) => tables[columns.findIndex((own) => own.column === column)],
    });
    return graph.current;
  }),
  take: form<unknown>(({ graph, inputs: [categories, table], shapes, ofInput }) =>
    writeRows(graph, { table, categories, ...(!ofInput && { length: shapes[1].dims[0] }) }),
  ),
  add: plain('Add'),
  sub: plain('Sub'),
  mul: plain('Mul'),
  div: plain('Div'),
  pow: plain('Pow'),
  maximum: plain('Max'),
  minimum: plain('Min'),
  less: comparison('Less'),
  lessEqual: comparison('LessOrEqual'),
  greater: comparison('Greater'),
  greaterEqual: comparison('GreaterOrEqual'),
  equal: comparison('Equal'),
  notEqual: comparison('Equal', true),
  where: form<unknown>(({ graph, inputs: [condition, a, b] }) => {
    const truth = graph.node('Cast', [condition], [{ name: 'to', int: dataTypes.bool }]);
    return graph.node('Where', [truth, a, b]);
  }),
  neg: plain('Neg'),
  exp: plain('Exp'),
  log: plain('Log'),
  sqrt: plain('Sqrt'),
  square: form<unknown>(({ graph, inputs: [x] }) => graph.node('Mul', [x, x])),
  abs: plain('Abs'),
  sign: plain('Sign'),
  sin: plain('Sin'),
  cos: plain('Cos'),
  reciprocal: plain('Reciprocal'),
  erf: plain('Erf'),
  floor: plain('Floor'),
  ceil: plain('Ceil'),
  round: plain('Round'),
  softmax: form<unknown>(({ graph, inputs }) => graph.node('Softmax', inputs, [{ name: 'axis', int: -1 }])),
  reduce: form<ReductionAttributes>(writeReduction),
  // 0 is the length of the same axis of the input: the rows, however many there are.
  reshape: form<unknown>(({ graph, inputs: [x], shape, prefix }) => {
    const lengths = [...(shape.rows ? [0] : []), ...shape.dims];
    return graph.node('Reshape', [x, graph.ints(`${prefix}.shape`, lengths)]);
  }),
  transpose: form<{ readonly axes: readonly number[] }>(({ graph, inputs, attributes: { axes } }) =>
    graph.node('Transpose', inputs, [{ name: 'perm', ints: axes }]),
  ),
  slice: form<SliceAttributes>(({ graph, inputs: [x], attributes: { axis, begin, length }, prefix }) => {
    const range = { from: begin, to: begin + length, axis };
    const constants = Object.entries(range).map(([name, value]) => graph.ints(`${prefix}.${name}`, [value]));
    return graph.node('Slice', [x, ...constants]);
  }),
  concat: form<{ readonly axis: number }>(({ graph, inputs, attributes: { axis } }) =>
    graph.node('Concat', inputs, [{ name: 'axis', int: axis }]),
  ),
};

function rankOf({ rows, dims }: Shape): number {
  return dims.length + Number(rows);
}

function toFloat(graph: GraphBuilder, value: string): string {
  return graph.node('Cast', [value], [{ name: 'to', int: dataTypes.float }]);
}

/** Gemm where a is a matrix and b serves all of it; else MatMul, which takes axes before the last two. */
function writeProduct({ graph, attributes, inputs, shapes }: NodePart<ProductAttributes>): string {
  const { form: kind, flat } = attributes;
  const [a, b, bias] = inputs;
  const turned = kind === 'nt';
  if (flat && rankOf(shapes[0]) === 2) {
    return graph.node('Gemm', inputs, turned ? [{ name: 'transB', int: 1 }] : []);
  }
  const rank = rankOf(shapes[1]);
  const perm = Array.from({ length: rank }, (_, i) => (i < rank - 2 ? i : 2 * rank - 3 - i));
  const right = turned ? graph.node('Transpose', [b], [{ name: 'perm', ints: perm }]) : b;
  const y = graph.node('MatMul', [a, right]);
  return bias === undefined ? y : graph.node('Add', [y, bias]);
}

/** ONNX's features are axis 1, ours the last; numbers without axes before them are one row. */
function writeBatchNorm(part: NodePart<BatchNormAttributes>): string {
  const { graph, attributes, inputs, shapes, prefix } = part;
  const [x, mean, variance, weight, bias] = inputs;
  const { eps, momentum } = attributes;
  const features = shapes[1].dims;
  const filled = (what: string, number: number) =>
    graph.literal(`${prefix}.${what}`, features, new Float32Array(features[0]).fill(number));
  const rank = rankOf(shapes[0]);
  const isLine = rank === 1;
  const axis = () => (shapes[0].rows ? graph.sharedInts('last', [-1]) : graph.sharedInts('place0', [0]));
  const turned = (name: string, perm: readonly number[]) =>
    rank <= 2 ? name : graph.node('Transpose', [name], [{ name: 'perm', ints: perm }]);
  const within = Array.from({ length: Math.max(rank - 2, 0) }, (_, i) => i + 1);
  const given = isLine ? graph.node('Unsqueeze', [x, axis()]) : turned(x, [0, rank - 1, ...within]);
  const y = graph.node(
    'BatchNormalization',
    [given, weight ?? filled('ones', 1), bias ?? filled('zeros', 0), mean, variance],
    [
      { name: 'epsilon', float: eps },
      // ONNX's momentum is the share of the old statistics.
      { name: 'momentum', float: 1 - momentum },
    ],
  );
  return isLine ? graph.node('Squeeze', [y, axis()]) : turned(y, [0, ...within.map((own) => own + 1), 1]);
}

function writeLayerNorm(part: NodePart<LayerNormAttributes>): string {
  const { graph, inputs, attributes, shapes, prefix } = part;
  const [x, weight, bias] = inputs;
  const [length] = shapes[0].dims.slice(-1);
  const scale = weight ?? graph.literal(`${prefix}.ones`, [length], new Float32Array(length).fill(1));
  return graph.node('LayerNormalization', bias === undefined ? [x, scale] : [x, scale, bias], [
    { name: 'axis', int: -1 },
    { name: 'epsilon', float: attributes.eps },
  ]);
}

export const REDUCTIONS = {
  sum: 'ReduceSum',
  mean: 'ReduceMean',
  max: 'ReduceMax',
  min: 'ReduceMin',
} as const;

/**
 * Axes stay with length 1, but the rows, which are gone when they are reduced. They are an attribute here, and
 * an input in the file where the operator set wants that (opsets.ts).
 */
function writeReduction({
  graph,
  attributes,
  inputs: [x],
  shapes,
  prefix,
}: NodePart<ReductionAttributes>): string {
  const { operation, axes } = attributes;
  const y = graph.node(
    REDUCTIONS[operation],
    [x],
    [
      { name: 'axes', ints: axes },
      { name: 'keepdims', int: 1 },
    ],
  );
  const isGone = shapes[0].rows && axes.includes(0);
  return isGone ? graph.node('Squeeze', [y, graph.ints(`${prefix}.rows`, [0])]) : y;
}
