/**
 * What must hold of every network, whatever it is made of. Each throws, or expects, where it does not; false is of a
 * network that nothing can be trained of.
 */
import { expect } from 'vitest';
import { elementsOf } from '../../../src/base/arrays.js';
import { createReferenceEngine } from '../../../src/create/reference.js';
import { dataset } from '../../../src/data/dataset.js';
import type { Dataset } from '../../../src/data/set.js';
import type { Engine } from '../../../src/engine/engine.js';
import * as f from '../../../src/graph/functions.js';
import { type PassName, passNames } from '../../../src/graph/passes/index.js';
import { CompiledModel } from '../../../src/nn/compile.js';
import type { LossOption } from '../../../src/nn/losses.js';
import type { Network } from '../../../src/nn/model.js';
import { adam, type Optimizer, sgd } from '../../../src/nn/optimizers.js';
import { ownLoss } from '../../../src/nn/own-loss.js';
import { readModel, writeModel } from '../../../src/tables/model-file.js';
import type { CheckpointFile } from '../../../src/train/checkpointing.js';
import { fit } from '../../../src/train/fit.js';
import { gradcheck } from '../../../src/train/gradcheck.js';
import { predict } from '../../../src/train/predict.js';
import { reals, testNumbers } from '../../kernels/harness.js';
import { fingerprint } from '../../nn/network.js';
import { rowsOf } from './sketch.js';

const RATE = 0.1;

const float64 = createReferenceEngine({ precision: 'float64' });

/** Losses of one's own: a number a row, and one of all rows. */
const eachRow = ownLoss(({ output, target }) => {
  const error = f.square(f.sub(f.flatten(output), f.flatten(target)));
  return f.mul(f.mean(error, { axis: 1 }), 2);
});
const allRows = ownLoss(({ output, target }) =>
  f.mean(f.mean(f.square(f.sub(f.flatten(output), f.flatten(target))), { axis: 1, keepAxes: true })),
);

export function lossOf({ outputs, seed }: Network): LossOption {
  const one = seed % 3 === 0 ? 'meanSquaredError' : seed % 3 === 1 ? eachRow : allRows;
  return outputs.length === 1 ? one : Object.fromEntries(outputs.map(({ name }) => [name, one]));
}

/** Numbers in ±1 for each input, this share of them not 0. */
export function inputsOf({ inputs, seed }: Network, rows: number, density = 1): Float32Array[] {
  const next = testNumbers(seed + 500);
  return inputs.map(({ shape }, i) => {
    return Float32Array.from(reals(rows * elementsOf(shape), seed + 100 + i), (value) =>
      next() < density ? value : 0,
    );
  });
}

function targetsOf({ outputs, seed }: Network, rows: number): Float32Array[] {
  return outputs.map(({ shape }, i) => Float32Array.from(reals(rows * elementsOf(shape), seed + 200 + i)));
}

function setOf(model: Network, rows: number): Dataset {
  const names = (ports: Network['inputs'], values: Float32Array[]) =>
    Object.fromEntries(ports.map(({ name }, i) => [name, values[i]]));
  const [inputs, targets] = [inputsOf(model, rows), targetsOf(model, rows)];
  const targetWidth = targets[0].length / rows;
  return dataset({
    inputs: inputs.length === 1 ? inputs[0] : names(model.inputs, inputs),
    ...(targets.length === 1
      ? { targets: targets[0], targetWidth }
      : {
          targets: Object.fromEntries(
            model.outputs.map(({ name }, i) => [
              name,
              { values: targets[i], targetWidth: targets[i].length / rows },
            ]),
          ),
        }),
  });
}

/** Derivatives are what central differences in float64 are. */
export function hasItsGradients(model: Network): boolean {
  if (!learns(model)) return false;
  const { parameters } = gradcheck(model, { loss: lossOf(model), rows: 3, samples: 8 });
  const wrong = parameters.filter(({ passed }) => !passed);
  expect(wrong.map(({ name, worst, error }) => ({ name, worst, error }))).toEqual([]);
  return true;
}

/** Whether any parameter has a gradient: without one there is nothing to train, which is refused. */
export function learns(model: Network): boolean {
  try {
    compile(float64, model, {}).dispose();
    return true;
  } catch (error) {
    if (String(error).includes('does not depend on it')) return false;
    throw error;
  }
}

interface Setting {
  readonly optimizer?: Optimizer;
  readonly without?: readonly PassName[];
  readonly density?: number;
}

