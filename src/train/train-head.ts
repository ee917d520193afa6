/**
 * A classifier on features that were made elsewhere, in one call: what `dataset`, `splitDataset`,
 * `sequential`, `fit` and a calibration do one after the other. It knows no columns and reads no files.
 */
import { isBytes, isPlainObject } from '../base/arrays.js';
import { DataError, OptionError, show } from '../base/errors.js';
import { OptionReader } from '../base/options.js';
import { type Dataset, dataset } from '../data/dataset.js';
import { channelMoments } from '../data/moments.js';
import type { Numbers } from '../data/numbers.js';
import type { Labels } from '../data/read-answers.js';
import { splitRows, takeRows } from '../data/rows.js';
import { checkDataset } from '../data/set.js';
import type { Engine } from '../engine/engine.js';
import type { Activation } from '../engine/kernels.js';
import { div } from '../graph/functions.js';
import { activations } from '../nn/activations.js';
import { dense } from '../nn/dense.js';
import { dropout } from '../nn/dropout.js';
import { constant } from '../nn/initializers.js';
import { buffer, layer } from '../nn/layer.js';
import type { Network } from '../nn/model.js';
import { normalization } from '../nn/normalization.js';
import { adam, isOptimizer, OPTIMIZER, type Optimizer } from '../nn/optimizers.js';
import { sequential } from '../nn/sequential.js';
import { subnetwork } from '../nn/subnetwork.js';
import { writeValues } from '../nn/values.js';
import { fitTemperature, reliabilityOf } from './calibration.js';
import { checkEngine } from './check.js';
import { fit } from './fit.js';
import type { FitOptions } from './fit-options.js';
import type { History } from './history.js';
import { predict, scaleBytes } from './predict.js';

/** How `trainHead` trains. */
export interface TrainHeadOptions
  extends Pick<FitOptions, 'signal' | 'onTurn' | 'callbacks' | 'progress' | 'l2'> {
  /** Of labels that are numbers; names are numbered in this order. */
  classNames?: readonly string[];
  /** Units of hidden layers; none by default, which is logistic regression. */
  hidden?: readonly number[];
  /** Of hidden layers; relu by default. */
  activation?: Activation;
  /** Share of each hidden layer's outputs that is dropped in training; 0 by default. */
  dropout?: number;
  /** Share of the rows of each class that validates; above 0 and below 1, 0.2 by default. */
  validation?: number;
  /** Of the split, the first weights and the order of the rows; 0 by default. */
  seed?: number;
  /** At most so many; 200 by default. */
  epochs?: number;
  /** Epochs without a smaller validation loss after which training ends; 10 by default. */
  patience?: number;
  /** 64 by default. */
  batchSize?: number;
  /** `adam({ learningRate: 0.01 })` by default. */
  optimizer?: Optimizer;
}

/** What a head is worth, on the rows that validated it: those that were not trained on. */
export interface HeadReport {
  readonly accuracy: number;
  /** Mean loss in nats, before and after the temperature. */
  readonly loss: { readonly before: number; readonly after: number };
  /** Expected calibration error over 15 bins of confidence, likewise. */
  readonly calibrationError: { readonly before: number; readonly after: number };
  /** What logits are divided by: above 1 where the head was too sure of itself. */
  readonly temperature: number;
  /**
   * false where no temperature has the smallest loss, as where all rows are right: it is then 1, and little is
   * known of how sure the head may be.
   */
  readonly calibrated: boolean;
  /** Epochs that were trained, and the one whose weights the model has. */
  readonly epochs: number;
  readonly bestEpoch: number;
  /** Rows that were trained on, and those that validated. */
  readonly rows: { readonly train: number; readonly validation: number };
  /** In the order of the outputs: the set's, or the classes' numbers. For `saveModel` and `writeOnnx`. */
  readonly classNames: readonly string[];
  readonly history: History;
}

/** A head and what it is worth. */
export interface TrainedHead {
  readonly model: Network;
  readonly report: HeadReport;
}

/**
 * Trains a classifier on features made elsewhere: rows of numbers, each with a class, by number or name; or a
 * data set. Part of each class is kept apart and validates: training ends when the loss on it no longer falls,
 * and the best weights are kept. The features are brought to mean 0 and deviation 1, and the outputs divided
 * by a temperature, the one that makes the loss of these rows smallest (Guo et al. 2017): both by the model
 * itself, so that `predict`, `saveModel` and `writeOnnx` have them and take features as they are.
 *
 *     const { model, report } = await trainHead(engine, vectors, labels);
 *     console.log(report.accuracy, report.calibrationError.after);
 *     await saveModel(model, 'head.lanegrad', { classNames: report.classNames });
 *
 * Rejects with OptionError for an option that is none, DataError for rows that do not fit their labels, are
 * NaN or infinite, and for too few to train and to validate; ShapeError for rows of unequal length;
 * NonFiniteError as `fit` does.
 */
