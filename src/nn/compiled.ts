/**
 * A model laid out in an engine's memory: parameters, gradients and what lies between are placed once, and
 * every batch size in use gets a list of bound kernel calls. Running a step walks such a list; it allocates
 * nothing.
 */
import { EngineError } from '../base/errors.js';
import { checkInteger, OptionReader } from '../base/options.js';
import { checkEngine, type Engine } from '../engine/engine.js';
import type { Arena, Tensor } from '../engine/tensor.js';
import { type BoundStep, bindProgram, callsOf, Memory, run } from '../graph/bind.js';
import { layoutOf } from '../graph/places.js';
import type { Slot } from '../graph/program.js';
import type { Value } from '../graph/value.js';
import type { Call } from '../ops/check.js';
import type { RunState, Shape } from '../ops/operation.js';
import { PackedMatrix } from '../ops/packed.js';
import { sum } from '../ops/reduce.js';
import { SparseRows } from '../ops/sparse.js';
import type { FullUpdate } from './full-update.js';
import { fusedStep } from './fused-step.js';
import { checkClasses, Head, headsOf } from './head.js';
import { layOut, viewsOf } from './layout.js';
import { type Loss, resolveLoss } from './losses.js';
import { type Graph, graphOf, type Network, type Parameter } from './model.js';
import { isOptimizer, OPTIMIZER } from './optimizers.js';
import type { totalOf } from './own-loss.js';
import type { CompileOptions, InputPlan, Plan } from './plan.js';
import { isTrainable, type Training, trainingOf } from './training.js';
import { Update, type UpdateOptions } from './update.js';
import { valuesOf, writeValues } from './values.js';

/** What is loaded only where it is wanted: for losses of one's own, and for what surrounds the optimizer. */
export interface Extras {
  readonly traceable?: ((loss: Loss) => Loss) | undefined;
  /** Without it, a plan of several outputs has no loss of all. */
  readonly totalOf?: typeof totalOf | undefined;
  readonly FullUpdate?: typeof FullUpdate | undefined;
}

/** A `CompiledModel` that can do what its options want as far as the extras for it are given. */
export class Compiled {
  readonly engine: Engine;
  readonly model: Network;
  readonly maxRows: number;
  /**
   * All parameters, one after the other, their rows padded, those that are trained first; and the gradients
   * of these in the same places.
   */
  readonly parameters: Tensor;
  readonly gradients: Tensor | undefined;
  readonly #arena: Arena;
  readonly loss: Loss;
  readonly #update: Update | undefined;
  /** The same, where more than the optimizer may be wanted. */
  readonly #full: FullUpdate | undefined;
  readonly #state: RunState = { training: false, step: 1, batch: 0 };
  readonly #seed: number;
  readonly #totalOf: Extras['totalOf'];
  readonly #training: Training;
  readonly #graph: Graph;
  readonly #memory: Memory;
  readonly #sparse = new Map<Slot, SparseRows>();
  readonly #packed = new Map<Slot, PackedMatrix>();
  readonly #parameterSum: () => number;
  /** Of each parameter of the model, in its order: the gradients of those that are trained. */
  readonly #parameterViews: readonly Tensor[];
  readonly #gradientViews: readonly (Tensor | undefined)[];
  readonly #bufferViews: readonly Tensor[];
  readonly #bufferSum: () => number;
  readonly #places: readonly { readonly parameter: Parameter; readonly view: Tensor }[];
  readonly #heads: readonly Head[];
  readonly #weights: Tensor;
  readonly #plans = new Map<number, Plan>();

