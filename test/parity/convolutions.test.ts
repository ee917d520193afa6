/**
 * Layers of convolutions beside PyTorch (convolutions.py): outputs, a loss, and the gradients of it at the
 * image and at the weights, on every engine. Of tensors the fixtures keep three sums, to which each element
 * contributes.
 */
import { describe, expect, test } from 'vitest';
import { createEngine } from '../../src/create/engine.js';
import { createReferenceEngine } from '../../src/create/reference.js';
import type { Engine } from '../../src/engine/engine.js';
import { add } from '../../src/graph/functions.js';
import { input } from '../../src/graph/leaves.js';
import { CompiledModel } from '../../src/nn/compile.js';
import * as layers from '../../src/nn/conv.js';
import * as transposed from '../../src/nn/conv-transpose.js';
import { type Layer, parameter } from '../../src/nn/layer.js';
import { network } from '../../src/nn/network.js';
import { sgd } from '../../src/nn/optimizers.js';
import { numbers } from '../networks/numbers.js';
import recorded from './convolutions.json' with { type: 'json' };

const ROWS = 3;
const engines: [name: string, engine: Engine, tolerance: number][] = [
  ['float64', createReferenceEngine({ precision: 'float64' }), 1e-9],
  ['reference', createReferenceEngine(), 2e-6],
  ['strict', await createEngine({ backend: 'wasm', math: 'strict' }), 2e-6],
  ['fma', await createEngine({ backend: 'wasm', math: 'fma' }), 2e-6],
];

function sums(values: ArrayLike<number>): number[] {
  return [300, 301, 302].map((seed) =>
    numbers(values.length, seed).reduce((total, own, i) => total + own * values[i], 0),
  );
}

/** The mean of the squares, and what it is made of. */
function compute(engine: Engine, { shape, layer: [kind, given, options] }: (typeof recorded)[number]) {
  const make = { ...layers, ...transposed }[kind as 'conv2d'] as (...given: unknown[]) => Layer;
  const layer = make(...(given as unknown[]), options);
  const x = input(shape);
  // Its gradient is the sum of the images'.
  const shift = parameter('shift', shape, 'zeros');
  const model = network(x, layer(add(x, shift)));
  const [, ...weights] = model.parameters;
  for (const [i, { values }] of weights.entries()) values.set(numbers(values.length, 100 + i));
  const compiled = new CompiledModel(engine, model, {
    ...{ maxRows: ROWS, loss: 'meanSquaredError', optimizer: sgd({ learningRate: 1 }) },
  });
  const plan = compiled.plan(ROWS);
  plan.inputs.write(numbers(ROWS * model.inputSize, 1));
  plan.targets!.write(numbers(ROWS * model.outputSize, 2));
  plan.loaded();
  plan.forward(true);
  const loss = plan.loss() / plan.weight();
  plan.backward();
  const outputs = sums(plan.outputs.read());
  const gradients = [...compiled.readGradients().values()].map(sums);
  compiled.dispose();
  return {
    output: model.outputs[0].shape,
    outputs,
    loss,
    gradients,
    parameters: weights.map((own) => own.shape),
  };
}

describe.each(recorded)('$name', (expected) => {
  test.each(engines)('%s', (_, engine, tolerance) => {
    const found = compute(engine, expected);
    expect(found.output).toEqual(expected.output);
    expect(found.parameters).toEqual(expected.parameters);
    const both = [
      [found.outputs, expected.outputs],
      [[found.loss], [expected.loss]],
      ...found.gradients.map((own, i) => [own, expected.gradients[i]]),
    ];
    expect(found.gradients).toHaveLength(expected.gradients.length);
    for (const [own, wanted] of both) {
      for (const [i, value] of wanted.entries()) {
        expect(Math.abs(own[i] - value)).toBeLessThanOrEqual(tolerance * (1 + Math.abs(value)));
      }
    }
  });
});
