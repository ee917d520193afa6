/**
 * How operations on images are written as ONNX operators, whose images have their channels first: one entry
 * each. What works element by element goes through in the layout that its inputs have; entries give undefined
 * where the form of nodes.ts is to be used.
 */
import { elementsOf } from '../../base/arrays.js';
import { attributesOf } from '../../graph/leaves.js';
import type { Node, Value } from '../../graph/value.js';
import {
  type ConvAttributes,
  type ConvTransposeAttributes,
  convolution,
  convolutionTranspose,
} from '../../ops/conv.js';
import { type ProductAttributes, product } from '../../ops/matmul.js';
import { type BatchNormAttributes, batchNormOperation } from '../../ops/norm.js';
import { type PadAttributes, pad } from '../../ops/pad.js';
import { reduction } from '../../ops/reduction.js';
import { reshape, slice } from '../../ops/shapes.js';
import { upsample2d } from '../../ops/upsample.js';
import { ELEMENTWISE, permuted } from '../axes.js';
import type { GraphBuilder } from './graph.js';
import { type Image, isImage, isNumber, type Layout, type Layouts } from './layouts.js';
import { type NodePart, nodeForms, REDUCTIONS } from './nodes.js';
import { windowOf, writeAvgPool, writeMaxPool } from './pools.js';
import type { OnnxAttribute } from './proto.js';

/** What the writer of an operation is given. */
export interface ImagePart {
  readonly node: Node;
  readonly graph: GraphBuilder;
  readonly layouts: Layouts;
  /** What names of constants begin with that are its own. */
  readonly prefix: string;
  /** Whether the result is read with its channels first. */
  readonly wanted: boolean;
}

interface Made {
  readonly name: string;
  readonly layout: Layout;
  readonly image?: Image;
}

type ImageForm = (part: ImagePart) => Made | undefined;

/** Operations whose first input has its channels first in ONNX. */
const OF_IMAGES: ReadonlySet<string> = new Set([
  ...['conv2d', 'convTranspose2d', 'maxPool2d', 'avgPool2d', 'upsample2d', 'batchNorm'],
]);

/** Those that can be written in either order. */
const IN_BOTH: ReadonlySet<string> = new Set(['pad', 'concat', 'slice', 'softmax']);

/** The values that some operation reads with its channels first: images that become such by no Transpose. */
export function wantedFirst(nodes: readonly Node[]): ReadonlySet<Value> {
  const wanted = new Set<Value>();
  for (const { operation, inputs, outputs } of nodes.toReversed()) {
    if (OF_IMAGES.has(operation.name) && isImage(inputs[0])) wanted.add(inputs[0]);
    const passes = ELEMENTWISE.has(operation.name) || IN_BOTH.has(operation.name);
    if (passes && wanted.has(outputs[0])) for (const value of inputs.filter(isImage)) wanted.add(value);
  }
  return wanted;
}

/** Undefined for an operation that has no form of its own for images. */
export function imageFormOf({ operation }: Node): ImageForm | undefined {
  return Object.hasOwn(imageForms, operation.name)
    ? imageForms[operation.name]
    : ELEMENTWISE.has(operation.name)
      ? writeElementwise
      : undefined;
}

