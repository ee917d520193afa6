/**
 * Values that are others under another shape: they share memory only where they lie there alike. Losses of one's
 * own say it best, since they reshape outputs and targets, and the same loss of the library's does not.
 */
import { describe, expect, test } from 'vitest';
import type { Engine } from '../../src/engine/engine.js';
import * as f from '../../src/graph/functions.js';
import { input } from '../../src/graph/leaves.js';
import type { Value } from '../../src/graph/value.js';
import { CompiledModel } from '../../src/nn/compile.js';
import { dense } from '../../src/nn/dense.js';
import type { LossFunction, LossOption } from '../../src/nn/losses.js';
import { network } from '../../src/nn/network.js';
import { sgd } from '../../src/nn/optimizers.js';
import { integers } from '../kernels/harness.js';
import { engines } from '../train/fit-setting.js';

/** The gradients of one batch, its loss before them, and once more after another forward. */
function measured(engine: Engine, dims: readonly number[], rows: number, loss: LossOption) {
  const x = input([3]);
  const size = dims.reduce((a, b) => a * b, 1);
  const model = network(x, f.reshape(dense(size)(x), dims));
  for (const [i, { values }] of model.parameters.entries()) values.set(integers(values.length, i));
  const optimizer = sgd({ learningRate: 1 });
  const compiled = new CompiledModel(engine, model, { maxRows: rows, loss, optimizer });
  const plan = compiled.plan(rows);
  plan.inputs.write(integers(rows * 3, 5));
  plan.targets!.write(integers(rows * size, 6));
  const losses = [0, 1].map(() => {
    plan.forward(true);
    return plan.loss();
  });
  plan.backward();
  const gradients = [...compiled.readGradients().values()].map((values) => Array.from(values));
  compiled.dispose();
  return { losses, gradients };
}

/** Mean squares, as functions of values that move what they are made of. */
const square = (output: Value, target: Value) =>
  f.mean(f.square(f.sub(f.flatten(output), f.flatten(target))), { axis: 1 });
const losses: Record<string, LossFunction> = {
  'a number a row': ({ output, target }) => square(output, target),
  'a column': ({ output, target }) => f.reshape(square(output, target), [1]),
  'a line that is computed with': ({ output, target }) => f.mul(f.mul(square(output, target), 4), 0.25),
  'a column that is one again': ({ output, target }) =>
    f.reshape(f.mul(f.reshape(square(output, target), [1]), 1), []),
  'a target that is stopped': ({ output, target }) => square(output, f.stopGradient(target)),
  'a target of the same shape': ({ output, target }) => square(output, f.reshape(target, target.shape.dims)),
};

function expectAlike(engine: Engine, dims: readonly number[], rows: number, loss: LossFunction): void {
  const own = measured(engine, dims, rows, loss);
  const expected = measured(engine, dims, rows, 'meanSquaredError');
  const close = (got: readonly number[], wanted: readonly number[]) => {
    const largest = Math.max(...wanted.map(Math.abs));
    for (const [i, value] of wanted.entries()) expect(Math.abs(got[i] - value)).toBeLessThan(1e-5 * largest);
  };
  close(own.losses, expected.losses);
  for (const [i, values] of expected.gradients.entries()) close(own.gradients[i], values);
}

describe.each(engines)('$name', ({ engine }) => {
  test.each(Object.entries(losses))('%s, of any number of rows', (_, loss) => {
    for (const rows of [1, 2, 3, 15, 16, 17, 32]) expectAlike(engine, [2], rows, loss);
  });

  test.each(Object.entries(losses))('%s, of outputs of any width and several axes', (_, loss) => {
    for (const width of [1, 3, 8, 16, 17]) {
      expectAlike(engine, [width], 3, loss);
      expectAlike(engine, [2, width], 3, loss);
      expectAlike(engine, [width, 1, 2], 16, loss);
    }
  });
});
