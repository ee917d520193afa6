/**
 * All forms of the network trained side by side: the same initial weights, the same samples in the same
 * order, the same definition of a mini-batch's gradient (the average over its samples). Their losses may
 * differ in rounding only.
 */

import { EngineError } from '../../base/errors.js';
import { OptionReader } from '../../base/options.js';
import { createEngine } from '../../create/engine.js';
import { createReferenceEngine } from '../../create/reference.js';
import type { Dataset } from '../../data/dataset.js';
import { dataset } from '../../data/dataset.js';
import type { Engine } from '../../engine/engine.js';
import { sgd } from '../../nn/optimizers.js';
import type { Sequential } from '../../nn/sequential.js';
import type { LongOptions } from '../../tasks/executor.js';
import { checkDataset } from '../../train/check.js';
import { fit } from '../../train/fit.js';
import { checkLoss, Pace, readEngines, readLong, Samples, twoLayerModel } from '../shared.js';
import type { FormRun, FormsResult } from '../types.js';
import { type Batch, batchedForm, engineLabel, type Form, scalarForm, tensorForm } from './forms-run.js';

const WHERE = 'compareForms';
const TOLERANCE = 1e-5;

export interface FormsOptions extends LongOptions {
  /** Steps of mini-batch SGD; 200 by default. */
  steps?: number;
  /** Samples of a step; 8 by default. */
  batchSize?: number;
  /** Hidden units; 300 by default. */
  hidden?: number;
  /** 0.1 by default. */
  learningRate?: number;
  /** Of weights and order; 1 by default. */
  seed?: number;
  /**
   * Engines for the tensor, batched and fit forms. Default: reference, Wasm strict, and Wasm fma where it is
   * accepted.
   */
  engines?: readonly Engine[];
}

/**
 * Trains every form for `steps` steps on `train` and compares the loss of every step with the scalar form's.
 * The scalar form runs once; tensor, batched ([B, 1, inputs]) and `fit` run on each engine.
 *
 * Throws OptionError and ShapeError for what does not fit, NonFiniteError when a loss is no number, and the
 * signal's reason.
 */
export async function compareForms(train: Dataset, options?: FormsOptions): Promise<FormsResult> {
  checkDataset(WHERE, 'train', train);
  const reader = new OptionReader(WHERE, options);
  const steps = reader.integer('steps', { min: 1 }, 200);
  const batchSize = reader.integer('batchSize', { min: 1 }, 8);
  const hidden = reader.integer('hidden', { min: 1 }, 300);
  const learningRate = reader.number('learningRate', { above: 0 }, 0.1);
  const seed = reader.integer('seed', { min: 0 }, 1);
  const given = readEngines(WHERE, reader);
  const long = readLong(reader);
  reader.end();

  const pace = new Pace(long);
  const model = () => twoLayerModel([train.width, hidden, train.classes], seed);
  const batches = makeBatches(new Samples(train, seed), steps, batchSize, train.width);
  const engines = given ?? (await defaultEngines());
  try {
    const total = steps * (1 + 3 * engines.length);
    const runs: Omit<FormRun, 'maxRelativeDifference'>[] = [];
    const run = async (form: Form) => {
      try {
        runs.push(await trainForm(form, batches, learningRate, pace, runs.length * steps, total));
      } finally {
        form.dispose();
      }
    };
    await run(scalarForm(model(), batchSize));
    for (const engine of engines) await run(tensorForm(engine, model(), batchSize));
    for (const engine of engines) await run(batchedForm(engine, model(), batchSize, 'image a matrix'));
    for (const engine of engines) {
      const set = oneSet(train, batches);
      runs.push(await trainFit(engine, model(), set, batchSize, learningRate, long));
      await pace.step(runs[runs.length - 1].label, runs.length * steps, total);
    }
    return {
      layers: model().sizes,
      steps,
      batchSize,
      learningRate,
      seed,
      ...agreement(runs, steps),
    };
  } finally {
    if (!given) for (const engine of engines) engine.dispose();
  }
}

/**
 * Reference, Wasm strict, and Wasm fma where the runtime accepts it; and Wasm on all cores, where there are
 * several.
 */
