/**
 * What predicts from one model again and again: compiled once, its weights in the engine's memory, ready for
 * the next row.
 */
import { disposeSymbol } from '../base/dispose.js';
import { EngineError, OptionError, show } from '../base/errors.js';
import { OptionReader } from '../base/options.js';
import type { Engine } from '../engine/engine.js';
import { Compiled } from '../nn/compiled.js';
import { headsOf } from '../nn/head.js';
import {
  binaryCrossEntropy,
  type Loss,
  type LossOption,
  meanSquaredError,
  resolveLoss,
  softmaxCrossEntropy,
} from '../nn/losses.js';
import { graphOf, type Network } from '../nn/model.js';
import { pairs } from '../nn/pairs.js';
import type { Plan } from '../nn/plan.js';
import type { Asked, ByOutput } from '../nn/several.js';
import { ValueWatch } from '../nn/values.js';
import { type InputsByName, isByName, readByName } from './by-name.js';
import { checkEngine, checkModel, lossFor, requireLoss } from './check.js';
import { checkRows, checkWeights, rowsFrom } from './finite.js';
import { readRows } from './rows.js';

/** What a model's outputs are. */
export interface PredictOptions {
  /**
   * The loss that the model is for, which says what its outputs are: logits of classes for
   * `softmaxCrossEntropy`, logits of yes or no for `binaryCrossEntropy`, and numbers for the losses of
   * regression. By default that of its training, which it remembers.
   */
  loss?: LossOption;
}

/** How a predictor is made. */
export interface PredictorOptions extends PredictOptions {
  /**
   * Rows computed at once; more are taken in turns. 250 by default. The memory that is kept grows with it.
   */
  maxRows?: number;
}

/** Rows computed at once, unless told otherwise. */
export const ROWS = 250;

type Inputs = ArrayLike<number>;

/**
 * Predicts from one model, fast: what has been compiled and the weights are kept in the engine between calls,
 * so that one row costs little more than its arithmetic. Made by `createPredictor`. It gives the bits that
 * `predict`, `predictProba` and `predictClasses` give.
 *
 * It sees that the model has changed at every call: what `fit`, `setParameters`, a trainer or a reader of
 * files has written, the loss and the scaling that the model remembers, and what anyone has written into the
 * arrays `model.parameters[i].values` and `model.buffers[i].values`. Those arrays are compared bit for bit,
 * but only once someone has read the property `values`, from then on at every call (in Node some 25 µs for
 * 250,000 values): before that nobody else can write to them.
 */
export class Predictor {
  readonly engine: Engine;
  readonly model: Network;
  readonly maxRows: number;
  /** As the caller gave it; else the model's own. */
  readonly #given: Loss | undefined;
  #compiled: Compiled | undefined;
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
   * Predictions [rows, outputs], row-major, for inputs [rows, inputSize]: probabilities where the model
   * classifies, and numbers in regression. Inputs are taken, and errors thrown, as by the function `predict`;
   * and EngineError after `dispose`.
   */
  predict(inputs: Inputs): Float32Array;
  predict(inputs: InputsByName): ByOutput<Float32Array>;
  predict(inputs: Inputs | InputsByName): Float32Array {
    return this.outputs('Predictor.predict', inputs);
  }

  /** Probabilities [rows, classes], row-major, as by the function `predictProba`. */
  predictProba(inputs: Inputs): Float32Array;
  predictProba(inputs: InputsByName): ByOutput<Float32Array>;
  predictProba(inputs: Inputs | InputsByName): Float32Array {
    return this.probabilities('Predictor.predictProba', inputs);
  }

