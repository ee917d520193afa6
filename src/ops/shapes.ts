/** Operations of the graph that move values and compute nothing: reshape, transpose, slice, concat. */
import { ShapeError } from '../base/errors.js';
import type { Tensor } from '../engine/tensor.js';
import { constantLike } from './arithmetic.js';
import type { Call } from './check.js';
import { type Operation, one, type Shape, showShape, sizeOf } from './operation.js';
import { readShape } from './read.js';
import { unary } from './strided.js';
import { permute, slice as sliceView, type View, viewOf } from './view.js';

const copy = (y: View, x: View): Call => unary({ y, x, operation: 'copy' });

/** The same values, row-major, under other axes; rows stay rows. */
export const reshape: Operation<{ readonly shape: Shape }> = {
  name: 'reshape',
  alias: true,
  infer(where, [x], { shape }) {
    if (x.rows === shape.rows && sizeOf(x) === sizeOf(shape)) return [shape];
    throw new ShapeError(
      where,
      `expected ${sizeOf(x)} values${x.rows ? ' a row' : ''}, as ${showShape(x)} has, given ${showShape(shape)}`,
    );
  },
  read: (reader) => ({ shape: readShape(reader, 'shape') }),
  derivative: (rule) => [one(rule, reshape, [rule.gradients[0]!], { shape: rule.inputs[0].shape })],
  bind({ inputs: [x], outputs, arena }) {
    const y = outputs[0]!;
    const sameLast = x.columns === y.columns;
    if (sameLast || !isPadded(x) || !isPadded(y)) return copy(linesOf(y, x), linesOf(x, y));
    const between = arena.tensor('float', [x.size]);
    return [copy(linesOf(between, x), linesOf(x, between)), copy(linesOf(y, between), linesOf(between, y))];
  },
};

function isPlaces(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((axis) => Number.isSafeInteger(axis) && axis >= 0);
}

function isPadded(tensor: Tensor): boolean {
  return tensor.shape.length > 1 && tensor.ld !== tensor.columns;
}

/** As rows of the length that rows of the padded one of the two have; as one where neither is padded. */
function linesOf(tensor: Tensor, other: Tensor): View {
  const padded = isPadded(tensor) ? tensor : other;
  const columns = isPadded(padded) ? padded.columns : tensor.size;
  const rows = tensor.size / columns;
  return { tensor, offset: 0, shape: [rows, columns], strides: [isPadded(tensor) ? tensor.ld : columns, 1] };
}

/** Axis i of the result is axis axes[i] of x; with rows, axis 0 is the rows and stays. */
export const transpose: Operation<{ readonly axes: readonly number[] }> = {
  name: 'transpose',
  infer(where, [x], { axes }) {
    const rank = x.dims.length + Number(x.rows);
    const isOrder = axes.length === rank && [...axes].sort((a, b) => a - b).every((axis, i) => axis === i);
    if (!isOrder || (x.rows && axes[0] !== 0)) {
      const expected = x.rows
        ? 'expected an order of the axes that begins with 0, the rows'
        : 'expected an order of the axes';
      throw new ShapeError(where, `${expected}, given [${axes.join(', ')}] for ${showShape(x)}`);
    }
    const full = x.rows ? [0, ...x.dims] : x.dims;
    const dims = axes.map((axis) => full[axis]);
    return [{ rows: x.rows, dims: x.rows ? dims.slice(1) : dims }];
  },
  read: (reader) => ({ axes: reader.required('axes', 'a list of axes', isPlaces) }),
  derivative(rule) {
    const { axes } = rule.attributes;
    const inverse = axes.map((_, i) => axes.indexOf(i));
    return [one(rule, transpose, [rule.gradients[0]!], { axes: inverse })];
  },
  bind: ({ attributes: { axes }, inputs: [x], outputs }) =>
    copy(viewOf(outputs[0]!), permute(viewOf(x), axes)),
};

export interface SliceAttributes {
  /** Of the full shape: with rows, axis 0 is the rows, which cannot be cut. */
  readonly axis: number;
  readonly begin: number;
  readonly length: number;
}

/** The places from `begin` on of one axis. */
export const slice: Operation<SliceAttributes> = {
  name: 'slice',
  infer(where, [x], { axis, begin, length }) {
    const at = axis - Number(x.rows);
    const size = x.dims[at];
    if (at < 0 || size === undefined || !(begin >= 0 && length >= 1 && begin + length <= size)) {
      throw new ShapeError(where, `axis ${axis} of ${showShape(x)} has no ${length} places from ${begin} on`);
    }
    return [{ ...x, dims: x.dims.map((own, i) => (i === at ? length : own)) }];
  },
  read: (reader) => ({
    axis: reader.integer('axis', { min: 0 }),
    begin: reader.integer('begin', { min: 0 }),
    length: reader.integer('length', { min: 1 }),
  }),
  derivative(rule) {
    const { axis, begin } = rule.attributes;
    return [one(rule, place, [rule.gradients[0]!], { axis, begin, shape: rule.inputs[0].shape })];
  },
  bind: ({ attributes: { axis, begin, length }, inputs: [x], outputs }) =>
    copy(viewOf(outputs[0]!), sliceView(viewOf(x), axis, begin, length)),
};

/** x within zeros: where a slice came from. */
const place: Operation<{ readonly axis: number; readonly begin: number; readonly shape: Shape }> = {
  name: 'place',
  infer: (_, __, { shape }) => [shape],
  bind(binding) {
    const { attributes, inputs, outputs } = binding;
    const { axis, begin } = attributes;
    const [x] = inputs;
    const target = sliceView(viewOf(outputs[0]!), axis, begin, x.shape[axis]);
    const zeros = constantLike.bind({ ...binding, attributes: { value: 0 } });
    return [...[zeros].flat(), copy(target, viewOf(x))];
  },
};

/** One behind the other along an axis. */
export const concat: Operation<{ readonly axis: number }> = {
  name: 'concat',
  infer(where, inputs, { axis }) {
    const [first] = inputs;
    const at = axis - Number(first.rows);
    const others = (shape: Shape) =>
      `${shape.rows} ${shape.dims.map((length, i) => (i === at ? 0 : length))}`;
    if (at < 0 || at >= first.dims.length || inputs.some((own) => others(own) !== others(first))) {
      const given = inputs.map(showShape).join(' and ');
      throw new ShapeError(where, `expected shapes that agree but for axis ${axis}, given ${given}`);
    }
    const total = inputs.reduce((sum, { dims }) => sum + dims[at], 0);
    return [{ ...first, dims: first.dims.map((own, i) => (i === at ? total : own)) }];
  },
  read: (reader) => ({ axis: reader.integer('axis', { min: 0 }) }),
  derivative(rule) {
    const { axis } = rule.attributes;
    let begin = 0;
    return rule.inputs.map(({ shape }, i) => {
      const length = shape.dims[axis - Number(shape.rows)];
      const from = begin;
      begin += length;
      return rule.needs[i]
        ? one(rule, slice, [rule.gradients[0]!], { axis, begin: from, length })
        : undefined;
    });
  },
  bind({ attributes: { axis }, inputs, outputs }) {
    const y = viewOf(outputs[0]!);
    let begin = 0;
    return inputs.map((x) => {
      const call = copy(sliceView(y, axis, begin, x.shape[axis]), viewOf(x));
      begin += x.shape[axis];
      return call;
    });
  },
};
