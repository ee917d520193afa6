/** Steps of random graphs that compute. */
import { float, floats, int, ints, raw, text } from '../schema.js';
import { meeting, others, type Step, same, shuffled, signed, transpose, withDim } from './steps.js';
import { ROWS } from './writer.js';

export const computingSteps: Readonly<Record<string, Step>> = {
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
  quantize(w, x) {
    const scale = w.name('c');
    const zero = w.name('c');
    const isSigned = w.chance(0.5);
    w.constants.push(floats(scale, [], [0.25]));
    w.constants.push(raw(zero, [], isSigned ? 3 : 2, Uint8Array.of(5)));
    const whole = w.add('QuantizeLinear', [x.name, scale, zero]);
    return { ...x, name: w.add('DequantizeLinear', [whole, scale, zero]) };
  },
};
