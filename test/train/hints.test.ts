/** What is said to those who use the words of other libraries; and that nothing is said where nothing helps. */
import { describe, expect, test } from 'vitest';
import { OptionError, ShapeError } from '../../src/base/errors.js';
import { dataset } from '../../src/data/dataset.js';
import { splitDataset } from '../../src/data/rows.js';
import { sub } from '../../src/graph/functions.js';
import { activation } from '../../src/nn/activations.js';
import { dense } from '../../src/nn/dense.js';
import { losses, softmaxCrossEntropy } from '../../src/nn/losses.js';
import { sequential } from '../../src/nn/sequential.js';
import { evaluate } from '../../src/train/evaluate.js';
import { type FitOptions, fit } from '../../src/train/fit.js';
import { lossHint } from '../../src/train/hints.js';
import { basic, net, strict } from './fit-setting.js';
import { clouds } from './sets.js';

const set = clouds(30);

async function refused(options: object, train = set): Promise<OptionError | ShapeError> {
  const given = { ...basic, epochs: 1, ...options } as FitOptions;
  const error: unknown = await fit(strict, net(), train, given).catch((thrown: unknown) => thrown);
  if (!(error instanceof OptionError || error instanceof ShapeError)) throw error;
  expect(error.message.startsWith(`${error.where}: `)).toBe(true);
  return error;
}

describe('fit', () => {
  test.each([
    ['sparse_categorical_crossentropy', /given "sparse_\w+"; did you mean "softmaxCrossEntropy"\?$/],
    [
      'categoricalCrossentropy',
      /did you mean "softmaxCrossEntropy"\? Of one-hot rows, softmaxCrossEntropy\(\{ answers/,
    ],
    ['crossentropy', /did you mean "softmaxCrossEntropy"\?$/],
    ['mse', /did you mean "meanSquaredError"\?$/],
    ['meanSquareError', /did you mean "meanSquaredError"\?$/],
    ['something', /, given "something"$/],
    ['constructor', /, given "constructor"$/],
  ])('the loss %s', async (loss, message) => {
    const error = await refused({ loss });
    expect(error).toBeInstanceOf(OptionError);
    expect(error.where).toBe('fit');
    expect(error.message).toMatch(message);
    expect(error.message).toMatch(/^fit: option loss: expected one of "softmaxCrossEntropy", /);
  });

  test.each<[object, RegExp]>([
    [{ optimizer: 'adam' }, /^fit: option optimizer: .*, given "adam"; did you mean adam\(\)\?$/],
    [{ optimizer: 'SGD' }, /; did you mean sgd\(\{ learningRate: 0.1 \}\)\?$/],
    [{ optimizer: 'other' }, /given "other"$/],
    [
      { validationSplit: 0.2 },
      /^fit: unknown option "validationSplit"; .*; splitDataset\(set\) gives train and validation$/,
    ],
    [{ validation_data: set }, /; the option is called validation$/],
    [{ learningRate: 0.1 }, /; the optimizer has it: adam\(/],
    [{ something: 1 }, /^fit: unknown option "something"; expected one of [\w, ]+$/],
    [
      { earlyStopping: { monitor: 'val_loss' } },
      /given "val_loss"; did you mean "validation.loss"\? It needs a validation set$/,
    ],
    [{ earlyStopping: { monitor: 'val_acc' }, validation: set }, /did you mean "validation.accuracy"\?/],
    [{ earlyStopping: { monitor: 'f1' } }, /given "f1"$/],
  ])('options, %#', async (options, message) => {
    expect((await refused(options)).message).toMatch(message);
  });

  test('one-hot rows', async () => {
    const targets = Float32Array.from({ length: 90 }, (_, i) =>
      Number(i % 3 === set.labels[Math.floor(i / 3)]),
    );
    const oneHot = dataset({ name: 'one-hot', inputs: set.inputs, width: 8, targets, targetWidth: 3 });
    const error = await refused({}, oneHot);
    expect(error).toBeInstanceOf(ShapeError);
    expect(error.message).toMatch(
      /with class labels; with one-hot rows or probabilities, softmaxCrossEntropy\(\{ answers: 'probabilities' \}\)$/,
    );
    // What the message says to do.
    const loss = softmaxCrossEntropy({ answers: 'probabilities' });
    expect((await fit(strict, net(), oneHot, { ...basic, loss, epochs: 1 })).steps).toBeGreaterThan(0);
  });

  test('a loss of operators, or of two arguments', async () => {
    // As someone writes them in JavaScript.
    // biome-ignore lint/suspicious/noExplicitAny: values have no operators in TypeScript.
    type Any = (...given: any[]) => never;
    const operators: Any = ({ output, target }) => (output - target) as never;
    expect((await refused({ loss: operators })).message).toMatch(
      /to give a value, given NaN; operators of JavaScript do not compute with values: sub, mul, maximum do$/,
    );
    const two: Any = (output, target) => sub(output, target) as never;
    expect((await refused({ loss: two })).message).toMatch(
      /expected a value.*given an object; expected a function of one object, \(\{ output, target \}\) => …, given one of 2$/,
    );
    const both: Any = (output, target) => (output - target) as never;
    expect((await refused({ loss: both })).message).toMatch(
      /given NaN; operators .*; expected a function of one object/,
    );
  });
});

test('evaluate names our losses too', async () => {
  await expect(evaluate(strict, net(), set, { loss: 'mse' as never })).rejects.toThrow(
    /^evaluate: option loss: .*; did you mean "meanSquaredError"\?$/,
  );
});

test('every hint names a loss that there is', () => {
  for (const name of ['NLLLoss', 'BCEWithLogitsLoss', 'l1_loss', 'smooth_l1_loss', 'MAE', 'huber_loss']) {
    const hint = /; did you mean "(\w+)"\?/.exec(lossHint(name))?.[1];
    expect(Object.keys(losses)).toContain(hint);
  }
  expect(lossHint('nothing of the kind')).toBe('');
});

test('softmax as an activation, and layers without the shape of the input', () => {
  expect(() => dense(3, { activation: 'softmax' as never })).toThrow(
    /^dense: option activation: expected one of "identity", .* \(the loss has softmax\), given "softmax"$/,
  );
  expect(() => activation('softmax' as never)).toThrow(/\(the loss has softmax\), given "softmax"$/);
  expect(() => sequential([dense(3)] as never, undefined as never)).toThrow(
    'sequential: layers: expected at least one layer, after inputSize, given undefined',
  );
});

test('parts of splitDataset are options of fit as they are', async () => {
  const { train, validation } = splitDataset(set, { validation: 0 });
  // The types are the test: `validation` may be undefined.
  const history = await fit(strict, net(), train, { ...basic, epochs: 1, validation });
  expect(history.epochs[0].validation).toBeUndefined();
});