  /** The class of each row [rows], as by the function `predictClasses`. */
  predictClasses(inputs: Inputs): Int32Array;
  predictClasses(inputs: InputsByName): ByOutput<Int32Array>;
  predictClasses(inputs: Inputs | InputsByName): Int32Array {
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
  outputs(where: string, inputs: Inputs | InputsByName): Float32Array {
    const several = this.#several<Float32Array>(where, inputs, 'outputs');
    return several ?? this.#outputs(where, this.#read(where, inputs));
  }

  /** @internal */
  probabilities(where: string, inputs: Inputs | InputsByName): Float32Array {
    const several = this.#several<Float32Array>(where, inputs, 'probabilities');
    if (several) return several;
    const values = this.#read(where, inputs);
    this.#checkClassifies(where);
    const ones = this.#outputs(where, values);
    if (this.model.outputSize > 1) return ones;
    return pairs(ones);
  }

  /** @internal */
  classes(where: string, inputs: Inputs | InputsByName): Int32Array {
    const several = this.#several<Int32Array>(where, inputs, 'classes');
    if (several) return several;
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

  /** The inputs of a model with one input and one output. */
  #read(where: string, inputs: Inputs | InputsByName): Float32Array {
    const { model } = this;
    if (isByName(inputs)) return readByName(where, model, inputs)[0];
    if (model.inputs.length > 1 || model.outputs.length > 1) {
      const names = model.inputs.map(({ name }) => name).join(', ');
      throw new OptionError(
        where,
        `inputs: expected an array by name for ${names}, as the model has several inputs or outputs, given ${show(inputs)}`,
      );
    }
    return readRows(where, model, inputs, 0);
  }

  /** Of a model that may have several inputs or outputs, where the inputs are given by name. */
  #several<T extends Float32Array | Int32Array>(
    where: string,
    inputs: Inputs | InputsByName,
    asked: Asked,
  ): ByOutput<T> | undefined {
    const { model, maxRows } = this;
    const { predictSeveral } = graphOf(where, model);
    if (!predictSeveral || !isByName(inputs)) return undefined;
    if (asked !== 'outputs' && !this.#given) requireLoss(where, model, undefined);
    const { loss } = this.#current(where);
    const run = (rows: number, start: number, fill: (plan: Plan) => void) => {
      const plan = this.#current(where).plan(rowsOfPlan(rows, maxRows));
      fill(plan);
      plan.forward();
      for (const head of plan.ports.outputs) head.classify();
      this.engine.settle();
      checkRows(where, plan, rowsFrom(start), { rows });
      return plan;
    };
    const heads = headsOf(where, model, loss);
    const values = readByName(where, model, inputs);
    return predictSeveral(where, values, { inputs: model.inputs, heads, asked, maxRows, run });
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
  #current(where: string): Compiled {
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
    const loss = answering(where, model, lossFor(where, model, this.#given));
    this.#watch = watch(model);
    this.#compiled = new Compiled(engine, model, { maxRows, loss });
    this.#known = model.loss;
    this.#finite = false;
  }
}

/**
 * A predictor for `model`. It takes memory in the engine until `dispose`, or until the engine is disposed of:
 * for the weights, and for `maxRows` rows.
 *
 * Throws OptionError for unknown options, for a number of rows that is not positive and whole, and for a loss
 * that the model was not trained with; EngineError when memory cannot grow.
 */
export function createPredictor(engine: Engine, model: Network, options?: PredictorOptions): Predictor {
  const where = 'createPredictor';
  checkEngine(where, engine);
  checkModel(where, model);
  const reader = new OptionReader(where, options);
  const maxRows = reader.integer('maxRows', { min: 1 }, ROWS);
  const given = reader.any('loss');
  reader.end();
  return new Predictor(
    where,
    engine,
    model,
    maxRows,
    given === undefined ? undefined : lossFor(where, model, given),
  );
}

/** @internal All that predicting needs of a loss: what it makes of each output. Without one, outputs are numbers. */
export function answering(where: string, { outputs }: Network, loss: Loss | undefined): Loss {
  const plain = (own: Loss | undefined) => {
    if (!own?.compute) return own ?? meanSquaredError();
    return own.link === 'softmax'
      ? softmaxCrossEntropy()
      : own.link === 'sigmoid'
        ? binaryCrossEntropy()
        : meanSquaredError();
  };
  if (outputs.length === 1 && !loss?.parts) return plain(loss);
  return resolveLoss(
    where,
    Object.fromEntries(outputs.map(({ name }) => [name, plain(loss?.parts?.[name]?.loss)])),
  );
}

function watch({ parameters, buffers }: Network): ValueWatch {
  return new ValueWatch([...parameters, ...buffers]);
}

/**
 * @internal The rows of the plan that takes so many: up to a quarter more, so that there are four plans for each
 * doubling of the rows and not one for each number. What lies behind the given rows is computed along, and
 * nobody reads it; a row's answer does not depend on the others.
 */
export function rowsOfPlan(rows: number, maxRows: number): number {
  const step = 2 ** Math.max(0, Math.floor(Math.log2(rows)) - 2);
  return Math.min(Math.ceil(rows / step) * step, maxRows);
}