/** By the operation's name. */
export const imageForms: Readonly<Record<string, ImageForm>> = {
  conv2d({ node, graph, layouts }) {
    const attributes = attributesOf(node, convolution);
    return writeConvolution({ node, graph, layouts }, 'Conv', attributes);
  },
  convTranspose2d({ node, graph, layouts }) {
    const [x, w] = node.inputs;
    const attributes = attributesOf(node, convolutionTranspose);
    const more = { name: 'output_padding', ints: outputPadding(attributes, x.shape.dims, w.shape.dims) };
    return writeConvolution({ node, graph, layouts }, 'ConvTranspose', attributes, [more]);
  },
  maxPool2d: (part) => first(writeMaxPool(part)),
  avgPool2d: (part) => first(writeAvgPool(part)),
  upsample2d({ node, graph, layouts, prefix }) {
    const [x] = node.inputs;
    const { size, mode } = attributesOf(node, upsample2d);
    const scales = size.map((length, axis) => length / x.shape.dims[axis]);
    const isWhole = scales.every(Number.isInteger);
    const images = layouts.first(x);
    const target = isWhole
      ? [graph.floats(`${prefix}.scales`, [4], Float32Array.from([1, 1, ...scales]))]
      : ['', resized(graph, images, graph.ints(`${prefix}.sizes`, size))];
    return first(
      graph.node(
        'Resize',
        [images, '', ...target],
        [
          { name: 'mode', string: mode === 'nearest' ? 'nearest' : 'linear' },
          { name: 'coordinate_transformation_mode', string: 'half_pixel' },
          ...(mode === 'nearest' ? [{ name: 'nearest_mode', string: 'round_prefer_ceil' }] : []),
        ],
      ),
    );
  },
  pad: writePad,
  batchNorm: writeBatchNorm,
  concat({ node, graph, layouts, wanted }) {
    const { inputs, attributes } = node;
    const { axis } = attributes as { readonly axis: number };
    const isFirst = inputs.every(isImage) && (wanted || inputs.some((value) => onlyFirst(layouts, value)));
    if (!isFirst) return undefined;
    const names = inputs.map((value) => layouts.first(value));
    return first(graph.node('Concat', names, [{ name: 'axis', int: PLACES[axis] }]));
  },
  slice({ node, graph, layouts, prefix, wanted }) {
    const [x] = node.inputs;
    if (!isImage(x) || !(wanted || onlyFirst(layouts, x))) return undefined;
    const { axis, begin, length } = attributesOf(node, slice);
    const range = { from: begin, to: begin + length, axis: PLACES[axis] };
    const constants = Object.entries(range).map(([name, value]) => graph.ints(`${prefix}.${name}`, [value]));
    return first(graph.node('Slice', [layouts.first(x), ...constants]));
  },
  softmax({ node, graph, layouts, wanted }) {
    const [x] = node.inputs;
    if (!isImage(x) || !(wanted || onlyFirst(layouts, x))) return undefined;
    return first(graph.node('Softmax', [layouts.first(x)], [{ name: 'axis', int: 1 }]));
  },
  reduce({ node, graph, layouts }) {
    const [x] = node.inputs;
    const { operation, axes } = attributesOf(node, reduction);
    if (!isImage(x) || !onlyFirst(layouts, x) || axes.includes(0)) return undefined;
    const name = layouts.first(x);
    const isGlobal = axes.join() === '1,2';
    if (isGlobal && operation === 'mean') return first(graph.node('GlobalAveragePool', [name]));
    if (isGlobal && operation === 'max') return first(graph.node('GlobalMaxPool', [name]));
    const places = axes.map((axis) => PLACES[axis]).sort((a, b) => a - b);
    return first(
      graph.node(
        REDUCTIONS[operation],
        [name],
        [
          { name: 'axes', ints: places },
          { name: 'keepdims', int: 1 },
        ],
      ),
    );
  },
  reshape: writeReshape,
  matmul({ node, graph, layouts, prefix }) {
    const [x, w, bias] = node.inputs;
    const image = layouts.imageOf(x);
    const attributes = attributesOf(node, product) as ProductAttributes;
    const isDense = attributes.form === 'nn' && attributes.flat && layouts.isConstant(w);
    if (!image || layouts.has(x, 'last') || !isDense || w.shape.dims.length !== 2) return undefined;
    // The same sum in another order: the weight's rows follow that of the values.
    const [, columns] = w.shape.dims;
    const weight = layouts.constant(w, `first.${image.join('x')}`, (shape, values) => [
      shape,
      permuted(values, [...image, columns], [2, 0, 1, 3]),
    ]);
    const names = [layouts.flat(x, image), weight, ...(bias ? [layouts.last(bias)] : [])];
    return { name: nodeForms.matmul(nodePart({ node, graph, prefix }, names)), layout: 'last' };
  },
};

/** Where an axis of images, the rows counted, stands with channels first. */
const PLACES = [0, 2, 3, 1];

function first(name: string): Made {
  return { name, layout: 'first' };
}

/** Whether a value is there with its channels first and in no other order. */
function onlyFirst(layouts: Layouts, value: Value): boolean {
  return layouts.has(value, 'first') && !layouts.has(value, 'last');
}

function nodePart(
  { node, graph, prefix }: Pick<ImagePart, 'node' | 'graph' | 'prefix'>,
  inputs: readonly string[],
): NodePart {
  return {
    ...{ graph, prefix, inputs, attributes: node.attributes, ofInput: false },
    ...{ shapes: node.inputs.map(({ shape }) => shape), shape: node.outputs[0].shape },
  };
}

