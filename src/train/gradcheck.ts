/**
 * Compares a model's gradients with what they should be: those of the reference engine in float64 with central differences of
 * the loss, and those of the float32 engines with the former. The rows are random; the model's values are its own.
 */
import { isMap } from '../base/arrays.js';
import { EngineError, NonFiniteError, OptionError, show } from '../base/errors.js';
import { OptionReader } from '../base/options.js';
import { fillUniform } from '../base/random.js';
import { createReferenceEngine } from '../create/reference.js';
import { Engine } from '../engine/engine.js';
import { paddedLength } from '../engine/tensor.js';
import { CompiledModel, type Plan } from '../nn/compile.js';
import { categoriesOf, valueSizes } from '../nn/inputs.js';
import { type Loss, type LossName, resolveLoss } from '../nn/losses.js';
import type { Network, Parameter } from '../nn/model.js';
import { sgd } from '../nn/optimizers.js';
import { valuesOf } from '../nn/values.js';
import { checkModel } from './check.js';

/** How `gradcheck` checks. */
export interface GradcheckOptions {
  /** By default the model's own; for one that has not been trained `softmaxCrossEntropy`, or `meanSquaredError` for one output. */
  loss?: LossName | Loss;
  /** Rows of the batch; 4 by default. */
  rows?: number;
  /** Values of each parameter that are checked, the one of the largest gradient among them; 20 by default, Infinity for all. */
  samples?: number;
  /** Of the rows, and of what is sampled; 1 by default. */
  seed?: number;
  /** Float32 engines to compare; none by default. Each by the name it is reported under. */
  engines?: ReadonlyMap<string, Engine>;
}

/** One comparison. */
export interface GradientError {
  /** |difference| over the larger of the two gradients, the largest such; gradients far below the others count by those. */
  readonly error: number;
  readonly passed: boolean;
}

/** What was found of one parameter. */
export interface ParameterCheck extends GradientError {
  readonly name: string;
  readonly shape: readonly number[];
  /** Values whose central difference was taken. */
  readonly checked: number;
  /** The largest |gradient| of the parameter; 0 says that nothing depends on it here. */
  readonly largest: number;
  /** Where the error is largest: row-major place, and both gradients. */
  readonly worst: { readonly index: number; readonly analytic: number; readonly numeric: number };
  /** All values in float32 against float64, by engine. */
  readonly engines: ReadonlyMap<string, GradientError>;
}

/** What `gradcheck` found. */
export interface GradcheckResult {
  readonly parameters: readonly ParameterCheck[];
  readonly passed: boolean;
  /** Mean loss over the rows. */
  readonly loss: number;
}

/**
 * Errors up to which a gradient passes. Float64: differences of step 1e-5 have an error near 1e-10, PyTorch's gradcheck allows
 * 1e-3. Float32: sums of a thousand terms lose up to ten bits.
 */
export const gradcheckBounds = { numeric: 1e-5, float32: 1e-4 } as const;

/** A kink within one step, such as relu's, spoils the difference; a smaller step does not meet it, a wrong gradient stays wrong. */
const STEPS = [1e-5, 1e-6, 1e-7];

/** Gradients below these shares of the parameter's and of the model's largest are compared as if they were as large. */
const OWN_FLOOR = 1e-3;
const ALL_FLOOR = 1e-4;

/**
 * Nor can gradients be compared that are below what rounding makes of the loss: float64 by a step is 2e-11 of it, float32 is 6e-8.
 * These are shares of the loss that leave ten times that within the bounds. A parameter that batch norm cancels out has no others.
 */
const LOSS_FLOOR = { numeric: 2e-5, float32: 6e-3 } as const;

/** What the reference engine can hold. */
const MAX_BYTES = 2 ** 32;

/** Streams of random numbers, far from those of parameters. */
const STREAM = 0x40000000;

/**
 * Checks every parameter of a model that is not frozen. Layers run as in training: dropout with one mask throughout, batch norm with the batch's own
 * statistics.
 *
 * @throws OptionError for options that are unknown or out of range, and a batch that no engine can hold.
 * @throws NonFiniteError when the loss is NaN or infinite, since nothing can be compared then.
 */
