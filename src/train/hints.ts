/**
 * What to those who come from other libraries is said beside an error: what the thing they named is called here.
 * Loaded only when `fit` or `evaluate` has refused its options: a page that trains goes without.
 */
import { type LanegradError, OptionError, ShapeError } from '../base/errors.js';
import { didYouMean } from '../base/options.js';
import { type LossName, lossNames } from '../nn/losses.js';

/** Losses as others call them, in small letters alone. */
const otherLosses: Readonly<Record<string, LossName>> = {
  crossentropy: 'softmaxCrossEntropy',
  crossentropyloss: 'softmaxCrossEntropy',
  nllloss: 'softmaxCrossEntropy',
  softmax: 'softmaxCrossEntropy',
  sparsecategoricalcrossentropy: 'softmaxCrossEntropy',
  categoricalcrossentropy: 'softmaxCrossEntropy',
  bce: 'binaryCrossEntropy',
  bceloss: 'binaryCrossEntropy',
  bcewithlogitsloss: 'binaryCrossEntropy',
  mse: 'meanSquaredError',
  mseloss: 'meanSquaredError',
  l2: 'meanSquaredError',
  mae: 'meanAbsoluteError',
  l1: 'meanAbsoluteError',
  l1loss: 'meanAbsoluteError',
  huberloss: 'huber',
  smoothl1: 'huber',
  smoothl1loss: 'huber',
};

/** Each optimizer as it is made; SGD has no learning rate by default. */
const optimizers: Readonly<Record<string, string>> = {
  sgd: 'sgd({ learningRate: 0.1 })',
  momentum: 'sgd({ learningRate: 0.1, momentum: 0.9 })',
  adam: 'adam()',
  adamw: 'adamW()',
  rmsprop: 'rmsprop()',
  adagrad: 'adagrad()',
};

/** Options of `fit` that others have, by what does the same here. */
const otherOptions: Readonly<Record<string, string>> = {
  validationsplit: 'splitDataset(set) gives train and validation',
  validationdata: 'the option is called validation',
  learningrate: 'the optimizer has it: adam({ learningRate: 0.001 })',
  lr: 'the optimizer has it: adam({ learningRate: 0.001 })',
  patience: 'early stopping has it: earlyStopping: { patience: 5 }',
  monitor: 'early stopping has it: earlyStopping: { monitor: "validation.loss" }',
  verbose: 'progress: false prints nothing',
  classweight: 'the option is called classWeights',
  sampleweight: 'a data set has them: dataset({ weights, … })',
  initialepoch: 'training goes on with resume',
};

/** The loss that another library's name, or a misspelt one, may mean: `; did you mean "meanSquaredError"?`, or nothing. */
export function lossHint(name: string): string {
  const plain = plainOf(name);
  if (!Object.hasOwn(otherLosses, plain)) return didYouMean(name, lossNames);
  const hint = `; did you mean "${otherLosses[plain]}"?`;
  if (plain !== 'categoricalcrossentropy') return hint;
  return `${hint} Of one-hot rows, softmaxCrossEntropy({ answers: 'probabilities' })`;
}

/** Throws the same error, or one that says more. */
export function failWithHint(error: unknown): never {
  if (!(error instanceof OptionError || error instanceof ShapeError)) throw error;
  const hint = hintOf(error);
  if (hint === '') throw error;
  const message = `${error.message.slice(error.where.length + 2)}${hint}`;
  const Same = error instanceof OptionError ? OptionError : ShapeError;
  throw new Same(error.where, message, { cause: error });
}

function hintOf({ message }: LanegradError): string {
  const given = /, given "([^"]*)"$/.exec(message)?.[1] ?? '';
  const unknown = /: unknown option "([^"]*)"; /.exec(message)?.[1];
  if (unknown !== undefined) return hintIn(otherOptions, unknown, (words) => `; ${words}`);
  if (message.includes('option loss: ')) return lossHint(given);
  if (message.includes('option optimizer: ')) {
    return hintIn(optimizers, given, (words) => `; did you mean ${words}?`);
  }
  if (message.includes('option monitor: ')) return monitorHint(given);
  if (message.endsWith('has targets, but softmaxCrossEntropy compares with class labels')) {
    return "; with one-hot rows or probabilities, softmaxCrossEntropy({ answers: 'probabilities' })";
  }
  return '';
}

/** `val_loss` is `validation.loss` here. */
function monitorHint(given: string): string {
  const name = /^val(?:idation)?_?(\w+)$/i.exec(given)?.[1].toLowerCase();
  if (name === undefined) return '';
  return `; did you mean "validation.${name === 'acc' ? 'accuracy' : name}"? It needs a validation set`;
}

function hintIn(
  words: Readonly<Record<string, string>>,
  given: string,
  say: (words: string) => string,
): string {
  const plain = plainOf(given);
  return Object.hasOwn(words, plain) ? say(words[plain]) : '';
}

function plainOf(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '');
}
