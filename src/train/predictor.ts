/** What predicts from one model again and again: compiled once, its weights in the engine's memory, ready for the next row. */
import { isBytes, isFloat32Array } from '../base/arrays.js';
import { disposeSymbol } from '../base/dispose.js';
import { DataError, EngineError, OptionError, ShapeError, show } from '../base/errors.js';
import { OptionReader } from '../base/options.js';
import { copyNumbers } from '../data/numbers.js';
import type { Engine } from '../engine/engine.js';
import { CompiledModel, type Plan } from '../nn/compile.js';
import { checkInputs } from '../nn/inputs.js';
import { type Loss, type LossName, meanSquaredError } from '../nn/losses.js';
import type { InputScale, Network } from '../nn/model.js';
import { ValueWatch } from '../nn/values.js';
import { checkEngine, checkModel, lossFor, requireLoss } from './check.js';
import { checkRows, checkWeights, rowsFrom } from './finite.js';

/** What a model's outputs are. */
export interface PredictOptions {
  /**
   * The loss that the model is for, which says what its outputs are: logits of classes for `softmaxCrossEntropy`, logits of yes or no
   * for `binaryCrossEntropy`, and numbers for the losses of regression. By default that of its training, which it remembers.
   */
  loss?: LossName | Loss;
}

/** How a predictor is made. */
export interface PredictorOptions extends PredictOptions {
  /** Rows computed at once; more are taken in turns. 250 by default. The memory that is kept grows with it. */
  maxRows?: number;
}

/** Rows computed at once, unless told otherwise. */
export const ROWS = 250;

type Inputs = ArrayLike<number>;

/**
 * Predicts from one model, fast: what has been compiled and the weights are kept in the engine between calls, so that one row costs little
 * more than its arithmetic. Made by `createPredictor`. It gives the bits that `predict`, `predictProba` and `predictClasses` give.
 *
 * It sees that the model has changed at every call: what `fit`, `setParameters`, a trainer or a reader of files has written, the loss and the
 * scaling that the model remembers, and what anyone has written into the arrays `model.parameters[i].values` and
 * `model.buffers[i].values`. Those arrays are compared bit for bit, but only once someone has read the property
 * `values`, from then on at every call (in Node some 25 µs for 250,000 values): before that nobody else can write to them.
 */
export class Predictor {
  readonly engine: Engine;
  readonly model: Network;
  readonly maxRows: number;
  /** As the caller gave it; else the model's own. */
  readonly #given: Loss | undefined;
  #compiled: CompiledModel | undefined;
  /** The model's loss when it was compiled. */
  #known: Loss | undefined;
  #watch: ValueWatch;
  /** Whether the weights that were copied last are known to be finite. */
  #finite = false;
  #disposed = false;

  /** @internal Use `createPredictor`. */
  constructor(where: string, engine: Engine, model: Network, maxRows: number, given: Loss | undefined) {
    this.engine = engine;
    this.model = model;
    this.maxRows = maxRows;
    this.#given = given;
    this.#watch = watch(model);
    this.#compile(where);
  }

  get disposed(): boolean {
    return this.#disposed || this.engine.disposed;
  }

  /**
   * Predictions [rows, outputs], row-major, for inputs [rows, inputSize]: probabilities where the model classifies, and numbers in
   * regression. Inputs are taken, and errors thrown, as by the function `predict`; and EngineError after `dispose`.
   */
  predict(inputs: Inputs): Float32Array {
    return this.outputs('Predictor.predict', inputs);
  }

  /** Probabilities [rows, classes], row-major, as by the function `predictProba`. */
  predictProba(inputs: Inputs): Float32Array {
    return this.probabilities('Predictor.predictProba', inputs);
  }

  /** The class of each row [rows], as by the function `predictClasses`. */
  predictClasses(inputs: Inputs): Int32Array {
    return this.classes('Predictor.predictClasses', inputs);
  }

  /** Frees the engine's memory. Twice is fine. */
  dispose(): void {
    this.#disposed = true;
    this.#compiled?.dispose();
    this.#compiled = undefined;
  }

  [disposeSymbol](): void {
    this.dispose();
  }

  /** @internal */
  outputs(where: string, inputs: Inputs): Float32Array {
    return this.#outputs(where, this.#read(where, inputs));
  }

  /** @internal */
  probabilities(where: string, inputs: Inputs): Float32Array {
    const values = this.#read(where, inputs);
    this.#checkClassifies(where);
    const ones = this.#outputs(where, values);
    if (this.model.outputSize > 1) return ones;
    return Float32Array.from({ length: 2 * ones.length }, (_, i) =>
      i % 2 ? ones[i >> 1] : 1 - ones[i >> 1],
    );
  }

  /** @internal */
  classes(where: string, inputs: Inputs): Int32Array {
    const values = this.#read(where, inputs);
    const { inputSize, outputSize } = this.model;
    if (this.#checkClassifies(where).link === 'sigmoid' && outputSize > 1) {
      throw new OptionError(where, `the ${outputSize} outputs are questions of their own; ask predictProba`);
    }
    const result = new Int32Array(values.length / inputSize);
    this.#inTurns(where, values, (plan, start, count) => result.set(plan.predictions.read(count), start));
    return result;
  }

