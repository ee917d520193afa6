/**
 * A model laid out in an engine's memory: parameters, gradients and activations are placed once, and every batch size in
 * use gets a list of bound kernel calls. Running a step walks such a list; it allocates nothing.
 */

import type { Engine } from '../engine/engine.js';
import type { Call } from '../engine/ops/check.js';
import { argmax, countEqual, softmax, sum } from '../engine/ops/classify.js';
import type { CompressedSet } from '../engine/ops/compressed-set.js';
import { activateBackward } from '../engine/ops/elementwise.js';
import { SparseRows } from '../engine/ops/sparse.js';
import { type Arena, paddedLength, type Tensor } from '../engine/tensor.js';
import { EngineError, ShapeError } from '../errors.js';
import { checkInteger } from '../options.js';
import type { LayerCalls } from './layer.js';
import { compileLoss, type LossName } from './losses.js';
import type { Optimizer } from './optimizers.js';
import type { Sequential } from './sequential.js';

/** Bound calls for one batch size, on the first `rows` rows of the model's tensors. */
export interface Plan {
  readonly rows: number;
  readonly inputs: Tensor;
  readonly outputs: Tensor;
  readonly labels: Tensor;
  /** Takes inputs from rows order[start …] of a compressed set, in place of writing them. */
  loadCompressed(set: CompressedSet, order: Tensor, start: number): void;
  /** After the inputs were written: compresses them for the first layer if they are sparse enough. */
  loaded(): void;
  /** Inputs to outputs. */
  forward(): void;
  /** After `forward`: the sum of the rows' losses and, when training, the gradient at the outputs. */
  loss(): number;
  /** After `loss`: gradients of all parameters, for the mean loss. */
  backward(): void;
  /** After `loss`: backward and the optimizer's update, which some layers do in one. Gradients may then be left out. */
  step(learningRate: number): void;
  /** After `forward`: the number of rows whose largest output is the label's. */
  countCorrect(): number;
  /** After `forward`: fills `probabilities` and `predictions`. */
  classify(): void;
  readonly losses: Tensor;
  readonly probabilities: Tensor;
  readonly predictions: Tensor;
}

export interface CompileOptions {
  /** The largest batch that will be run. */
  maxRows: number;
  /** Leave out for a model that only predicts. */
  optimizer?: Optimizer;
  loss?: LossName;
}

export class CompiledModel {
  readonly engine: Engine;
  readonly model: Sequential;
  readonly maxRows: number;
  /** All parameters, one after the other, their rows padded; and their gradients in the same places. */
  readonly parameters: Tensor;
  readonly gradients: Tensor | undefined;
  readonly #arena: Arena;
  readonly #loss: LossName;
  readonly #optimizer: Optimizer | undefined;
  readonly #sparse: SparseRows;
  readonly #starts: readonly number[];
  readonly #parameterSum: () => number;
  readonly #parameterViews: Tensor[] = [];
  readonly #gradientViews: Tensor[] = [];
  /** activations[0] holds the inputs, activations[i + 1] the output of layer i. */
  readonly #activations: Tensor[];
  readonly #dActivations: Tensor[] | undefined;
  readonly #labels: Tensor;
  readonly #losses: Tensor;
  readonly #probabilities: Tensor;
  readonly #predictions: Tensor;
  readonly #plans = new Map<number, Plan>();

  constructor(engine: Engine, model: Sequential, options: CompileOptions) {
    const { maxRows, optimizer, loss = 'softmaxCrossEntropy' } = options;
    checkInteger('compile', 'maxRows', maxRows, { min: 1 });
    this.engine = engine;
    this.model = model;
    this.maxRows = maxRows;
    this.#loss = loss;
    this.#optimizer = optimizer;
    const training = optimizer !== undefined;
    const arena = engine.arena();
    this.#arena = arena;
    try {
      const { starts, total } = layOut(model);
      this.#starts = starts;
      this.parameters = arena.tensor('float', [total]);
      this.#parameterSum = sum(this.parameters);
      this.gradients = training ? arena.tensor('float', [total]) : undefined;
      for (const [i, { shape }] of model.parameters.entries()) {
        const ld = paddedLength(shape[shape.length - 1]);
        this.#parameterViews.push(this.parameters.view(shape, starts[i], ld));
        if (this.gradients) this.#gradientViews.push(this.gradients.view(shape, starts[i], ld));
      }
      this.#activations = model.sizes.map((size) => arena.padded('float', [maxRows, size]));
      this.#dActivations = training
        ? model.sizes.map((size, i) => arena.padded('float', i === 0 ? [0, size] : [maxRows, size]))
        : undefined;
      this.#sparse = new SparseRows(arena, this.#activations[0]);
      this.#labels = arena.tensor('i32', [maxRows]);
      this.#losses = arena.tensor('float', [maxRows]);
      this.#probabilities = arena.padded('float', [maxRows, model.outputSize]);
      this.#predictions = arena.tensor('i32', [maxRows]);
      this.upload();
    } catch (error) {
      arena.dispose();
      throw error;
    }
  }

