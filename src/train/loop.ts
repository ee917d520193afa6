/**
 * The training loop: epochs of shuffled batches, a validation after each, callbacks and checkpoints in
 * between. A step allocates nothing; now and then the loop lets the event loop turn, so that signals and
 * pages stay alive.
 */
import { NonFiniteError, show } from '../base/errors.js';
import type { Compiled } from '../nn/compiled.js';
import { remember } from '../nn/model.js';
import type { Plan } from '../nn/plan.js';
import { isPlateau } from '../nn/schedules.js';
import type { BatchStart } from './callbacks.js';
import type { Due } from './checkpointing.js';
import { checkWeights } from './finite.js';
import type { FitSettings } from './fit-options.js';
import type { EpochRecord, History, Score } from './history.js';
import type { LoopState } from './loop-state.js';
import type { RowSource } from './row-source.js';
import type { Turn } from './turn.js';

export class TrainingLoop {
  readonly #compiled: Compiled;
  readonly #source: RowSource;
  readonly #validation: RowSource | undefined;
  readonly #settings: FitSettings;
  readonly #turn: Turn;
  /** Of all epochs, and of the one under way. */
  readonly #state: LoopState = {
    record: { step: 0, epoch: 0, samples: 0, learningRate: 0, loss: 0, accuracy: 0 },
    records: [],
    epoch: 1,
    ...{ lossSum: 0, weight: 0, correct: 0 },
    ...{ epochSeconds: 0, seconds: 0 },
    saved: { step: -1, epochs: -1 },
  };
  readonly #batch: BatchStart = { step: 0, epoch: 0, rows: 0 };
  #averageShown = false;
  readonly #totalSteps: number;

  constructor(
    compiled: Compiled,
    source: RowSource,
    validation: RowSource | undefined,
    settings: FitSettings,
    turn: Turn,
  ) {
    this.#compiled = compiled;
    this.#turn = turn;
    this.#source = source;
    this.#validation = validation;
    this.#settings = settings;
    this.#state.outputs = settings.outputs?.tally(false);
    this.#totalSteps = settings.epochs * this.#stepsPerEpoch;
    const { schedule } = settings.optimizer;
    if (isPlateau(schedule)) schedule.reset();
    const { continuation } = settings;
    if (continuation.resume) {
      continuation.restore!(compiled, this.#state);
      this.download();
    }
  }

  async run(): Promise<History> {
    const { hooks, epochs, checkpointing, earlyStopping, continuation } = this.#settings;
    const { resume } = continuation;
    const { size } = this.#source;
    const { step, samples } = this.#state.record;
    checkWeights('fit', this.#compiled, { step, epoch: this.#state.epoch });
    await checkpointing?.prepare(step, checkpointing.bestSteps(this.#state.records));
    await hooks.trainBegin({
      epochs,
      stepsPerEpoch: this.#stepsPerEpoch,
      samples: size,
      ...(resume && { resumed: { epoch: this.#state.epoch, step, samples } }),
    });
    let whole = true;
    while (whole && !this.#over()) whole = await this.#runEpoch();
    if (checkpointing && this.#aborted) await this.#checkpoint({ latest: true });
    const best = earlyStopping?.end(this.#compiled, this.#state.best, !this.#aborted);
    const history: History = {
      epochs: this.#state.records,
      steps: this.#state.record.step,
      seconds: this.#state.seconds,
      outcome:
        this.#state.records.length === epochs
          ? 'completed'
          : earlyStopping?.stopped
            ? 'stoppedEarly'
            : 'aborted',
      ...(best && { best }),
    };
    await hooks.trainEnd(history);
    return history;
  }

  /**
   * Gives the model what it is to have: the values of the last step, or their moving average, and what they
   * were trained for.
   */
  download(): void {
    const shown = this.#averageShown;
    this.#showAverage(true);
    this.#compiled.download();
    this.#showAverage(shown);
    // With the first values that are not its own any more.
    remember(this.#compiled.model, this.#settings.memory);
  }

  /** Puts the moving average, where there is one, in the parameters' place: to be measured or handed out. */
  #showAverage(shown: boolean): void {
    if (!this.#settings.averages || this.#averageShown === shown) return;
    this.#compiled.swapAverage();
    this.#averageShown = shown;
  }

  get #stepsPerEpoch(): number {
    const { batchSize, accumulateBatches } = this.#settings;
    return Math.ceil(this.#source.size / (batchSize * accumulateBatches));
  }

  get #aborted(): boolean {
    return this.#settings.signal?.aborted === true;
  }

  #over(): boolean {
    const { epochs, earlyStopping } = this.#settings;
    return this.#state.records.length >= epochs || earlyStopping?.stopped === true || this.#aborted;
  }

  /** Runs an epoch, or the rest of it; returns whether it came to its end. */
  async #runEpoch(): Promise<boolean> {
    const { hooks, shuffle, seed, earlyStopping, checkpointing, optimizer, augmentation } = this.#settings;
    const compiled = this.#compiled;
    const record = this.#state.record;
    const epoch = this.#state.epoch;
    record.epoch = epoch;
    if (record.samples === 0) await hooks.epochBegin({ epoch, learningRate: this.#learningRate() });
    if (shuffle) this.#source.shuffle(seed, epoch - 1);
    if (augmentation) augmentation.images.epoch = epoch - 1;
    await this.#runSteps();
    const { size } = this.#source;
    let validation: Score | undefined;
    this.#checkParameters();
    if (record.samples === size) {
      this.#showAverage(true);
      validation = await this.#validate();
    }
    // After the validation: what fails leaves the model with the values of the last good epoch.
    this.download();
    compiled.engine.settle();
    if (record.samples < size || (this.#validation && !validation)) {
      this.#showAverage(false);
      return false;
    }

    const done: EpochRecord = {
      epoch,
      step: record.step,
      learningRate: record.learningRate,
      loss: meanOf(this.#state.lossSum, this.#state.weight),
      accuracy: this.#state.correct / size,
      ...this.#state.outputs?.score(size),
      ...(validation && { validation }),
      seconds: this.#state.epochSeconds,
      samplesPerSecond: size / this.#state.epochSeconds,
    };
    this.#state.records.push(done);
    this.#state.epoch++;
    record.samples = 0;
    this.#state.lossSum = 0;
    this.#state.weight = 0;
    this.#state.correct = 0;
    this.#state.outputs?.clear();
    this.#state.epochSeconds = 0;
    if (earlyStopping?.observe(done) && earlyStopping.restoreBestWeights) {
      this.#state.best = earlyStopping.snapshot(compiled);
    }
    this.#showAverage(false);
    const { schedule } = optimizer;
    if (isPlateau(schedule)) schedule.observe(this.#settings.plateauMonitor!.read(done));
    await hooks.epochEnd(done);
    if (checkpointing) await this.#checkpoint(checkpointing.dueAfterEpoch(this.#state.records));
    return true;
  }

  async #validate(): Promise<Score | undefined> {
    return (
      this.#validation &&
      this.#settings.measure!(this.#compiled, this.#validation, {
        ...this.#settings,
        where: 'fit, validation',
        turn: this.#turn,
        progress: this.#state.record,
      })
    );
  }

  /** Steps up to the end of the epoch, or to an abort. */
  async #runSteps(): Promise<void> {
    const { hooks, checkpointing, batchSize, accumulateBatches, signal } = this.#settings;
    const record = this.#state.record;
    const turn = this.#turn;
    const source = this.#source;
    const rows = batchSize * accumulateBatches;
    let began = performance.now();
    let turnsBefore = turn.milliseconds;
    const takeTime = () => {
      const seconds = (performance.now() - began - (turn.milliseconds - turnsBefore)) / 1000;
      this.#state.epochSeconds += seconds;
      this.#state.seconds += seconds;
    };
    for (;;) {
      const wait = source.ready?.(record.samples, rows, signal);
      if (wait) await wait;
      if (record.samples >= source.size || this.#aborted) break;
      record.learningRate = this.#learningRate();
      this.#step();
      hooks.batchEnd(record);
      if (hooks.waiting) await hooks.settle();
      if (checkpointing?.dueAfterStep(record.step)) {
        takeTime();
        await this.#checkpoint({ latest: true });
        began = performance.now();
        turnsBefore = turn.milliseconds;
      }
      if (turn.due()) await turn.take();
    }
    takeTime();
  }

  /** Of the step to come. */
  #learningRate(): number {
    return this.#settings.optimizer.schedule.rate(this.#state.record.step + 1, this.#totalSteps);
  }

  /** One step, on the next batch or, where gradients are accumulated, on several. */
  #step(): void {
    const { accumulateBatches } = this.#settings;
    const record = this.#state.record;
    const { size } = this.#source;
    let loss = 0;
    let weight = 0;
    let correct = 0;
    let rows = 0;
    for (let i = 0; i < accumulateBatches && record.samples < size; i++) {
      const plan = this.#load();
      plan.forward(true);
      const lossSum = plan.loss();
      if (!Number.isFinite(lossSum)) this.#failOfLoss(lossSum);
      loss += lossSum;
      weight += plan.weight();
      correct += plan.countCorrect();
      this.#state.outputs?.add(plan);
      rows += plan.rows;
      record.samples += plan.rows;
      if (accumulateBatches === 1) plan.step(record.learningRate);
      else plan.accumulate();
    }
    if (accumulateBatches > 1) this.#compiled.stepAccumulated(record.learningRate);
    this.#state.lossSum += loss;
    this.#state.weight += weight;
    this.#state.correct += correct;
    record.step++;
    record.loss = meanOf(loss, weight);
    record.accuracy = correct / rows;
  }

  /** The plan of the next batch, loaded. */
  #load(): Plan {
    const { hooks, batchSize } = this.#settings;
    const { step, epoch, samples } = this.#state.record;
    const plan = this.#compiled.plan(Math.min(batchSize, this.#source.size - samples));
    this.#batch.step = step + 1;
    this.#batch.epoch = epoch;
    this.#batch.rows = plan.rows;
    hooks.batchBegin(this.#batch);
    this.#source.load(plan, samples);
    return plan;
  }

  #failOfLoss(loss: number): never {
    const { step, epoch, learningRate } = this.#state.record;
    throw new NonFiniteError(
      'fit',
      `the loss of step ${step + 1} (epoch ${epoch}) is ${show(loss)}; ` +
        `learning rate ${learningRate} may be too high, or the inputs or initial weights too large`,
      step,
      epoch,
    );
  }

  /** An update may overflow where no loss comes after it to show it. */
  #checkParameters(): void {
    if (this.#compiled.parametersAreFinite()) return;
    const { step, epoch } = this.#state.record;
    throw new NonFiniteError(
      'fit',
      `parameters are NaN or infinite after step ${step} (epoch ${epoch}); the learning rate may be too high`,
      step,
      epoch,
    );
  }

  /** Has a checkpoint kept, of parameters that are finite. */
  #checkpoint(due: Due): Promise<void> {
    const check = () => this.#checkParameters();
    return this.#settings.continuation.keep!(this.#compiled, this.#state, due, check);
  }
}

/** Of losses that weigh nothing the mean is 0. */
function meanOf(lossSum: number, weight: number): number {
  return weight > 0 ? lossSum / weight : 0;
}
