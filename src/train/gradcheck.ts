/**
 * Compares a model's gradients with what they should be: those of the reference engine in float64 with
 * central differences of the loss, and those of the float32 engines with the former. The rows are random, or
 * those of a set; the model's values are its own.
 */
import { elementsOf, isMap } from '../base/arrays.js';
import { EngineError, NonFiniteError, OptionError, show } from '../base/errors.js';
import { OptionReader } from '../base/options.js';
import { fillUniform } from '../base/random.js';
import { createReferenceEngine } from '../create/reference.js';
import { type Dataset, sliceDataset } from '../data/set.js';
import { Engine } from '../engine/engine.js';
import { paddedLength } from '../engine/tensor.js';
import { CompiledModel, type Plan } from '../nn/compile.js';
import { headsOf } from '../nn/head.js';
import { categoriesOf, valueSizes } from '../nn/inputs.js';
import { type Loss, type LossOption, resolveLoss } from '../nn/losses.js';
import type { Network } from '../nn/model.js';
import { sgd } from '../nn/optimizers.js';
import { isTrainable } from '../nn/training.js';
import { checkDataset, checkModel, lossOn } from './check.js';
import { checkFitsTargets } from './check-targets.js';
import { BatchSource } from './source.js';

/** How `gradcheck` checks. */
export interface GradcheckOptions {
  /**
   * By default the model's own; for one that has not been trained `softmaxCrossEntropy`, or
   * `meanSquaredError` for one number. For a model with several outputs by their names.
   */
  loss?: LossOption;
  /** Rows of the batch; 4 by default, as far as a given set has them. */
  rows?: number;
  /**
   * Its first rows are the batch. By default rows are random, and a loss of one's own is given targets as
   * wide as the output.
   */
  set?: Dataset;
  /**
   * Values of each parameter that are checked, the one of the largest gradient among them; 20 by default,
   * Infinity for all.
   */
  samples?: number;
  /** Of the rows, and of what is sampled; 1 by default. */
  seed?: number;
  /** Float32 engines to compare; none by default. Each by the name it is reported under. */
  engines?: ReadonlyMap<string, Engine>;
}

