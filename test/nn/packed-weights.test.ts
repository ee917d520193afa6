/** Weights that stand still are kept packed: no change of them may be missed, whatever made it. */
import { afterAll, expect, test, vi } from 'vitest';
import { createEngine } from '../../src/create/engine.js';
import { CompiledModel, type CompileOptions, type Plan } from '../../src/nn/compile.js';
import { dense } from '../../src/nn/dense.js';
import { adam, sgd } from '../../src/nn/optimizers.js';
import { sequential } from '../../src/nn/sequential.js';
import { predict } from '../../src/train/predict.js';
import { reals } from '../kernels/harness.js';
import { batch } from './network.js';

const engine = await createEngine({ math: 'strict' });
afterAll(() => engine.dispose());

const [ROWS, WIDTH, CLASSES] = [16, 40, 4];
const net = () => sequential(WIDTH, [dense(21, { activation: 'tanh' }), dense(CLASSES)], { seed: 5 });

/** A batch of which this share is not zero, loaded. */
function load(compiled: CompiledModel, density: number): Plan {
  const plan = compiled.plan(ROWS);
  const { inputs, labels } = batch(ROWS, WIDTH, CLASSES, density);
  plan.inputs.write(inputs);
  plan.labels.write(labels);
  plan.loaded();
  return plan;
}

/** Three forwards: by the weights as they lie, and twice by what is packed then. */
function outputs(plan: Plan): number[][] {
  return [0, 1, 2].map(() => {
    plan.forward();
    return [...plan.outputs.read()];
  });
}

type Change = (compiled: CompiledModel, plan: Plan) => void;

const step: Change = (_, plan) => {
  plan.loss();
  plan.step(0.5);
};

/**
 * Plain SGD, which may update a first layer on its own; and what the changes that need more are made with.
 */
const plain: CompileOptions = { maxRows: ROWS, optimizer: sgd({ learningRate: 0.5 }) };
const rich: CompileOptions = {
  maxRows: ROWS,
  optimizer: adam(),
  update: { averageDecay: 0.9, accumulate: true },
};

/** What changes, the share of inputs that are not zero, and by which kind of training. */
const changes: [string, number, CompileOptions, Change][] = [
  ['a step of a whole update', 1, plain, step],
  ['a step of Adam', 1, rich, step],
  ['a step that updates the first layer on its own', 0.2, plain, step],
  [
    'an accumulated step',
    1,
    rich,
    (compiled, plan) => {
      plan.loss();
      plan.accumulate();
      compiled.stepAccumulated(0.5);
    },
  ],
  ['the moving average in their place', 1, rich, (compiled) => compiled.swapAverage()],
  [
    'writeParameters',
    1,
    plain,
    (compiled) => {
      const half = ([name, values]: [string, Float32Array]) => [name, values.map((v) => v / 2)] as const;
      compiled.writeParameters(new Map([...compiled.readParameters()].map(half)));
    },
  ],
  [
    'upload',
    1,
    plain,
    (compiled) => {
      for (const { values } of compiled.model.parameters) values.set(reals(values.length, 8));
      compiled.upload();
    },
  ],
  ['a write to one of them', 1, plain, ({ parameters }) => void parameters.view([1], 5).write([3])],
];

test.each(changes)('%s is seen', (_, density, options, change) => {
  const compiled = new CompiledModel(engine, net(), options);
  const plan = load(compiled, density);
  // A step first, so that the average differs.
  plan.forward();
  step(compiled, plan);
  const before = outputs(plan);
  change(compiled, plan);
  const after = outputs(plan);
  expect(after[0]).not.toEqual(before[0]);
  compiled.download();
  const fresh = new CompiledModel(engine, compiled.model, { maxRows: ROWS });
  const freshPlan = load(fresh, density);
  freshPlan.forward();
  const expected = [...freshPlan.outputs.read()];
  expect(after).toEqual([expected, expected, expected]);
  expect(before[1]).toEqual(before[0]);
  for (const one of [compiled, fresh]) one.dispose();
});

test('training packs nothing whole, a gathering of three batches once a layer, a prediction of many rows as well', () => {
  const packs = vi.spyOn(engine.kernels, 'pack_b');
  const compiled = new CompiledModel(engine, net(), rich);
  const plan = load(compiled, 1);
  for (let i = 0; i < 4; i++) {
    plan.forward(true);
    step(compiled, plan);
  }
  expect(packs).toHaveBeenCalledTimes(0);
  for (let i = 0; i < 3; i++) {
    plan.forward(true);
    plan.loss();
    plan.accumulate();
  }
  compiled.stepAccumulated(0.1);
  expect(packs).toHaveBeenCalledTimes(2);
  compiled.dispose();
  predict(engine, net(), reals(1000 * WIDTH, 3));
  expect(packs).toHaveBeenCalledTimes(4);
  packs.mockRestore();
});
