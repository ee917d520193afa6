/**
 * Values that cannot be: an error of a named class, which says where and names the layer, and nothing that
 * stays behind.
 */
import {
  add,
  buffer,
  callModel,
  concat,
  dense,
  div,
  dot,
  freeze,
  input,
  layer,
  literal,
  matmul,
  max,
  mul,
  network,
  OptionError,
  parameter,
  reshape,
  ShapeError,
  sequential,
  slice,
  softmax,
  sum,
  take,
  transpose,
  where,
} from 'lanegrad';
import { expect, test } from 'vitest';
import { compiled, inBlock, several, simple, testRefusals } from './refusals.js';

testRefusals({
  'shapes that do not fit': [
    [
      'arithmetic',
      inBlock((cube) => add(cube, literal([1, 2], [2]))),
      ShapeError,
      /^add, in layer block: expected equal lengths, or 1, .* given \[rows, 2, 3\] and \[2\]$/,
    ],
    [
      'a choice',
      inBlock((cube) => where(1, cube, literal([1, 2], [2]))),
      ShapeError,
      /^where, in layer block: .*\[rows, 2, 3\] and \[2\]/,
    ],
    [
      'a product',
      inBlock((cube, line) => matmul(cube, reshape(line, [2, 2]))),
      ShapeError,
      /^matmul, in layer block: expected as many columns .* given \[rows, 2, 3\] and \[rows, 2, 2\]/,
    ],
    [
      'products of other batches',
      inBlock((cube) => matmul(reshape(cube, [2, 1, 3]), reshape(cube, [1, 3, 2]))),
      ShapeError,
      /^matmul, in layer block: expected the same axes before the last two/,
    ],
    [
      'a product of vectors',
      inBlock((_, line) => matmul(line, line)),
      ShapeError,
      /^matmul, in layer block: expected matrices, given \[rows, 4\] and \[rows, 4\]/,
    ],
    [
      'dot',
      inBlock((cube, line) => dot(cube, reshape(line, [2, 2]))),
      ShapeError,
      /^mul, in layer block: .*\[rows, 2, 3\] and \[rows, 2, 2\]/,
    ],
    [
      'reshape',
      inBlock((cube) => reshape(cube, [4])),
      ShapeError,
      /^reshape, in layer block: expected 6 values a row, as \[rows, 2, 3\] has, given \[rows, 4\]/,
    ],
    [
      'reshape with what does not divide',
      inBlock((cube) => reshape(cube, [4, -1])),
      ShapeError,
      /^reshape, in layer block: expected lengths that make 6, with at most one -1, given \[4, -1\]/,
    ],
    [
      'transpose',
      inBlock((cube) => transpose(cube, [1, 0, 2])),
      ShapeError,
      /^transpose, in layer block: .*begins with 0, the rows, given \[1, 0, 2\] for \[rows, 2, 3\]/,
    ],
    [
      'a slice',
      inBlock((cube) => slice(cube, 0, 1)),
      ShapeError,
      /^slice, in layer block: axis 0 are the rows of \[rows, 2, 3\], which cannot be cut/,
    ],
    [
      'concat',
      inBlock((cube, line) => concat([cube, line])),
      ShapeError,
      /^concat, in layer block: expected shapes that agree but for axis 2, given \[rows, 2, 3\] and \[rows, 4\]/,
    ],
    [
      'take of what has rows',
      inBlock((cube, line) => take(cube, line)),
      ShapeError,
      /^take, in layer block: table: expected a matrix without rows, given \[rows, 2, 3\]/,
    ],
    [
      'an axis that there is not',
      inBlock((cube) => max(cube, { axis: 3 })),
      ShapeError,
      /^max, in layer block: axis: expected an axis of \[rows, 2, 3\], given 3/,
    ],
    [
      'softmax over the rows',
      inBlock((cube) => softmax(cube, { axis: 0 })),
      ShapeError,
      /^softmax, in layer block: axis 0 are the rows of \[rows, 2, 3\]/,
    ],
    [
      'a layer that was called with another width before',
      () => {
        const own = layer('block', (x) => dense(2)(x));
        own(input([3]));
        own(input([4]));
      },
      ShapeError,
      /^parameter, in layer block\/dense: weight: expected \[3, 2\], as the layer had before, given \[4, 2\]/,
    ],
    [
      'a layer of a list',
      () => sequential([2, 3], [dense(2), layer('block', (x) => reshape(x, [5]))]),
      ShapeError,
      /^reshape, in layer 1: expected 4 values a row/,
    ],
    [
      'a model in place of a layer',
      () => callModel(simple(), input([5])),
      ShapeError,
      /^callModel: input input: expected \[rows, 4\], given \[rows, 5\]/,
    ],
  ],
  'what could be meant in two ways': [
    [
      'rows beside another axis',
      inBlock((_, line) => add(line, literal([1, 2], [2, 1]))),
      ShapeError,
      /^add, in layer block: rows could meet another axis here; reshape .* given \[rows, 4\] and \[2, 1\]/,
    ],
    [
      'rows of fewer axes',
      inBlock((cube, line) => mul(cube, line)),
      ShapeError,
      /^mul, in layer block: rows could meet another axis here/,
    ],
  ],
  'more than six axes': [
    ['an input', () => input([1, 1, 1, 1, 1, 1]), ShapeError, /^input: expected at most 6 axes/],
    [
      'a result',
      inBlock((cube) => reshape(cube, [1, 1, 1, 1, 2, 3])),
      ShapeError,
      /^reshape, in layer block: expected at most 6 axes, given \[rows, 1, 1, 1, 1, 2, 3\]/,
    ],
    [
      'take of indices of six axes',
      inBlock((cube) => take(parameter('t', [3, 2]), reshape(cube, [1, 1, 1, 2, 3]))),
      ShapeError,
      /^take, in layer block: expected at most 6 axes/,
    ],
  ],
  'sizes of 0': [
    [
      'an input',
      () => input([3, 0]),
      OptionError,
      /^input: shape \[3, 0\]: expected a whole number, at least 1, given 0/,
    ],
    ['an input of no axes', () => input([]), OptionError, /^input: shape: expected lengths/],
    ['a layer', () => dense(0), OptionError, /^dense: units: expected a whole number, at least 1, given 0/],
    [
      'a parameter',
      inBlock(() => parameter('p', [0])),
      OptionError,
      /^parameter, in layer block: .*at least 1, given 0/,
    ],
    ['a buffer', inBlock(() => buffer('p', [2, 0])), OptionError, /^buffer, in layer block: .*given 0/],
    ['a literal', () => literal([], [0]), OptionError, /^literal: .*at least 1, given 0/],
    [
      'a slice of nothing',
      inBlock((cube) => slice(cube, 1, 1, 1)),
      ShapeError,
      /^slice, in layer block: expected at least one place of 2, given 1 to 1/,
    ],
    ['reshape', inBlock((cube) => reshape(cube, [0, -1])), ShapeError, /^reshape, in layer block: /],
    ['concat of nothing', inBlock(() => concat([])), OptionError, /^concat, in layer block: values: /],
  ],
  'what is no value': [
    ['a text', inBlock((cube) => add(cube, 'a' as never)), OptionError, /^add, in layer block: b: .*"a"/],
    [
      'a number that is none',
      inBlock((cube) => div(cube, Number.NaN)),
      OptionError,
      /^div, in layer block: b: expected a value or a finite number, given NaN/,
    ],
    [
      'an object that looks like one',
      () => sum({ shape: { rows: true, dims: [1] } } as never),
      OptionError,
      /^sum: x: /,
    ],
    ['a layer', inBlock((cube) => mul(cube, dense(2) as never)), OptionError, /^mul, in layer block: b: /],
    [
      'the result of a layer',
      inBlock(() => undefined),
      OptionError,
      /^call, in layer block: expected its function to give a value, given undefined/,
    ],
    [
      'the result of a layer whose function waits',
      inBlock(async () => {
        throw new RangeError('that nobody catches');
      }),
      OptionError,
      /^call, in layer block: expected its function to give a value, given/,
    ],
    [
      'a layer called without',
      () => (dense(2) as () => unknown)(),
      OptionError,
      /in layer dense: expected a value/,
    ],
    [
      'literals of too many',
      () => literal([1, 2], [3]),
      ShapeError,
      /^literal: expected 3 values for \[3\], given 2/,
    ],
    [
      'literals that are infinite',
      () => literal([1, 1e39], [2]),
      OptionError,
      /^literal: values\[1\]: expected a finite/,
    ],
  ],
  names: [
    ['of a layer', () => layer('a.b', (x) => x), OptionError, /^layer: name: .*"a\.b"/],
    ['of a parameter', inBlock(() => parameter('*', [1])), OptionError, /^parameter, in layer block: name: /],
    [
      'of two parameters',
      () => {
        const x = input([4]);
        const [a, b] = [parameter('w', [4]), parameter('w', [4])];
        network(x, mul(mul(x, a), b));
      },
      OptionError,
      /^network: two parameters are named "w"; put layers around them/,
    ],
    [
      'of an input that a model has not',
      () => callModel(several(), { left: input([4]), right: input([4]), middle: input([4]) }),
      OptionError,
      /^callModel: values: the model has no input "middle"/,
    ],
    [
      'of an input that is missing',
      () => callModel(several(), { left: input([4]) }),
      OptionError,
      /^callModel: values: expected one for the input "right", given none/,
    ],
    [
      'of an output that a model has not',
      () => compiled(several(), { both: 'meanSquaredError', second: 'huber', third: 'huber' }),
      OptionError,
      /^CompiledModel: option loss: the model has no output third, only both, second/,
    ],
    [
      'of an output that is missing',
      () => compiled(several(), { both: 'meanSquaredError' }),
      OptionError,
      /^CompiledModel: option loss: expected one for the output second, given none/,
    ],
    [
      'of no output at all',
      () => compiled(several(), 'meanSquaredError'),
      OptionError,
      /^CompiledModel: option loss: expected one for each of the outputs both, second, given meanSquaredError/,
    ],
    [
      'that freeze nothing',
      () => freeze(simple(), 'conv*'),
      OptionError,
      /^freeze: pattern "conv\*" fits none/,
    ],
  ],
});

test('a layer whose function throws is left, and its error is not changed', () => {
  const own = layer('broken', () => {
    throw new RangeError('mine');
  });
  expect(() => own(input([2]))).toThrow(new RangeError('mine'));
  expect(() => add(input([1]), 'after' as never)).toThrow(/^add: b: /);
});
