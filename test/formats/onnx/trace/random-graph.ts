/** Random graphs with a free batch: a few operators in a row, or joined again, each in one of its forms. */
import { float, floats, int, ints, node, onnxFile, raw, text, value, whole } from '../schema.js';

/** The size of the batch that runs; no other axis has it. */
export const ROWS = 3;

/** A value of the graph: its lengths while it runs, and which axis is the batch. */
interface Own {
  readonly name: string;
  readonly dims: readonly number[];
  readonly batch: number;
}

export interface RandomGraph {
  readonly file: Uint8Array;
  /** Of the input, without the batch. */
  readonly shape: readonly number[];
  readonly operators: readonly string[];
}

/** Whether the size of the batch is open, or a number; or there is none, and all axes are alike. */
export type Form = 'open' | 'fixed' | 'none';

/** What operators are written with. */
export class Writer {
  readonly nodes: ReturnType<typeof node>[] = [];
  readonly constants: object[] = [];
  readonly opset: number;
  readonly #next: () => number;
  #count = 0;

  constructor(next: () => number) {
    this.#next = next;
    this.opset = this.pick([11, 13, 17, 18, 20, 21]);
  }

  below(n: number): number {
    return Math.floor(this.#next() * n);
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)];
  }

  chance(share: number): boolean {
    return this.#next() < share;
  }

  name(stem: string): string {
    return `${stem}${this.#count++}`;
  }

  /** Numbers from `least` on, in quarters. */
  constant(dims: readonly number[], least = -2): string {
    const name = this.name('c');
    const size = dims.reduce((a, b) => a * b, 1);
    const values = Array.from({ length: size }, () => least + this.below(16) / 4);
    this.constants.push(floats(name, [...dims], values));
    return name;
  }

  list(values: readonly number[]): string {
    const name = this.name('c');
    this.constants.push({ ...whole(name, values) });
    return name;
  }

  number(value: number): string {
    const name = this.name('c');
    this.constants.push({ ...whole(name, [value]), dims: [] });
    return name;
  }

  add(operator: string, inputs: readonly string[], attributes: object[] = []): string {
    const output = this.name('v');
    this.nodes.push(node(operator, [...inputs], output, attributes));
    return output;
  }

  /** A list that is an attribute before an operator set, and an input since. */
  withList(operator: string, x: string, key: string, values: readonly number[], since: number): string {
    if (this.opset < since) return this.add(operator, [x], [ints(key, values)]);
    return this.add(operator, [x, this.list(values)]);
  }
}

type Step = (w: Writer, x: Own) => Own | undefined;

const others = ({ dims, batch }: Own) => [...dims.keys()].filter((axis) => axis !== batch);
const signed = (w: Writer, axis: number, rank: number) => (w.chance(0.5) ? axis : axis - rank);
const withDim = (x: Own, axis: number, length: number) => x.dims.map((own, i) => (i === axis ? length : own));

/** A shape that x meets: some axes, and the batch, have length 1, and the first may be left out. */
function meeting(w: Writer, x: Own): number[] {
  const dims = x.dims.map((length, i) => (i === x.batch || w.chance(0.4) ? 1 : length));
  const first = Math.min(w.below(dims.length + 1), x.batch + 1 + w.below(3));
  return dims.slice(Math.min(first, dims.findIndex((own) => own !== 1) < 0 ? dims.length : first));
}

function transpose(w: Writer, x: Own, perm: readonly number[]): Own {
  const name = w.add('Transpose', [x.name], [ints('perm', perm)]);
  return { name, dims: perm.map((axis) => x.dims[axis]), batch: perm.indexOf(x.batch) };
}

function shuffled(w: Writer, count: number): number[] {
  const list = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = w.below(i + 1);
    [list[i], list[j]] = [list[j], list[i]];
  }
  return list;
}

/** As a shape of constants: the batch is -1, others may be 0, which keeps them. */
function reshape(w: Writer, x: Own, dims: readonly number[], batch: number): Own {
  const list = dims.map((length, i) => (i === batch ? -1 : length));
  return { name: w.add('Reshape', [x.name, w.list(list)]), dims, batch };
}

const same =
  (operator: string, attributes: (w: Writer) => object[] = () => []): Step =>
  (w, x) => ({ ...x, name: w.add(operator, [x.name], attributes(w)) });