export function gradcheck(model: Network, options?: GradcheckOptions): GradcheckResult {
  const where = 'gradcheck';
  checkModel(where, model);
  const reader = new OptionReader(where, options);
  const isAny = (value: unknown): value is LossName | Loss => value !== undefined;
  const fallback = model.outputSize === 1 ? 'meanSquaredError' : 'softmaxCrossEntropy';
  const loss = resolveLoss(where, reader.optional('loss', 'a loss', isAny) ?? model.loss ?? fallback);
  const rows = reader.integer('rows', { min: 1 }, 4);
  const isSamples = (value: unknown): value is number =>
    value === Number.POSITIVE_INFINITY || (Number.isSafeInteger(value) && (value as number) >= 1);
  const samples = reader.optional('samples', 'a whole number of at least 1, or Infinity', isSamples) ?? 20;
  const seed = reader.integer('seed', { min: 0 }, 1);
  const isEngines = (value: unknown): value is ReadonlyMap<string, Engine> =>
    isMap(value) && [...value].every(([name, engine]) => typeof name === 'string' && Engine.is(engine));
  const engines =
    reader.optional('engines', 'a Map of engines by name', isEngines) ?? new Map<string, Engine>();
  reader.end();
  const widest = Math.max(...valueSizes(model));
  if (8 * rows * widest > MAX_BYTES) {
    const given = `${show(rows)} rows of ${show(widest)} numbers in float64`;
    throw new OptionError(where, `expected a batch that fits in 4 GiB of memory, given ${given}`);
  }

  const batch = makeBatch(model, loss, rows, seed);
  const compiled = compile(createReferenceEngine({ precision: 'float64' }), model, loss, batch);
  const lossValue = compiled.meanLoss();
  if (!Number.isFinite(lossValue)) {
    throw new NonFiniteError(
      where,
      `the loss of the random rows is ${lossValue}; the model's weights are too large, or no numbers`,
    );
  }
  const exact = compiled.gradients();
  const overall = Math.max(...[...exact.values()].map(largestOf));
  const float32 = new Map(
    [...engines].map(([name, engine]) => [name, gradientsOf(engine, model, loss, batch)]),
  );

  const parameters = trainedOf(model).map(({ name, shape }, index): ParameterCheck => {
    const analytic = exact.get(name)!;
    const largest = largestOf(analytic);
    const least = ALL_FLOOR * overall;
    const floor = Math.max(OWN_FLOOR * largest, least, LOSS_FLOOR.numeric * Math.abs(lossValue));
    const floor32 = Math.max(largest, least, LOSS_FLOOR.float32 * Math.abs(lossValue)) || 1;
    const places = choose(analytic, samples, seed, index);
    const { error, worst } = compareNumeric(compiled, index, places, analytic, floor);
    const others = [...float32].map(([engine, gradients]): [string, GradientError] => {
      const own = worstDifference(gradients.get(name)!, analytic) / floor32;
      return [engine, { error: own, passed: own <= gradcheckBounds.float32 }];
    });
    const passed = error <= gradcheckBounds.numeric && others.every(([, own]) => own.passed);
    return { name, shape, checked: places.length, largest, error, worst, passed, engines: new Map(others) };
  });
  return { parameters, passed: parameters.every((own) => own.passed), loss: lossValue };
}

interface Batch {
  readonly rows: number;
  readonly inputs: Float32Array;
  readonly labels: Int32Array;
  readonly targets: Float32Array;
}

/** Inputs in ±1, categories where the model begins with an embedding, and answers of the kind that the loss compares with. */
function makeBatch(model: Network, { link, answers }: Loss, rows: number, seed: number): Batch {
  const { inputSize, outputSize } = model;
  const uniform = (size: number, stream: number, low: number) => {
    const values = new Float32Array(size);
    fillUniform(values, seed, STREAM + stream, low, 1);
    return values;
  };
  const whole = (value: number, below: number) => Math.min(below - 1, Math.floor(value * below));
  const inputs = uniform(rows * inputSize, 0, -1);
  const columns = categoriesOf(model);
  const categories = uniform(rows * columns.length, 1, 0);
  for (const [i, { column, cardinality }] of columns.entries()) {
    for (let row = 0; row < rows; row++) {
      inputs[row * inputSize + column] = whole(categories[row * columns.length + i], cardinality);
    }
  }
  const labels = Int32Array.from(uniform(rows, 2, 0), (value) => whole(value, outputSize));
  const targets = uniform(rows * outputSize, 3, link === 'identity' ? -1 : 0);
  if (link === 'softmax' && answers === 'targets') {
    for (let at = 0; at < targets.length; at += outputSize) {
      const row = targets.subarray(at, at + outputSize);
      const total = row.reduce((sum, value) => sum + value, 0);
      row.set(row.map((value) => (total > 0 ? value / total : 1 / outputSize)));
    }
  }
  return { rows, inputs, labels, targets };
}

interface Compiled {
  meanLoss(): number;
  gradients(): Map<string, ArrayLike<number>>;
  /** Central difference of the mean loss at one value. */
  difference(parameter: number, place: number, step: number): number;
}