export function trainHead(
  engine: Engine,
  features: Numbers,
  labels: Labels,
  options?: TrainHeadOptions,
): Promise<TrainedHead>;
export function trainHead(engine: Engine, set: Dataset, options?: TrainHeadOptions): Promise<TrainedHead>;
export async function trainHead(
  engine: Engine,
  features: Numbers | Dataset,
  ...rest: readonly unknown[]
): Promise<TrainedHead> {
  const where = 'trainHead';
  checkEngine(where, engine);
  const isSet = isPlainObject(features) && 'inputs' in features;
  const settings = readOptions(where, (isSet ? rest[0] : rest[1]) as TrainHeadOptions | undefined);
  const { classNames, patience } = settings;
  const set = isSet
    ? (features as unknown as Dataset)
    : dataset({
        ...{ name: 'features', inputs: features as Numbers },
        ...{ labels: rest[0] as Labels, ...(classNames && { classNames }) },
      });
  checkSet(where, set, isSet && classNames !== undefined);
  const { train, validation } = split(where, set, settings);
  const { model, logits } = headOf(train, settings);
  const history = await fit(engine, model, train, {
    ...settings.fit,
    ...{ loss: 'softmaxCrossEntropy', validation, earlyStopping: { patience } },
  });
  const { inputs, labels, classes, weights } = validation;
  const rows = isBytes(inputs) ? scaleBytes(inputs, validation) : inputs;
  const answered = { logits: predict(engine, subnetwork(model, logits), rows), labels, classes, weights };
  const fitted = fitTemperature(answered);
  const [temperature] = Float32Array.of(fitted ?? 1);
  writeValues(model.buffers[model.buffers.length - 1], [temperature]);
  const before = reliabilityOf(answered);
  const after = reliabilityOf(answered, temperature);
  return {
    model,
    report: {
      accuracy: after.accuracy,
      loss: { before: before.loss, after: after.loss },
      calibrationError: { before: before.calibrationError, after: after.calibrationError },
      ...{ temperature, calibrated: fitted !== undefined },
      ...{ epochs: history.epochs.length, bestEpoch: history.best?.epoch ?? history.epochs.length },
      rows: { train: train.size, validation: validation.size },
      classNames: set.classNames ?? Array.from({ length: classes }, (_, i) => String(i)),
      history,
    },
  };
}

function readOptions(where: string, options: TrainHeadOptions | undefined) {
  const reader = new OptionReader(where, options);
  // Lengths first: an array that promises billions of places would be walked through, holes and all.
  const isUnits = (list: unknown): list is readonly number[] =>
    Array.isArray(list) &&
    list.length <= 1000 &&
    list.every((units) => Number.isSafeInteger(units) && units >= 1);
  const isNames = (list: unknown): list is readonly string[] =>
    Array.isArray(list) && list.length <= 2 ** 24 && list.every((name) => typeof name === 'string');
  const settings = {
    classNames: reader.optional('classNames', 'an array of strings', isNames),
    hidden: reader.optional('hidden', 'a list of at most 1000 units, each at least 1', isUnits) ?? [],
    activation: reader.oneOf('activation', activations, 'relu'),
    dropout: reader.number('dropout', { min: 0, below: 1 }, 0),
    validation: reader.number('validation', { above: 0, below: 1 }, 0.2),
    patience: reader.integer('patience', { min: 0 }, 10),
    fit: {
      seed: reader.integer('seed', { min: 0 }, 0),
      epochs: reader.integer('epochs', { min: 1 }, 200),
      batchSize: reader.integer('batchSize', { min: 1 }, 64),
      optimizer: reader.optional('optimizer', OPTIMIZER, isOptimizer) ?? adam({ learningRate: 0.01 }),
      // `fit` looks at these.
      ...given(reader, ['signal', 'onTurn', 'callbacks', 'progress', 'l2']),
    },
  };
  reader.end();
  return settings;
}

/** Of options that others read, those that are there. */
function given<K extends keyof TrainHeadOptions>(
  reader: OptionReader,
  keys: readonly K[],
): Pick<TrainHeadOptions, K> {
  const options: Pick<TrainHeadOptions, K> = Object.create(null);
  for (const key of keys) {
    const value = reader.any(key);
    if (value !== undefined) options[key] = value as TrainHeadOptions[K];
  }
  return options;
}

type Settings = ReturnType<typeof readOptions>;

function checkSet(where: string, set: Dataset, renamed: boolean): void {
  checkDataset(where, 'set', set);
  if (set.inputsByName || set.answersByName) {
    throw new OptionError(
      where,
      `expected one row of features and one class each, given ${show(set.name)} with several by name`,
    );
  }
  if (set.classes === 0) {
    throw new OptionError(where, `expected classes, given ${show(set.name)} with targets and no classes`);
  }
  if (renamed)
    throw new OptionError(where, 'option classNames does not go with a data set, which has its own');
}

/** Each class has the same share in both; one of which no row would be left to train is trained on alone. */
function split(where: string, set: Dataset, { validation, fit: { seed } }: Settings) {
  const rows = splitRows(set, { validation, test: 0, seed, stratified: true });
  const trained = new Set(Array.from(rows.train, (row) => set.labels[row]));
  const isTrained = (row: number) => trained.has(set.labels[row]);
  const validates = rows.validation.filter(isTrained);
  const trains = [...rows.train, ...rows.validation.filter((row) => !isTrained(row))].sort((a, b) => a - b);
  if (validates.length === 0 || trains.length === 0) {
    const given = `given ${set.size}, ${validation} of them to validate`;
    throw new DataError(where, `expected rows to train and to validate, ${given}`);
  }
  return {
    train: takeRows(set, trains, `${set.name}, train`),
    validation: takeRows(set, validates, `${set.name}, validation`),
  };
}

/** The model before it is trained, and the name of the layer that makes its logits. */
function headOf(train: Dataset, { hidden, activation, dropout: dropped, fit: { seed } }: Settings) {
  // Each feature is a channel of its own.
  const { imageShape: _, ...flat } = train;
  const moments = channelMoments({ ...flat, imageShape: [1, 1, train.width] });
  const layers = [
    normalization(moments),
    ...hidden.flatMap((units) => [dense(units, { activation }), ...(dropped > 0 ? [dropout(dropped)] : [])]),
    dense(train.classes),
    layer('temperature', (logits) => div(logits, buffer('temperature', [1], constant(1)))),
  ];
  return { model: sequential(train.width, layers, { seed }), logits: String(layers.length - 2) };
}
