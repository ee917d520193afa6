/**
 * Windows over images as ONNX writes them, and pools: a last window that reaches beyond the padding is one
 * that more padding allows for, as what rounding up means differs between runtimes.
 */
import { attributesOf } from '../../graph/leaves.js';
import type { Node } from '../../graph/value.js';
import { type AvgPoolAttributes, avgPool2d, maxPool2d, type PoolAttributes } from '../../ops/pool.js';
import type { GraphBuilder } from './graph.js';
import type { Layouts } from './layouts.js';
import type { OnnxAttribute } from './proto.js';

interface Window {
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly padding: readonly number[];
}

/** The attributes of a window of this height and width. Padding stands in the same order there. */
export function windowOf(
  { strides, dilations, padding }: Window,
  size: readonly number[],
): readonly OnnxAttribute[] {
  return [
    { name: 'kernel_shape', ints: size.slice(0, 2) },
    { name: 'strides', ints: strides },
    { name: 'pads', ints: padding },
    { name: 'dilations', ints: dilations },
  ];
}

/** What the writer of a pool is given. */
interface PoolPart {
  readonly node: Node;
  readonly graph: GraphBuilder;
  readonly layouts: Layouts;
  /** What names of constants begin with that are its own. */
  readonly prefix: string;
}

/** The least float32, below which no pixel is. */
const LEAST = -((2 - 2 ** -23) * 2 ** 127);

/** Padding as large as the window, which runtimes refuse, is put around the image first. */
export function writeMaxPool({ node, graph, layouts, prefix }: PoolPart): string {
  const attributes = attributesOf(node, maxPool2d);
  const { size } = attributes;
  const x = layouts.first(node.inputs[0]);
  const pads = reachOf(attributes, node);
  const isOutside = isLarge(pads, size);
  const name = isOutside ? padded(graph, prefix, x, pads, LEAST) : x;
  const padding = isOutside ? [0, 0, 0, 0] : pads;
  return graph.node('MaxPool', [name], windowOf({ ...attributes, padding }, size));
}

/** Zeros that count are put around the image first. */
export function writeAvgPool(part: PoolPart): string {
  const { node, graph, layouts, prefix } = part;
  const attributes = attributesOf(node, avgPool2d) as AvgPoolAttributes;
  const x = layouts.first(node.inputs[0]);
  const { size, padding, dilations, countIncludePad = false } = attributes;
  const reach = reachOf(attributes, node);
  const isOutside = countIncludePad && reach.some((count) => count > 0);
  const around = isOutside ? reach.map((count, i) => count - padding[i]) : reach;
  // Runtimes make padding in front part of the pool, too.
  if (isLarge(reach, size)) return writeSums(part, reach);
  const name = isOutside ? padded(graph, prefix, x, padding, 0) : x;
  const window = windowOf({ ...attributes, padding: around }, size);
  // Only later operator sets know dilated windows of means.
  const isDilated = dilations.some((dilation) => dilation > 1);
  const known = isDilated ? window : window.filter((attribute) => attribute.name !== 'dilations');
  return graph.node('AveragePool', [name], known);
}

/** Sums of windows, and for each window one over the number of its pixels. */
function writeSums({ node, graph, layouts, prefix }: PoolPart, reach: readonly number[]): string {
  const attributes = attributesOf(node, avgPool2d) as AvgPoolAttributes;
  const { size } = attributes;
  const x = layouts.first(node.inputs[0]);
  const [, , channels] = node.inputs[0].shape.dims;
  const ones = new Float32Array(channels * size[0] * size[1]).fill(1);
  const weight = graph.literal(`${prefix}.ones`, [channels, 1, ...size], ones);
  const group = { name: 'group', int: channels };
  const window = windowOf({ ...attributes, padding: reach }, size);
  const sums = graph.node('Conv', [x, weight], [...window, group]);
  const [rows, columns] = [0, 1].map((axis) => countsOf(attributes, node, axis));
  const shares = rows.flatMap((row) => columns.map((column) => 1 / (row * column)));
  const dims = [1, 1, rows.length, columns.length];
  return graph.node('Mul', [sums, graph.literal(`${prefix}.shares`, dims, Float32Array.from(shares))]);
}

/** How many pixels of each window count along one axis. */
function countsOf(attributes: AvgPoolAttributes, { inputs, outputs }: Node, axis: number): number[] {
  const { size, strides, dilations, padding, countIncludePad = false } = attributes;
  const [before, after] = countIncludePad ? [padding[axis], padding[axis + 2]] : [0, 0];
  const end = inputs[0].shape.dims[axis] + after;
  return Array.from({ length: outputs[0].shape.dims[axis] }, (_, place) => {
    const from = place * strides[axis] - padding[axis];
    const pixels = Array.from({ length: size[axis] }, (_, i) => from + i * dilations[axis]);
    return pixels.filter((pixel) => pixel >= -before && pixel < end).length;
  });
}

function padded(
  graph: GraphBuilder,
  prefix: string,
  x: string,
  [top, left, bottom, right]: readonly number[],
  value: number,
): string {
  const pads = graph.ints(`${prefix}.pads`, [0, 0, top, left, 0, 0, bottom, right]);
  return graph.node('Pad', [x, pads, graph.floats(`${prefix}.around`, [], Float32Array.of(value))]);
}

/** The padding with which the last window ends within it. */
function reachOf(attributes: PoolAttributes, { inputs, outputs }: Node): readonly number[] {
  const { size, strides, dilations, padding } = attributes;
  const [image, result] = [inputs[0].shape.dims, outputs[0].shape.dims];
  const reached = [0, 1].map((axis) => {
    const end = (result[axis] - 1) * strides[axis] + (size[axis] - 1) * dilations[axis] + 1;
    return Math.max(padding[axis + 2], end - padding[axis] - image[axis]);
  });
  return [...padding.slice(0, 2), ...reached];
}

function isLarge(padding: readonly number[], size: readonly number[]): boolean {
  return padding.some((count, i) => count >= size[i % 2]);
}
