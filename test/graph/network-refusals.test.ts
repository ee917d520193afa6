/** Networks and losses that cannot be, refused as values are. */
import {
  add,
  dataset,
  dense,
  EngineError,
  fit,
  freeze,
  input,
  type Layer,
  type LossFunction,
  layer,
  matmul,
  mean,
  mul,
  network,
  OptionError,
  parameter,
  reshape,
  ShapeError,
  sequential,
  sgd,
  slice,
  sub,
  sum,
  type Value,
} from 'lanegrad';
import { expect, test } from 'vitest';
import { compiled, engine, simple, testRefusals, withLoss } from './refusals.js';

testRefusals({
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
