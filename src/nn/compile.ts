/**
 * A model laid out in an engine's memory: parameters, gradients and activations are placed once, and every batch size in
 * use gets a list of bound kernel calls. Running a step walks such a list; it allocates nothing.
 */

import { EngineError, ShapeError } from '../base/errors.js';
import { checkInteger, checkMap, OptionReader } from '../base/options.js';
import { checkEngine, type Engine } from '../engine/engine.js';
import type { Arena, Tensor } from '../engine/tensor.js';
import { activateBackward } from '../ops/activations.js';
import type { Call } from '../ops/check.js';
import { PackedMatrix } from '../ops/packed.js';
import { sum } from '../ops/reduce.js';
import { SparseRows } from '../ops/sparse.js';
import { bindAnswers } from './answers.js';
import type { LayerCalls, RunState } from './layer.js';
import { layOut, ofLayer, placeSaved, type Saved, savedFor, viewsOf } from './layout.js';
import { type Loss, resolveLoss } from './losses.js';
import { isOptimizer, OPTIMIZER } from './optimizers.js';
import type { CompileOptions, Plan } from './plan.js';
import { checkModel, type Parameter, type Sequential } from './sequential.js';
import { readState, statePlaces, writeState } from './state.js';
import { Update, type UpdateOptions } from './update.js';
import { valuesOf, writeValues } from './values.js';

export type { CompileOptions, Plan } from './plan.js';

/**
 * A model laid out in an engine's memory for batches of up to `maxRows`: what `fit`, `evaluate` and
 * `predict` run on.
 */
export class CompiledModel {
  readonly engine: Engine;
  readonly model: Sequential;
  readonly maxRows: number;
  /** All parameters, one after the other, their rows padded; and their gradients in the same places. */
  readonly parameters: Tensor;
  readonly gradients: Tensor | undefined;
  readonly #arena: Arena;
  readonly loss: Loss;
  readonly #seed: number;
  readonly #update: Update | undefined;
  readonly #state: RunState = { training: false, step: 1, batch: 0 };
  readonly #sparse: SparseRows;
  readonly #starts: readonly number[];
  readonly #parameterSum: () => number;
  readonly #parameterViews: readonly Tensor[];
  /** Of the same parameters, those that are matrices. */
  readonly #packed: readonly (PackedMatrix | undefined)[];
  readonly #gradientViews: readonly Tensor[];
  /** Buffers of the model, one after the other; and views of each. */
  readonly #buffers: Tensor;
  readonly #bufferSum: () => number;
  readonly #bufferViews: readonly Tensor[];
  /** The model's own values, parameters and buffers, and where they lie here. */
  readonly #places: readonly { readonly parameter: Parameter; readonly view: Tensor }[];
  /** Of each layer, at the largest batch. */
  readonly #saved: readonly Saved[];
  /** activations[0] holds the inputs, activations[i + 1] the output of layer i. */
  readonly #activations: Tensor[];
  readonly #dActivations: Tensor[] | undefined;
  readonly #labels: Tensor;
  readonly #targets: Tensor | undefined;
  readonly #weights: Tensor;
  readonly #rowWeights: Tensor;
  readonly #classWeights: Tensor | undefined;
  readonly #losses: Tensor;
  readonly #probabilities: Tensor;
  readonly #predictions: Tensor;
  readonly #plans = new Map<number, Plan>();

