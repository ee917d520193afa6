/**
 * The training loop: epochs of shuffled batches, a validation after each, callbacks and checkpoints in between. A step
 * allocates nothing; now and then the loop lets the event loop turn, so that signals and pages stay alive.
 */
import { NonFiniteError, show } from '../base/errors.js';
import type { CompiledModel, Plan } from '../nn/compile.js';
import { remember } from '../nn/model.js';
import type { PlateauSchedule, PlateauState, Schedule } from '../nn/schedules.js';
import type { BatchStart, StepRecord } from './callbacks.js';
import type { Checkpoint, Position, Snapshot } from './checkpoint.js';
import type { CheckpointFile } from './checkpointing.js';
import { checkWeights } from './finite.js';
import type { FitSettings } from './fit-options.js';
import type { EpochRecord, History, Score } from './history.js';
import { measure } from './measure.js';
import type { OutputScores } from './outputs.js';
import type { BatchSource } from './source.js';
import type { Turn } from './turn.js';

export class TrainingLoop {
  readonly #compiled: CompiledModel;
  readonly #source: BatchSource;
  readonly #validation: BatchSource | undefined;
  readonly #settings: FitSettings;
  readonly #turn: Turn;
  readonly #record: StepRecord = { step: 0, epoch: 0, samples: 0, learningRate: 0, loss: 0, accuracy: 0 };
  readonly #batch: BatchStart = { step: 0, epoch: 0, rows: 0 };
  readonly #records: EpochRecord[] = [];
  /** Of the epoch under way: the sum of losses, what to divide it by for the mean, and how many were right. */
  #lossSum = 0;
  #weight = 0;
  #correct = 0;
  /** The same of each output, where losses are given by output. */
  readonly #outputs: OutputScores | undefined;
  #epochSeconds = 0;
  /** Of all epochs. */
  #seconds = 0;
  #epoch = 1;
  /** Of the best epoch, when early stopping is to restore it. */
  #best: Snapshot | undefined;
  #restored = false;
  #averageShown = false;
  readonly #totalSteps: number;
  /** The step of the newest checkpoint, and the epochs that were done by then. */
  #saved = { step: -1, epochs: -1 };

  constructor(
    compiled: CompiledModel,
    source: BatchSource,
    validation: BatchSource | undefined,
    settings: FitSettings,
    turn: Turn,
  ) {
    this.#compiled = compiled;
    this.#turn = turn;
    this.#source = source;
    this.#validation = validation;
    this.#settings = settings;
    this.#outputs = settings.outputs?.tally(false);
    this.#totalSteps = settings.epochs * this.#stepsPerEpoch;
    const { schedule } = settings.optimizer;
    if (isPlateau(schedule)) schedule.reset();
    const { resume } = settings.continuation;
    if (resume) this.#restore(resume);
  }

