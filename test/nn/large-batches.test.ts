/**
 * The gradient of a mean does not depend on how often the same rows come: eight rows, and the same eight
 * 4,000 times. So all sums over rows are tested at once, through whole models, dense and sparse, with a step
 * as well.
 */
import { expect, test } from 'vitest';
import { createReferenceEngine } from '../../src/create/reference.js';
import type { Engine } from '../../src/engine/engine.js';
import { createEngine } from '../../src/index.js';
import { CompiledModel } from '../../src/nn/compile.js';
import { dense } from '../../src/nn/dense.js';
import { embedding } from '../../src/nn/embedding.js';
import type { Layer } from '../../src/nn/layer.js';
import { batchNorm, layerNorm } from '../../src/nn/normalization.js';
import { sgd } from '../../src/nn/optimizers.js';
import { sequential } from '../../src/nn/sequential.js';
import { reals } from '../kernels/harness.js';

const WIDTH = 40;
const ROWS = 8;
const REPEATS = 4000;
const engines = [
  { name: 'strict', engine: await createEngine({ math: 'strict', threads: 1 }) },
  { name: 'strict, two threads', engine: await createEngine({ math: 'strict', threads: 2 }) },
  { name: 'fma', engine: await createEngine({ math: 'fma', threads: 1 }) },
  { name: 'reference', engine: createReferenceEngine() },
];

/** Rows of numbers, or mostly of zeros; or with a category in front. */
const inputs = {
  dense: reals(ROWS * WIDTH, 1),
  sparse: reals(ROWS * WIDTH, 2).map((v, i) => (i % 7 === 0 ? v : 0)),
  categories: reals(ROWS * WIDTH, 3).map((v, i) => (i % WIDTH === 0 ? (i / WIDTH) % 3 : v)),
};
const first: Record<keyof typeof inputs, Layer[]> = {
  dense: [],
  sparse: [],
  categories: [embedding({ columns: [{ column: 0, cardinality: 3, width: 5 }] })],
};

function gradients(engine: Engine, kind: keyof typeof inputs, repeats: number, step: boolean) {
  const layers = [
    ...first[kind],
    dense(20, { activation: 'silu' }),
    batchNorm(),
    dense(9),
    layerNorm(),
    dense(3),
  ];
  const model = sequential(WIDTH, layers, { seed: 1 });
  const optimizer = sgd({ learningRate: 1 });
  const compiled = new CompiledModel(engine, model, {
    maxRows: ROWS * repeats,
    optimizer,
    loss: 'softmaxCrossEntropy',
  });
  const plan = compiled.plan(ROWS * repeats);
  const rows = new Float32Array(ROWS * repeats * WIDTH);
  for (let i = 0; i < repeats; i++) rows.set(inputs[kind], ROWS * WIDTH * i);
  plan.inputs.write(rows);
  plan.labels.write(Int32Array.from({ length: ROWS * repeats }, (_, i) => (i % ROWS) % 3));
  plan.loaded();
  plan.forward(true);
  const loss = plan.loss() / plan.weight();
  if (step) plan.step(1);
  else plan.backward();
  const own = step ? compiled.readParameters() : compiled.readGradients();
  const values = new Map([...own].map(([name, each]) => [name, Array.from(each)]));
  compiled.dispose();
  return { loss, values };
}

test.each(
  engines.flatMap(({ name, engine }) =>
    (['dense', 'sparse', 'categories'] as const).map((kind) => [kind, name, engine] as const),
  ),
)('%s inputs, %s', (kind, _, engine) => {
  for (const step of [false, true]) {
    const [few, many] = [1, REPEATS].map((repeats) => gradients(engine, kind, repeats, step));
    expect(Math.abs(many.loss - few.loss)).toBeLessThan(1e-6);
    for (const [name, values] of few.values) {
      for (const [i, value] of many.values.get(name)!.entries()) {
        const message = `${name}[${i}] is ${value}, not ${values[i]}`;
        expect(Math.abs(value - values[i]), message).toBeLessThan(1e-5 * Math.abs(values[i]) + 2e-6);
      }
    }
  }
});

test('any number of threads gives the same bits', () => {
  const [one, two] = engines;
  for (const kind of ['dense', 'sparse', 'categories'] as const) {
    for (const step of [false, true]) {
      const [a, b] = [one, two].map(({ engine }) => gradients(engine, kind, REPEATS, step));
      expect(b).toEqual(a);
    }
  }
});