function compile(engine: Engine, model: Network, loss: Loss, batch: Batch): Compiled {
  const { compiled, plan } = load(engine, model, loss, batch);
  const starts = placesOf(model, compiled);
  const meanLoss = () => {
    plan.forward(true);
    return plan.loss() / plan.weight();
  };
  return {
    meanLoss,
    gradients: () => backward(compiled, plan),
    difference(parameter, place, step) {
      const one = compiled.parameters.view([1], starts[parameter](place));
      const value = one.at(0);
      const [above, below] = [value + step, value - step];
      one.write([above]);
      const up = meanLoss();
      one.write([below]);
      const down = meanLoss();
      one.write([value]);
      return (up - down) / (above - below);
    },
  };
}

function load(engine: Engine, model: Network, loss: Loss, { rows, inputs, labels, targets }: Batch) {
  const compiled = new CompiledModel(engine, model, {
    maxRows: rows,
    loss,
    optimizer: sgd({ learningRate: 1 }),
  });
  const plan = compiled.plan(rows);
  plan.inputs.write(inputs);
  plan.labels.write(labels);
  plan.targets?.write(targets);
  plan.loaded();
  return { compiled, plan };
}

function backward(compiled: CompiledModel, plan: Plan): Map<string, ArrayLike<number>> {
  plan.forward(true);
  plan.loss();
  plan.backward();
  return compiled.readGradients();
}

function gradientsOf(
  engine: Engine,
  model: Network,
  loss: Loss,
  batch: Batch,
): Map<string, ArrayLike<number>> {
  const { compiled, plan } = load(engine, model, loss, batch);
  try {
    return backward(compiled, plan);
  } finally {
    engine.settle();
    compiled.dispose();
  }
}

/** What has a gradient. */
function trainedOf({ parameters }: Network): readonly Parameter[] {
  return parameters.filter(({ trainable }) => trainable !== false);
}

/** For each that is trained, where in the flat tensor a value of it lies: one after the other, their rows padded; frozen ones follow. */
function placesOf(model: Network, { gradients }: CompiledModel): ((place: number) => number)[] {
  let total = 0;
  const places = trainedOf(model).map((parameter) => {
    const { shape } = parameter;
    const values = valuesOf(parameter);
    const [start, columns] = [total, shape[shape.length - 1]];
    const ld = paddedLength(columns);
    total += (values.length / columns) * ld;
    return (place: number) => start + Math.floor(place / columns) * ld + (place % columns);
  });
  const size = gradients?.size;
  if (total !== size) {
    throw new EngineError('gradcheck', `expected ${total} values in the compiled model, given ${size}`);
  }
  return places;
}

/** Places to check: all, or some by chance and the one of the largest gradient. */
function choose(gradients: ArrayLike<number>, samples: number, seed: number, index: number): number[] {
  const size = gradients.length;
  if (samples >= size) return Array.from({ length: size }, (_, i) => i);
  let best = 0;
  for (let i = 1; i < size; i++) if (Math.abs(gradients[i]) > Math.abs(gradients[best])) best = i;
  const chosen = new Set([best]);
  const numbers = new Float32Array(4 * samples);
  fillUniform(numbers, seed, STREAM + 8 + index, 0, 1);
  for (let i = 0; i < numbers.length && chosen.size < samples; i++) {
    chosen.add(Math.min(size - 1, Math.floor(numbers[i] * size)));
  }
  return [...chosen].sort((a, b) => a - b);
}

function compareNumeric(
  compiled: Compiled,
  parameter: number,
  places: readonly number[],
  analytic: ArrayLike<number>,
  floor: number,
): Pick<ParameterCheck, 'error' | 'worst'> {
  let error = 0;
  let worst = { index: places[0], analytic: analytic[places[0]], numeric: analytic[places[0]] };
  for (const place of places) {
    const own = analytic[place];
    let least = Number.POSITIVE_INFINITY;
    let best = Number.NaN;
    for (const step of STEPS) {
      const numeric = compiled.difference(parameter, place, step);
      const size = Math.max(Math.abs(own), Math.abs(numeric), floor);
      const difference = size > 0 ? Math.abs(own - numeric) / size : 0;
      if (difference < least) [least, best] = [difference, numeric];
      if (least <= gradcheckBounds.numeric) break;
    }
    // NaN is no error that can be small.
    if (least > error || Number.isNaN(best)) {
      error = least;
      worst = { index: place, analytic: own, numeric: best };
    }
  }
  return { error, worst };
}

function largestOf(values: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < values.length; i++) largest = Math.max(largest, Math.abs(values[i]));
  return largest;
}

function worstDifference(got: ArrayLike<number>, expected: ArrayLike<number>): number {
  let worst = 0;
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(got[i] - expected[i]);
    if (!(difference <= worst)) worst = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
  }
  return worst;
}