  #outputs(where: string, values: Float32Array): Float32Array {
    const { inputSize, outputSize } = this.model;
    const rows = values.length / inputSize;
    if (rows <= this.maxRows && this.engine.backend.elementBytes === 4) {
      return this.#run(where, values, rows).probabilities.read(rows) as Float32Array;
    }
    const result = new Float32Array(rows * outputSize);
    this.#inTurns(where, values, (plan, start, count) =>
      result.set(plan.probabilities.read(count), start * outputSize),
    );
    return result;
  }

  #checkClassifies(where: string): Loss {
    const loss = this.#given ?? requireLoss(where, this.model, undefined);
    if (loss.link === 'identity') {
      throw new OptionError(where, `option loss: expected one of a classifier, given ${show(loss.kind)}`);
    }
    return loss;
  }

  /** The inputs as float32, each of them checked. */
  #read(where: string, inputs: Inputs): Float32Array {
    const { model } = this;
    const values = asFloats(where, model, inputs);
    const { inputSize } = model;
    const rows = values.length / inputSize;
    if (!Number.isInteger(rows) || rows === 0) {
      throw new ShapeError(where, `expected rows of ${inputSize} numbers, given ${values.length} numbers`);
    }
    for (let i = 0; i < values.length; i++) {
      if (Number.isFinite(values[i])) continue;
      const [row, column] = [Math.floor(i / inputSize), i % inputSize];
      const problem = `is ${show(inputs[i])}, which is not a finite number`;
      throw new DataError(where, `inputs: row ${row}, column ${column} ${problem}`);
    }
    checkInputs(where, model, values, inputSize, 1, 0);
    return values;
  }

  #inTurns(
    where: string,
    values: Float32Array,
    take: (plan: Plan, start: number, count: number) => void,
  ): void {
    const { inputSize } = this.model;
    const rows = values.length / inputSize;
    for (let start = 0; start < rows; start += this.maxRows) {
      const count = Math.min(this.maxRows, rows - start);
      const part = values.subarray(start * inputSize, (start + count) * inputSize);
      take(this.#run(where, part, count, start), start, count);
    }
  }

  /** Runs up to maxRows rows; the plan's first `rows` rows then hold their answers. */
  #run(where: string, values: Float32Array, rows: number, start = 0): Plan {
    const compiled = this.#current(where);
    const plan = compiled.plan(rowsOfPlan(rows, this.maxRows));
    plan.inputs.write(values, 0);
    plan.loaded();
    plan.forward();
    const finite = plan.outputsAreFinite();
    plan.classify();
    this.engine.settle();
    if (!finite) checkRows(where, plan, rowsFrom(start), { rows });
    return plan;
  }

  /** Compiled, with the model's values as they are now. */
  #current(where: string): CompiledModel {
    if (!this.#compiled || this.engine.disposed) {
      throw new EngineError(where, 'this predictor or its engine has been disposed of');
    }
    if (this.model.loss !== this.#known) {
      // Trained for something else since.
      this.#compiled.dispose();
      this.#compile(where);
    } else if (this.#watch.changed()) {
      this.#compiled.upload();
      this.#finite = false;
    }
    if (!this.#finite) checkWeights(where, this.#compiled);
    this.#finite = true;
    return this.#compiled;
  }

  #compile(where: string): void {
    const { engine, model, maxRows } = this;
    const loss = lossFor(where, model, this.#given) ?? meanSquaredError();
    this.#watch = watch(model);
    this.#compiled = new CompiledModel(engine, model, { maxRows, loss });
    this.#known = model.loss;
    this.#finite = false;
  }
}

/**
 * A predictor for `model`. It takes memory in the engine until `dispose`, or until the engine is disposed of: for the weights, and for
 * `maxRows` rows.
 *
 * Throws OptionError for unknown options, for a number of rows that is not positive and whole, and for a loss that the model was not
 * trained with; EngineError when memory cannot grow.
 */
export function createPredictor(engine: Engine, model: Network, options?: PredictorOptions): Predictor {
  const where = 'createPredictor';
  checkEngine(where, engine);
  checkModel(where, model);
  const reader = new OptionReader(where, options);
  const maxRows = reader.integer('maxRows', { min: 1 }, ROWS);
  const given = reader.optional('loss', 'a loss', (value): value is unknown => value !== undefined);
  reader.end();
  return new Predictor(
    where,
    engine,
    model,
    maxRows,
    given === undefined ? undefined : lossFor(where, model, given),
  );
}

/** bytes * scale + offset, rounded as the kernels round when they gather a batch. */
export function scaleBytes(bytes: ArrayLike<number>, { scale, offset }: InputScale): Float32Array {
  const [factor, term] = [Math.fround(scale), Math.fround(offset)];
  return Float32Array.from(bytes, (byte) => Math.fround(byte * factor) + term);
}

/** Bytes mean what they meant in training. To a model that knows nothing of training they are numbers as any others. */
function asFloats(where: string, { loss, input }: Network, inputs: Inputs): Float32Array {
  if (isFloat32Array(inputs)) return inputs;
  if (!isBytes(inputs)) return copyNumbers(where, 'inputs', inputs);
  if (input) return scaleBytes(inputs, input);
  if (!loss) return Float32Array.from(inputs);
  throw new OptionError(
    where,
    'inputs: the model was not trained on bytes, so it is not known how they would be scaled; ' +
      `expected a Float32Array of inputs as those of training were, given ${show(inputs)}`,
  );
}

function watch({ parameters, buffers }: Network): ValueWatch {
  return new ValueWatch([...parameters, ...buffers]);
}

/**
 * The rows of the plan that takes so many: up to a quarter more, so that there are four plans for each doubling of the rows and not one for
 * each number. What lies behind the given rows is computed along, and nobody reads it; a row's answer does not depend on the others.
 */
function rowsOfPlan(rows: number, maxRows: number): number {
  const step = 2 ** Math.max(0, Math.floor(Math.log2(rows)) - 2);
  return Math.min(Math.ceil(rows / step) * step, maxRows);
}
