/**
 * Gradients of a whole network against finite differences of its loss, in float64: every parameter, and
 * padding, which must have gradient 0. For any layers and any loss, predicting or training.
 */
import { createReferenceEngine } from '../../src/create/reference.js';
import { paddedLength } from '../../src/engine/tensor.js';
import { CompiledModel } from '../../src/nn/compile.js';
import type { Loss, LossName } from '../../src/nn/losses.js';
import { sgd } from '../../src/nn/optimizers.js';
import type { Sequential } from '../../src/nn/sequential.js';

const STEP = 1e-6;
const ABSOLUTE = 1e-8;
const RELATIVE = 1e-6;

export interface Sample {
  readonly rows: number;
  readonly inputs: ArrayLike<number>;
  readonly labels?: Int32Array;
  readonly targets?: ArrayLike<number>;
  readonly weights?: ArrayLike<number>;
}

/** Throws at the first gradient that is wrong; returns how many were checked. */
export function gradcheck(
  net: Sequential,
  { rows, inputs, labels, targets, weights }: Sample,
  options: { loss?: LossName | Loss; training?: boolean } = {},
): number {
  const { loss = 'softmaxCrossEntropy', training = true } = options;
  const engine = createReferenceEngine({ precision: 'float64' });
  const compiled = new CompiledModel(engine, net, {
    maxRows: rows + 2,
    loss,
    optimizer: sgd({ learningRate: 1 }),
  });
  const { parameters, gradients } = compiled;
  const plan = compiled.plan(rows);
  plan.inputs.write(inputs);
  if (labels) plan.labels.write(labels);
  if (targets) plan.targets!.write(targets);
  if (weights) plan.weights.write(weights);
  plan.batch.weighted = weights !== undefined;
  plan.loaded();
  const names = net.parameters.flatMap(({ name, shape, values }) => {
    const columns = shape[shape.length - 1];
    const ld = paddedLength(columns);
    return Array.from({ length: (values.length / columns) * ld }, (_, i) =>
      i % ld < columns ? `${name}[${Math.floor(i / ld) * columns + (i % ld)}]` : 'padding',
    );
  });
  // Rubbish from the step before must not show.
  gradients!.write(names.map((name) => (name === 'padding' ? 0 : Number.NaN)));
  const meanLoss = () => {
    plan.forward(training);
    return plan.loss() / plan.weight();
  };
  meanLoss();
  plan.backward();
  const analytic = gradients!.read();
  const values = parameters.read();
  let checked = 0;
  for (const [i, name] of names.entries()) {
    if (name === 'padding') {
      if (analytic[i] !== 0) throw new Error(`padding ${i} has gradient ${analytic[i]}`);
      continue;
    }
    const one = parameters.view([1], i);
    const [above, below] = [values[i] + STEP, values[i] - STEP];
    one.write([above]);
    const up = meanLoss();
    one.write([below]);
    const down = meanLoss();
    one.write([values[i]]);
    const numeric = (up - down) / (above - below);
    if (!(Math.abs(analytic[i] - numeric) <= ABSOLUTE + RELATIVE * Math.abs(numeric))) {
      throw new Error(`${name}: gradient ${analytic[i]}, finite difference ${numeric}`);
    }
    checked++;
  }
  engine.dispose();
  return checked;
}