/** One comparison. */
export interface GradientError {
  /**
   * |difference| over the larger of the two gradients, the largest such; gradients far below the others count
   * by those.
   */
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
 * Errors up to which a gradient passes. Float64: differences of step 1e-5 have an error near 1e-10, PyTorch's
 * gradcheck allows 1e-3. Float32: sums of a thousand terms lose up to ten bits.
 */
export const gradcheckBounds = { numeric: 1e-5, float32: 1e-4 } as const;

/**
 * A kink within one step, such as relu's, spoils the difference; a smaller step does not meet it, a wrong
 * gradient stays wrong.
 */
const STEPS = [1e-5, 1e-6, 1e-7];

/**
 * Gradients below these shares of the parameter's and of the model's largest are compared as if they were as
 * large.
 */
const OWN_FLOOR = 1e-3;
const ALL_FLOOR = 1e-4;

/**
 * Nor can gradients be compared that are below what rounding makes of the loss: float64 by a step is 2e-11 of
 * it, float32 is 6e-8. These are shares of the loss that leave ten times that within the bounds. A parameter
 * that batch norm cancels out has no others.
 */
const LOSS_FLOOR = { numeric: 2e-5, float32: 6e-3 } as const;

/** What the reference engine can hold. */
const MAX_BYTES = 2 ** 32;

/**
 * Streams of random numbers, far from those of parameters; and how far those of one input or output are from
 * the next one's.
 */
const STREAM = 0x40000000;
const OTHERS = 0x100000;

/**
 * Checks every parameter of a model that is trained. Layers run as in training: dropout with one mask
 * throughout, batch norm with the batch's own statistics.
 *
 * @throws OptionError for options that are unknown or out of range, and a batch that no engine can hold.
 * @throws NonFiniteError when the loss is NaN or infinite, since nothing can be compared then.
 */
export function gradcheck(model: Network, options?: GradcheckOptions): GradcheckResult {
  const where = 'gradcheck';
  checkModel(where, model);
  const reader = new OptionReader(where, options);
  const isAny = (value: unknown): value is LossOption => value !== undefined;
  const fallback = model.outputSize === 1 ? 'meanSquaredError' : 'softmaxCrossEntropy';
  const given = resolveLoss(where, reader.optional('loss', 'a loss', isAny) ?? model.loss ?? fallback);
  const set = reader.optional('set', 'a data set', (value): value is Dataset => value !== undefined);
  if (set) checkDataset(where, 'set', set);
  const most = set ? { max: set.size } : {};
  const rows = reader.integer('rows', { min: 1, ...most }, Math.min(4, set?.size ?? 4));
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

  const loss = set ? lossOn(set, given) : given;
  if (set) checkFitsTargets(where, 'set', model, set, loss);
  const batch = set ? sliceDataset(set, 0, rows) : makeBatch(where, model, loss, rows, seed);
  const compiled = compile(createReferenceEngine({ precision: 'float64' }), model, loss, batch);
  const lossValue = compiled.meanLoss();
  if (!Number.isFinite(lossValue)) {
    throw new NonFiniteError(
      where,
      `the loss of the random rows is ${lossValue}; the model's weights are too large, or no numbers`,
    );
  }
  const exact = compiled.gradients();
  const overall = Math.max(0, ...[...exact.values()].map(largestOf).filter(Number.isFinite));
  const float32 = new Map(
    [...engines].map(([name, engine]) => [name, gradientsOf(engine, model, loss, batch)]),
  );

  const parameters = model.parameters.filter(isTrainable).map(({ name, shape }, index): ParameterCheck => {
    const analytic = exact.get(name)!;
    const largest = largestOf(analytic);
    const least = ALL_FLOOR * overall;
    const own = Number.isFinite(largest) ? largest : 0;
    const floor = Math.max(OWN_FLOOR * own, least, LOSS_FLOOR.numeric * Math.abs(lossValue));
    const floor32 = Math.max(own, least, LOSS_FLOOR.float32 * Math.abs(lossValue)) || 1;
    const places = choose(analytic, samples, seed, index);
    const { error, worst } = compareNumeric(compiled, index, places, analytic, floor);
    const others = [...float32].map(([engine, gradients]): [string, GradientError] => {
      const error = worstDifference(gradients.get(name)!, analytic) / floor32;
      return [engine, { error, passed: error <= gradcheckBounds.float32 }];
    });
    const passed = error <= gradcheckBounds.numeric && others.every(([, own]) => own.passed);
    return { name, shape, checked: places.length, largest, error, worst, passed, engines: new Map(others) };
  });
  return { parameters, passed: parameters.every((own) => own.passed), loss: lossValue };
}

/**
 * Inputs in ±1, categories where an embedding reads them, and answers of the kind that each output's loss
 * compares with.
 */
function makeBatch(where: string, model: Network, loss: Loss, rows: number, seed: number): Dataset {
  const uniform = (size: number, stream: number, low: number) => {
    const values = new Float32Array(size);
    fillUniform(values, seed, STREAM + stream, low, 1);
    return values;
  };
  const whole = (value: number, below: number) => Math.min(below - 1, Math.floor(value * below));
  // The first input and output have the streams 0 to 3, those after them their own.
  const streamOf = (place: number, stream: number) => stream + place * OTHERS;
  const inputs = model.inputs.map(({ name, shape }, place) => {
    const width = elementsOf(shape);
    const values = uniform(rows * width, streamOf(place, 0), -1);
    const columns = categoriesOf(model, place);
    const categories = uniform(rows * columns.length, streamOf(place, 1), 0);
    for (const [i, { column, cardinality }] of columns.entries()) {
      for (let row = 0; row < rows; row++) {
        values[row * width + column] = whole(categories[row * columns.length + i], cardinality);
      }
    }
    return [name, { inputs: values, width, scale: 1, offset: 0 }] as const;
  });
  const answers = headsOf(where, model, loss).map(({ name, size, loss: own }, place) => {
    const labels = Int32Array.from(uniform(rows, streamOf(place, 2), 0), (value) => whole(value, size));
    if (own.answers === 'labels') return [name, { labels, classes: size }] as const;
    const targetWidth = own.targetWidth ?? size;
    const targets = uniform(rows * targetWidth, streamOf(place, 3), own.link === 'identity' ? -1 : 0);
    if (own.link === 'softmax' && !own.compute) makeShares(targets, targetWidth);
    return [name, { labels: new Int32Array(0), classes: 0, targets, targetWidth }] as const;
  });
  return {
    ...{ name: 'random rows', size: rows, ...inputs[0][1], ...answers[0][1] },
    inputsByName: Object.fromEntries(inputs),
    answersByName: Object.fromEntries(answers),
  };
}

/** Rows that add up to 1. */
function makeShares(targets: Float32Array, width: number): void {
  for (let at = 0; at < targets.length; at += width) {
    const row = targets.subarray(at, at + width);
    const total = row.reduce((sum, value) => sum + value, 0);
    row.set(row.map((value) => (total > 0 ? value / total : 1 / width)));
  }
}

interface Compiled {
  meanLoss(): number;
  gradients(): Map<string, ArrayLike<number>>;
  /** Central difference of the mean loss at one value. */
  difference(parameter: number, place: number, step: number): number;
}

function compile(engine: Engine, model: Network, loss: Loss, batch: Dataset): Compiled {
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

function load(engine: Engine, model: Network, loss: Loss, batch: Dataset) {
  const compiled = new CompiledModel(engine, model, {
    maxRows: batch.size,
    loss,
    optimizer: sgd({ learningRate: 1 }),
  });
  try {
    const plan = compiled.plan(batch.size);
    const source = new BatchSource(engine, batch, 'gradcheck');
    source.load(plan, 0);
    source.dispose();
    return { compiled, plan };
  } catch (error) {
    compiled.dispose();
    throw error;
  }
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
  batch: Dataset,
): Map<string, ArrayLike<number>> {
  const { compiled, plan } = load(engine, model, loss, batch);
  try {
    return backward(compiled, plan);
  } finally {
    engine.settle();
    compiled.dispose();
  }
}

/**
 * For each parameter that is trained, where in the flat tensor a value of it lies: one after the other, their
 * rows padded.
 */
function placesOf(model: Network, { gradients }: CompiledModel): ((place: number) => number)[] {
  let total = 0;
  const places = model.parameters.filter(isTrainable).map(({ values, shape }) => {
    const [start, columns] = [total, shape[shape.length - 1]];
    const ld = paddedLength(columns);
    total += (values.length / columns) * ld;
    return (place: number) => start + Math.floor(place / columns) * ld + (place % columns);
  });
  if (total !== gradients?.size) {
    throw new EngineError(
      'gradcheck',
      `expected ${total} values in the compiled model, given ${gradients?.size}`,
    );
  }
  return places;
}

/** Places to check: all, or some by chance and the one of the largest gradient, which NaN is. */
function choose(gradients: ArrayLike<number>, samples: number, seed: number, index: number): number[] {
  const size = gradients.length;
  if (samples >= size) return Array.from({ length: size }, (_, i) => i);
  let best = 0;
  const sizeAt = (i: number) =>
    Number.isNaN(gradients[i]) ? Number.POSITIVE_INFINITY : Math.abs(gradients[i]);
  for (let i = 1; i < size; i++) if (sizeAt(i) > sizeAt(best)) best = i;
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
      // Of a gradient that is NaN this is NaN, which is no error that can be small.
      const difference = size === 0 ? 0 : Math.abs(own - numeric) / size;
      if (difference < least || Number.isNaN(best)) best = numeric;
      if (difference < least) least = difference;
      if (least <= gradcheckBounds.numeric) break;
    }
    if (least > error) {
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
