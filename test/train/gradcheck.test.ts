/** The check of gradients: right ones pass, wrong ones are found, in float64 and in each engine. */
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { OptionError } from '../../src/base/errors.js';
import { createEngine } from '../../src/create/engine.js';
import { createReferenceEngine } from '../../src/create/reference.js';
import { add, mul, sqrt, square } from '../../src/graph/functions.js';
import { input, literal } from '../../src/graph/leaves.js';
import { activation, activations } from '../../src/nn/activations.js';
import { dense } from '../../src/nn/dense.js';
import { embedding } from '../../src/nn/embedding.js';
import { layer, parameter } from '../../src/nn/layer.js';
import { lossNames } from '../../src/nn/losses.js';
import { network } from '../../src/nn/network.js';
import { batchNorm } from '../../src/nn/normalization.js';
import { sequential } from '../../src/nn/sequential.js';
import { gradcheck, gradcheckBounds } from '../../src/train/gradcheck.js';
import { modelsOf } from '../formats/onnx/models.js';
import { copied, wrongGelu } from '../nn/operations.js';

test('random models of every layer pass, with every loss', () => {
  fc.assert(
    fc.property(modelsOf(true), fc.constantFrom(...lossNames), (model, loss) => {
      const { parameters, passed } = gradcheck(model, { loss, samples: 5, rows: 3 });
      const wrong = parameters.filter((own) => !own.passed).map(({ name, worst }) => ({ name, worst }));
      expect(wrong).toEqual([]);
      expect(passed).toBe(true);
    }),
    { numRuns: 40 },
  );
});

test('a gradient that is NaN does not pass, nor spoils the others, wherever it is', async () => {
  const engines = new Map([['reference', createReferenceEngine()]]);
  for (const samples of [1, Number.POSITIVE_INFINITY]) {
    for (const place of [0, 37, 99]) {
      // sqrt(p² · 0) is 0 whatever p is, and its gradient infinity times 0.
      const factors = Float32Array.from({ length: 100 }, (_, i) => Number(i !== place));
      const x = input([100]);
      const p = parameter('p', [100], 'heNormal');
      const size = sqrt(mul(square(p), literal(factors, [100])));
      const model = network(x, dense(1)(add(x, size)), { seed: 2 });
      const { parameters, passed } = gradcheck(model, { samples, engines });
      expect(passed).toBe(false);
      const [own] = parameters.filter(({ name }) => name === 'p');
      expect(own.passed).toBe(false);
      expect(own.error).toBe(Number.POSITIVE_INFINITY);
      expect(own.worst).toEqual({ index: place, analytic: Number.NaN, numeric: 0 });
      expect(own.engines.get('reference')!.passed).toBe(false);
      for (const other of parameters) if (other.name !== 'p') expect(other.passed, other.name).toBe(true);
    }
  }
});

test('a parameter that batch norm cancels out has a gradient of rounding, which passes', async () => {
  const layers = [
    embedding({ columns: [{ column: 3, cardinality: 2, width: 1 }] }),
    batchNorm({ affine: false }),
  ];
  const engines = new Map([['strict', await createEngine({ backend: 'wasm', math: 'strict' })]]);
  // With seed 1 all rows are of one category, and float32's rounding is divided by a deviation that is nearly
  // 0.
  for (const seed of [1, 2, 3, 4, 5, 6]) {
    const { parameters, passed } = gradcheck(sequential(5, layers, { seed }), {
      rows: 3,
      seed,
      ...(seed > 1 && { engines }),
    });
    expect(parameters[0].largest, `seed ${seed}`).toBeLessThan(1e-3);
    expect(passed, `seed ${seed}`).toBe(true);
  }
});

test('every engine passes', async () => {
  const engines = new Map([
    ['reference', createReferenceEngine()],
    ['strict', await createEngine({ backend: 'wasm', math: 'strict' })],
  ]);
  const model = sequential(30, [dense(20, { activation: 'gelu' }), batchNorm(), dense(5)], { seed: 3 });
  const { parameters, passed, loss } = gradcheck(model, { engines, rows: 8 });
  expect(passed).toBe(true);
  expect(loss).toBeGreaterThan(0.1);
  for (const own of parameters) {
    expect([...own.engines.keys()]).toEqual(['reference', 'strict']);
    expect(own.error).toBeLessThan(gradcheckBounds.numeric);
    for (const { error } of own.engines.values()) expect(error).toBeLessThan(1e-5);
  }
});