/** Steps by the name that a failure gives. */
export const steps: Readonly<Record<string, Step>> = {
  unary: (w, x) =>
    same(w.pick(['Abs', 'Neg', 'Sigmoid', 'Tanh', 'Relu', 'Softplus', 'Erf', 'Sin', 'Cos']))(w, x),
  activation: (w, x) =>
    w.pick([
      same('LeakyRelu', () => [float('alpha', 0.3)]),
      same('Elu', () => [float('alpha', 0.7)]),
      same('Selu'),
      same('HardSigmoid', () => [float('alpha', 0.3)]),
      same('Softsign'),
      ...(w.opset >= 12 ? [same('Celu', () => [float('alpha', 2)])] : []),
      ...(w.opset >= 14 ? [same('HardSwish')] : []),
      ...(w.opset >= 18 ? [same('Mish')] : []),
      ...(w.opset >= 20 ? [same('Gelu', (own) => [text('approximate', own.pick(['none', 'tanh']))])] : []),
    ])(w, x),
  withConstant(w, x) {
    const c = w.constant(meeting(w, x), w.pick([-2, 0.5]));
    const inputs = w.chance(0.5) ? [x.name, c] : [c, x.name];
    return { ...x, name: w.add(w.pick(['Add', 'Sub', 'Mul', 'Max', 'Min']), inputs) };
  },
  divide: (w, x) => ({ ...x, name: w.add('Div', [x.name, w.constant(meeting(w, x), 0.5)]) }),
  /** A constant of more axes, or longer ones, than the value. */
  grow(w, x) {
    const axis = x.dims.findIndex((length, i) => length === 1 && i !== x.batch);
    if (axis < 0) return undefined;
    const c = w.constant(x.dims.map((_, i) => (i === axis ? 4 : 1)));
    return { ...x, name: w.add('Add', [x.name, c]), dims: withDim(x, axis, 4) };
  },
  withSelf(w, x) {
    const axis = w.pick(others(x));
    if (axis === undefined || (w.opset >= 18 && w.opset < 13)) return undefined;
    const low = w.withList('ReduceMean', x.name, 'axes', [axis], 18);
    return {
      ...x,
      name: w.add(w.pick(['Sub', 'Mul', 'Add']), w.chance(0.5) ? [x.name, low] : [low, x.name]),
    };
  },
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
  reduce(w, x) {
    const axes = others(x).filter(() => w.chance(0.6));
    if (axes.length === 0) return undefined;
    const keeps = w.chance(0.5);
    const operator = w.pick([
      'ReduceMax',
      'ReduceMin',
      'ReduceMean',
      'ReduceSum',
      'ReduceL2',
      'ReduceL1',
      'ReduceProd',
      'ReduceLogSumExp',
      'ReduceSumSquare',
    ]);
    const isInput = w.opset >= (operator === 'ReduceSum' ? 13 : 18);
    const inputs = isInput ? [x.name, w.list(axes)] : [x.name];
    const attributes = [...(isInput ? [] : [ints('axes', axes)]), int('keepdims', Number(keeps))];
    const name = w.add(operator, inputs, attributes);
    if (keeps) return { ...x, name, dims: x.dims.map((own, i) => (axes.includes(i) ? 1 : own)) };
    const batch = x.batch - axes.filter((axis) => axis < x.batch).length;
    return { name, dims: x.dims.filter((_, i) => !axes.includes(i)), batch };
  },
  softmax(w, x) {
    const axis = w.pick(others(x));
    if (axis === undefined || (w.opset < 13 && axis < x.batch)) return undefined;
    const name = w.add(
      w.pick(['Softmax', 'LogSoftmax', 'Hardmax']),
      [x.name],
      [int('axis', signed(w, axis, x.dims.length))],
    );
    return { ...x, name };
  },
  cumSum(w, x) {
    const axis = w.pick(others(x));
    if (axis === undefined) return undefined;
    const attributes = [int('exclusive', w.below(2)), int('reverse', w.below(2))];
    return { ...x, name: w.add('CumSum', [x.name, w.number(axis)], attributes) };
  },
  argMax(w, x) {
    const axis = w.pick(others(x));
    if (axis === undefined) return undefined;
    const last = w.opset >= 12 ? [int('select_last_index', w.below(2))] : [];
    const index = w.add(w.pick(['ArgMax', 'ArgMin']), [x.name], [int('axis', axis), ...last]);
    return { ...x, name: w.add('Cast', [index], [int('to', 1)]), dims: withDim(x, axis, 1) };
  },
  where(w, x) {
    const condition = w.add(w.pick(['Greater', 'Less']), [x.name, w.constant(meeting(w, x))]);
    const not = w.chance(0.3) ? w.add('Not', [condition]) : condition;
    return { ...x, name: w.add('Where', [not, x.name, w.constant(meeting(w, x))]) };
  },
  clip: (w, x) => ({
    ...x,
    name: w.add('Clip', [x.name, w.constant([], -2), ...(w.chance(0.5) ? [w.constant([], 2)] : [])]),
  }),
  variadic: (w, x) => ({
    ...x,
    name: w.add(w.pick(['Sum', 'Mean', 'Max', 'Min']), [
      x.name,
      w.constant(meeting(w, x)),
      w.add('Abs', [x.name]),
    ]),
  }),
  prelu: (w, x) => ({ ...x, name: w.add('PRelu', [x.name, w.constant(meeting(w, x))]) }),
  power: (w, x) => ({ ...x, name: w.add('Pow', [w.add('Abs', [x.name]), w.constant(meeting(w, x), 1)]) }),
  trilu(w, x) {
    const rank = x.dims.length;
    if (w.opset < 14 || rank < 3 || x.batch >= rank - 2) return undefined;
    return { ...x, name: w.add('Trilu', [x.name, w.number(w.below(3) - 1)], [int('upper', w.below(2))]) };
  },
  matMul(w, x) {
    const last = x.dims.length - 1;
    if (x.batch === last) return undefined;
    const name = w.add('MatMul', [x.name, w.constant([x.dims[last], 4])]);
    return { ...x, name, dims: withDim(x, last, 4) };
  },
  matMulLeft(w, x) {
    const rank = x.dims.length;
    if (rank < 3 || x.batch >= rank - 2) return undefined;
    return {
      ...x,
      name: w.add('MatMul', [w.constant([4, x.dims[rank - 2]]), x.name]),
      dims: withDim(x, rank - 2, 4),
    };
  },
  matMulStack(w, x) {
    const rank = x.dims.length;
    if (rank < 4 || x.batch >= rank - 2) return undefined;
    const dims = x.dims.map((own, i) => (i === x.batch ? 1 : own)).slice(0, -2);
    const name = w.add('MatMul', [x.name, w.constant([...dims, x.dims[rank - 1], 4])]);
    return { ...x, name, dims: withDim(x, rank - 1, 4) };
  },
  attention(w, x) {
    const rank = x.dims.length;
    if (rank < 3 || x.batch >= rank - 2) return undefined;
    const perm = [...Array.from({ length: rank - 2 }, (_, i) => i), rank - 1, rank - 2];
    const scores = w.add('MatMul', [x.name, transpose(w, x, perm).name]);
    return {
      ...x,
      name: w.add('MatMul', [
        w.add('Softmax', [w.add('Mul', [scores, w.constant([1], 0.25)])], [int('axis', rank - 1)]),
        x.name,
      ]),
    };
  },
  gemm(w, x) {
    if (x.dims.length !== 2 || x.batch !== 0) return undefined;
    const c = w.chance(0.7) ? [w.constant(w.pick([[4], [1, 4], [1], []]))] : [];
    const isTurned = w.chance(0.5);
    const b = w.constant(isTurned ? [4, x.dims[1]] : [x.dims[1], 4]);
    const attributes = [
      int('transB', Number(isTurned)),
      ...(w.chance(0.3) ? [float('alpha', 0.5)] : []),
      ...(w.chance(0.3) ? [float('beta', -2)] : []),
    ];
    return { ...x, name: w.add('Gemm', [x.name, b, ...c], attributes), dims: [ROWS, 4] };
  },
  einsum(w, x) {
    const letters = [...'abcdef'].slice(0, x.dims.length);
    const last = letters[letters.length - 1];
    if (x.batch === letters.length - 1 || w.opset < 12) return undefined;
    const rest = letters.slice(0, -1).join('');
    const rank = letters.length;
    const form = w.below(5);
    if (form === 4) {
      if (rank < 3 || x.batch >= rank - 2) return undefined;
      const lead = letters.slice(0, -2).join('');
      const equation = `${lead}ix,${lead}jx->${lead}ij`;
      const name = w.add('Einsum', [x.name, x.name], [text('equation', equation)]);
      return { ...x, name, dims: withDim(x, rank - 1, x.dims[rank - 2]) };
    }
    if (form === 0) {
      const name = w.add(
        'Einsum',
        [x.name, w.constant([x.dims[letters.length - 1], 4])],
        [text('equation', `${letters.join('')},${last}z->${rest}z`)],
      );
      return { ...x, name, dims: withDim(x, letters.length - 1, 4) };
    }
    if (form === 1)
      return { ...x, name: w.add('Einsum', [x.name], [text('equation', `...${last}->...${last}`)]) };
    if (form === 2) {
      const name = w.add(
        'Einsum',
        [x.name, x.name],
        [text('equation', `${letters.join('')},${letters.join('')}->${rest}`)],
      );
      return { name, dims: x.dims.slice(0, -1), batch: x.batch };
    }
    const perm = shuffled(w, letters.length);
    const name = w.add(
      'Einsum',
      [x.name],
      [text('equation', `${letters.join('')}->${perm.map((i) => letters[i]).join('')}`)],
    );
    return { name, dims: perm.map((i) => x.dims[i]), batch: perm.indexOf(x.batch) };
  },
  layerNorm(w, x) {
    const last = x.dims.length - 1;
    if (w.opset < 17 || x.batch === last || x.dims[last] === 1) return undefined;
    const [scale, bias] = [w.constant([x.dims[last]], 0.5), w.constant([x.dims[last]])];
    return { ...x, name: w.add('LayerNormalization', [x.name, scale, bias], [float('epsilon', 0.1)]) };
  },
  conv(w, x) {
    if (x.batch !== 0 || x.dims.length !== 4 || x.dims[2] < 3 || x.dims[3] < 3) return undefined;
    const weight = w.constant([4, x.dims[1], 3, 3]);
    const name = w.add(
      'Conv',
      [x.name, weight, ...(w.chance(0.5) ? [w.constant([4])] : [])],
      [ints('pads', [1, 1, 1, 1])],
    );
    return { ...x, name, dims: withDim(x, 1, 4) };
  },
  depthwise(w, x) {
    if (x.batch !== 0 || x.dims.length !== 4 || x.dims[2] < 3 || x.dims[3] < 3) return undefined;
    const weight = w.constant([x.dims[1], 1, 3, 3]);
    const attributes = [ints('pads', [1, 1, 1, 1]), int('group', x.dims[1])];
    return { ...x, name: w.add('Conv', [x.name, weight], attributes) };
  },
  convTranspose(w, x) {
    if (x.batch !== 0 || x.dims.length !== 4) return undefined;
    const weight = w.constant([x.dims[1], 2, 2, 2]);
    const name = w.add('ConvTranspose', [x.name, weight, w.constant([2])], [ints('strides', [2, 2])]);
    return { ...x, name, dims: [x.dims[0], 2, 2 * x.dims[2], 2 * x.dims[3]] };
  },
  conv1d(w, x) {
    if (x.batch !== 0 || x.dims.length !== 3 || x.dims[2] < 2) return undefined;
    const name = w.add('Conv', [x.name, w.constant([4, x.dims[1], 2])], [ints('pads', [1, 0])]);
    return { ...x, name, dims: withDim(x, 1, 4) };
  },
  pool(w, x) {
    if (x.batch !== 0 || x.dims.length !== 4 || x.dims[2] < 2 || x.dims[3] < 2) return undefined;
    const attributes = [ints('kernel_shape', [2, 2]), ints('strides', [2, 2])];
    const dims = x.dims.map((own, i) => (i > 1 ? Math.floor(own / 2) : own));
    return { ...x, name: w.add(w.pick(['MaxPool', 'AveragePool']), [x.name], attributes), dims };
  },
  globalPool(w, x) {
    if (x.batch !== 0 || x.dims.length < 3 || x.dims.length > 4) return undefined;
    const dims = x.dims.map((own, i) => (i > 1 ? 1 : own));
    return { ...x, name: w.add(w.pick(['GlobalMaxPool', 'GlobalAveragePool']), [x.name]), dims };
  },
  norm(w, x) {
    if (x.batch !== 0 || x.dims.length < 3 || x.dims.length > 4) return undefined;
    const C = x.dims[1];
    if (w.chance(0.5)) {
      const four = [0.5, -2, -2, 0.5].map((least) => w.constant([C], least));
      return { ...x, name: w.add('BatchNormalization', [x.name, ...four]) };
    }
    return {
      ...x,
      name: w.add(
        'InstanceNormalization',
        [x.name, w.constant([C], 0.5), w.constant([C])],
        [float('epsilon', 0.1)],
      ),
    };
  },
  groupNorm(w, x) {
    if (w.opset < 21 || x.batch !== 0 || x.dims.length < 3 || x.dims[1] % 2 !== 0) return undefined;
    const inputs = [x.name, w.constant([x.dims[1]], 0.5), w.constant([x.dims[1]])];
    const attributes = [int('num_groups', 2), float('epsilon', 0.1)];
    return { ...x, name: w.add('GroupNormalization', inputs, attributes) };
  },
  quantize(w, x) {
    const scale = w.name('c');
    const zero = w.name('c');
    const isSigned = w.chance(0.5);
    w.constants.push(floats(scale, [], [0.25]));
    w.constants.push(raw(zero, [], isSigned ? 3 : 2, Uint8Array.of(5)));
    const whole = w.add('QuantizeLinear', [x.name, scale, zero]);
    return { ...x, name: w.add('DequantizeLinear', [whole, scale, zero]) };
  },
  resize(w, x) {
    if (w.opset < 13 || x.batch !== 0 || x.dims.length !== 4) return undefined;
    const mode = w.pick(['nearest', 'nearest', 'linear', 'cubic']);
    const coordinates = w.pick(['half_pixel', 'asymmetric', 'align_corners', 'pytorch_half_pixel']);
    const to = x.dims.map((own, i) => (i < 2 ? own : w.pick([own, 2 * own, own + 1, Math.ceil(own / 2)])));
    const nearest = text(
      'nearest_mode',
      w.pick(['round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil']),
    );
    const attributes = [
      text('mode', mode),
      text('coordinate_transformation_mode', coordinates),
      ...(mode === 'nearest' ? [nearest] : []),
    ];
    const scales = to.map((own, i) => own / x.dims[i]);
    const c = w.name('c');
    w.constants.push(floats(c, [4], scales));
    return { ...x, name: w.add('Resize', [x.name, '', c], attributes), dims: to };
  },
};

