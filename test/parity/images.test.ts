/** Pooling, enlarging, padding and batch norm of images: what PyTorch has, gradients too (images.py). */
import { test } from 'vitest';
import * as f from '../../src/graph/functions.js';
import { pad } from '../../src/graph/image-functions.js';
import { input } from '../../src/graph/leaves.js';
import type { Value } from '../../src/graph/value.js';
import { CompiledModel } from '../../src/nn/compile.js';
import { parameter } from '../../src/nn/layer.js';
import { makeLayer } from '../../src/nn/layers.js';
import { network } from '../../src/nn/network.js';
import { batchNorm as batchNormLayer } from '../../src/nn/normalization.js';
import { sgd } from '../../src/nn/optimizers.js';
import { ownLoss } from '../../src/nn/own-loss.js';
import recorded from './images.json' with { type: 'json' };
import { engine, expectNear } from './parity.js';

/**
 * What becomes of the images, and the gradients, by name, of the sum of the outputs times dy. The images
 * stand in a parameter, of which each row of the batch takes its own: so its gradient is that at the images.
 */
function outputsOf(
  size: readonly number[],
  [x, dy]: readonly (readonly number[])[],
  compute: (x: Value) => Value,
  values: Record<string, readonly number[]> = {},
) {
  const [rows, length] = [2, x.length / 2];
  const which = input([2]);
  const images = f.matmul(which, parameter('images', [rows, length]));
  const output = f.flatten(compute(f.reshape(images, size)));
  const model = network(which, output);
  for (const own of model.parameters) own.values.set({ images: x, ...values }[own.name] ?? own.values);
  const compiled = new CompiledModel(engine, model, {
    ...{ maxRows: rows, optimizer: sgd({ learningRate: 1 }) },
    loss: ownLoss(({ output, target }) => f.sum(f.mul(output, target), { axis: -1 })),
  });
  const plan = compiled.plan(rows);
  plan.inputs.write([1, 0, 0, 1]);
  plan.targets!.write(dy);
  plan.loaded();
  plan.forward(true);
  const y = plan.outputs.read();
  plan.loss();
  plan.backward();
  // The loss is the mean over the rows.
  const gradients = Object.fromEntries(
    [...compiled.readGradients()].map(([name, own]) => [name, Float32Array.from(own).map((v) => v * rows)]),
  );
  compiled.download();
  compiled.dispose();
  return { y, gradients, model };
}

test.each(recorded.cases.map((own) => [JSON.stringify(own.layer), own] as const))('%s', (_, own) => {
  const { kind, amounts } = own.layer as { kind: string; amounts?: [number, number][] };
  const compute = amounts
    ? (x: Value) => pad(x, amounts, { mode: kind as 'edge' })
    : makeLayer(JSON.parse(JSON.stringify(own.layer)), 0);
  const { y, gradients } = outputsOf(own.size, [own.x, own.dy], compute);
  expectNear(y, own.y, 1e-6);
  expectNear(gradients.images, own.dx, 2e-6);
});

test('batch norm of images is over rows, height and width', () => {
  const own = recorded.batchNorm;
  const affine = { 'batchNorm.weight': [0.5, 2, -1], 'batchNorm.bias': [0.1, 0, 3] };
  const { y, gradients, model } = outputsOf(
    ...([[4, 5, 3], [own.x, own.dy], batchNormLayer({ eps: 1e-3, momentum: 0.2 }), affine] as const),
  );
  expectNear(y, own.y, 2e-6);
  expectNear(gradients.images, own.dx, 5e-6);
  expectNear(gradients['batchNorm.weight'], own.weight, 5e-6);
  expectNear(gradients['batchNorm.bias'], own.bias, 5e-6);
  const buffer = (name: string) => model.buffers.find((own) => own.name === `batchNorm.${name}`)!.values;
  expectNear(buffer('runningMean'), own.runningMean, 2e-6);
  expectNear(buffer('runningVar'), own.runningVar, 2e-6);
});