/** An image without rows is a batch of one in between. */
function writeConvolution(
  { node, graph, layouts }: Pick<ImagePart, 'node' | 'graph' | 'layouts'>,
  operator: 'Conv' | 'ConvTranspose',
  attributes: ConvAttributes,
  more: readonly OnnxAttribute[] = [],
): Made {
  const [x, w, bias] = node.inputs;
  const isOne = !x.shape.rows;
  const axis = () => graph.sharedInts('place0', [0]);
  const turned = (name: string, perm: readonly number[]) =>
    graph.node('Transpose', [name], [{ name: 'perm', ints: perm }]);
  const image = isOne
    ? graph.node('Unsqueeze', [turned(layouts.last(x), [2, 0, 1]), axis()])
    : layouts.first(x);
  const inputs = [image, kernel(graph, layouts, w), ...(bias ? [layouts.last(bias)] : [])];
  const group = { name: 'group', int: attributes.groups };
  const name = graph.node(operator, inputs, [...windowOf(attributes, w.shape.dims), group, ...more]);
  if (!isOne) return first(name);
  return { name: turned(graph.node('Squeeze', [name, axis()]), [1, 2, 0]), layout: 'last' };
}

/** Weights [height, width, in, out] as [out, in, height, width]. */
function kernel(graph: GraphBuilder, layouts: Layouts, w: Value): string {
  const axes = [3, 2, 0, 1];
  if (layouts.isConstant(w)) {
    return layouts.constant(w, 'first', (shape, values) => [
      axes.map((axis) => shape[axis]),
      permuted(values, shape, axes),
    ]);
  }
  return graph.node('Transpose', [layouts.last(w)], [{ name: 'perm', ints: axes }]);
}

/** The shape of images with another height and width. Before operator set 18 it has to name all axes. */
function resized(graph: GraphBuilder, images: string, size: string): string {
  const bounds = [0, 2].map((place) => graph.sharedInts(`place${place}`, [place]));
  const kept = graph.node('Slice', [graph.node('Shape', [images]), ...bounds]);
  return graph.node('Concat', [kept, size], [{ name: 'axis', int: 0 }]);
}

function outputPadding(
  { size, strides, dilations, padding }: ConvTransposeAttributes,
  image: readonly number[],
  weight: readonly number[],
): number[] {
  return size.map((length, axis) => {
    const reach = (image[axis] - 1) * strides[axis] + dilations[axis] * (weight[axis] - 1) + 1;
    return length - reach + padding[axis] + padding[axis + 2];
  });
}

function writePad({ node, graph, layouts, prefix, wanted }: ImagePart): Made {
  const [x] = node.inputs;
  const { amounts, mode, value } = attributesOf(node, pad) as PadAttributes;
  const isFirst = isImage(x) && (wanted || onlyFirst(layouts, x));
  const own = isFirst ? [amounts[2], amounts[0], amounts[1]] : amounts;
  const all = x.shape.rows ? [[0, 0], ...own] : own;
  const pads = [...all.map(([before]) => before), ...all.map(([, after]) => after)];
  const inputs = [isFirst ? layouts.first(x) : layouts.last(x), graph.ints(`${prefix}.pads`, pads)];
  if (mode === 'constant') inputs.push(graph.floats(`${prefix}.value`, [], Float32Array.of(value)));
  const name = graph.node('Pad', inputs, [{ name: 'mode', string: mode }]);
  return { name, layout: isFirst ? 'first' : 'last' };
}

/** Its features are axis 1: the channels of images, and the numbers of rows. */
function writeBatchNorm({ node, graph, layouts, prefix }: ImagePart): Made | undefined {
  const [x, mean, variance, weight, bias] = node.inputs;
  const { eps, momentum } = attributesOf(node, batchNormOperation) as BatchNormAttributes;
  const image = layouts.imageOf(x);
  const isFlat = image !== undefined && !layouts.has(x, 'last');
  if (!isImage(x) && !isFlat) return undefined;
  if (isFlat && node.inputs.slice(1).some((value) => !layouts.isConstant(value))) return undefined;
  const features = mean.shape.dims;
  const filled = (what: string, number: number) =>
    graph.literal(`${prefix}.${what}`, features, new Float32Array(features[0]).fill(number));
  const own = (value: Value) => (isFlat ? flatConstant(layouts, value, image) : layouts.last(value));
  const learned = [weight ? own(weight) : filled('ones', 1), bias ? own(bias) : filled('zeros', 0)];
  const name = graph.node(
    'BatchNormalization',
    [isFlat ? layouts.flat(x, image) : layouts.first(x), ...learned, own(mean), own(variance)],
    [
      { name: 'epsilon', float: eps },
      // ONNX's momentum is the share of the old statistics.
      { name: 'momentum', float: 1 - momentum },
    ],
  );
  return isFlat ? { name, layout: 'flat', image } : first(name);
}

