/**
 * Question 7: how many samples a second each form trains. A step is forward, backward and update of one
 * mini-batch that lies in ordinary arrays. Rounds are interleaved, so that a noisy moment of the machine
 * meets all forms alike.
 */
import { platform } from '#platform';
import { OptionReader } from '../../base/options.js';
import type { Dataset } from '../../data/dataset.js';
import type { Engine } from '../../engine/engine.js';
import type { LongOptions } from '../../tasks/executor.js';
import { checkDataset } from '../../train/check.js';
import { checkLoss, Pace, readEngines, readLong, Samples, twoLayerModel } from '../shared.js';
import type { SpeedResult, SpeedRow } from '../types.js';
import { defaultEngines, makeBatches } from './forms.js';
import { type Batch, batchedForm, compiledForm, type Form, scalarForm, tensorForm } from './forms-run.js';

const WHERE = 'measureForms';
/** Small enough to change nothing that matters, large enough to be a real update. */
const LEARNING_RATE = 0.01;
/** Different batches in turn, so that no form lives on one batch in the cache. */
const BATCHES = 32;

export interface SpeedOptions extends LongOptions {
  /** Measured seconds of each form, over all rounds; 1 by default. */
  seconds?: number;
  /** 5 by default. */
  rounds?: number;
  /** Samples of a step; 64 by default. */
  batchSize?: number;
  /** Hidden units; 300 by default. */
  hidden?: number;
  /** Of weights and order; 1 by default. */
  seed?: number;
  /** Default: reference, Wasm strict, Wasm fma where it is accepted, and Wasm on all cores. */
  engines?: readonly Engine[];
}

/**
 * Measures scalar loops, and on each engine the tensor form, the batched form as [1, B, inputs] and as [B, 1,
 * inputs], and the compiled model of `fit`.
 *
 * Throws OptionError for what does not fit, NonFiniteError when a loss is no number, and the signal's reason.
 */
export async function measureForms(train: Dataset, options?: SpeedOptions): Promise<SpeedResult> {
  checkDataset(WHERE, 'train', train);
  const reader = new OptionReader(WHERE, options);
  const secondsPerForm = reader.number('seconds', { above: 0 }, 1);
  const rounds = reader.integer('rounds', { min: 1 }, 5);
  const batchSize = reader.integer('batchSize', { min: 1 }, 64);
  const hidden = reader.integer('hidden', { min: 1 }, 300);
  const seed = reader.integer('seed', { min: 0 }, 1);
  const given = readEngines(WHERE, reader);
  const long = readLong(reader);
  reader.end();

  const pace = new Pace(long);
  const model = twoLayerModel([train.width, hidden, train.classes], seed);
  const batches = makeBatches(new Samples(train, seed), BATCHES, batchSize, train.width);
  const engines = given ?? (await defaultEngines());
  const forms: Form[] = [];
  try {
    forms.push(scalarForm(model, batchSize));
    for (const engine of engines) forms.push(tensorForm(engine, model, batchSize));
    for (const layout of ['image a matrix', 'one matrix'] as const) {
      for (const engine of engines) forms.push(batchedForm(engine, model, batchSize, layout));
    }
    for (const engine of engines) forms.push(compiledForm(engine, model, batchSize, LEARNING_RATE));

    const rates: number[][] = forms.map(() => []);
    const slice = (1000 * secondsPerForm) / rounds;
    const total = rounds * forms.length;
    // Round 0 warms up and counts for nothing.
    for (let round = 0; round <= rounds; round++) {
      for (const [f, form] of forms.entries()) {
        const rate = timeSlice(form, batches, round * BATCHES, slice);
        if (round > 0) rates[f].push(rate);
        await pace.step(form.label, Math.max(0, (round - 1) * forms.length + f + 1), total);
      }
    }
    const scalar = median(rates[0]);
    return {
      layers: model.sizes,
      batchSize,
      rounds,
      secondsPerForm,
      runtime: platform.runtime,
      rows: forms.map((form, f) => speedRow(form, rates[f], scalar)),
    };
  } finally {
    for (const form of forms) form.dispose();
    if (!given) for (const engine of engines) engine.dispose();
  }
}

/** Steps until the time is up, one at least; returns samples per second. */
function timeSlice(form: Form, batches: readonly Batch[], start: number, milliseconds: number): number {
  const began = performance.now();
  let [steps, elapsed, loss] = [0, 0, 0];
  do {
    loss = form.step(batches[(start + steps) % batches.length], LEARNING_RATE);
    steps++;
    elapsed = performance.now() - began;
  } while (elapsed < milliseconds);
  checkLoss(`${WHERE}, ${form.label}`, loss, steps);
  return (1000 * steps * form.batchSize) / elapsed;
}

function speedRow(
  { name, label, engine, batchSize }: Form,
  rates: readonly number[],
  scalar: number,
): SpeedRow {
  const middle = median(rates);
  return {
    form: name,
    label,
    ...(engine && { engine: engine.info }),
    threads: engine?.info.threads ?? 1,
    batchSize,
    samplesPerSecond: { median: middle, min: Math.min(...rates), max: Math.max(...rates) },
    timesScalar: middle / scalar,
  };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
