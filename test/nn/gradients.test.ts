/**
 * Every layer's gradients against finite differences of the loss, in float64; and those of the Wasm kernels
 * against the reference's in float64. A parameter and its gradient stand at the same place of two flat
 * tensors, padding and all, so that each place is checked: padding must have gradient 0 and no influence.
 */
import { describe, expect, test, vi } from 'vitest';
import { createEngine } from '../../src/create/engine.js';
import { createReferenceEngine } from '../../src/create/reference.js';
import type { Engine } from '../../src/engine/engine.js';
import type { Activation } from '../../src/engine/kernels.js';
import { paddedLength } from '../../src/engine/tensor.js';
import { add, matmul, mean, mul } from '../../src/graph/functions.js';
import { input } from '../../src/index.js';
import { type DenseOptions, dense } from '../../src/nn/dense.js';
import { type Layer, layer, parameter } from '../../src/nn/layer.js';
import { network } from '../../src/nn/network.js';
import { sgd } from '../../src/nn/optimizers.js';
import { type Sequential, sequential } from '../../src/nn/sequential.js';
import { type Batch, batch, compile, fingerprint, model } from './network.js';
import { wrongGelu } from './operations.js';

const STEP = 1e-6;
/**
 * Ten to a thousand times tighter than PyTorch's gradcheck (1e-5, 1e-3), and still far above the difference's
 * own error.
 */
const ABSOLUTE = 1e-8;
const RELATIVE = 1e-6;

/** Where each parameter lies in the flat tensors: its name, and whether this place is padding. */
function places(net: Sequential): string[] {
  return net.parameters.flatMap(({ name, shape, values }) => {
    const columns = shape[shape.length - 1];
    const ld = paddedLength(columns);
    return Array.from({ length: (values.length / columns) * ld }, (_, i) => {
      const [row, column] = [Math.floor(i / ld), i % ld];
      return column < columns ? `${name}[${row * columns + column}]` : 'padding';
    });
  });
}

/**
 * Checks all gradients of a network; `sparse` says which path the batch must take. Returns how many were
 * checked.
 */