/** A number for each pixel of an image, with its channels first. */
function flatConstant(layouts: Layouts, value: Value, image: Image): string {
  return layouts.constant(value, `first.${image.join('x')}`, (shape, values) => [
    shape,
    permuted(values, image, [2, 0, 1]),
  ]);
}

/** A row of an image with its channels first stays in that order; so do images of one channel or one pixel. */
function writeReshape({ node, layouts, wanted }: ImagePart): Made | undefined {
  const [x] = node.inputs;
  const { shape } = attributesOf(node, reshape);
  if (wanted && !isImage(x)) {
    const [height, width, channels] = shape.dims;
    const isLine = channels === 1 || height * width === 1;
    return isLine ? first(layouts.reshape(layouts.last(x), [0, channels, height, width])) : undefined;
  }
  if (!isImage(x) || !onlyFirst(layouts, x) || !shape.rows) return undefined;
  const image = x.shape.dims;
  const [height, width, channels] = image;
  if (channels === 1 || height * width === 1) {
    return { name: layouts.reshape(layouts.first(x), [0, ...shape.dims]), layout: 'last' };
  }
  if (shape.dims.length !== 1) return undefined;
  const name = layouts.reshape(layouts.first(x), [0, elementsOf(image)]);
  return { name, layout: 'flat', image };
}

/** In the order that its inputs have, where all of them can be had in it. */
function writeElementwise(part: ImagePart): Made | undefined {
  const { node, graph, layouts, prefix, wanted } = part;
  const [value] = node.outputs;
  const { inputs } = node;
  const isFirst = isImage(value) && (wanted || inputs.some((own) => isImage(own) && onlyFirst(layouts, own)));
  const flat = inputs.find((own) => layouts.imageOf(own) && !layouts.has(own, 'last'));
  const image = flat && layouts.imageOf(flat);
  if (isFirst) {
    const names = inputs.map((own) => operandFirst(layouts, own));
    if (names.some((name) => name === undefined)) return undefined;
    return first(writePlain(node, nodePart({ node, graph, prefix }, names as string[])));
  }
  if (!image || value.shape.dims.length !== 1 || value.shape.dims[0] !== elementsOf(image)) return undefined;
  const names = inputs.map((own) => operandFlat(layouts, own, image));
  if (names.some((name) => name === undefined)) return undefined;
  return {
    ...{ layout: 'flat', image },
    name: writePlain(node, nodePart({ node, graph, prefix }, names as string[])),
  };
}

function writePlain({ operation }: Node, part: NodePart): string {
  return nodeForms[operation.name](part);
}

/** A value that meets images with their channels first; undefined where it cannot be had as such. */
function operandFirst(layouts: Layouts, value: Value): string | undefined {
  // A buffer of one number has as many axes as one of several: so it is no scaling of raw values.
  const isBuffer = layouts.isConstant(value) && value.shape.dims.length > 0;
  if (isNumber(value) && !isBuffer) return layouts.last(value);
  if (isImage(value)) return layouts.first(value);
  if (value.shape.rows || !layouts.isConstant(value)) return undefined;
  return layouts.constant(value, 'first', (shape, values) => {
    const full = [...Array.from({ length: 3 - shape.length }, () => 1), ...shape];
    return [[full[2], full[0], full[1]], permuted(values, full, [2, 0, 1])];
  });
}

function operandFlat(layouts: Layouts, value: Value, image: Image): string | undefined {
  if (isNumber(value)) return layouts.last(value);
  if (value.shape.dims.length !== 1 || value.shape.dims[0] !== elementsOf(image)) return undefined;
  if (value.shape.rows) return layouts.flat(value, image);
  return layouts.isConstant(value) ? flatConstant(layouts, value, image) : undefined;
}