export async function defaultEngines(): Promise<Engine[]> {
  const one = { backend: 'wasm', threads: 1 } as const;
  const engines = [createReferenceEngine(), await createEngine({ ...one, math: 'strict' })];
  try {
    engines.push(await createEngine({ ...one, math: 'fma' }));
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
  }
  const all = await createEngine({ backend: 'wasm' });
  if (all.info.threads > 1) engines.push(all);
  else all.dispose();
  return engines;
}

/** `count` mini-batches from the beginning of the order; it is gone through again where it ends. */
export function makeBatches(samples: Samples, count: number, batchSize: number, width: number): Batch[] {
  return Array.from({ length: count }, (_, step) => {
    const inputs = new Float32Array(batchSize * width);
    const labels = new Int32Array(batchSize);
    for (let i = 0; i < batchSize; i++) labels[i] = samples.read(step * batchSize + i, inputs, i * width);
    return { inputs, labels };
  });
}

async function trainForm(
  form: Form,
  batches: readonly Batch[],
  learningRate: number,
  pace: Pace,
  done: number,
  total: number,
): Promise<Omit<FormRun, 'maxRelativeDifference'>> {
  const losses: number[] = [];
  const turns = pace.milliseconds;
  const began = performance.now();
  for (const [i, batch] of batches.entries()) {
    const loss = form.step(batch, learningRate);
    checkLoss(WHERE, loss, i + 1);
    losses.push(loss);
    await pace.step(form.label, done + i + 1, total);
  }
  const seconds = (performance.now() - began - (pace.milliseconds - turns)) / 1000;
  const { name, label, engine } = form;
  return { form: name, label, ...(engine && { engine: engine.info }), losses, seconds };
}

/** The same steps by `fit` itself: one epoch over the batches' samples, in their order. */
async function trainFit(
  engine: Engine,
  model: Sequential,
  set: Dataset,
  batchSize: number,
  learningRate: number,
  { signal }: LongOptions,
): Promise<Omit<FormRun, 'maxRelativeDifference'>> {
  const losses: number[] = [];
  const history = await fit(engine, model, set, {
    loss: 'softmaxCrossEntropy',
    optimizer: sgd({ learningRate }),
    batchSize,
    epochs: 1,
    shuffle: false,
    onStep: ({ loss }) => void losses.push(loss),
    ...(signal && { signal }),
  });
  signal?.throwIfAborted();
  const label = `fit, ${engineLabel(engine)}`;
  return { form: 'fit', label, engine: engine.info, losses, seconds: history.seconds };
}

/** The batches' samples as a data set, in their order. */
function oneSet({ width, classes }: Dataset, batches: readonly Batch[]): Dataset {
  const size = batches.reduce((sum, { labels }) => sum + labels.length, 0);
  const inputs = new Float32Array(size * width);
  const labels = new Int32Array(size);
  let row = 0;
  for (const batch of batches) {
    inputs.set(batch.inputs, row * width);
    labels.set(batch.labels, row);
    row += batch.labels.length;
  }
  return dataset({ name: WHERE, inputs, labels, width, classes });
}

function agreement(
  runs: readonly Omit<FormRun, 'maxRelativeDifference'>[],
  steps: number,
): Pick<FormsResult, 'forms' | 'maxRelativeDifference' | 'worstStep' | 'tolerance' | 'agree'> {
  const [scalar] = runs;
  const forms = runs.map((run) => ({
    ...run,
    maxRelativeDifference: run.losses.reduce(
      (max, loss, i) => Math.max(max, Math.abs(loss - scalar.losses[i]) / scalar.losses[i]),
      0,
    ),
  }));
  let [maxRelativeDifference, worstStep] = [0, 1];
  for (let i = 0; i < steps; i++) {
    const losses = runs.map((run) => run.losses[i]);
    const min = Math.min(...losses);
    const difference = (Math.max(...losses) - min) / min;
    if (difference > maxRelativeDifference) [maxRelativeDifference, worstStep] = [difference, i + 1];
  }
  const agree = maxRelativeDifference <= TOLERANCE;
  return { forms, maxRelativeDifference, worstStep, tolerance: TOLERANCE, agree };
}