test("a layer of one's own that knows nothing of its neighbours passes behind every activation", () => {
  const own = layer('own', (x) => activation('silu')(copied(x)));
  for (const name of activations) {
    for (const below of [[dense(6, { activation: name })], [dense(6), activation(name)]]) {
      const { parameters, passed } = gradcheck(sequential(4, [...below, own, own, dense(3)], { seed: 5 }));
      expect(passed, name).toBe(true);
      expect(parameters[0].largest, name).toBeGreaterThan(1e-3);
    }
  }
});

test('a wrong gradient is found, and where', () => {
  const layers = [dense(3), wrongGelu(), dense(2)];
  const { parameters, passed } = gradcheck(sequential(10, layers, { seed: 1 }));
  expect(passed).toBe(false);
  expect(parameters.map((own) => own.passed)).toEqual([false, false, true, true]);
  const [{ worst, error }] = parameters;
  expect(error).toBeGreaterThan(0.1);
  expect(Math.abs(worst.analytic - worst.numeric)).toBeGreaterThan(1e-4);
});

describe('an engine that computes something else is found', () => {
  test.each([1 + 1e-3, Number.NaN])('times %f', (factor) => {
    const engine = createReferenceEngine();
    const { kernels } = engine;
    const honest = kernels.column_sums;
    vi.spyOn(kernels, 'column_sums').mockImplementation((y, x, ldx, M, N, accumulate) => {
      honest(y, x, ldx, M, N, accumulate);
      const sums = new Float32Array(engine.backend.buffer as ArrayBuffer, y, N);
      sums.set(sums.map((value) => value * factor));
    });
    const model = sequential(4, [dense(3)], { seed: 1 });
    const { parameters } = gradcheck(model, { engines: new Map([['odd', engine]]) });
    expect(parameters.map(({ name, passed }) => [name, passed])).toEqual([
      ['0.weight', true],
      ['0.bias', false],
    ]);
  });
});

test('a kink within the first step is no wrong gradient', () => {
  const model = sequential(1, [dense(1, { activation: 'relu' }), dense(1)], { seed: 1 });
  const [weight, bias] = model.parameters;
  // Each row's input to relu lies 3e-6 beside the kink.
  weight.values.fill(0);
  bias.values.fill(3e-6);
  expect(gradcheck(model, { samples: Number.POSITIVE_INFINITY }).passed).toBe(true);
});

test('what is sampled, and what nothing depends on', () => {
  const model = sequential(
    3,
    [embedding({ columns: [{ column: 0, cardinality: 50, width: 2 }] }), dense(2)],
    { seed: 1 },
  );
  const few = gradcheck(model, { samples: 7 }).parameters;
  expect(few.map(({ checked }) => checked)).toEqual([7, 7, 2]);
  const all = gradcheck(model, { samples: Number.POSITIVE_INFINITY }).parameters;
  expect(all.map(({ checked }) => checked)).toEqual([100, 8, 2]);
  expect(few[0].largest).toBe(all[0].largest);
  // The input of the second layer's weights is always 0 behind a dead relu.
  const dead = sequential(2, [dense(2, { activation: 'relu' }), dense(2)], { seed: 1 });
  dead.parameters[1].values.fill(-100);
  const { parameters, passed } = gradcheck(dead, { rows: 5 });
  expect(passed).toBe(true);
  expect(parameters.map(({ largest }) => largest > 0)).toEqual([false, false, false, true]);
});

test('the model keeps its values', () => {
  const model = sequential(5, [dense(4, { activation: 'tanh' }), batchNorm(), dense(2)], { seed: 1 });
  const before = structuredClone([...model.parameters, ...model.buffers].map(({ values }) => values));
  gradcheck(model);
  expect([...model.parameters, ...model.buffers].map(({ values }) => values)).toEqual(before);
});

test('refusals', () => {
  const model = sequential(2, [dense(2)], { seed: 1 });
  expect(() => gradcheck(model, { samples: 0 })).toThrow(
    /option samples: expected a whole number of at least 1/,
  );
  expect(() => gradcheck(model, { rows: 0 })).toThrow(OptionError);
  expect(() => gradcheck(model, { step: 1 } as never)).toThrow(/unknown option "step"/);
  expect(() => gradcheck(model, { loss: 'hinge' as never })).toThrow(/option loss/);
  expect(() => gradcheck(model, { rows: 2 ** 50 })).toThrow(
    /fits in 4 GiB of memory, given 1125899906842624 rows/,
  );
  const wide = sequential(2 ** 50, [activation('relu')], { seed: 1 });
  expect(() => gradcheck(wide, { loss: 'meanSquaredError' })).toThrow(OptionError);
  expect(() => gradcheck(wide, { loss: 'meanSquaredError' })).toThrow(/4 rows of 1125899906842624 numbers/);
  expect(() => gradcheck({} as never)).toThrow(/model: expected one from sequential/);
});
