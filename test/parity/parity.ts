/**
 * What the parity tests run on: one layer, one loss or one optimizer on the default Wasm engine, from values
 * to values.
 */
import { createEngine } from '../../src/create/engine.js';
import { CompiledModel } from '../../src/nn/compile.js';
import { dense } from '../../src/nn/dense.js';
import { constant } from '../../src/nn/initializers.js';
import type { Layer } from '../../src/nn/layer.js';
import { huber, type Loss, type LossName } from '../../src/nn/losses.js';
import type { Optimizer } from '../../src/nn/optimizers.js';
import { sgd } from '../../src/nn/optimizers.js';
import { sequential } from '../../src/nn/sequential.js';
import type { UpdateOptions } from '../../src/nn/update.js';

export const engine = await createEngine({ math: 'strict' });

/** The layer's outputs for rows of inputs; parameters by name in place of the initial ones. */
export function outputsOf(
  layer: Layer,
  rows: readonly (readonly number[])[],
  options: { parameters?: Record<string, readonly number[]>; training?: boolean; batches?: number } = {},
) {
  const { parameters = {}, training = false, batches = 1 } = options;
  const model = sequential(rows[0].length, [layer], { seed: 1 });
  for (const { name, values } of model.parameters) values.set(parameters[name.slice(2)] ?? values);
  const compiled = new CompiledModel(engine, model, {
    maxRows: rows.length,
    optimizer: sgd({ learningRate: 1 }),
  });
  const plan = compiled.plan(rows.length);
  plan.inputs.write(rows.flat());
  plan.loaded();
  for (let i = 0; i < batches; i++) plan.forward(training);
  compiled.download();
  const outputs = Array.from(plan.outputs.read());
  compiled.dispose();
  return { outputs, model };
}

/** Mean loss and its gradient with respect to the outputs. */
export function lossOf(
  loss: LossName | Loss,
  outputs: readonly (readonly number[])[],
  answers: { labels?: readonly number[]; targets?: readonly (readonly number[])[] },
  weights?: readonly number[],
) {
  const [rows, width] = [outputs.length, outputs[0].length];
  // The identity layer's weight takes the gradient: with x the identity matrix, dW = dOutputs.
  const model = sequential(rows, [dense(width, { bias: false, weightInitializer: 'zeros' })]);
  model.parameters[0].values.set(outputs.flat());
  const compiled = new CompiledModel(engine, model, {
    maxRows: rows,
    loss,
    optimizer: sgd({ learningRate: 1 }),
  });
  const plan = compiled.plan(rows);
  plan.inputs.write(Array.from({ length: rows * rows }, (_, i) => (i % (rows + 1) === 0 ? 1 : 0)));
  if (answers.labels) plan.labels.write(answers.labels);
  if (answers.targets) plan.targets!.write(answers.targets.flat());
  if (weights) plan.weights.write(weights);
  plan.batch.weighted = weights !== undefined;
  plan.loaded();
  plan.forward(true);
  const value = plan.loss() / plan.weight();
  plan.backward();
  const gradient = Array.from(compiled.readGradients().get('0.weight')!);
  compiled.dispose();
  return { value, gradient };
}

/**
 * The weight after each step down ½ (w - target)²: its gradient is w - target. The target of a step may be
 * chosen, and so may its gradient.
 */
export function descend(
  optimizer: Optimizer,
  start: number,
  steps: number,
  options: { target?: (step: number, w: number) => number; update?: UpdateOptions } = {},
): number[] {
  const { target = () => 0, update } = options;
  const model = sequential(1, [dense(1, { bias: false, weightInitializer: constant(start) })]);
  const compiled = new CompiledModel(engine, model, {
    maxRows: 1,
    loss: huber({ delta: 1e30 }),
    optimizer,
    ...(update && { update }),
  });
  const plan = compiled.plan(1);
  const path: number[] = [];
  let w = start;
  for (let step = 1; step <= steps; step++) {
    plan.inputs.write([1]);
    plan.targets!.write([target(step, w)]);
    plan.loaded();
    plan.forward(true);
    plan.loss();
    plan.step(optimizer.schedule.rate(step, steps));
    compiled.download();
    w = model.parameters[0].values[0];
    path.push(w);
  }
  compiled.dispose();
  return path;
}

/** Throws unless all are within `tolerance`, absolute and relative. */
export function expectNear(got: ArrayLike<number>, expected: ArrayLike<number>, tolerance = 2e-6): void {
  if (got.length !== expected.length) throw new Error(`${got.length} values, expected ${expected.length}`);
  for (let i = 0; i < expected.length; i++) {
    if (Math.abs(got[i] - expected[i]) <= tolerance * (1 + Math.abs(expected[i]))) continue;
    throw new Error(`value ${i} is ${got[i]}, expected ${expected[i]} ± ${tolerance}`);
  }
}