  constructor(engine: Engine, model: Sequential, options: CompileOptions) {
    const where = 'CompiledModel';
    checkEngine(where, engine);
    checkModel(where, model);
    const reader = new OptionReader(where, options);
    const maxRows = reader.integer('maxRows', { min: 1 });
    const optimizer = reader.optional('optimizer', OPTIMIZER, isOptimizer);
    const isGiven = (value: unknown): value is unknown => value !== undefined;
    const loss = reader.optional('loss', 'a loss', isGiven) ?? model.loss;
    const update = reader.optional('update', 'an object', isGiven) as UpdateOptions | undefined;
    const seed = reader.integer('seed', { min: 0 }, model.seed);
    reader.end();
    this.engine = engine;
    this.model = model;
    this.maxRows = maxRows;
    this.loss = resolveLoss(where, loss ?? 'softmaxCrossEntropy');
    this.#seed = seed;
    const { classWeights } = this.loss;
    if (classWeights && classWeights.length !== model.outputSize) {
      const expected = `expected ${model.outputSize} class weights, one an output`;
      throw new ShapeError(where, `${expected}, given ${classWeights.length}`);
    }
    const training = optimizer !== undefined;
    const arena = engine.arena();
    this.#arena = arena;
    try {
      const { starts, total } = layOut(model.parameters);
      this.#starts = starts;
      this.parameters = arena.tensor('float', [total]);
      this.#parameterSum = sum(this.parameters);
      this.gradients = training ? arena.tensor('float', [total]) : undefined;
      this.#parameterViews = viewsOf(this.parameters, model.parameters, starts);
      this.#packed = this.#parameterViews.map((view) =>
        view.shape.length === 2 ? new PackedMatrix(arena, view) : undefined,
      );
      this.#gradientViews = this.gradients ? viewsOf(this.gradients, model.parameters, starts) : [];
      const buffers = layOut(model.buffers);
      this.#buffers = arena.tensor('float', [buffers.total]);
      this.#bufferSum = sum(this.#buffers);
      this.#bufferViews = viewsOf(this.#buffers, model.buffers, buffers.starts);
      const views = [...this.#parameterViews, ...this.#bufferViews];
      const all = [...model.parameters, ...model.buffers];
      this.#places = all.map((parameter, i) => ({ parameter, view: views[i] }));
      this.#saved = placeSaved(arena, model, maxRows);
      this.#activations = model.sizes.map((size) => arena.padded('float', [maxRows, size]));
      this.#dActivations = training
        ? model.sizes.map((size, i) => arena.padded('float', i === 0 ? [0, size] : [maxRows, size]))
        : undefined;
      this.#sparse = new SparseRows(arena, this.#activations[0], model.sizes[1]);
      this.#labels = arena.tensor('i32', [maxRows]);
      const { answers } = this.loss;
      this.#targets = answers === 'targets' ? arena.padded('float', [maxRows, model.outputSize]) : undefined;
      this.#weights = arena.tensor('float', [maxRows]);
      this.#rowWeights = arena.tensor('float', [maxRows]);
      this.#classWeights = classWeights && arena.tensor('float', [classWeights.length]).write(classWeights);
      this.#losses = arena.tensor('float', [maxRows]);
      this.#probabilities = arena.padded('float', [maxRows, model.outputSize]);
      this.#predictions = arena.tensor('i32', [maxRows]);
      const { parameters, gradients } = this;
      if (optimizer && gradients) {
        const penalised = model.parameters.flatMap((parameter, i) =>
          parameter.penalised ? [{ w: this.#parameterViews[i], g: this.#gradientViews[i] }] : [],
        );
        this.#update = new Update(arena, optimizer, { parameters, gradients, penalised }, update);
      }
      this.upload();
    } catch (error) {
      arena.dispose();
      throw error;
    }
  }

  get disposed(): boolean {
    return this.#arena.disposed;
  }

  /** Copies the model's values and buffers into the engine. A moving average begins anew. */
  upload(): void {
    for (const { parameter, view } of this.#places) view.write(valuesOf(parameter));
    this.#update?.begin();
  }

  /** Copies the engine's values and buffers back into the model. */
  download(): void {
    for (const { parameter, view } of this.#places) writeValues(parameter, view.read());
  }

  /** A copy of the engine's values, by parameter name; the model keeps its own. */
  readParameters(): Map<string, Float32Array> {
    return new Map(
      this.model.parameters.map(({ name }, i) => [name, Float32Array.from(this.#parameterViews[i].read())]),
    );
  }

  /** Replaces the engine's values, not the model's. Throws ShapeError for one that is missing or has another length. */
  writeParameters(values: ReadonlyMap<string, ArrayLike<number>>): void {
    checkMap('CompiledModel.writeParameters', 'values', values);
    for (const [i, { name }] of this.model.parameters.entries()) {
      const given = values.get(name);
      if (!given) throw new ShapeError('CompiledModel.writeParameters', `parameter ${name} is missing`);
      this.#parameterViews[i].write(given);
    }
  }

  /** Whether no parameter or buffer is NaN or infinite, nor the moving average of one. */
  parametersAreFinite(): boolean {
    const sums = [this.#parameterSum(), this.#bufferSum()];
    return sums.every(Number.isFinite) && (this.#update?.averageIsFinite() ?? true);
  }

  /** Steps that have been taken: what optimizers and dropout count by. Set it, along with `writeState`, to go on. */
  get steps(): number {
    return this.#state.step - 1;
  }

  set steps(steps: number) {
    checkInteger('CompiledModel', 'steps', steps, { min: 0, max: 0xfffffffe });
    this.#state.step = steps + 1;
  }

  /**
   * A copy of what training carries along beside the parameters: the optimizer's tensors by parameter (`adam.m/0.weight`), the
   * moving average (`average/0.weight`) and the layers' buffers (`buffer/1.runningMean`). Gathered gradients are not among it.
   */
  readState(): Map<string, Float32Array> {
    this.#check();
    return readState(this.#statePlaces());
  }

  /** Puts back what `readState` gave. Throws ShapeError, before anything is changed, for names or lengths that are not this model's. */
  writeState(state: ReadonlyMap<string, Float32Array>): void {
    this.#check();
    writeState(this.#statePlaces(), state);
  }

  #statePlaces(): Map<string, Tensor> {
    const slots = this.#update?.slots ?? new Map<string, Tensor>();
    return statePlaces(this.model, slots, this.#starts, this.#bufferViews);
  }

  /** What L1 and L2 penalties add to the mean loss, at the parameters as they are; 0 without any. */
  penalty(): number {
    return this.#training().penalty();
  }

  /**
   * After `Plan.accumulate`: a step with the mean gradient over all rows that were accumulated, by their
   * weight.
   */
  stepAccumulated(learningRate: number): void {
    const update = this.#training();
    update.takeAccumulated();
    update.run(learningRate, this.#state.step);
    this.#advance();
  }

  /** Parameters and their moving average change places: to measure or download it, and again to go on. */
  swapAverage(): void {
    this.#training().swapAverage();
  }

  #advance(): void {
    this.#state.step++;
    this.#state.batch = 0;
  }

  #training(): Update {
    this.#check();
    if (this.#update) return this.#update;
    throw new EngineError('CompiledModel', 'this model was compiled without an optimizer');
  }

  /** A copy of the gradients, by parameter name. Only after `backward`. */
  readGradients(): Map<string, ArrayLike<number>> {
    return new Map(this.model.parameters.map(({ name }, i) => [name, this.#gradientViews[i].read()]));
  }

  /** The calls for batches of `rows` rows; made when first asked for. */
  plan(rows: number): Plan {
    this.#check();
    let plan = this.#plans.get(rows);
    if (!plan) {
      checkInteger('CompiledModel.plan', 'rows', rows, { min: 1, max: this.maxRows });
      plan = this.#bind(rows);
      this.#plans.set(rows, plan);
    }
    return plan;
  }

  #check(): void {
    if (this.disposed) throw new EngineError('CompiledModel', 'this compiled model has been disposed of');
  }

  /** Frees the engine's memory; the model keeps its values. Twice is fine. */
  dispose(): void {
    this.#arena.dispose();
    this.#plans.clear();
  }

  #bind(rows: number): Plan {
    const activations = this.#activations.map((tensor) => tensor.firstRows(rows));
    const dActivations = this.#dActivations?.map((tensor, i) => (i === 0 ? tensor : tensor.firstRows(rows)));
    const labels = this.#labels.firstRows(rows);
    const losses = this.#losses.firstRows(rows);
    const probabilities = this.#probabilities.firstRows(rows);
    const predictions = this.#predictions.firstRows(rows);
    const outputs = activations[activations.length - 1];
    const dOutputs = dActivations?.[dActivations.length - 1];

    const { takesSparse = false } = this.model.layers[0];
    const layers = this.#bindLayers(activations, dActivations);
    const forward = layers.flatMap((layer) => layer.forward);
    const backward = layers.toReversed().flatMap((layer) => layer.backward);
    const last = this.model.layers[this.model.layers.length - 1].endsWith ?? 'identity';
    if (dOutputs && last !== 'identity') {
      backward.unshift(activateBackward({ dx: dOutputs, y: outputs, dy: dOutputs, activation: last }));
    }
    const weights = this.#weights.firstRows(rows);
    const targets = this.#targets?.firstRows(rows);
    const batch = { weighted: false, labelled: true };
    const loss = this.loss.compile({
      ...{ losses, outputs, labels, targets, weights, dOutputs, batch },
      rowWeights: this.#rowWeights.firstRows(rows),
      classWeights: this.#classWeights,
    });
    const lossSum = sum(losses);
    const step = this.#bindStep(layers, backward);
    const state = this.#state;
    return {
      rows,
      inputs: activations[0],
      outputs,
      labels,
      targets,
      weights,
      batch,
      losses,
      probabilities,
      predictions,
      loadCompressed: (set, order, start) => {
        this.#check();
        if (takesSparse) this.#sparse.loadFrom(set, order, start, rows);
        else set.expand(activations[0], order, start);
      },
      loaded: () => {
        this.#check();
        if (takesSparse) this.#sparse.load(rows);
      },
      forward: (training = false) => {
        this.#check();
        state.training = training;
        run(forward);
      },
      loss() {
        loss.run();
        return lossSum();
      },
      weight: () => loss.weight(),
      backward: () => {
        this.#check();
        run(backward);
      },
      step,
      accumulate: () => {
        const update = this.#training();
        run(backward);
        update.accumulate(loss.weight());
        state.batch = update.batches;
      },
      ...bindAnswers(this.loss.link, { outputs, labels, probabilities, predictions, batch }),
    };
  }

  /** Backward and update: of everything, or with the first layer's weight done on its own. */
  #bindStep(layers: readonly LayerCalls[], backward: readonly Call[]): (learningRate: number) => void {
    const update = this.#update;
    const { parameters, gradients } = this;
    const state = this.#state;
    if (!update || !gradients) return () => void this.#training();
    const whole = (learningRate: number) => {
      run(backward);
      update.run(learningRate, state.step);
      this.#advance();
    };
    const [{ fusedSgd, backward: first }] = layers;
    if (!fusedSgd || !update.plain) return whole;
    // The first layer's calls stand last in `backward`, its weight first among the parameters.
    const upper = backward.slice(0, backward.length - first.length);
    const begin = this.#starts[1] ?? parameters.size;
    const rest = [parameters.size - begin];
    const updateRest = update.partial(parameters.view(rest, begin), gradients.view(rest, begin));
    return (learningRate) => {
      if (!fusedSgd.active()) return whole(learningRate);
      run(upper);
      fusedSgd.run(learningRate);
      updateRest(learningRate, state.step);
      update.finish();
      this.#advance();
    };
  }

  #bindLayers(activations: Tensor[], dActivations: Tensor[] | undefined): LayerCalls[] {
    const { layers, parameters, buffers } = this.model;
    const { rows } = activations[0];
    return layers.map((layer, i) => {
      const gradients = ofLayer(i, parameters, this.#gradientViews);
      const context = {
        x: activations[i],
        y: activations[i + 1],
        parameters: ofLayer(i, parameters, this.#parameterViews),
        packed: ofLayer(i, parameters, this.#packed),
        buffers: ofLayer(i, buffers, this.#bufferViews),
        saved: savedFor(this.#saved[i], rows),
        state: this.#state,
        index: i,
        seed: this.#seed,
        ...(i === 0 && layer.takesSparse && { sparse: this.#sparse }),
      };
      if (!dActivations) return layer.compile(context);
      const below = layers[i - 1]?.endsWith ?? 'identity';
      const [x, dx] = [activations[i], dActivations[i]];
      const given = { ...context, gradients, dy: dActivations[i + 1], ...(i > 0 && { dx }) };
      if (below === 'identity') return layer.compile(given);
      if (layer.takesInputActivation) return layer.compile({ ...given, inputActivation: below });
      const calls = layer.compile(given);
      const end = activateBackward({ dx, y: x, dy: dx, activation: below });
      return { ...calls, backward: [...calls.backward, end] };
    });
  }
}

function run(calls: readonly Call[]): void {
  for (let i = 0; i < calls.length; i++) calls[i]();
}