/** Steps that a graph without a batch does not have. */
export const needsBatch: readonly string[] = [
  ...['mergeBatch', 'recut', 'flatten', 'shapeOf', 'token', 'gemm', 'conv', 'depthwise', 'convTranspose'],
  ...['conv1d', 'pool', 'globalPool', 'norm', 'groupNorm', 'resize'],
];

interface GraphOptions {
  readonly form?: Form;
  /** The name of a constant that is added to the input. */
  readonly offset?: string;
}

/** A graph of this step and a few more. */
export function randomGraph(next: () => number, first: string, options: GraphOptions = {}): RandomGraph {
  // Not every step fits every shape and operator set.
  for (;;) {
    const graph = tryGraph(next, first, options);
    if (graph) return graph;
  }
}

function tryGraph(next: () => number, first: string, options: GraphOptions): RandomGraph | undefined {
  const { form = 'open', offset } = options;
  const w = new Writer(next);
  const shape = w.pick([[4], [5, 4], [2, 6, 4], [4, 5, 6], [4, 1, 6], [1, 4], [6, 1]]);
  let x: Own = { name: 'x', dims: [ROWS, ...shape], batch: form === 'none' ? -1 : 0 };
  if (offset) {
    const values = Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => next() - 0.5);
    w.constants.push(floats(offset, shape, values));
    x = { ...x, name: w.add('Add', [x.name, offset]) };
  }
  const all = Object.values(steps);
  const step = (run: Step) => {
    const made = run(w, x);
    const size = made?.dims.reduce((a, b) => a * b, 1) ?? 0;
    const isFine = made !== undefined && made.dims.length <= 5 && size <= 4096;
    if (isFine) x = made;
    return isFine;
  };
  if (w.chance(0.3)) step(steps.transpose);
  if (!step(steps[first])) return undefined;
  for (let i = offset ? 0 : w.below(5); i > 0; i--) step(w.pick(all));
  if (x.batch > 0) x = transpose(w, x, [x.batch, ...others(x)]);
  w.nodes.push(node('Mul', [x.name, 'one'], 'y'));
  w.constants.push(floats('one', [1], [1]));
  const dim = [ROWS, ...shape].map((dimValue) => ({ dimValue }));
  const fixed = { name: 'x', type: { tensorType: { elemType: 1, shape: { dim } } } };
  const file = onnxFile({
    ...{ node: w.nodes, initializer: w.constants, opset: w.opset },
    input: [form === 'open' ? value('x', shape) : fixed],
    // What the output's shape is, the runtime finds out.
    output: [{ name: 'y', type: { tensorType: { elemType: 1 } } }],
  });
  return { file, shape, operators: [`opset ${w.opset}`, ...w.nodes.map(({ opType }) => opType)] };
}