function compile(
  engine: Engine,
  model: Network,
  { optimizer = sgd({ learningRate: RATE }), without = [] }: Setting,
) {
  return new CompiledModel(engine, model, {
    ...{ maxRows: rowsOf(model), optimizer, without },
    loss: lossOf(model),
  });
}

/** The bits of outputs, losses, gradients and weights, over steps of several sizes; the model stays as it is. */
export function trainedBits(engine: Engine, model: Network, setting: Setting = {}): string[] {
  const compiled = compile(engine, model, setting);
  const most = rowsOf(model);
  const [inputs, targets] = [inputsOf(model, most, setting.density), targetsOf(model, most)];
  const all: string[] = [];
  for (const rows of [most, 1, most]) {
    const plan = compiled.plan(rows);
    const part = (values: Float32Array) => values.subarray(0, (values.length / most) * rows);
    for (const [i, port] of plan.ports.inputs.entries()) {
      port.values.write(part(inputs[i]));
      port.loaded();
    }
    for (const [i, { targets: own }] of plan.ports.outputs.entries()) own!.write(part(targets[i]));
    // What the backward pass needs of the forward one may be overwritten by it: it is run once after each.
    plan.forward(true);
    plan.loss();
    plan.backward();
    for (const [name, values] of compiled.readGradients()) all.push(`${name} ${bitsOf(values)}`);
    plan.forward(true);
    all.push(...plan.ports.outputs.map(({ outputs }) => bitsOf(outputs.read())), String(plan.loss()));
    plan.step(RATE);
  }
  for (const [name, values] of compiled.readParameters()) all.push(`${name} ${bitsOf(values)}`);
  compiled.dispose();
  return all;
}

function bitsOf(values: ArrayLike<number>): string {
  return Array.from(new Uint32Array(Float32Array.from(values).buffer)).join(' ');
}

/** No bit depends on a pass, with dense inputs or with sparse ones, of which each network has one kind. */
export function isTheSameWithoutPasses(engine: Engine, model: Network): boolean {
  if (!learns(model)) return false;
  const density = model.seed % 2 === 0 ? 1 : 0.15;
  const whole = trainedBits(engine, model, { density });
  for (const without of [...passNames.map((name) => [name]), passNames]) {
    expect(trainedBits(engine, model, { density, without }), `without ${without}`).toEqual(whole);
  }
  return true;
}

/** A model's file, and a checkpoint, go on with the same bits. */
export async function isTheSameFromFiles(engine: Engine, model: Network): Promise<void> {
  const { model: read } = readModel(writeModel(model), 'random');
  expect(read.parameters.map(({ name }) => name)).toEqual(model.parameters.map(({ name }) => name));
  expect(fingerprint(read)).toBe(fingerprint(model));
  expect(predictions(engine, read)).toEqual(predictions(engine, model));
  if (!learns(model)) return;
  const optimizer = adam({ learningRate: 0.01 });
  const options = { loss: lossOf(model), optimizer, batchSize: rowsOf(model), epochs: 2 };
  const set = setOf(model, 2 * rowsOf(model) + 3);
  const copy = () => readModel(writeModel(model), 'random').model;
  const files: CheckpointFile[] = [];
  const [whole, resumed] = [copy(), copy()];
  const save = (file: CheckpointFile) => void files.push(file);
  await fit(engine, whole, set, { ...options, checkpoint: { everySteps: 1, save } });
  const file = files.find(({ step }) => step === 3)!;
  await fit(engine, resumed, set, { ...options, resume: file.bytes });
  expect(fingerprint(resumed)).toBe(fingerprint(whole));
  expect(resumed.buffers.map(({ values }) => bitsOf(values))).toEqual(
    whole.buffers.map(({ values }) => bitsOf(values)),
  );
}

function predictions(engine: Engine, model: Network): string[] {
  const inputs = inputsOf(model, rowsOf(model));
  const isPlain = model.inputs.length === 1 && model.outputs.length === 1;
  const given = isPlain
    ? inputs[0]
    : Object.fromEntries(model.inputs.map(({ name }, i) => [name, inputs[i]]));
  const results = predict(engine, model, given as Float32Array, { loss: lossOf(model) as never });
  const all = ArrayBuffer.isView(results) ? { y: results } : results;
  return Object.entries(all as Record<string, Float32Array>).map(([name, own]) => `${name} ${bitsOf(own)}`);
}
