/**
 * Graphs that cannot be: an error of a named class, which says where and names the layer, and nothing that
 * stays behind.
 */
import {
  add,
  buffer,
  CompiledModel,
  callModel,
  concat,
  createEngine,
  dataset,
  dense,
  div,
  dot,
  EngineError,
  fit,
  freeze,
  input,
  type Layer,
  type Loss,
  type LossFunction,
  layer,
  literal,
  matmul,
  max,
  mean,
  mul,
  type Network,
  network,
  OptionError,
  parameter,
  reshape,
  ShapeError,
  sequential,
  sgd,
  slice,
  softmax,
  sub,
  sum,
  take,
  transpose,
  type Value,
  where,
} from 'lanegrad';
import { describe, expect, test } from 'vitest';

const engine = await createEngine({ math: 'strict' });

/** Runs in a layer, on [rows, 2, 3] and [rows, 4]. */
function inBlock(compute: (cube: Value, line: Value) => unknown): () => unknown {
  return () => layer('block', compute as never)(input([2, 3]), input([4]));
}

function compiled(model: Network, loss: unknown): CompiledModel {
  return new CompiledModel(engine, model, {
    ...{ maxRows: 4, loss: loss as Loss, optimizer: sgd({ learningRate: 0.1 }) },
  });
}

function simple(): Network {
  const x = input([4]);
  return network(x, dense(3)(x));
}

function several(): Network {
  const [left, right] = [input([4], { name: 'left' }), input([4], { name: 'right' })];
  return network({ left, right }, { both: dense(2)(add(left, right)), second: dense(1)(right) });
}

const withLoss = (loss: LossFunction) => () => compiled(simple(), loss);

type Refusal = [name: string, run: () => unknown, error: new (...given: never[]) => Error, message: RegExp];

