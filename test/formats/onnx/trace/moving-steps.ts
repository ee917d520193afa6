/** Steps of random graphs that move numbers, or pick some. */
import { int, ints, node, text } from '../schema.js';
import { others, reshape, type Step, shuffled, signed, transpose, withDim } from './steps.js';
import { ROWS } from './writer.js';

export const movingSteps: Readonly<Record<string, Step>> = {
  transpose: (w, x) => transpose(w, x, shuffled(w, x.dims.length)),
  unsqueeze(w, x) {
    if (x.dims.length > 4) return undefined;
    const axis = w.below(x.dims.length + 1);
    const name = w.withList('Unsqueeze', x.name, 'axes', [axis], 13);
    const dims = [...x.dims.slice(0, axis), 1, ...x.dims.slice(axis)];
    return { name, dims, batch: x.batch + Number(axis <= x.batch) };
  },
  squeeze(w, x) {
    const axis = x.dims.indexOf(1);
    if (axis < 0) return undefined;
    const name = w.withList('Squeeze', x.name, 'axes', [signed(w, axis, x.dims.length)], 13);
    return { name, dims: x.dims.filter((_, i) => i !== axis), batch: x.batch - Number(axis < x.batch) };
  },
  splitAxis(w, x) {
    const axis = others(x).find((own) => x.dims[own] % 2 === 0);
    if (axis === undefined || x.dims.length > 4) return undefined;
    const dims = [...x.dims.slice(0, axis), 2, x.dims[axis] / 2, ...x.dims.slice(axis + 1)];
    return reshape(w, x, dims, x.batch + Number(axis < x.batch));
  },
  mergeAxes(w, x) {
    const axis = others(x).find((own) => own + 1 < x.dims.length && own + 1 !== x.batch);
    if (axis === undefined) return undefined;
    const dims = [...x.dims.slice(0, axis), x.dims[axis] * x.dims[axis + 1], ...x.dims.slice(axis + 2)];
    return reshape(w, x, dims, x.batch - Number(axis < x.batch));
  },
  /** The batch as one axis with another, as PyTorch's attention has it, and back. */
  mergeBatch(w, x) {
    if (x.batch < 0) return undefined;
    const isBefore = x.batch > 0 && w.chance(0.5);
    const [a, b] = isBefore ? [x.batch - 1, x.batch] : [x.batch, x.batch + 1];
    if (b >= x.dims.length) return undefined;
    const merged = [...x.dims.slice(0, a), x.dims[a] * x.dims[b], ...x.dims.slice(b + 1)];
    let own = reshape(w, x, merged, a);
    const last = own.dims.length - 1;
    if (last !== a && w.chance(0.5)) {
      const c = w.constant([own.dims[last], own.dims[last]]);
      own = { ...own, name: w.add('MatMul', [own.name, c]) };
    } else own = { ...own, name: w.add('Tanh', [own.name]) };
    const dims = x.dims.map((length, i) => (i === x.batch ? -1 : length));
    return { ...x, name: w.add('Reshape', [own.name, w.list(dims)]) };
  },
  recut(w, x) {
    if (x.batch !== 0 || x.dims.length < 3) return undefined;
    const size = x.dims.slice(1).reduce((a, b) => a * b, 1);
    const width = [2, 4, 5, 6, 8].find((own) => size % own === 0 && own !== x.dims[x.dims.length - 1]);
    return width === undefined ? undefined : reshape(w, x, [ROWS, size / width, width], 0);
  },
  flatten(w, x) {
    if (x.batch !== 0) return undefined;
    const size = x.dims.slice(1).reduce((a, b) => a * b, 1);
    return {
      name: w.add('Flatten', [x.name], w.chance(0.5) ? [int('axis', 1)] : []),
      dims: [ROWS, size],
      batch: 0,
    };
  },
  /** A shape that is computed: of the batch, and of numbers. */
  shapeOf(w, x) {
    if (x.dims.length < 2 || x.batch < 0) return undefined;
    const shape = w.add('Shape', [x.name]);
    const batch = w.add('Gather', [shape, w.list([x.batch])], [int('axis', 0)]);
    const size = x.dims.reduce((a, b) => a * b, 1) / ROWS;
    if (x.batch !== 0) {
      const turnedBack = transpose(w, x, [x.batch, ...others(x)]);
      const list = w.add('Concat', [batch, w.list([-1])], [int('axis', 0)]);
      return { name: w.add('Reshape', [turnedBack.name, list]), dims: [ROWS, size], batch: 0 };
    }
    const list = w.add('Concat', [batch, w.list([size])], [int('axis', 0)]);
    return { name: w.add('Reshape', [x.name, list]), dims: [ROWS, size], batch: 0 };
  },
  slice(w, x) {
    const axis = w.pick(others(x));
    if (axis === undefined) return undefined;
    const length = x.dims[axis];
    const begin = w.below(length);
    if (w.chance(0.3)) {
      const lists = [[-1], [-(2 ** 31)], [axis], [-1]].map((own) => w.list(own));
      return { ...x, name: w.add('Slice', [x.name, ...lists]) };
    }
    const end = begin + 1 + w.below(length - begin);
    const step = w.pick([1, 1, 2]);
    const count = Math.ceil((end - begin) / step);
    const lists = [
      [w.chance(0.3) ? begin - length : begin],
      [end === length ? 2 ** 31 : end],
      [axis],
      [step],
    ];
    const name = w.add('Slice', [x.name, ...lists.map((own) => w.list(own))]);
    return { ...x, name, dims: withDim(x, axis, count) };
  },
  split(w, x) {
    const axis = others(x).find((own) => x.dims[own] >= 2);
    if (axis === undefined) return undefined;
    const first = 1 + w.below(x.dims[axis] - 1);
    const sizes = [first, x.dims[axis] - first];
    const outputs = [w.name('v'), w.name('v')];
    const isList = w.opset < 13;
    const inputs = isList ? [x.name] : [x.name, w.list(sizes)];
    const attributes = [int('axis', axis), ...(isList ? [ints('split', sizes)] : [])];
    w.nodes.push({ ...node('Split', inputs, outputs[0], attributes), output: outputs });
    if (w.chance(0.5)) return { ...x, name: outputs[1], dims: withDim(x, axis, sizes[1]) };
    return { ...x, name: w.add('Concat', [outputs[1], outputs[0]], [int('axis', axis - x.dims.length)]) };
  },
  concat(w, x) {
    const axis = w.pick(others(x));
    if (axis === undefined) return undefined;
    const more = w.add('Tanh', [x.name]);
    const name = w.add('Concat', [more, x.name], [int('axis', axis)]);
    return { ...x, name, dims: withDim(x, axis, 2 * x.dims[axis]) };
  },
  /** A class token: a constant, once for each row. */
  token(w, x) {
    const axis = w.pick(others(x));
    if (axis === undefined || x.batch !== 0) return undefined;
    const token = w.constant(x.dims.map((length, i) => (i === axis || i === 0 ? 1 : length)));
    const batch = w.add('Gather', [w.add('Shape', [x.name]), w.list([0])], [int('axis', 0)]);
    const rest = w.list(x.dims.slice(1).map((length, i) => (i + 1 === axis ? 1 : length)));
    const repeated = w.add('Expand', [token, w.add('Concat', [batch, rest], [int('axis', 0)])]);
    const name = w.add('Concat', [repeated, x.name], [int('axis', axis)]);
    return { ...x, name, dims: withDim(x, axis, x.dims[axis] + 1) };
  },
  gather(w, x) {
    const axis = w.pick(others(x));
    if (axis === undefined) return undefined;
    const places = Array.from(
      { length: 1 + w.below(4) },
      () => w.below(x.dims[axis]) - (w.chance(0.2) ? x.dims[axis] : 0),
    );
    if (w.chance(0.3)) {
      const dims = x.dims.filter((_, i) => i !== axis);
      const name = w.add('Gather', [x.name, w.number(places[0])], [int('axis', axis)]);
      return { name, dims, batch: x.batch - Number(axis < x.batch) };
    }
    const name = w.add('Gather', [x.name, w.list(places)], [int('axis', axis)]);
    return { ...x, name, dims: withDim(x, axis, places.length) };
  },
  gatherElements(w, x) {
    const axis = w.pick(others(x));
    if (axis === undefined) return undefined;
    const index = w.add('ArgMax', [x.name], [int('axis', axis)]);
    const other = w.add('Neg', [x.name]);
    const name = w.add('GatherElements', [other, index], [int('axis', axis)]);
    return { ...x, name, dims: withDim(x, axis, 1) };
  },
  /** Rows of a table, by numbers that are computed. */
  embed(w, x) {
    const axis = w.pick(others(x));
    if (axis === undefined || x.dims.length > 3) return undefined;
    const index = w.add(w.pick(['ArgMax', 'ArgMin']), [x.name], [int('axis', axis), int('keepdims', 0)]);
    const name = w.add('Gather', [w.constant([x.dims[axis], 4]), index], [int('axis', 0)]);
    return {
      name,
      dims: [...x.dims.filter((_, i) => i !== axis), 4],
      batch: x.batch - Number(axis < x.batch),
    };
  },
  oneHot(w, x) {
    const axis = w.pick(others(x));
    if (axis === undefined || x.dims.length > 3) return undefined;
    const index = w.add('ArgMax', [x.name], [int('axis', axis), int('keepdims', 0)]);
    const at = w.below(x.dims.length);
    const rest = x.dims.filter((_, i) => i !== axis);
    const batch = x.batch - Number(axis < x.batch);
    const name = w.add('OneHot', [index, w.number(5), w.constant([2])], [int('axis', at)]);
    return { name, dims: [...rest.slice(0, at), 5, ...rest.slice(at)], batch: batch + Number(at <= batch) };
  },
  pad(w, x) {
    const axis = others(x).find((own) => x.dims[own] >= 3 || x.dims[own] === 2);
    if (axis === undefined) return undefined;
    const mode = w.pick(['constant', 'reflect', 'edge']);
    const most = mode === 'reflect' ? x.dims[axis] : 3;
    const [before, after] = [w.below(most), w.below(most)];
    const pads = new Array<number>(2 * x.dims.length).fill(0);
    pads[axis] = before;
    pads[axis + x.dims.length] = after;
    const number = mode === 'constant' && w.chance(0.5) ? [w.constant([], 1)] : [];
    const name = w.add('Pad', [x.name, w.list(pads), ...number], [text('mode', mode)]);
    return { ...x, name, dims: withDim(x, axis, x.dims[axis] + before + after) };
  },
  expand(w, x) {
    const axis = x.dims.findIndex((length, i) => length === 1 && i !== x.batch);
    if (axis < 0) return undefined;
    const dims = withDim(x, axis, 4);
    return {
      ...x,
      name: w.add('Expand', [x.name, w.list(dims.map((own, i) => (i === x.batch ? 1 : own)))]),
      dims,
    };
  },
  tile(w, x) {
    const axis = w.pick(others(x));
    if (axis === undefined) return undefined;
    const repeats = x.dims.map((_, i) => (i === axis ? 2 : 1));
    return { ...x, name: w.add('Tile', [x.name, w.list(repeats)]), dims: withDim(x, axis, 2 * x.dims[axis]) };
  },
  trilu(w, x) {
    const rank = x.dims.length;
    if (w.opset < 14 || rank < 3 || x.batch >= rank - 2) return undefined;
    return { ...x, name: w.add('Trilu', [x.name, w.number(w.below(3) - 1)], [int('upper', w.below(2))]) };
  },
};
