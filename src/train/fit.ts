/**
 * The training loop: epochs of shuffled batches, a validation after each, callbacks in between. A step allocates nothing;
 * now and then the loop lets the event loop turn, so that signals and pages stay alive.
 */
import type { Dataset } from '../data/dataset.js';
import type { Engine } from '../engine/engine.js';
import { NonFiniteError, show } from '../errors.js';
import { CompiledModel, type Plan } from '../nn/compile.js';
import { type LossName, lossNames } from '../nn/losses.js';
import type { Optimizer } from '../nn/optimizers.js';
import type { Sequential } from '../nn/sequential.js';
import { OptionReader } from '../options.js';
import { checkEngine, checkFits } from './check.js';
import type { EpochRecord, History, Score } from './history.js';
import { BatchSource } from './source.js';
import { Turn } from './turn.js';

export interface FitOptions {
  loss: LossName;
  optimizer: Optimizer;
  /** Rows of a step; the last step of an epoch takes what remains. 64 by default. */
  batchSize?: number;
  /** 5 by default. 0 trains nothing. */
  epochs?: number;
  /** Visit the samples in a new order each epoch; true by default. */
  shuffle?: boolean;
  /** Of the order; the model's own by default. */
  seed?: number;
  /** Measured after each epoch. */
  validation?: Dataset;
  /** Stops training after the step at hand. */
  signal?: AbortSignal;
  onTrainBegin?: (plan: TrainingPlan) => void;
  /** After each step, within the loop: keep it short. The object is the same at every call. */
  onStep?: (step: StepRecord) => void;
  /**
   * Now and then, between two steps, when timers and pages have had their turn: about every 25 ms, every 4 in a page. Waited for
   * when it returns a promise, so it may pause training; `download` brings the model's values up to date with the last step.
   */
  onTurn?: (now: { download(): void }) => void | Promise<void>;
  /** After each epoch, its validation done and the model's values up to date. Waited for when it returns a promise. */
  onEpoch?: (epoch: EpochRecord) => void | Promise<void>;
  onTrainEnd?: (history: History) => void | Promise<void>;
}

export interface TrainingPlan {
  readonly epochs: number;
  readonly stepsPerEpoch: number;
  readonly samples: number;
}

export interface StepRecord {
  /** Counted from 1 over all epochs. */
  step: number;
  epoch: number;
  /** Samples seen in this epoch so far. */
  samples: number;
  /** Mean over the batch, before its update. */
  loss: number;
  accuracy: number;
}

/** Rows of a validation batch, when training batches are smaller. */
const MIN_EVALUATION_ROWS = 250;

/**
 * Trains `model` on `train` and returns its history; the model's values are those of the last step. An abort is no error:
 * the history's outcome says `aborted`.
 *
 * Throws OptionError, ShapeError or DataError for what does not fit together, before anything is trained, and
 * NonFiniteError when a loss or a parameter is NaN or infinite; the model then has the values of the last good epoch.
 */
export async function fit(
  engine: Engine,
  model: Sequential,
  train: Dataset,
  options: FitOptions,
): Promise<History> {
  const settings = readOptions(engine, model, train, options);
  const { batchSize, validation } = settings;
  const disposables: { dispose(): void }[] = [];
  const keep = <T extends { dispose(): void }>(resource: T): T => {
    disposables.push(resource);
    return resource;
  };
  try {
    const maxRows = validation ? Math.max(batchSize, MIN_EVALUATION_ROWS) : batchSize;
    const compiled = keep(
      new CompiledModel(engine, model, { maxRows, optimizer: settings.optimizer, loss: settings.loss }),
    );
    const now = { download: () => compiled.download() };
    // One for the whole run: epochs may be shorter than the interval between two turns.
    const turn = new Turn(settings.onTurn && (() => settings.onTurn?.(now)));
    const source = keep(await BatchSource.open(engine, train, turn));
    const validationSource = validation && keep(await BatchSource.open(engine, validation, turn));
    return await loop(compiled, source, validationSource, settings, turn);
  } finally {
    engine.settle();
    for (const resource of disposables) resource.dispose();
  }
}