  get disposed(): boolean {
    return this.#arena.disposed;
  }

  /** Copies the model's values into the engine. */
  upload(): void {
    for (const [i, { values }] of this.model.parameters.entries()) this.#parameterViews[i].write(values);
  }

  /** Copies the engine's values back into the model. */
  download(): void {
    for (const [i, { values }] of this.model.parameters.entries()) {
      values.set(this.#parameterViews[i].read());
    }
  }

  /** A copy of the engine's values, by parameter name; the model keeps its own. */
  readParameters(): Map<string, Float32Array> {
    return new Map(
      this.model.parameters.map(({ name }, i) => [name, Float32Array.from(this.#parameterViews[i].read())]),
    );
  }

  /** Replaces the engine's values, not the model's. Throws ShapeError for one that is missing or has another length. */
  writeParameters(values: ReadonlyMap<string, ArrayLike<number>>): void {
    for (const [i, { name }] of this.model.parameters.entries()) {
      const given = values.get(name);
      if (!given) throw new ShapeError('CompiledModel.writeParameters', `parameter ${name} is missing`);
      this.#parameterViews[i].write(given);
    }
  }

  readState(): Map<string, Float32Array> {
    return new Map();
  }

  writeState(_state: ReadonlyMap<string, Float32Array>): void {}

  /** Whether no parameter is NaN or infinite. */
  parametersAreFinite(): boolean {
    return Number.isFinite(this.#parameterSum());
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
    const lossCall = compileLoss(this.#loss, { losses, outputs, labels, ...(dOutputs && { dOutputs }) });
    const lossSum = sum(losses);
    const pick = argmax({ predictions, x: outputs });
    const count = countEqual(predictions, labels);
    const soften = softmax({ y: probabilities, x: outputs });
    const step = this.#bindStep(layers, backward);
    return {
      rows,
      inputs: activations[0],
      outputs,
      labels,
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
      forward: () => {
        this.#check();
        run(forward);
      },
      loss() {
        lossCall();
        return lossSum();
      },
      backward: () => {
        this.#check();
        run(backward);
      },
      step,
      countCorrect() {
        pick();
        return count();
      },
      classify() {
        soften();
        pick();
      },
    };
  }

  /** Backward and update: of everything, or with the first layer's weight done on its own. */
  #bindStep(layers: readonly LayerCalls[], backward: readonly Call[]): (learningRate: number) => void {
    const optimizer = this.#optimizer;
    const { parameters, gradients } = this;
    if (!optimizer || !gradients) {
      return () => {
        throw new EngineError('CompiledModel', 'this model was compiled without an optimizer');
      };
    }
    const update = optimizer.compile({ parameters, gradients });
    const whole = (learningRate: number) => {
      run(backward);
      update(learningRate);
    };
    const [{ fusedSgd, backward: first }] = layers;
    if (!fusedSgd || !optimizer.plainSgd) return whole;
    // The first layer's calls stand last in `backward`, its weight first among the parameters.
    const upper = backward.slice(0, backward.length - first.length);
    const begin = this.#starts[1] ?? parameters.size;
    const rest = [parameters.size - begin];
    const updateRest = optimizer.compile({
      parameters: parameters.view(rest, begin),
      gradients: gradients.view(rest, begin),
    });
    return (learningRate) => {
      if (!fusedSgd.active()) return whole(learningRate);
      run(upper);
      fusedSgd.run(learningRate);
      updateRest(learningRate);
    };
  }

  #bindLayers(activations: Tensor[], dActivations: Tensor[] | undefined): LayerCalls[] {
    const { layers, parameters } = this.model;
    return layers.map((layer, i) => {
      const own: Record<string, Tensor> = {};
      const gradients: Record<string, Tensor> = {};
      for (const [p, { layer: index, name }] of parameters.entries()) {
        if (index !== i) continue;
        const key = name.slice(name.indexOf('.') + 1);
        own[key] = this.#parameterViews[p];
        if (dActivations) gradients[key] = this.#gradientViews[p];
      }
      const context = {
        x: activations[i],
        y: activations[i + 1],
        parameters: own,
        ...(i === 0 && layer.takesSparse && { sparse: this.#sparse }),
      };
      if (!dActivations) return layer.compile(context);
      const below = layers[i - 1]?.endsWith;
      return layer.compile({
        ...context,
        gradients,
        dy: dActivations[i + 1],
        ...(i > 0 && { dx: dActivations[i] }),
        ...(below && below !== 'identity' && { inputActivation: below }),
      });
    });
  }
}

/** Elements at which each parameter begins; padded rows keep them all on cache lines. */
function layOut(model: Sequential): { starts: number[]; total: number } {
  let total = 0;
  const starts = model.parameters.map(({ values, shape }) => {
    const start = total;
    const columns = shape[shape.length - 1];
    total += (values.length / columns) * paddedLength(columns);
    return start;
  });
  return { starts, total };
}

function run(calls: readonly Call[]): void {
  for (let i = 0; i < calls.length; i++) calls[i]();
}