const groups: Record<string, Refusal[]> = {
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
  networks: [
    [
      'with a value of another',
      () => {
        const [x, y] = [input([4]), input([4], { name: 'y' })];
        network(x, dense(2)(add(x, y)));
      },
      OptionError,
      /^network: an output depends on the input "y" \[rows, 4\] that is not among the inputs/,
    ],
    [
      'without parameters',
      () => {
        const x = input([4]);
        network(x, mul(x, 2));
      },
      OptionError,
      /^network: expected at least one parameter, given a graph without any/,
    ],
    [
      'with an output that depends on no input',
      () => {
        const x = input([4]);
        network({ x }, { a: dense(2)(x), b: parameter('p', [3]) });
      },
      ShapeError,
      /^network: output b: expected a value for each row, given \[3\]/,
    ],
    [
      'with an input that no output depends on',
      () => {
        const x = input([4]);
        network({ x, y: input([2]) }, dense(2)(x));
      },
      OptionError,
      /^network: no output depends on the input y/,
    ],
    [
      'with an output of all rows',
      () => {
        const x = input([4]);
        network(x, mean(dense(2)(x)));
      },
      ShapeError,
      /^network: output output: expected a value for each row, given \[\]/,
    ],
    [
      'with an input that is none',
      () => {
        const h = dense(3)(input([4]));
        network(h, dense(2)(h));
      },
      OptionError,
      /^network: inputs: input: expected what input\(\) gives, given the result of matmul/,
    ],
    [
      'whose input comes twice',
      () => {
        const x = input([4]);
        network({ a: x, b: x }, dense(2)(x));
      },
      OptionError,
      /^network: inputs: a and b are the same value/,
    ],
    ['without outputs', () => network(input([4]), {}), OptionError, /^network: outputs: expected a value/],
    [
      'larger than any memory',
      () => {
        const x = input([4]);
        network(x, layer('wide', (v) => matmul(v, parameter('w', [4, 2 ** 31])))(x));
      },
      OptionError,
      /^network: wide\.w \[4, 2147483648\] does not fit in 4 GiB of memory/,
    ],
    [
      'whose values are larger than any memory',
      () => {
        const x = input([2 ** 16]);
        const square = mul(reshape(x, [2 ** 16, 1]), reshape(x, [1, 2 ** 16]));
        compiled(network(x, dense(1)(mean(square, { axis: 1 }))), 'meanSquaredError');
      },
      EngineError,
      /4 GiB|memory/,
    ],
    [
      'of which all is frozen',
      () => {
        const model = simple();
        freeze(model, '*');
        compiled(model, 'meanSquaredError');
      },
      OptionError,
      /^CompiledModel: all parameters are frozen: nothing can be trained/,
    ],
  ],
  circles: [
    [
      "a layer of one's own that calls itself",
      () => {
        const own: Layer = layer('round', (x) => own(add(x, 1)));
        own(input([4]));
      },
      OptionError,
      /^round: more than 100 layers within each other: does it call itself\?/,
    ],
    [
      'two that call each other',
      () => {
        const first: Layer = layer('first', (x) => second(x));
        const second: Layer = layer('second', (x) => first(x));
        sequential(4, [first]);
      },
      OptionError,
      /^(first|second): more than 100 layers within each other/,
    ],
  ],
  "losses of one's own": [
    [
      'of several numbers a row',
      withLoss(({ output, target }) => sub(output, target)),
      ShapeError,
      /^CompiledModel, the loss own of output: expected one number a row, or one number, given \[rows, 3\]/,
    ],
    [
      'of a number in brackets',
      withLoss(({ output }) => sum(output, { axis: [0, 1], keepAxes: true })),
      ShapeError,
      /^CompiledModel, the loss own of output: expected \[rows\], \[rows, 1\] or one number, given \[1\]; reshape it/,
    ],
    [
      'of nothing',
      withLoss(() => undefined as never),
      OptionError,
      /the loss own of output: expected its function/,
    ],
    [
      'of shapes that do not fit',
      withLoss(({ output, target }) => mean(sub(output, slice(target, 1, 0, 2)), { axis: 1 })),
      ShapeError,
      /^sub, in layer own: expected equal lengths/,
    ],
    [
      'of a value of another network',
      () => {
        const other = dense(3)(input([4]));
        return compiled(simple(), ({ output }: { output: Value }) => mean(sub(output, other), { axis: 1 }));
      },
      OptionError,
      /the loss own of output: depends on (input|parameter) \[.*\], which is not the model's/,
    ],
    [
      'with a parameter',
      withLoss(({ output }) => mean(mul(output, parameter('p', [3])), { axis: 1 })),
      OptionError,
      /the loss own of output: depends on parameter \[3\], which is not the model's/,
    ],
    [
      'of what does not depend on the output',
      withLoss(({ target }) => mean(target, { axis: 1 })),
      OptionError,
      /^CompiledModel: nothing that is trained has a gradient: the loss own does not depend on it/,
    ],
  ],
};

describe.each(Object.entries(groups))('%s', (_, refusals) => {
  test.each(refusals)('%s', (_name, run, error, message) => {
    const { top } = engine.heap;
    let thrown: unknown;
    try {
      run();
    } catch (caught) {
      thrown = caught;
    }
    expect(thrown).toBeInstanceOf(error);
    expect((thrown as Error).message).toMatch(message);
    expect(engine.heap.top).toBe(top);
    // No layer is left open: what is made now is in none.
    expect(() => add(input([1]), 'after' as never)).toThrow(/^add: b: /);
  });
});

test('a layer whose function throws is left, and its error is not changed', () => {
  const own = layer('broken', () => {
    throw new RangeError('mine');
  });
  expect(() => own(input([2]))).toThrow(new RangeError('mine'));
  expect(() => add(input([1]), 'after' as never)).toThrow(/^add: b: /);
});

test('fit refuses a loss that cannot be, and leaves model and memory as they were', async () => {
  const model = simple();
  const before = model.parameters.map(({ values }) => [...values]);
  const set = dataset({ inputs: [[1, 2, 3, 4]], targets: [[1, 2, 3]] });
  const { top } = engine.heap;
  const loss = (({ output }) => output) as LossFunction;
  const training = fit(engine, model, set, { loss: loss as never, optimizer: sgd({ learningRate: 1 }) });
  await expect(training).rejects.toThrow(/expected one number a row, or one number, given \[rows, 3\]/);
  expect(engine.heap.top).toBe(top);
  expect(model.parameters.map(({ values }) => [...values])).toEqual(before);
  expect(model.loss).toBeUndefined();
});