  async run(): Promise<History> {
    const { hooks, epochs, checkpointing, earlyStopping, continuation } = this.#settings;
    const { resume } = continuation;
    const { size } = this.#source;
    const { step, samples } = this.#record;
    checkWeights('fit', this.#compiled, { step, epoch: this.#epoch });
    await checkpointing?.prepare(step);
    await hooks.trainBegin({
      epochs,
      stepsPerEpoch: this.#stepsPerEpoch,
      samples: size,
      ...(resume && { resumed: { epoch: this.#epoch, step, samples } }),
    });
    let whole = true;
    while (whole && !this.#over()) whole = await this.#runEpoch();
    if (checkpointing && this.#aborted) await this.#checkpoint({ latest: true });
    if (!this.#aborted) this.#restoreBest();
    const history: History = {
      epochs: this.#records,
      steps: this.#record.step,
      seconds: this.#seconds,
      outcome:
        this.#records.length === epochs ? 'completed' : earlyStopping?.stopped ? 'stoppedEarly' : 'aborted',
      ...this.#describeBest(),
    };
    await hooks.trainEnd(history);
    return history;
  }

  /** Gives the model what it is to have: the values of the last step, or their moving average, and what they were trained for. */
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
    return this.#records.length >= epochs || earlyStopping?.stopped === true || this.#aborted;
  }

  /** Runs an epoch, or the rest of it; returns whether it came to its end. */
  async #runEpoch(): Promise<boolean> {
    const { hooks, shuffle, seed, earlyStopping, checkpointing, optimizer } = this.#settings;
    const compiled = this.#compiled;
    const record = this.#record;
    const { size } = this.#source;
    const epoch = this.#epoch;
    record.epoch = epoch;
    if (record.samples === 0) await hooks.epochBegin({ epoch, learningRate: this.#learningRate() });
    if (shuffle) this.#source.shuffle(seed, epoch - 1);
    await this.#runSteps();
    let validation: Score | undefined;
    this.#checkParameters();
    if (record.samples === size) {
      this.#showAverage(true);
      validation = await this.#validate();
    }
    // After the validation: what fails leaves the model with the values of the last good epoch.
    this.download();
    compiled.engine.settle();
    if (record.samples < size) return false;

    const done: EpochRecord = {
      epoch,
      step: record.step,
      learningRate: record.learningRate,
      loss: meanOf(this.#lossSum, this.#weight),
      accuracy: this.#correct / size,
      ...this.#outputs?.score(size),
      ...(validation && { validation }),
      seconds: this.#epochSeconds,
      samplesPerSecond: size / this.#epochSeconds,
    };
    this.#records.push(done);
    this.#epoch++;
    record.samples = 0;
    this.#lossSum = 0;
    this.#weight = 0;
    this.#correct = 0;
    this.#outputs?.clear();
    this.#epochSeconds = 0;
    if (earlyStopping?.observe(done) && earlyStopping.restoreBestWeights) this.#best = this.#modelValues();
    this.#showAverage(false);
    const { schedule } = optimizer;
    if (isPlateau(schedule)) schedule.observe(this.#settings.plateauMonitor!.read(done));
    await hooks.epochEnd(done);
    if (checkpointing) await this.#checkpoint(checkpointing.dueAfterEpoch(this.#records));
    return true;
  }

  async #validate(): Promise<Score | undefined> {
    const { step, epoch } = this.#record;
    const { metrics, outputs } = this.#settings;
    const where = 'fit, validation';
    const measurement = { where, metrics, outputs, turn: this.#turn, progress: { step, epoch } };
    return this.#validation && measure(this.#compiled, this.#validation, measurement);
  }

  /** Steps up to the end of the epoch, or to an abort. */
  async #runSteps(): Promise<void> {
    const { hooks, checkpointing } = this.#settings;
    const record = this.#record;
    const turn = this.#turn;
    const { size } = this.#source;
    let began = performance.now();
    let turnsBefore = turn.milliseconds;
    const takeTime = () => {
      const seconds = (performance.now() - began - (turn.milliseconds - turnsBefore)) / 1000;
      this.#epochSeconds += seconds;
      this.#seconds += seconds;
    };
    while (record.samples < size && !this.#aborted) {
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
    return this.#settings.optimizer.schedule.rate(this.#record.step + 1, this.#totalSteps);
  }

  /** One step, on the next batch or, where gradients are accumulated, on several. */
  #step(): void {
    const { accumulateBatches } = this.#settings;
    const record = this.#record;
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
      this.#outputs?.add(plan);
      rows += plan.rows;
      record.samples += plan.rows;
      if (accumulateBatches === 1) plan.step(record.learningRate);
      else plan.accumulate();
    }
    if (accumulateBatches > 1) this.#compiled.stepAccumulated(record.learningRate);
    this.#lossSum += loss;
    this.#weight += weight;
    this.#correct += correct;
    record.step++;
    record.loss = meanOf(loss, weight);
    record.accuracy = correct / rows;
  }

  /** The plan of the next batch, loaded. */
  #load(): Plan {
    const { hooks, batchSize } = this.#settings;
    const { step, epoch, samples } = this.#record;
    const plan = this.#compiled.plan(Math.min(batchSize, this.#source.size - samples));
    this.#batch.step = step + 1;
    this.#batch.epoch = epoch;
    this.#batch.rows = plan.rows;
    hooks.batchBegin(this.#batch);
    this.#source.load(plan, samples);
    return plan;
  }

  #failOfLoss(loss: number): never {
    const { step, epoch, learningRate } = this.#record;
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
    const { step, epoch } = this.#record;
    throw new NonFiniteError(
      'fit',
      `parameters are NaN or infinite after step ${step} (epoch ${epoch}); the learning rate may be too high`,
      step,
      epoch,
    );
  }

  /** Has a checkpoint kept, of parameters that are finite. */
  async #checkpoint({
    latest,
    best = false,
    bestSteps,
  }: Pick<CheckpointFile, 'latest'> & Partial<CheckpointFile>): Promise<void> {
    const checkpointing = this.#settings.checkpointing!;
    const { step } = this.#record;
    const epochs = this.#records.length;
    // An abort may come just after one.
    const again = this.#saved.step === step && this.#saved.epochs === epochs;
    if (again || !(latest || best)) return;
    this.#checkParameters();
    this.#compiled.engine.settle();
    const { earlyStopping, optimizer } = this.#settings;
    const position: Position = {
      epoch: this.#epoch,
      samples: this.#record.samples,
      step,
      lossSum: this.#lossSum,
      weight: this.#weight,
      correct: this.#correct,
      ...(this.#outputs && { outputs: this.#outputs.state }),
      learningRate: this.#record.learningRate,
      epochSeconds: this.#epochSeconds,
      seconds: this.#seconds,
    };
    const bytes = this.#settings.continuation.write!({
      position,
      records: this.#records,
      parameters: this.#compiled.readParameters(),
      state: this.#compiled.readState(),
      ...(isPlateau(optimizer.schedule) && { schedule: optimizer.schedule.state }),
      ...(earlyStopping && { earlyStopping: earlyStopping.state }),
      ...(this.#best && { best: this.#best }),
    });
    const steps = bestSteps ?? checkpointing.bestSteps(this.#records);
    await checkpointing.save({ bytes, step, epochs, latest, best, bestSteps: steps });
    if (latest) {
      checkpointing.saved();
      this.#saved = { step, epochs };
    }
  }

  /** What a model is made of: parameters, and buffers such as running statistics. */
  #modelValues(): Snapshot {
    const buffers = [...this.#compiled.readState()].filter(([name]) => name.startsWith('buffer/'));
    return { parameters: this.#compiled.readParameters(), state: new Map(buffers) };
  }

  #restore(checkpoint: Checkpoint): void {
    const { parameters, state, position, records, earlyStopping, best, schedule } = checkpoint;
    this.#compiled.writeParameters(parameters);
    this.#compiled.writeState(state);
    this.#compiled.steps = position.step;
    this.#records.push(...records);
    this.#epoch = position.epoch;
    this.#lossSum = position.lossSum;
    this.#weight = position.weight;
    this.#correct = position.correct;
    if (position.outputs) this.#outputs?.restore(position.outputs);
    this.#epochSeconds = position.epochSeconds;
    this.#seconds = position.seconds;
    this.#record.step = position.step;
    this.#record.samples = position.samples;
    this.#record.learningRate = position.learningRate;
    this.#best = best;
    this.#saved = { step: position.step, epochs: records.length };
    const settings = this.#settings;
    if (earlyStopping) settings.earlyStopping?.restore(earlyStopping);
    if (isPlateau(settings.optimizer.schedule)) settings.optimizer.schedule.state = schedule as PlateauState;
    this.download();
  }

  /** Gives the model the weights of its best epoch. */
  #restoreBest(): void {
    if (!this.#best) return;
    this.#compiled.writeParameters(this.#best.parameters);
    this.#compiled.writeState(new Map([...this.#compiled.readState(), ...this.#best.state]));
    this.#compiled.download();
    this.#restored = true;
  }

  #describeBest(): Pick<History, 'best'> {
    const { earlyStopping } = this.#settings;
    if (!earlyStopping) return {};
    const { bestEpoch: epoch, bestValue: value } = earlyStopping.state;
    if (value === null) return {};
    return { best: { epoch, value, monitor: earlyStopping.monitor.name, restored: this.#restored } };
  }
}

/** Of losses that weigh nothing the mean is 0. */
function meanOf(lossSum: number, weight: number): number {
  return weight > 0 ? lossSum / weight : 0;
}

function isPlateau(schedule: Schedule): schedule is PlateauSchedule {
  return 'observe' in schedule;
}
