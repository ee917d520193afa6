/** Networks as users write them: gradients, and the first ten losses of SGD beside PyTorch's (fixtures.py), on every engine. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { createEngine } from '../../src/create/engine.js';
import { createReferenceEngine } from '../../src/create/reference.js';
import type { Engine } from '../../src/engine/engine.js';
import type { Tensor } from '../../src/engine/tensor.js';
import { CompiledModel } from '../../src/nn/compile.js';
import { sgd } from '../../src/nn/optimizers.js';
import { gradcheck } from '../../src/train/gradcheck.js';
import { type Example, examples, RATE, ROWS, type Rows, STEPS } from './examples.js';

const fixtures = JSON.parse(readFileSync(new URL('fixtures.json', import.meta.url), 'utf8')) as Record<
  string,
  { parameters: number[][]; losses: number[] }
>;

const all = Object.entries(examples).map(([name, example]) => ({ name, example }));

function write(tensors: { labels?: Tensor; values: Tensor | undefined }, rows: Rows, step: number): void {
  const from = step * ROWS;
  if ('labels' in rows) tensors.labels!.write(rows.labels.subarray(from, from + ROWS));
  else tensors.values!.write(rows.values.subarray(from * rows.width, (from + ROWS) * rows.width));
}

/** The losses of ten steps, each of rows of its own, and the bits of the weights after them. */
function train(engine: Engine, { make, inputs, answers }: Example) {
  const { model, loss } = make();
  const compiled = new CompiledModel(engine, model, {
    maxRows: ROWS,
    loss,
    optimizer: sgd({ learningRate: RATE }),
  });
  const plan = compiled.plan(ROWS);
  const losses = Array.from({ length: STEPS }, (_, step) => {
    for (const [i, port] of plan.ports.inputs.entries()) {
      write(port, inputs[i], step);
      port.loaded();
    }
    for (const [i, { labels, targets }] of plan.ports.outputs.entries()) {
      write({ labels, values: targets }, answers[i], step);
    }
    plan.forward(true);
    const value = plan.loss() / plan.weight();
    plan.step(RATE);
    return value;
  });
  compiled.download();
  compiled.dispose();
  return { losses, weights: model.parameters.map(({ values }) => [...new Uint32Array(values.buffer)]) };
}

const strict = await createEngine({ backend: 'wasm', math: 'strict' });
const engines = [
  { engine: strict, name: 'strict' },
  { engine: await createEngine({ backend: 'wasm', math: 'fma' }), name: 'fma' },
  { engine: createReferenceEngine(), name: 'reference' },
  { engine: createReferenceEngine({ precision: 'float64' }), name: 'float64' },
];

test('none is without a fixture', () => {
  expect(Object.keys(examples)).toEqual(Object.keys(fixtures));
});

describe.each(all)('$name', ({ name, example }) => {
  test('has parameters of the shapes that PyTorch has', () => {
    expect(example.make().model.parameters.map(({ shape }) => [...shape])).toEqual(fixtures[name].parameters);
  });

  test('has gradients that pass, in float64 and on every engine', () => {
    const { model, loss } = example.make();
    const others = new Map(engines.slice(0, 3).map((one) => [one.name, one.engine]));
    const { parameters, passed } = gradcheck(model, { loss, rows: ROWS, engines: others });
    expect(parameters.filter((own) => !own.passed).map((own) => [own.name, own.error])).toEqual([]);
    expect(passed).toBe(true);
    expect(parameters.every(({ largest }) => largest > 0)).toBe(true);
  });

  test.each(engines)('has the losses that PyTorch has: $name', ({ name: engineName, engine }) => {
    const { losses } = train(engine, example);
    const bound = engineName === 'float64' ? 1e-8 : 2e-6;
    const errors = losses.map(
      (loss, i) => Math.abs(loss - fixtures[name].losses[i]) / fixtures[name].losses[i],
    );
    expect(Math.max(...errors), String(losses)).toBeLessThan(bound);
  });
});