  constructor(
    engine: Engine,
    model: Network,
    options: CompileOptions,
    { traceable, totalOf, FullUpdate }: Extras = {},
  ) {
    const where = 'CompiledModel';
    checkEngine(where, engine);
    const graph = graphOf(where, model);
    this.#graph = graph;
    const reader = new OptionReader(where, options);
    const maxRows = reader.integer('maxRows', { min: 1 });
    const optimizer = reader.optional('optimizer', OPTIMIZER, isOptimizer);
    const loss = reader.any('loss') ?? model.loss;
    const update = reader.any('update') as UpdateOptions | undefined;
    const seed = reader.integer('seed', { min: 0 }, model.seed);
    const without = reader.any('without') as CompileOptions['without'];
    reader.end();
    this.engine = engine;
    this.model = model;
    this.maxRows = maxRows;
    const resolved = resolveLoss(where, loss ?? 'softmaxCrossEntropy');
    this.loss = traceable?.(resolved) ?? resolved;
    this.#seed = seed;
    this.#totalOf = totalOf;
    const specs = headsOf(where, model, this.loss);
    if (loss !== undefined) checkClasses(where, model, specs);
    this.#training = trainingOf(where, graph, model, { specs, trains: optimizer !== undefined, without });
    const { program, gradients, heads } = this.#training;
    const arena = engine.arena();
    this.#arena = arena;
    try {
      const given = new Map<Slot, Tensor>();
      const trained = model.parameters.filter(isTrainable);
      const ordered = [...trained, ...model.parameters.filter((parameter) => !isTrainable(parameter))];
      const { starts, total } = layOut(ordered);
      const trainedTotal = layOut(trained).total;
      this.parameters = arena.tensor('float', [total]);
      this.gradients = optimizer && arena.tensor('float', [trainedTotal]);
      this.#parameterSum = sum(this.parameters);
      const views = viewsOf(this.parameters, ordered, starts);
      this.#parameterViews = model.parameters.map((parameter) => views[ordered.indexOf(parameter)]);
      const gradientViews = this.gradients ? viewsOf(this.gradients, trained, starts) : [];
      this.#gradientViews = model.parameters.map((parameter) => gradientViews[trained.indexOf(parameter)]);
      for (const [i, value] of graph.parameters.entries()) {
        const slot = program.slotOf(value);
        const view = this.#parameterViews[i];
        const gradient = this.#gradientViews[i];
        given.set(slot, view);
        if (view.shape.length === 2) this.#packed.set(slot, new PackedMatrix(arena, view));
        if (gradients[i] && gradient) given.set(gradients[i], gradient);
      }
      const buffers = layOut(model.buffers);
      const bufferMemory = arena.tensor('float', [buffers.total]);
      this.#bufferSum = sum(bufferMemory);
      this.#bufferViews = viewsOf(bufferMemory, model.buffers, buffers.starts);
      for (const [i, value] of graph.buffers.entries())
        given.set(program.slotOf(value), this.#bufferViews[i]);
      this.#places = [...model.parameters, ...model.buffers].map((parameter, i) => ({
        parameter,
        view: [...this.#parameterViews, ...this.#bufferViews][i],
      }));
      this.#heads = specs.map((spec) => new Head(where, arena, maxRows, spec));
      for (const [i, { seed, own }] of heads.entries()) {
        if (seed) given.set(program.slotOf(seed), placeRows(arena, maxRows, seed.shape));
        if (!own) continue;
        given.set(program.slotOf(own.target), this.#heads[i].targets!);
        given.set(program.slotOf(own.weights), this.#heads[i].rowWeights);
      }
      for (const value of graph.inputs)
        given.set(program.slotOf(value), placeRows(arena, maxRows, value.shape));
      this.#memory = new Memory(arena, program, maxRows, given, !without?.includes('sharedMemory'));
      for (const [slot, units] of program.sparse) {
        const rows = new SparseRows(arena, this.#memory.tensor(slot), units);
        this.#sparse.set(slot, rows).set(this.#memory.original(slot), rows);
      }
      this.#weights = arena.tensor('float', [maxRows]);
      if (optimizer && this.gradients) {
        const parameters = this.parameters.view([trainedTotal]);
        const partsOf = (tensor: Tensor) => viewsOf(tensor, trained, starts);
        const penalised = model.parameters.flatMap((parameter, i) => {
          const g = this.#gradientViews[i];
          return parameter.penalised && g ? [{ w: this.#parameterViews[i], g }] : [];
        });
        const tensors = { parameters, gradients: this.gradients, penalised, partsOf };
        this.#full = FullUpdate && new FullUpdate(arena, optimizer, tensors, update);
        this.#update = this.#full ?? new Update(arena, optimizer, tensors);
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
    this.#full?.begin();
  }

  /** Copies the engine's values and buffers back into the model. */
  download(): void {
    for (const { parameter, view } of this.#places) writeValues(parameter, view.read());
  }

  /** Whether no parameter or buffer is NaN or infinite, nor the moving average of one. */
  parametersAreFinite(): boolean {
    const sums = [this.#parameterSum(), this.#bufferSum()];
    return sums.every(Number.isFinite) && (this.#full?.averageIsFinite() ?? true);
  }

  /**
   * Steps that have been taken: what optimizers and dropout count by. Set it, along with `writeState`, to go
   * on.
   */
  get steps(): number {
    return this.#state.step - 1;
  }

  set steps(steps: number) {
    checkInteger('CompiledModel', 'steps', steps, { min: 0, max: 0xfffffffe });
    this.#state.step = steps + 1;
  }

  /**
   * @internal Where the optimizer's tensors and the moving average lie, by name, and the parameters, gradients
   * and buffers: for state.ts, which most pages do without.
   */
  carried() {
    this.#check();
    return {
      slots: this.#update?.slots ?? new Map<string, Tensor>(),
      bufferViews: this.#bufferViews,
      parameterViews: this.#parameterViews,
      gradientViews: this.#gradientViews,
      workBytes: this.#memory.bytes,
    };
  }

  /** What L1 and L2 penalties add to the mean loss, at the parameters as they are; 0 without any. */
  penalty(): number {
    return this.#updates().penalty();
  }

  /**
   * After `Plan.accumulate`: a step with the mean gradient over all rows that were accumulated, by their
   * weight.
   */
  stepAccumulated(learningRate: number): void {
    const update = this.#updates();
    update.takeAccumulated();
    update.run(learningRate, this.#state.step);
    this.#advance();
  }

  /** Parameters and their moving average change places: to measure or download it, and again to go on. */
  swapAverage(): void {
    this.#updates().swapAverage();
  }

  #advance(): void {
    this.#state.step++;
    this.#state.batch = 0;
  }

  #updates(): FullUpdate {
    this.#check();
    if (this.#full) return this.#full;
    throw new EngineError('CompiledModel', 'this model was compiled without an optimizer');
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
    const { program, heads } = this.#training;
    const graph = this.#graph;
    const matrix = (value: Value) => asRows(this.#memory.of(program.slotOf(value), rows));
    const bound = bindProgram(this.#memory, rows, {
      ...{ arena: this.#arena, state: this.#state, seed: this.#seed },
      streamOf: (node) => graph.streams.get(node) ?? 0,
      packed: (slot) => this.#packed.get(slot),
      sparse: (slot) => this.#sparse.get(slot!),
    });
    const [forward, loss, backward] = (['forward', 'loss', 'backward'] as const).map((part) =>
      callsOf(bound, part),
    );
    const weights = this.#weights.firstRows(rows);
    const batch = { weighted: false, labelled: true };
    const outputs = this.#heads.map((head, i) => {
      const { seed, own } = heads[i];
      const gradient = seed && this.#memory.of(program.slotOf(seed), rows);
      const value = own && this.#memory.of(program.slotOf(own.value), rows);
      const tensors = {
        ...{ outputs: matrix(graph.outputs[i]), weights },
        dOutputs: own ? undefined : gradient && asRows(gradient),
        traced: value && { value, gradient, perRow: own.value.shape.rows },
        // All losses of one's own stand in one list, which the first of them runs.
        graph: own && heads.findIndex((other) => other.own) === i ? loss : [],
      };
      return head.bind(rows, tensors, { ...batch });
    });
    const inputs = graph.inputs.map((value, i) => this.#bindInput(this.model.inputs[i].name, value, rows));
    const state = this.#state;
    const [first] = outputs;
    return {
      ...first,
      rows,
      inputs: inputs[0].values,
      weights,
      ports: { inputs, outputs },
      loadCompressed: inputs[0].loadCompressed,
      loaded: inputs[0].loaded,
      forward: (training = false) => {
        this.#check();
        state.training = training;
        run(forward);
      },
      ...(this.loss.parts && this.#totalOf?.(outputs, this.#heads)),
      backward: () => {
        this.#check();
        run(backward);
      },
      step: this.#bindStep(bound, backward, rows),
      accumulate: () => {
        const update = this.#updates();
        run(backward);
        update.accumulate(first.weight());
        state.batch = update.batches;
      },
    };
  }

  #bindInput(name: string, value: Value, rows: number): InputPlan {
    const slot = this.#training.program.slotOf(value);
    const values = asRows(this.#memory.of(slot, rows));
    const sparse = this.#sparse.get(slot);
    return {
      name,
      values,
      loadCompressed: (set, order, start) => {
        this.#check();
        if (sparse) sparse.loadFrom(set, order, start, rows);
        else set.expand(values, order, start);
      },
      loaded: () => {
        this.#check();
        sparse?.load(rows);
      },
    };
  }

  /** Backward and update: one after the other, or for some parameters the gradient and its update in one. */
  #bindStep(
    bound: readonly BoundStep[],
    backward: readonly Call[],
    rows: number,
  ): (learningRate: number) => void {
    const update = this.#update;
    const state = this.#state;
    if (!update) return () => void this.#updates();
    const whole = (learningRate: number) => {
      run(backward);
      update.run(learningRate, state.step);
      this.#advance();
    };
    const calls =
      update.plain &&
      fusedStep(bound, rows, {
        ...{ fusible: this.#training.fusible, memory: this.#memory, sparse: this.#sparse },
        ...{ parameters: this.#parameterViews, gradients: this.#gradientViews, update },
      });
    if (!calls) return whole;
    return (learningRate) => {
      for (let i = 0; i < calls.length; i++) calls[i](learningRate, state.step);
      update.finish();
      this.#advance();
    };
  }
}

/** Memory for what is given with each row, or once. */
function placeRows(arena: Arena, maxRows: number, shape: Shape): Tensor {
  const { shape: lengths, ld } = layoutOf(shape, maxRows);
  return ld === lengths[lengths.length - 1] ? arena.tensor('float', lengths) : arena.padded('float', lengths);
}

/** Each row's values as a row of a matrix. */
function asRows(tensor: Tensor): Tensor {
  const { shape, size } = tensor;
  return shape.length === 2 ? tensor : tensor.view([shape[0], size / shape[0]]);
}
