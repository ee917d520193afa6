/**
 * The networks of this folder with weights and data: the same that fixtures.py computes with, by the same
 * formula.
 */
import { type Dataset, type DatasetOptions, dataset, type Network } from 'lanegrad';
import type { Engine } from '../../src/engine/engine.js';
import type { Tensor } from '../../src/engine/tensor.js';
import { CompiledModel } from '../../src/nn/compile.js';
import { type Loss, resolveLoss } from '../../src/nn/losses.js';
import { sgd } from '../../src/nn/optimizers.js';
import { transformer } from './attention.js';
import { distillation } from './distillation.js';
import { factorisation } from './factorisation.js';
import { focal } from './focal.js';
import { frozen } from './frozen.js';
import { lenet } from './lenet.js';
import { numbers } from './numbers.js';
import { quantile } from './quantile.js';
import { residual } from './residual.js';
import { resnet } from './resnet.js';
import { several } from './several.js';
import { siamese } from './siamese.js';
import { swish } from './swish.js';
import { tied } from './tied.js';

export const ROWS = 6;
const STEPS = 10;
const RATE = 0.2;

/** Of each input or output: rows of numbers, or class labels. */
export type Rows =
  | { readonly values: Float32Array; readonly width: number }
  | { readonly labels: Int32Array };

/** So many rows; fewer are the first of more. */
type Make = (rows: number) => Rows;

export interface Example {
  readonly make: () => { model: Network; loss: Loss };
  /** In the order of the model's. */
  readonly inputs: readonly Make[];
  readonly answers: readonly Make[];
}

function floats(width: number, seed: number, scale = 2): Make {
  return (rows) => ({ values: numbers(rows * width, seed).map((value) => value * scale), width });
}

function whole(rows: number, below: number, seed: number): Int32Array {
  return Int32Array.from(numbers(rows, seed), (value) =>
    Math.min(below - 1, Math.floor((value + 0.5) * below)),
  );
}

function categories(below: number, seed: number): Make {
  return (rows) => ({ values: Float32Array.from(whole(rows, below, seed)), width: 1 });
}

function labels(classes: number): Make {
  return (rows) => ({ labels: whole(rows, classes, 50) });
}

function oneHot(classes: number): Make {
  return (rows) => {
    const values = new Float32Array(rows * classes);
    for (const [row, label] of whole(rows, classes, 50).entries()) values[row * classes + label] = 1;
    return { values, width: classes };
  };
}

/** With the weights of fixtures.py in place of its first ones. */
function example(
  make: () => { model: Network; loss: unknown },
  inputs: readonly Make[],
  answers: readonly Make[],
): Example {
  return {
    make() {
      const { model, loss } = make();
      for (const [i, { shape, values }] of model.parameters.entries()) {
        const scale = shape.length === 2 ? 2 / Math.sqrt(shape[0]) : 0.5;
        values.set(numbers(values.length, 100 + i).map((value) => value * scale));
      }
      for (const [i, { name, values }] of model.buffers.entries()) {
        const least = name.endsWith('runningVar') ? 1 : 0;
        values.set(numbers(values.length, 200 + i).map((value) => least + value * 0.5));
      }
      return { model, loss: resolveLoss('example', loss) };
    },
    inputs,
    answers,
  };
}

export const examples = {
  residual: example(residual, [floats(4, 1)], [labels(3)]),
  several: example(several, [floats(16, 1), floats(3, 2)], [labels(3), floats(1, 51)]),
  transformer: example(transformer, [floats(40, 1)], [labels(3)]),
  siamese: example(siamese, [floats(6, 1), floats(6, 2)], [categories(2, 50)]),
  tied: example(tied, [floats(6, 1)], [floats(6, 1)]),
  factorisation: example(factorisation, [categories(7, 1), categories(5, 2)], [floats(1, 50)]),
  focal: example(focal, [floats(5, 1)], [oneHot(3)]),
  quantile: example(quantile, [floats(5, 1)], [floats(1, 50)]),
  distillation: example(distillation, [floats(5, 1)], [floats(4, 50, 4)]),
  frozen: example(frozen, [floats(5, 1)], [labels(3)]),
  swish: example(swish, [floats(5, 1)], [labels(3)]),
  lenet: example(lenet, [floats(160, 1)], [labels(3)]),
  resnet: example(resnet, [floats(90, 1)], [labels(3)]),
};

export const all = Object.entries(examples).map(([name, example]) => ({ name, example }));

/** The losses of ten steps, each of rows of its own, and the bits of the weights after them. */
export function train(engine: Engine, { make, inputs, answers }: Example, rows = ROWS) {
  const { model, loss } = make();
  const optimizer = sgd({ learningRate: RATE });
  const compiled = new CompiledModel(engine, model, { maxRows: rows, loss, optimizer });
  const plan = compiled.plan(rows);
  const [given, wanted] = [inputs, answers].map((makers) => makers.map((one) => one(rows * STEPS)));
  const losses = Array.from({ length: STEPS }, (_, step) => {
    for (const [i, port] of plan.ports.inputs.entries()) {
      write(port, given[i], step, rows);
      port.loaded();
    }
    for (const [i, { labels, targets }] of plan.ports.outputs.entries()) {
      write({ labels, values: targets }, wanted[i], step, rows);
    }
    plan.forward(true);
    const value = plan.loss() / plan.weight();
    plan.step(RATE);
    return value;
  });
  compiled.download();
  compiled.dispose();
  return { losses, weights: bits(model) };
}

export function bits(model: Network): number[][] {
  return model.parameters.map(({ values }) => [...new Uint32Array(values.buffer)]);
}

function write(
  tensors: { labels?: Tensor; values: Tensor | undefined },
  from: Rows,
  step: number,
  rows: number,
): void {
  const cut = (width: number) => [step * rows * width, (step + 1) * rows * width] as const;
  if ('labels' in from) tensors.labels!.write(from.labels.subarray(...cut(1)));
  else tensors.values!.write(from.values.subarray(...cut(from.width)));
}

/** The same rows as a data set: by name where there are several inputs or outputs. */
export function setOf(example: Example, rows: number): Dataset {
  return dataset(dataOf(example, rows));
}

export function dataOf({ make, inputs, answers }: Example, rows: number): DatasetOptions {
  const { model } = make();
  const labels = new Map<string, Int32Array>();
  const targets = new Map<string, { values: Float32Array; targetWidth: number }>();
  for (const [i, { name }] of model.outputs.entries()) {
    const own = answers[i](rows);
    if ('labels' in own) labels.set(name, own.labels);
    else targets.set(name, { values: own.values, targetWidth: own.width });
  }
  const given = inputs.map((one, i) => {
    const { values } = one(rows) as { values: Float32Array };
    return [model.inputs[i].name, values] as const;
  });
  const [target] = targets.values();
  const several = {
    ...(labels.size > 0 && { labels: Object.fromEntries(labels) }),
    ...(targets.size > 0 && { targets: Object.fromEntries(targets) }),
  };
  const [label] = labels.values();
  const one = label ? { labels: label } : { targets: target.values, targetWidth: target.targetWidth };
  return {
    inputs: given.length > 1 ? Object.fromEntries(given) : given[0][1],
    ...(answers.length > 1 ? several : one),
  };
}