function readOptions(engine: Engine, model: Sequential, train: Dataset, options: FitOptions) {
  const where = 'fit';
  checkEngine(where, engine);
  checkFits(where, 'train', model, train);
  const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;
  const reader = new OptionReader(where, options);
  const settings = {
    loss: reader.oneOf('loss', lossNames),
    optimizer: reader.required(
      'optimizer',
      'an optimizer such as sgd({ learningRate: 0.1 })',
      (value): value is Optimizer => isObject(value) && 'compile' in value && 'plainSgd' in value,
    ),
    batchSize: Math.min(reader.integer('batchSize', { min: 1 }, 64), train.size),
    epochs: reader.integer('epochs', { min: 0 }, 5),
    shuffle: reader.boolean('shuffle', true),
    seed: reader.integer('seed', { min: 0 }, model.seed),
    validation: reader.optional('validation', 'a data set', (value): value is Dataset => isObject(value)),
    signal: reader.optional(
      'signal',
      'an AbortSignal',
      (value): value is AbortSignal => isObject(value) && 'aborted' in value,
    ),
    onTrainBegin: reader.callback<NonNullable<FitOptions['onTrainBegin']>>('onTrainBegin'),
    onStep: reader.callback<NonNullable<FitOptions['onStep']>>('onStep'),
    onTurn: reader.callback<NonNullable<FitOptions['onTurn']>>('onTurn'),
    onEpoch: reader.callback<NonNullable<FitOptions['onEpoch']>>('onEpoch'),
    onTrainEnd: reader.callback<NonNullable<FitOptions['onTrainEnd']>>('onTrainEnd'),
  };
  reader.end();
  if (settings.validation) checkFits(where, 'validation', model, settings.validation);
  return settings;
}

type Settings = ReturnType<typeof readOptions>;

async function loop(
  compiled: CompiledModel,
  source: BatchSource,
  validation: BatchSource | undefined,
  settings: Settings,
  turn: Turn,
): Promise<History> {
  const { optimizer, batchSize, epochs, signal } = settings;
  const record: StepRecord = { step: 0, epoch: 0, samples: 0, loss: 0, accuracy: 0 };
  const records: EpochRecord[] = [];
  let trainingSeconds = 0;
  settings.onTrainBegin?.({
    epochs,
    stepsPerEpoch: Math.ceil(source.size / batchSize),
    samples: source.size,
  });

  for (let epoch = 1; epoch <= epochs && !signal?.aborted; epoch++) {
    if (settings.shuffle) source.shuffle(settings.seed, epoch - 1);
    record.epoch = epoch;
    record.samples = 0;
    let lossSum = 0;
    let correct = 0;
    const began = performance.now();
    const turnsBefore = turn.milliseconds;
    while (record.samples < source.size && !signal?.aborted) {
      const plan = compiled.plan(Math.min(batchSize, source.size - record.samples));
      source.load(plan, record.samples);
      const batchLoss = trainStep(plan, record, optimizer.learningRate);
      lossSum += batchLoss;
      const batchCorrect = plan.countCorrect();
      correct += batchCorrect;
      record.step++;
      record.samples += plan.rows;
      record.loss = batchLoss / plan.rows;
      record.accuracy = batchCorrect / plan.rows;
      settings.onStep?.(record);
      if (turn.due()) await turn.take();
    }
    const seconds = (performance.now() - began - (turn.milliseconds - turnsBefore)) / 1000;
    trainingSeconds += seconds;
    checkParameters(compiled, record);
    compiled.download();
    compiled.engine.settle();
    if (record.samples < source.size) break;
    const validated = validation && (await score(compiled, validation, turn));
    compiled.engine.settle();
    records.push({
      epoch,
      step: record.step,
      learningRate: optimizer.learningRate,
      loss: lossSum / source.size,
      accuracy: correct / source.size,
      ...(validated && { validation: validated }),
      seconds,
      samplesPerSecond: source.size / seconds,
    });
    await settings.onEpoch?.(records[records.length - 1]);
  }

  const history: History = {
    epochs: records,
    steps: record.step,
    seconds: trainingSeconds,
    outcome: records.length === epochs ? 'completed' : 'aborted',
  };
  await settings.onTrainEnd?.(history);
  return history;
}

/** One step on the plan's loaded batch; returns the sum of its losses. */
function trainStep(plan: Plan, { step, epoch }: StepRecord, learningRate: number): number {
  plan.forward();
  const lossSum = plan.loss();
  if (!Number.isFinite(lossSum)) {
    throw new NonFiniteError(
      'fit',
      `the loss of step ${step + 1} (epoch ${epoch}) is ${show(lossSum)}; ` +
        `learning rate ${learningRate} may be too high, or the inputs or initial weights too large`,
      step,
      epoch,
    );
  }
  plan.step(learningRate);
  return lossSum;
}

/** An update may overflow where no loss comes after it to show it. */
function checkParameters(compiled: CompiledModel, { step, epoch }: StepRecord): void {
  if (compiled.parametersAreFinite()) return;
  throw new NonFiniteError(
    'fit',
    `parameters are NaN or infinite after step ${step} (epoch ${epoch}); the learning rate may be too high`,
    step,
    epoch,
  );
}

/** Mean loss and accuracy over a whole set. */
async function score(compiled: CompiledModel, source: BatchSource, turn: Turn): Promise<Score> {
  let loss = 0;
  let correct = 0;
  for (let start = 0; start < source.size; ) {
    const plan = compiled.plan(Math.min(compiled.maxRows, source.size - start));
    source.load(plan, start);
    plan.forward();
    loss += plan.loss();
    correct += plan.countCorrect();
    start += plan.rows;
    if (turn.due()) await turn.take();
  }
  return { loss: loss / source.size, accuracy: correct / source.size };
}