function checkGradients(net: Sequential, data: Batch, sparse: boolean): number {
  const engine = createReferenceEngine({ precision: 'float64' });
  const products = vi.spyOn(engine.kernels, 'sparse_gemm');
  const { compiled, plan } = compile(engine, net, data);
  const { parameters, gradients } = compiled;
  if (!gradients) throw new Error('compiled without gradients');
  const names = places(net);
  expect(parameters.size).toBe(names.length);
  // Rubbish from the step before must not show.
  gradients.write(names.map((name) => (name === 'padding' ? 0 : Number.NaN)));
  plan.forward();
  plan.loss();
  plan.backward();
  expect(products).toHaveBeenCalledTimes(sparse ? 2 : 0);

  const meanLoss = () => {
    plan.forward();
    return plan.loss() / data.rows;
  };
  const analytic = gradients.read();
  const values = parameters.read();
  const loss = meanLoss();
  let checked = 0;
  for (const [i, name] of names.entries()) {
    const one = parameters.view([1], i);
    if (name === 'padding') {
      one.write([1e3]);
      if (meanLoss() !== loss || Math.abs(analytic[i]) > 0) throw new Error(`padding ${i} matters`);
      one.write([0]);
      continue;
    }
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
  expect(checked).toBe(net.parameterCount);
  // And the copy by name holds the same numbers.
  const flat = names.flatMap((name, i) => (name === 'padding' ? [] : [analytic[i]]));
  expect([...compiled.readGradients()].flatMap(([, copy]) => Array.from(copy))).toEqual(flat);
  return checked;
}

const activations: readonly Activation[] = ['identity', 'sigmoid', 'tanh', 'relu'];
const inputs = [
  { kind: 'dense', density: 1, sparse: false },
  { kind: 'sparse', density: 0.25, sparse: true },
];

describe.each(inputs)('finite differences, $kind inputs', ({ density, sparse }) => {
  const classes = 4;

  describe.each(activations)('one layer, %s', (activation) => {
    test.each([true, false])('bias %s', (bias) => {
      const net = model(10, [dense(classes, { activation, bias })]);
      expect(checkGradients(net, batch(6, 10, classes, density), sparse)).toBe(40 + (bias ? 4 : 0));
    });
  });

  test.each(activations.flatMap((first) => activations.map((last) => [first, last] as const)))(
    'two layers, %s and %s',
    (first, last) => {
      for (const bias of [true, false]) {
        const net = model(9, [
          dense(5, { activation: first, bias }),
          dense(classes, { activation: last, bias: !bias }),
        ]);
        checkGradients(net, batch(5, 9, classes, density, 3), sparse);
      }
    },
  );

  test.each(activations)('three layers, %s in the middle', (middle) => {
    for (const [first, last] of [
      ['sigmoid', 'identity'],
      ['tanh', 'tanh'],
      ['relu', 'sigmoid'],
    ] as const) {
      const net = model(8, [
        dense(6, { activation: first }),
        dense(5, { activation: middle, bias: false }),
        dense(3, { activation: last }),
      ]);
      checkGradients(net, batch(7, 8, 3, density, 5), sparse);
    }
  });

  test.each<[string, DenseOptions]>([
    ['glorotNormal', { weightInitializer: 'glorotNormal' }],
    ['heUniform', { weightInitializer: 'heUniform', biasInitializer: 'glorotUniform' }],
  ])('a network from %s', (_, options) => {
    const net = sequential(12, [dense(7, { activation: 'tanh', ...options }), dense(3, options)], {
      seed: 4,
    });
    checkGradients(net, batch(4, 12, 3, density, 6), sparse);
  });

  test('one row, one unit in between, one input', () => {
    checkGradients(
      model(10, [dense(1, { activation: 'tanh' }), dense(2)]),
      batch(1, 10, 2, density, 7),
      sparse,
    );
    if (!sparse)
      checkGradients(model(1, [dense(3, { activation: 'sigmoid' }), dense(2)]), batch(3, 1, 2, 1), false);
  });

  test('rows longer than a cache line, and than a block of compressed columns', () => {
    const net = model(170, [dense(18, { activation: 'sigmoid' }), dense(3)]);
    checkGradients(net, batch(3, 170, 3, density, 8), sparse);
  });
});

test('a wrong gradient is found: the check itself can fail', () => {
  const net = model(10, [dense(3), wrongGelu(), dense(2)]);
  expect(() => checkGradients(net, batch(4, 10, 2, 1), false)).toThrow(/0\.weight\[0\]: gradient/);
});

/** Gradients of the same network and batch by name. */
function gradientsOf(engine: Engine, net: Sequential, data: Batch): Map<string, ArrayLike<number>> {
  const { compiled, plan } = compile(engine, net, data);
  plan.forward();
  plan.loss();
  plan.backward();
  const gradients = compiled.readGradients();
  compiled.dispose();
  return gradients;
}

describe.each(inputs)(
  'float32 gradients of 784-300-10 are those of float64 but for rounding, $kind',
  ({ density }) => {
    const layers = (activation: Activation) => [dense(300, { activation }), dense(10)];

    test.each(['sigmoid', 'tanh', 'relu'] as const)('%s', async (activation) => {
      const net = model(784, layers(activation), 2);
      const data = batch(64, 784, 10, density, 9);
      const exact = gradientsOf(createReferenceEngine({ precision: 'float64' }), net, data);
      const engines = [
        createReferenceEngine(),
        await createEngine({ backend: 'wasm', math: 'strict' }),
        await createEngine({ backend: 'wasm', math: 'fma' }),
      ];
      for (const engine of engines) {
        for (const [name, got] of gradientsOf(engine, net, data)) {
          const expected = Array.from(exact.get(name)!);
          // Sums of 784 terms and of 64: an error of some units in the last place of the largest, here 16.
          const bound = 2 ** -20 * expected.reduce((largest, v) => Math.max(largest, Math.abs(v)), 0);
          let worst = 0;
          for (const [i, v] of expected.entries()) worst = Math.max(worst, Math.abs(got[i] - v));
          expect(worst, `${engine.info.binary ?? 'reference'}, ${name}`).toBeLessThanOrEqual(bound);
          // Not by luck, because everything is zero.
          expect(bound).toBeGreaterThan(1e-12);
        }
        engine.dispose();
      }
    });
  },
);

describe.each(['strict', 'fma'] as const)('the fused step (%s)', (math) => {
  const plain = sgd({ learningRate: 0.3 });
  const separate = { ...plain, plainSgd: false };

  /** Weights after three steps, and whether the first layer's gradient was ever written. */
  async function train(
    optimizer: typeof plain,
    data: readonly Batch[],
    layers: () => Layer[],
    width: number,
  ) {
    const engine = await createEngine({ backend: 'wasm', math });
    const net = model(width, layers(), 3);
    const { compiled, plan } = compile(engine, net, data[0], optimizer);
    for (const { inputs, labels } of data) {
      plan.inputs.write(inputs);
      plan.labels.write(labels);
      plan.loaded();
      plan.forward();
      plan.loss();
      plan.step(optimizer.learningRate);
    }
    compiled.download();
    const gradients = compiled.readGradients();
    const [wrote, wroteSecond] = ['0.weight', '1.weight'].map((name) =>
      Array.from(gradients.get(name) ?? []).some((v) => v !== 0),
    );
    engine.dispose();
    return { bits: fingerprint(net), wrote, wroteSecond };
  }

  test.each<[string, number, () => Layer[]]>([
    ['784-300-10', 784, () => [dense(300, { activation: 'sigmoid' }), dense(10)]],
    ['50-10', 50, () => [dense(10, { activation: 'tanh' })]],
    ['50-7 without bias', 50, () => [dense(7, { bias: false })]],
    [
      '170-33-18-5',
      170,
      () => [dense(33, { activation: 'relu' }), dense(18, { activation: 'tanh' }), dense(5)],
    ],
  ])('%s has the bits of backward and update', async (_, width, layers) => {
    // Sparse, dense, sparse: the paths may alternate.
    const data = [0.2, 1, 0.05].map((density, i) => batch(32, width, 5, density, 20 + i));
    const [fused, apart] = [
      await train(plain, data, layers, width),
      await train(separate, data, layers, width),
    ];
    expect(fused.bits).toBe(apart.bits);
    const sparse = data.filter((_, i) => i !== 1);
    const [one, two] = [
      await train(plain, sparse, layers, width),
      await train(separate, sparse, layers, width),
    ];
    expect(one.bits).toBe(two.bits);
    // That it was fused at all: no gradient of the first weight exists then.
    expect([one.wrote, two.wrote, fused.wrote]).toEqual([false, true, true]);
    // And it moved.
    expect(one.bits).not.toBe(fingerprint(model(width, layers(), 3)));
  });

  test.each([1, 2, 3, 4, 5])('layers have the bits of backward and update, %i rows', async (rows) => {
    const data = [1, 1, 0.05].map((density, i) => batch(rows, 50, 5, density, 30 + i));
    const layers = () => [dense(33, { activation: 'relu' }), dense(48, { activation: 'tanh' }), dense(5)];
    const [fused, apart] = [await train(plain, data, layers, 50), await train(separate, data, layers, 50)];
    expect(fused.bits).toBe(apart.bits);
    expect([fused.wroteSecond, apart.wroteSecond]).toEqual([rows > 4, true]);
  });

  test('what two layers share, and what the loss reads as well, is updated once its gradient is whole', async () => {
    const results = [plain, separate].map(async (optimizer) => {
      const engine = await createEngine({ backend: 'wasm', math });
      const x = input([40]);
      const shared = dense(40, { activation: 'tanh' });
      const readTwice = layer('readTwice', (value) => {
        const w = parameter('w', [40, 40]);
        return add(matmul(value, w), mean(mul(w, w)));
      });
      const end = dense(5)(readTwice(shared(shared(x))));
      const net = network(x, end, { seed: 3 });
      const data = batch(2, 40, 5, 1, 7);
      const { compiled, plan } = compile(engine, net, data, optimizer);
      for (let i = 0; i < 3; i++) {
        plan.forward();
        plan.loss();
        plan.step(0.3);
      }
      compiled.download();
      engine.dispose();
      return fingerprint(net);
    });
    const [fused, apart] = await Promise.all(results);
    expect(fused).toBe(apart);
  });

  test('sparse and dense paths have the same bits', async () => {
    const engine = await createEngine({ backend: 'wasm', math });
    const data = batch(64, 784, 10, 0.19, 33);
    const results = [true, false].map((compressed) => {
      const net = model(784, [dense(300, { activation: 'sigmoid' }), dense(10)], 5);
      const compiled = compile(engine, net, {
        ...data,
        inputs: new Float32Array(data.inputs.length).fill(1),
      });
      const { plan } = compiled;
      // The dense batch of ones has switched compression off; only `loaded` switches it on.
      plan.inputs.write(data.inputs);
      if (compressed) plan.loaded();
      for (let i = 0; i < 5; i++) {
        plan.forward();
        plan.loss();
        plan.step(0.5);
      }
      compiled.compiled.download();
      return fingerprint(net);
    });
    expect(results[0]).toBe(results[1]);
  });
});
